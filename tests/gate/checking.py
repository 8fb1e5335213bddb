"""Write specs, and read what cnnspec check finds in them."""

import json
from pathlib import Path

from click.testing import CliRunner, Result

from cnnspec.cli import cli

# On an input of 224x224, S001 finds unread pixels in this line; on 227x227 it does not.
LINE = '  { name = "c", op = "conv", out_channels = 8, kernel_size = 11, stride = 4 },'
FAMILY = """name = "family"
input = [3, 224, 224]
args.width = 8
layers = [
  { name = "c", op = "conv", out_channels = "{width}", kernel_size = 11, stride = 4 },
]
[variants.thin]
[variants.wide]
width = 16
"""
BLOCKS = """[blocks.b]
layers = [
  { name = "c", op = "relu" },
]
"""


def spec(layers: str, size: int = 224) -> str:
    """Return a spec with the given lines."""
    return f"""name = "net"
input = [3, {size}, {size}]
layers = [
{layers}
]
"""


def check(*arguments: str) -> Result:
    """Run cnnspec check."""
    return CliRunner().invoke(cli, ["check", *arguments], catch_exceptions=False)


def found(*arguments: str) -> list[tuple[str, int, str]]:
    """Return file, line and code of each finding."""
    data = json.loads(check(*arguments, "--format", "json").stdout)
    return [(f["file"], f["line"], f["code"]) for f in data["findings"]]


def write(**files: str) -> None:
    """Write NAME.toml for each name."""
    for name, text in files.items():
        Path(f"{name}.toml").write_text(text, encoding="utf-8")


def edit_file(file: Path, old: str, new: str) -> None:
    """Replace a text that the file must have."""
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
