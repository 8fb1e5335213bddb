"""Locks: their text, that it can be read back, and every way in which a spec can differ from it."""

import subprocess
import sys
from pathlib import Path

import pytest

from cnnspec.analyses.diff.description import NetworkDescription, describe_network
from cnnspec.gate.lockfile import (
    HEAD,
    digest_lines,
    format_lock,
    format_section,
    parse_section,
    split_sections,
)
from cnnspec.gate.locks import make_lock
from cnnspec.gate.run import check_paths
from cnnspec.graph.build import load_graph
from cnnspec.problems import Problem, SpecError
from cnnspec.spec.zoo import zoo_files
from tests.written import network

NET = """name = "net"
input = [1, 10, 10]
args.w = 4
layers = [
  { name = "a", op = "conv", out_channels = "{w}", kernel_size = 3, activation = "relu" },
  { name = "unit{i}", op = "unit", repeat = 2 },
  { name = "sum", op = "add", from = ["previous", "a"] },
]
[blocks.unit]
layers = [{ name = "c", op = "conv", out_channels = "{w}", kernel_size = 1, norm = "batchnorm" }]
[variants.thin]
[variants.wide]
w = 8
"""


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A spec with two variants, and its lock."""
    monkeypatch.chdir(tmp_path)
    file = Path("net.toml")
    file.write_text(NET)
    Path("net.lock").write_text(make_lock("net.toml").text)
    return file


def found(**given: object) -> list[Problem]:
    return [f.problem for f in check_paths(["net.toml"], {"select": ("K",), **given}).findings]


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_a_lock_is_readable(spec: Path) -> None:
    lines = Path("net.lock").read_text().splitlines()
    assert lines[3].split() == ["network", "thin"]
    assert [line.split() for line in lines[4:9]] == [
        ["input", "input", "1x10x10", "0", "0"],
        [
            "a",
            "conv",
            "4x8x8",
            "40",
            "2,304",
            "out_channels=4",
            "kernel_size=3",
            'activation="relu"',
        ],
        [
            "unit0.c",
            "conv",
            "4x8x8",
            "28",
            "1,024",
            "out_channels=4",
            "kernel_size=1",
            'norm="batchnorm"',
        ],
        [
            "unit1.c",
            "conv",
            "4x8x8",
            "28",
            "1,024",
            "out_channels=4",
            "kernel_size=1",
            'norm="batchnorm"',
        ],
        ["sum", "add", "4x8x8", "0", "0", 'from=["unit1.c","a"]'],
    ]
    assert lines[9:11] == ["outputs sum", "total   96 params, 16 buffers, 4,352 MACs"]


def test_a_changed_layer_changes_one_line_and_the_totals_below_it(spec: Path) -> None:
    before = Path("net.lock").read_text().splitlines()
    edit(
        spec,
        'kernel_size = 1, norm = "batchnorm"',
        'kernel_size = 1, norm = "batchnorm", activation = "relu"',
    )
    after = make_lock("net.toml").text.splitlines()
    differ = [(a, b) for a, b in zip(before, after, strict=True) if a != b]
    assert [a.split()[0] for a, _ in differ] == ["unit0.c", "unit1.c", "digest"] * 2
    assert all(b.startswith(a) for a, b in differ[:2])


@pytest.mark.parametrize(
    "name",
    [
        "nasnetalarge",
        "seresnet50",
        "lenet5_original",
        "ssd300",
        "siamese",
        "sam_vit_b",
        "segnet",
        "inception_v3",
    ],
)
def test_networks_of_the_zoo_can_be_read_back(name: str) -> None:
    assert_reads_back(describe_network(load_graph(name)))


def assert_reads_back(now: NetworkDescription) -> None:
    text = format_section(now)
    again = parse_section("x.lock", 1, text)
    assert again == now.replace(totals={k: now.totals[k] for k in ("params", "buffers", "macs")})
    assert format_section(again) == text


def test_names_with_blanks_and_odd_characters_can_be_read_back() -> None:
    lines = [
        '{ name = "a b", op = "relu" },',
        '{ name = "=#[x,]", op = "conv", out_channels = 2, kernel_size = 1 },',
        '{ name = "ü→", op = "add", from = ["=#[x,]", "=#[x,]"] },',
    ]
    now = describe_network(network("\n".join(lines)).graph).replace(network="my net")
    assert_reads_back(now)
    assert list(split_sections("x.lock", format_lock("x.toml", [now]))) == ["my net"]


def test_a_spec_that_equals_its_lock_has_no_findings(spec: Path) -> None:
    assert found() == []
    edit(spec, "kernel_size = 3", "kernel_size = [3, 3]")  # the same kernel
    spec.write_text(
        "# a comment\n" + spec.read_text().replace('name = "net"', 'name = "net"\ntitle = "Net"')
    )
    assert found() == []
    Path("net.lock").write_bytes(Path("net.lock").read_bytes().replace(b"\n", b"\r\n"))
    assert found() == []


def place(text: str, file: str = "net.toml") -> str:
    """Where a text begins in a file."""
    before = Path(file).read_text().partition(text)[0]
    return f"{file}:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def test_equal_changes_are_merged_and_totals_reported_once_a_network(spec: Path) -> None:
    edit(spec, 'activation = "relu" }', 'bias = false, activation = "tanh" }')
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


def test_a_change_in_a_repeated_block_is_reported_once_with_its_calls(spec: Path) -> None:
    edit(spec, 'norm = "batchnorm"', 'norm = "batchnorm", activation = "relu"')
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
def test_each_kind_of_change(spec: Path, old: str, new: str, at: str, message: str) -> None:
    edit(spec, old, new)
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


def test_networks_that_only_one_side_has(spec: Path) -> None:
    edit(spec, "[variants.wide]", "[variants.broad]")
    assert [str(p) for p in found()] == [
        "net.toml:12:1: K002 net.lock has no network broad\n  help: cnnspec lock adds it",
        (
            "net.lock:14:1: K002 the lock has a network wide, but net.toml does not\n"
            "  help: if it was removed on purpose, run cnnspec lock"
        ),
    ]


def test_a_missing_lock_is_a_finding_if_locks_are_required(spec: Path) -> None:
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
def test_locks_that_cannot_be_used(spec: Path, old: str, new: str, message: str) -> None:
    edit(Path("net.lock"), old, new)
    assert str(found()[0]).startswith(message)
    assert {p.rule for p in found()} == {"K003"}


def test_an_unreadable_line_with_a_valid_digest_is_reported() -> None:
    for bad in (
        "  a conv 3x3",
        "  a conv axb 1 2",
        "  a conv 3x3 1 2 x",
        "  a conv 3x3 1 2 x={",
        "  a conv 3x3 one 2",
    ):
        lines = [
            "network n",
            "  input  input  3x3  0  0",
            bad,
            "outputs a",
            "total   1 params, 0 buffers, 2 MACs",
        ]
        with pytest.raises(
            SpecError, match=r"x\.lock:9:1: K003 this line of the lock cannot be read"
        ):
            parse_section("x.lock", 7, "\n".join([*lines, f"digest  {digest_lines(lines)}"]))


def test_other_files_are_not_locks(spec: Path) -> None:
    path = Path("net.lock")
    path.write_bytes(b"\xff\xfe")
    assert [p.rule for p in found()] == ["K003"]
    path.unlink()
    path.mkdir()
    assert [str(p) for p in found()] == [
        "net.lock: K003 the lock is not a regular file of at most 33,554,432 bytes\n"
        "  help: cnnspec lock writes it again"
    ]


def test_the_same_lock_comes_out_of_every_process() -> None:
    code = """
import sys
from cnnspec.gate.locks import make_lock
sys.stdout.write(make_lock(sys.argv[1]).text)
"""
    path = next(f for f in zoo_files() if f.endswith("googlenet.toml"))
    texts = {
        subprocess.run(
            [sys.executable, "-c", code, path],
            capture_output=True,
            check=True,
            timeout=60,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        ).stdout
        for seed in "12"
    }
    assert len(texts) == 1
