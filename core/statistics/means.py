"""Means of closed trades, each with what so few trades say about it.

Who sells premium wins often and loses seldom, so a small sample usually has no full loss in it, and an
interval drawn from it can't know of one: it clears zero far too often (docs/report.md says how often). So
each mean stands a second time, with one full worst loss added.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from core.statistics.bootstrap import DrawnLater, Draws, Interval, Week, ratio
from core.statistics.trades import ClosedTrade, by_entry_week

TRADES_MIN = 10
"""Below so many trades a mean stands without an interval."""


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean of `trades` trades. An interval is None below `TRADES_MIN`, or if all fell into one week.

    `with_loss` is the mean if one more trade had lost all that it staked.
    """

    trades: int
    value: float
    with_loss: float
    drawn: DrawnLater | None
    drawn_with_loss: DrawnLater | None

    @property
    def interval(self) -> Interval | None:
        return None if self.drawn is None else self.drawn.found

    @property
    def interval_with_loss(self) -> Interval | None:
        return None if self.drawn_with_loss is None else self.drawn_with_loss.found

    @property
    def proves_gain(self) -> bool:
        """True if even with a full loss added the whole interval is above zero."""
        return self.interval_with_loss is not None and self.interval_with_loss.low > 0.0

    @property
    def proves_loss(self) -> bool:
        """True if the whole interval is below zero, without a loss added."""
        return self.interval is not None and self.interval.high < 0.0


Amount = Callable[[ClosedTrade], float | None]
"""What is averaged of a trade; None if the trade does not belong to the mean."""


class Sample:
    """Trades by the week of their entry, and the means of their amounts."""

    def __init__(self, trades: Sequence[ClosedTrade]) -> None:
        self.trades = tuple(trades)
        self._weeks = by_entry_week(self.trades)
        self._weeks_with_loss = (*self._weeks, (full_loss(self.trades),)) if self.trades else ()
        self._draws = Draws(len(self._weeks))
        self._draws_with_loss = Draws(len(self._weeks_with_loss))

    def mean(self, amount: Amount) -> Mean | None:
        """The mean of an amount over the trades that have one; None if none has."""
        weeks = _summed(self._weeks, amount)
        trades = sum(week.trades for week in weeks)
        if trades == 0:
            return None
        with_loss = _summed(self._weeks_with_loss, amount)
        enough = trades >= TRADES_MIN
        return Mean(
            trades=trades,
            value=ratio(weeks),
            with_loss=ratio(with_loss),
            drawn=DrawnLater(weeks, self._draws) if enough else None,
            drawn_with_loss=DrawnLater(with_loss, self._draws_with_loss) if enough else None,
        )


def full_loss(trades: Sequence[ClosedTrade]) -> ClosedTrade:
    """The trade that is added: it staked the most that any of them did, a week later, and lost all of it."""
    last = max(trades, key=lambda trade: trade.entered_at)
    worst = max(trades, key=lambda trade: trade.worst_loss_usd)
    return ClosedTrade(
        position_id=worst.position_id,
        kind=worst.kind,
        exit_rule=None,
        contracts=worst.contracts,
        entered_at=last.entered_at + timedelta(weeks=1),
        closed_at=last.entered_at + timedelta(weeks=2),
        mid_credit_eth=Decimal(0),
        credit_eth=Decimal(0),
        fees_eth=Decimal(0),
        crossing_in_eth=Decimal(0),
        crossing_out_eth=Decimal(0),
        pnl_eth=Decimal(0),
        pnl_usd=-Decimal(repr(worst.worst_loss_usd)),
        worst_loss_usd=worst.worst_loss_usd,
    )


def evidence(name: str, mean: Mean | None) -> str:
    """What the sample proves about a mean, in a plain sentence."""
    if mean is None:
        return f"{name}: no trade was closed, so there is nothing to say"
    found = f"{name} {mean.value:+.3f}"
    if mean.interval is None or mean.interval_with_loss is None:
        return f"{found}, n = {mean.trades}: too few trades for an interval; they prove nothing"
    low, high = mean.interval
    found = f"{found} [{low:+.3f}, {high:+.3f}], n = {mean.trades}"
    if mean.proves_loss:
        return f"{found}: the trades lose money, with 95 % confidence"
    if mean.proves_gain:
        return f"{found}: the trades earn money, with 95 % confidence, even with one full loss added"
    if low > 0.0:
        return f"{found}: above zero, but one full loss would undo it: no evidence yet"
    return f"{found}: no evidence either way"


def _summed(weeks: Sequence[Sequence[ClosedTrade]], amount: Amount) -> list[Week]:
    found = [[value for trade in week if (value := amount(trade)) is not None] for week in weeks]
    return [Week(sum(values), len(values)) for values in found]
