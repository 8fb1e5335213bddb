"""Run ``cnnspec verify`` on machines whose torchvision was built for another torch.

    python -m tests.verify --all --against torchvision --against timm

Importing this module applies the workaround of support.py. The processes of --all import it too.
"""

import sys

from tests.support import import_torchvision

import_torchvision()

if __name__ == "__main__":
    from cnnspec.cli import run

    sys.argv[1:1] = ["verify"]
    run()
