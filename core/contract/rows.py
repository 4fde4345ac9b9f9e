"""Lists of which some rows are not the engine's own: a row that can't be read does not spoil the others.

An account may hold what this program has never heard of: other kinds of instruments, other directions,
amounts in fractions. Such a row is kept by its label or instrument, so that whoever reads the list can tell a
person of it, or refuse to go on if the row turns out to be the engine's own. A row without either could be
the engine's own, so it spoils the list.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Self

from pydantic import Field, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic.json_schema import SkipJsonSchema

from core.contract.base import ToolAnswer
from core.contract.scalars import Titled
from core.venue_text import named, quoted

FOUND_LENGTH_MAX = 80
ROWS_MAX = 20_000
"""A longer list is not looked at row by row."""


class UnreadRow(ToolAnswer):
    """A row that does not have the contract's form: by what it may be known, and what is wrong with it.

    A blank label is one that nobody gave; None means that the row has no label, or one that is no text.
    """

    instrument_name: Titled | None
    label: Titled | None
    problem: str

    @property
    def name(self) -> str:
        """Whatever names it best."""
        return self.label or self.instrument_name or "a row without a name"


class RowsAnswer(ToolAnswer):
    """An answer that is one list, named by `ROWS`; what of it can't be read stands in `unread`."""

    ROWS: ClassVar[str]

    unread: Annotated[SkipJsonSchema[tuple[UnreadRow, ...]], Field(exclude=True)] = ()

    @model_validator(mode="wrap")
    @classmethod
    def _row_by_row(cls, value: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Validate as a whole; only if that fails, leave out the rows that fail by themselves."""
        if isinstance(value, Mapping):
            value = {key: part for key, part in value.items() if key != "unread"}
        try:
            return handler(value)
        except ValidationError:
            listed = value.get(cls.ROWS) if isinstance(value, Mapping) else None
            if not isinstance(value, Mapping) or not isinstance(listed, list) or len(listed) > ROWS_MAX:
                raise
        rest = {name: value[name] for name in cls.model_fields if name in value}
        good: list[object] = []
        unread: list[UnreadRow] = []
        for row in listed:
            try:
                handler({**rest, cls.ROWS: [row]})
            except ValidationError as error:
                found = _unread(row, error)
                if found.label is None and found.instrument_name is None:
                    raise
                unread.append(found)
            else:
                good.append(row)
        answer = handler({**rest, cls.ROWS: good})
        return answer.model_copy(update={"unread": tuple(unread)})


def _unread(row: object, error: ValidationError) -> UnreadRow:
    first = error.errors(include_url=False)[0]
    place = ".".join(named(str(part)) for part in first["loc"][2:]) or "the row"
    found = f"{place}: {first['msg']}, found {quoted(str(first['input'])[:FOUND_LENGTH_MAX])}"
    return UnreadRow(
        instrument_name=_text(row, "instrument_name"),
        label=_text(row, "label"),
        problem=found,
    )


def _text(row: object, key: str) -> str | None:
    value = row.get(key) if isinstance(row, Mapping) else None
    return value if isinstance(value, str) else None
