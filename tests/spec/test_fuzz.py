"""Fuzzing: mutated specs of the zoo give a table or problems, in bounded time."""

import random
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings

from tests.mutated import FUZZED, MAKERS, NAMES, SEEDS, TEXTS
from tests.pipeline import outcome, toml


def endures(folder: Path, make: Callable[[str, random.Random], str], name: str, seed: int) -> None:
    file = folder / "net.toml"
    file.write_bytes(make(name, random.Random(seed)).encode("utf-8", "surrogatepass"))
    settings: dict[str, object] = {}
    if seed % 5 == 0:
        settings["input"] = (3, seed % 71, 33)
    if seed % 7 == 0:
        settings["input"] = {"image": (3, seed % 71, 33), "input": (1, 8, 8)}
    outcome(file, brief=seed % 8 > 0, **settings)


@MAKERS
@settings(max_examples=60, **FUZZED)
@given(name=NAMES, seed=SEEDS)
def test_mutated_specs(
    tmp_path: Path, make: Callable[[str, random.Random], str], name: str, seed: int
) -> None:
    endures(tmp_path, make, name, seed)


@pytest.mark.long
@MAKERS
@settings(max_examples=2000, **FUZZED)
@given(name=NAMES, seed=SEEDS)
def test_many_mutated_specs(
    tmp_path: Path, make: Callable[[str, random.Random], str], name: str, seed: int
) -> None:
    endures(tmp_path, make, name, seed)


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_the_writer_writes_what_was_read(name: str) -> None:
    data = tomllib.loads(TEXTS[name])
    assert tomllib.loads(toml(data)) == data
