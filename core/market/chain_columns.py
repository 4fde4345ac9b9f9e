"""The quotes of a chain answer as columns, with their types checked by column instead of by row."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import NamedTuple, cast

from pydantic_core import from_json

from core.contract.scalars import NAME_LENGTH_MAX
from core.errors import McpDataAnomalyError
from core.market.chain_rows import (
    DECIMALS,
    INT_MAX,
    SHORT_DECIMAL,
    STATISTICS,
    decimal_or_none,
    mended,
    time_or_none,
)
from core.market.instrument_name import named_option
from core.text import shown
from core.values import OptionType

FIELDS = (
    "instrument_name",
    "strike",
    "option_type",
    "expiration",
    "bid",
    "ask",
    "bid_size",
    "ask_size",
    "mark_price",
    "mark_iv",
    "delta",
    "gamma",
    "theta",
    "vega",
    "open_interest",
    "volume_24h",
    "underlying_price",
    "timestamp",
)
_ROW = itemgetter(*FIELDS)
_TEXT = {
    "instrument_name",
    "strike",
    "option_type",
    "expiration",
    "mark_price",
    "underlying_price",
    "timestamp",
}
_TEXT_OR_NULL = {"bid", "ask"}
_TYPES = {"put": OptionType.PUT, "call": OptionType.CALL}
_DIGITS = frozenset("0123456789.-")
_LENGTHS = frozenset(range(1, NAME_LENGTH_MAX + 1))
QUOTES_MAX = 20_000
"""A longer answer is not taken apart. All of ETH's options are about 900."""


class ChainColumns(NamedTuple):
    """The columns as received, money as text; then the same values as numbers and times."""

    instrument_name: tuple[str, ...]
    strike: tuple[str, ...]
    option_type: tuple[str, ...]
    expiration: tuple[str, ...]
    bid: tuple[str | None, ...]
    ask: tuple[str | None, ...]
    bid_size: tuple[float, ...]
    ask_size: tuple[float, ...]
    mark_price: tuple[str, ...]
    mark_iv: tuple[float, ...]
    delta: tuple[float, ...]
    gamma: tuple[float, ...]
    theta: tuple[float, ...]
    vega: tuple[float, ...]
    open_interest: tuple[float, ...]
    volume_24h: tuple[float, ...]
    underlying_price: tuple[str, ...]
    timestamp: tuple[str, ...]

    strikes_usd: list[float]
    types: list[OptionType]
    expirations: list[datetime]
    bids_eth: list[float | None]
    asks_eth: list[float | None]
    marks_eth: list[float]
    forwards_usd: list[float]
    timestamps: list[datetime]
    misnamed: frozenset[int]
    """Rows whose name and fields disagree. If the name is valid, type, strike and expiration come from it."""

    def wire(self, row: int) -> dict[str, object]:
        """One row as received; a NaN or infinite statistic becomes text, because JSON has neither."""
        return {
            field: repr(value) if isinstance(value, float) and not math.isfinite(value) else value
            for field, value in ((field, getattr(self, field)[row]) for field in FIELDS)
        }


def quotes_in(answer: bytes | str | Mapping[str, object]) -> Sequence[object]:
    """The list under `quotes`; `McpDataAnomalyError` if there is none or it is empty."""
    if isinstance(answer, bytes | str):
        try:
            answer = from_json(answer)
        except ValueError as error:
            raise _broken(f"expected JSON, found {error}") from error
    if not isinstance(answer, Mapping):
        raise _broken(f"expected an object, found {type(answer).__name__}")
    quotes = answer.get("quotes")
    if not isinstance(quotes, list) or not quotes:
        found = "an empty list" if quotes == [] else type(quotes).__name__
        raise _broken(f"quotes: expected a list of quotes, found {found}")
    if len(quotes) > QUOTES_MAX:
        raise _broken(f"quotes: expected at most {QUOTES_MAX}, found {len(quotes)}")
    return quotes


def answered_columns(quotes: Sequence[object], latest: datetime) -> ChainColumns:
    """The columns of an answer's quotes, of which some may need mending (`chain_rows.mended`)."""
    wire = _as_received(quotes, latest)
    if wire is None:
        wire = _transposed(mended(quotes, latest))
    return _columns(wire)


def recorded_columns(quotes: Sequence[object]) -> ChainColumns:
    """The columns of a record's quotes: there may be none, and their statistics may be text (`wire`)."""
    wire = _transposed(quotes) if quotes else dict.fromkeys(FIELDS, ())
    wire = {field: _revived(field, column) for field, column in wire.items()}
    for field, column in wire.items():
        _check_types(field, column)
    return _columns(wire)


def _as_received(quotes: Sequence[object], latest: datetime) -> dict[str, tuple[object, ...]] | None:
    """The columns, if every quote has the contract's form and stands there once; None if one has not.

    Checked by column, which is enough for almost every answer: `chain_rows` says the same of single quotes.
    """
    try:
        wire = _transposed(quotes)
    except McpDataAnomalyError:
        return None
    if any(set(map(type, column)) - _allowed(field) for field, column in wire.items()):
        return None
    names = set(wire["instrument_name"])
    times = {text: time_or_none(text) for text in {*wire["expiration"], *wire["timestamp"]}}
    sound = (
        len(names) == len(quotes)
        and set(map(len, cast("set[str]", names))) <= _LENGTHS
        and _TYPES.keys() >= set(wire["option_type"])
        and all(_are_decimals(wire[field]) for field in DECIMALS)
        and all(_are_numbers(wire[field]) for field in STATISTICS)
        and None not in times.values()
        and all(cast("datetime", times[text]) <= latest for text in set(wire["timestamp"]))
    )
    return wire if sound else None


