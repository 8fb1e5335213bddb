"""A verdict that shows itself: in a terminal as text, in a notebook as HTML."""

from cnnspec.analyses.verdict import Verdict


class PrintedVerdict(Verdict):
    """What a verification found; true where all holds. ``checks`` are the comparisons with their
    differences."""

    def __str__(self) -> str:
        from cnnspec.report.verdicts.text import one

        return one(self)

    def _repr_html_(self) -> str:
        from cnnspec.report.verdicts.html import one

        return one(self)
