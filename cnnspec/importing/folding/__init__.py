"""From the imported graph to a spec: blocks, repeats and arguments, as a person would write it."""

from cnnspec.importing.imported_graph import ImportedGraph


def write_spec(graph: ImportedGraph) -> tuple[str, tuple[str, ...]]:
    """Return the text of the spec of an imported network, and notes for who reads it.

    Raises RequestError if the language cannot express the network."""
    from cnnspec.importing.folding.write import write_folded_spec

    return write_folded_spec(graph)
