"""From a graph to Python source that needs torch alone."""
