"""The settings and extensions for editors start the language server of this version."""

import json
import tomllib
from pathlib import Path

import cnnspec
from cnnspec.cli import COMMANDS

EDITORS = Path(__file__).parents[1] / ".github" / "editors"


def read(name: str) -> str:
    """The text of a file for editors."""
    return (EDITORS / name).read_text(encoding="utf-8")


def test_extensions_have_the_version_of_the_package() -> None:
    package = json.loads(read("vscode/package.json"))
    assert package["version"] == cnnspec.__version__
    assert tomllib.loads(read("zed/extension.toml"))["version"] == cnnspec.__version__
    assert tomllib.loads(read("zed/Cargo.toml"))["package"]["version"] == cnnspec.__version__
    assert f"cnnspec-{cnnspec.__version__}.vsix" in read("README.md")


def test_all_editors_start_the_server() -> None:
    assert "lsp" in COMMANDS
    settings = json.loads(read("vscode/package.json"))["contributes"]["configuration"]
    assert settings["properties"]["cnnspec.command"]["default"] == ["cnnspec", "lsp"]
    server = tomllib.loads(read("helix.toml"))["language-server"]["cnnspec"]
    assert [server["command"], *server["args"]] == ["cnnspec", "lsp"]
    assert 'cmd = { "cnnspec", "lsp" }' in read("neovim.lua")
    assert (
        "cnnspec" in json.loads(read("zed-settings.json"))["languages"]["TOML"]["language_servers"]
    )
    assert 'which("cnnspec")' in read("zed/src/lib.rs")


def test_readme_names_every_file() -> None:
    readme = read("README.md")
    for path in EDITORS.iterdir():
        assert path.name in readme or path.name == "README.md"
