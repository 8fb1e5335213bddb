"""cnnspec compare and cnnspec.compare: numbers, order, conditions, formats, and what is refused."""

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import cnnspec
from cnnspec.analyses.comparison import DEFAULT, MEASURES
from cnnspec.analyses.comparison_selection import parse_condition
from cnnspec.cli import cli
from cnnspec.problems import RequestError
from cnnspec.units import format_short

PAIR = ("vgg16", "resnet50", "lenet5")


def run(*args: str) -> Result:
    return CliRunner().invoke(cli, ["compare", *args])


def test_json_has_the_figures_of_table_and_memory_under_their_names() -> None:
    data = json.loads(run(*PAIR, "--batch", "4", "--optimizer", "adam", "--format", "json").stdout)
    assert (data["version"], data["batch"], data["dtype"], data["optimizer"]) == (
        1,
        4,
        "float32",
        "adam",
    )
    for entry, name in zip(data["networks"], PAIR, strict=True):
        net = cnnspec.load(name)
        memory = net.memory(batch=4, optimizer="adam")
        assert [*entry] == [*DEFAULT]
        assert entry["network"] == name
        assert (entry["params"], entry["macs"], entry["activations"]) == (
            net.totals.params,
            net.totals.macs,
            net.totals.activations,
        )
        assert (entry["inference_peak"], entry["training_peak"]) == (
            memory.inference_peak,
            memory.training_peak,
        )
    assert [n["receptive_field"] for n in data["networks"]] == [[212, 212], [427, 427], [16, 16]]
    assert [n["depth"] for n in data["networks"]] == [16, 50, 5]


def test_every_measure_of_one_network_by_hand() -> None:
    entry = json.loads(run("lenet5", "--columns", ",".join(MEASURES), "--format", "json").stdout)[
        "networks"
    ][0]
    weights = 150 + 2400 + 400 * 120 + 120 * 84 + 84 * 10
    moved = 4 * (9108 + 8094 + 61706)  # what layers read, what they write, and parameters
    assert entry["weights"] == weights == 61_470
    assert (entry["flops"], entry["buffers"], entry["input"], entry["year"]) == (
        833_040,
        0,
        [1, 32, 32],
        1998,
    )
    assert entry["intensity"] == round(833_040 / moved, 2)
    assert entry["fvcore"] == entry["macs"] == 416_520
    assert entry["torchinfo"] == 416_520 + 4704 + 1600 + 120 + 84 + 10


def test_shared_weights_count_once_and_a_batch_moves_weights_once() -> None:
    keys = "network,params,weights,intensity,architecture"
    one, more = (
        json.loads(
            run(
                "retinanet_resnet50_fpn",
                "lenet5",
                "--columns",
                keys,
                "--batch",
                n,
                "--format",
                "json",
            ).stdout
        )["networks"]
        for n in ("1", "10")
    )
    assert one[0]["weights"] < one[0]["params"]
    assert one[0]["architecture"] is None  # it has branches
    assert (
        one[1]["architecture"]
        == "Image, Conv5-6, Avg pool, Conv5-16, Avg pool, FC-120, FC-84, FC-10"
    )
    assert one[1]["intensity"] == round(833_040 / (4 * (9108 + 8094 + 61706)), 2)
    assert more[1]["intensity"] == round(8_330_400 / (4 * (10 * (9108 + 8094) + 61706)), 2)


def test_a_field_that_is_no_square_is_shown_whole_and_compared_by_its_larger_side(
    tmp_path: Path,
) -> None:
    spec = """
name = "n"
input = [1, 8, 8]
layers = [{ name = "c", op = "conv", out_channels = 1, kernel_size = [1, 5] }]
"""
    (tmp_path / "n.toml").write_text(spec)
    given = (str(tmp_path / "n.toml"), "--columns", "network,receptive_field")
    assert run(*given).stdout.splitlines()[2].split() == ["n", "1x5"]
    assert names(*given, "--filter", "receptive_field > 4") == ["n"]
    assert names(*given, "--filter", "receptive_field > 5") == []


def test_csv_is_exact_and_a_frame_says_the_same() -> None:
    rows = list(csv.DictReader(io.StringIO(run(*PAIR, "--format", "csv").stdout)))
    frame = cnnspec.compare(PAIR).to_frame()
    assert [*frame.columns] == [*rows[0]] == [*DEFAULT]
    assert (
        [int(r["params"]) for r in rows]
        == list(frame["params"])
        == [138_357_544, 25_557_032, 61_706]
    )
    assert rows[0]["receptive_field"] == "212x212"


@pytest.mark.parametrize("format", ["text", "markdown", "latex", "html"])
def test_tables_show_every_network_and_what_the_columns_mean(format: str) -> None:
    page = run(*PAIR, "--format", format).stdout
    assert all(name in page for name in PAIR)
    assert "138.4M" in page
    assert "without those of squeeze-excite gates" in " ".join(page.split())
    assert "138,357,544" in run(*PAIR, "--format", format, "--exact").stdout


def test_across_has_a_column_a_network() -> None:
    lines = run(*PAIR, "--across", "--exact").stdout.splitlines()
    assert lines[0].split() == ["Network", *PAIR]
    assert next(line for line in lines if line.startswith("Params")).split() == [
        "Params",
        "138,357,544",
        "25,557,032",
        "61,706",
    ]


