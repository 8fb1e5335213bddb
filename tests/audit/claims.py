"""Write claims in a test, and audit them."""

from functools import cache
from pathlib import Path

from click.testing import CliRunner, Result

from cnnspec.analyses.audit.audit import AuditedSource, audit_sources, rule_claims
from cnnspec.analyses.audit.claimed_network import ClaimedNetworks
from cnnspec.analyses.audit.ruling import Ruling
from cnnspec.cli import cli
from cnnspec.problems import SpecError
from cnnspec.spec.claim_reading import read_claim_tables
from cnnspec.spec.reader import SpecReader
from cnnspec.spec.source import Source

NETWORKS = ClaimedNetworks()  # networks are asked for again and again
RIGHT = '[[claims]]\nnetwork = "lenet5"\nquantity = "params"\nvalue = "61.7k"\n'


def run_audit(*arguments: str) -> Result:
    """Run ``cnnspec audit``; what it raises is raised here."""
    return CliRunner().invoke(cli, ["audit", *arguments], catch_exceptions=False)


def rulings(text: str) -> list[Ruling]:
    """Return the rulings about ``[[claims]]``. Raises SpecError."""
    reader = SpecReader()
    claims = list(read_claim_tables(reader, Source("claims.toml", text)))
    if reader.problems:
        raise SpecError(reader.problems)
    return rule_claims(claims, NETWORKS)


def ruling(line: str) -> Ruling:
    """Return the ruling about one claim, written as an inline table without braces."""
    [found] = rulings(f"claims = [{{ {line} }}]")
    return found


@cache
def shipped() -> list[AuditedSource]:
    """Audit every source that ships with cnnspec, once."""
    return audit_sources()


def file(folder: Path, text: str) -> str:
    """Write a file of claims."""
    path = folder / "claims.toml"
    path.write_text(f'title = "A test"\n{text}', encoding="utf-8")
    return str(path)
