"""Fuzz: check gives a well-formed report in every format, in time, whatever a spec contains."""

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings

from cnnspec.gate.findings import CODES
from cnnspec.gate.run import check_paths
from cnnspec.report.findings.formats import render_findings
from cnnspec.report.presets import FINDINGS
from tests.gate import formats
from tests.mutated import FUZZED, MAKERS, NAMES, SEEDS

BOUND = 8.0  # seconds of process time, many times what it takes
IGNORES = (
    "",
    "",
    "# cnnspec: ignore A001: on purpose",
    "# cnnspec: ignore S001",
    "# cnnspec:",
    "# cnnspec: ignore \x7f: x",
)
BUDGETS = (
    "",
    "",
    "\n[budget.{}]\nparams = 1\ntraining_peak = '1 MiB'\nreceptive_field = 99999\nlayers = 0\n",
    "\n[budget.x]\nparams = 'x'\n",
)


def check_mutated(
    folder: Path, make: Callable[[str, random.Random], str], name: str, seed: int
) -> None:
    """Check a mutated spec with all rules, ignores and budgets, and write every format."""
    rng = random.Random(seed)
    lines = make(name, rng).split("\n")
    for _ in range(rng.randrange(3)):
        lines[rng.randrange(len(lines))] += rng.choice(IGNORES)
    text = "\n".join(lines) + rng.choice(BUDGETS).format(Path(name).stem)
    file = folder / "net.toml"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    start = time.process_time()
    report = check_paths([str(file)], {"advice": True})
    shown = {
        format: formats.findings(format, render_findings(report, format)) for format in FINDINGS
    }
    assert time.process_time() - start < BOUND
    assert set(shown.values()) == {len(report.findings)}, shown
    for finding in (*report.findings, *report.ignored):
        assert finding.problem.rule in CODES
        if finding.problem.where.file == str(file) and finding.problem.where.line:
            assert finding.problem.where.line <= text.count("\n") + 1
    assert report.passed == (report.count_severity("error") == 0)


@MAKERS
@settings(max_examples=12, **FUZZED)
@given(name=NAMES, seed=SEEDS)
def test_mutated_specs_are_checked(
    tmp_path: Path, make: Callable[[str, random.Random], str], name: str, seed: int
) -> None:
    check_mutated(tmp_path, make, name, seed)


@pytest.mark.long
@MAKERS
@settings(max_examples=1000, **FUZZED)
@given(name=NAMES, seed=SEEDS)
def test_many_mutated_specs_are_checked(
    tmp_path: Path, make: Callable[[str, random.Random], str], name: str, seed: int
) -> None:
    check_mutated(tmp_path, make, name, seed)
