"""Caffe's prototxt files: their layers as PyTorch's calls."""
