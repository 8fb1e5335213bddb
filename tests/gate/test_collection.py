"""Which files of a folder are specs, what is skipped, and that a run says so."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from cnnspec.gate.files import collect_specs, is_spec
from cnnspec.problems import RequestError
from tests.gate.checking import check, found
from tests.gate.checking import spec as one_layer

pytestmark = pytest.mark.usefixtures("here")
SPEC = one_layer('  { name = "a", op = "relu" },')


def write(path: str, text: str = SPEC) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text, encoding="utf-8")


def specs(*paths: str) -> list[str]:
    return [file for file, _ in collect_specs([*paths] or ["."]).specs]


def skipped(*paths: str) -> dict[str, str]:
    return {skip.path: skip.reason for skip in collect_specs([*paths] or ["."]).skipped}


FOREIGN = {
    "import-linter": """
[tool.importlinter]
root_package = "p"
[[tool.importlinter.contracts]]
name   = "layers"
type   = "layers"
layers = ["a", "b"]
""",
    "a list of names": 'layers = ["base", "python"]\n',
    "a table": '[layers]\nname = "x"\n',
    "below a table": 'name = "x"\n[model]\nlayers = [{ name = "a", op = "relu" }]\n',
    "in a quoted table": '["my model"]\nlayers = [{ name = "a" }]\n',
    "in an array of tables": '[[models]]\nlayers = [\n  { name = "a" },\n]\n',
    "in a text": 'about = "layers = [1]"\n[x]\ny = 1\n',
    "broken, and below a table": 'name = "x"\n[model]\nlayers = [{ name = "a" }\n[',
    "only blocks": '[blocks.b]\nlayers = [{ name = "a", op = "relu" }]\n',
    "empty": "",
}
OWN = {
    "plain": SPEC,
    "rows of a table first": "args.rows = [\n  [1, 2],\n  [3, 4]\n]\n" + SPEC,
    "a row that looks like a table": 'args.rows = [\n["a"]\n]\n' + SPEC,
    "a quoted key": SPEC.replace("layers", '"layers"'),
    "an array of tables": 'name = "n"\ninput = [3]\n[[layers]]\nname = "a"\nop = "relu"\n',
    "layers of the wrong type": 'name = "n"\ninput = [3]\nlayers = "relu"\n',
    "without an input": 'name = "n"\nlayers = [{ name = "a", op = "relu" }]\n',
    "without tables": 'name = "n"\nlayers = [1]\n',
    "broken": SPEC + "x = [",
    "broken before the layers": "x = = 1\n" + SPEC,
    "not UTF-8": SPEC + "# \udcff",
    "with CR LF": SPEC.replace("\n", "\r\n") + "[",
}


@pytest.mark.parametrize("text", FOREIGN.values(), ids=FOREIGN)
def test_toml_of_another_tool_is_no_spec(text: str) -> None:
    write("net.toml", text)
    assert not is_spec("net.toml")


@pytest.mark.parametrize("text", OWN.values(), ids=OWN)
def test_a_spec_is_recognized_even_with_mistakes(text: str) -> None:
    Path("net.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert is_spec("net.toml")


@pytest.mark.parametrize("name", ["build", "dist", "node_modules", "site-packages"])
def test_folders_of_tools_are_skipped_unless_named(name: str) -> None:
    write("a.toml")
    write(f"x/{name}/b.toml")
    assert (specs(), [*skipped()]) == (["a.toml"], [f"x/{name}"])
    assert specs(f"x/{name}") == [f"x/{name}/b.toml"]


def test_virtual_environments_and_links_to_folders_are_skipped() -> None:
    write("a.toml")
    write("env/lib/b.toml")
    write("env/pyvenv.cfg", "home = /usr\n")
    write("other/c.toml")
    os.symlink("other", "link")
    assert specs() == ["a.toml", "other/c.toml"]
    assert skipped() == {"env": "a virtual environment", "link": "a link to a folder"}


def test_gitignore_is_read_in_the_folder_below_and_above() -> None:
    write(".git/HEAD", "")
    write(".gitignore", "# drafts\n/drafts/\n*.old.toml\n!keep.old.toml\n[\n")
    write("nets/.gitignore", "\ufefftmp?.toml\r\n")
    for name in ("drafts/a", "nets/drafts/b", "nets/c.old", "nets/keep.old", "nets/tmp1", "tmp2"):
        write(f"{name}.toml")
    kept = ["nets/keep.old.toml", "nets/drafts/b.toml"]
    assert specs() == ["tmp2.toml", *kept]
    assert specs("nets") == kept
    assert skipped("nets") == {
        "nets/c.old.toml": "excluded by .gitignore",
        "nets/tmp1.toml": "excluded by nets/.gitignore",
    }
    assert specs("drafts") == ["drafts/a.toml"], "named explicitly"
    assert specs("nets/c.old.toml") == ["nets/c.old.toml"]


@pytest.mark.parametrize(
    ("pattern", "left"),
    [
        ("drafts/", ["a.toml", "b/c.toml"]),
        ("drafts", ["a.toml", "b/c.toml"]),
        ("/drafts", ["a.toml", "b/c.toml", "b/drafts/d.toml"]),
        ("./drafts/*", ["a.toml", "b/c.toml", "b/drafts/d.toml"]),
        ("**/drafts/*.toml", ["a.toml", "b/c.toml"]),
        ("b/**/d.toml", ["a.toml", "b/c.toml", "drafts/e.toml"]),
        ("[ab].toml", ["b/c.toml", "b/drafts/d.toml", "drafts/e.toml"]),
        ("b/", ["a.toml", "drafts/e.toml"]),
    ],
)
def test_exclude_takes_the_patterns_of_gitignore(pattern: str, left: list[str]) -> None:
    write("pyproject.toml", f'[tool.cnnspec]\nexclude = ["{pattern}"]\n')
    for name in ("a", "b/c", "b/drafts/d", "drafts/e"):
        write(f"{name}.toml")
    assert specs() == left
    assert set(skipped().values()) == {"excluded in pyproject.toml"}


@pytest.mark.parametrize("key", ["exclude", "per-file-ignores"])
@pytest.mark.parametrize("pattern", ["", " ", "/", "!", "[z-a]", "a\\\\", "#x", "*a*b*c*d*e"])
def test_a_pattern_that_cannot_match_is_refused(key: str, pattern: str) -> None:
    value = f'["a.toml", "{pattern}"]' if key == "exclude" else f'{{ "{pattern}" = {{}} }}'
    write("pyproject.toml", f"[tool.cnnspec]\n{key} = {value}\n")
    write("a.toml")
    with pytest.raises(RequestError, match=r"pyproject\.toml:2:\d+: .* is not a pattern of files"):
        collect_specs(["."])


def test_what_was_skipped_is_said_in_every_format() -> None:
    write("a.toml")
    for i in range(9):
        write(f"x{i}/build/b.toml")
    done = check(".")
    assert done.stdout == "1 file, 1 network: no findings\n"
    assert done.stderr.startswith("cnnspec: skipped x0/build (build output), x1/build (build outp")
    assert done.stderr.endswith(" and 3 more\n")
    data = json.loads(check(".", "--format", "json").stdout)
    assert data["skipped"][8] == {"path": "x8/build", "reason": "build output"}
    with pytest.raises(RequestError, match=r"no specs in x0: .*; skipped x0/build \(build output"):
        check("x0")


def test_a_folder_that_cannot_be_read_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    write("a.toml")
    write("secret/b.toml")
    scandir = os.scandir

    def refuse(path: str) -> object:
        if "secret" in path:
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert skipped() == {"secret": "cannot be read: Permission denied"}
    assert "skipped secret (cannot be read: Permission denied)" in check(".").stderr


def test_git_agrees_about_what_is_ignored() -> None:
    """Compare with git check-ignore, for patterns of every kind."""
    lines = ["build2", "/top", "mid/low", "*.tmp.toml", "!d/x.tmp.toml", "a/**/z", "q?", "**/w/*"]
    write(".gitignore", "\n".join(lines))
    write("d/.gitignore", "!e.tmp.toml\n/f.toml\n")
    names = ["build2/a", "x/build2/a", "top/a", "x/top", "mid/low", "x/mid/low/y", "a.tmp"]
    names += ["d/x.tmp", "d/e.tmp", "d/f", "d/g/f", "a/z/y", "a/b/c/z/y", "q1/r", "q12/r"]
    names += ["w/a", "x/w/a", "x/w/b/c"]
    for name in names:
        write(f"{name}.toml")
    subprocess.run(["git", "init", "-q"], check=True)
    files = [f"{name}.toml" for name in names]
    asked = subprocess.run(["git", "check-ignore", *files], capture_output=True, check=False)
    ignored = set(asked.stdout.decode().split())
    assert 8 <= len(ignored) < len(files)
    assert sorted(specs()) == sorted({*files} - ignored)


def test_findings_of_a_folder_are_those_of_its_specs() -> None:
    write("a.toml", SPEC.replace("relu", "rely"))
    write("venv/b.toml", SPEC.replace("relu", "rely"))
    write("venv/pyvenv.cfg", "")
    assert found() == [("a.toml", 4, "L005")]


def test_a_file_that_cannot_be_reached_is_not_called_missing() -> None:
    """The superuser reads every folder, but no name of 300 letters."""
    with pytest.raises(RequestError, match=r"cannot be read: File name too long$"):
        collect_specs(["a" * 300 + ".toml/a"])
    Path("net.toml").touch()
    with pytest.raises(RequestError, match=r"^there is no net.toml/a$"):
        collect_specs(["net.toml/a"])
