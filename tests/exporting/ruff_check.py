"""Whether ruff, with its own defaults, accepts a written file as it is."""

import subprocess
import sys
from pathlib import Path


def assert_ruff_leaves(text: str, folder: Path) -> None:
    """Assert that ruff neither formats a source otherwise nor finds anything in it."""
    file = folder / "net.py"
    file.write_text(text, encoding="utf-8")
    for command in (["format", "--diff"], ["check"]):
        ran = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--isolated", str(file)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
