"""All that needs torch: build a graph's module, measure it, record models, compare and verify."""
