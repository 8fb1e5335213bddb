"""Draw mutants, run the tests that concern them, and write reports/data/mutation.json.

``python -m tests.mutation --count 1000 --run 1000 --jobs 2``. A process forks for each mutant:
libraries are imported once, the mutated module is compiled in place of its file, and tests run
until the first fails. A mutant is killed by a failing test, by the end of its time, or by not even
being imported. ``--again`` runs those that survived once more, after tests were written for them.
``cnnspec report`` makes the page."""

import argparse
import ast
import datetime
import importlib.machinery
import json
import os
import platform
import resource
import signal
import sys
import time
from collections.abc import Iterator
from typing import Any

from tests.mutation.mutants import PACKAGE, Mutant, drawn, mutants, mutated
from tests.mutation.plugins import Fewer, Named

ROOT = PACKAGE.parent
DATA = ROOT / "reports" / "data" / "mutation.json"
SECONDS = 150  # of CPU, for the tests of one mutant; those of one that survives take some 60
TESTS = {  # each room's in turns, those that are quick and see much first
    "rules": [
        ["tests/rules"],
        [
            "tests/gate/test_check_command.py",
            "tests/gate/test_ignores.py",
            "tests/gate/test_configuration.py",
            "tests/gate/test_check_formats.py",
        ],
    ],
    "spec": [
        [
            "tests/spec/test_bad_specs.py",
            "tests/spec/test_all_problems.py",
            "tests/spec/test_hints.py",
            "tests/spec/test_language_arguments.py",
            "tests/spec/test_language_names.py",
            "tests/spec/test_language_repeats.py",
            "tests/gate/test_budgets.py",
        ],
        [
            "tests/spec/test_positions.py",
            "tests/spec/test_language_expressions.py",
            "tests/graph",
            "tests/spec/test_hostile_text.py",
            "tests/spec/test_field_misuse.py",
            "tests/report/test_explain.py",
            "tests/report/test_explain_arguments.py",
        ],
        ["tests/spec/test_hostile_expressions.py", "tests/gate/test_ignores.py"],
        [
            "tests/audit/test_claims_in_specs.py",
            "tests/audit/test_hostile_claims.py",
            "tests/audit/test_quantities_of_claims.py",
            "tests/audit/test_audit_command.py",
        ],
        ["tests/zoo/test_published.py"],
    ],
    "ops": [
        [
            "tests/spec/test_field_misuse.py",
            "tests/ops/test_registry.py",
            "tests/spec/test_bad_specs.py",
            "tests/ops/test_work_by_hand.py",
            "tests/ops/test_misfits.py",
        ],
        [
            "tests/ops/test_activations_against_torch.py",
            "tests/ops/test_joins_against_torch.py",
            "tests/ops/test_rearrangements_against_torch.py",
            "tests/ops/test_attention_against_torch.py",
            "tests/ops/test_windows_of_rearrangements.py",
            "tests/ops/test_layers_against_torch.py",
            "tests/ops/test_pools_against_torch.py",
            "tests/ops/test_windows_of_layers.py",
            "tests/ops/test_build_attention.py",
        ],
        ["tests/analyses/test_receptive_field.py"],
        [
            "tests/ops/test_build_windows.py",
            "tests/ops/test_build_values.py",
            "tests/pytorch/test_memory.py::test_an_operator_needs_what_was_planned",
        ],
        ["tests/zoo/test_published.py"],
    ],
}


