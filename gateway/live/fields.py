"""Reading an answer of a host outside: each field by its name and type, or an anomaly that names it.

What is not asked for is ignored, so that a new field breaks nothing. What is asked for and missing is never
replaced by a default: money has none.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from core.contract.scalars import MONEY_MAX, YEAR_MAX, YEAR_MIN
from gateway.live.errors import AnomalyError

MS_MAX: Final = 253_402_300_799_999
"""The last millisecond of the year 9999."""
_SHOWN: Final = 60
_MS: Final = 1000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def parsed_json(raw: bytes, what: str) -> Any:
    """JSON with decimals for floats. Raises `AnomalyError` for anything else, NaN and Infinity too."""
    try:
        return exact_json(raw)
    except ValueError as error:
        raise AnomalyError(f"{what}: expected JSON, found {raw[:_SHOWN]!r}") from error


def exact_json(raw: bytes) -> Any:
    """The same, for whoever has a better error: raises `ValueError` alone, however the text is broken."""
    try:
        return json.loads(raw, parse_float=Decimal, parse_constant=_no_number)
    except (InvalidOperation, RecursionError) as error:
        raise ValueError("nested too deep, or a number beyond every decimal") from error


def _no_number(text: str) -> object:
    raise ValueError(f"{text} is no number")


def as_decimal(value: object, what: str, at_most: int = MONEY_MAX) -> Decimal:
    """A number, or a text that is one. Raises `AnomalyError`."""
    try:
        if isinstance(value, str | int | Decimal) and not isinstance(value, bool):
            found = Decimal(value)
            if found.is_finite() and abs(found) <= at_most:
                return found
    except (InvalidOperation, ValueError):
        pass
    raise AnomalyError(f"{what}: expected a number up to {at_most:,}, found {_shown(value)}")


def as_positive(value: object, what: str) -> Decimal:
    """The same, above 0. Raises `AnomalyError`."""
    found = as_decimal(value, what)
    if found <= 0:
        raise AnomalyError(f"{what}: expected a number above 0, found {_shown(value)}")
    return found


def as_time(value: object, what: str) -> datetime:
    """Milliseconds since 1970, as a number or a text. Raises `AnomalyError`."""
    ms = as_decimal(value, what, MS_MAX)
    if ms == int(ms) and ms >= 0:
        at = datetime.fromtimestamp(int(ms) // _MS, UTC).replace(microsecond=int(ms) % _MS * 1000)
        if YEAR_MIN <= at.year <= YEAR_MAX:
            return at
    raise AnomalyError(f"{what}: expected milliseconds since 1970, found {_shown(value)}")


def ms_of(at: datetime) -> int:
    """Milliseconds since 1970, rounded down; exact, which a time as a float is not."""
    return (at - _EPOCH) // timedelta(milliseconds=1)


class AnswerFields:
    """One object of an answer. `what` names it in errors."""

    def __init__(self, found: object, what: str) -> None:
        if not isinstance(found, Mapping):
            raise AnomalyError(f"{what}: expected an object, found {_shown(found)}")
        self._found = found
        self._what = what

    def has(self, name: str) -> bool:
        """Whether the field is there and not null."""
        return self._found.get(name) is not None

    def value(self, name: str) -> object:
        """Whatever the field holds, also nothing."""
        return self._found.get(name)

    def decimal(self, name: str) -> Decimal:
        """An exact number."""
        return as_decimal(self._there(name), self._named(name))

    def positive(self, name: str) -> Decimal:
        """An exact number above 0, of what else would be worth nothing or be divided by."""
        return as_positive(self._there(name), self._named(name))

    def page_key(self, name: str) -> str | int:
        """What asks for the next page: a text, or a whole number."""
        found = self._there(name)
        if isinstance(found, bool) or not isinstance(found, str | int):
            raise self._other(name, "a text or a whole number", found)
        return found

    def number(self, name: str) -> float:
        """A statistic."""
        found = float(self.decimal(name))
        if not math.isfinite(found):
            raise AnomalyError(f"{self._named(name)}: expected a finite number, found {found}")
        return found

    def time(self, name: str) -> datetime:
        """Milliseconds since 1970."""
        return as_time(self._there(name), self._named(name))

    def text(self, name: str) -> str:
        """A text that is not blank."""
        found = self._there(name)
        if not isinstance(found, str) or not found.strip():
            raise self._other(name, "a text", found)
        return found

    def boolean(self, name: str) -> bool:
        """True or false."""
        found = self._there(name)
        if not isinstance(found, bool):
            raise self._other(name, "true or false", found)
        return found

    def child(self, name: str) -> AnswerFields:
        """An object within."""
        return AnswerFields(self._there(name), self._named(name))

    def rows(self, name: str) -> Iterator[AnswerFields]:
        """The objects of a list within."""
        return rows_of(self._there(name), self._named(name))

    def values(self, name: str) -> list[Any]:
        """A list within, as it is."""
        return list_of(self._there(name), self._named(name))

    def _there(self, name: str) -> object:
        found = self._found.get(name)
        if found is None:
            raise AnomalyError(f"{self._named(name)}: expected a value, found none")
        return found

    def _named(self, name: str) -> str:
        return f"{self._what}.{name}"

    def _other(self, name: str, expected: str, found: object) -> AnomalyError:
        return AnomalyError(f"{self._named(name)}: expected {expected}, found {_shown(found)}")


def list_of(found: object, what: str) -> list[Any]:
    """A list. Raises `AnomalyError`."""
    if not isinstance(found, list):
        raise AnomalyError(f"{what}: expected a list, found {_shown(found)}")
    return found


def rows_of(found: object, what: str) -> Iterator[AnswerFields]:
    """The objects of a list."""
    for number, row in enumerate(list_of(found, what)):
        yield AnswerFields(row, f"{what}[{number}]")


def _shown(value: object) -> str:
    return repr(value)[:_SHOWN]
