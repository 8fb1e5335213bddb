"""Import the models of a census, one process each, and write what became of them."""

import datetime
import json
import platform
import resource
import time
import warnings
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from itertools import islice
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from tests.census.sources import DENSE_PARTS, find_kind, fingerprint, list_all_sources

MEMORY = 12 << 30  # bytes of address space that an import may have
SECONDS = 900
SMALL = 64  # the side of the input that is tried first
FRAMES = 8  # of a video that is tried first
DETECTOR_INPUT = (3, 320, 320)


def import_one(source: str, size: int, known: dict[str, str]) -> dict[str, Any]:
    """Import a model, and say what became of it.

    ``size`` is the input's side: 0 for a small one where the model takes it, else its own.
    ``known`` has earlier models by their fingerprints."""
    from tests.support import import_timm

    import_timm()
    from cnnspec.importing.import_pytorch import DEFAULT_INPUT
    from cnnspec.problems import RequestError
    from cnnspec.pytorch.capture.model_sources import load_source

    warnings.simplefilter("ignore")
    try:
        loaded = load_source(source, {})
    except RequestError as error:
        return {"state": "not built", "reason": str(error)[:300]}
    mark = fingerprint(loaded.model)
    if known.get(mark, source) != source:
        return {"state": "same", "as": known[mark], "fingerprint": mark}
    own = loaded.input or (DETECTOR_INPUT if DENSE_PARTS in source else DEFAULT_INPUT)
    result: dict[str, Any] = {}
    for shape in choose_shapes(own, size):
        loaded = load_source(source, {})  # an import may change the model
        result = {"fingerprint": mark, **import_at(loaded, shape)}
        if result["state"] in ("proven", "unsupported"):
            break
    return result | {"kind": find_kind(load_source(source, {}).model, tuple(result["input"]))}


def choose_shapes(own: tuple[int, ...], size: int) -> list[tuple[int, ...]]:
    """Return the inputs to try in turn, for a model that is made for an input ``own``."""
    if size:
        return [(*own[:-2], size, size)]
    small = (*own[:-2], SMALL, SMALL) if len(own) == 3 else (own[0], FRAMES, SMALL, SMALL)
    return [small, own] if small != own else [own]


def import_at(loaded: Any, shape: tuple[int, ...]) -> dict[str, Any]:
    """Import a model at an input, and say what became of it."""
    from cnnspec.costs import compute_costs
    from cnnspec.importing.canonical.canonicalize import UnsupportedModel
    from cnnspec.importing.import_pytorch import ImportRequest, import_pytorch
    from cnnspec.problems import RequestError

    request = ImportRequest(loaded.model, "network", loaded.origin, (shape,), loaded.title)
    start = {"input": list(shape)}
    try:
        found = import_pytorch(request)
    except UnsupportedModel as error:
        calls = [call.partition(" (")[0] for call in error.calls]
        return {**start, "state": "unsupported", "missing": calls[:3], "calls": len(calls)}
    except RequestError as error:
        return {**start, "state": "refused", "reason": str(error)[:300]}
    costs = compute_costs(found.graph.layers())
    checks = found.verdict.checks if found.verdict is not None else ()
    return {
        **start,
        "state": "proven" if found.verdict else "not proven",
        "lines": found.text.count("\n"),
        "params": sum(c.params for c in costs),
        "macs": sum(c.macs for c in costs),
        "failed": [c.name for c in checks if c.status != "passed"],
        "differences": [
            f"{d.name} {d.quantity} {d.change or d.cause} {d.module} {d.source}"[:200]
            for check in checks
            for d in check.differences
        ][:2],
    }


