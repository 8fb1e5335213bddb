"""Hostile files: text that is not TOML, or too large, gives problems, no traceback and no hang."""

import os
from pathlib import Path

import pytest

from cnnspec.problems import RequestError, SpecError
from tests.pipeline import outcome

HEAD = 'name = "n"\ninput = [3, 8, 8]\n'
LINE = '{ name = "a", op = "relu" }'
GOOD = f"{HEAD}layers = [{LINE}]\n"


def rules(file: Path) -> set[str]:
    """The rules that a spec breaks."""
    found = outcome(file)
    assert isinstance(found, SpecError)
    return {p.rule for p in found.problems}


def written(folder: Path, text: str | bytes) -> Path:
    file = folder / "net.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        (b"\xef\xbb\xbf" + GOOD.encode(), "T002"),
        (GOOD.encode("utf-16"), "T002"),
        (GOOD.encode("utf-32-be"), "T003"),
        (b"\xff" + GOOD.encode(), "T002"),
        (GOOD.encode() + b'title = "\xc3\x28"', "T002"),
        (GOOD.encode() + b'title = "\xed\xa0\x80"', "T002"),
        (b"", "L002"),
        (b"\n" * 1000, "L002"),
        (b"\0", "T003"),
        (GOOD.encode() + b'title = "a\0b"', "T003"),
        (GOOD.encode() + b'title = "a\x1b[31mb"', "T003"),
        (GOOD.encode() + b"#" + b"x" * 2**20, "T001"),
        (GOOD.encode() + b'title = "one\rtwo"', "T003"),
    ],
)
def test_text_that_is_no_spec(tmp_path: Path, raw: bytes, rule: str) -> None:
    assert rule in rules(written(tmp_path, raw))


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "layers = " + "[" * 100_000,
        HEAD + "layers = " + "{a=" * 100_000,
        HEAD + "x = " + "[" * 300 + "]" * 300,
        HEAD + "a." * 200_000 + "a = 1",
        HEAD + '"a" . ' * 60_000 + "a = 1",
        HEAD + "[" + "a." * 200_000 + "a]",
        HEAD + "args.x = " + "9" * 5000,
        HEAD + "args.x = 0x" + "f" * 400_000,
        HEAD + f"layers = [{LINE[:-2]}, inplace = 0o{'7' * 900} }}]",
        HEAD + "year = 9223372036854775808\n" + f"layers = [{LINE}]",
    ],
)
def test_text_that_costs_a_reader_much(tmp_path: Path, text: str) -> None:
    assert rules(written(tmp_path, text)) <= {"T003", "L001", "L002"}


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        (b"\n\xff", "2:1: T002"),
        (b"\n\n \xff", "3:2: T002"),
        (b"\xff", "1:1: T002"),
        ((HEAD + "layers = " + "[" * 5000).encode(), "1:1: T003 not TOML: it nests too deeply"),
    ],
)
def test_what_is_no_text_has_its_place(tmp_path: Path, raw: bytes, place: str) -> None:
    found = outcome(written(tmp_path, raw))
    assert f"net.toml:{place}" in str(found)


def test_the_largest_integers_of_toml_are_read(tmp_path: Path) -> None:
    extremes = (
        "args.a = 9223372036854775807\nargs.b = -9223372036854775808\nargs.c = 0x7fffffffffffffff\n"
    )
    assert isinstance(outcome(written(tmp_path, extremes + GOOD)), dict)


@pytest.mark.parametrize(
    "number", ["9223372036854775808", "-9223372036854775809", "0x8000000000000000"]
)
@pytest.mark.parametrize(
    "form", ["args.a = {}", "args.a = [1, [2, {}]]", "args.a = {{ b = {{ c = {} }} }}"]
)
def test_larger_integers_are_refused_wherever_they_stand(
    tmp_path: Path, number: str, form: str
) -> None:
    assert rules(written(tmp_path, form.format(number) + "\n" + GOOD)) == {"T003"}


