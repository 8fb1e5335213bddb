"""Specs of the zoo and of the reference, mutated by chance: as text, and as data."""

import random
import tomllib
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import strategies as st

from cnnspec.report.reference.language import find_examples, read_page
from cnnspec.spec.zoo import zoo_files
from tests.pipeline import toml

TEXTS = {Path(f).name: Path(f).read_text() for f in zoo_files() if Path(f).stat().st_size < 12_000}
TEXTS |= {  # the examples of the reference use every rule of the language
    f"{section.topics[0]}-{i}": example.spec
    for section in read_page("language")[1]
    for i, example in enumerate(find_examples(section.text))
    if "T003" not in example.words
}
NAMES = st.sampled_from(sorted(TEXTS))
SEEDS = st.integers(0, 2**32 - 1)
CHARACTERS = "\"'[]{}=,.#\n\\ \t\0\x1b\x7f\x9b\u202eé0159eE_+-*/%x:infa\U0001f600"
SCALARS: list[Any] = [
    True,
    False,
    -1,
    0,
    1,
    2,
    3,
    7,
    64,
    2**31 - 1,
    2**31,
    2**63 - 1,
    0.5,
    -1.5,
    1e308,
    float("inf"),
    float("nan"),
    "",
    "x",
    "{x}",
    "{i}",
    "{i + 1}",
    "{in_channels}",
    "{9**9**9}",
    "{in_channels * 2**40}",
    "{1 / 0}",
    "{in_channels == 3}",
    "{[1, 2]}",
    "{[]}",
    "{range(3)}",
    "{range(9**9)}",
    "{['a' + str(k) for k in range(3)]}",
    "{[[k, 1] for k in range(2)]}",
    "input",
    "previous",
    "same",
    "half",
    "none",
    "relu",
    "conv",
    "add",
    "concat",
    "flatten",
    "linear",
    "upsample",
    "conv_transpose",
    "batchnorm",
    [],
    [[]],
    {},
    [1, 1],
    [[1, 2], [3, 4]],
    ["input", "previous"],
    {"op": "relu"},
    "\x1b[31m",
    "=1+1",
    "<b>",
    "$x$",
]
KEYS = [
    "op",
    "from",
    "repeat",
    "each",
    "when",
    "share",
    "training_only",
    "norm",
    "activation",
    "stride",
    "padding",
    "groups",
    "dilation",
    "ceil_mode",
    "outputs",
    "inputs",
    "defaults",
    "args",
    "name",
    "input",
    "layers",
    "kernel_size",
    "size",
    "scale_factor",
    "x",
]


def mutated_text(text: str, rng: random.Random) -> str:
    """``text`` with a few spans deleted, doubled, exchanged, or characters changed."""
    for _ in range(rng.randint(1, 4)):
        a, b, c = sorted(rng.randrange(len(text) + 1) for _ in range(3))
        b = min(b, a + 200)
        c = max(b, min(c, b + 200))
        match rng.randrange(4):
            case 0:
                text = text[:a] + text[b:]
            case 1:
                text = text[:b] + text[a:b] * rng.choice([1, 2, 30]) + text[b:]
            case 2:
                text = text[:a] + text[b:c] + text[a:b] + text[c:]
            case 3:
                text = text[:a] + rng.choice(CHARACTERS) + text[a + rng.randint(0, 1) :]
    return text


def containers(data: Any) -> list[Any]:
    """All tables and lists in ``data``, itself first."""
    found = [data]
    for inner in found:
        found += [
            v
            for v in (inner.values() if isinstance(inner, dict) else inner)
            if isinstance(v, dict | list) and v
        ]
    return found


def mutated_data(data: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """``data`` with a few values replaced, removed, inserted or moved elsewhere."""
    for _ in range(rng.randint(1, 3)):
        everything = containers(data)
        chosen = rng.choice(everything)
        if not chosen:
            continue
        keys = list(chosen) if isinstance(chosen, dict) else list(range(len(chosen)))
        key, value = rng.choice(keys), deepcopy(rng.choice(SCALARS))
        match rng.randrange(5):
            case 0 | 1:
                chosen[key] = value
            case 2:
                del chosen[key]
            case 3 if isinstance(chosen, dict):
                chosen[rng.choice(KEYS)] = value
            case _:
                value = rng.choice(everything)
                if isinstance(chosen, list) and not any(c is chosen for c in containers(value)):
                    chosen.insert(key, value)
    return data


def from_text(name: str, rng: random.Random) -> str:
    return mutated_text(TEXTS[name], rng)


def from_data(name: str, rng: random.Random) -> str:
    return toml(mutated_data(tomllib.loads(TEXTS[name]), rng))


FUZZED: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.function_scoped_fixture],
    "database": None,
}
MAKERS = pytest.mark.parametrize("make", [from_text, from_data])
