"""The sources that a file of claims cites: ``[sources]``, with author, title and address."""

from cnnspec.records import Record
from cnnspec.spec.reader import SpecReader
from cnnspec.spec.source import Fields, Source

KEYS = ("author", "title", "address")


class CitedSource(Record):
    """A source of claims, as far as it is known: "" for what is not."""

    author: str = ""
    title: str = ""
    address: str = ""

    def __str__(self) -> str:
        return ", ".join(filter(None, (self.author, self.title, self.address)))


def read_cited_sources(reader: SpecReader, source: Source, data: Fields) -> dict[str, CitedSource]:
    """Read the table ``sources``, by the names that claims use; note a problem for what is wrong.

    A source is a table with some of KEYS."""
    found = {}
    takes = "a table with a table for each source"
    tables = reader.check_type(source, ("sources",), data.get("sources", {}), dict, takes) or {}
    for name, table in tables.items():
        where = ("sources", name)
        takes = f"a table with {', '.join(KEYS)}"
        values = {}
        for key, value in (reader.check_type(source, where, table, dict, takes) or {}).items():
            if key not in KEYS:
                reader.report_unknown_key(source, (*where, key), list(KEYS), "a source")
            elif reader.check_type(source, (*where, key), value, str, "text") is not None:
                values[key] = value
        found[name] = CitedSource(**values)
    return found
