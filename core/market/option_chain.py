"""One snapshot of an option chain: decoded once, columns underneath, quotes as views.

An answer of `get_options_chain` that is broken as a whole raises `McpDataAnomalyError`; a broken quote is
kept and marked with its fault codes (`quote_faults`); the rules then skip the cycle or ignore the quote.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from pydantic import AwareDatetime, Field, GetCoreSchemaHandler, StrictInt, ValidationError
from pydantic_core import CoreSchema, core_schema

from core.errors import McpDataAnomalyError
from core.market.chain_columns import (
    FIELDS,
    ChainColumns,
    answered_columns,
    quotes_in,
    recorded_columns,
)
from core.market.quote_faults import QuoteFault, faults_of, model_deltas
from core.strategy import AnomalySection
from core.values import OptionType, Value


class _Totals(Value):
    """The part of a record that describes the whole answer, beside the quotes that were kept."""

    quotes_total: StrictInt = Field(gt=0)
    broken_total: StrictInt = Field(ge=0)
    broken_counts: dict[str, StrictInt]
    expiries: tuple[AwareDatetime, ...]


class Quote:
    """A view of one row. Prices are ETH per contract, IV percent points; `delta` is ours, from the IV."""

    __slots__ = ("_columns", "_faults", "delta", "row")

    def __init__(
        self, columns: ChainColumns, row: int, delta: float | None, faults: tuple[QuoteFault, ...]
    ) -> None:
        self._columns = columns
        self._faults = faults
        self.row = row
        self.delta = delta if delta is not None else float("nan")
        """Our delta; NaN on a quote without a usable IV, which is always marked broken."""

    @property
    def instrument_name(self) -> str:
        return self._columns.instrument_name[self.row]

    @property
    def option_type(self) -> OptionType:
        return self._columns.types[self.row]

    @property
    def strike_usd(self) -> float:
        return self._columns.strikes_usd[self.row]

    @property
    def expiration(self) -> datetime:
        return self._columns.expirations[self.row]

    @property
    def timestamp(self) -> datetime:
        return self._columns.timestamps[self.row]

    @property
    def forward_usd(self) -> float:
        return self._columns.forwards_usd[self.row]

    @property
    def bid_eth(self) -> Decimal | None:
        text = self._columns.bid[self.row]
        return None if text is None else Decimal(text)

    @property
    def ask_eth(self) -> Decimal | None:
        text = self._columns.ask[self.row]
        return None if text is None else Decimal(text)

    @property
    def price_texts(self) -> tuple[str | None, str | None, str]:
        """Bid, ask and mark as received: decimal text, which in a broken quote may be `NaN`."""
        columns, row = self._columns, self.row
        return columns.bid[row], columns.ask[row], columns.mark_price[row]

    @property
    def mark_eth(self) -> Decimal:
        return Decimal(self._columns.mark_price[self.row])

    @property
    def mark_iv_pct(self) -> float:
        return float(self._columns.mark_iv[self.row])

    @property
    def bid_size(self) -> float:
        return float(self._columns.bid_size[self.row])

    @property
    def ask_size(self) -> float:
        return float(self._columns.ask_size[self.row])

    @property
    def open_interest(self) -> float:
        return float(self._columns.open_interest[self.row])

    @property
    def volume_24h(self) -> float:
        return float(self._columns.volume_24h[self.row])

    @property
    def faults(self) -> tuple[QuoteFault, ...]:
        """Why the quote is broken; empty if it is sound."""
        return self._faults

    @property
    def abs_delta(self) -> float:
        return abs(self.delta)

    @property
    def two_sided(self) -> bool:
        return self._columns.bid[self.row] is not None and self._columns.ask[self.row] is not None

    @property
    def relative_spread(self) -> float:
        """(ask - bid) / mid of a two-sided quote."""
        bid, ask = self._columns.bids_eth[self.row], self._columns.asks_eth[self.row]
        if bid is None or ask is None:
            raise ValueError(f"{self.instrument_name} is not two-sided: it has no relative spread")
        return 2.0 * (ask - bid) / (ask + bid)

    def age_s(self, now: datetime) -> float:
        return (now - self.timestamp).total_seconds()


class OptionChain:
    """A columnar snapshot. A partial copy keeps totals, broken counts and expiries of the whole answer."""

    __slots__ = (
        "_columns",
        "_deltas",
        "_faults",
        "_groups",
        "_row_by_name",
        "_sides",
        "broken_counts",
        "broken_total",
        "expiries",
        "quotes_total",
    )

    def __init__(
        self,
        columns: ChainColumns,
        anomalies: AnomalySection,
        *,
        quotes_total: int | None = None,
        broken_total: int | None = None,
        broken_counts: Mapping[str, int] | None = None,
        expiries: Sequence[datetime] | None = None,
    ) -> None:
        self._columns = columns
        self._deltas = model_deltas(columns, anomalies)
        self._faults = faults_of(columns, self._deltas, anomalies)
        self._groups: dict[datetime, list[int]] = {}
        for row, expiration in enumerate(columns.expirations):
            self._groups.setdefault(expiration, []).append(row)
        self._sides: dict[tuple[datetime, OptionType], tuple[Quote, ...]] = {}
        self._row_by_name = {name: row for row, name in enumerate(columns.instrument_name)}
        if len(self._row_by_name) != len(columns.instrument_name):
            twice = [name for name, n in Counter(columns.instrument_name).items() if n > 1]
            raise McpDataAnomalyError(f"get_options_chain: {min(twice)} is quoted more than once")
        counts = Counter(code.value for codes in self._faults.values() for code in codes)
        self.quotes_total = len(self) if quotes_total is None else quotes_total
        self.broken_total = len(self._faults) if broken_total is None else broken_total
        self.broken_counts: dict[str, int] = dict(
            sorted((counts if broken_counts is None else broken_counts).items())
        )
        self.expiries: tuple[datetime, ...] = tuple(sorted(self._groups if expiries is None else expiries))

    @classmethod
    def decode(
        cls,
        answer: bytes | str | Mapping[str, object],
        *,
        now: datetime,
        anomalies: AnomalySection,
        max_quote_age_s: float,
    ) -> OptionChain:
        """Decode and validate one answer of `get_options_chain`, raw bytes or already parsed.

        Raises `McpDataAnomalyError` if it is broken as a whole: no JSON, no quote at all, a quote that can't
        be located, every quote older than `max_quote_age_s` at `now`, or every quote further ahead of `now`
        than `clock_ahead_max_s`. A single quote with a field that can't be read is broken (`chain_rows`).
        """
        latest = now + timedelta(seconds=anomalies.clock_ahead_max_s)
        columns = answered_columns(quotes_in(answer), latest)
        newest = max(columns.timestamps)
        age_s = (now - newest).total_seconds()
        if age_s > max_quote_age_s:
            raise McpDataAnomalyError(
                f"get_options_chain: the newest quote is {age_s:.0f} s old, "
                f"expected at most {max_quote_age_s:g} s"
            )
        return cls(columns, anomalies)

    def __len__(self) -> int:
        return len(self._columns.instrument_name)

    def __repr__(self) -> str:
        """Equal for equal answers, so that traces of equal runs are equal."""
        digest = hashlib.sha256(repr(self._columns[: len(FIELDS)]).encode()).hexdigest()
        return f"OptionChain({len(self)} of {self.quotes_total} quotes, sha256 {digest})"

    @property
    def broken_frac(self) -> float:
        """Broken quotes over all quotes of the answer."""
        return self.broken_total / self.quotes_total

    def quote(self, instrument_name: str) -> Quote | None:
        row = self._row_by_name.get(instrument_name)
        return None if row is None else self._view(row)

    def side(self, expiration: datetime, option_type: OptionType) -> tuple[Quote, ...]:
        """The puts or calls of one expiry by strike, broken ones included. No other quote is unpacked."""
        key = (expiration, option_type)
        if key not in self._sides:
            types, strikes = self._columns.types, self._columns.strikes_usd
            rows = [row for row in self._groups.get(expiration, ()) if types[row] is option_type]
            rows.sort(key=strikes.__getitem__)
            self._sides[key] = tuple(self._view(row) for row in rows)
        return self._sides[key]

    def sound_levels(self, expiration: datetime) -> list[tuple[float, float, float]]:
        """Strike and forward in USD and mark IV in percent points of each sound quote of an expiry."""
        columns, faults = self._columns, self._faults
        return [
            (columns.strikes_usd[row], columns.forwards_usd[row], columns.mark_iv[row])
            for row in self._groups.get(expiration, ())
            if row not in faults
        ]

    def to_record(
        self, *, expiration: datetime | None = None, instrument_names: Iterable[str] | None = None
    ) -> dict[str, object]:
        """The chain as JSON values: whole, one expiry, or named quotes. Totals stay the whole answer's."""
        rows: Iterable[int] = range(len(self))
        if expiration is not None:
            rows = self._groups.get(expiration, ())
        elif instrument_names is not None:
            rows = (self._row_by_name[name] for name in instrument_names if name in self._row_by_name)
        quotes = [self._columns.wire(row) for row in rows]
        return {
            "quotes_total": self.quotes_total,
            "broken_total": self.broken_total,
            "broken_counts": self.broken_counts,
            "expiries": [moment.astimezone(UTC).isoformat() for moment in self.expiries],
            "quotes": sorted(quotes, key=lambda quote: str(quote["instrument_name"])),
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any], anomalies: AnomalySection) -> OptionChain:
        """The chain that `to_record` wrote; faults and deltas are derived again from the quotes.

        Raises `McpDataAnomalyError` if a total or a quote's field is missing or of the wrong type.
        """
        try:
            totals = _Totals.model_validate({field: record[field] for field in record if field != "quotes"})
        except ValidationError as error:
            found = error.errors()[0]
            where = ".".join(str(part) for part in found["loc"])
            raise McpDataAnomalyError(f"get_options_chain: {where}: {found['msg']}") from error
        return cls(
            recorded_columns(list(record["quotes"])),
            anomalies,
            quotes_total=totals.quotes_total,
            broken_total=totals.broken_total,
            broken_counts=totals.broken_counts,
            expiries=totals.expiries,
        )

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Let a frozen value hold a chain as it is; in JSON it becomes its whole record."""
        return core_schema.is_instance_schema(
            cls,
            serialization=core_schema.plain_serializer_function_ser_schema(cls.to_record, when_used="json"),
        )

    def _view(self, row: int) -> Quote:
        return Quote(self._columns, row, self._deltas[row], self._faults.get(row, ()))