def send_result(
    pipe: Connection, source: str, size: int, known: dict[str, str], memory: int
) -> None:
    """Import a model in this process, within a limit of memory, and send what became of it."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    try:
        pipe.send(import_one(source, size, known))
    except MemoryError:
        pipe.send({"state": "too large"})
    except Exception as error:  # a fault of cnnspec: the census goes on, and names it
        pipe.send({"state": "crashed", "reason": f"{type(error).__name__}: {error}"[:300]})


class ImportProcess:
    """One import in a process of its own."""

    def __init__(self, source: str, size: int, known: dict[str, str], memory: int, method: str):
        context: Any = get_context(method)
        self.source, self.started = source, time.monotonic()
        self.pipe, end = context.Pipe(duplex=False)
        self.process = context.Process(target=send_result, args=(end, source, size, known, memory))
        self.process.start()
        end.close()

    def seconds(self) -> float:
        return time.monotonic() - self.started

    def collect(self) -> dict[str, Any]:
        """Return the result; the process is ended where it has taken too long."""
        try:
            result: dict[str, Any] = self.pipe.recv() if self.pipe.poll() else {}
        except EOFError:
            self.process.join()
            result = {"state": "crashed", "reason": f"exit code {self.process.exitcode}"}
        if not result:
            self.process.kill()
            result = {"state": "too slow"}
        self.process.join()
        return result | {"seconds": round(self.seconds(), 1)}


def import_in_process(
    source: str,
    size: int = 0,
    known: dict[str, str] | None = None,
    memory: int = MEMORY,
    method: str = "spawn",
) -> dict[str, Any]:
    """Import a model in another process, which may run out of memory or of time."""
    running = ImportProcess(source, size, known or {}, memory, method)
    wait([running.pipe], SECONDS)
    return running.collect()


def import_several(
    sources: Iterable[str], size: int, known: dict[str, str], memory: int, jobs: int
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield models with what became of them, as they come."""
    waiting = iter(sources)
    running: list[ImportProcess] = []
    while True:
        for source in islice(waiting, jobs - len(running)):
            running.append(ImportProcess(source, size, known, memory, "fork"))
        if not running:
            return
        oldest = max(process.seconds() for process in running)
        ready = wait([process.pipe for process in running], max(0.0, SECONDS - oldest))
        for process in list(running):
            if process.pipe in ready or process.seconds() >= SECONDS:
                running.remove(process)
                yield process.source, process.collect()


def choose_waiting(found: dict[str, Any], sources: list[str], retry: bool) -> list[str]:
    """Return the sources to import: those not found yet, or those found and not proven."""
    if retry:
        return [s for s in sources if s in found and found[s]["state"] not in ("proven", "same")]
    return [source for source in sources if source not in found]


def run_census(
    sources: list[str], size: int, output: Path, jobs: int, memory: int, retry: bool = False
) -> None:
    """Import models in several processes, and write each result as it comes."""
    from tests.support import import_timm

    import_timm()  # once, for all the processes
    listed = len(list_all_sources())
    import cnnspec.pytorch.verify  # noqa: F401

    found: dict[str, Any] = json.loads(output.read_text())["models"] if output.exists() else {}
    known = {row["fingerprint"]: name for name, row in found.items() if is_first(row)}
    waiting = choose_waiting(found, sources, retry)
    for source, result in import_several(waiting, size, known, memory, jobs):
        found[source] = result
        if is_first(result):
            known.setdefault(result["fingerprint"], source)
        part = output.with_suffix(".part")
        part.write_text(encode_census(found, memory, max(listed, len(found))))
        part.replace(output)
        print(source, result["state"], result["seconds"], flush=True)


def encode_census(found: dict[str, Any], memory: int, listed: int) -> str:
    """Return the data as JSON, one model per line, with what it was made with.

    ``listed`` is the number of models that there are."""
    about = {
        "date": datetime.date.today().isoformat(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("torch", "torchvision", "timm")},
        "listed": listed,
        "memory": memory,
        "seconds": SECONDS,
        "frames": FRAMES,
    }
    rows = ",\n".join(f" {json.dumps(name)}: {json.dumps(found[name])}" for name in sorted(found))
    return f'{{"about": {json.dumps(about)},\n"models": {{\n{rows}\n}}}}\n'


def is_first(row: dict[str, Any]) -> bool:
    """Return whether a result is of the first model of its fingerprint."""
    return "fingerprint" in row and row["state"] != "same"
