"""What trading brought: the figures of closed trades, open ones at marks, the account, and refusals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple

from core.orders.books import CycleRow, Job, Position
from core.statistics.account import AccountPoint
from core.statistics.booked import Refusal, closed_trade, refusals
from core.statistics.marked import pnl_at_marks_eth, pnl_at_marks_usd
from core.statistics.performance import Performance, performance
from core.statistics.trades import ClosedTrade
from core.values import PositionId


@dataclass(frozen=True)
class LastMarks:
    """The marks of the newest stored snapshot, ETH per contract by instrument, and the index in USD."""

    at: datetime
    spot_usd: float
    marks_eth: Mapping[str, Decimal]


@dataclass(frozen=True)
class OpenTrade:
    """A position that is open, and its P&L if it were closed at the last marks, before exit fees.

    None if a leg has no mark.
    """

    position: Position
    pnl_eth: Decimal | None
    pnl_usd: Decimal | None


class ProtectionBreach(NamedTuple):
    """When a protection was breached, and what people were told of it."""

    at: datetime
    text: str


@dataclass(frozen=True)
class TradingReport:
    """Everything that `report` shows. `marks` is None if nothing was stored; `marks_problem` says why not.

    `entries` counts the entry cycles by their outcome.
    """

    performance: Performance
    trades: tuple[ClosedTrade, ...]
    open_trades: tuple[OpenTrade, ...]
    marks: LastMarks | None
    marks_problem: str | None
    account: tuple[AccountPoint, ...]
    entries: Mapping[str, int]
    refusals: tuple[Refusal, ...]
    breaches: tuple[ProtectionBreach, ...]

    @property
    def eth_effect_usd(self) -> Decimal | None:
        """What the account changed by in USD beside the trades closed between its first and last figure.

        That is the price of the ETH held, transfers if there were any, and what is open. None if it was seen
        less than twice.
        """
        if len(self.account) < 2:
            return None
        first, last = self.account[0], self.account[-1]
        traded = sum(
            (trade.pnl_usd for trade in self.trades if first.at < trade.closed_at <= last.at), Decimal(0)
        )
        return Decimal(repr(last.equity_usd - first.equity_usd)) - traded


@dataclass(frozen=True)
class Period:
    """The time that a report is to cover: from `began` on, to before `ended`; None leaves an end open."""

    began: datetime | None = None
    ended: datetime | None = None

    def __contains__(self, at: datetime) -> bool:
        return (self.began is None or self.began <= at) and (self.ended is None or at < self.ended)


ALL_TIME: Final = Period()


def report_of(
    positions: Sequence[Position],
    cycles: Sequence[CycleRow],
    period: Period,
    *,
    span: tuple[datetime, datetime] | None,
    given_away: Mapping[PositionId, Decimal | None],
    marks: LastMarks | None,
    marks_problem: str | None,
    account: tuple[AccountPoint, ...],
    breaches: tuple[ProtectionBreach, ...],
) -> TradingReport:
    """The report of these rows, wherever they were kept. At least one of them has a time.

    `span` is when the first cycle was opened, and when the last one was opened or closed.
    `given_away` is what the exits of a position gave away against mid, ETH; None if that is not known.
    """
    times = times_of(positions, span, marks)
    trades = tuple(
        closed_trade(position, given_away.get(position.position_id, Decimal(0)))
        for position in positions
        if position.closed_at is not None and position.closed_at in period
    )
    still_open = [position for position in positions if position.is_live and _is_entered(position, period)]
    entries = [row for row in cycles if row.job is Job.ENTRY and row.slot in period]
    return TradingReport(
        performance=performance(
            trades,
            period.began or min(times),
            period.ended or max(times),
            [position.entered_at for position in still_open if position.entered_at is not None],
        ),
        trades=trades,
        open_trades=tuple(_open_trade(position, marks) for position in still_open),
        marks=marks,
        marks_problem=marks_problem,
        account=account,
        entries=Counter(row.outcome.value for row in entries if row.outcome is not None),
        refusals=refusals(entries),
        breaches=breaches,
    )


def _is_entered(position: Position, period: Period) -> bool:
    """Whether a position was entered before the period ended."""
    return position.entered_at is not None and (period.ended is None or position.entered_at < period.ended)


def times_of(
    positions: Sequence[Position], span: tuple[datetime, datetime] | None, marks: LastMarks | None
) -> list[datetime]:
    """Every moment that the books know of; the report begins with the first and ends with the last."""
    entered = [each.entered_at for each in positions if each.entered_at is not None]
    closed = [each.closed_at for each in positions if each.closed_at is not None]
    return [*(span or ()), *entered, *closed, *([] if marks is None else [marks.at])]


def _open_trade(position: Position, marks: LastMarks | None) -> OpenTrade:
    if marks is None:
        return OpenTrade(position, None, None)
    return OpenTrade(
        position,
        pnl_at_marks_eth(position, marks.marks_eth),
        pnl_at_marks_usd(position, marks.marks_eth, marks.spot_usd),
    )
