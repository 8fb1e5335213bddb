"""Which rules a spec breaks, and long lists to write into one."""

from pathlib import Path
from typing import Any

from cnnspec.problems import SpecError
from tests.pipeline import outcome

HEAD = 'name = "n"\ninput = [3, 8, 8]\n'


def rules(file: Path, text: str, **settings: Any) -> set[str]:
    """The rules that a spec breaks; none where it is right."""
    file.write_text(HEAD + text)
    found = outcome(file, **settings)
    return {p.rule for p in found.problems} if isinstance(found, SpecError) else set()


def many(value: str, n: int) -> str:
    """A list that holds a value n times."""
    return f"[{', '.join([value] * n)}]"