def names(*args: str) -> list[str]:
    return [n["network"] for n in json.loads(run(*args, "--format", "json").stdout)["networks"]]


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (("--sort", "params"), ["lenet5", "resnet50", "vgg16"]),
        (("--sort", "-params"), ["vgg16", "resnet50", "lenet5"]),
        (("--sort", "network"), ["lenet5", "resnet50", "vgg16"]),
        (("--filter", "params < 61707"), ["lenet5"]),
        (("--filter", "params < 61,707"), ["lenet5"]),
        (("--filter", "params<=25,557,032"), ["resnet50", "lenet5"]),
        (("--filter", "params < 25557032"), ["lenet5"]),
        (("--filter", "family = resnet"), ["resnet50"]),
        (("--filter", "family != resnet"), ["vgg16", "lenet5"]),
        (("--filter", "macs > 4.09G"), ["vgg16"]),
        (("--filter", "macs > 4.089G", "--filter", "params < 0.1B"), ["resnet50"]),
        (("--filter", "training_peak < 0.5GiB"), ["resnet50", "lenet5"]),
        (("--filter", "year == 1998"), ["lenet5"]),
        (("--filter", "input < 2k"), ["lenet5"]),
        (("--filter", "receptive_field >= 427"), ["resnet50"]),
    ],
)
def test_networks_are_sorted_and_filtered(args: tuple[str, ...], expected: list[str]) -> None:
    assert names(*PAIR, "--columns", "network", *args) == expected


def test_what_is_not_known_is_shown_as_such_sorted_last_and_fulfils_nothing() -> None:
    given = ("sam_vit_b", "lenet5", "--columns", "network,thop")
    page = run(*given, "--sort", "-thop").stdout
    assert [line.split() for line in page.splitlines()[2:4]] == [
        ["lenet5", "418.1k"],
        ["sam_vit_b", "–"],
    ]
    assert "depends on its implementation" in page
    assert json.loads(run(*given, "--format", "json").stdout)["networks"][0]["thop"] is None
    assert run(*given, "--format", "csv").stdout.splitlines()[1] == "sam_vit_b,"
    assert names(*given, "--filter", "thop >= 0") == ["lenet5"]
    assert run(*given, "--filter", "thop > 1T").stdout == "No network meets the conditions.\n"


@pytest.mark.parametrize(
    ("condition", "shown"),
    [
        ("family = LeNet", "lenet5"),
        ("network = VGG16", "vgg16"),
        ("family = x", "No network meets the conditions; no network's family is 'x'; there are "),
        ("network = vgg_16", "No network meets the conditions; no network's network is 'vgg_16'; "),
    ],
)
def test_capitals_do_not_matter_in_texts_and_unknown_texts_have_a_hint(
    condition: str, shown: str
) -> None:
    found = run("vgg16", "lenet5", "--filter", condition)
    assert shown in found.stdout


@pytest.mark.long
def test_usual_columns_of_the_whole_zoo_fit_into_80_columns() -> None:
    page = run("--all").stdout
    assert max(map(len, page.splitlines())) <= 80
    assert all(name in page for family in cnnspec.networks().values() for name in family)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ([], "give names or files"),
        (["--all", "lenet5"], "give names, or --all"),
        (["--all", "--set", "classes=1"], "--set"),
        (["nonsense"], "there is no network"),
        (["lenet5", "--sort", "parms"], "did you mean 'params'"),
        (["lenet5", "--columns", "macs,parm"], "did you mean 'params'"),
        (["lenet5", "--columns", ""], "there is no measure"),
        (["lenet5", "--filter", "params"], "--filter takes"),
        (["lenet5", "--filter", "params < x"], "10M"),
        (["lenet5", "--filter", "params ~ 1"], "--filter takes"),
        (["lenet5", "--filter", "family < vgg"], "text"),
        (["lenet5", "--filter", "training_peak < 8 apples"], "24GiB"),
        (["lenet5", "--filter", "1" * 500], "--filter"),
        (["lenet5", "--filter", "__import__('os') < 1"], "--filter"),
        (["lenet5", "--filter", "params < 1e9999"], "10M"),
        (["lenet5", "--filter", "params < 1,5M"], "not '1,5M'"),
        (["lenet5", "--filter", "\x1b[31m < 1"], "--filter"),
        (["lenet5", "alexnet", "--input", "3,64,64"], "D0"),
    ],
)
def test_a_request_that_cannot_be_meant_is_refused(args: list[str], said: str) -> None:
    refused = run(*args)
    assert refused.stdout == ""
    assert isinstance(refused.exception, cnnspec.RequestError | cnnspec.SpecError)
    assert said in str(refused.exception)
    assert "\x1b" not in str(refused.exception)


def test_the_interface_refuses_what_the_command_cannot_be_given() -> None:
    for wrong in ({"batch": 0}, {"dtype": "int4"}, {"optimizer": "lion"}, {"conventions": ["pen"]}):
        with pytest.raises(RequestError):
            cnnspec.compare(["lenet5"], columns=["network"], **wrong)  # type: ignore[arg-type]


def test_a_condition_is_exact_where_floats_are_not() -> None:
    net = cnnspec.compare(["lenet5"]).subjects[0]
    net.found["params"] = 2**53 + 1
    assert parse_condition(f"params = {2**53 + 1}")(net)
    assert not parse_condition(f"params = {2**53}")(net)


@pytest.mark.parametrize(
    ("n", "shown"),
    [
        (0, "0"),
        (608, "608"),
        (9999, "9999"),
        (10_000, "10.00k"),
        (61_706, "61.71k"),
        (999_949, "999.9k"),
        (999_950, "1.000M"),
        (999_999, "1.000M"),
        (9_999_499, "9.999M"),
        (9_999_501, "10.00M"),
        (25_557_032, "25.56M"),
        (99_994_999, "99.99M"),
        (99_995_000, "100.0M"),
        (4_089_184_256, "4.089G"),
        (10**15, "1000T"),
    ],
)
def test_counts_are_shown_to_four_digits(n: int, shown: str) -> None:
    assert format_short(n) == shown
