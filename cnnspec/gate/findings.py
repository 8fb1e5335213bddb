"""What a check has found, equal findings of several networks folded into one."""

from collections.abc import Iterable, Iterator

from cnnspec.gate.codes import severity
from cnnspec.problems import Problem
from cnnspec.records import Record
from cnnspec.rules.rule import ERROR, WARNING

Key = tuple[str, int, int, str, str]
APART = "B"  # the codes that say other numbers of each network


class Finding(Record):
    """One finding: the problem as the first of ``networks`` has it, and the text of its line in the
    file.

    Of what is about a whole file there are no ``networks``. ``ignored`` is the reason for which it
    is, given in the spec or ``outside`` of it."""

    problem: Problem
    severity: str
    networks: tuple[str, ...] = ()
    text: str = ""
    ignored: str = ""
    outside: bool = False


class Report(Record):
    """A whole run: the files and how many networks they hold, what was found in file order, what
    was ignored.

    ``cut`` are files with more problems than anyone reads. ``strict``: warnings too keep the gate
    shut."""

    files: tuple[str, ...]
    networks: int
    findings: tuple[Finding, ...]
    ignored: tuple[Finding, ...] = ()
    cut: tuple[str, ...] = ()
    strict: bool = False

    @property
    def passed(self) -> bool:
        """Whether the gate opens."""
        return not any(
            f.severity == ERROR or (self.strict and f.severity == WARNING) for f in self.findings
        )

    def count(self, level: str) -> int:
        """How many findings have a severity."""
        return sum(f.severity == level for f in self.findings)


class Findings:
    """Findings so far, by place and rule; of budgets, which bind many networks from one place, by
    message too."""

    def __init__(self) -> None:
        self.found: dict[Key, Finding] = {}

    def add(self, problems: Iterable[Problem], network: str = "") -> None:
        """Add what was found in a network, or, without one, in a file."""
        for problem in problems:
            self.fold(Finding(problem, severity(problem.rule), (network,) if network else ()))

    def fold(self, finding: Finding) -> None:
        """Add a finding; where its place and rule are known, only its networks."""
        where, rule = finding.problem.where, finding.problem.rule
        key = (
            where.file,
            where.line,
            where.column,
            rule,
            finding.problem.message if rule[0] == APART else "",
        )
        known = self.found.get(key)
        if known:
            networks = tuple(dict.fromkeys([*known.networks, *finding.networks]))
            finding = known.replace(networks=networks, ignored=known.ignored or finding.ignored)
        self.found[key] = finding

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.found.values())
