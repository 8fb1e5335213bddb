"""The steps of CONTRIBUTING.md, followed in a copy of the repository.

Above each block, the page says what it is: "Create `PATH`:", "In `PATH`, after `LINE`, add:", "The
spec `PATH` uses it:"; the commands in ```sh blocks are run."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / ".github" / "CONTRIBUTING.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (Add .*)\n((?:(?!## ).*\n)*)", PAGE, re.M))
STEP = re.compile(r"^(\S.*\n(?:\S.*\n)*\n)?```(\w+)\n((?:.*\n)*?)```$", re.MULTILINE)
COPIED = (".github", "cnnspec", "specs", "tests", "pyproject.toml", "README.md")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the parts of the repository that the steps need."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(
                source, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc")
            )
        else:
            shutil.copy(source, tmp_path / name)
    return tmp_path


def follow_step(folder: Path, instruction: str, language: str, block: str) -> None:
    """Do what one step of the page says."""
    if language == "sh":
        for command in block.splitlines():
            run_command(folder, command)
        return
    created = re.search(r"^(?:Create|.*The spec) `([^`]+)`", instruction, re.M)
    added = re.search(r"^In `([^`]+)`, after `([^`]+)`, add:", instruction, re.M)
    if added:
        path, line = folder / added[1], added[2]
        text = path.read_text(encoding="utf-8")
        assert text.count(f"\n{line}\n") + text.startswith(f"{line}\n") == 1, added[0]
        begin, _, rest = text.partition(f"{line}\n")
        path.write_text(f"{begin}{line}\n{block}{rest}", encoding="utf-8")
    else:
        assert created, instruction
        (folder / created[1]).write_text(block, encoding="utf-8")


def run_command(folder: Path, command: str) -> None:
    """Run a command of the page with the copy of the package."""
    program, *arguments = shlex.split(command)
    options = ["-n", "0", "-p", "no:cacheprovider"] if program == "pytest" else []
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", program, *options, *arguments],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    output = done.stdout + done.stderr
    wanted = (0, 1) if "--rewrite-expected" in arguments else (0,)  # it says what has changed
    assert done.returncode in wanted, f"{command}\n{output}"
    assert program != "pytest" or re.search(r"\d+ passed", output) or "[100%]" in output


def test_there_are_steps() -> None:
    assert [*SECTIONS] == ["Add an operator", "Add a rule", "Add a network"]


@pytest.mark.parametrize("title", SECTIONS)
def test_steps_work(title: str, copy: Path) -> None:
    steps = STEP.findall(SECTIONS[title])
    assert {language for _, language, _ in steps} >= {"python", "sh"}
    for step in steps:
        follow_step(copy, *step)
