"""Records: named values that do not change, cheap to define.

A dataclass or a NamedTuple writes and compiles its methods when its class is made, 0.2 to 0.6 ms
each; the two dozen of them here would cost as much as a whole command may take beyond importing its
libraries."""

from typing import Any, ClassVar, Self, dataclass_transform


@dataclass_transform(frozen_default=True)
class Record:
    """The annotated names of a subclass are its fields, in order; a value in the class is a
    default."""

    _names: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        cls._names = (*cls._names, *cls.__annotations__)

    def __init__(self, *values: Any, **named: Any):
        fields = self.__dict__
        for name, value in zip(
            self._names, values, strict=False
        ):  # quicker than an update, for so few
            fields[name] = value
        if named:
            fields.update(named)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} is set once, when the record is made")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def _values(self) -> tuple[Any, ...]:
        return tuple([getattr(self, name) for name in self._names])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.__dict__.items())})"

    def replace(self, **changes: Any) -> Self:
        """The same record with some values changed."""
        new = object.__new__(type(self))
        new.__dict__.update(self.__dict__, **changes)
        return new
