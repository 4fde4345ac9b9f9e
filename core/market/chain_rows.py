"""Quotes that do not have the contract's form, made readable one by one: a broken quote breaks no other.

A quote of which something can't be read keeps its place in the chain, by its name or else by its fields, and
loses its IV, so that it counts as broken and can't be a leg. What can't be located at all might be any leg,
so it makes the whole answer unusable.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, cast

from core.contract.scalars import (
    DECIMAL_EXPONENT_MIN,
    DECIMAL_LENGTH_MAX,
    DECIMAL_TEXT,
    MONEY_MAX,
    NAME_LENGTH_MAX,
    OPTION_TYPES,
    YEAR_MAX,
    YEAR_MIN,
    option_type,
)
from core.errors import McpDataAnomalyError
from core.market.instrument_name import named_option
from core.text import shown

Row = dict[str, object]
DECIMALS: Final = ("strike", "bid", "ask", "mark_price", "underlying_price")
STATISTICS: Final = (
    "bid_size",
    "ask_size",
    "mark_iv",
    "delta",
    "gamma",
    "theta",
    "vega",
    "open_interest",
    "volume_24h",
)
SHORT_DECIMAL: Final = 12
"""A decimal in plain digits of this length at most is within every bound."""
INT_MAX: Final = 2**53
"""A larger whole number has no exact double."""
_MAY_BE_NULL: Final = ("bid", "ask")
_NOT_FINITE: Final = re.compile(r"[+-]?(nan|inf|infinity)", re.ASCII | re.IGNORECASE)
_UNREADABLE: Final = "NaN"
_UNDATED: Final = datetime(YEAR_MIN, 1, 1, tzinfo=UTC).isoformat()


def mended(quotes: Sequence[object], latest: datetime) -> list[Row]:
    """The quotes with all fields of the right types, each instrument once: of two quotes the newer one.

    A time after `latest` can't be one at which a quote was made. Raises `McpDataAnomalyError` if a quote
    can't be located, or if every quote is from after `latest`.
    """
    kept: dict[str, Row] = {}
    is_past = False
    for number, quote in enumerate(quotes):
        if not isinstance(quote, Mapping):
            raise _broken("expected every quote to be an object")
        row, at = _mended(cast("Mapping[str, object]", quote), number, latest)
        is_past = is_past or at is not None
        name = cast("str", row["instrument_name"])
        known = kept.get(name)
        kept[name] = row if known is None else _newer(known, row)
    if not is_past:
        raise _broken(f"no quote has a time of at most {latest.isoformat()}: all are ahead of the clock")
    return list(kept.values())


def decimal_or_none(text: object) -> float | None:
    """The number of a decimal text as the contract has it, or a NaN or infinite one; None for any other."""
    if not isinstance(text, str) or len(text) > DECIMAL_LENGTH_MAX:
        return None
    if _NOT_FINITE.fullmatch(text):
        return float(text)
    if DECIMAL_TEXT.fullmatch(text) is None:
        return None
    value = Decimal(text)
    exponent = cast("int", value.as_tuple().exponent)
    return float(value) if exponent >= DECIMAL_EXPONENT_MIN and abs(value) <= MONEY_MAX else None


def time_or_none(text: object) -> datetime | None:
    """The aware time of an ISO-8601 text, in UTC; None for any other, and for one that no market has."""
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    if found.tzinfo is None or not YEAR_MIN <= found.year <= YEAR_MAX:
        return None
    return found.astimezone(UTC)


def _mended(quote: Mapping[str, object], number: int, latest: datetime) -> tuple[Row, datetime | None]:
    """The row, and its time if that is not after `latest`."""
    name = quote.get("instrument_name")
    is_named = isinstance(name, str) and 0 < len(name) <= NAME_LENGTH_MAX
    row: Row = {"instrument_name": name if is_named else f"quotes[{number}]"}
    unreadable = not is_named
    for field in DECIMALS:
        value = quote.get(field, _UNREADABLE)
        sound = decimal_or_none(value) is not None or (value is None and field in _MAY_BE_NULL)
        row[field] = value if sound else _UNREADABLE
        unreadable |= not sound
    for field in STATISTICS:
        value = quote.get(field)
        sound = type(value) is float or (type(value) is int and abs(value) <= INT_MAX)
        row[field] = value if sound else math.nan
        unreadable |= not sound
    kind = OPTION_TYPES.get(str(option_type(quote.get("option_type")))[:NAME_LENGTH_MAX])
    expiration, at = time_or_none(quote.get("expiration")), time_or_none(quote.get("timestamp"))
    if at is None or at > latest:
        at = None
        unreadable = True
    strike = decimal_or_none(row["strike"])
    if kind is None or expiration is None or strike is None or not math.isfinite(strike):
        named = named_option(name) if isinstance(name, str) and is_named else None
        if named is None:
            raise _broken(
                f"quotes[{number}]: can't tell which option it is of, by its name {shown(name)}, strike "
                f"{shown(quote.get('strike'))}, option_type {shown(quote.get('option_type'))} and expiration "
                f"{shown(quote.get('expiration'))}"
            )
        kind, expiration, unreadable = named.option_type.value, named.expiration, True
        row["strike"] = str(named.strike_usd)
    row["option_type"] = kind
    row["expiration"] = expiration.isoformat()
    row["timestamp"] = _UNDATED if at is None else at.isoformat()
    if unreadable:
        row["mark_iv"] = math.nan
    return row, at


def _newer(known: Row, row: Row) -> Row:
    """Of two quotes of one instrument the newer; if they are of one time and differ, one without an IV."""
    before, after = str(known["timestamp"]), str(row["timestamp"])
    if before != after:
        return max(known, row, key=lambda one: datetime.fromisoformat(str(one["timestamp"])))
    return known if repr(known) == repr(row) else known | {"mark_iv": math.nan}


def _broken(what: str) -> McpDataAnomalyError:
    return McpDataAnomalyError(f"get_options_chain: {what}")
