"""A search's results in an SQLite file, so that it can go on after it was stopped, and be merged.

The table ``results`` has one row for each candidate tried: its number in the grid, its settings and
measures as JSON, and why it was refused or which condition it does not meet. The table ``request``
says what was asked. A chunk of results is written completely or not at all."""

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

from cnnspec import __version__
from cnnspec.files import FILES_READ
from cnnspec.problems import RequestError, visible
from cnnspec.search.candidates import Candidate
from cnnspec.search.evaluator import CandidateEvaluator

TABLES = """
CREATE TABLE IF NOT EXISTS request (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS results (
  number INTEGER PRIMARY KEY, settings TEXT NOT NULL, measures TEXT NOT NULL,
  rule TEXT, message TEXT, failed TEXT NOT NULL
);
"""
COLUMNS = "number, settings, measures, rule, message, failed"
ADD = f"INSERT OR IGNORE INTO results ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)"
WAIT = 60.0  # seconds for another process that writes


class ResultStore:
    """The results of one search in the file ``path``, which is made if it is not there.

    Raises RequestError where the file is no such store, or has the results of another search."""

    def __init__(self, path: str, evaluator: CandidateEvaluator):
        self.path, self.space = path, evaluator.space
        if os.path.realpath(path) in FILES_READ:
            raise RequestError(f"{visible(path)} is a spec; name another file for --store")
        self.request = describe_request(evaluator)
        with self.opened() as connection:
            self.check_is_store(connection)
            connection.executescript(TABLES)
            with connection:
                connection.executemany(
                    "INSERT OR IGNORE INTO request VALUES (?, ?)", self.request.items()
                )
            self.check_request(connection, "", path)

    @contextmanager
    def opened(self) -> Iterator[sqlite3.Connection]:
        """Open the file. Raises RequestError for faults of the file."""
        try:
            connection = sqlite3.connect(self.path, timeout=WAIT)
            try:
                yield connection
            finally:
                connection.close()
        except sqlite3.Error as error:
            raise RequestError(
                f"{visible(self.path)} cannot be used as a store: {visible(error)}"
            ) from None

    def check_is_store(self, connection: sqlite3.Connection) -> None:
        """Raise RequestError for the database of another program."""
        found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        if not {name for (name,) in found} <= {"request", "results"}:
            raise RequestError(f"{visible(self.path)} is a database of another program")

    def check_request(self, connection: sqlite3.Connection, schema: str, path: str) -> None:
        """Raise RequestError where a store has the results of another search."""
        found = dict(connection.execute(f"SELECT key, value FROM {schema}request"))
        for key, value in self.request.items():
            if found.get(key) != value:
                there, here = visible(found.get(key, "nothing"), 80), visible(value, 80)
                raise RequestError(
                    f"{visible(path)} has the results of another search, with {key} {there}"
                    f" instead of {here}; name another file for --store"
                )

    def add(self, candidates: Iterable[Candidate]) -> None:
        """Write results, all of them or none. Candidates that are there already are left."""
        with self.opened() as connection, connection:
            connection.executemany(ADD, map(encode_candidate, candidates))

    def merge(self, path: str) -> None:
        """Add the results of another store of the same search. Raises RequestError."""
        with self.opened() as connection:
            try:
                connection.execute("ATTACH DATABASE ? AS other", (path,))
                self.check_request(connection, "other.", path)
                with connection:
                    connection.execute(
                        f"INSERT OR IGNORE INTO results SELECT {COLUMNS} FROM other.results"
                    )
            except sqlite3.Error as error:
                raise RequestError(f"{visible(path)} cannot be merged: {visible(error)}") from None

    def read(self) -> Iterator[Candidate]:
        """Yield the candidates in the store."""
        with self.opened() as connection:
            for number, _, measures, rule, message, failed in connection.execute(
                f"SELECT {COLUMNS} FROM results ORDER BY number"
            ):
                refused = None if rule is None else (rule, message)
                values = {k: decode_value(v) for k, v in json.loads(measures).items()}
                yield Candidate(number, self.space.settings(number), values, refused, failed)


def encode_candidate(candidate: Candidate) -> tuple[Any, ...]:
    """Return the row of a candidate."""
    rule, message = candidate.refused or (None, None)
    settings, measures = dump(candidate.settings), dump(candidate.values)
    return candidate.number, settings, measures, rule, message, candidate.failed


def dump(value: Any) -> str:
    """Return a value as JSON; a date, which TOML has, as text."""
    return json.dumps(value, default=str)


def decode_value(value: Any) -> Any:
    """Return the value of a measure: shapes and fields are tuples."""
    return tuple(value) if isinstance(value, list) else value


def describe_request(evaluator: CandidateEvaluator) -> dict[str, str]:
    """Return all that the results of a search depend on, as texts by name."""
    spec = evaluator.spec
    sources = {id(s): s for s in (spec.source, *(b.source for b in spec.blocks.values()))}
    texts = sorted(source.text for source in sources.values())
    conditions = [c.text for c in (*evaluator.early, *evaluator.late)]
    return {
        "version": __version__,
        "network": evaluator.name,
        "spec": sha256("\0".join(texts).encode(errors="backslashreplace")).hexdigest(),
        "space": dump(evaluator.space.values),
        "settings": dump(evaluator.fixed),
        "input": dump(evaluator.shape),
        "memory": dump(vars(evaluator.setting)),
        "limit of lines": str(evaluator.max_lines),
        "measures": dump([m.key for m in evaluator.measures]),
        "conditions": dump(conditions),
    }
