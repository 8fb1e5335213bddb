"""From a graph to Python source of a Keras 3 functional model."""
