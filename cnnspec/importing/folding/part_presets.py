"""Presets for norms and activations with fields: ``relu_`` is inplace, ``bn`` has an eps."""

from collections.abc import Collection

from cnnspec.importing.folding.bodies import LinePart
from cnnspec.importing.folding.names import make_unique
from cnnspec.importing.writing.spec_draft import PresetDraft
from cnnspec.ops.registry import load_operator


class PartPresets:
    """The presets of a network's norms and activations, made when they are first named."""

    def __init__(self, taken: Collection[str]):
        self.taken = set(taken)
        self.presets: list[PresetDraft] = []

    def name(self, part: LinePart) -> str:
        """Return what ``norm`` or ``activation`` says: an operator or a preset."""
        if not part.fields:
            return part.kind
        for preset in self.presets:
            if (preset.op, preset.fields) == (part.kind, part.fields):
                return preset.name
        name = f"{part.kind}_" if part.fields == {"inplace": True} else short_name(part.kind)
        made = PresetDraft(make_unique(name, self.taken), part.kind, part.fields)
        self.taken.add(made.name)
        self.presets.append(made)
        return made.name


def short_name(kind: str) -> str:
    """Return a short name for a norm with fields: bn for batchnorm."""
    if load_operator(kind).role != "norm" or not kind.endswith("norm"):
        return f"{kind}_with"
    return kind[0] + "n"
