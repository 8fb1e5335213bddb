"""An installed package registers operators of its own; the example is that of CONTRIBUTING.md."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / ".github" / "CONTRIBUTING.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("## Operators of your own\n")[2].partition("\n## ")[0]
MODULE, PYPROJECT = re.findall(r"```(?:python|toml)\n(.*?)```", SECTION, re.DOTALL)
SPEC = """
name = "net"
input = [3, 8, 8]
layers = [
  { name = "a", op = "conv", out_channels = 4, kernel_size = 3, activation = "sine" },
  { name = "b", op = "sine", w = 2 },
  { name = "c", op = "conv", out_channels = 4, kernel_size = 1 },
]
"""
BLOCK = """
name = "net"
input = [3, 8, 8]
layers = [{ name = "a", op = "sine" }]
[blocks.sine]
layers = [{ name = "c", op = "conv", out_channels = 4, kernel_size = 1 }]
"""


def install(folder: Path, points: str = "", module: str = MODULE) -> Path:
    """Write what pip would install of the package: a module, and the entry points."""
    points = points or PYPROJECT.partition("\n")[2].replace('"', "")
    (folder / "acme_operators").mkdir(parents=True)
    (folder / "acme_operators" / "__init__.py").touch()
    (folder / "acme_operators" / "sine.py").write_text(module, encoding="utf-8")
    info = folder / "acme_operators-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-operators\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[cnnspec.operators]\n{points}")
    return folder


def run(
    folder: Path, *arguments: str, packages: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, with an installed package or none."""
    paths = [str(ROOT), *([str(packages)] if packages else [])]
    return subprocess.run(
        [sys.executable, "-m", "cnnspec", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    return install(tmp_path / "packages")


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder with a spec that uses the operator, and one with a block of its name."""
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "net.toml").write_text(SPEC)
    (tmp_path / "here" / "block.toml").write_text(BLOCK)
    return tmp_path / "here"


def test_commands_know_an_installed_operator(here: Path, packages: Path) -> None:
    table = run(here, "table", "net.toml", "--format", "json", packages=packages)
    assert table.returncode == 0, table.stderr
    assert [r["op"] for r in json.loads(table.stdout)["layers"]] == ["conv", "sine", "conv"]
    docs = run(here, "docs", "sine", packages=packages)
    assert "the factor of the input" in docs.stdout
    assert "sine" in run(here, "docs", packages=packages).stdout
    schema = run(here, "schema", packages=packages).stdout
    assert "the factor of the input" in schema
    assert json.loads(schema)["$schema"]
    checked = run(here, "check", "net.toml", packages=packages)
    assert "a.activation (sine) has just activated" in checked.stdout  # a rule for activations


def test_an_installed_operator_is_verified_with_its_memory(here: Path, packages: Path) -> None:
    done = run(here, "verify", "net.toml", "--memory", packages=packages)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_wrong_field_of_an_installed_operator_is_a_finding(here: Path, packages: Path) -> None:
    (here / "net.toml").write_text(SPEC.replace("w = 2", "w = -2"))
    done = run(here, "table", "net.toml", packages=packages)
    assert done.returncode == 2
    assert "sine: w is a number from 0 to 1e+09" in done.stderr


def test_without_the_package_the_operator_is_unknown(here: Path) -> None:
    done = run(here, "table", "net.toml")
    assert done.returncode == 2
    assert 'L005 "sine" is neither an operator nor a block' in done.stderr


def test_a_block_of_the_same_name_comes_first(here: Path, packages: Path) -> None:
    command = (
        "import cnnspec; print(*[n.kind for n in cnnspec.load('net.toml').graph.layers()],"
        " *[n.kind for n in cnnspec.load('block.toml').graph.layers()])"
    )
    paths = os.pathsep.join([str(ROOT), str(packages)])
    for code in (command, "from cnnspec.ops.registry import find_installed as f; f();" + command):
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=here,
            env={**os.environ, "PYTHONPATH": paths},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout.split() == ["conv", "sine", "sine", "conv", "conv"], done.stderr


def test_nothing_is_imported_from_the_folder_of_a_spec(here: Path) -> None:
    install(here, module="raise SystemExit('imported')\n" + MODULE)
    done = run(here, "table", "net.toml")
    assert 'L005 "sine" is neither an operator nor a block' in done.stderr
    assert "imported" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("points", "module", "message"),
    [
        ("", "import missing_module\n", "cannot be imported: ModuleNotFoundError"),
        ("sine = acme_operators.sine:prod\n", MODULE, "is no subclass of"),
        ("sine = acme_operators.sine:Activation\n", MODULE, "needs a title and at least one"),
    ],
)
def test_a_broken_operator_gets_a_message(
    here: Path, tmp_path: Path, points: str, module: str, message: str
) -> None:
    done = run(here, "table", "net.toml", packages=install(tmp_path / "broken", points, module))
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_an_operator_of_cnnspec_keeps_its_name(here: Path, tmp_path: Path) -> None:
    packages = install(tmp_path / "other", "relu = acme_operators.sine:Sine\n")
    assert "ReLU" in run(here, "docs", "relu", packages=packages).stdout


def test_known_names_need_no_look_up(here: Path, packages: Path) -> None:
    """Looking for entry points takes a tenth of a second."""
    code = (
        "import sys, cnnspec; cnnspec.load('block.toml').totals;"
        " print('importlib.metadata' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=here,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(packages)])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "False", done.stderr
