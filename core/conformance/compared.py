"""Holds the body of an answer against its model, field by field, and says in which words they differ.

Reading an answer stops at the first field that is wrong; here all of them are named, each with the value that
was found, so that whoever writes a server sees in one look what is left to do.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Any, Final, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from core.conformance.units import unit_problem
from core.contract.base import ToolAnswer
from core.values import Value
from core.venue_text import named, quoted

NEAR_MIN: Final = 0.75
"""How alike two names are at least, of 1, if one is taken for the other in another spelling."""
FOUND_LENGTH_MAX: Final = 80
ROWS_MAX: Final = 2_000
"""Rows of a list that are looked at."""
_BOUNDS: Final = frozenset({"greater_than", "greater_than_equal", "less_than", "less_than_equal"})
_WORDS: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


class DifferenceKind(StrEnum):
    """How an answer differs from the contract, in the words in which it is shown."""

    MISSING = "field missing"
    RENAMED = "field renamed"
    TYPE = "another type"
    UNIT = "another unit"
    VALUE = "another value"


class FieldDifference(Value):
    """One field that differs. `field` is its path, with `[]` for each row of a list.

    `rows` of `of` rows differ in this way; both are 0 for a field that stands in no list.
    """

    kind: DifferenceKind
    field: str
    expected: str
    found: str
    rows: int = 0
    of: int = 0


def compared(model: type[ToolAnswer], body: object) -> tuple[FieldDifference, ...]:
    """Every difference between the model and what was answered; nothing if it can be used as it is."""
    found = list(_of_object(model, body, ""))
    if not found and isinstance(body, Mapping):
        # Whole lists may contradict themselves although each row is sound.
        found = [_of_error(error, "", body) for error in _errors(model, body)]
    return tuple(found)


def _of_object(model: type[BaseModel], body: object, path: str) -> Iterator[FieldDifference]:
    if not isinstance(body, Mapping):
        yield FieldDifference(
            kind=DifferenceKind.TYPE,
            field=path.rstrip(".") or "the answer",
            expected="an object",
            found=_shown(body),
        )
        return
    rest = dict(body)
    for name, field in model.model_fields.items():
        inner = _inner(field)
        if inner is None or name not in body:
            continue
        if isinstance(body[name], list) and _is_list(field):
            yield from _of_rows(inner, body[name], f"{path}{name}[]")
            rest[name] = []
        elif isinstance(body[name], Mapping) and not _is_list(field):
            yield from _of_object(inner, body[name], f"{path}{name}.")
            rest[name] = None
    problems = list(_errors(model, rest))
    for error in problems:
        name = str(error["loc"][0]) if error["loc"] else ""
        if error["type"] == "missing" and len(error["loc"]) == 1:
            yield _missing(model, name, body, path)
        elif rest.get(name, ...) is not None or body.get(name, ...) is None:
            yield _of_error(error, path, body)
    wrong = {str(error["loc"][0]) for error in problems if error["loc"]}
    for name in model.model_fields:
        unit = None if name in wrong else unit_problem(model, name, rest.get(name))
        if unit is not None:
            yield FieldDifference(
                kind=DifferenceKind.UNIT, field=path + name, expected=unit, found=_shown(body[name])
            )


def _of_rows(model: type[BaseModel], rows: list[object], path: str) -> Iterator[FieldDifference]:
    """What is wrong with a list's rows, each difference once, with the first value that showed it."""
    looked = rows[:ROWS_MAX]
    first: dict[tuple[DifferenceKind, str], FieldDifference] = {}
    for row in looked:
        seen = {(each.kind, each.field): each for each in _of_object(model, row, f"{path}.")}
        for key, each in seen.items():
            known = first.get(key, each)
            first[key] = known.model_copy(update={"rows": known.rows + 1 if key in first else 1})
    for each in first.values():
        yield each.model_copy(update={"of": len(looked)})


def _missing(model: type[BaseModel], name: str, body: Mapping[str, object], path: str) -> FieldDifference:
    other = _near(model, name, body)
    if other is None:
        return FieldDifference(
            kind=DifferenceKind.MISSING, field=path + name, expected=name, found="no field like it"
        )
    text = f"{named(other)}: {_shown(body[other])}"
    return FieldDifference(kind=DifferenceKind.RENAMED, field=path + name, expected=name, found=text)


def _near(model: type[BaseModel], name: str, body: Mapping[str, object]) -> str | None:
    """The key of the answer that is this field in another spelling; its value fits if any near one's does."""
    unknown = [key for key in body if key not in model.model_fields]
    near = [key for key in unknown if _likeness(name, key) >= NEAR_MIN]
    near.sort(key=lambda key: (not _fits(model, name, body, key), -_likeness(name, key)))
    return near[0] if near else None


def _likeness(name: str, key: str) -> float:
    """1 if both are of the same words, however written; high if one has the other's words and more."""
    ours, theirs = _words(name), _words(key)
    if ours == theirs or "".join(ours) == "".join(theirs):
        return 1.0
    if ours and theirs and (set(ours) <= set(theirs) or set(theirs) <= set(ours)):
        return 0.9
    return difflib.SequenceMatcher(None, "".join(ours), "".join(theirs)).ratio()


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORDS.findall(name)]


def _fits(model: type[BaseModel], name: str, body: Mapping[str, object], key: str) -> bool:
    """Whether the key's value would be taken as this field."""
    errors = _errors(model, {**body, name: body[key]})
    return not any(error["loc"][:1] == (name,) for error in errors)


def _errors(model: type[BaseModel], body: Mapping[str, object]) -> list[ErrorDetails]:
    try:
        model.model_validate(body)
    except ValidationError as error:
        return error.errors(include_url=False)
    return []


def _of_error(error: ErrorDetails, path: str, body: Mapping[str, object]) -> FieldDifference:
    place = ".".join(named(str(part)) for part in error["loc"] if not isinstance(part, int))
    kind = DifferenceKind.TYPE
    if error["type"] in _BOUNDS:
        kind = DifferenceKind.UNIT
    elif error["type"] == "literal_error" or (error["type"] == "value_error" and not error["loc"]):
        kind = DifferenceKind.VALUE
    expected = error["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    found = error["input"] if error["loc"] else body
    return FieldDifference(
        kind=kind,
        field=(path + place) or "the answer",
        expected=expected.removeprefix("expected "),
        found=_shown(found),
    )


def _shown(value: object) -> str:
    """The value as it was found, quoted if it is text of the server's."""
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, int | float):
        return f"the number {value}"
    return quoted(str(value)[:FOUND_LENGTH_MAX])


def _is_list(field: FieldInfo) -> bool:
    return get_origin(field.annotation) is tuple


def _inner(field: FieldInfo) -> type[BaseModel] | None:
    """The model of the rows of a list, or of an object within the answer."""
    return None if field.exclude else _model_in(field.annotation)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    parts = get_args(annotation)
    if get_origin(annotation) is Annotated:
        parts = parts[:1]
    return next((found for part in parts if (found := _model_in(part)) is not None), None)
