"""What makes a run of a thousand mutants end within hours: the order of the tests, and fewer
examples of each law.

It kills no more than the whole suite does.
"""

from pathlib import Path
from typing import Any

EXAMPLES = 12


class Named:
    """Has the tests run first that have the name of the mutated file: most mutants fall to them."""

    def __init__(self, file: str):
        self.stem = Path(file).stem

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        items.sort(key=lambda item: self.stem not in item.nodeid)


class Fewer:
    """Lets hypothesis draw at most so many examples for each test."""

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        from hypothesis import settings

        for item in items:
            test = getattr(item, "obj", None)
            test = getattr(test, "__func__", test)
            own = getattr(test, "_hypothesis_internal_use_settings", None)
            if own is not None and own.max_examples > EXAMPLES:
                test._hypothesis_internal_use_settings = settings(own, max_examples=EXAMPLES)
