"""An empty folder for each test that asks for one, and a spec with its lock."""

from pathlib import Path

import pytest

from cnnspec.gate.locks import make_lock

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
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, which is the current folder of the test."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def locked_spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A spec with two variants, and its lock."""
    monkeypatch.chdir(tmp_path)
    file = Path("net.toml")
    file.write_text(NET)
    Path("net.lock").write_text(make_lock("net.toml").text)
    return file
