"""Two validators of the JSON Schema, which must agree about every spec."""

from typing import Any

from jsonschema import Draft7Validator

from cnnspec.spec.schema import language_schema

try:
    import fastjsonschema

    SECOND: Any = fastjsonschema.compile(language_schema())
except ImportError:
    SECOND = None
VALIDATOR = Draft7Validator(language_schema())


def accepts(data: Any) -> bool:
    """Whether both validators accept a spec; they have to agree."""
    found = VALIDATOR.is_valid(data)
    if SECOND is not None:
        try:
            SECOND(data)
        except fastjsonschema.JsonSchemaValueException:
            assert not found
        else:
            assert found
    return found
