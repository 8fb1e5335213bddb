"""cnnspec table: the per-layer table."""

from typing import TYPE_CHECKING

import click

from cnnspec.api import Network
from cnnspec.cli.command import Command
from cnnspec.cli.comparison_options import split_columns
from cnnspec.cli.options import fold_option, network_argument
from cnnspec.cli.output import page_width, print_page
from cnnspec.problems import RequestError
from cnnspec.report.presets import FORMATS, PRESETS, TEXTBOOK
from cnnspec.units import MAX_EXAMPLES

if TYPE_CHECKING:
    from cnnspec.analyses.training_macs import TrainingMacs
    from cnnspec.report.columns import Column


@click.command(cls=Command, name="table", short_help="Print the per-layer table of a network.")
@network_argument
@fold_option
@click.option("--format", "format_", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option(
    "--preset",
    type=click.Choice(list(PRESETS)),
    show_default="summary",
    help="The columns; activations and architecture are tables as textbooks print them.",
)
@click.option(
    "--columns",
    metavar="A,B,...",
    help=(
        "Columns in place of a preset's, such as layer,output,params; a wrong name lists them all."
        " With --preset activations or architecture the rows are still a textbook's."
    ),
)
@click.option(
    "--convention",
    "tools",
    multiple=True,
    metavar="TOOL",
    help="Add a column with the count of fvcore, thop, torchinfo, ptflops or torchvision.",
)
@click.option(
    "--depth",
    type=click.IntRange(1),
    metavar="N",
    help="Fold blocks deeper than N levels into a row each, and equal rows into xN.",
)
@click.option(
    "--unfold", is_flag=True, help="One row per node: norms and activations get rows of their own."
)
@click.option("--training", is_flag=True, help="Include training-only layers.")
@click.option(
    "--training-cost",
    is_flag=True,
    help="Show the MACs of a training step: forward, and of the gradients of inputs and weights.",
)
@click.option(
    "--examples",
    type=click.IntRange(1, MAX_EXAMPLES),
    metavar="N",
    help="With --training-cost, state the MACs of an epoch of N examples.",
)
@click.option(
    "--freeze",
    multiple=True,
    metavar="PATTERN",
    help="With --training-cost, layers that are not trained, such as 'layer1.*'.",
)
@click.option(
    "--layout",
    type=click.Choice(["chw", "hwc"]),
    default="chw",
    show_default=True,
    help="Print shapes as (C, H, W), or as (H, W, C) and vectors as (n, 1).",
)
@click.option("--reverse", is_flag=True, help="Print the output first, as some textbooks do.")
def command(
    net: Network,
    format_: str,
    preset: str | None,
    columns: str | None,
    tools: tuple[str, ...],
    depth: int | None,
    unfold: bool,
    training: bool,
    training_cost: bool,
    examples: int | None,
    freeze: tuple[str, ...],
    layout: str,
    reverse: bool,
) -> None:
    """Print the per-layer table of NAME: a network of the zoo, file.toml, or file.toml:variant.

    \b
    cnnspec table alexnet
    cnnspec table vgg16 --preset activations --layout hwc
    cnnspec table alexnet_geron --preset architecture --reverse --format latex
    cnnspec table resnet50 --depth 2 --set classes=10 --input 3,160,160
    cnnspec table googlenet --depth 1 --columns layer,macs --convention fvcore
    cnnspec table resnet18 --training-cost --examples 1281167 --freeze 'layer1.*'

    A row includes its norm and activation: conv+bn+relu. Shapes are without the batch. MACs are
    multiply-accumulates, biases not counted; FLOPs are 2 a MAC. RF is the receptive field in input
    pixels. Without --columns and --preset, text fits the terminal, or 80 columns elsewhere: RF is
    left out and MACs are rounded where they must be, which notes below the table say."""
    if columns is not None and preset is not None and preset not in TEXTBOOK:
        raise RequestError(f"--columns replaces --preset {preset}: give one of them")
    if unfold and (depth is not None or preset in TEXTBOOK):
        raise RequestError("--unfold goes with neither --depth nor a textbook's --preset")
    if (freeze or examples) and not training_cost:
        raise RequestError("--freeze and --examples go with --training-cost")
    if training_cost and (columns is not None or preset is not None):
        raise RequestError("--training-cost has columns of its own: give no --preset or --columns")
    training = training or training_cost
    macs = training_macs(net, freeze) if training_cost else None
    if format_ == "json":  # without importing what tables need
        from cnnspec.report.contract import render_json

        if columns is not None or tools:
            raise RequestError("--columns and --convention go with tables; JSON has every key")
        print_page(render_json(net, depth, training, unfold, macs))
        return
    from cnnspec.report.table import render_table

    names = split_columns(columns)
    shown, notes = preset or "summary", list[str]()
    more: list[Column] = []
    if macs is not None:
        from cnnspec.report.training_cost import (
            COLUMNS,
            describe_training_cost,
            make_training_columns,
        )

        names, more = list(COLUMNS), make_training_columns(macs)
        notes = describe_training_cost(macs, examples)
    print_page(
        render_table(
            net,
            format_,
            shown,
            columns=names,
            depth=depth,
            training=training,
            layout=layout,
            reverse=reverse,
            tools=tools,
            unfold=unfold,
            width=page_width(),
            more=more,
            notes=notes,
        )
    )


def training_macs(net: Network, freeze: tuple[str, ...]) -> dict[int, "TrainingMacs"]:
    """Return the multiply-accumulates of each node in training; frozen layers have fewer."""
    from cnnspec.analyses.memory.request import find_frozen_layers
    from cnnspec.analyses.training_macs import compute_training_macs

    return compute_training_macs(net.graph, find_frozen_layers(net.graph, freeze))
