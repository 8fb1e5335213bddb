"""``cnnspec verify`` on machines whose torchvision was built for another torch.

    python -m tests.verify --all --against torchvision --against timm

The remedy of support.py is applied when this module is imported, which the processes of --all do
too."""

import sys

from tests.support import import_torchvision

import_torchvision()

if __name__ == "__main__":
    from cnnspec.cli import run

    sys.argv[1:1] = ["verify"]
    run()
