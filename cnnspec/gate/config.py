"""Settings of cnnspec check: [tool.cnnspec] in pyproject.toml, and the options that replace it.

[tool.cnnspec]
select = ["S", "A001"]               # only these; default: everything except advice
extend-select = ["A003"]             # these too
ignore = ["A002"]
advice = true                        # report advice too
strict = true                        # warnings fail too
locked = true                        # every spec must have a lock beside it
exclude = ["drafts/", "*.old.toml"]  # what to skip in folders, as in .gitignore

[tool.cnnspec.per-file-ignores]
"specs/vgg.toml" = { A001 = "torchvision's have these biases" }

[tool.cnnspec.budget."resnet*"]      # for networks with such names; see [budget.NAME] in specs
params = "50M"
"""

import os
from functools import cache
from typing import Any

from cnnspec.gate.findings import CODES, get_severity
from cnnspec.gate.folders import path_from_here
from cnnspec.gate.ignores import read_file_ignores
from cnnspec.gate.patterns import require_pattern
from cnnspec.ops.kit.fields import describe_value
from cnnspec.problems import ERROR_RULES, RequestError, SpecError, did_you_mean, visible
from cnnspec.records import Record
from cnnspec.rules.registry import RULES as LINT_RULES
from cnnspec.rules.rule import ADVICE
from cnnspec.spec.reader import SpecReader
from cnnspec.spec.source import Source, read_source

LISTS = ("select", "extend-select", "ignore", "exclude")
FLAGS = ("advice", "strict", "locked")
SETTINGS = (*LISTS, *FLAGS, "per-file-ignores", "budget")
FILE = "pyproject.toml"
TABLE = ("tool", "cnnspec")


class Selection:
    """The codes that are reported.

    ``select`` and ``ignore`` are codes or their first characters; an empty ``select`` means
    everything except advice. The longest match decides, ``ignore`` if both are equally long. The
    errors of a spec that cannot be read (T, L, D) are always reported."""

    def __init__(
        self,
        select: tuple[str, ...] = (),
        extend: tuple[str, ...] = (),
        ignore: tuple[str, ...] = (),
        advice: bool = False,
    ):
        self.select, self.ignore, self.advice = (*select, *extend), ignore, advice
        self.everything = not select

    def __contains__(self, code: object) -> bool:
        assert isinstance(code, str)
        if code in ERROR_RULES:
            return True
        selected, ignored = longest_match(self.select, code), longest_match(self.ignore, code)
        if ignored and ignored >= selected:
            return False
        if selected:
            return True
        return self.everything and (self.advice or get_severity(code) != ADVICE)

    def lint_codes(self) -> list[str]:
        """Return the lint rules that are reported."""
        return [code for code in LINT_RULES if code in self]


def longest_match(prefixes: tuple[str, ...], code: str) -> int:
    """Return the length of the longest of ``prefixes`` that ``code`` begins with, or 0."""
    return max((len(p) for p in prefixes if code.startswith(p)), default=0)


def require_known_codes(values: tuple[str, ...], where: str) -> None:
    """Raise RequestError unless every value is a code or its first characters."""
    for value in values:
        if not value or not any(code.startswith(value) for code in CODES):
            hint = did_you_mean(value, CODES, "write S001, for example, or A for all A rules")
            raise RequestError(f"{where}: there is no rule {visible(value, 40)!r}; {hint}")


class Config(Record):
    """The settings for a file, from its nearest pyproject.toml and the command line.

    ``select``, ``extend`` and ``ignore`` are codes or their first characters. ``ignores`` maps file
    patterns to codes to reasons, ``budgets`` network patterns to limits. ``source`` is the
    pyproject.toml, if there is one."""

    select: tuple[str, ...] = ()
    extend: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    advice: bool = False
    strict: bool = False
    locked: bool = False
    exclude: tuple[str, ...] = ()
    ignores: dict[str, dict[str, str]] = {}
    budgets: dict[str, dict[str, Any]] = {}
    source: Source | None = None

    @property
    def folder(self) -> str:
        """The folder of the pyproject.toml; file patterns are relative to it."""
        return os.path.dirname(self.source.name) if self.source else ""

    @property
    def selection(self) -> Selection:
        """The codes that are reported."""
        return Selection(self.select, self.extend, self.ignore, self.advice)


def load_config(path: str, overrides: dict[str, Any]) -> Config:
    """Return the settings for a file or folder; ``overrides`` replace those of its pyproject.toml.

    Raises RequestError for a setting that is not understood."""
    folder = path if os.path.isdir(path) else os.path.dirname(path)
    return find_config(os.path.abspath(folder)).replace(**overrides)


@cache
def find_config(folder: str) -> Config:
    """Return the settings of the first pyproject.toml with [tool.cnnspec] in or above a folder."""
    path = os.path.join(folder, FILE)
    if os.path.isfile(path):
        try:
            source = read_source(path_from_here(path))
        except SpecError as error:
            raise RequestError(f"{path_from_here(path)} cannot be read:\n{error}") from None
        tool = source.data.get("tool")
        if isinstance(tool, dict) and "cnnspec" in tool:
            return read_config(source, tool["cnnspec"])
    above = os.path.dirname(folder)
    return Config() if above == folder else find_config(above)


def read_config(source: Source, table: Any) -> Config:
    """Read the table [tool.cnnspec]. Raises RequestError for the first mistake in it."""
    if not isinstance(table, dict):
        raise RequestError(f"{source.where(TABLE)}: tool.cnnspec must be a table")
    values: dict[str, Any] = {}
    for key, value in table.items():
        where = source.where((*TABLE, key))
        if key in LISTS:
            if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
                raise RequestError(
                    f"{where}: {key} must be a list of strings, not {describe_value(value)}"
                )
            values["extend" if key == "extend-select" else key] = tuple(value)
            if key != "exclude":
                require_known_codes(tuple(value), str(where))
            else:
                for i, pattern in enumerate(value):
                    require_pattern(pattern, source.where((*TABLE, key, i)))
        elif key in FLAGS:
            if not isinstance(value, bool):
                raise RequestError(
                    f"{where}: {key} must be true or false, not {describe_value(value)}"
                )
            values[key] = value
        elif key == "per-file-ignores":
            values["ignores"] = read_file_ignores(source, value)
        elif key == "budget":
            values["budgets"] = read_budgets(source, value)
        else:
            hint = did_you_mean(key, SETTINGS, f"the settings are {', '.join(SETTINGS)}")
            raise RequestError(f"{where}: there is no setting {visible(key, 40)!r}; {hint}")
    return Config(**values, source=source)


def read_budgets(source: Source, table: Any) -> dict[str, dict[str, Any]]:
    """Read [tool.cnnspec.budget], by patterns of network names. Raises RequestError."""
    from cnnspec.spec.budgets import check_budgets

    reader = SpecReader()
    budgets = check_budgets(reader, source, (*TABLE, "budget"), table)
    if reader.problems:
        raise RequestError("\n".join(map(str, reader.problems)))
    return budgets
