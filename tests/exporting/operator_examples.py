"""Networks of one operator, from its worked examples."""

from cnnspec.graph.model import Graph
from cnnspec.ops.registry import load_operator
from tests import support
from tests.pipeline import value as toml
from tests.worked_examples import case


def example_graph(name: str, number: int) -> Graph:
    """Return a network whose only layer is a worked example, on small maps."""
    found, example = case(name, number), load_operator(name).examples[number]
    names = [f"x{i}" for i in range(len(found.inputs))]
    keys = "".join(f", {key} = {toml(value)}" for key, value in example.fields.items())
    shapes = {x: list(shape) for x, shape in zip(names, found.inputs, strict=True)}
    before = ""
    if example.undone:
        more = "".join(f", {key} = {toml(value)}" for key, value in example.undone[0].items())
        op = load_operator(name).undoes
        shapes[names[-1]] = list(example.undone[1])
        before = f'{{ name = "pool", op = "{op}", from = "{names[-1]}"{more} }},'
    read = [*names[:-1], "pool"] if before else names
    return support.graph_of(f"""
inputs = {toml(names)}
input = {toml(shapes)}
layers = [
  {before}
  {{ name = "op", op = "{name}", from = {toml(read)}{keys} }},
]
""")
