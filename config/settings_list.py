"""Every setting of the strategy with its key: what it is, its range, default and present value."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple, get_args

from pydantic.fields import FieldInfo

from config.consequences import CONSEQUENCES
from core.section import Section
from core.strategy import Strategy


class Setting(NamedTuple):
    """One setting; values as they would be written in the file."""

    key: str
    meaning: str
    allowed: str
    default: str
    present: str | None
    consequence: str


def settings(present: Strategy | None) -> Iterator[Setting]:
    """Every setting, in the order of the file. `present` is None if there is no file to compare with."""
    yield from _of_section("", Strategy, Strategy(), present)


def _of_section(
    prefix: str, model: type[Section], default: Section, present: Section | None
) -> Iterator[Setting]:
    for name, field in model.model_fields.items():
        value = getattr(default, name)
        ours = None if present is None else getattr(present, name)
        if isinstance(value, Section):
            yield from _of_section(f"{prefix}{name}.", type(value), value, ours)
            continue
        key = f"{prefix}{name}"
        yield Setting(
            key=key,
            meaning=field.description or "",
            allowed=_allowed(field),
            default=_written(value),
            present=None if present is None else _written(ours),
            consequence=CONSEQUENCES.get(key, ""),
        )


def _allowed(field: FieldInfo) -> str:
    """The range as the file's comments write it, or the words; empty if the type says it all."""
    bounds = {
        name: getattr(rule, name)
        for rule in field.metadata
        for name in ("ge", "gt", "le", "lt")
        if hasattr(rule, name)
    }
    if bounds:
        low = f"[{bounds['ge']:g}" if "ge" in bounds else f"({bounds['gt']:g}"
        high = f"{bounds['le']:g}]" if "le" in bounds else f"{bounds['lt']:g})"
        return f"{low}, {high}"
    length = {
        name: getattr(rule, name)
        for rule in field.metadata
        for name in ("min_length", "max_length")
        if getattr(rule, name, None) is not None
    }
    if len(length) == 2:
        return f"{length['min_length']} to {length['max_length']} characters"
    words = [value for value in _values_of(field.annotation) if value is not None]
    return " | ".join(map(str, words))


def _values_of(annotation: object) -> list[object]:
    """The words that an enumeration, a literal, or a union with one of them allows."""
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return [member.value for member in annotation]
    if annotation is bool:
        return ["true", "false"]
    return [
        value
        for part in get_args(annotation)
        for value in ([part] if isinstance(part, str) else _values_of(part))
    ]


def _written(value: object) -> str:
    """A value as YAML would have it."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case Enum():
            return str(value.value)
        case float():
            return f"{value:g}"
        case tuple():
            return f"[{', '.join(map(_written, value))}]"
        case _:
            return str(value)
