"""The pre-commit hooks, the GitHub Action and shell completion run what they name."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from cnnspec.cli import COMMANDS, cli

ROOT = Path(__file__).parents[2]
HOOKS: list[dict[str, Any]] = yaml.safe_load(
    (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
)
ACTION: dict[str, Any] = yaml.safe_load(
    (ROOT / ".github/actions/cnnspec/action.yml").read_text(encoding="utf-8")
)
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"]}


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a spec, in which a shell finds cnnspec."""
    script = tmp_path / "bin" / "cnnspec"
    script.parent.mkdir()
    script.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(ROOT)!r})\n"
        "from cnnspec.__main__ import main\nmain()\n"
    )
    script.chmod(0o755)
    for name in [n for n in os.environ if n.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))
    monkeypatch.setenv("GITHUB_ACTION_PATH", str(ROOT / ".github" / "actions" / "cnnspec"))
    repository = tmp_path / "repository"
    (repository / "specs").mkdir(parents=True)
    shutil.copy(ROOT / "specs" / "lenet5.toml", repository / "specs")
    (repository / "pyproject.toml").write_text("[tool.other]\nx = 1\n")
    monkeypatch.chdir(repository)
    bash(
        "git init -q -b main; git add .; git -c user.name=A -c user.email=a@b.c commit -q -m first"
    )
    return repository


def bash(command: str, code: int = 0, **env: str) -> str:
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", command],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | env,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def step(name: str, code: int = 0, **given: str) -> str:
    """Run a step of the action with inputs, as its env names them."""
    inputs = {key: value["default"] for key, value in ACTION["inputs"].items()} | given
    env: dict[str, str] = dict(STEPS[name]["env"])
    for key, value in env.items():
        assert value.startswith("${{ inputs."), "inputs reach a script through its environment only"
        env[key] = inputs[value.removeprefix("${{ inputs.").removesuffix(" }}")]
    return bash(STEPS[name]["run"], code, **env)


def spoil(repository: Path) -> None:
    spec = repository / "specs" / "lenet5.toml"
    spec.write_text(spec.read_text().replace("out_features = 84", "out_features = 85"))


@pytest.mark.parametrize("hook", HOOKS, ids=[hook["id"] for hook in HOOKS])
def test_a_hook_runs(hook: dict[str, Any], shell: Path) -> None:
    command = f"{hook['entry']} {shlex.join(hook['args'])}"
    assert hook["entry"].split()[0] == "cnnspec"
    assert hook["entry"].split()[1] in COMMANDS
    assert hook["language"] == "python"
    assert hook["pass_filenames"] is False, "a block's file is no spec, and pyproject.toml is none"
    bash(command)
    (shell / "specs" / "lenet5.toml").write_text("name = 3\n" + "layers = [1]\n")
    assert "L003" in bash(command + " 2>&1", 1 if hook["id"] == "cnnspec-check" else 2)


def test_the_hooks_hold_a_spec_to_its_lock(shell: Path) -> None:
    commands = {hook["id"]: f"{hook['entry']} {shlex.join(hook['args'])}" for hook in HOOKS}
    check, lock = commands["cnnspec-check"], commands["cnnspec-lock"]
    bash(lock)
    bash(check)
    spoil(shell)
    assert "K001 F6 differs from the lock" in bash(check, 1)
    bash(lock)
    bash(check)


def test_the_action_is_one() -> None:
    assert ACTION["runs"]["using"] == "composite"
    assert all(step["shell"] == "bash" and "${{" not in step["run"] for step in STEPS.values())
    assert STEPS["Install cnnspec"]["run"] == 'python -m pip install --quiet "$PACKAGE"'
    folder = ACTION["inputs"]["package"]["default"].replace(
        "${{ github.action_path }}", str(ROOT / ".github" / "actions" / "cnnspec")
    )
    assert (Path(folder).resolve() / "pyproject.toml").samefile(ROOT / "pyproject.toml")


def test_the_action_checks_and_annotates(shell: Path) -> None:
    assert "::notice title=cnnspec check::1 file, 1 network" in step("Check specs")
    bash("cnnspec lock")
    spoil(shell)
    found = step("Check specs", 1, paths="specs/", options="--strict")
    assert "::error file=specs/lenet5.toml,line=" in found
    assert "K001" in found
    step("Check specs", 2, paths="nowhere/")
    step("Check specs", 0, options="--ignore K001,K002 --locked")


def test_the_action_says_what_has_changed(shell: Path) -> None:
    summary = shell.parent / "summary"
    assert step("Summarize changes", base="HEAD") == ""
    assert not summary.exists()
    spoil(shell)
    (shell / "pyproject.toml").write_text("[tool.other]\nx = 2\n")
    step("Summarize changes", base="HEAD")
    page = summary.read_text()
    assert page.startswith("**specs/lenet5.toml@HEAD → specs/lenet5.toml: layers: 1 changed")
    assert page.count("\n**") == 0
    assert "| changed | F6" in page
    assert "</summary>\n\n```mermaid\n%% LeNet-5 (lenet5)\nflowchart" in page
    assert page.endswith("```\n\n</details>\n\n")


