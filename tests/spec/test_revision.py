"""Specs at a revision of git: the file and its includes as they were, and the errors."""

import os
import subprocess
from pathlib import Path

import pytest

from cnnspec.graph.build import load_graph
from cnnspec.problems import RequestError, SpecError
from cnnspec.spec.source import MAX_BYTES

NET = """name = "net"
input = [1, 4, 4]
include = ["parts/unit.toml"]
args.width = 2
layers = [{ name = "u", op = "unit", width = "{width}" }]
[variants.thin]
[variants.wide]
width = 8
"""
UNIT = """[blocks.unit]
args = ["width"]
layers = [{ name = "c", op = "%s", out_channels = "{width}", kernel_size = 1 }]
"""


def git(*arguments: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=A", "-c", "user.email=a@b.c", *arguments],
        check=True,
        capture_output=True,
    )


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a repository with a spec whose block was a convolution, and is a transposed one now."""
    for name in [n for n in os.environ if n.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "specs"
    (folder / "parts").mkdir(parents=True)
    (folder / "net.toml").write_text(NET)
    (folder / "parts" / "unit.toml").write_text(UNIT % "conv")
    git("init", "-q", "-b", "main")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    git("tag", "v1")
    (folder / "parts" / "unit.toml").write_text(UNIT % "conv_transpose")
    git("commit", "-q", "-a", "-m", "second")
    return folder


def kinds(name: str) -> list[str]:
    return [n.kind for n in load_graph(name).nodes]


@pytest.mark.parametrize("revision", ["v1", "HEAD~1", "main~1", "HEAD^"])
def test_a_spec_and_what_it_includes_are_read_from_the_revision(
    repository: Path, revision: str
) -> None:
    assert kinds(f"specs/net.toml@{revision}") == ["input", "conv"]
    assert kinds(f"{repository}/net.toml@{revision}") == ["input", "conv"]
    assert kinds("specs/net.toml") == kinds("specs/net.toml@HEAD") == ["input", "conv_transpose"]


def test_a_variant_at_a_revision(repository: Path) -> None:
    assert load_graph("specs/net.toml:wide@v1").outputs[0].output == (8, 4, 4)
    assert load_graph("specs/net.toml:wide@v1").name == "wide"
    with pytest.raises(RequestError, match="has no variant 'wode'; did you mean 'wide'"):
        load_graph("specs/net.toml:wode@v1")


def test_it_works_from_another_folder_and_in_folders_that_are_gone(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository / "parts")
    assert kinds("../net.toml@v1") == ["input", "conv"]
    monkeypatch.chdir(repository)
    assert kinds("net.toml@v1") == ["input", "conv"]
    monkeypatch.chdir(repository.parent)
    git("rm", "-r", "-q", "specs")
    assert not repository.exists()
    assert kinds("specs/net.toml@v1") == ["input", "conv"]


def test_problems_name_the_revision(repository: Path) -> None:
    (repository / "net.toml").write_text(NET.replace('"{width}"', '"{wide}"'))
    (repository / "parts" / "unit.toml").write_text("[blocks\n")
    git("commit", "-q", "-a", "-m", "third")
    (repository / "net.toml").write_text(NET)
    with pytest.raises(SpecError) as error:
        load_graph("specs/net.toml@HEAD")
    assert "specs/parts/unit.toml@HEAD:1:8: T003 not TOML" in str(error.value)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("specs/net.toml@v2", "specs/net.toml: there is no revision 'v2' in its git repository"),
        (
            "specs/net.toml@--all",
            "specs/net.toml: there is no revision '--all' in its git repository",
        ),
        (
            "specs/net.toml@HEAD:specs",
            "specs/net.toml: there is no revision 'HEAD:specs' in its git repository",
        ),
        (
            "specs/net.toml@\x1b[31m",
            r"specs/net.toml: there is no revision '\\x1b[31m' in its git repository",
        ),
        ("nothing@v1", "there is no network 'nothing'; cnnspec list shows all networks"),
        (
            "specs/net.toml@a\0b",
            "git cannot be called, which a revision needs: its name is not valid",
        ),
    ],
)
def test_what_is_no_revision_is_said_to_be_none(repository: Path, name: str, message: str) -> None:
    with pytest.raises(RequestError) as error:
        load_graph(name)
    assert str(error.value).startswith(message)


def test_what_was_no_spec_then_is_said_to_be_none(repository: Path) -> None:
    (repository / "long.toml").write_text("#" * (MAX_BYTES + 1))
    (repository / "link.toml").symlink_to("net.toml")
    git("add", ".")
    git("commit", "-q", "-m", "third")
    for name, reason in {
        "new": "not a readable spec: the file did not exist",
        "link": "it was not a regular file",
        "long": "a spec has at most 524,288 bytes, this file had 524,289",
    }.items():
        with pytest.raises(SpecError, match=f"T001 .*{reason}"):
            load_graph(f"specs/{name}.toml@HEAD")


def test_an_include_that_was_not_there_is_one_of_the_zoo_or_a_problem(repository: Path) -> None:
    git("rm", "-q", "specs/parts/unit.toml")
    git("commit", "-q", "-m", "third")
    (repository / "parts").mkdir(exist_ok=True)
    (repository / "parts" / "unit.toml").write_text(UNIT % "conv")
    assert kinds("specs/net.toml") == ["input", "conv"]
    with pytest.raises(
        SpecError, match=r"net\.toml@HEAD:3:12: L013 'parts/unit\.toml' is neither below"
    ):
        load_graph("specs/net.toml@HEAD")


def test_outside_of_repositories_and_without_git(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    (tmp_path / "net.toml").write_text(NET)
    with pytest.raises(
        RequestError, match=r"net\.toml is not in a git repository, so it has no revision 'HEAD'"
    ):
        load_graph(f"{tmp_path}/net.toml@HEAD")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        RequestError, match="git cannot be called, which a revision needs: No such file"
    ):
        load_graph(f"{tmp_path}/net.toml@HEAD")


def test_a_file_with_an_at_in_its_name_is_that_file(tmp_path: Path) -> None:
    file = tmp_path / "net.toml@home.toml"
    file.write_text('name = "n"\ninput = [1]\nlayers = [{ name = "a", op = "relu" }]\n')
    assert kinds(str(file)) == ["input", "relu"]
