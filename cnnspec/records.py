"""Records: small classes of named values that never change after they are made.

``Record`` is the only kind of value class in this package. A dataclass or a NamedTuple compiles its
methods when its class is defined, which takes 0.2 to 0.6 ms each; for all the value classes here
that would be longer than a whole command may take. A Record costs a few microseconds and checks its
arguments as strictly. A NamedTuple is used only where a measured hot loop makes thousands of
values; a comment says so there."""

from typing import Any, ClassVar, NoReturn, Self, dataclass_transform


@dataclass_transform(frozen_default=True)
class Record:
    """A value class: the annotated names of a subclass are its fields, in order.

    A value given in the class body is the field's default. Arguments are positional or by name; an
    unknown, missing, surplus or repeated one raises TypeError. Setting a field raises
    AttributeError. Records of the same class with equal fields are equal."""

    field_names: ClassVar[tuple[str, ...]] = ()
    _allowed: ClassVar[frozenset[str]] = frozenset()
    _required: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls) -> None:
        new = [name for name in cls.__annotations__ if name not in cls._allowed]
        cls.field_names = (*cls.field_names, *new)
        cls._allowed = frozenset(cls.field_names)
        cls._required = frozenset([n for n in cls.field_names if not hasattr(cls, n)])

    def __init__(self, *values: Any, **named: Any):
        fields, names = self.__dict__, self.field_names
        for name, value in zip(names, values, strict=False):  # for few fields, faster than update
            fields[name] = value
        if named:
            fields.update(named)
        given = len(values) + len(named)
        if (
            len(fields) != given
            or (named and not self._allowed.issuperset(fields))
            or (given != len(names) and not self._required <= fields.keys())
        ):
            self._reject(values, named)

    def _reject(self, values: tuple[Any, ...], named: dict[str, Any]) -> NoReturn:
        """Raise the TypeError that says which arguments are wrong."""
        cls = type(self)  # the instance may have an argument of the same name as a class variable
        given = cls.field_names[: len(values)]
        surplus = len(values) - len(cls.field_names)
        unknown = [name for name in named if name not in cls._allowed]
        twice = [name for name in given if name in named]
        missing = [n for n in cls.field_names if n in cls._required.difference(given, named)]
        faults = [f"{surplus} too many positional arguments"] * (surplus > 0)
        faults += [f"unknown: {', '.join(unknown)}"] * bool(unknown)
        faults += [f"given twice: {', '.join(twice)}"] * bool(twice)
        faults += [f"missing: {', '.join(missing)}"] * bool(missing)
        raise TypeError(f"{cls.__name__}: {'; '.join(faults)}")

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be set: records do not change")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(
            f"{type(self).__name__}.{name} cannot be deleted: records do not change"
        )

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def _values(self) -> tuple[Any, ...]:
        return tuple([getattr(self, name) for name in self.field_names])

    def __repr__(self) -> str:
        shown = [f"{name}={getattr(self, name)!r}" for name in self.field_names]
        return f"{type(self).__name__}({', '.join(shown)})"

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some fields changed. Raises TypeError for an unknown field."""
        if not changes.keys() <= self._allowed:
            self._reject(
                self._values(), {n: v for n, v in changes.items() if n not in self._allowed}
            )
        new = object.__new__(type(self))
        new.__dict__.update(self.__dict__, **changes)
        return new
