"""Findings of locks: each way in which a spec can differ, and locks that cannot be used."""

from pathlib import Path

import pytest

from cnnspec.gate.lockfile import (
    HEAD,
)
from cnnspec.gate.locks import make_lock
from cnnspec.gate.run import check_paths
from cnnspec.problems import Problem
from tests.gate.checking import edit_file


def found(**given: object) -> list[Problem]:
    return [f.problem for f in check_paths(["net.toml"], {"select": ("K",), **given}).findings]


def test_a_spec_that_equals_its_lock_has_no_findings(locked_spec: Path) -> None:
    assert found() == []
    edit_file(locked_spec, "kernel_size = 3", "kernel_size = [3, 3]")  # the same kernel
    edit_file(locked_spec, 'name = "net"', '# a comment\nname = "net"\ntitle = "Net"')
    assert found() == []
    Path("net.lock").write_bytes(Path("net.lock").read_bytes().replace(b"\n", b"\r\n"))
    assert found() == []


def place(text: str, file: str = "net.toml") -> str:
    """Where a text begins in a file."""
    before = Path(file).read_text().partition(text)[0]
    return f"{file}:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def test_equal_changes_are_merged_and_totals_reported_once_a_network(locked_spec: Path) -> None:
    edit_file(locked_spec, 'activation = "relu" }', 'bias = false, activation = "tanh" }')
    layer, thin, wide = map(str, found())
    where = place('"tanh"')
    assert (
        layer
        == f"{where}: K001 a differs from the lock: activation relu → tanh; bias true → false; "
        "params 40 → 36 (-4)"
    )
    assert thin.startswith(
        "net.toml:11:1: K001 thin differs from net.lock: layers: 1 changed, 4 as before; "
        "params 96 → 92 (-4)\n  help: if this is intended, run cnnspec lock; to see more, run"
        " cnnspec diff "
    )
    assert wide.startswith(
        "net.toml:12:1: K001 wide differs from net.lock: layers: 1 changed, 4 as before; "
    )


def test_a_change_in_a_repeated_block_is_reported_once_with_its_calls(locked_spec: Path) -> None:
    edit_file(locked_spec, 'norm = "batchnorm"', 'norm = "batchnorm", activation = "relu"')
    layer = found()[0]
    where = place('"relu" }]')
    assert (
        str(layer) == f"{where}: K001 unit0.c differs from the lock: activation – → relu\n"
        "  in unit0  6:3;  also unit1"
    )


@pytest.mark.parametrize(
    ("old", "new", "at", "message"),
    [
        (
            '  { name = "sum"',
            '  { name = "d", op = "dropout" },\n  { name = "sum"',
            '"dropout"',
            "d is not in the lock: dropout 4x8x8; 0 params, 0 MACs",
        ),
        (
            '  { name = "unit{i}", op = "unit", repeat = 2 },\n',
            "",
            "[\n",
            "in the lock, but not here: unit0.c (conv), unit1.c (conv)",
        ),
        (
            "repeat = 2",
            "repeat = 3",
            '"conv", out_channels = "{w}", kernel_size = 1',
            "unit2.c is not in the lock: conv 4x8x8; 28 params",
        ),
        ('"a"', '"b"', '"conv"', "b differs from the lock: it was called a"),
        (
            '["previous", "a"]',
            '["previous", "unit0"]',
            '"add"',
            "sum differs from the lock: reads unit1.c, a → unit1.c, unit0.c",
        ),
        (
            "[1, 10, 10]",
            "[1, 11, 10]",
            "[1, 11, 10]",
            "input differs from the lock: output 1x10x10 → 1x11x10",
        ),
    ],
)
def test_each_kind_of_change(locked_spec: Path, old: str, new: str, at: str, message: str) -> None:
    edit_file(locked_spec, old, new)
    assert any(str(p).startswith(f"{place(at)}: K001 {message}") for p in found()), "\n".join(
        map(str, found())
    )


def test_a_change_in_an_included_block_is_reported_in_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    unit = """[blocks.unit]
layers = [
  { name = "r", op = "relu" },
]
"""
    net = """name = "net"
input = [4]
include = ["unit.toml"]
layers = [
  { name = "u", op = "unit" },
]
"""
    Path("unit.toml").write_text(unit)
    Path("net.toml").write_text(net)
    Path("net.lock").write_text(make_lock("net.toml").text)
    Path("unit.toml").write_text(unit.replace("relu", "tanh"))
    where = place('"tanh"', "unit.toml")
    assert (
        str(found()[1])
        == f"{where}: K001 u.r differs from the lock: op relu → tanh\n  in u  net.toml:5:3"
    )


def test_networks_that_only_one_side_has(locked_spec: Path) -> None:
    edit_file(locked_spec, "[variants.wide]", "[variants.broad]")
    assert [str(p) for p in found()] == [
        "net.toml:12:1: K002 net.lock has no network broad\n  help: cnnspec lock adds it",
        (
            "net.lock:14:1: K002 the lock has a network wide, but net.toml does not\n"
            "  help: if it was removed on purpose, run cnnspec lock"
        ),
    ]


def test_a_missing_lock_is_a_finding_if_locks_are_required(locked_spec: Path) -> None:
    Path("net.lock").unlink()
    assert found() == []
    assert [str(p) for p in found(locked=True)] == [
        "net.toml:1:8: K002 there is no net.lock, and specs must have locks here\n"
        "  help: cnnspec lock writes it"
    ]
    Path("pyproject.toml").write_text("[tool.cnnspec]\nlocked = true\n")
    assert [p.rule for p in found()] == ["K002"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "2,304",
            "2,305",
            "net.lock:4:1: K003 the lock was changed by hand: its digest does not match",
        ),
        (
            "digest",
            "digests",
            "net.lock:4:1: K003 the lock was changed by hand: its digest does not match",
        ),
        (HEAD, "# something else\n", "net.lock:1:1: K003 this is not a lock"),
        (HEAD, "# cnnspec lock 7: ", "net.lock:1:1: K003 the lock has format 7, not 1"),
        (
            "network wide",
            "network thin",
            "net.lock:14:1: K003 the lock has two networks called thin",
        ),
        (
            "network wide",
            "network wide thin",
            "net.lock:14:1: K003 this line of the lock cannot be read",
        ),
        (
            "network thin\n",
            "network thin\n<<<<<<< HEAD\n",
            "net.lock:4:1: K003 the lock was changed by hand",
        ),
    ],
)
def test_locks_that_cannot_be_used(locked_spec: Path, old: str, new: str, message: str) -> None:
    edit_file(Path("net.lock"), old, new)
    assert str(found()[0]).startswith(message)
    assert {p.rule for p in found()} == {"K003"}


def test_other_files_are_not_locks(locked_spec: Path) -> None:
    path = Path("net.lock")
    path.write_bytes(b"\xff\xfe")
    assert [p.rule for p in found()] == ["K003"]
    path.unlink()
    path.mkdir()
    assert [str(p) for p in found()] == [
        "net.lock: K003 the lock is not a regular file of at most 33,554,432 bytes\n"
        "  help: cnnspec lock writes it again"
    ]
