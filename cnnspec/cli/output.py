"""Writing a command's page to standard output, whatever is at its other end."""

import os
import sys

from cnnspec.problems import RequestError, visible


def print_page(page: str) -> None:
    """Print a page in the terminal's own encoding. Raises RequestError where it cannot be
    written."""
    try:
        print(page, flush=True)
    except OSError as error:
        os.dup2(
            os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
        )  # or Python would try again at its end
        if not isinstance(error, BrokenPipeError):  # the reader, head for one, has seen enough
            raise RequestError(f"the output cannot be written: {error.strerror}") from None


def check_writable(path: str) -> None:
    """Raises RequestError where a file cannot be written: better before a long run than after
    it."""
    folder = os.path.dirname(path) or "."
    if not os.path.isdir(folder) or not os.access(
        path if os.path.exists(path) else folder, os.W_OK
    ):
        raise RequestError(f"{visible(path)} cannot be written")


def save_page(path: str, page: str) -> None:
    """Write a page into a file. Raises RequestError where it cannot be written."""
    try:
        with open(path, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(page + "\n")
    except OSError as error:
        raise RequestError(f"{visible(path)} cannot be written: {error.strerror}") from None


def write_pages(folder: str, pages: dict[str, str]) -> None:
    """Write pages by their paths below a folder, each whole or not at all. Raises RequestError
    where one cannot be."""
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
