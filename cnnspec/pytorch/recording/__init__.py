"""Record which operations a PyTorch model runs, in the terms of cnnspec's operators."""
