"""Mutants differ from the program, depend only on the seed, and leave texts unchanged."""

import ast
from collections import Counter

from tests.mutation.__main__ import follow_mutants, mutant_of_entry
from tests.mutation.mutants import (
    FILES_LEFT_OUT,
    PACKAGE,
    PACKAGES,
    apply_mutant,
    draw_mutants,
    find_mutants,
    mutable_nodes,
    possible_changes,
)
from tests.pages.mutation import render_mutation_page

SOURCE = '''
def output(self, x: int = 1) -> str:
    """The 1 output."""
    if x > 3 and not self.flat:
        note(f"{x - 1} of {3}")
    return "a" + "b" if x else x * 2
'''


def test_texts_are_not_changed() -> None:
    kinds = Counter(
        kind for node in mutable_nodes(ast.parse(SOURCE)) for kind, _ in possible_changes(node)
    )
    assert kinds == {
        "constant": 3,
        "condition": 2,
        "comparison": 1,
        "and, or": 1,
        "not": 1,
        "statement": 1,
        "return": 1,
        "arithmetic": 1,
    }


def test_every_mutant_differs_from_the_program() -> None:
    file = PACKAGE / "ops" / "linear.py"
    found = find_mutants(file)
    assert [m.number for m in found] == list(range(len(found)))
    text = file.read_text(encoding="utf-8")
    plain = ast.unparse(ast.parse(text))
    programs = [ast.unparse(apply_mutant(text, m.number)) for m in found]
    assert plain not in programs
    assert all(compile(program, "linear.py", "exec") for program in programs)


def test_a_sample_is_the_same_for_the_same_seed_and_fair_to_packages() -> None:
    sample = draw_mutants(60, 1)
    assert sample == draw_mutants(60, 1) != draw_mutants(60, 2)
    assert Counter(m.file.partition("/")[0] for m in sample) == dict.fromkeys(PACKAGES, 20)
    assert Counter(m.file.partition("/")[0] for m in sample[:30]) == dict.fromkeys(PACKAGES, 10)
    assert not [m for m in sample if m.file.rpartition("/")[2] in FILES_LEFT_OUT]


def test_the_page_counts_and_names_what_survived() -> None:
    mutant = draw_mutants(1, 1)[0]._asdict()
    ran = [
        {**mutant, "outcome": outcome, "again": i > 1}
        for i, outcome in enumerate(("killed", "killed", "out of time", "survived"))
    ]
    text = render_mutation_page(
        {"about": {"date": "2026-01-01", "python": "3.11", "seed": 1, "drawn": 9}, "mutants": ran}
    )
    assert f"| {mutant['file'].partition('/')[0]} " in text
    assert "75.0%" in text
    assert "2 (50.0%) were killed in the" in text
    assert f"{mutant['file']}:{mutant['line']}".replace("_", "\\_") in text


def test_survivors_in_changed_code_are_found_again() -> None:
    file = PACKAGE / "ops" / "crop.py"
    here = next(
        m for m in find_mutants(file) if [t[3:] for t in find_mutants(file)].count(m[3:]) == 1
    )
    entry = {**here._asdict(), "outcome": "survived"}
    moved, gone = (
        {**entry, "number": 999, "line": 999},
        {
            **entry,
            "number": 999,
            "before": "what was there",
        },
    )
    everything, again = follow_mutants([entry, moved, gone, {**entry, "outcome": "killed"}])
    assert again == [here, here]
    assert [mutant_of_entry(m) for m in everything] == [here, here, mutant_of_entry(gone), here]
