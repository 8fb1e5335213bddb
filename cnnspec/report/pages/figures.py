"""figures/NAME.svg: the architecture of the first network of each family, for its page."""

from cnnspec.report.diagram.draw import draw
from cnnspec.report.pages.zoo import families


def path(family: str) -> str:
    """The file of a family's figure, relative to the folder of the pages."""
    return f"figures/{family}.svg"


def figures() -> dict[str, str]:
    """The figures of all families by their files."""
    return {path(name): draw(nets[0]) for name, nets in families().items()}
