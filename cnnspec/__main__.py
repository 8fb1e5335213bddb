"""The entry point of the command line: ``cnnspec`` and ``python -m cnnspec``."""

import gc


def main() -> None:
    """Run the command line."""
    gc.disable()  # collecting garbage while modules load takes 4% of a command's time
    from cnnspec.cli import run

    try:
        run()
    finally:
        gc.freeze()  # and collecting it once more before Python exits takes 7%


if __name__ == "__main__":
    main()
