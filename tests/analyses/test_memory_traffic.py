"""Memory traffic: elements that layers move, counted by hand."""

import cnnspec
from cnnspec.analyses.comparison import count_memory_traffic


def test_moved_elements_of_lenet5() -> None:
    net = cnnspec.load("lenet5")
    layers = [  # inputs, outputs, parameters: flatten moves nothing, tanh is done on the way
        (1024, 4704, 156),
        (4704, 1176, 0),
        (1176, 1600, 2416),
        (1600, 400, 0),
        (400, 120, 48120),
        (120, 84, 10164),
        (84, 10, 850),
    ]
    assert count_memory_traffic(net.rows()) == sum(map(sum, layers))
    assert count_memory_traffic(net.rows(), 7) == sum(7 * (i + o) + p for i, o, p in layers)


def test_moved_elements_count_norms_and_both_inputs_of_a_join() -> None:
    net = cnnspec.load("resnet18")
    rows = {r.name: r for r in net.rows()}
    assert count_memory_traffic([rows["layer1.0.conv1"]]) == 2 * 64 * 56 * 56 + 9 * 64 * 64 + 4 * 64
    assert count_memory_traffic([rows["layer1.0.add"]]) == 3 * 64 * 56 * 56


def test_what_only_gives_its_size_is_not_moved() -> None:
    rows = {r.name: r for r in cnnspec.load("fcn32s").rows()}
    crop = next(r for r in rows.values() if r.op == "crop")
    assert len(crop.nodes[0].inputs) == 2
    first = crop.nodes[0].inputs[0].output
    assert count_memory_traffic([crop]) == first[0] * first[1] * first[2] + crop.activation_size
