"""cnnspec site: what it writes, what it asks for, and that all its links lead somewhere."""

import io
import json
import posixpath
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import cnnspec
from cnnspec.cli import cli
from cnnspec.site.archive import make_archive
from cnnspec.site.libraries import EDITOR_MODULES, PUBLIC, PYODIDE_FILES, find_libraries
from cnnspec.site.playground import render_playground


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["site", *arguments])


def make_copies(folder: Path) -> tuple[Path, Path]:
    """Folders with the names of the libraries' files."""
    pyodide, modules = folder / "pyodide", folder / "node_modules"
    pyodide.mkdir()
    for name in (*PYODIDE_FILES, "pyodide.asm.mjs"):
        (pyodide / name).write_text(json.dumps({"info": {"python": "3.14.2"}}))
    for module in EDITOR_MODULES:
        for name in (module.file, "LICENSE"):
            path = modules / module.package / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("")
    return pyodide, modules


class References(HTMLParser):
    """The addresses that a page links to or loads, and its anchors."""

    def __init__(self, page: str):
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.links += [str(values[key]) for key in ("href", "src") if key in values]
        self.anchors |= {str(values[key]) for key in ("id", "name") if key in values}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    result = run(str(folder))
    assert result.exit_code == 0, result.output
    return folder


@pytest.mark.long
def test_all_links_are_relative_and_lead_to_files_and_anchors(site: Path) -> None:
    pages = {p.relative_to(site).as_posix(): p.read_text("utf-8") for p in site.rglob("*.html")}
    assert len(pages) > 250
    found = {path: References(text) for path, text in pages.items()}
    faults = [fault for path in pages for fault in broken_links(site, path, found)]
    assert faults == []


def broken_links(site: Path, path: str, found: dict[str, References]) -> Iterator[str]:
    for link in found[path].links:
        target, _, part = link.partition("#")
        if link.startswith(("data:", f"{PUBLIC}/")) or "://" in target:
            continue
        whole = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        whole = path if not target else whole
        if target.startswith("/") or not (site / whole).is_file():
            yield f"{path}: {link}"
        elif part and whole != "playground.html" and part not in found[whole].anchors:
            yield f"{path}: {link} has no anchor"


@pytest.mark.long
def test_every_network_has_a_page_that_the_list_names(site: Path) -> None:
    names = [name for family in cnnspec.networks().values() for name in family]
    listed = (site / "networks.html").read_text("utf-8")
    assert re.findall(r'href="networks/(\w+)\.html"', listed) == names
    for name in names:
        assert f"#network={name}" in (site / "networks" / f"{name}.html").read_text("utf-8")


@pytest.mark.long
def test_pages_read_without_scripts(site: Path) -> None:
    for page in ("index", "networks", "reports/language", "reports/families/lenet5"):
        text = re.sub(r"(?s)<script.*?</script>", "", (site / f"{page}.html").read_text("utf-8"))
        assert "<h1" in text
        assert len(text) > 1000
    assert "<noscript>" in (site / "playground.html").read_text("utf-8")


def test_local_copies_leave_no_public_address(tmp_path: Path) -> None:
    pyodide, modules = make_copies(tmp_path)
    folder = tmp_path / "site"
    result = run(
        str(folder), "--playground-only", "--pyodide", str(pyodide), "--codemirror", str(modules)
    )
    assert result.exit_code == 0, result.output
    page = (folder / "playground.html").read_text("utf-8")
    assert "https:" not in page
    for link in References(page).links:
        if not link.startswith(("#", "data:")) and link.startswith(("static/", "./")):
            assert (folder / link).is_file(), link
    assert (folder / "pyodide" / "python_stdlib.zip").is_file()
    assert (folder / "codemirror" / "crelt" / "LICENSE").is_file()


def test_public_addresses_have_versions_and_the_policy_allows_no_others() -> None:
    page = render_playground(find_libraries(None, None))
    addresses = re.findall(rf"{PUBLIC}/((?:@[\w-]+/)?[\w-]+)(@?)", page)
    assert {name for name, at in addresses if at} >= {m.package for m in EDITOR_MODULES}
    assert [name for name, at in addresses if not at] == []
    (policy,) = re.findall('Security-Policy" content="([^"]*)"', page)
    assert f"connect-src 'self' {PUBLIC}/" in policy
    assert "connect-src 'self';" in render_policy_without_addresses(page)


def render_policy_without_addresses(page: str) -> str:
    return page.replace(f" {PUBLIC}/", "")


@pytest.mark.parametrize("missing", ["pyodide.asm.wasm", "pyodide.asm.mjs", "python_stdlib.zip"])
def test_an_incomplete_copy_of_pyodide_is_refused(tmp_path: Path, missing: str) -> None:
    pyodide, _ = make_copies(tmp_path)
    (pyodide / missing).unlink()
    result = run(str(tmp_path / "site"), "--pyodide", str(pyodide))
    assert result.exit_code != 0
    assert missing in str(result.exception)
    assert not (tmp_path / "site").exists()


def test_a_lock_file_that_is_not_pyodides_is_refused(tmp_path: Path) -> None:
    pyodide, _ = make_copies(tmp_path)
    (pyodide / "pyodide-lock.json").write_text("[]")
    assert "pyodide-lock.json" in str(run(str(tmp_path / "s"), "--pyodide", str(pyodide)).exception)


def test_an_incomplete_copy_of_codemirror_is_refused(tmp_path: Path) -> None:
    _, modules = make_copies(tmp_path)
    (modules / "style-mod" / "src" / "style-mod.js").unlink()
    result = run(str(tmp_path / "site"), "--codemirror", str(modules))
    assert "style-mod.js" in str(result.exception)


@pytest.mark.parametrize("options", [["--reports", "nowhere"], []])
def test_what_cannot_be_written_is_refused(tmp_path: Path, options: list[str]) -> None:
    file = tmp_path / "file"
    file.write_text("")
    result = run(str(file), *options)
    assert result.exit_code != 0
    assert "cannot be written" in str(result.exception) or "nowhere" in str(result.exception)


def test_the_archive_is_whole_and_the_same_each_time(tmp_path: Path) -> None:
    data = make_archive()
    assert data == make_archive()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(tmp_path)
    assert [*tmp_path.glob("mdurl-*/LICENSE")]
    script = (
        "import sys; sys.path = [sys.argv[1]] + [p for p in sys.path if 'site-packages' not in p];"
        "import cnnspec; from cnnspec.site.session import PlaygroundSession;"
        "assert cnnspec.__file__.startswith(sys.argv[1]);"
        "s = PlaygroundSession(); s.write('name = \"a\"');"
        "print(s.answer('edit', '[]'), s.answer('networks', '[]'), s.answer('explain', '[0, 0]'))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", script, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "resnet50" in done.stdout, done.stderr
