"""Panel 2: each position with what it brings, what it risks, and how near each exit is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from core.check_words import CHECKS, FORMS, RULES, Measured, compared
from core.check_words import plain as plain_value
from core.checks import Check, RuleResult
from core.how_many import how_many
from core.messages.room_status import Marks
from core.orders.books import Position
from core.pricing.black76 import year_fraction
from core.pricing.inverse import SignedLeg
from core.status.position_view import PositionView
from core.values import Side
from page.charts import PathPoint, PayoffFacts, PayoffLeg
from page.panels.shown import Amount, Row, Tone, eth, number, percent, plain, time_text, unknown, usd
from reading.market_history import PathMark

NO_MARK = "a leg has no mark"


@dataclass(frozen=True, slots=True)
class ExitBar:
    """An exit rule: where it stands, at what it closes, and how much of the way is gone, from 0 to 1.

    `gone` is None for what has no way, such as a figure that is not a number.
    """

    label: str
    now: str
    closes: str
    gone: float | None
    tone: Tone


@dataclass(frozen=True, slots=True)
class PositionShown:
    """One live position. The charts' facts are None where nothing is held yet."""

    position_id: str
    title: str
    state: str
    contracts: str
    rows: tuple[Row, ...]
    orders: tuple[str, ...]
    exits: tuple[ExitBar, ...]
    exits_note: str
    payoff: PayoffFacts | None
    path: tuple[PathPoint, ...]
    strikes_usd: tuple[float, ...]
    short_usd: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class PositionPanel:
    """`empty` says why there is none, if there is none; with `is_broken` because something can't be read."""

    positions: tuple[PositionShown, ...]
    empty: str
    marked: str
    is_broken: bool = False


def held(
    view: PositionView,
    market: Marks | None,
    path: tuple[PathMark, ...],
    now: datetime,
    exits_note: str,
    *,
    orders: tuple[str, ...] = (),
) -> PositionShown:
    """One position at the last marks. `orders` says what is under way at the venue."""
    position = view.position
    payoff = _payoff(position, market, now) if position.contracts else None
    opened = position.contracts_opened or position.plan.contracts
    return PositionShown(
        position_id=plain(position.position_id),
        title=f"{position.kind.value.replace('_', ' ')} {view.strikes}",
        state=position.state.value.replace("_", " "),
        contracts=f"{position.contracts} of {how_many(opened, 'contract')}",
        rows=(*_rows(view), *(() if payoff is None else _places(payoff))),
        orders=orders,
        exits=tuple(_bars(view)),
        exits_note="" if view.exits else exits_note,
        payoff=payoff,
        path=tuple(
            PathPoint(mark.at, mark.spot_usd, _float(mark.pnl_eth), _float(mark.pnl_usd)) for mark in path
        ),
        strikes_usd=tuple(sorted({leg.strike_usd for leg in position.plan.legs})),
        short_usd=tuple(sorted({leg.strike_usd for leg in position.plan.legs if leg.side is Side.SELL})),
    )


def _rows(view: PositionView) -> Iterator[Row]:
    position = view.position
    pnl_eth = unknown(NO_MARK) if view.pnl_eth is None else eth(view.pnl_eth, signed=True)
    pnl_usd = unknown(NO_MARK) if view.pnl_usd is None else usd(view.pnl_usd, signed=True)
    yield Row("P&L", (pnl_eth, pnl_usd), "at the marks, before the fees of closing")
    yield Row("expires", (number(view.dte, "days"),), time_text(position.plan.expiration))
    yield Row("to the short strike", (_distance(view.short_distance_frac),), "of spot")
    yield Row("credit", (eth(position.credit_eth),), "received, before fees")
    yield Row("fees", (eth(position.fees_eth),), "so far")
    closing = unknown("a leg has no quote") if view.closing_eth is None else eth(view.closing_eth)
    yield Row("cost to close", (closing,), "at the touch, before fees")
    yield Row("maximum loss", (usd(view.worst_loss_usd),), "at the planned floor")
    margin = unknown(NO_MARK) if view.margin_eth is None else eth(view.margin_eth, digits=4)
    yield Row("margin", (margin,), "maintenance, by the standard formula")


