"""Problems: what is wrong in a spec, where, by which rule, and a hint how to mend it.

All packages report problems this way. Names that a user wrote go through :func:`visible`, so that
no control character or terminal escape reaches a screen."""

from collections.abc import Iterable
from itertools import islice

from cnnspec.records import Record

# errors that cannot be ignored: T about the file, L the language, D dimensions and shapes
MAX_FILE_PATH = 4096  # characters: a shorter limit would cut off the name of the file
ERROR_RULES = {
    "T001": "a spec is a readable file of at most 512 KiB",
    "T002": "a spec is UTF-8 text without a byte-order mark",
    "T003": "a spec is TOML 1.0",
    "L001": "every key is known",
    "L002": "required keys are there",
    "L003": "values have the type and range of their key",
    "L004": "names are unique, printable and not reserved",
    "L005": "op names an operator or a block",
    "L006": "from names inputs and lines above it",
    "L007": "expressions use known names, and only arithmetic",
    "L008": "blocks get the arguments that they declare",
    "L009": "repeat and each expand one line into named lines",
    "L010": "blocks do not call themselves, and nest at most 32 deep",
    "L011": "a network has at most a stated number of lines",
    "L012": "every layer is read by another or named in outputs",
    "L013": "included files are in specs/ or below the file's own folder",
    "L014": "shared layers repeat a line above",
    "L015": "variants set arguments that the network declares",
    "L016": "layers that are there at inference do not read training-only layers",
    "D001": "an operator gets inputs with the number of dimensions that it takes",
    "D002": "a window fits into the padded input",
    "D003": "inputs that are joined agree in shape",
    "D004": "channels divide into their groups",
    "D005": "an output has as many elements as its input",
    "D006": "an operator gets the number of inputs that it takes",
    "D007": "a tensor has fewer than 2**53 elements",
    "D008": "at another input size, parameters keep their shapes",
}


class Where(Record):
    """A place in a file: line and column, from 1. Line 0 is for a whole file or an option."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        name = visible(self.file, MAX_FILE_PATH)
        return f"{name}:{self.line}:{self.column}" if self.line else name


class Problem(Record):
    """One thing that is wrong.

    ``message`` says what is wrong, with the numbers, and ``hint`` what would mend it. ``calls`` are
    the calls of blocks in which it occurs, the first with its arguments. ``change`` is a key of the
    line and its value in TOML, if setting it mends the problem.
    """

    where: Where
    rule: str
    message: str
    hint: str = ""
    calls: tuple[str, ...] = ()
    change: tuple[str, str] | None = None

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
    """A spec has problems: all of them in file order, or the first ones if not ``complete``."""

    def __init__(self, problems: Iterable[Problem], complete: bool = True):
        self.problems = sorted(set(problems), key=problem_order)
        more = [] if complete else ["there are more problems: reading stopped here"]
        super().__init__("\n".join([*map(str, self.problems), *more]))
        self.complete = complete

    def __reduce__(self) -> tuple[type, tuple[list[Problem], bool]]:
        """Pickle the problems: an exception by itself would pickle its message."""
        return SpecError, (self.problems, self.complete)


def problem_order(problem: Problem) -> tuple[str, int, int, str, str]:
    """Return the sort key of a problem: its place in the file."""
    where = problem.where
    return where.file, where.line, where.column, problem.rule, problem.message


class RequestError(Exception):
    """A request is wrong: for example an unknown network or layer, or a missing package."""


class TooManyProblems(Exception):
    """There are more problems than a reader wants. The first ones are kept."""


def visible(text: object, limit: int = 120) -> str:
    """Return ``text`` with control characters escaped, cut at ``limit`` characters."""
    shown = str(text)[: limit + 1]
    if not shown.isprintable():
        shown = "".join(
            c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in shown
        )
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def list_first(names: Iterable[object], most: int = 12) -> str:
    """Return the first names, joined with commas, and an ellipsis where there are more."""
    first = [visible(n, 60) for n in islice(names, most + 1)]
    return ", ".join([*first[:most], *["…"] * (len(first) > most)])


def describe_exception(error: BaseException) -> str:
    """Return an exception of somebody else's code in one line."""
    try:
        first = str(error).strip().partition("\n")[0]
    except Exception:  # its __str__ can do anything
        first = "its message cannot be read"
    return visible(f"{type(error).__name__}: {first}".removesuffix(": "), 300)


def nearest_name(word: str, known: Iterable[str]) -> str:
    """Return the one of ``known`` that ``word`` is most like, or "" if none is."""
    import difflib  # only where something is wrong

    near = (
        difflib.get_close_matches(word, list(islice(known, 256)), n=1, cutoff=0.6)
        if len(word) < 100
        else []
    )
    return near[0] if near else ""


def did_you_mean(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """Return a hint with the nearest of ``known``, or ``otherwise`` if none is near."""
    near = nearest_name(word, known)
    return f"did you mean {visible(near)!r}?" if near else otherwise
