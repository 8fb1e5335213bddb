"""ONNX files: reading them without a library, and their operators as PyTorch's calls."""
