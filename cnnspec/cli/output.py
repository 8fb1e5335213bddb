"""Writing a command's pages to standard output or into files."""

import os
import sys

from cnnspec.problems import RequestError, visible


def print_page(page: str) -> None:
    """Print a page in the encoding of the terminal. Raises RequestError where that fails."""
    try:
        print(page, flush=True)
    except OSError as error:
        # Python would try to write the rest again when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):  # the reader, such as head, has stopped
            raise RequestError(f"the output cannot be written: {error.strerror}") from None


def check_writable(path: str) -> None:
    """Raise RequestError if a file cannot be written, before a long run instead of after it."""
    folder = os.path.dirname(path) or "."
    if not os.path.isdir(folder) or not os.access(
        path if os.path.exists(path) else folder, os.W_OK
    ):
        raise RequestError(f"{visible(path)} cannot be written")


def save_page(path: str, page: str) -> None:
    """Write a page into a file. Raises RequestError where that fails."""
    try:
        with open(path, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(page + "\n")
    except OSError as error:
        raise RequestError(f"{visible(path)} cannot be written: {error.strerror}") from None


def write_pages(folder: str, pages: dict[str, str]) -> None:
    """Write pages by their paths below a folder, each completely or not at all.

    Raises RequestError where one cannot be written."""
    for path, page in pages.items():
        whole = os.path.join(folder, *path.split("/"))
        part = f"{whole}.part"
        try:
            os.makedirs(os.path.dirname(whole), exist_ok=True)
            with open(part, "w", encoding="utf-8", newline="\n") as file:
                file.write(page)
            os.replace(part, whole)
        except OSError as error:
            if os.path.isfile(part):
                os.remove(part)
            raise RequestError(f"{visible(whole)} cannot be written: {error.strerror}") from None
