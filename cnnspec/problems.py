"""The one vocabulary of findings: what is wrong, where, by which rule, and what would mend it.

Every room above speaks of faults only in these terms. A problem's text is plain: names that a user
wrote pass through :func:`visible`, so that no control character or terminal escape reaches a
screen."""

from collections.abc import Iterable
from itertools import islice

from cnnspec.records import Record

ERROR_RULES = {
    "T001": "a spec is a readable file of at most 512 KiB",
    "T002": "a spec is UTF-8 text without a byte-order mark",
    "T003": "a spec is TOML 1.0",
    "L001": "every key is known",
    "L002": "required keys are there",
    "L003": "values have the type and range of their key",
    "L004": "names are unique, printable and free",
    "L005": "op names an operator or a block",
    "L006": "from names inputs and lines above",
    "L007": "expressions use known names, and only arithmetic",
    "L008": "blocks get the arguments that they declare",
    "L009": "repeat and each unroll one line into named lines",
    "L010": "blocks do not call themselves, and nest at most 32 deep",
    "L011": "a network has at most a stated number of lines",
    "L012": "every layer is read by another or named in outputs",
    "L013": "included files lie among the specs or below the file's own folder",
    "L014": "shared layers repeat a line above",
    "L015": "variants set arguments that the network declares",
    "L016": "training-only layers feed nothing that remains at inference",
    "D001": "an operator takes inputs of its number of dimensions",
    "D002": "a window fits into the padded input",
    "D003": "inputs that are joined agree in shape",
    "D004": "channels divide into their groups",
    "D005": "an output has the elements that its input gives",
    "D006": "an operator takes its number of inputs",
    "D007": "a tensor has fewer than 2**53 elements",
    "D008": "at another input size, parameters keep their shapes",
}


class Where(Record):
    """A place in a file (``line`` and ``column`` count from 1), or, with line 0, an argument given
    outside."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        name = visible(self.file)
        return f"{name}:{self.line}:{self.column}" if self.line else name


class Problem(Record):
    """One finding.

    ``message`` states the rule as it applies here, then the numbers; ``hint`` what would mend it.
    ``calls`` names the block calls in which it occurs, the first with its arguments.
    """

    where: Where
    rule: str
    message: str
    hint: str = ""
    calls: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [f"{self.where}: {self.rule} {self.message}"]
        if self.calls:
            first, *others = self.calls
            shown = ", ".join(others[:6]) + (
                f" and {len(others) - 6} more" if len(others) > 6 else ""
            )
            lines.append(f"  in {first}" + (f";  also {shown}" if others else ""))
        if self.hint:
            lines.append(f"  help: {self.hint}")
        return "\n".join(lines)


class SpecError(Exception):
    """A spec that cannot be understood: all its problems, in file order, or the first of too
    many."""

    def __init__(self, problems: Iterable[Problem], complete: bool = True):
        self.problems = sorted(set(problems), key=problem_order)
        more = [] if complete else ["and more: reading stopped here"]
        super().__init__("\n".join([*map(str, self.problems), *more]))
        self.complete = complete


def problem_order(problem: Problem) -> tuple[str, int, int, str, str]:
    """By what problems are sorted: their place in the file."""
    where = problem.where
    return where.file, where.line, where.column, problem.rule, problem.message


class RequestError(Exception):
    """A request that cannot be understood: an unknown network, a layer that is not there, a missing
    extra."""


class TooManyProblems(Exception):
    """More problems than anyone reads; noted are the first."""


def visible(text: object, limit: int = 120) -> str:
    """``text`` with control characters and escapes spelled out, and cut at ``limit`` characters."""
    shown = str(text)[: limit + 1]
    if not shown.isprintable():
        shown = "".join(
            c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in shown
        )
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def nearest_name(word: str, known: Iterable[str]) -> str:
    """The one of ``known`` that ``word`` is a misspelling of, or nothing."""
    import difflib  # wanted only where something is wrong

    near = (
        difflib.get_close_matches(word, list(islice(known, 256)), n=1, cutoff=0.6)
        if len(word) < 100
        else []
    )
    return near[0] if near else ""


def did_you_mean(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """A hint that names the nearest of ``known``, or ``otherwise`` where none is near."""
    near = nearest_name(word, known)
    return f"did you mean {visible(near)!r}?" if near else otherwise
