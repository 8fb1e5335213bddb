"""How verdicts and their parts are called, the same in every format."""

from typing import Any

from cnnspec.analyses.verdict import FAILED, IMPOSSIBLE, LIMITED, PASSED, Check, Difference, Verdict
from cnnspec.units import format_count, format_shape

STATUS = {PASSED: "passed", FAILED: "FAILED", IMPOSSIBLE: "IMPOSSIBLE", LIMITED: "limited"}
WORST = (FAILED, IMPOSSIBLE, LIMITED, PASSED)


def headline(verdict: Verdict) -> str:
    """The verdict in a line."""
    checks = (
        f"{sum(c.status == PASSED for c in verdict.checks)} of {len(verdict.checks)} checks passed"
    )
    return (
        f"{verdict.network}: {'passed' if verdict.passed else 'FAILED'} on {verdict.device},"
        f" {checks}"
    )


def versions(verdict: Verdict) -> str:
    return ", ".join(f"{name} {number}" for name, number in verdict.versions.items())


def failing(check: Check) -> bool:
    return check.status in (FAILED, IMPOSSIBLE)


def told(difference: Difference, check: Check) -> str:
    """A difference in words: "macs: calculated 1,024, measured 1,000"."""
    ours, theirs = values(difference)
    left, right = (
        ("calculated", "measured")
        if check.against.startswith(("PyTorch", "fvcore"))
        else ("the sheet", "the model")
    )
    return f"{difference.quantity}: {left} {ours}, {right} {theirs}"


def values(difference: Difference) -> tuple[str, str]:
    """Both sides of a difference; of two tables only what differs."""
    a, b = difference.calculated, difference.measured
    if isinstance(a, dict) and isinstance(b, dict):
        keys = [k for k in {**a, **b} if a.get(k) != b.get(k)]
        return tuple(", ".join(f"{k} {shown(side.get(k))}" for k in keys) for side in (a, b))  # type: ignore[return-value]
    return shown(a), shown(b)


def shown(value: Any) -> str:
    """A value as it is read: counts with separators, shapes as 64x56x56."""
    if value is None:
        return "nothing"
    if isinstance(value, int) and not isinstance(value, bool):
        return format_count(value)
    if isinstance(value, tuple) and all(isinstance(v, int) for v in value):
        return format_shape(value)
    if isinstance(value, dict):
        return ", ".join(f"{k} {shown(v)}" for k, v in value.items()) or "nothing"
    return str(value)


def counted(verdicts: list[Verdict]) -> str:
    """How many networks passed, failed, and passed with limits."""
    failed = sum(not v.passed for v in verdicts)
    limited = sum(v.passed and any(c.status == LIMITED for c in v.checks) for v in verdicts)
    parts = [f"{len(verdicts) - failed} passed", f"{failed} failed"]
    parts += [f"{limited} of those that passed with limits"] if limited else []
    return f"{len(verdicts)} networks: {', '.join(parts)}"


def parties(verdicts: list[Verdict]) -> list[str]:
    """Against whom networks were checked: PyTorch, fvcore, libraries and models, each once, in
    order."""
    return list(dict.fromkeys(party(c) for v in verdicts for c in v.checks))


def party(check: Check) -> str:
    return check.against.partition(" ")[0]


def cell(verdict: Verdict, against: str) -> str:
    """The outcome of all checks of a network against one party."""
    checks = [c for c in verdict.checks if party(c) == against]
    if not checks:
        return "–"
    worst = min((c.status for c in checks), key=WORST.index)
    named = [c.name for c in checks if c.status == worst]
    return STATUS[worst] if worst == PASSED else f"{STATUS[worst]} {', '.join(named)}"


def limits(verdicts: list[Verdict]) -> dict[str, list[str]]:
    """Why comparisons are limited, each reason with the networks."""
    found: dict[str, list[str]] = {}
    for verdict in verdicts:
        for c in verdict.checks:
            if c.status == LIMITED:
                names = found.setdefault(f"{c.name} against {c.against}: {c.detail}", [])
                names += [verdict.network] if verdict.network not in names else []
    return found
