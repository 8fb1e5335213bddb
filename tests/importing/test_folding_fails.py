"""A defect in the folding gives a spec without blocks, which is right, and a note."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cnnspec.cli import cli
from cnnspec.importing.folding import write

NET = """from torch import nn

def net():
    block = lambda: nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU())
    return nn.Sequential(*[block() for _ in range(4)])
"""
STEPS = ("read_network", "mark_shared_lines", "Grouping", "Drafting", "use_line_presets")


@pytest.mark.parametrize("step", STEPS)
def test_a_failed_folding_gives_the_flat_spec_and_a_note(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise IndexError("list index out of range")

    (tmp_path / "folded_net.py").write_text(NET)
    arguments = ("import", f"{tmp_path}/folded_net.py:net", "--input", "4,8,8")
    assert "note:" not in CliRunner().invoke(cli, arguments).stderr
    monkeypatch.setattr(write, step, fail)
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 0, done.output
    assert "note: the spec has one line for each layer and no blocks" in done.stderr
    assert "IndexError: list index out of range" in done.stderr
    assert done.stdout.count('op = "conv"') == 4
