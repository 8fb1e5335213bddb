"""Writing the site: pages, static files, the archive of Python code, copies of libraries."""

import os
from collections.abc import Iterator

from cnnspec.files import write_file
from cnnspec.problems import RequestError, visible
from cnnspec.records import Record
from cnnspec.report.html_page import BASE_STYLE
from cnnspec.site.archive import make_archive
from cnnspec.site.frame import STATIC
from cnnspec.site.libraries import PageLibraries
from cnnspec.site.pages import render_reports
from cnnspec.site.playground import ARCHIVE, PATH, render_playground
from cnnspec.site.zoo_pages import render_zoo

SCRIPTS = (".js", ".css")


class WrittenSite(Record):
    """The number of files that were written, and of their bytes."""

    files: int
    bytes: int


def write_site(
    folder: str, libraries: PageLibraries, reports: str, zoo: bool = True
) -> WrittenSite:
    """Write the site into a folder, which is made as needed. Files that are there are replaced.

    ``reports`` is the folder with measurements; without ``zoo`` only the playground is written.
    Raises RequestError where a file cannot be read or written."""
    count = total = 0
    for path, content in site_files(libraries, reports, zoo):
        data = content if isinstance(content, bytes) else content.encode()
        whole = os.path.join(folder, *path.split("/"))
        try:
            os.makedirs(os.path.dirname(whole), exist_ok=True)
        except OSError as error:
            raise RequestError(f"{visible(whole)} cannot be written: {error.strerror}") from None
        write_file(whole, data)
        count, total = count + 1, total + len(data)
    return WrittenSite(count, total)


def site_files(
    libraries: PageLibraries, reports: str, zoo: bool = True
) -> Iterator[tuple[str, str | bytes]]:
    """Yield the path and the content of each file of the site."""
    yield PATH, render_playground(libraries)
    yield ARCHIVE, make_archive()
    yield "static/base.css", BASE_STYLE.read_bytes()
    for file in sorted(STATIC.iterdir()):
        if file.suffix in SCRIPTS:
            yield f"static/{file.name}", file.read_bytes()
    for path, source in libraries.files.items():
        yield path, read_bytes(source)
    if zoo:
        yield from render_reports(reports).items()
        yield from render_zoo()
        yield ".nojekyll", ""  # GitHub Pages publishes the files as they are


def read_bytes(path: str) -> bytes:
    """Return the content of a file. Raises RequestError where it cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise RequestError(f"{visible(path)} cannot be read: {error.strerror}") from None
