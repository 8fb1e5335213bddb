"""From a spec to a graph: blocks unrolled, names connected, shapes inferred, in execution order."""
