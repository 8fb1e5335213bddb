"""Copies of Pyodide and CodeMirror for tests, installed by npm in the versions that pages name."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from cnnspec.site.libraries import EDITOR_MODULES, PYODIDE

GIVEN = "CNNSPEC_NODE_MODULES"  # an environment variable: a folder that has them already


def node_modules(folder: Path) -> Path:
    """The folder with the packages; the test says that it is skipped where they cannot be had."""
    if given := os.environ.get(GIVEN):
        return Path(given)
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip(f"there is no npm here, and {GIVEN} names no folder with the libraries")
    wanted = {module.package: module.version for module in EDITOR_MODULES} | {"pyodide": PYODIDE}
    (folder / "package.json").write_text(json.dumps({"private": True, "dependencies": wanted}))
    command = [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund"]
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=240)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"npm cannot install Pyodide and CodeMirror: {error}")
    return folder / "node_modules"
