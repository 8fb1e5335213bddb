"""Fuzz: a spoilt pyproject.toml, and spoilt data of the pages, are used or refused by a message."""

import json
import random
import tomllib
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings

from cnnspec.cli import cli
from cnnspec.gate.config import find_config
from cnnspec.problems import RequestError, SpecError
from cnnspec.report.pages.folder import describe_outdated_data
from cnnspec.report.pages.verified import (
    describe_limits,
    read_verification,
    verification_table,
)
from tests.gate.checking import FAMILY, LINE, spec
from tests.mutated import FUZZED, SCALARS, SEEDS, containers, mutated_data, mutated_text
from tests.pipeline import toml

CONFIGURATION = """[project]
name = "x"
[tool.cnnspec]
select = ["S", "A001"]
extend-select = ["A003"]
ignore = ["A002"]
advice = true
strict = true
locked = false
exclude = ["drafts/", "*.old.toml", "!a[b-c]?.toml", "**/x"]
[tool.cnnspec.per-file-ignores]
"net.toml" = { S001 = "as published" }
"*.toml" = { A001 = "on purpose" }
[tool.cnnspec.budget."n*"]
params = "50M"
training_peak = "1 GiB"
batch = 2
optimizer = "adam"
receptive_field = 3
"""
CHECK = {
    "check": "tensors",
    "against": "PyTorch 2.13",
    "status": "passed",
    "compared": "5 of 5",
    "detail": "",
    "differences": [{"layer": "a", "quantity": "macs", "cause": "c"}],
}
VERIFICATION = {
    "version": 1,
    "networks": [
        {"network": name, "digest": "0", "checks": [CHECK, {**CHECK, "against": against}]}
        for name, against in (("lenet5", "fvcore"), ("alexnet", "torchvision alexnet"))
    ],
}


VALUES = (None, "-", "a|b\n", "/dev/zero.toml", "x@HEAD")


def spoilt_configuration(rng: random.Random) -> str:
    """pyproject.toml with changed text, or with values of other kinds in [tool.cnnspec]."""
    if rng.random() < 0.5:
        return mutated_text(CONFIGURATION, rng)
    data = tomllib.loads(CONFIGURATION)
    data["tool"]["cnnspec"] = mutated_data(data["tool"]["cnnspec"], rng)
    return toml(data)


def spoilt_data(rng: random.Random) -> str:
    """verification.json with changed text, or with values of other kinds."""
    if rng.random() < 0.3:
        return mutated_text(json.dumps(VERIFICATION), rng)
    data = json.loads(json.dumps(VERIFICATION))
    for _ in range(rng.randint(1, 3)):
        everything = [c for c in containers(data) if c]
        if not everything:
            break
        chosen: Any = rng.choice(everything)
        key = rng.choice(list(chosen) if isinstance(chosen, dict) else range(len(chosen)))
        if rng.random() < 0.3:
            del chosen[key]
        else:
            chosen[key] = deepcopy(rng.choice([*SCALARS, *VALUES]))
    return json.dumps(data)


def check_configuration(folder: Path, seed: int) -> None:
    text = spoilt_configuration(random.Random(seed))
    (folder / "pyproject.toml").write_bytes(text.encode("utf-8", "surrogatepass"))
    find_config.cache_clear()
    for command in (["check", "."], ["check", ".", "--format", "json"], ["lock", ".", "--check"]):
        if len(command) == 2 or seed % 4 == 0:
            found = CliRunner().invoke(cli, command)
            unknown = isinstance(found.exception, RequestError | SpecError | SystemExit | None)
            assert unknown, (text, found.exception)


def check_data(folder: Path, text: str) -> None:
    (folder / "data").mkdir(exist_ok=True)
    (folder / "data" / "verification.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    with suppress(RequestError):
        networks = read_verification(str(folder))
        page = verification_table(networks)
        assert page.count("\n") == len(networks) + 1
        assert all("\n" not in line for line in describe_limits(networks))
    with suppress(RequestError):
        assert all(line.isprintable() for line in describe_outdated_data(str(folder)))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "net.toml").write_text(spec(LINE))
    (tmp_path / "family.toml").write_text(FAMILY)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_both(here: Path, seed: int) -> None:
    check_configuration(here, seed)
    check_data(here, spoilt_data(random.Random(seed)))


def fuzz(examples: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return lambda test: settings(max_examples=examples, **FUZZED)(given(seed=SEEDS)(test))


@fuzz(40)
def test_spoilt_files_are_used_or_refused(here: Path, seed: int) -> None:
    run_both(here, seed)


@pytest.mark.long
@fuzz(600)
def test_many_spoilt_files_are_used_or_refused(here: Path, seed: int) -> None:
    run_both(here, seed)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 900 + "]" * 900,
        "[" * 100_000,
        '{"networks": ' + "9" * 5000 + "}",
        '{"networks": [{"network": "-", "digest": "x", "checks": []}]}',
        '{"networks": [{"network": "lenet5", "checks": [{}]}]}',
        "\ufeff{}",
        "null",
    ],
    ids=range(7),
)
def test_hostile_data_is_used_or_refused(here: Path, text: str) -> None:
    check_data(here, text)