ODD = ("my net.toml", "-dash.toml", "--output=x.toml", "Zürich.toml", 'a"b.toml', "it's.toml")


@pytest.mark.parametrize("lines", [True, False])
@pytest.mark.parametrize("name", [*ODD, "a,b$(touch evil);`touch evil`*.toml", "$HOME:1@x.toml"])
def test_the_action_takes_names_of_every_kind(shell: Path, name: str, lines: bool) -> None:
    shutil.copy(ROOT / "specs" / "lenet5.toml", shell / name)
    (shell / "other.toml").write_text("name = 3\nlayers = [1]\n")
    bash("git add .; git -c user.name=A -c user.email=a@b.c commit -q -m second")
    spec = shell / name
    spec.write_text(spec.read_text().replace("out_features = 84", "out_features = 85"))
    quote = "'" if '"' in name else '"'
    paths = f"{name}\nspecs\n" if lines else f"specs {quote}{name}{quote}"
    assert "2 files, 2 networks" in step("Check specs", paths=paths)
    step("Check specs", 1, paths=f"{paths} other.toml" if not lines else f"{paths}other.toml\n")
    before = {*shell.iterdir()}
    step("Summarize changes", base="HEAD", paths=paths)
    assert "| changed | F6" in (shell.parent / "summary").read_text()
    assert {*shell.iterdir()} == before


@pytest.mark.parametrize("base", ["--output=x", "-O", "no_such_branch", "HEAD;touch x", "a b", "%"])
def test_the_action_refuses_a_base_that_is_no_revision(shell: Path, base: str) -> None:
    spoil(shell)
    before = {*shell.iterdir()}
    page = step("Summarize changes", 2, base=base)
    assert page.startswith("::error title=cnnspec::base: there is no revision")
    assert {*shell.iterdir()} == before
    assert not (shell.parent / "summary").exists()


def test_options_of_the_action_may_be_quoted(shell: Path) -> None:
    bash("cnnspec lock")
    spoil(shell)
    step("Check specs", 0, options="  --ignore  'K001,K002' --locked ")
    step("Check specs", 1, options="")
    assert "is not closed" in step("Check specs", 2, options="--ignore 'K001")


@pytest.mark.parametrize(
    ("words", "wanted", "unwanted"),
    [
        (["di"], {"diff"}, {"draw"}),
        (["table", "alexn"], {"alexnet", "alexnet_single_tower"}, {"lenet5", "alexnet.toml"}),
        (["diff", "resnet50", "resnet10"], {"resnet101"}, {"resnet50"}),
        (["sizes", "vgg1"], {"vgg11", "vgg16_bn"}, {"unet"}),
        (["explain", "alexnet", "con"], {"conv1", "conv5"}, {"fc6", "norm1"}),
        (["explain", "resnet18", "lay"], {"layer1", "layer4"}, {"layer1.0"}),
        (["explain", "resnet18", "layer2.0.d"], {"layer2.0.downsample"}, {"layer2.0"}),
        (["explain", "no_such_network", "c"], set(), {"conv1"}),
        (["table", "specs/le"], {"specs/lenet5.toml"}, set()),
        (["table", "lenet5", "--form"], {"--format"}, {"--set"}),
        (["table", "lenet5", "--format", "la"], {"latex"}, {"json"}),
    ],
)
def test_bash_completes(
    shell: Path, words: list[str], wanted: set[str], unwanted: set[str]
) -> None:
    script = (
        'eval "$(_CNNSPEC_COMPLETE=bash_source cnnspec)"; compopt() { default=$2; };'
        " COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _cnnspec_completion cnnspec; if [ ${#COMPREPLY[@]}"
        ' = 0 ] && [ "$default" = default ]; then COMPREPLY=($(compgen -f -- "$2")); fi; printf'
        ' "%s\\n" "${COMPREPLY[@]}"'
    )
    line = ["cnnspec", *words]
    found = set(
        bash(
            f"set -- x {shlex.quote(words[-1])}; COMP_WORDS=({shlex.join(line)}); {script}"
        ).split()
    )
    assert found >= wanted
    assert not found & unwanted
    assert all(word.startswith(words[-1]) for word in found)


@pytest.mark.parametrize(
    ("kind", "line", "word"),
    [
        ("zsh", "compdef _cnnspec_completion cnnspec", "2"),
        ("fish", "complete --no-files --command cnnspec", "resn"),
    ],
)
def test_other_shells_get_a_script_and_the_same_words(
    shell: Path, kind: str, line: str, word: str
) -> None:
    assert line in bash(f"_CNNSPEC_COMPLETE={kind}_source cnnspec")
    words = bash(
        f"_CNNSPEC_COMPLETE={kind}_complete COMP_WORDS='cnnspec table resn' COMP_CWORD={word}"
        " cnnspec"
    )
    assert {"resnet18", "resnext50_32x4d"} <= set(re.split(r"[,\s]+", words))
    assert "alexnet" not in words


def test_the_help_says_how_to_complete() -> None:
    assert (
        'eval "$(_CNNSPEC_COMPLETE=bash_source cnnspec)"'
        in CliRunner().invoke(cli, ["--help"]).output
    )
