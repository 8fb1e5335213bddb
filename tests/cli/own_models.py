"""A module with PyTorch models of a user, some of them broken."""

LENET = """
import os
import sys

import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, classes=10, padding=0, act="tanh"):
        super().__init__()
        self.c1, self.c3 = nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5, padding=padding)
        self.fc = nn.ModuleList([nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, classes)])
        self.act = getattr(torch, act)

    def forward(self, x):
        x = nn.functional.avg_pool2d(self.act(self.c1(x)), 2)
        x = nn.functional.avg_pool2d(self.act(self.c3(x)), 2).flatten(1)
        return self.fc[2](self.act(self.fc[1](self.act(self.fc[0](x)))))

class Parts:
    class Inner(Net):
        pass

def made(**arguments):
    return Net(**arguments)

class Talking(Net):
    def forward(self, x):
        print("talking")
        os.system("echo shouting")
        return super().forward(x)

class Exiting(Net):
    def forward(self, x):
        sys.exit(0)

class Spelled(Net):
    def forward(self, x):
        y = super().forward(x)
        return 0.75 * y + 0.25 * y

def fails():
    raise ValueError("no such width\\x1b[31m")

class Leaving(BaseException):
    pass

def leaves():
    raise Leaving("for good")

class Silent(Exception):
    def __str__(self):
        raise ValueError("no words")

def silent():
    raise Silent

def number():
    return 3

network = Net()
"""
