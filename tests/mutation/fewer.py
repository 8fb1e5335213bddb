"""Fewer examples of each law: a run of a thousand mutants is over in hours, and kills no more than the suite does."""

from typing import Any

EXAMPLES = 12


class Fewer:
    """A plugin of pytest that lets hypothesis draw at most so many examples for each test."""

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        from hypothesis import settings

        for item in items:
            test = getattr(item, "obj", None)
            test = getattr(test, "__func__", test)
            own = getattr(test, "_hypothesis_internal_use_settings", None)
            if own is not None and own.max_examples > EXAMPLES:
                test._hypothesis_internal_use_settings = settings(own, max_examples=EXAMPLES)
