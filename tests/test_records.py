"""Records take exactly their fields, compare by value, and never change."""

from typing import Any

import pytest

from cnnspec.records import Record


class Point(Record):
    x: int
    y: int
    label: str = ""


class Labelled(Point):
    colour: str = "black"


class Empty(Record):
    pass


def test_fields_are_positional_or_named_and_defaults_fill_in() -> None:
    assert Point(1, 2) == Point(x=1, y=2) == Point(1, y=2, label="")
    assert (Point(1, 2).x, Point(1, 2, "a").label) == (1, "a")
    assert Labelled.field_names == ("x", "y", "label", "colour")
    assert Labelled(1, 2, "a", "red").colour == "red"
    assert Empty() == Empty()


@pytest.mark.parametrize(
    ("values", "named", "message"),
    [
        ((1, 2, "a", 4), {}, "Point: 1 too many positional arguments"),
        ((1,), {}, "Point: missing: y"),
        ((), {}, "Point: missing: x, y"),
        ((1, 2), {"z": 3}, "Point: unknown: z"),
        ((1,), {"z": 3}, "Point: unknown: z; missing: y"),
        ((1, 2), {"x": 3}, "Point: given twice: x"),
        ((1, 2, "a"), {"label": "b"}, "Point: given twice: label"),
        ((1, 2, "a"), {"field_names": ()}, "Point: unknown: field_names"),
    ],
)
def test_wrong_arguments_are_a_type_error(
    values: tuple[Any, ...], named: dict[str, Any], message: str
) -> None:
    with pytest.raises(TypeError) as error:
        Point(*values, **named)
    assert str(error.value) == message


def test_a_record_does_not_change() -> None:
    point = Point(1, 2)
    with pytest.raises(AttributeError):
        point.x = 3  # type: ignore[misc]
    with pytest.raises(AttributeError):
        point.other = 3  # type: ignore[attr-defined]
    with pytest.raises(AttributeError):
        del point.x
    assert point == Point(1, 2)


def test_replace_copies_and_refuses_unknown_fields() -> None:
    point = Point(1, 2)
    assert point.replace(y=3) == Point(1, 3)
    assert point.replace(label="a") == Point(1, 2, "a")
    assert point == Point(1, 2)
    with pytest.raises(TypeError, match=r"^Point: unknown: z$"):
        point.replace(z=3)


def test_equality_is_by_class_and_value() -> None:
    assert Point(1, 2) != Point(1, 3)
    assert Point(1, 2) != (1, 2, "")
    assert Point(1, 2) != Labelled(1, 2)
    assert hash(Point(1, 2)) == hash(Point(1, 2, label=""))


def test_the_text_of_a_record_shows_every_field() -> None:
    assert repr(Point(1, y=2)) == "Point(x=1, y=2, label='')"
