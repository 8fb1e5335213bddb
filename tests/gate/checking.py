"""Files to check, and what ``cnnspec check`` finds in them."""

import json
from pathlib import Path

from click.testing import CliRunner, Result

from cnnspec.cli import cli

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


def spec(layers: str, size: int = 224) -> str:
    return f'name = "net"\ninput = [3, {size}, {size}]\nlayers = [\n{layers}\n]\n'


def check(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["check", *arguments], catch_exceptions=False)


def found(*arguments: str) -> list[tuple[str, int, str]]:
    """File, line and code of each finding."""
    data = json.loads(check(*arguments, "--format", "json").output)
    return [(f["file"], f["line"], f["code"]) for f in data["findings"]]


def write(**files: str) -> None:
    for name, text in files.items():
        Path(f"{name}.toml").write_text(text, encoding="utf-8")
