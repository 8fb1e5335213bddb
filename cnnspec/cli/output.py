"""Writing a command's page to standard output, whatever is at its other end."""

import os
import sys

from cnnspec.problems import RequestError


def show(page: str) -> None:
    """Print a page in the terminal's own encoding. Raises RequestError where it cannot be written."""
    try:
        print(page, flush=True)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python would try again at its end
        if not isinstance(error, BrokenPipeError):  # the reader, head for one, has seen enough
            raise RequestError(f"the output cannot be written: {error.strerror}") from None
