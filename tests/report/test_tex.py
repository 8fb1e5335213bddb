"""What commands print as LaTeX compiles with a real TeX and the packages that they name."""

import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

import cnnspec
from cnnspec.cli import cli

TEX = shutil.which("pdflatex")
pytestmark = pytest.mark.skipif(
    TEX is None, reason="there is no pdflatex: Debian's texlive-latex-recommended has it"
)
HEAD = r"""\documentclass{article}
\usepackage[utf8]{inputenc}
\usepackage[T1]{fontenc}
\usepackage[paperwidth=250cm,paperheight=200cm]{geometry}
\usepackage{amsmath,booktabs}
\begin{document}
"""
COMMANDS = [
    "table lenet5_geron --preset architecture --reverse",
    "table alexnet_geron --preset architecture --reverse",
    "table bird_cnn --preset activations --layout hwc",
    "table vgg16",
    "table resnet50 --preset full --depth 2",
    "table lenet5 --columns layer,op,elementwise,shares",
    "list lenet",
    "compare vgg16 resnet50 sam_vit_b",
    (
        "compare vgg11 vgg16 googlenet --columns"
        " title,architecture,params,size,receptive_field,intensity --exact"
    ),
    "compare lenet5 alexnet --across --convention fvcore --convention thop",
    "explain lenet5",
    "explain googlenet fc",
    "explain resnet50 --vs ptflops",
    "explain resnet50 layer1.0 --vs torchinfo",
]


def printed(command: str) -> str:
    result = CliRunner().invoke(cli, [*command.split(), "--format", "latex"])
    assert result.exit_code == 0, result.output
    return result.stdout


def compiled(parts: list[str], folder: Path) -> str:
    """The log of a document of ``parts``; asserts that TeX makes a PDF of it."""
    (folder / "page.tex").write_text(
        HEAD + "\n\n\\newpage\n".join(parts) + "\n\\end{document}\n", encoding="utf-8"
    )
    done = subprocess.run(
        [str(TEX), "-interaction=nonstopmode", "-halt-on-error", "page.tex"],
        cwd=folder,
        timeout=300,
        capture_output=True,
        check=False,
    )
    log = done.stdout.decode("utf-8", "replace")
    assert done.returncode == 0, log[-3000:]
    assert (folder / "page.pdf").stat().st_size > 10_000
    return log


def test_tables_and_formulas_compile(tmp_path: Path) -> None:
    log = compiled([printed(command) for command in COMMANDS], tmp_path)
    assert "Missing character" not in log


def test_a_network_of_hostile_names_compiles(tmp_path: Path) -> None:
    name = "a_b^c#d%e&f~g|<>$"
    (tmp_path / "n.toml").write_text(
        f"name = 'n'\ntitle = '{name}}}{{\\end'\nsource = '{name}'\ninput = [3, 8, 8]\n"
        f"layers = [{{ name = '{name}', op = 'conv', out_channels = 2, kernel_size = 3 }}]\n",
        encoding="utf-8",
    )
    spec = tmp_path / "n.toml"
    assert cnnspec.load(str(spec)).layers[0].name == name
    parts = [
        printed(f"{command} {spec}")
        for command in ("table", "explain", "compare", "compare lenet5 --across")
    ]
    compiled(parts, tmp_path)


@pytest.mark.long
def test_every_network_of_the_zoo_compiles(tmp_path: Path) -> None:
    names = [name for names in cnnspec.networks().values() for name in names]
    parts = [printed(f"table {name} --depth 2 --preset full") for name in names]
    parts += [printed("compare --all"), printed("list"), printed("explain unet")]
    compiled(parts, tmp_path)
