"""What a position brings at each delivery price: at expiry, and if it were closed today at that price."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from pydantic import JsonValue

from core.pricing.black76 import black76_price_eth
from core.pricing.breakeven import breakevens_usd, value_at_delivery_usd
from core.pricing.inverse import SignedLeg
from page.charts.chart import Chart, Figure, Table, eth, layout, line, note, usd

POINTS = 161
FARTHEST_FRAC = (0.5, 1.5)
"""How far from the outer strikes a breakeven is worth showing, as fractions of them."""
Unit = Literal["usd", "eth"]


@dataclass(frozen=True, slots=True)
class PayoffLeg:
    """A leg of `amount` contracts, negative if sold; `iv_pct` is its mark volatility, None without a mark."""

    leg: SignedLeg
    iv_pct: float | None


@dataclass(frozen=True, slots=True)
class PayoffFacts:
    """A position and its market. `cash_eth` is all that it booked so far: premiums less fees.

    `forward_over_spot` is the expiry's forward over the index; 1 if it is not known. `dvol_pts` draws the
    range of one standard deviation until expiry; without it, or without time left, there is none.
    """

    legs: tuple[PayoffLeg, ...]
    cash_eth: float
    spot_usd: float | None
    forward_over_spot: float
    dvol_pts: float | None
    t_years: float

    @property
    def signed(self) -> tuple[SignedLeg, ...]:
        return tuple(each.leg for each in self.legs)

    @property
    def sigma_range_usd(self) -> tuple[float, float] | None:
        """Where the index ends up two times of three, if DVOL is right."""
        if self.spot_usd is None or self.dvol_pts is None or self.t_years <= 0:
            return None
        reach = self.dvol_pts / 100.0 * math.sqrt(self.t_years)
        return self.spot_usd * math.exp(-reach), self.spot_usd * math.exp(reach)

    @property
    def breakevens_usd(self) -> tuple[float, ...]:
        """Delivery prices without gain or loss, the fee of delivery counted, as the strategy counts it.

        A credit kept in ETH outgrows any loss in USD if ETH rises far enough: that zero, at a multiple of the
        strikes, is left out.
        """
        strikes = [leg.strike_usd for leg in self.signed]
        low, high = FARTHEST_FRAC[0] * min(strikes), FARTHEST_FRAC[1] * max(strikes)
        found = breakevens_usd(self.signed, self.cash_eth, with_delivery_fees=True)
        return tuple(price_usd for price_usd in found if low <= price_usd <= high)

    def at_expiry(self, price_usd: float, unit: Unit) -> float:
        """P&L at a delivery price, delivery fees taken off; USD are ETH valued at that price."""
        value_usd = value_at_delivery_usd(self.signed, self.cash_eth, price_usd, with_delivery_fees=True)
        return value_usd if unit == "usd" else value_usd / price_usd

    def value_now(self, price_usd: float, unit: Unit) -> float | None:
        """P&L now, before fees, if the index stood there and volatilities stayed; None without every mark."""
        parts = [self.cash_eth]
        for each in self.legs:
            if each.iv_pct is None:
                return None
            forward_usd = price_usd * self.forward_over_spot
            option = black76_price_eth(
                each.leg.option_type,
                forward_usd,
                each.leg.strike_usd,
                max(self.t_years, 0.0),
                each.iv_pct / 100.0,
            )
            parts.append(each.leg.amount * option)
        value_eth = math.fsum(parts)
        return value_eth if unit == "eth" else value_eth * price_usd


def payoff_chart(facts: PayoffFacts, unit: Unit) -> Chart:
    """The payoff in one currency, with spot, strikes, breakevens and the range of one sigma drawn in."""
    prices = _prices(facts)
    form = ",.2f" if unit == "usd" else ".6f"
    traces: list[JsonValue] = [
        line(
            prices, [facts.at_expiry(price, unit) for price in prices], "at expiry", "--series-1", hover=form
        )
    ]
    values = [facts.value_now(price, unit) for price in prices]
    known = [value for value in values if value is not None]
    if len(known) == len(prices):
        traces.append(line(prices, known, "today", "--series-2", hover=form, dash="dot"))
    shapes, notes = _marks(facts)
    # Left to itself plotly makes room for words, and the lines end in the middle.
    made = layout(
        {
            "title": {"text": "index at delivery, USD"},
            "range": [prices[0], prices[-1]],
            "hoverformat": ",.2f",
        },
        yaxis={"title": {"text": f"P&L, {unit.upper()}"}},
    )
    figure: Figure = {"data": traces, "layout": {**made, "shapes": shapes, "annotations": notes}}
    return Chart(
        name=f"payoff-{unit}",
        title=f"Payoff in {unit.upper()}",
        says=f"Profit and loss in {unit.upper()} by the index at delivery, at expiry and today.",
        figure=figure,
        table=_table(facts, unit),
    )


def _places(facts: PayoffFacts) -> list[tuple[float, str]]:
    """Every price that has a name, ascending."""
    found = [(price, "breakeven") for price in facts.breakevens_usd]
    for strike in {leg.strike_usd for leg in facts.signed}:
        amount = math.fsum(leg.amount for leg in facts.signed if leg.strike_usd == strike)
        found.append((strike, "short strike" if amount < 0 else "long strike"))
    if facts.spot_usd is not None:
        found.append((facts.spot_usd, "spot"))
    if facts.sigma_range_usd is not None:
        low, high = facts.sigma_range_usd
        found += [(low, "one sigma down"), (high, "one sigma up")]
    return sorted(found)


def _prices(facts: PayoffFacts) -> list[float]:
    """Prices to draw: evenly spread around whatever has a name, and exactly at each of those."""
    named = [price for price, _ in _places(facts)]
    low, high = min(named), max(named)
    reach = 0.25 * (high - low) or 0.1 * high
    low, high = max(low - reach, 0.05 * low), high + reach
    even = [low + (high - low) * step / (POINTS - 1) for step in range(POINTS)]
    return sorted({*even, *(price for price in named if low <= price <= high)})


def _marks(facts: PayoffFacts) -> tuple[list[JsonValue], list[JsonValue]]:
    """Upright lines at spot, strikes and breakevens, and the band of one sigma, each with its word."""
    shapes: list[JsonValue] = []
    notes: list[JsonValue] = []
    if facts.sigma_range_usd is not None:
        low, high = facts.sigma_range_usd
        shapes.append(
            {
                "type": "rect",
                "layer": "below",
                "x0": low,
                "x1": high,
                "yref": "paper",
                "y0": 0,
                "y1": 1,
                "fillcolor": "var(--band)",
                "line": {"width": 0},
            }
        )
        notes.append(note(low, "1σ", y=0.99))
    for price, what in _places(facts):
        if "sigma" in what:
            continue
        colour, dash = _LOOK[what]
        shapes.append(
            {
                "type": "line",
                "x0": price,
                "x1": price,
                "yref": "paper",
                "y0": 0,
                "y1": 1,
                "line": {"color": f"var({colour})", "width": 1, "dash": dash},
            }
        )
        if what in ("spot", "breakeven"):
            # Towards the middle, where no line runs so low; each on a line of its own, as a phone is narrow.
            is_above = facts.spot_usd is not None and price > facts.spot_usd
            height = 0.01 if what == "spot" else 0.21 if is_above else 0.11
            notes.append(note(price, f"{what} {price:,.0f}", y=height, right=is_above))
    return shapes, notes


_LOOK = {
    "spot": ("--ink", "solid"),
    "breakeven": ("--series-3", "dash"),
    "short strike": ("--ink-quiet", "dot"),
    "long strike": ("--rule", "dot"),
}


def _table(facts: PayoffFacts, unit: Unit) -> Table:
    shown = usd if unit == "usd" else eth
    rows = []
    for price, what in _places(facts):
        now = facts.value_now(price, unit)
        rows.append(
            (
                what,
                f"{price:,.2f}",
                shown(facts.at_expiry(price, unit)),
                "no mark" if now is None else shown(now),
            )
        )
    name = unit.upper()
    return Table(("at", "index, USD", f"at expiry, {name}", f"today, {name}"), tuple(rows))
