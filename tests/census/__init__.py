"""Import the models of torchvision and timm, and note for each whether its spec is proven.

    python -m tests.census --output census.json                     # all of them
    python -m tests.census --output census.json --retry             # those that are not proven
    python -m tests.census --output census.json timm:resnet50 torchvision:vgg16

Each model is imported in a process of its own, with a limit of memory and of time, at a small input
where it takes one, else at its own. A model that equals an earlier one except for its weights is
not imported again. The file is written after each model; a model that is in it is not imported
again. `python -m tests.pages` makes the page of `reports/data/census.json`."""
