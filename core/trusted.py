"""Models of values that are known to be right, made without the validation that values from outside need."""

from __future__ import annotations

from typing import Any, Final, Self

from pydantic import BaseModel

_set: Final = object.__setattr__


class Trusting(BaseModel):
    """A model that may be made of values that need no validation."""

    @classmethod
    def trusted(cls, **fields: Any) -> Self:
        """One of these values, every field among them.

        `model_construct` does the same, but goes through the fields one by one to see which has a default.
        """
        made = cls.__new__(cls)
        _set(made, "__dict__", fields)
        _set(made, "__pydantic_fields_set__", set(fields))
        _set(made, "__pydantic_extra__", None)
        _set(made, "__pydantic_private__", None)
        return made
