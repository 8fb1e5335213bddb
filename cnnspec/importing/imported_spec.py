"""What ``cnnspec.from_pytorch`` returns: the text of a spec, its network, and the verdict."""

from typing import TYPE_CHECKING, Any

from cnnspec.analyses.verdict import Verdict
from cnnspec.files import write_file

if TYPE_CHECKING:
    from os import PathLike


class ImportedSpec:
    """The spec of a model that was imported.

    ``text`` is the spec in TOML, ``network`` the :class:`cnnspec.Network` that it describes, and
    ``verdict`` the comparison of the network with the model. It is true where that has passed, and
    prints as its text."""

    def __init__(self, text: str, network: Any, verdict: Verdict):
        self.text, self.network, self.verdict = text, network, verdict

    def save(self, path: "str | PathLike[str]") -> None:
        """Write the spec into a file. Raises RequestError where that fails."""
        from os import fspath

        write_file(fspath(path), self.text)

    def __bool__(self) -> bool:
        return bool(self.verdict)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        state = "proven" if self.verdict else "NOT PROVEN"
        return f"<ImportedSpec {self.network.name}: {len(self.text.splitlines())} lines, {state}>"

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(self.text)}</pre>"
