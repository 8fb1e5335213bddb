"""What other tools count, in cnnspec table and cnnspec explain."""

from click.testing import CliRunner

from cnnspec.cli import cli


def test_table_has_a_column_of_what_a_tool_counts() -> None:
    given = [
        "table",
        "googlenet",
        "--depth",
        "1",
        "--columns",
        "layer,macs",
        "--convention",
        "thop",
    ]
    rows = {
        line.split()[0]: line.split()[1:]
        for line in CliRunner().invoke(cli, given).stdout.splitlines()
        if line
    }
    assert rows["avgpool"] == ["0", "1,024"]
    assert rows["Total"] == ["1,582,671,872", "1,582,672,896"]
    for wrong, said in (
        (["table", "sam_vit_b", "--convention", "thop"], "attention"),
        (["table", "lenet5", "--convention", "tohp"], "did you mean 'thop'"),
        ([*given, "--format", "json"], "go with tables"),
    ):
        assert said in str(CliRunner().invoke(cli, wrong).exception)


def test_explain_vs_is_the_exact_gap() -> None:
    page = CliRunner().invoke(cli, ["explain", "resnet50", "--vs", "fvcore"]).stdout
    assert page.splitlines()[2:10] == [
        "Operator        Nodes       Our MACs         fvcore   Difference",
        "--------------  -----  -------------  -------------  -----------",
        "conv               53  4,087,136,256  4,087,136,256            0",
        "batchnorm          53              0     22,227,968  +22,227,968",
        "global_avgpool      1              0        100,352     +100,352",
        "linear              1      2,048,000      2,048,000            0",
        "--------------  -----  -------------  -------------  -----------",
        "Total             108  4,089,184,256  4,111,512,576  +22,328,320",
    ]
    assert "prints 4.112G" in page
    assert "relu (49), maxpool (1), add (16)" in page
    assert max(map(len, page.splitlines())) <= 80
    layer = (
        CliRunner()
        .invoke(cli, ["explain", "resnet50", "layer1.0", "--vs", "thop", "--format", "latex"])
        .stdout
    )
    assert "batchnorm & 4 & 0 & 8,028,160 & +8,028,160" in " ".join(layer.split())
    refused = CliRunner().invoke(cli, ["explain", "sam_vit_b", "--vs", "thop"])
    assert "attention" in str(refused.exception)
