"""Random expressions of the language: most are well formed, few have a value."""

import random
from collections.abc import Callable

from cnnspec.spec.functions import FUNCTIONS

# The arguments that the expressions use, as TOML; there may be one called broken besides.
ARGUMENTS = """
args.n = 3
args.zero = 0
args.minus = -2
args.half = 0.5
args.large = 9223372036854775807
args.endless = inf
args.nothing = nan
args.yes = true
args.word = "conv"
args.number = "18"
args.list = [4, 8, 16]
args.mixed = [1, "a", 2.5, true, [2, 3], { k = 1 }]
args.empty = []
args.table = { 18 = 2, small = [1, 2], "" = 0 }
args.bare = {}
args.day = 2026-01-31
args.hour = 07:32:00
args.deep = [[[[[[[[[[1]]]]]]]]]]
args.later = "{n + list[0]}"
"""
NAMES = [line.split(" ")[0][5:] for line in ARGUMENTS.strip().split("\n")]
NAMES += ["in_channels", "i", "broken", "unknown"]
CONSTANTS = ["0", "1", "2", "-1", "0.5", "1e308", "18", "10**9", "'a'", "'18'", "''", "True"]
BINARY = ["+", "-", "*", "/", "//", "%", "**"]
COMPARING = ["==", "!=", "<", "<=", ">", ">=", "in", "not in"]


def random_expression(rng: random.Random, depth: int = 4) -> str:
    """Return a random expression, without its braces."""
    if depth == 0 or rng.random() < 0.15:
        return rng.choice(CONSTANTS if rng.random() < 0.3 else NAMES)

    def part() -> str:
        return random_expression(rng, depth - 1)

    name = rng.choice([*FUNCTIONS])
    given = rng.randint(FUNCTIONS[name].fewest, min(FUNCTIONS[name].most, 3))
    makers: list[Callable[[], str]] = [
        lambda: f"({part()} {rng.choice(BINARY)} {part()})",
        lambda: f"({part()} {rng.choice(BINARY)} {part()})",
        lambda: f"({part()} {rng.choice(COMPARING)} {part()})",
        lambda: f"({part()} {rng.choice(['and', 'or'])} {part()})",
        lambda: f"({rng.choice(['-', '+', 'not '])}{part()})",
        lambda: f"({part()} if {part()} else {part()})",
        lambda: f"{part()}[{part()}]",
        lambda: f"{name}({', '.join(part() for _ in range(given))})",
        lambda: f"[{', '.join(part() for _ in range(rng.randrange(4)))}]",
        lambda: f"[{part()} for n in {part()}]",
        lambda: f"[{part()} for k in range({part()}) if {part()}]",
    ]
    return rng.choice(makers)()
