"""The entry point of the command line: ``cnnspec`` and ``python -m cnnspec``."""

import gc
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sys import UnraisableHookArgs

INTERRUPTED = 130  # as shells report a program that Ctrl-C has ended


def main() -> None:
    """Run the command line, and exit with its code."""
    gc.disable()  # collecting garbage while modules load takes 4% of a command's time
    sys.unraisablehook = exit_if_interrupted
    try:
        from cnnspec.cli import run

        code = run()
    except KeyboardInterrupt:
        print("cnnspec: interrupted", file=sys.stderr)
        code = INTERRUPTED
    finally:
        gc.freeze()  # and collecting it once more before Python exits takes 7%
    sys.exit(code)


def exit_if_interrupted(lost: "UnraisableHookArgs") -> None:
    """Exit if Ctrl-C came while Python ran a callback, which would lose the exception."""
    if issubclass(lost.exc_type, KeyboardInterrupt):
        print("cnnspec: interrupted", file=sys.stderr, flush=True)
        os._exit(INTERRUPTED)
    sys.__unraisablehook__(lost)


if __name__ == "__main__":
    main()
