"""No claim causes a traceback: shipped claims with any of their values replaced."""

import tomllib
from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cnnspec.analyses.audit.audit import list_claim_files, rule_claims
from cnnspec.analyses.audit.ruling import VERDICTS
from cnnspec.problems import RequestError, SpecError, TooManyProblems
from cnnspec.spec.claim_reading import read_claim_tables
from cnnspec.spec.reader import SpecReader
from cnnspec.spec.source import Source
from tests.audit.claims import NETWORKS

SMALL = ("", "lenet5", "lenet5_geron", "alexnet", "bird_cnn", "zfnet")
JUNK: list[Any] = [
    0,
    -1,
    2**62,
    1.5,
    1e300,
    True,
    "",
    "x",
    "{a}",
    "conv2",
    "lenet5",
    "params",
    "61M",
    "()",
    "9" * 200,
    "<",
    "5x5",
    [],
    [[]],
    [0],
    ["a"],
    [[1, 2], [3]],
    [[[]]],
    {},
    {"op": "conv"},
    {"op": []},
    {"op": "linear", "out_features": 2**40},
    {"a": {}},
    [2**40, 2**40],
    [3, 224, 224],
    "1/0",
    "2**64",
    "'a'",
    "[1]",
    "3 if 1 else",
]
KEYS = (
    "layer",
    "set",
    "input",
    "over",
    "op",
    "value",
    "readings",
    "network",
    "errata",
    "quantity",
    "says",
)


def claims(path: str) -> list[dict[str, Any]]:
    with open(path, "rb") as file:
        tables = tomllib.load(file)["claims"]
    flat = [
        {**{k: v for k, v in t.items() if k != "claims"}, **c}
        for t in tables
        for c in t.get("claims", [t])
    ]
    return [c for c in flat if c.get("network", "") in SMALL]


BASES = [c for path in list_claim_files().values() for c in claims(path)]


@st.composite
def spoilt(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a claim with one or two of its values, at any depth, replaced by a wrong one."""
    claim = dict(draw(st.sampled_from(BASES)))
    for _ in range(draw(st.integers(1, 2))):
        key = draw(st.sampled_from([*claim, *KEYS]))
        claim[key] = replaced(draw, claim.get(key), 0)
    return claim


def replaced(draw: st.DrawFn, value: Any, depth: int) -> Any:
    if depth < 4 and value and isinstance(value, dict | list) and draw(st.booleans()):
        key = draw(st.sampled_from(list(value) if isinstance(value, dict) else range(len(value))))
        copy = value.copy()
        copy[key] = replaced(draw, value[key], depth + 1)
        return copy
    return draw(st.sampled_from(JUNK))


@settings(max_examples=100, deadline=None)
@given(spoilt())
def test_a_spoilt_claim_is_ruled_or_refused_with_problems(claim: dict[str, Any]) -> None:
    source, reader = Source("claims.toml", ""), SpecReader()
    source.data = {"claims": [claim]}
    with suppress(TooManyProblems, SpecError, RequestError):
        found = list(read_claim_tables(reader, source, "test"))
        assert found or reader.problems or claim.get("rows") == [] or not claim.get("says", "x")
        for ruling in rule_claims(found, NETWORKS):
            assert ruling.verdict in VERDICTS
            assert ruling.why or ruling.verdict != "refuted"
