"""From graphs to code: PyTorch source."""
