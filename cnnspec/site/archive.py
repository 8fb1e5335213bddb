"""The archive of Python packages that a playground unpacks: cnnspec with its zoo, and Markdown."""

import io
import os
import zipfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution

from cnnspec.problems import RequestError
from cnnspec.spec.zoo import HERE, zoo_folder

OTHERS = ("markdown-it-py", "mdurl")  # pure Python packages that the session imports
DATE = (2020, 1, 1, 0, 0, 0)  # of every member: the same files give the same archive


def make_archive() -> bytes:
    """Return a ZIP of cnnspec, its zoo, and the packages in OTHERS with their licences.

    Raises RequestError where one of them is not installed."""
    members = dict(folder_members(HERE, "cnnspec"))
    members |= dict(folder_members(zoo_folder(), "cnnspec/specs"))
    for name in OTHERS:
        members |= dict(distribution_members(name))
    page = io.BytesIO()
    with zipfile.ZipFile(page, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(members):
            with open(members[name], "rb") as file:
                archive.writestr(zipfile.ZipInfo(name, DATE), file.read(), zipfile.ZIP_DEFLATED)
    return page.getvalue()


def folder_members(folder: str, base: str) -> Iterator[tuple[str, str]]:
    """Yield the names in the archive and the paths of the files in a folder."""
    for above, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__"]
        inner = os.path.relpath(above, folder).replace(os.sep, "/")
        for name in names:
            whole = f"{base}/{name}" if inner == "." else f"{base}/{inner}/{name}"
            yield whole, os.path.join(above, name)


def distribution_members(name: str) -> Iterator[tuple[str, str]]:
    """Yield the names in the archive and the paths of an installed package's modules and licence.

    Raises RequestError without the package."""
    try:
        found = distribution(name)
    except PackageNotFoundError:
        raise RequestError(f"a playground needs {name}: pip install 'cnnspec[site]'") from None
    for path in found.files or ():
        shown = str(path).replace(os.sep, "/")
        if shown.startswith("../") or "__pycache__" in shown or shown.endswith((".pyc", "RECORD")):
            continue
        if os.path.isfile(whole := str(path.locate())):
            yield shown, whole


def describe_archive() -> str:
    """Return the names and versions of what the archive has besides cnnspec."""
    return ", ".join(f"{name} {distribution(name).version} (MIT)" for name in OTHERS)
