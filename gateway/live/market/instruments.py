"""The listed options, as the venue describes them; a name that contradicts its own fields is an anomaly."""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from core.contract import Instrument, TickStep
from core.market.instrument_name import expiry_code
from gateway.live.errors import AnomalyError
from gateway.live.fields import AnswerFields, rows_of

COIN: Final = "ETH"
INDEX: Final = "eth_usd"
QUANTUM: Final = Decimal("1E-8")
OPEN: Final = "open"


def instruments_of(result: object) -> tuple[Instrument, ...]:
    """The listed options by expiry, strike and type, calls before puts. Raises `AnomalyError`."""
    listed = [_instrument(row) for row in rows_of(result, "get_instruments")]
    return tuple(sorted(listed, key=lambda each: (each.expiration, each.strike, each.option_type)))


def _instrument(row: AnswerFields) -> Instrument:
    name, option_type = row.text("instrument_name"), row.text("option_type")
    strike, expiration = row.decimal("strike"), row.time("expiration_timestamp")
    wanted = option_name(expiration, strike, option_type)
    if name != wanted:
        raise AnomalyError(f"get_instruments: expected the name {wanted}, found {name!r}")
    state_is_open = not row.has("state") or row.text("state") == OPEN
    return Instrument(
        instrument_name=name,
        strike=money(strike),
        option_type="put" if option_type == "put" else "call",
        expiration=expiration,
        tick_size=money(row.decimal("tick_size")),
        tick_size_steps=tuple(
            TickStep(
                above_price=money(step.decimal("above_price")), tick_size=money(step.decimal("tick_size"))
            )
            for step in row.rows("tick_size_steps")
        ),
        min_trade_amount=plain(row.decimal("min_trade_amount")),
        contract_size=plain(row.decimal("contract_size")),
        is_active=row.boolean("is_active") and state_is_open,
    )


def option_name(expiration: datetime, strike: Decimal, option_type: str) -> str:
    """The name that the venue gives an option of ETH, such as `ETH-16JAN26-3000-P`."""
    return f"{expiry_code(expiration)}-{money(strike):f}-{option_type[:1].upper()}"


def money(value: Decimal) -> Decimal:
    """An amount of money to 8 digits, without trailing zeros: floats arrive as 0.00035000000000000005."""
    return plain(value.quantize(QUANTUM, ROUND_HALF_EVEN))


def plain(value: Decimal) -> Decimal:
    """The same value without trailing zeros: `3000`, not `3.000E+3` or `3000.0`."""
    short = value.normalize()
    exponent = short.as_tuple().exponent
    return short.quantize(Decimal(1)) if isinstance(exponent, int) and exponent > 0 else short
