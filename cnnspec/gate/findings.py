"""Findings of cnnspec check: their codes and severities, and how equal ones are merged.

The first letter of a code says where a finding comes from:

    T        reading the file (UTF-8, TOML)     error                      cannot be ignored
    L        the language                       error                      cannot be ignored
    D        shapes                             error                      cannot be ignored
    S, A     lint rules                         error, warning or advice   can be ignored
    B, C, K  budgets, claims, locks             error or warning           can be ignored
    G        ignore comments                    error or warning           cannot be ignored

T, L and D mean that there is no network to check, so they are always reported. All others can be
left out with --select and --ignore."""

from collections.abc import Iterable, Iterator

from cnnspec.gate.folders import SkippedPath
from cnnspec.problems import ERROR_RULES, Problem
from cnnspec.records import Record
from cnnspec.rules.registry import RULES as LINT_RULES
from cnnspec.rules.registry import load_rule
from cnnspec.rules.rule import ERROR, WARNING

CHECKS = {  # code -> severity, title, documentation
    "B001": (
        ERROR,
        "a network is within its budget",
        """Compares a network with its budgets: `[budget.NAME]` in its spec, and
`[tool.cnnspec.budget."PATTERN"]` in pyproject.toml.

Fix: Reduce the layers in the message, or raise the budget so that the review shows it.""",
    ),
    "B002": (
        ERROR,
        "what a budget limits can be computed",
        """Reports a limit that cannot be computed for this network, such as a receptive field if
every output sees the whole input.

Fix: Remove the limit from the budget.""",
    ),
    "C001": (
        ERROR,
        "a published figure is right, or is marked as an erratum",
        """Compares the figures in `[[claims]]` with what the spec gives, at their printed
precision.

Fix: Correct the figure or the network. If the source is wrong, set `errata = true`; from then on
a figure that becomes right is reported (C003).""",
    ),
    "C002": (
        ERROR,
        "a claim names layers and networks that exist",
        """Reports claims about layers or variants that the spec does not have.

Fix: Correct the name in the claim.""",
    ),
    "C003": (
        WARNING,
        "a claim that is marked as an erratum is wrong",
        """Reports claims with `errata = true` that are not wrong.

Fix: Remove `errata`.""",
    ),
    "G001": (
        ERROR,
        "an ignore comment names rules that can be ignored, and gives a reason",
        """Reports ignore comments without a reason, with unknown codes, or in another form.

Fix: Write `# cnnspec: ignore S001: REASON`.""",
    ),
    "G002": (
        WARNING,
        "an ignore comment ignores at least one finding",
        """Reports ignore comments and per-file-ignores that have no finding to ignore.

Fix: Remove the code, or the whole comment.""",
    ),
    "K001": (
        ERROR,
        "a network is the same as in its lock",
        """Compares each layer with the lock beside the spec (net.lock for net.toml): operator,
output size, parameters, MACs, settings and inputs.

Fix: Undo the change. If it is intended, run `cnnspec lock` and commit the lock.""",
    ),
    "K002": (
        ERROR,
        "a lock has the same networks as its spec",
        """Reports networks that only the lock or only the spec has, locks whose spec does not
exist, and, with `--locked`, specs without a lock.

Fix: Run `cnnspec lock`, or delete the lock of a spec that was removed.""",
    ),
    "K003": (
        ERROR,
        "a lock is unchanged since cnnspec lock wrote it",
        """Reports locks that cannot be read or that were changed by hand, for example to resolve a
merge conflict.

Fix: Run `cnnspec lock`, and review what it changes.""",
    ),
}
CODES = (*ERROR_RULES, *LINT_RULES, *CHECKS)
Key = tuple[str, int, int, str, str]


def get_severity(code: str) -> str:
    """Return the severity of a code: error, warning or advice."""
    if code in LINT_RULES:
        return load_rule(code).severity
    return CHECKS[code][0] if code in CHECKS else ERROR


def get_title(code: str) -> str:
    """Return what the rule with this code requires, as a short clause."""
    if code in LINT_RULES:
        return load_rule(code).title
    return CHECKS[code][1] if code in CHECKS else ERROR_RULES[code]


def get_documentation(code: str) -> str:
    """Return the documentation of a code, of which the first paragraph is a summary.

    Errors of files, language and shapes have only a title."""
    if code in CHECKS:
        return CHECKS[code][2]
    if code not in LINT_RULES:
        return get_title(code)
    from inspect import getdoc  # only some formats need it
    from sys import modules

    return getdoc(modules[load_rule(code).check.__module__]) or get_title(code)


def can_be_ignored(code: str) -> bool:
    """Tell whether a comment or per-file-ignores can ignore findings with this code."""
    return code not in ERROR_RULES and not code.startswith("G")


class Finding(Record):
    """A problem with its severity, the networks that have it, and the text of its line.

    ``networks`` is empty for a problem of the whole file. ``ignore_reason`` is empty unless the
    finding is ignored; ``ignored_by_config`` says that the reason is in pyproject.toml."""

    problem: Problem
    severity: str
    networks: tuple[str, ...] = ()
    text: str = ""
    ignore_reason: str = ""
    ignored_by_config: bool = False


class Report(Record):
    """The result of a run: files, number of networks, findings in file order, ignored findings.

    ``truncated`` are the files with too many problems to list them all. With ``strict``, warnings
    fail too. ``skipped`` are files and folders that were not searched."""

    files: tuple[str, ...]
    networks: int
    findings: tuple[Finding, ...]
    ignored: tuple[Finding, ...] = ()
    truncated: tuple[str, ...] = ()
    strict: bool = False
    skipped: tuple[SkippedPath, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether no finding fails the check."""
        return not any(self.fails(finding) for finding in self.findings)

    def fails(self, finding: Finding) -> bool:
        """Tell whether a finding fails the check."""
        return finding.severity == ERROR or (self.strict and finding.severity == WARNING)

    def count_severity(self, severity: str) -> int:
        """Count the findings with a severity."""
        return sum(finding.severity == severity for finding in self.findings)


class FindingSet:
    """Findings merged by place and code; those of budgets by message too.

    A budget in pyproject.toml limits many networks from one place, each with its own numbers."""

    def __init__(self) -> None:
        self.by_key: dict[Key, Finding] = {}

    def add_problems(self, problems: Iterable[Problem], network: str = "") -> None:
        """Add the problems of a network or, without one, of a file."""
        for problem in problems:
            networks = (network,) if network else ()
            self.add_finding(Finding(problem, get_severity(problem.rule), networks))

    def add_finding(self, finding: Finding) -> None:
        """Add a finding, or its networks to the equal finding that is there."""
        where, code = finding.problem.where, finding.problem.rule
        message = finding.problem.message if code.startswith("B") else ""
        key = (where.file, where.line, where.column, code, message)
        known = self.by_key.get(key)
        if known:
            networks = tuple(dict.fromkeys([*known.networks, *finding.networks]))
            reason = known.ignore_reason or finding.ignore_reason
            finding = known.replace(networks=networks, ignore_reason=reason)
        self.by_key[key] = finding

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.by_key.values())
