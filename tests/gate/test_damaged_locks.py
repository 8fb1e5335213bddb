"""A damaged lock is a finding (K003), and cnnspec lock writes it again, whatever the damage is."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from cnnspec.cli import cli
from cnnspec.gate.lockfile import digest_lines
from cnnspec.gate.locks import make_lock
from tests.gate.checking import check, found

NET = """name = "net"
input = [1, 8, 8]
layers = [
  { name = "a",   op = "conv", out_channels = 4, kernel_size = 3 },
  { name = "b",   op = "conv", out_channels = 4, kernel_size = 3, padding = 1 },
  { name = "sum", op = "add",  from = ["a", "b"] },
]
"""


@pytest.fixture(autouse=True)
def lock(here: Path) -> str:
    """The lock of net.toml, which is not written."""
    Path("net.toml").write_text(NET, encoding="utf-8")
    return make_lock("net.toml").text


def sign(text: str) -> str:
    """The text with the digests that its lines have now, so that the lines themselves are read."""
    signed, lines = list[str](), list[str]()
    for line in text.split("\n"):
        if line.startswith("network "):
            lines = []
        signed.append(f"digest  {digest_lines(lines)}" if line.startswith("digest  ") else line)
        lines.append(line)
    return "\n".join(signed)


def replace(old: str, new: str) -> Callable[[str], str]:
    def damage(text: str) -> str:
        assert old in text
        return sign(text.replace(old, new))

    return damage


DAMAGES: dict[str, Callable[[str], str]] = {
    "no network": lambda text: text[: text.index("network ")],
    "empty": lambda text: "",
    "cut": lambda text: text[:-30],
    "a network without a name": replace("network net", "network "),
    "a network with two names": replace("network net", "network net net"),
    "from is a number": replace('from=["a","b"]', "from=3"),
    "from is nothing": replace('from=["a","b"]', "from=null"),
    "from has a number": replace('from=["a","b"]', 'from=["a",1]'),
    "from has a list": replace('from=["a","b"]', 'from=[["a"]]'),
    "from names no layer": replace('from=["a","b"]', 'from=["a","c"]'),
    "from names a layer below": replace("kernel_size=3 padding=1", 'kernel_size=3 from=["sum"]'),
    "outputs name no layer": replace("outputs sum", "outputs mus"),
    "a layer is gone": replace("  a  ", "  b  "),
    "a setting is no JSON": replace("kernel_size=3", "kernel_size=x"),
    "a setting without a value": replace("kernel_size=3", "kernel_size"),
    "a setting nests too deeply": replace("kernel_size=3", "kernel_size=" + "[" * 5000),
    "a size is no number": replace("4x6x6", "4xax6"),
    "params are no number": replace(
        "            0               0", "            x               0"
    ),
    "a line is short": replace("add  ", ""),
    "a line is empty": replace("  sum ", "\n  sum "),
    "totals are missing": replace("\ntotal   ", "\ntotals "),
    "totals are too few": replace(" params, 0 buffers", " params"),
    "a number of 5000 digits": replace("4x6x6", "9" * 5000),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_lock_is_found_and_mended(damage: Callable[[str], str], lock: str) -> None:
    damaged = damage(lock)
    assert damaged != lock
    Path("net.lock").write_text(damaged, encoding="utf-8")
    findings = found("net.toml")
    assert {(file, code) for file, _, code in findings} <= {
        ("net.lock", "K003"),
        ("net.toml", "K001"),
    }
    assert findings
    assert check("net.toml").exit_code == 1
    done = CliRunner().invoke(cli, ["lock", "net.toml"], catch_exceptions=False)
    assert (done.exit_code, Path("net.lock").read_text(encoding="utf-8")) == (0, lock)
    assert found("net.toml") == []


def test_random_damage_is_found_too(lock: str) -> None:
    """Words of a lock replaced by others, with digests that fit."""
    rng = random.Random(0)
    words = [
        *lock.split(),
        "0",
        "null",
        "[]",
        "{}",
        '"x"',
        "from=3",
        "stride={}",
        "=",
        '"',
        "\u202e",
    ]
    for _ in range(150):
        lines = lock.split("\n")
        number = rng.randrange(len(lines))
        cells = lines[number].split(" ")
        cells[rng.randrange(len(cells))] = rng.choice(words)
        lines[number] = " ".join(cells)
        Path("net.lock").write_text(sign("\n".join(lines)), encoding="utf-8")
        codes = {code for _, _, code in found("net.toml")}
        assert codes <= {"K001", "K002", "K003"}, lines[number]
        assert make_lock("net.toml").text == lock
