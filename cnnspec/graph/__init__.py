"""From a spec to a graph: blocks expanded, names looked up, shapes inferred, in execution order."""