def child(mutant: Mutant) -> int:
    """The exit code of pytest over a mutant, in a process of its own; a number below 0 is no mutant
    at all."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    path = PACKAGE / mutant.file
    source = path.read_text(encoding="utf-8")
    tree = mutated(source, mutant.number) if mutant.number >= 0 else ast.parse(source)
    original = importlib.machinery.SourceFileLoader.get_code

    def get_code(self: Any, fullname: str) -> Any:
        if os.path.realpath(self.path) == str(path.resolve()):
            return compile(tree, self.path, "exec")
        return original(self, fullname)

    importlib.machinery.SourceFileLoader.get_code = get_code  # type: ignore[method-assign]
    import pytest

    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    os.environ["CI"] = "1"  # hypothesis draws the same each time
    options = ["-x", "-q", "-n", "0", "-p", "no:cacheprovider", "--no-header"]
    plugins = [Named(mutant.file), Fewer()]
    turns = TESTS[mutant.file.partition("/")[0]]
    return next(
        (code for t in turns if (code := int(pytest.main([*options, *t], plugins=plugins)))), 0
    )


def outcomes(
    mutants: list[Mutant], jobs: int, minutes: float = 600
) -> Iterator[tuple[Mutant, str]]:
    """Each mutant with what became of it, in the order in which they end; none begins after so many
    minutes."""
    waiting, running = list(reversed(mutants)), {}
    end = time.monotonic() + 60 * minutes
    while waiting or running:
        while waiting and len(running) < jobs and time.monotonic() < end:
            mutant = waiting.pop()
            pid = os.fork()
            if pid == 0:
                code = 3
                try:
                    code = child(mutant)
                finally:
                    os._exit(code)
            running[pid] = mutant
        if not running:
            return
        pid, status = os.wait()
        code = os.waitstatus_to_exitcode(status)
        late = code in (-signal.SIGXCPU, -signal.SIGKILL)
        yield running.pop(pid), "survived" if code == 0 else "out of time" if late else "killed"


def main() -> None:
    """Run, show how it goes, and write what came of it."""
    parser = argparse.ArgumentParser()
    for option, default in (
        ("count", 1000),
        ("run", 1000),
        ("seed", 6),
        ("jobs", os.cpu_count() or 1),
    ):
        parser.add_argument(f"--{option}", type=int, default=default)
    parser.add_argument("--minutes", type=float, default=600, help="Begin no mutant after so many.")
    parser.add_argument(
        "--again", action="store_true", help="Only those that survived, with the tests of today."
    )
    given = parser.parse_args()
    os.chdir(ROOT)
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    for name in (
        "click",
        "hypothesis",
        "jsonschema",
        "pytest",
        "torch",
    ):  # and nothing of ours: mutants import that
        __import__(name)
    assert not [name for name in sys.modules if name.startswith("cnnspec")]
    sound = [Mutant(f"{room}/__init__.py", -1, 0, "none", "", "") for room in TESTS]
    for mutant, outcome in outcomes(sound, given.jobs):
        if outcome != "survived":
            raise SystemExit(f"the tests of {mutant.file} fail without any mutant ({outcome})")
    about = {
        "date": datetime.date.today().isoformat(),
        "python": platform.python_version(),
        "seed": given.seed,
    }
    if given.again:
        data = json.loads(DATA.read_text(encoding="utf-8"))
        data["mutants"], chosen = followed(data["mutants"])
    else:
        data = {"about": {**about, "drawn": given.count}, "mutants": []}
        chosen = drawn(given.count, given.seed)[: given.run]
    ran = {planted(m): m for m in data["mutants"]}
    for done, (mutant, outcome) in enumerate(outcomes(chosen, given.jobs, given.minutes), 1):
        assert mutant in mutants(PACKAGE / mutant.file), (
            f"{mutant} is no mutant of the code as it is"
        )
        ran[mutant] = {**mutant._asdict(), "outcome": outcome, "again": given.again}
        print(
            f"{outcome:11} {mutant.file}:{mutant.line} {mutant.before} -> {mutant.after}",
            flush=True,
        )
        if done % 50 == 0 or done == len(chosen):
            write({**data, "mutants": [ran[key] for key in sorted(ran)]})
    write({**data, "mutants": [ran[key] for key in sorted(ran)]})


def planted(m: dict[str, Any]) -> Mutant:
    """The mutant that an entry of the data is about."""
    return Mutant(**{k: m[k] for k in Mutant._fields})


def followed(known: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[Mutant]]:
    """The mutants as the code has them today, and the survivors among them that it still has.

    One of changed code is followed to where the same change can be made; else it stays as it was.
    """
    everything, again = [], []
    for m in known:
        mutant = planted(m)
        there = mutants(PACKAGE / mutant.file)
        same = [t for t in there if t[3:] == mutant[3:]]
        if mutant not in there and len(same) == 1:
            mutant = same[0]
        everything.append({**m, **mutant._asdict()})
        if m["outcome"] == "survived" and mutant in there:
            again.append(mutant)
    return everything, again


def write(data: dict[str, Any]) -> None:
    """Write the data, whole or not at all."""
    unfinished = DATA.with_suffix(".part")
    unfinished.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    unfinished.replace(DATA)


if __name__ == "__main__":
    main()
