"""The table [tool.cnnspec] of the nearest pyproject.toml upwards, and what of it the command line
replaces.

[tool.cnnspec]
select = ["S", "A001"]               # instead of everything but advice
extend-select = ["A003"]             # beside that
ignore = ["A002"]
advice = true                        # advice as well
strict = true                        # warnings fail too
locked = true                        # every spec has its lock beside it
exclude = ["drafts/*"]               # folders are searched without these

[tool.cnnspec.per-file-ignores]
"specs/vgg.toml" = { A001 = "torchvision's have these biases" }

[tool.cnnspec.budget."resnet*"]      # see [budget.NAME] in specs
params = "50M"
"""

import os
from functools import cache
from typing import Any

from cnnspec.gate.codes import CODES, Selection, check_codes, ignorable
from cnnspec.gate.files import near
from cnnspec.ops.kit.fields import described
from cnnspec.problems import RequestError, SpecError, did_you_mean, visible
from cnnspec.records import Record
from cnnspec.spec.reader import SpecReader
from cnnspec.spec.source import Path, Source, read_source

LISTS = ("select", "extend-select", "ignore", "exclude")
FLAGS = ("advice", "strict", "locked")
TABLES = ("per-file-ignores", "budget")
NAME = "pyproject.toml"


class Config(Record):
    """What holds for files: ``select``, ``extend`` and ``ignore`` are codes or their beginnings.

    ``ignores`` are patterns of files with, by code, the reasons why it is ignored in them;
    ``budgets`` patterns of networks with their limits. ``source`` is the pyproject.toml that says
    so."""

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
        """The folder of the configuration, from which its patterns of files are seen."""
        return os.path.dirname(self.source.name) if self.source else ""

    @property
    def selection(self) -> Selection:
        """Which codes are reported."""
        return Selection(self.select, self.extend, self.ignore, self.advice)


def config_of(path: str, given: dict[str, Any]) -> Config:
    """What holds for a file or folder: its nearest configuration, under what the command line
    gives.

    Raises RequestError for a configuration that cannot be understood.
    """
    folder = path if os.path.isdir(path) else os.path.dirname(path)
    return nearest(os.path.abspath(folder)).replace(**given)


@cache
def nearest(folder: str) -> Config:
    """The configuration of a folder: of the first pyproject.toml upwards that has one."""
    path = os.path.join(folder, NAME)
    if os.path.isfile(path):
        try:
            source = read_source(near(path))
        except SpecError as error:
            raise RequestError(f"{near(path)} cannot be read:\n{error}") from None
        tool = source.data.get("tool")
        if isinstance(tool, dict) and "cnnspec" in tool:
            return read_config(source, tool["cnnspec"])
    above = os.path.dirname(folder)
    return Config() if above == folder else nearest(above)


def read_config(source: Source, table: Any) -> Config:
    """The configuration in [tool.cnnspec]. Raises RequestError for the first thing that is wrong
    with it."""
    if not isinstance(table, dict):
        raise wrong(source, (), "tool.cnnspec is a table")
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key in LISTS:
            if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
                raise wrong(source, (key,), f"{key} is a list of texts, not {described(value)}")
            values["extend" if key == "extend-select" else key] = tuple(value)
            if key != "exclude":
                check_codes(tuple(value), str(source.where(("tool", "cnnspec", key))))
        elif key in FLAGS:
            if not isinstance(value, bool):
                raise wrong(source, (key,), f"{key} is true or false, not {described(value)}")
            values[key] = value
        elif key == "per-file-ignores":
            values["ignores"] = read_ignores(source, value)
        elif key == "budget":
            values["budgets"] = read_budgets(source, value)
        else:
            hint = did_you_mean(
                key, (*LISTS, *FLAGS, *TABLES), "there are " + ", ".join((*LISTS, *FLAGS, *TABLES))
            )
            raise wrong(source, (key,), f"there is no setting {visible(key, 40)!r}; {hint}")
    return Config(**values, source=source)


def wrong(source: Source, path: Path, message: str) -> RequestError:
    """The error about a value of the configuration."""
    return RequestError(f"{source.where(('tool', 'cnnspec', *path))}: {message}")


def read_ignores(source: Source, value: Any) -> dict[str, dict[str, str]]:
    """The per-file ignores: for each pattern of files the codes, each with its reason."""
    key = "per-file-ignores"
    if not isinstance(value, dict):
        raise wrong(
            source, (key,), f"{key} is a table of patterns of files, not {described(value)}"
        )
    for pattern, reasons in value.items():
        if not isinstance(reasons, dict):
            raise wrong(
                source,
                (key, pattern),
                "the ignores of a file are a table of codes with reasons, such as "
                f'{{ S001 = "the paper crops" }}, not {described(reasons)}',
            )
        for code, reason in reasons.items():
            if code not in CODES or not ignorable(code):
                hint = did_you_mean(code, CODES) if code not in CODES else "mend what it is about"
                raise wrong(
                    source, (key, pattern, code), f"{visible(code, 40)!r} cannot be ignored; {hint}"
                )
            if not isinstance(reason, str) or not reason.strip():
                raise wrong(
                    source, (key, pattern, code), f"an ignore has a reason, not {described(reason)}"
                )
    return value


def read_budgets(source: Source, value: Any) -> dict[str, dict[str, Any]]:
    """The budgets by patterns of networks."""
    from cnnspec.spec.budgets import check_budgets

    notes = SpecReader()
    budgets = check_budgets(notes, source, ("tool", "cnnspec", "budget"), value)
    if notes.problems:
        raise RequestError("\n".join(map(str, notes.problems)))
    return budgets
