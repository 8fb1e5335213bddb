"""The text of a lock: it is readable, it can be read back, and every process writes the same."""

import subprocess
import sys
from pathlib import Path

import pytest

from cnnspec.analyses.diff.description import NetworkDescription, describe_network
from cnnspec.gate.lockfile import (
    digest_lines,
    format_lock,
    format_section,
    parse_section,
    split_sections,
)
from cnnspec.gate.locks import make_lock
from cnnspec.graph.build import load_graph
from cnnspec.problems import SpecError
from cnnspec.spec.zoo import zoo_files
from tests.gate.checking import edit_file
from tests.written import network


def test_a_lock_is_readable(locked_spec: Path) -> None:
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


def test_a_changed_layer_changes_one_line_and_the_totals_below_it(locked_spec: Path) -> None:
    before = Path("net.lock").read_text().splitlines()
    edit_file(
        locked_spec,
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
