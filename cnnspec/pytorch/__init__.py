"""The PyTorch wing: the twin of a graph, built and measured. Only this room and those that it
serves need torch."""
