"""The faults that make a quote of a chain broken: stable codes, found in one pass over the columns."""

from __future__ import annotations

import math
from enum import StrEnum

from core.market.chain_columns import ChainColumns
from core.pricing.black76 import deltas, year_fraction
from core.strategy import AnomalySection
from core.values import OptionType

_TICKS_PER_ETH = 10_000.0
"""The small tick is 0.0001 ETH."""
_COARSE_FROM_TICKS = 50
"""From 0.005 ETH on the tick is 0.0005, five small ones."""
_COARSE_TICKS = 5
_OFF_TICK_TOLERANCE = 1e-6
"""In small ticks: far above the rounding of a double, far below any real misprint."""


class QuoteFault(StrEnum):
    """Why a quote can't be used. The codes are stable."""

    MISNAMED = "misnamed"
    NOT_FINITE = "not_finite"
    NEGATIVE = "negative"
    EXPIRED = "expired"
    IV_OUT_OF_RANGE = "iv_out_of_range"
    CROSSED = "crossed"
    OFF_TICK = "off_tick"
    ABOVE_WORTH = "above_worth"
    DELTA_SIGN = "delta_sign"
    DELTA_GAP = "delta_gap"


def model_deltas(columns: ChainColumns, anomalies: AnomalySection) -> list[float | None]:
    """Delta of each quote, from its mark IV and forward at its own timestamp; None if it can't be priced."""
    groups: dict[tuple[str, str, str], list[int]] = {}
    inputs = zip(
        columns.expiration,
        columns.timestamp,
        columns.underlying_price,
        columns.mark_iv,
        columns.strikes_usd,
        strict=True,
    )
    for row, (expiration, timestamp, underlying, iv_pct, strike_usd) in enumerate(inputs):
        if anomalies.iv_min_pct <= iv_pct <= anomalies.iv_max_pct and 0.0 < strike_usd < math.inf:
            groups.setdefault((expiration, timestamp, underlying), []).append(row)
    result: list[float | None] = [None] * len(columns.strike)
    for rows in groups.values():
        first = rows[0]
        t_years = year_fraction(columns.timestamps[first], columns.expirations[first])
        forward_usd = columns.forwards_usd[first]
        if t_years <= 0.0 or not 0.0 < forward_usd < math.inf:
            continue
        found = deltas(
            [columns.types[row] for row in rows],
            forward_usd,
            [columns.strikes_usd[row] for row in rows],
            t_years,
            [columns.mark_iv[row] / 100.0 for row in rows],
        )
        for row, value in zip(rows, found, strict=True):
            result[row] = value
    return result


def faults_of(
    columns: ChainColumns, our_deltas: list[float | None], anomalies: AnomalySection
) -> dict[int, tuple[QuoteFault, ...]]:
    """The fault codes of every broken row; a sound row is not in the result."""
    broken = {}
    gap_max = anomalies.delta_gap_max
    put = OptionType.PUT
    off_tick = {
        price for price in {*columns.bids_eth, *columns.asks_eth} if price is not None and not _on_tick(price)
    }
    suspect = not _all_amounts_sound(columns)
    rows = zip(
        columns.types,
        columns.bids_eth,
        columns.asks_eth,
        columns.marks_eth,
        columns.delta,
        our_deltas,
        strict=True,
    )
    for row, (option_type, bid, ask, mark, venue_delta, our_delta) in enumerate(rows):
        sound = (
            our_delta is not None
            and abs(venue_delta - our_delta) <= gap_max
            and (venue_delta <= 0.0 if option_type is put else venue_delta >= 0.0)
            and (bid is None or ask is None or bid <= ask)
            and bid not in off_tick
            and ask not in off_tick
            # Only a put in the money is worth more than an ether.
            and mark <= 1.0
            and (bid is None or bid <= 1.0)
        )
        if suspect or not sound or row in columns.misnamed:
            codes = _codes(columns, row, our_delta, anomalies)
            if codes:
                broken[row] = codes
    return broken


def _all_amounts_sound(columns: ChainColumns) -> bool:
    """Whether every amount is finite and, except for greeks, not negative: the common case, by column.

    A sum is finite only if every term is. If finite terms overflow, the only cost is a check of each row.
    """
    not_negative = (
        columns.bid_size,
        columns.ask_size,
        columns.marks_eth,
        columns.open_interest,
        columns.volume_24h,
    )
    finite = (columns.gamma, columns.theta, columns.vega)
    return all(
        math.isfinite(sum(column)) and min(column, default=0.0) >= 0.0 for column in not_negative
    ) and all(math.isfinite(sum(column)) for column in finite)


def _above_worth(price_eth: float, strike_usd: float, forward_usd: float) -> bool:
    """Whether a price in ETH is more than any delivery pays for: 1 for a call, strike over forward for a put.

    A price in USD is. Of an ask nothing follows: anybody may ask for anything.
    """
    return price_eth > 1.0 and price_eth * forward_usd > strike_usd


def _on_tick(price_eth: float) -> bool:
    """Whether a price is above zero and on its level's tick grid; an empty side is null, never zero."""
    ticks = price_eth * _TICKS_PER_ETH
    if not 0.5 < ticks < math.inf:
        return False
    whole = round(ticks)
    if abs(ticks - whole) > _OFF_TICK_TOLERANCE:
        return False
    return whole < _COARSE_FROM_TICKS or whole % _COARSE_TICKS == 0


def _codes(
    columns: ChainColumns, row: int, our_delta: float | None, anomalies: AnomalySection
) -> tuple[QuoteFault, ...]:
    bid, ask, venue_delta = columns.bids_eth[row], columns.asks_eth[row], columns.delta[row]
    prices = [price for price in (bid, ask) if price is not None]
    amounts = [
        *prices,
        columns.marks_eth[row],
        columns.bid_size[row],
        columns.ask_size[row],
        columns.open_interest[row],
        columns.volume_24h[row],
        columns.mark_iv[row],
        columns.strikes_usd[row],
        columns.forwards_usd[row],
    ]
    greeks = [venue_delta, columns.gamma[row], columns.theta[row], columns.vega[row]]
    wrong_sign = venue_delta > 0.0 if columns.types[row] is OptionType.PUT else venue_delta < 0.0
    never_zero = (columns.strikes_usd[row], columns.forwards_usd[row])
    found = {
        QuoteFault.MISNAMED: row in columns.misnamed,
        QuoteFault.NOT_FINITE: not all(math.isfinite(value) for value in (*amounts, *greeks)),
        QuoteFault.NEGATIVE: any(value < 0.0 for value in amounts)
        or any(value <= 0.0 for value in never_zero),
        QuoteFault.EXPIRED: columns.expirations[row] <= columns.timestamps[row],
        QuoteFault.IV_OUT_OF_RANGE: not anomalies.iv_min_pct <= columns.mark_iv[row] <= anomalies.iv_max_pct,
        QuoteFault.CROSSED: bid is not None and ask is not None and bid > ask,
        QuoteFault.OFF_TICK: any(not _on_tick(price) for price in prices),
        QuoteFault.ABOVE_WORTH: any(
            _above_worth(price, columns.strikes_usd[row], columns.forwards_usd[row])
            for price in (bid, columns.marks_eth[row])
            if price is not None
        ),
        QuoteFault.DELTA_SIGN: wrong_sign,
        QuoteFault.DELTA_GAP: our_delta is not None
        and abs(venue_delta - our_delta) > anomalies.delta_gap_max,
    }
    return tuple(fault for fault, present in found.items() if present)
