"""Cut a run off before its first call that no operator can express: ``import --partial``."""

from cnnspec.analyses.flat_calls import FlatRun, Value, list_values
from cnnspec.importing.canonical.translate import translate_run
from cnnspec.units import Shape


def find_first_unsupported(run: FlatRun, parameters: dict[str, Shape]) -> int:
    """Return the index of the first call of a run that cannot be translated."""
    complaints = translate_run(run, parameters).complaints
    calls = [c.call for c in complaints]
    return next((i for i, call in enumerate(run.calls) if call in calls), len(run.calls))


def cut_run(run: FlatRun, end: int) -> FlatRun:
    """Return the calls of a run before one of them; it returns what no other of these reads."""
    calls = run.calls[:end]
    read = {v.call for call in calls for v in list_values(call.arguments)}
    outputs = [
        Value(i, 0, call.outputs[0])
        for i, call in enumerate(calls)
        if i not in read and call.outputs
    ]
    return FlatRun(calls, tuple(outputs), run.fixed)
