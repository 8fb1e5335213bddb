"""From templates to the draft of the text: lines with their keys, blocks, tables and presets."""

from collections.abc import Collection
from typing import Any

from cnnspec.importing.folding.bodies import LinePart
from cnnspec.importing.folding.columns import Setting
from cnnspec.importing.folding.drop_rates import DROP_RATE, INDEX, DropRates
from cnnspec.importing.folding.names import input_names, make_identifier, make_unique
from cnnspec.importing.folding.presets import PartPresets
from cnnspec.importing.folding.runs import SHARE, Rows
from cnnspec.importing.folding.templates import Template, template_name
from cnnspec.importing.writing.spec_draft import BlockDraft, DraftLine, TableDraft

CLASSES = "classes"  # the argument of the network
FEW = 8  # rows of one column, which fit into the line itself
LAST = ("when", "training_only")


class Drafting:
    """Drafts the blocks of one network. ``templates`` are all, the network's last.

    ``scores`` are the nodes that give one score for each class."""

    def __init__(
        self,
        templates: list[Template],
        presets: PartPresets,
        rates: DropRates | None = None,
        scores: Collection[int] = (),
    ):
        self.templates, self.presets, self.rates = templates, presets, rates
        self.scores = scores
        self.tables: list[TableDraft] = []
        self.arguments: dict[str, Any] = {DROP_RATE: rates.rate} if rates else {}
        self.table_count = 0
        self.orders = {id(t): self.order_arguments(t) for t in templates}

    def order_arguments(self, template: Template) -> list[str]:
        """Return the arguments of a block: first those that tables of rows have."""
        tables = [
            value
            for other in self.templates
            for setting in other.settings
            if setting.key == "each"
            for value in setting.values
            if isinstance(value, Rows) and value.block is template
        ]
        first = {key for table in tables for key in table.rows[0]}
        return sorted(template.args, key=lambda name: name not in first)

    def draft_block(self, template: Template) -> BlockDraft:
        """Return the draft of one block."""
        base = template.base
        lines = [self.draft_line(template, slot) for slot in range(len(base.items))]
        outputs = () if template.result_last else (base.name_of(base.result),)
        return BlockDraft(
            template.name,
            lines,
            tuple(self.orders[id(template)]),
            input_names(len(base.body.inputs)),
            outputs,
        )

    def draft_line(self, template: Template, slot: int) -> DraftLine:
        """Return one line of a block."""
        base = template.base
        item = base.items[slot]
        line: DraftLine = {"name": item.pattern}
        if item.operation == SHARE:
            shared = item.lines[0].shared
            line["share"] = template_name(shared) if shared else ""
        else:
            called = item.operation
            line["op"] = called if isinstance(called, str) else called.name
        settings = [s for s in template.settings if s.slot == slot]
        values = self.draft_values(template, settings)
        if "each" in values or "repeat" in values:
            line |= {key: values.pop(key) for key in ("each", "repeat") if key in values}
        if not template.follows[slot]:
            line["from"] = self.draft_sources(template, slot)
        line |= {key: value for key, value in values.items() if key not in LAST}
        line |= {key: values[key] for key in LAST if key in values}
        if base.training[slot]:
            line["training_only"] = True
        return line

    def draft_sources(self, template: Template, slot: int) -> Any:
        """Return what ``from`` says in the line at a slot."""
        base = template.base
        names = [base.name_of(place) for place in base.sources[slot]]
        if base.items[slot].is_run:
            return f"{{'{names[0]}' if i == 0 else 'previous'}}"
        return names[0] if len(names) == 1 else names

    def draft_values(self, template: Template, settings: list[Setting]) -> dict[str, Any]:
        """Return the keys of a line with their values or expressions."""
        values: dict[str, Any] = {}
        columns: list[str] = []
        for setting in settings:
            key = setting.key
            if setting.step == "first":
                values[key] = f"{self.operand(setting)} if i == 0 else "
            elif setting.step == "rest":
                values[key] = f"{{{values[key]}{self.operand(setting)}}}"
            elif setting.step == "start":
                values[key] = f"{{{count_up(self.operand(setting), setting.slope)}}}"
            elif setting.items:
                values[key] = setting.items
            elif not setting.is_constant:
                values[key] = f"{{{setting.expression}}}"
            elif isinstance(setting.constant, Rows):
                values[key] = self.draft_rows(template, setting)
            elif key == INDEX:
                values[key] = f"{{{setting.constant}}}"
            elif key == "out_features" and template.base.items[setting.slot].output in self.scores:
                self.arguments[CLASSES] = setting.constant
                values[key] = f"{{{CLASSES}}}"
            else:
                values[key] = self.plain(setting.constant)
            if key == "each":
                tables = [value for value in setting.values if isinstance(value, Rows)]
                columns = self.table_columns(tables[0])
        return {
            self.key_of(key): self.rate(value) if key == INDEX else value
            for key, value in values.items()
            if key not in columns
        }

    @staticmethod
    def key_of(key: str) -> str:
        """Return the key of a line that a setting is for."""
        return key.partition(":")[0]

    def rate(self, index: str) -> str:
        """Return the rate of a layer of stochastic depth whose index is an expression."""
        inner = index[1:-1]
        inner = f"({inner})" if " " in inner else inner
        return f"{{{DROP_RATE} * {inner} / {self.rates.count if self.rates else 1}}}"

    def operand(self, setting: Setting) -> str:
        """Return a setting as a part of an expression."""
        return repr(self.plain(setting.constant)) if setting.is_constant else setting.expression

    def plain(self, value: Any) -> Any:
        """Return a value as the text has it."""
        if isinstance(value, LinePart):
            return self.presets.name(value)
        if isinstance(value, Rows):
            return self.list_rows(value)
        if isinstance(value, list):
            return [self.plain(v) for v in value]
        return value

    def table_columns(self, table: Rows) -> list[str]:
        """Return the columns of a table: the first arguments of its block, as many as needed."""
        order = self.orders[id(table.block)]
        return order[: max(order.index(key) + 1 for key in table.rows[0])]

    def list_rows(self, table: Rows) -> list[Any]:
        """Return the rows of a table; a row of one value that is no list is that value."""
        columns = self.table_columns(table)
        rows = [
            [self.plain(row[key] if key in row else table.equal[key]) for key in columns]
            for row in table.rows
        ]
        single = len(columns) == 1 and not any(isinstance(row[0], list) for row in rows)
        return [row[0] for row in rows] if single else rows

    def is_short(self, table: Rows) -> bool:
        """Tell whether the rows of a table fit into the line itself."""
        return len(self.table_columns(table)) == 1 and len(table.rows) <= FEW

    def name_table(self, template: Template, setting: Setting) -> str:
        """Return the name of the next table: rows, if the network has only one."""
        if not self.table_count:
            self.table_count = sum(
                isinstance(setting.constant, Rows) and not self.is_short(setting.constant)
                for other in self.templates
                for setting in other.settings
            )
        if self.table_count == 1:
            return "rows"
        words = [] if template is self.templates[-1] else [template.name]
        if setting.key != "each":
            words.append(template.base.items[setting.slot].pattern)
        name = make_identifier("_".join([*words, "rows"]))
        return make_unique(name, [table.name for table in self.tables])

    def draft_rows(self, template: Template, setting: Setting) -> Any:
        """Return what ``each`` says: rows, or the name of a table that the network declares."""
        table = setting.constant
        columns, rows = self.table_columns(table), self.list_rows(table)
        if self.is_short(table):
            return rows
        name = self.name_table(template, setting)
        cells = [row if isinstance(row, list) else [row] for row in rows]
        self.tables.append(TableDraft(name, tuple(columns), cells))
        return f"{{{name}}}"


def count_up(start: str, slope: int) -> str:
    """Return the expression of numbers that count up by ``slope`` from ``start``."""
    counted = "i" if slope == 1 else f"{slope} * i"
    return counted if start == "0" else f"{start} + {counted}"
