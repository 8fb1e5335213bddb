"""The description of a network that diffs and locks compare has the numbers of its table."""

from cnnspec.analyses.diff.description import LayerDescription, describe_network
from cnnspec.api import load


def test_the_totals_of_a_description_are_those_of_the_table() -> None:
    for name in (
        "googlenet",
        "mobilenet_v3_small",
        "se_resnet50",
        "segnet",
        "lenet5_original",
        "siamese",
    ):
        net = load(name)
        totals, found = net.totals, describe_network(net.graph).totals
        assert found == {
            "params": totals.params,
            "buffers": totals.buffers,
            "macs": totals.macs,
            "flops": totals.flops,
            "activations": totals.activations,
            **totals.elementwise,
        }


def test_the_layers_of_a_description_are_the_rows_of_the_table() -> None:
    net = load("googlenet")
    rows = {row.name: (row.op, row.output, row.params, row.macs) for row in net.rows(training=True)}
    found = describe_network(net.graph).layers
    assert {x.name: (x.op, x.output, x.params, x.macs) for x in found if x.op != "input"} == rows
    assert found[0] == LayerDescription("input", "input", (3, 224, 224), 0, 0, {}, ())
    assert any(x.training_only for x in found)
