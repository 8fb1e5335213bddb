"""Repeats, blocks and includes without end are refused with a rule, in bounded time."""

from pathlib import Path

import pytest

from tests.spec.broken_rules import many, rules

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
