"""What of the contract stands within what: the rows of a list, an object within an answer."""

from __future__ import annotations

from typing import Any, get_args, get_origin

from pydantic import BaseModel


def model_within(annotation: Any) -> type[BaseModel] | None:
    """The model of a field, or of the rows of its list; None if it holds plain values."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := model_within(part)) is not None), None)


def is_list(annotation: Any) -> bool:
    """Whether the field is a list, of rows or of plain values."""
    return get_origin(annotation) is tuple
