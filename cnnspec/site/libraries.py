"""The libraries that a playground loads: Pyodide and CodeMirror, from local copies or an address.

A site without local copies names the address of each file with its version; the browser loads them
from there. Nothing else is loaded from elsewhere."""

import json
import os

from cnnspec.problems import RequestError, visible
from cnnspec.records import Record

PUBLIC = "https://cdn.jsdelivr.net/npm"  # serves the files of npm packages by their versions
PYODIDE = "314.0.8"
PYODIDE_FILES = ("pyodide.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")
PYODIDE_CODE = ("pyodide.asm.mjs", "pyodide.asm.js")  # one of them, depending on the version


class EditorModule(Record):
    """A module of CodeMirror: its npm package, the version that was tested, its file there, and

    the name by which other modules import it. All of them have the MIT licence."""

    package: str
    version: str
    file: str = "dist/index.js"
    name: str = ""

    @property
    def import_name(self) -> str:
        """The name by which other modules import it."""
        return self.name or self.package


EDITOR_MODULES = (
    EditorModule("@codemirror/autocomplete", "6.20.4"),
    EditorModule("@codemirror/commands", "6.11.1"),
    EditorModule("@codemirror/language", "6.13.1"),
    EditorModule(
        "@codemirror/legacy-modes", "6.5.5", "mode/toml.js", "@codemirror/legacy-modes/mode/toml"
    ),
    EditorModule("@codemirror/lint", "6.9.8"),
    EditorModule("@codemirror/state", "6.7.6"),
    EditorModule("@codemirror/streamparser", "6.0.0"),
    EditorModule("@codemirror/view", "6.43.15"),
    EditorModule("@lezer/common", "1.5.5"),
    EditorModule("@lezer/highlight", "1.2.5"),
    EditorModule("@marijn/find-cluster-break", "1.0.4", "src/index.js"),
    EditorModule("crelt", "1.0.7", "index.js"),
    EditorModule("style-mod", "4.1.5", "src/style-mod.js"),
    EditorModule("w3c-keyname", "2.2.8", "index.js"),
)


class PageLibraries(Record):
    """What a playground loads: the folder of Pyodide, the modules of CodeMirror by name, and files.

    Addresses are relative to the page where there is a local copy. ``files`` are those to copy into
    the site, by their paths there; ``versions`` says what is loaded, in words."""

    pyodide: str
    modules: dict[str, str]
    files: dict[str, str]
    versions: str

    @property
    def origin(self) -> str:
        """The public address that the page loads from; "" where all files are local."""
        addresses = [self.pyodide, *self.modules.values()]
        return PUBLIC if any(map(self.is_public, addresses)) else ""

    @staticmethod
    def is_public(address: str) -> bool:
        """Tell whether an address is not that of a local copy."""
        return address.startswith(PUBLIC)


def find_libraries(pyodide: str | None, codemirror: str | None) -> PageLibraries:
    """Return what a playground loads.

    ``pyodide`` is a folder with the files of the npm package pyodide, ``codemirror`` a folder
    node_modules with CodeMirror's packages; None means the public address. Raises RequestError for
    a folder that lacks a file."""
    files: dict[str, str] = {}
    address, version = f"{PUBLIC}/pyodide@{PYODIDE}/", PYODIDE
    if pyodide is not None:
        found = find_pyodide(pyodide)
        address, version = "pyodide/", read_version(pyodide)
        files |= {f"pyodide/{os.path.basename(path)}": path for path in found}
    modules = {m.import_name: f"{PUBLIC}/{m.package}@{m.version}/{m.file}" for m in EDITOR_MODULES}
    if codemirror is not None:
        modules = {m.import_name: f"codemirror/{m.package}/{m.file}" for m in EDITOR_MODULES}
        for module in EDITOR_MODULES:
            for name in (module.file, "LICENSE"):
                path = os.path.join(codemirror, *module.package.split("/"), *name.split("/"))
                require_file(path, "--codemirror", "a folder node_modules with CodeMirror 6")
                files[f"codemirror/{module.package}/{name}"] = path
    licence = "Pyodide {} (MPL-2.0) and CodeMirror 6 (MIT)"
    return PageLibraries(address, modules, files, licence.format(version))


def find_pyodide(folder: str) -> list[str]:
    """Return the files of a copy of Pyodide. Raises RequestError where one is missing."""
    what = "the files of the npm package pyodide"
    for name in PYODIDE_FILES:
        require_file(os.path.join(folder, name), "--pyodide", what)
    code = [name for name in PYODIDE_CODE if os.path.isfile(os.path.join(folder, name))]
    if not code:
        require_file(os.path.join(folder, PYODIDE_CODE[0]), "--pyodide", what)
    return [os.path.join(folder, name) for name in (*PYODIDE_FILES, *code)]


def require_file(path: str, option: str, what: str) -> None:
    """Raise RequestError where a file of a local copy is missing."""
    if not os.path.isfile(path):
        raise RequestError(f"{option} takes a folder with {what}; {visible(path)} is missing")


def read_version(folder: str) -> str:
    """Return the version of a copy of Pyodide, from the file that names its Python packages."""
    try:
        with open(os.path.join(folder, "pyodide-lock.json"), encoding="utf-8") as file:
            info = json.load(file)["info"]
        return f"for Python {info['python']}"
    except (OSError, ValueError, KeyError, TypeError):
        raise RequestError(
            f"--pyodide: {visible(folder)}/pyodide-lock.json is not that of Pyodide"
        ) from None
