"""Hostile expressions, repeats, blocks and includes are refused with a rule, in bounded time."""

from pathlib import Path
from typing import Any

import pytest

from cnnspec.problems import SpecError
from tests.pipeline import outcome

HEAD = 'name = "n"\ninput = [3, 8, 8]\n'


def rules(file: Path, text: str, **settings: Any) -> set[str]:
    """The rules that a spec breaks; none where it is right."""
    file.write_text(HEAD + text)
    found = outcome(file, **settings)
    return {p.rule for p in found.problems} if isinstance(found, SpecError) else set()


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


def many(value: str, n: int) -> str:
    """A list that holds a value n times."""
    return f"[{', '.join([value] * n)}]"


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


RELU = '{ name = "z", op = "relu" }'


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ('layers = [{ name = "a", op = "relu", repeat = 1000000000 }]', "L011"),
        (
            'layers = [{ name = "a", op = "relu", repeat = 9223372036854775807, when = false }]',
            "L011",
        ),
        (
            (
                'layers = [{ name = "a", op = "b", repeat = 200 }]\n[blocks.b]\n'
                'layers = [{ name = "c", op = "relu", repeat = 200 }]'
            ),
            "L011",
        ),
        (
            (
                'layers = [{ name = "a", op = "b", repeat = 20000, when = false },'
                f" {RELU}]\n[blocks.b]\nlayers = [{RELU}]"
            ),
            "L011",
        ),
        (f'layers = [{{ name = "a", op = "relu", each = {many("{}", 50_000)} }}]', "L011"),
        (
            'layers = [{ name = "a", op = "b" }]\n[blocks.b]\nlayers = [{ name = "c", op = "b" }]',
            "L010",
        ),
        (
            (
                'layers = [{ name = "a", op = "b" }]\n[blocks.b]\nlayers = [{ name = "c", op = "d"'
                ' }]\n[blocks.d]\nlayers = [{ name = "c", op = "b" }]'
            ),
            "L010",
        ),
        ('layers = [{ name = "a", op = "b" }]\n[blocks.b]\nop = "b"', "L010"),
        ('layers = [{ name = "a", op = "b" }]\n[blocks.b]\nop = "d"\n[blocks.d]\nop = "b"', "L010"),
        (
            (
                'layers = [{ name = "a", op = "b" }]\n[blocks.b]\nop = "d"\n[blocks.d]\nlayers = [{'
                ' name = "a", op = "b" }]'
            ),
            "L010",
        ),
        (
            (
                'layers = [{ name = "a", op = "relu", norm = "b" }]\n[blocks.b]\nop ='
                ' "d"\n[blocks.d]\nop = "b"'
            ),
            "L005",
        ),
        ("layers = [{ name = 'a', op = 'relu', from = " + many("'input'", 30_000) + " }]", "D006"),
        (
            "layers = [{ name = 'a', op = 'add', repeat = 4900, from = "
            + many("'previous'", 40_000)
            + " }]",
            "L007",
        ),
        (f'layers = [{{ name = "a", op = "relu", from = "{"a b." * 100_000}a" }}]', "L006"),
        (
            (
                'layers = [{ name = "a", op = "relu", from = "later" }, { name = "later", op ='
                ' "relu" }]'
            ),
            "L006",
        ),
        ('layers = [{ name = "a", op = "relu", share = "a" }]', "L001"),
        ('layers = [{ name = "a", share = "a" }]', "L014"),
        (f"layers = [{RELU}, {RELU}]", "L004"),
    ],
)
def test_networks_without_end(tmp_path: Path, text: str, rule: str) -> None:
    assert rule in rules(tmp_path / "net.toml", text)


def test_the_limit_of_lines_is_raised_by_an_option(tmp_path: Path) -> None:
    text = 'layers = [{ name = "a", op = "relu", repeat = 30 }]'
    assert rules(tmp_path / "net.toml", text, max_lines=29) == {"L011"}
    assert rules(tmp_path / "net.toml", text, max_lines=30) == set()


@pytest.mark.parametrize(("deep", "rule"), [(32, set()), (33, {"L010"}), (300, {"L010"})])
def test_blocks_nest_32_deep(tmp_path: Path, deep: int, rule: set[str]) -> None:
    blocks = "".join(
        f'\n[blocks.b{i}]\nlayers = [{{ name = "a", op = "b{i + 1}" }}]' for i in range(1, deep)
    )
    text = f'layers = [{{ name = "a", op = "b1" }}]{blocks}\n[blocks.b{deep}]\nlayers = [{RELU}]'
    assert rules(tmp_path / "net.toml", text) == rule


@pytest.mark.parametrize("filler", ["", ", when = false"])
def test_trees_of_blocks_that_double_at_every_level(tmp_path: Path, filler: str) -> None:
    blocks = "".join(
        f'\n[blocks.b{i}]\nlayers = [{{ name = "a", op = "b{i + 1}" }}, {{ name = "b", op ='
        f' "b{i + 1}" }}]'
        for i in range(30)
    )
    leaf = f'[blocks.b30]\nlayers = [{{ name = "z", op = "relu"{filler} }}]'
    text = f'layers = [{{ name = "a", op = "b0" }}]{blocks}\n{leaf}'
    assert rules(tmp_path / "net.toml", text) == {"L011"}


def test_includes_stay_inside(tmp_path: Path) -> None:
    home, outside = tmp_path / "home", tmp_path / "outside"
    (home / "sub").mkdir(parents=True)
    outside.mkdir()
    (outside / "secret.toml").write_text('[blocks.secret]\nlayers = "s3cr3t"\n')
    (home / "link.toml").symlink_to(outside / "secret.toml")
    (home / "linked").symlink_to(outside)
    (home / "zero.toml").symlink_to("/dev/zero")
    for name in (
        "../outside/secret.toml",
        "../../etc/passwd",
        "/etc/passwd",
        str(outside / "secret.toml"),
        "link.toml",
        "sub",
        ".",
        "",
        "linked/secret.toml",
        "sub/../../outside/secret.toml",
        "zero.toml",
        "none.toml",
        "a\\u0000b",
        "..\\\\x",
        "~/x",
        "%00",
        "x" * 5000,
        "\\u001b[31m",
    ):
        found = rules(home / "net.toml", f'include = ["{name}"]\nlayers = [{RELU}]')
        assert found == {"L013"}, name


def test_includes_of_itself_and_of_what_is_no_block(tmp_path: Path) -> None:
    assert "L001" in rules(tmp_path / "net.toml", f'include = ["net.toml"]\nlayers = [{RELU}]')
    (tmp_path / "bad.toml").write_bytes(b"\xff")
    assert "T002" in rules(tmp_path / "net.toml", f'include = ["bad.toml"]\nlayers = [{RELU}]')
    (tmp_path / "good.toml").write_text(f"[blocks.b]\nlayers = [{RELU}]\n")
    assert rules(tmp_path / "net.toml", f'include = ["good.toml"]\nlayers = [{RELU}]') == set()
