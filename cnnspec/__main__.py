"""The entry point of the command line: ``cnnspec`` and ``python -m cnnspec``."""

import gc
import sys


def main() -> None:
    """Run the command line, and exit with its code."""
    gc.disable()  # collecting garbage while modules load takes 4% of a command's time
    try:
        from cnnspec.cli import run

        code = run()
    except KeyboardInterrupt:
        print("cnnspec: interrupted", file=sys.stderr)
        code = 130
    finally:
        gc.freeze()  # and collecting it once more before Python exits takes 7%
    sys.exit(code)


if __name__ == "__main__":
    main()