def _places(payoff: PayoffFacts) -> Iterator[Row]:
    """Where the index stands, where it is likely to end, and between which prices there is a gain."""
    spot = unknown("the index is not known") if payoff.spot_usd is None else usd(payoff.spot_usd)
    yield Row("index now", (spot,))
    if payoff.sigma_range_usd is not None:
        low, high = payoff.sigma_range_usd
        yield Row(
            "one sigma until expiry", (usd(low), usd(high)), "two times of three it ends between, by DVOL"
        )
    breakevens = payoff.breakevens_usd
    if breakevens:
        yield Row(
            "breakeven", tuple(usd(price) for price in breakevens), "at expiry, with the fee of delivery"
        )


def _distance(frac: float | None) -> Amount:
    if frac is None:
        return unknown("the index is not known")
    found = percent(frac, signed=True)
    return Amount(found.digits, found.unit, "act" if frac < 0.05 else "")


def _bars(view: PositionView) -> Iterator[ExitBar]:
    nearest = {check.code: check for check in view.nearest}
    rule_of = {check.code: rule for rule in view.exits for check in rule.checks}
    for code, check in nearest.items():
        yield _bar(view, rule_of[code], check)


def _bar(view: PositionView, rule: RuleResult, check: Check) -> ExitBar:
    words = CHECKS.get(check.code)
    value, threshold = check.value, check.threshold
    name = RULES.get(rule.rule, rule.rule)
    numbers = isinstance(value, int | float) and isinstance(threshold, int | float)
    if not isinstance(words, Measured) or not numbers or words.form not in FORMS:
        return ExitBar(name, plain_value(value), plain_value(threshold), None, "act" if check.passed else "")
    assert isinstance(value, int | float)
    assert isinstance(threshold, int | float)
    found, bound = compared(value, threshold, words.form)
    gone = _gone(view, check.code, float(value), float(threshold))
    closes = f"closes {'from' if check.op == '>=' else 'at or below'} {bound}"
    tone: Tone = "act" if check.passed else "look" if gone > 0.8 and check.code != "profit" else ""
    label = name if name == words.label else f"{name}: {words.label}"
    return ExitBar(label, f"DUE: {found}" if check.passed else found, closes, gone, tone)


def _gone(view: PositionView, code: str, value: float, threshold: float) -> float:
    """How much of the way from the entry to the threshold is gone."""
    began = 0.0
    if code == "profit":
        began = 1.0
    elif code == "expiry":
        entered = view.position.entered_at
        if entered is not None:
            began = (view.position.plan.expiration - entered).total_seconds() / 86_400.0
    elif code == "dvol_rise_multiple":
        began = 1.0
    if threshold == began:
        return 1.0
    return min(max((value - began) / (threshold - began), 0.0), 1.0)


def _payoff(position: Position, market: Marks | None, now: datetime) -> PayoffFacts:
    marks = {} if market is None else {mark.instrument_name: mark for mark in market.legs}
    spot_usd = None if market is None else market.spot_usd
    forwards = [mark.forward_usd for mark in marks.values()]
    return PayoffFacts(
        legs=tuple(
            PayoffLeg(
                SignedLeg(
                    leg.option_type,
                    leg.strike_usd,
                    float(leg.side.sign * leg.ratio * position.contracts),
                ),
                marks[leg.instrument_name].mark_iv_pct if leg.instrument_name in marks else None,
            )
            for leg in position.plan.legs
        ),
        cash_eth=float(position.pnl_eth),
        spot_usd=spot_usd,
        forward_over_spot=forwards[0] / spot_usd if forwards and spot_usd else 1.0,
        dvol_pts=None if market is None else market.dvol,
        t_years=max(year_fraction(now, position.plan.expiration), 0.0),
    )


def _float(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)
