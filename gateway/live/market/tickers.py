"""A ticker of the venue as a quote of the contract. Nothing of a quote is repaired: the engine judges it."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from core.contract import Instrument, OptionQuote
from gateway.live.errors import AnomalyError
from gateway.live.fields import AnswerFields
from gateway.live.market.instruments import QUANTUM

USD_QUANTUM: Final = Decimal("0.0001")


def quote_of(result: object, instrument: Instrument) -> OptionQuote:
    """The market of one option. Raises `AnomalyError` naming the field that is missing or no number.

    An empty side is sent as the price 0: it becomes null, with the size 0. What the venue sends near an
    expiry (greeks of 0, a volatility of 500, texts in fields that are not needed) passes as it is.
    """
    row = AnswerFields(result, "ticker")
    if row.text("instrument_name") != instrument.instrument_name:
        raise AnomalyError(
            f"ticker: expected {instrument.instrument_name}, found {row.text('instrument_name')!r}"
        )
    greeks, stats = row.child("greeks"), row.child("stats")
    bid, bid_size = _side(row, "bid")
    ask, ask_size = _side(row, "ask")
    return OptionQuote(
        instrument_name=instrument.instrument_name,
        strike=instrument.strike,
        option_type=instrument.option_type,
        expiration=instrument.expiration,
        bid=bid,
        ask=ask,
        bid_size=bid_size,
        ask_size=ask_size,
        mark_price=eth(row.decimal("mark_price")),
        mark_iv=row.number("mark_iv"),
        delta=greeks.number("delta"),
        gamma=greeks.number("gamma"),
        theta=greeks.number("theta"),
        vega=greeks.number("vega"),
        open_interest=row.number("open_interest"),
        # Null until the first trade of the day.
        volume_24h=stats.number("volume") if stats.has("volume") else 0.0,
        underlying_price=row.decimal("underlying_price").quantize(USD_QUANTUM),
        timestamp=row.time("timestamp"),
    )


def eth(value: Decimal) -> Decimal:
    """An amount of ETH as the books keep it: floats arrive as 0.00035000000000000005."""
    return value.quantize(QUANTUM, ROUND_HALF_EVEN)


def _side(row: AnswerFields, side: str) -> tuple[Decimal | None, float]:
    price_name, amount_name = f"best_{side}_price", f"best_{side}_amount"
    price = row.decimal(price_name) if row.has(price_name) else Decimal(0)
    amount = row.number(amount_name) if row.has(amount_name) else 0.0
    return (eth(price), amount) if price > 0 and amount > 0 else (None, 0.0)
