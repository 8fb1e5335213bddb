"""Every code that a finding can have: what it demands, and how severe it is to break it."""

from cnnspec.problems import ERROR_RULES as LANGUAGE
from cnnspec.problems import RequestError, did_you_mean, visible
from cnnspec.rules.registry import RULES as LINT
from cnnspec.rules.registry import load_rule
from cnnspec.rules.rule import ADVICE, ERROR, WARNING

GATE = {
    "B001": (ERROR, "a network keeps its budget"),
    "B002": (ERROR, "what a budget limits can be worked out"),
    "C001": (ERROR, "a published figure holds, or is marked as an erratum"),
    "C002": (ERROR, "a claim is about layers and networks that there are"),
    "C003": (WARNING, "what is marked as an erratum is wrong"),
    "G001": (ERROR, "an ignore names rules that can be ignored, and gives a reason"),
    "G002": (WARNING, "an ignore ignores something"),
    "K001": (ERROR, "a network is what its lock says"),
    "K002": (ERROR, "a lock has the networks of its spec, and no others"),
    "K003": (ERROR, "a lock is as cnnspec lock wrote it"),
}
CODES = (*LANGUAGE, *LINT, *GATE)


def severity(code: str) -> str:
    """How severe a finding with this code is: error, warning or advice."""
    return load_rule(code).severity if code in LINT else GATE[code][0] if code in GATE else ERROR


def title(code: str) -> str:
    """What the rule with this code demands."""
    return (
        load_rule(code).title if code in LINT else GATE[code][1] if code in GATE else LANGUAGE[code]
    )


def why(code: str) -> str:
    """Why there is the rule with this code: of a lint rule its documentation, whose first paragraph
    is a summary."""
    if code not in LINT:
        return title(code)
    from inspect import getdoc  # few formats say so much
    from sys import modules

    return getdoc(modules[load_rule(code).check.__module__]) or title(code)


def ignorable(code: str) -> bool:
    """Whether a finding can be ignored: not where there is no network to look at, nor what is said
    of ignores."""
    return code not in LANGUAGE and not code.startswith("G")


class Selection:
    """Which codes are reported. Language and shapes always are: without them there is no network.

    ``select`` are codes and their beginnings; none mean everything but advice. The longest that
    fits a code decides, ``ignore`` where two are equally long."""

    def __init__(
        self,
        select: tuple[str, ...] = (),
        extend: tuple[str, ...] = (),
        ignore: tuple[str, ...] = (),
        advice: bool = False,
    ):
        self.select, self.ignore, self.advice, self.everything = (
            (*select, *extend),
            ignore,
            advice,
            not select,
        )

    def __contains__(self, code: str) -> bool:
        if code in LANGUAGE:
            return True
        chosen, left_out = longest(self.select, code), longest(self.ignore, code)
        if left_out and left_out >= chosen:
            return False
        return bool(chosen) or (self.everything and (self.advice or severity(code) != ADVICE))

    def lint(self) -> list[str]:
        """The lint rules that are reported."""
        return [code for code in LINT if code in self]


def longest(beginnings: tuple[str, ...], code: str) -> int:
    """The length of the longest beginning of ``code`` that is there; 0 for none."""
    return max((len(b) for b in beginnings if code.startswith(b)), default=0)


def check_codes(values: tuple[str, ...], where: str) -> None:
    """Raises RequestError for what is neither a code nor the beginning of one."""
    for value in values:
        if not value or not any(code.startswith(value) for code in CODES):
            hint = did_you_mean(value, CODES, "such as S001, or A for all that begin with it")
            raise RequestError(f"{where}: there is no rule {visible(value, 40)!r}; {hint}")
