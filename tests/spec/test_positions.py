"""The position scanner against tomllib, on TOML texts of all kinds that hypothesis makes."""

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnspec.spec.positions import find_comments, find_positions

PIECES = st.sampled_from(["", "a", "é ", "#", "[x]", "{y}", "=", ",", " . ", "  ", "]", "}", "\t"])
plain = st.lists(PIECES, max_size=4).map("".join)
ESCAPED = st.sampled_from(['\\"', "\\\\", "\\n", "\\u00e9", "'", "\\t"])
escapes = st.lists(st.one_of(PIECES, ESCAPED), max_size=4).map("".join)
lines = st.lists(
    st.sampled_from(["x", "\n", '"', '""', "\\\\", '\\"', "#", "\\\n  ", "'"]), max_size=5
).map("".join)
strings = st.one_of(
    escapes.map('"{}"'.format),
    plain.map("'{}'".format),
    lines.filter(lambda s: '"""' not in s and not s.endswith(('"', "\\"))).map('"""{}"""'.format),
    st.sampled_from(
        [
            '""""quoted" at both ends"""""',
            "''''literal' too'''''",
            '""""""',
            "''''''",
            "'''\nline\n'''",
        ]
    ),
)
scalars = st.one_of(
    strings,
    st.integers(-99, 10**6).map(str),
    st.sampled_from(
        [
            "true",
            "false",
            "1_000",
            "0xff",
            "1e3",
            "-0.5",
            "inf",
            "07:32:00",
            "1979-05-27T07:32:00Z",
            "1979-05-27 07:32:00",
            "1979-05-27",
        ]
    ),
)
blanks = st.sampled_from(["", " ", "\n", "  # [comment] = {\n", "\n\n\t"])
HEADERS = [
    "[t]",
    "[t.sub]",
    "[[list]]",
    "[list.inner]",
    "[[list]]",
    '[ "odd.k" . z ]',
    "[[list.more]]",
    "[[list.more]]",
]
names = st.sampled_from(["a", "b-c", "d_1", "7", '"q.k"', '"e\\u0041"', "'l#t'", '""', "input"])


@st.composite
def arrays(draw: st.DrawFn, items: st.SearchStrategy[str]) -> str:
    drawn: list[str] = draw(st.lists(items, max_size=3))
    parts = [draw(blanks) + item + draw(blanks) for item in drawn]
    trailing: bool = draw(st.booleans())
    last = "," if parts and trailing else ""
    return "[" + ",".join(parts) + last + draw(blanks) + "]"


@st.composite
def tables(draw: st.DrawFn, items: st.SearchStrategy[str]) -> str:
    keys = draw(st.lists(names, max_size=3, unique_by=parsed_key))
    inner = draw(st.sampled_from(["", ".x", " . 'y'"]))
    return "{ " + ", ".join(f"{key}{inner} = {draw(items)}" for key in keys) + " }"


def parsed_key(key: str) -> str:
    return next(iter(tomllib.loads(f"{key} = 1")))


flat = st.recursive(scalars, lambda s: st.one_of(arrays(s), tables(s)), max_leaves=6)


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Return a text that tomllib accepts, with keys, dotted keys, tables and arrays of tables."""
    out: list[str] = []
    taken: set[str] = set()
    for header in ["", *draw(st.permutations(HEADERS))]:
        candidate = [*out, f"{draw(blanks)}\n{header}  # {header}" if header else ""]
        for key in draw(st.lists(names, max_size=3, unique_by=parsed_key)):
            dotted = draw(st.sampled_from(["", ".x", " . 'y'.z"]))
            candidate.append(
                f"{key}{dotted} = {draw(flat)} # {draw(st.sampled_from(['', 'x = 1', '[a]']))}"
            )
        if readable("\n".join(candidate)) and header not in taken - {"[[list]]", "[[list.more]]"}:
            out, taken = candidate, taken | {header}
    return "\n".join(out) + draw(st.sampled_from(["", "\n", "\n# end"]))


def readable(text: str) -> bool:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return True


def walk(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield (*path, key), inner
            yield from walk(inner, (*path, key))


def scalar_at(text: str, place: tuple[int, int]) -> Any:
    """Return the value at a place: the shortest text from there that tomllib reads as a value."""
    offset = sum(len(line) + 1 for line in text.split("\n")[: place[0] - 1]) + place[1] - 1
    rest = text[offset:] + "\n"
    ends = (i for i, c in enumerate(rest) if i and c in ",]}#\n \t")
    complete = (rest[:i] for i in ends if readable(f"k = {rest[:i]}\n"))
    value = next(complete)
    if len(value) == 10 and value.count("-") == 2 and rest[10:13].strip().isdigit():
        value = next(complete)  # a date, a blank, a time
    return tomllib.loads(f"k = {value}\n")["k"]


def same(a: Any, b: Any) -> bool:
    return type(a) is type(b) and a == b


@settings(deadline=None, max_examples=150)
@given(texts())
def test_every_key_and_value_has_the_position_where_it_stands(text: str) -> None:
    data, places = tomllib.loads(text), find_positions(text)
    for path, value in walk(data):
        assert path in places, path
        if isinstance(path[-1], str):
            line, column = places[(*path, None)]
            assert readable_key(text.split("\n")[line - 1][column - 1 :]) == path[-1]
        if not isinstance(value, dict | list):
            assert same(scalar_at(text, places[path]), value), path


def readable_key(rest: str) -> str:
    """The key that starts a piece of text."""
    for end in range(1, len(rest) + 1):
        if (end == len(rest) or rest[end] in " .=]\t") and readable(f"{rest[:end]} = 1"):
            return parsed_key(rest[:end])
    return "(no key)"


def test_positions_count_lines_and_columns_from_one() -> None:
    text = 'name = "net"\n\n[[claims]]\n  variant = { of = [1,\n 22] }\n'
    places = find_positions(text)
    assert places["name",] == (1, 8)
    assert places["name", None] == (1, 1)
    assert places["claims", 0] == (3, 1)
    assert places["claims", 0, "variant", None] == (4, 3)
    assert places["claims", 0, "variant", "of", 1] == (5, 2)


def test_comments_are_what_stands_behind_the_mark() -> None:
    assert find_comments("#a\nx = 1 #b # c\n\ny = '#'\n  #\n") == [
        (1, 1, "a"),
        (2, 7, "b # c"),
        (5, 3, ""),
    ]


QUOTES = ['x = ["""a"""", 1]', 'x = ["""a""""]', 'x = ["""a"""""]', "x = ['''a'''']"]


@pytest.mark.parametrize("line", QUOTES)
def test_quotes_may_stand_before_the_closing_three(line: str) -> None:
    assert tomllib.loads(f"{line}\ny = 1\n")["y"] == 1
    assert find_positions(f"{line}\ny = 1\n")["y",] == (2, 5)
