"""The digest of a spec: by it, what was measured is known to be of another spec than today's."""

from cnnspec.graph.model import Call, Graph
from cnnspec.spec.source import Source


def digest(graph: Graph) -> str:
    """The SHA-256 of the texts of the files that a graph was made of, in hexadecimal digits."""
    from hashlib import sha256

    sources: dict[str, Source] = {}
    calls: dict[int, Call] = {}
    for node in graph.layers():
        if node.line:
            sources[node.line.source.name] = node.line.source
        call: Call | None = node.call
        while call and id(call) not in calls:
            calls[id(call)] = call
            if call.line:
                sources[call.line.source.name] = call.line.source
            call = call.outer
    return sha256("\0".join(sorted(s.text for s in sources.values())).encode()).hexdigest()
