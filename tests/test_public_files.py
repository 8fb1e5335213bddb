"""The files for users and contributors agree with the package: version, licence, addresses, CI."""

import re
import tomllib
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml

import cnnspec

ROOT = Path(__file__).parents[1]
GITHUB = ROOT / ".github"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PUBLIC = [
    ROOT / "README.md",
    ROOT / "pyproject.toml",
    ROOT / ".pre-commit-hooks.yaml",
    ROOT / ".pre-commit-config.yaml",
    *(p for p in GITHUB.rglob("*") if p.is_file()),
]
APACHE = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"


def read_yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_licence_is_apache_2() -> None:
    assert sha256((ROOT / "LICENSE").read_bytes()).hexdigest() == APACHE
    assert PROJECT["project"]["license"] == "Apache-2.0"
    assert PROJECT["project"]["license-files"] == ["LICENSE"]
    assert read_yaml(GITHUB / "CITATION.cff")["license"] == "Apache-2.0"


def test_version_is_the_same_everywhere() -> None:
    version = cnnspec.__version__
    changes = (GITHUB / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## v(\S+)", changes, re.M)[0] == version
    assert read_yaml(GITHUB / "CITATION.cff")["version"] == version
    for path in (ROOT / ".pre-commit-hooks.yaml", GITHUB / "actions/cnnspec/action.yml"):
        assert re.findall(r"\bv\d+\.\d+\.\d+\b", path.read_text(encoding="utf-8")) == [
            f"v{version}"
        ]


@pytest.mark.parametrize("path", PUBLIC, ids=lambda p: str(p.relative_to(ROOT)))
def test_the_repository_has_one_placeholder_address(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    owners = re.findall(r"(?:github\.com/|uses: )([\w<> -]+?)/cnnspec\b", text)
    assert set(owners) <= {"OWNER"}
    assert "this repository>" not in text
    assert "<a tag>" not in text


def test_readme_explains_the_placeholder() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "git clone https://github.com/OWNER/cnnspec" in readme
    assert re.search(r"`OWNER` stands for", readme)


def test_ci_runs_the_one_script() -> None:
    workflow = read_yaml(GITHUB / "workflows/ci.yml")
    steps = workflow["jobs"]["test"]["steps"]
    assert [step["run"] for step in steps if "run" in step] == [".ci/run"]
    assert (ROOT / ".ci/run").stat().st_mode & 0o111
    supported = PROJECT["project"]["requires-python"].removeprefix(">=")
    assert supported in workflow["jobs"]["test"]["strategy"]["matrix"]["python"]


def test_hooks_of_this_repository_are_steps_of_ci() -> None:
    [repository] = read_yaml(ROOT / ".pre-commit-config.yaml")["repos"]
    entries = [hook["entry"] for hook in repository["hooks"]]
    assert entries == ["ruff check", "ruff format", "mypy", "python -m cnnspec check specs/"]
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    assert all(command in script for command in ("ruff check .", "ruff format --check .", "mypy"))


@pytest.mark.parametrize("path", sorted((GITHUB / "ISSUE_TEMPLATE").glob("[!c]*.yml")))
def test_issue_forms_have_what_github_requires(path: Path) -> None:
    form = read_yaml(path)
    assert {"name", "description", "labels", "body"} == form.keys()
    assert all({"type", "attributes"} <= field.keys() for field in form["body"])
    assert len({field["id"] for field in form["body"]}) == len(form["body"])
    assert all(field["attributes"]["label"] for field in form["body"])
