"""Writing a command's pages to standard output or into files, each whole or not at all."""

import os
import sys
from contextlib import suppress
from typing import TextIO

from cnnspec.files import is_device, write_file
from cnnspec.problems import RequestError, visible

UNICODE = ("utf-8", "utf8", "utf-16", "utf-32")


def print_page(page: str) -> None:
    """Print a page in the encoding of the terminal. Raises RequestError where that fails."""
    stream = sys.stdout
    encoding = getattr(stream, "encoding", None) or "utf-8"
    if not encoding.lower().startswith(UNICODE) and not page.isascii():
        page = escape_page(page)
    try:
        print(page, flush=True)
    except OSError as error:
        silence_output()
        if not isinstance(error, BrokenPipeError):  # the reader, such as head, has stopped
            raise RequestError(f"the output cannot be written: {error.strerror}") from None


def page_width() -> int:
    """The columns of the terminal that shows standard output, at least 80; 80 for other outputs."""
    try:
        return max(80, os.get_terminal_size(sys.stdout.fileno()).columns)
    except (AttributeError, OSError, ValueError):
        return 80


def escape_page(page: str) -> str:
    """Return JSON, HTML and XML in ASCII, with their own escapes; text is escaped when printed."""
    if page.startswith(("{", "[")):
        from json import dumps

        return "".join([c if c.isascii() else dumps(c)[1:-1] for c in page])
    if page.startswith("<"):
        return page.encode("ascii", "xmlcharrefreplace").decode("ascii")
    return page


def silence_output() -> int:
    """Discard what standard output still has to write, and return 0.

    Python would try to write it again when it exits."""
    discard(sys.stdout)
    return 0


def discard(stream: TextIO) -> None:
    """Let everything that is written to a stream disappear."""
    with suppress(AttributeError, OSError, ValueError):  # there may be no stream
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def print_error(text: str) -> None:
    """Print a text to standard error, if somebody can read it."""
    try:
        print(text, file=sys.stderr, flush=True)
    except (OSError, ValueError):
        discard(sys.stderr)


def print_note(text: str) -> None:
    """Print a sentence of cnnspec to standard error, if there is one."""
    if text:
        print_error(f"cnnspec: {text}")


def check_writable(path: str) -> None:
    """Raise RequestError if a file cannot be written, before a long run instead of after it."""
    folder = os.path.dirname(path) or "."
    if os.path.isdir(path):
        raise RequestError(f"{visible(path)} cannot be written: it is a folder")
    there = path if is_device(path) else folder
    if not os.path.isdir(folder) or not os.access(there, os.W_OK):
        raise RequestError(f"{visible(path)} cannot be written")


def save_page(path: str, page: str) -> None:
    """Write a page into a file. Raises RequestError where that fails."""
    write_file(path, page + "\n")


def write_pages(folder: str, pages: dict[str, str]) -> None:
    """Write pages by their paths below a folder. Raises RequestError where one cannot be written.

    Folders are made as needed."""
    for path, page in pages.items():
        whole = os.path.join(folder, *path.split("/"))
        try:
            os.makedirs(os.path.dirname(whole) or ".", exist_ok=True)
        except OSError as error:
            raise RequestError(f"{visible(whole)} cannot be written: {error.strerror}") from None
        write_file(whole, page)
