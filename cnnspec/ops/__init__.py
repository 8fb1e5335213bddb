"""What a layer is: one operator, one file. :mod:`cnnspec.ops.registry` lists them."""
