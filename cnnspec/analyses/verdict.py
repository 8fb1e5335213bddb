"""What a verification found: one check for each thing compared, and whether all of them hold."""

from cnnspec.analyses.crosscheck import Difference
from cnnspec.problems import Where
from cnnspec.records import Record

PASSED, FAILED, IMPOSSIBLE, LIMITED = "passed", "failed", "impossible", "limited"
DEVICES = ("auto", "cuda", "cpu", "meta")  # on which a verification can be asked for


class Check(Record):
    """One comparison.

    ``status`` is passed; failed, with its ``differences`` in execution order; impossible, where
    what was asked for could not be done (a library that is not there, a model that cannot be run),
    which fails too; or limited, where a weaker comparison stands in for one that this machine
    cannot make. ``compared`` says how much was compared, and ``detail`` what else there is to say;
    ``figures`` are what was compared, where that are a few numbers."""

    name: str
    against: str
    status: str
    compared: str = ""
    detail: str = ""
    differences: tuple[Difference, ...] = ()
    figures: dict[str, int] = {}


class Verdict(Record):
    """All checks of one network; ``device`` and ``versions`` say where they were made.

    ``digest`` is that of the spec, and ``places`` are where in it the layers stand that differ.
    """

    network: str
    device: str
    versions: dict[str, str]
    checks: tuple[Check, ...]
    digest: str = ""
    places: dict[str, Where] = {}

    @property
    def passed(self) -> bool:
        return not any(c.status in (FAILED, IMPOSSIBLE) for c in self.checks)

    def __bool__(self) -> bool:
        return self.passed


def check(
    name: str, against: str, compared: str, differences: list[Difference], detail: str = ""
) -> Check:
    """A comparison that was made: it passed where there is no difference."""
    return Check(
        name, against, FAILED if differences else PASSED, compared, detail, tuple(differences)
    )
