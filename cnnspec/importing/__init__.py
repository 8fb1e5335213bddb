"""Import: a PyTorch model or a model file becomes the text of a spec."""
