"""The entry point of the command line: ``cnnspec`` and ``python -m cnnspec``."""

import gc
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sys import UnraisableHookArgs
    from typing import TextIO

INTERRUPTED = 130  # as shells report a program that Ctrl-C has ended


def main() -> None:
    """Run the command line, and exit with its code."""
    gc.disable()  # collecting garbage while modules load takes 4% of a command's time
    sys.unraisablehook = exit_if_interrupted
    open_closed_streams()
    try:
        from cnnspec.cli import run

        code = run()
    except KeyboardInterrupt:
        print("cnnspec: interrupted", file=sys.stderr)
        code = INTERRUPTED
    finally:
        gc.freeze()  # and collecting it once more before Python exits takes 7%
    sys.exit(code)


def open_closed_streams() -> None:
    """Open the standard streams that are closed, so that no other file gets their places.

    Writing to standard output is an error then, which a caller learns of; Python would drop the
    text. Errors, which nobody can read, are dropped."""
    if sys.stdin is None:
        os.open(os.devnull, os.O_WRONLY)
    if sys.stdout is None:
        sys.stdout = open_stream(os.O_RDONLY)
    if sys.stderr is None:  # print would write to standard output instead
        sys.stderr = open_stream(os.O_WRONLY)


def open_stream(flags: int) -> "TextIO":
    """Open the null device as a stream of text."""
    return os.fdopen(os.open(os.devnull, flags), "w", encoding="utf-8")


def exit_if_interrupted(lost: "UnraisableHookArgs") -> None:
    """Exit if Ctrl-C came while Python ran a callback, which would lose the exception."""
    if issubclass(lost.exc_type, KeyboardInterrupt):
        print("cnnspec: interrupted", file=sys.stderr, flush=True)
        os._exit(INTERRUPTED)
    sys.__unraisablehook__(lost)


if __name__ == "__main__":
    main()
