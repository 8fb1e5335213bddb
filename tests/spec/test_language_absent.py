"""The language: lines that are left out, by when, repeat or each, and what their names mean."""

import pytest

from cnnspec.graph.model import Graph
from cnnspec.problems import SpecError
from tests.support import graph_of

HEAD = 'args.no = false\nargs.none = 0\nargs.rows = []\nargs.names = ["a"]\n'
ABSENT = {
    "when": 'when = "{no}"',
    "repeat": 'repeat = "{none}"',
    "each": 'each = "{rows}"',
    "repeat and when": 'repeat = "{none}", when = "{none > 0}"',
}
absent = pytest.mark.parametrize("key", ABSENT.values(), ids=ABSENT)


def read_by(graph: Graph, name: str) -> list[str]:
    return next([i.name for i in n.inputs] for n in graph.layers() if n.name == name)


def graph_with(lines: str, key: str) -> Graph:
    return graph_of(f"{HEAD}layers = [\n{lines.replace('ABSENT', key)}\n]\n")


@absent
@pytest.mark.parametrize("name", ["x", "x{i}"])
def test_the_line_after_one_that_is_left_out_reads_the_line_before(key: str, name: str) -> None:
    lines = f"""
  {{ name = "a", op = "relu" }},
  {{ name = "{name if "each" in key or "repeat" in key else "x"}", op = "relu", ABSENT }},
  {{ name = "b", op = "relu" }},
"""
    graph = graph_with(lines, key)
    assert [n.name for n in graph.layers()] == ["a", "b"]
    assert read_by(graph, "b") == ["a"]


@absent
@pytest.mark.parametrize(
    ("source", "meant"),
    [
        ('"input"', "input"),
        ('["a", "later"]', "a"),
        ('["a", "{names[7]}"]', None),
        ('"{names[none]}"', "a"),
        ('"{names}"', "a"),
    ],
)
def test_the_name_of_a_line_that_is_left_out_means_what_it_would_have_read(
    key: str, source: str, meant: str | None
) -> None:
    anew = "" if 'when = "{no}"' in key else ', "previous"'
    source = source[:-1] + anew + "]" if source.startswith("[") else source
    if "{" not in source and not source.startswith("["):
        source = f"[{source}{anew}]"
    lines = f"""
  {{ name = "a", op = "relu" }},
  {{ name = "b", op = "relu" }},
  {{ name = "x", op = "add", from = {source}, ABSENT }},
  {{ name = "y", op = "relu" }},
  {{ name = "c", op = "add", from = ["y", "x"] }},
"""
    if meant is not None:
        assert read_by(graph_with(lines, key), "c") == ["y", meant]
    lines = lines.replace(', "x"]', ', "input"]')
    assert read_by(graph_with(lines, key), "c") == ["y", "input"]


@absent
@pytest.mark.parametrize("source", ['["gone", "a"]', '"{names[3]}"', '"{unknown}"', '["{1 / 0}"]'])
def test_what_a_line_that_is_left_out_reads_need_not_exist(key: str, source: str) -> None:
    source = source.replace("]", ', "previous"]') if source.startswith("[") else source
    lines = f"""
  {{ name = "a", op = "relu" }},
  {{ name = "x", op = "add", from = {source}, ABSENT }},
  {{ name = "c", op = "relu" }},
"""
    assert read_by(graph_with(lines, key), "c") == ["a"]
    with pytest.raises(SpecError, match=r"L006 \"x\" is neither .*\n.*its line is left out") as e:
        graph_with(lines.replace('op = "relu" },\n]', "").rstrip()[:-2] + ', from = "x" },', key)
    assert len(e.value.problems) == 1


@absent
def test_a_line_that_is_left_out_still_takes_its_name(key: str) -> None:
    lines = """
  { name = "a", op = "relu" },
  { name = "x", op = "add", from = ["gone", "previous"], ABSENT },
  { name = "x", op = "relu" },
"""
    with pytest.raises(SpecError, match='L004 the name "x" is in use: line 10 has it'):
        graph_with(lines, key)


@absent
def test_a_block_has_only_the_outputs_that_are_there(key: str) -> None:
    text = f"""{HEAD}
layers = [{{ name = "b", op = "two" }}, {{ name = "c", op = "relu" }}]
[blocks.two]
outputs = ["x", "y"]
layers = [
  {{ name = "x", op = "relu", {key} }},
  {{ name = "y", op = "relu" }},
]
"""
    assert read_by(graph_of(text), "c") == ["b.y"]


@absent
def test_problems_of_the_line_itself_are_found_all_the_same(key: str) -> None:
    lines = """
  { name = "a", op = "relu" },
  { name = "x", op = "relu", filters = 3, ABSENT },
"""
    with pytest.raises(SpecError, match="L001 relu: filters is not a field"):
        graph_with(lines, key)


@pytest.mark.parametrize(
    ("name", "times", "hint"),
    [
        ("m{i}", 3, 'the line "{m{i}" gives m0, m1, m2: name one of them'),
        ("m{i + 1}", 2, 'the line "m{i + 1}" gives m1, m2: name one of them'),
        ("{i}m", 2, 'the line "{i}m" gives 0m, 1m: name one of them'),
        ("m{i}", 0, 'the line "m{i}" gives no layer: name one of them'),
    ],
)
def test_a_name_without_its_number_is_explained(name: str, times: int, hint: str) -> None:
    lines = f"""
  {{ name = "{name}", op = "relu", repeat = {times} }},
  {{ name = "z", op = "relu", from = "m" }},
"""
    with pytest.raises(SpecError, match='L006 "m" is neither') as error:
        graph_with(lines, "")
    assert error.value.problems[0].hint == hint.replace("{m", "m")


def test_a_join_reads_as_many_layers_as_an_argument_says() -> None:
    text = """
args.n = 3
layers = [
  { name = "first", op = "relu" },
  { name = "m{k}", op = "relu", repeat = "{n}" },
  { name = "cat", op = "concat", from = "{['first'] + ['m' + str(k) for k in range(n)]}" },
]
""".replace("{k}", "{i}")
    for n in (1, 2, 5):
        graph = graph_of(text, n=n)
        assert read_by(graph, "cat") == ["first", *[f"m{k}" for k in range(n)]]
        assert graph.outputs[0].output == (3 * (n + 1), 8, 8)
    message = r"D006 concat takes 2 to 256 inputs, not 1\n.*when leaves the line out"
    with pytest.raises(SpecError, match=message):
        graph_of(text, n=0)
    optional = text.replace('op = "concat"', 'op = "concat", when = "{n > 0}"')
    assert [n.name for n in graph_of(optional, n=0).outputs] == ["first"]
