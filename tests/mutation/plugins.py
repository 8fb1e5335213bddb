"""Pytest plugins that make a thousand mutants run within hours: test order and fewer examples.

They kill no mutant that the whole suite would not kill."""

from pathlib import Path
from typing import Any

EXAMPLES = 12


class NamedTestsFirst:
    """Runs tests first whose name contains that of the mutated file: they kill most mutants."""

    def __init__(self, file: str):
        self.stem = Path(file).stem

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        items.sort(key=lambda item: self.stem not in item.nodeid)


class FewerExamples:
    """Limits the examples that hypothesis draws for each test."""

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        from hypothesis import settings

        for item in items:
            test: Any = getattr(item, "obj", None)
            test = getattr(test, "__func__", test)
            own = getattr(test, "_hypothesis_internal_use_settings", None)
            if own is not None and own.max_examples > EXAMPLES:
                test._hypothesis_internal_use_settings = settings(own, max_examples=EXAMPLES)
