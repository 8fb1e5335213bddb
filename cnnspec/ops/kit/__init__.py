"""What operators are built from: fields, windows, derivations, memory, PyTorch modules."""
