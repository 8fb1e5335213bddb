"""Hostile expressions are refused with a rule, in bounded time."""

from pathlib import Path

import pytest

from tests.spec.broken_rules import many, rules


@pytest.mark.parametrize(
    "expression",
    [
        "9**9**9",
        "((9**9)**9)**9",
        "2**64",
        "2**-65",
        "(-1)**0.5",
        "0**-1",
        "1 << 99",
        "9" * 900,
        "1e400",
        "1e308 * 10",
        "1e999 - 1e999",
        "'a' * 9**9",
        "'a' + 'b'",
        "[1] * 3",
        "(1,) * 9",
        "-" * 400 + "1",
        "not " * 200 + "1",
        "1" + "+1" * 499,
        "1 if 1 else " * 60 + "1",
        "x.y",
        "in_channels.real",
        "().__class__",
        "__import__('os')",
        "__builtins__",
        "in_channels.__class__",
        "lambda: 1",
        "[i for i in r]",
        "f'{1}'",
        "(a := 1)",
        "min(*r)",
        "max(r, key=len)",
        "round(1.5, ndigits=1)",
        "open('/etc/passwd')",
        "len",
        "min",
        "min()",
        "len(3)",
        "r[9]",
        "r['a']",
        "r[0:1]",
        "b'x'",
        "...",
        "None",
        "1j",
        "await r",
        "yield",
        "print(1)",
        "str(1.5)",
        "'a' + 1",
        "[1] + 'a'",
        "[a for a in 3]",
        "[a for a, b in r]",
        "[a for a in r for b in r]",
        "[b for a in r]",
        "[*r]",
        "range(0.5)",
        "range(1, 2, 0)",
        "range(9**9)",
        "sum([r, r], r)",
        "min(r, 'a')",
        "r[0] if",
        "1 +",
        "",
        " ",
        "#",
        "1;2",
        "'",
        "1\\\n",
        "\\x00",
        "\u202e1",
        "𝟏𝟎 + ａ",
        "0x",
        "1_",
        "07",
        "round_channels(1, 0)",
        "round_channels(1e308)",
        "round_channels('a')",
        "ceil(1e308)",
        "floor(r)",
        "sum(r, r)",
        "sum(['a'])",
        "1 // 0",
        "1 % 0",
        "1 / 0",
        "1.0 // 0",
        "7 % 1e-320",
        "1 < 'a'",
        "1 in 1",
        "max(r, 1)",
        "round(1, -10**9)",
        "round(5, -4000)",
    ],
)
def test_expressions_that_are_refused(tmp_path: Path, expression: str) -> None:
    quoted = expression.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    text = (
        'args.r = [1]\nlayers = [{ name = "a", op = "conv", kernel_size = 1, out_channels ='
        f' "{{{quoted}}}" }}]'
    )
    assert rules(tmp_path / "net.toml", text) & {"L007", "L003"}


@pytest.mark.parametrize(
    "text",
    [
        "args.a0 = [1, 1]\n"
        + "".join(f'args.a{i + 1} = ["{{a{i}}}", "{{a{i}}}", "{{a{i}}}"]\n' for i in range(30)),
        "args.a0 = { x = 1 }\n"
        + "".join(f'args.a{i + 1} = {{ x = "{{a{i}}}", y = "{{a{i}}}" }}\n' for i in range(60)),
        'args.a0 = "x"\n' + "".join(f'args.a{i + 1} = "{{a{i}}}{{a{i}}}"\n' for i in range(60)),
        "args.a = " + many("1", 150_000) + "\nargs.b = " + many("'{sum(a)}'", 1000) + "\n",
        'args.a = "{[0 for a in range(2000)]}"\n'
        + "".join(f'args.b{i} = "{{[a for k in a]}}"\n' for i in range(9)),
        'args.a = "{[[[0 for k in range(999)] for k in range(999)] for k in range(999)]}"\n',
        'args.a0 = "{range(999)}"\n'
        + "".join(f'args.a{i + 1} = "{{a{i} + a{i}}}"\n' for i in range(40)),
        'args.a0 = "{[1]}"\n' + "".join(f'args.a{i + 1} = "{{[a{i}]}}"\n' for i in range(999)),
        "args.a0 = [1]\n" + "".join(f'args.a{i + 1} = ["{{a{i}}}"]\n' for i in range(999)),
        "args.a = [{0}]\nargs.b = [{0}]\nargs.c = ".format(many("1", 80_000))
        + many("'{a == b}'", 1000)
        + "\n",
    ],
    ids=[
        *("lists", "tables", "texts", "sums", "rows", "loops", "doubled", "nested", "nested lists"),
        "comparisons",
    ],
)
def test_values_that_grow_from_values(tmp_path: Path, text: str) -> None:
    assert rules(tmp_path / "net.toml", text + 'layers = [{ name = "z", op = "relu" }]') == {"L007"}