def _are_decimals(column: Sequence[object]) -> bool:
    texts = cast("set[str]", set(column) - {None})
    if set("".join(texts)) <= _DIGITS and max(map(len, texts), default=0) <= SHORT_DECIMAL:
        # Of so few plain digits, float takes what a decimal may be. It looks at all in one call.
        try:
            deque(map(float, texts), maxlen=0)
        except ValueError:
            return False
        return True
    return all(decimal_or_none(text) is not None for text in texts)


def _are_numbers(column: Sequence[object]) -> bool:
    if int not in set(map(type, column)):
        return True
    return all(type(value) is float or abs(cast("int", value)) <= INT_MAX for value in column)


def _transposed(quotes: Sequence[object]) -> dict[str, tuple[object, ...]]:
    return dict(zip(FIELDS, zip(*_rows(quotes), strict=True), strict=True))


def _columns(wire: Mapping[str, Sequence[object]]) -> ChainColumns:
    types = [_option_type(text) for text in wire["option_type"]]
    strikes_usd = _numbers("strike", wire["strike"])
    expirations = _times("expiration", wire["expiration"])
    misnamed = _located_by_name(wire["instrument_name"], expirations, strikes_usd, types)
    return ChainColumns._make(
        [
            *(wire[field] for field in FIELDS),
            strikes_usd,
            types,
            expirations,
            _numbers_or_none("bid", wire["bid"]),
            _numbers_or_none("ask", wire["ask"]),
            _numbers("mark_price", wire["mark_price"]),
            _numbers("underlying_price", wire["underlying_price"]),
            _times("timestamp", wire["timestamp"]),
            misnamed,
        ]
    )


def _located_by_name(
    names: Sequence[object], expirations: list[datetime], strikes_usd: list[float], types: list[OptionType]
) -> frozenset[int]:
    """Find the rows whose name and fields disagree, and correct the fields by a valid name, in place.

    An order trades the name, so the name decides whether a broken quote could have been a leg.
    """
    misnamed = []
    by_name = map(named_option, cast("Sequence[str]", names))
    by_fields = zip(expirations, strikes_usd, types, strict=True)
    for row, (named, told) in enumerate(zip(by_name, by_fields, strict=True)):
        if named != told:
            misnamed.append(row)
            if named is not None:
                expirations[row], strikes_usd[row], types[row] = named
    return frozenset(misnamed)


def _rows(quotes: Sequence[object]) -> list[tuple[object, ...]]:
    try:
        return [_ROW(cast("Mapping[str, object]", quote)) for quote in quotes]
    except KeyError as error:
        raise _broken(f"a quote has no field {error}") from error
    except TypeError as error:
        raise _broken("expected every quote to be an object") from error


def _allowed(field: str) -> set[type]:
    if field in _TEXT:
        return {str}
    return {str, type(None)} if field in _TEXT_OR_NULL else {float, int}


def _check_types(field: str, column: Sequence[object]) -> None:
    allowed = _allowed(field)
    found = set(map(type, column)) - allowed
    if found:
        row = next(i for i, value in enumerate(column) if type(value) in found)
        expected = " or ".join(sorted(kind.__name__ for kind in allowed))
        raise _broken(f"quotes[{row}].{field}: expected {expected}, found {shown(column[row])}")


def _revived(field: str, column: tuple[object, ...]) -> tuple[object, ...]:
    if field in _TEXT or field in _TEXT_OR_NULL:
        return column
    try:
        return tuple(float(value) if isinstance(value, str) else value for value in column)
    except ValueError as error:
        raise _broken(f"{field}: expected a number or one as text: {error}") from error


def _numbers(field: str, column: Sequence[object]) -> list[float]:
    texts = cast("Sequence[str]", column)
    try:
        known = {text: float(text) for text in set(texts)}
    except ValueError as error:
        raise _broken(f"{field}: expected a decimal as text: {error}") from error
    return [known[text] for text in texts]


def _numbers_or_none(field: str, column: Sequence[object]) -> list[float | None]:
    texts = cast("Sequence[str | None]", column)
    try:
        known = {text: None if text is None else float(text) for text in set(texts)}
    except ValueError as error:
        raise _broken(f"{field}: expected a decimal as text: {error}") from error
    return [known[text] for text in texts]


def _times(field: str, column: Sequence[object]) -> list[datetime]:
    known: dict[str, datetime] = {}
    for text in set(cast("Sequence[str]", column)):
        found = time_or_none(text)
        if found is None:
            raise _broken(f"{field}: expected an ISO-8601 time with its zone, found {shown(text)}")
        known[text] = found
    return [known[text] for text in cast("Sequence[str]", column)]


def _option_type(text: object) -> OptionType:
    found = _TYPES.get(cast("str", text))
    if found is None:
        raise _broken(f"option_type: expected put or call, found {shown(text)}")
    return found


def _broken(what: str) -> McpDataAnomalyError:
    return McpDataAnomalyError(f"get_options_chain: {what}")
