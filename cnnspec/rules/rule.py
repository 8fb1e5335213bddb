"""What a lint rule is, and what it says of a network."""

from collections.abc import Callable, Iterator

from cnnspec.graph.model import Node
from cnnspec.records import Record
from cnnspec.rules.subject import Subject

ERROR, WARNING, ADVICE = SEVERITIES = ("error", "warning", "advice")


class Remark(Record):
    """What a rule says of a node: the message with its numbers, and what would mend it.

    It stands at the first of ``keys`` that the node's line has, else at its op.
    """

    node: Node
    message: str
    hint: str
    keys: tuple[str, ...] = ()


class Rule(Record):
    """One rule. ``title`` states what good networks do; ``bad`` and ``good`` are whole specs, as
    small as can be.

    Advice is given to those who ask for it only.
    """

    code: str
    severity: str
    title: str
    check: Callable[[Subject], Iterator[Remark]]
    bad: str
    good: str
