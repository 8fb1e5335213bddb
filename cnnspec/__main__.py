"""The entry of the command line, as ``cnnspec`` and as ``python -m cnnspec``."""

import gc


def main() -> None:
    """Run the command line."""
    gc.disable()  # a command is short and makes little garbage; collecting while modules load costs 4% of its start
    from cnnspec.cli import run

    try:
        run()
    finally:
        gc.freeze()  # and so does looking for garbage once more before Python ends, 7%


if __name__ == "__main__":
    main()