def test_a_key_may_have_64_parts_and_no_more(tmp_path: Path) -> None:
    assert isinstance(outcome(written(tmp_path, f"args.{'a.' * 62}a = 1\n{GOOD}")), dict)
    assert rules(written(tmp_path, f"args.{'a.' * 63}a = 1\n{GOOD}")) == {"T003"}


def test_dots_in_numbers_and_sentences_are_no_parts_of_keys(tmp_path: Path) -> None:
    numbers = "args.x = [" + ", ".join(["0.5"] * 500) + "]\n"
    assert isinstance(
        outcome(written(tmp_path, numbers + 'title = "' + "A. b. " * 12 + '"\n' + GOOD)), dict
    )


def test_a_file_of_100_000_lines(tmp_path: Path) -> None:
    assert isinstance(outcome(written(tmp_path, "#\n" * 100_000 + GOOD)), dict)
    lines = ",\n".join(f'{{name="{i}"}}' for i in range(30_000))
    assert "L002" in rules(written(tmp_path, f"{HEAD}layers = [\n{lines}\n]"))


@pytest.mark.parametrize(
    "line", ["x{i} = 1", "[blocks.b{i}]", "args.in_channels{i}.{i} = '{'", "variants.v{i}.x = 1"]
)
def test_problems_beyond_200_are_not_read(tmp_path: Path, line: str) -> None:
    text = "\n".join(line.replace("{i}", str(i)) for i in range(1000))
    found = outcome(written(tmp_path, GOOD + text))
    assert isinstance(found, SpecError)
    assert len(found.problems) == 200
    assert str(found).endswith("\nthere are more problems: reading stopped here")


def test_problems_of_repeated_lines_end_too(tmp_path: Path) -> None:
    lines = ", ".join(
        f'{{ name = "a{i}", op = "linear", out_features = 1, from = "input" }}' for i in range(300)
    )
    found = outcome(written(tmp_path, f"{HEAD}layers = [{lines}]"))
    assert isinstance(found, SpecError)
    assert len(found.problems) == 200
    assert str(found).endswith("reading stopped here")


def test_a_file_with_few_problems_shows_all_and_says_no_more(tmp_path: Path) -> None:
    found = outcome(written(tmp_path, GOOD + "\n".join(f"x{i} = 1" for i in range(199))))
    assert isinstance(found, SpecError)
    assert len(found.problems) == 199
    assert "and more" not in str(found)


def test_what_is_no_file(tmp_path: Path) -> None:
    folder = tmp_path / "folder.toml"
    folder.mkdir()
    fifo = tmp_path / "fifo.toml"
    os.mkfifo(fifo)
    zero = tmp_path / "zero.toml"
    zero.symlink_to("/dev/zero")
    dangling = tmp_path / "dangling.toml"
    dangling.symlink_to(tmp_path / "nowhere")
    loop = tmp_path / "loop.toml"
    loop.symlink_to(loop)
    long, absent = tmp_path / ("x" * 300 + ".toml"), tmp_path / "none.toml"
    for file in (folder, fifo, zero, dangling, loop, long, absent, Path("/dev/zero")):
        assert rules(file) == {"T001"}, file


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        ".",
        "..",
        "/",
        "../../etc/passwd",
        "a\0b",
        "a\0b.toml",
        "a\nb",
        "x" * 10_000,
        ".toml",
        ":",
        ".toml:",
        "blocks",
        "\x1b[31m.toml:v",
        "%s",
        "{0}",
        "\udcff",
        "\udcff.toml",
        "[variants.x",
        "vgg16]",
        "vgg.toml:\udcff",
    ],
)
def test_odd_names_of_networks(name: str) -> None:
    assert isinstance(outcome(name), SpecError | RequestError)


@pytest.mark.parametrize(
    "tail", [":", ":none", ":a:b", ":\x1b[31m", ":../x", ".toml:", ":" + "x" * 5000]
)
def test_odd_names_of_variants(tmp_path: Path, tail: str) -> None:
    file = written(tmp_path, GOOD + "variants.v = {}\n")
    assert isinstance(outcome(f"{file}{tail}"), SpecError | RequestError)
