"""Draw mutants, run the tests of their package, and write reports/data/mutation.json.

``python -m tests.mutation --count 1000 --run 1000 --jobs 2``. A process forks for each mutant:
libraries are imported once, the mutated module is compiled in place of its file, and tests run
until the first fails. A mutant is killed by a failing test, by a timeout, or by failing to be
imported. ``--again`` runs the survivors again, after tests were written for them.
``python -m tests.pages`` renders the page."""

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

from tests.mutation.mutants import PACKAGE, Mutant, apply_mutant, draw_mutants, find_mutants
from tests.mutation.plugins import FewerExamples, NamedTestsFirst

ROOT = PACKAGE.parent
DATA = ROOT / "reports" / "data" / "mutation.json"
SECONDS = 150  # of CPU time for the tests of one mutant; a survivor takes about 60
TESTS = {  # of each package, in groups; the quickest and most effective ones first
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
            "tests/ops/test_operator_errors.py",
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


def run_mutant(mutant: Mutant) -> int:
    """Run the tests of a mutant and return pytest's exit code; a number below 0 changes nothing."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    path = PACKAGE / mutant.file
    source = path.read_text(encoding="utf-8")
    tree = apply_mutant(source, mutant.number) if mutant.number >= 0 else ast.parse(source)
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
    os.environ["CI"] = "1"  # hypothesis draws the same examples each time
    options = ["-x", "-q", "-n", "0", "-p", "no:cacheprovider", "--no-header"]
    plugins = [NamedTestsFirst(mutant.file), FewerExamples()]
    turns = TESTS[mutant.file.partition("/")[0]]
    return next(
        (code for t in turns if (code := int(pytest.main([*options, *t], plugins=plugins)))), 0
    )


def run_mutants(
    mutants: list[Mutant], jobs: int, minutes: float = 600
) -> Iterator[tuple[Mutant, str]]:
    """Run each mutant in a process of its own, and yield its outcome as it ends.

    No mutant is started after ``minutes``."""
    waiting = list(reversed(mutants))
    running: dict[Any, Any] = {}
    end = time.monotonic() + 60 * minutes
    while waiting or running:
        while waiting and len(running) < jobs and time.monotonic() < end:
            mutant = waiting.pop()
            pid = os.fork()
            if pid == 0:
                code = 3
                try:
                    code = run_mutant(mutant)
                finally:
                    os._exit(code)
            running[pid] = mutant
        if not running:
            return
        pid, status = os.wait()
        code = os.waitstatus_to_exitcode(status)
        late = code in (-signal.SIGXCPU, -signal.SIGKILL)
        killed = "out of time" if late else "killed"
        yield running.pop(pid), "survived" if code == 0 else killed


def main() -> None:
    """Run the mutants, print their outcomes, and write the data."""
    parser = argparse.ArgumentParser()
    for option, default in (
        ("count", 1000),
        ("run", 1000),
        ("seed", 6),
        ("jobs", os.cpu_count() or 1),
    ):
        parser.add_argument(f"--{option}", type=int, default=default)
    parser.add_argument(
        "--minutes", type=float, default=600, help="Start no mutant after this time."
    )
    parser.add_argument(
        "--again", action="store_true", help="Run only the survivors, with today's tests."
    )
    given = parser.parse_args()
    os.chdir(ROOT)
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    # Only libraries are imported before the processes fork: mutants import cnnspec themselves.
    for name in ("click", "hypothesis", "jsonschema", "pytest", "torch"):
        __import__(name)
    assert not [name for name in sys.modules if name.startswith("cnnspec")]
    sound = [Mutant(f"{package}/__init__.py", -1, 0, "none", "", "") for package in TESTS]
    for mutant, outcome in run_mutants(sound, given.jobs):
        if outcome != "survived":
            raise SystemExit(f"the tests of {mutant.file} fail without a mutant ({outcome})")
    about = {
        "date": datetime.date.today().isoformat(),
        "python": platform.python_version(),
        "seed": given.seed,
    }
    if given.again:
        data = json.loads(DATA.read_text(encoding="utf-8"))
        data["mutants"], chosen = follow_mutants(data["mutants"])
    else:
        data = {"about": {**about, "drawn": given.count}, "mutants": []}
        chosen = draw_mutants(given.count, given.seed)[: given.run]
    ran = {mutant_of_entry(m): m for m in data["mutants"]}
    for done, (mutant, outcome) in enumerate(run_mutants(chosen, given.jobs, given.minutes), 1):
        assert mutant in find_mutants(PACKAGE / mutant.file), (
            f"{mutant} is not a mutant of today's code"
        )
        ran[mutant] = {**mutant._asdict(), "outcome": outcome, "again": given.again}
        print(
            f"{outcome:11} {mutant.file}:{mutant.line} {mutant.before} -> {mutant.after}",
            flush=True,
        )
        if done % 50 == 0 or done == len(chosen):
            write_data({**data, "mutants": [ran[key] for key in sorted(ran)]})
    write_data({**data, "mutants": [ran[key] for key in sorted(ran)]})


def mutant_of_entry(m: dict[str, Any]) -> Mutant:
    """The mutant of an entry of the data."""
    return Mutant(**{k: m[k] for k in Mutant._fields})


def follow_mutants(known: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[Mutant]]:
    """The known mutants updated for today's code, and the survivors that still exist.

    A mutant of changed code is moved to the only place where the same change can be made; otherwise
    it stays as it is."""
    everything, again = [], []
    for m in known:
        mutant = mutant_of_entry(m)
        there = find_mutants(PACKAGE / mutant.file)
        same = [t for t in there if t[3:] == mutant[3:]]
        if mutant not in there and len(same) == 1:
            mutant = same[0]
        everything.append({**m, **mutant._asdict()})
        if m["outcome"] == "survived" and mutant in there:
            again.append(mutant)
    return everything, again


def write_data(data: dict[str, Any]) -> None:
    """Write the data completely or not at all."""
    unfinished = DATA.with_suffix(".part")
    unfinished.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    unfinished.replace(DATA)


if __name__ == "__main__":
    main()
