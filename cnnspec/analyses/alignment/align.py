"""Align the recorded call graphs of a spec and a model, and list their differences.

Calls are paired by equality of what is before and after them (matching.py), and as sequences of
calls that are alike (sequences.py); improve.py chooses and improves the pairs."""

from cnnspec.analyses.alignment.call_graph import MERGED, Recording
from cnnspec.analyses.alignment.changes import Change, list_changes, settings_agree
from cnnspec.analyses.alignment.improve import improve_pairs
from cnnspec.analyses.alignment.matching import Pairs, match_calls
from cnnspec.analyses.alignment.sequences import match_in_order
from cnnspec.records import Record

DOUBLE_PRECISION = 1e-11


class Alignment(Record):
    """The corresponding calls of a spec and a model, by index, and all differences in order."""

    spec: Recording
    model: Recording
    pairs: Pairs
    changes: list[Change]

    @property
    def complete(self) -> bool:
        return not self.changes

    @property
    def is_exact(self) -> bool:
        """Whether aligned calls have the same numbers for each channel in double precision.

        If not, the model computed some of them in single precision."""
        both = [
            (value, self.model.calls[j].fields.get(name))
            for i, j in self.pairs.items()
            for name, value in self.spec.calls[i].fields.items()
        ]
        return all(settings_agree(a, b, DOUBLE_PRECISION) for a, b in both if settings_agree(a, b))

    @property
    def apart(self) -> set[int]:
        """The spec's calls whose values may differ from the model's though the networks agree.

        If one side has calls of its own, values between them differ: one side scales q and k by
        half of what the other scales q by, say."""
        if all(c.spec and c.model for c in self.changes):
            return set()
        changed = {id(c.spec) for c in self.changes}
        partners, spec, model = set(self.pairs.values()), self.spec.calls, self.model.calls
        return {
            i
            for i, j in self.pairs.items()
            if id(spec[i]) in changed
            or any(e.call >= 0 and e.call not in self.pairs for e in spec[i].reads)
            or any(e.call >= 0 and e.call not in partners for e in model[j].reads)
        }


def align_recordings(spec: Recording, model: Recording, heads: int | None = None) -> Alignment:
    """Align the recording of a spec with that of a model.

    The first ``heads`` outputs (by default all) must come in the same order, the others in any
    order. Where the networks differ, several pairings are made and improved, and the one with the
    fewest differences is kept."""
    pairs = match_calls(spec, model)
    found = list_changes(spec, model, pairs, heads)
    if found:
        candidates = [pairs, *match_in_order(spec, model)]
        pairs = improve_pairs(spec, model, candidates, heads)
        found = list_changes(spec, model, pairs, heads)
    # What a merged call gives is part of another call, and need not be the same.
    pairs = {i: j for i, j in pairs.items() if spec.calls[i].kind != MERGED}
    return Alignment(spec, model, pairs, found)
