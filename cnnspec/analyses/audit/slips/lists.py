"""Slips of lists: lines of a network that a printed list leaves out, or has too many."""

from collections.abc import Iterator

from cnnspec.analyses.audit.sameness import words_of
from cnnspec.analyses.audit.slips.context import Context
from cnnspec.analyses.audit.structure import of_rows
from cnnspec.analyses.audit.verdict import Found


def left_out(c: Context) -> Iterator[Found]:
    """One run of lines left out of a list, or one too many in it."""
    if c.sheet is None:
        return
    right, wrong = of_rows(c.sheet, list(c.rows), c.claim.quantity)[0][1], words_of(c.claim.value)
    for longer, shorter, what in ((right, wrong, "left out"), (wrong, right, "too many")):
        n = len(longer) - len(shorter)
        for i in range(len(shorter) + 1) if n > 0 else ():
            if longer[:i] + longer[i + n :] == shorter:
                yield Found(what, f"{what}: {', '.join(longer[i : i + n])}, {place(i, longer)}")
                return


def place(i: int, words: list[str]) -> str:
    return f"after line {i}, {words[i - 1]}" if i else "at the beginning"
