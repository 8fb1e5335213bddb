"""Candidates: the settings of one spec, its input and the batch, that a search tries."""

from collections.abc import Iterator, Sequence
from math import prod
from random import Random
from typing import Any

from cnnspec.problems import RequestError
from cnnspec.records import Record

INPUT, BATCH = "input", "batch"  # names that set the size of the input and the batch
MOST_CANDIDATES = 1_000_000


class Candidate(Record):
    """One setting of a spec, which is number ``number`` of its grid, with its measures by key.

    ``refused`` says why the spec cannot have the setting: a rule, and a message. ``failed`` is the
    text of the first condition that the setting does not meet. In both cases ``values`` may be
    empty."""

    number: int
    settings: dict[str, Any]
    values: dict[str, Any]
    refused: tuple[str, str] | None = None
    failed: str = ""

    def value(self, key: str) -> Any:
        """Return the value of a measure; None if it has none."""
        return self.values.get(key)


class DesignSpace(Record):
    """The values of each argument that varies; ``input`` are sizes of the input or shapes."""

    values: dict[str, tuple[Any, ...]]

    @property
    def size(self) -> int:
        """The number of candidates of the whole grid."""
        return prod(map(len, self.values.values()))

    def settings(self, number: int) -> dict[str, Any]:
        """Return the settings of one candidate of the grid; the last argument varies fastest."""
        chosen = []
        for values in reversed(self.values.values()):
            number, i = divmod(number, len(values))
            chosen.append(values[i])
        return dict(zip(self.values, reversed(chosen), strict=True))

    def grid(self) -> Iterator[dict[str, Any]]:
        """Iterate over all settings, by their numbers."""
        return map(self.settings, range(self.size))


class Shard(Record):
    """One of ``count`` parts of a search, which together try every candidate once."""

    index: int = 1
    count: int = 1


def choose_numbers(
    space: DesignSpace, sample: int | None = None, seed: int = 0, shard: Shard | None = None
) -> Sequence[int]:
    """Return the numbers of the candidates to try: all of the grid, or a sample; or a shard's part.

    Raises RequestError for more than MOST_CANDIDATES."""
    count = space.size if sample is None else min(sample, space.size)
    part = shard or Shard()
    if count > MOST_CANDIDATES * part.count:
        raise RequestError(
            f"that are {count:,} candidates, and at most {MOST_CANDIDATES:,} can be tried; give"
            " larger steps, or --sample N"
        )
    chosen: Sequence[int] = range(space.size)
    if count < space.size:
        chosen = sorted(Random(seed).sample(chosen, count))
    return chosen[part.index - 1 :: part.count]
