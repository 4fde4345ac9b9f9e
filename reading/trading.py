"""What trading brought: the figures of closed trades, open ones at marks, the account, and refusals."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from actors.state.stored import BooksReader, last_market_snapshot
from core.alerts import AlertCode
from core.errors import FoundWrongError
from core.messages.room_status import AlertRow
from core.orders.books import CycleRow, Job, Position
from core.statistics.account import AccountPoint
from core.statistics.booked import Refusal, closed_trade, refusals
from core.statistics.marked import pnl_at_marks_eth, pnl_at_marks_usd
from core.statistics.performance import Performance, performance
from core.statistics.trades import ClosedTrade
from core.values import PositionId
from reading.books import required_books
from reading.errors import EmptyBooksError


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


@dataclass(frozen=True)
class TradingReport:
    """Everything that `report` shows. `marks` is None if nothing was stored; `marks_problem` says why not.

    `entries` counts the entry cycles by their outcome; `breaches` are the alerts of breached protections.
    """

    performance: Performance
    trades: tuple[ClosedTrade, ...]
    open_trades: tuple[OpenTrade, ...]
    marks: LastMarks | None
    marks_problem: str | None
    account: tuple[AccountPoint, ...]
    entries: Mapping[str, int]
    refusals: tuple[Refusal, ...]
    breaches: tuple[AlertRow, ...]

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


def trading_report(data_dir: Path, period: Period = Period(), *, from_copy: bool = False) -> TradingReport:
    """Read the books of a data folder, whether an engine runs or not. Trades count by their close.

    With `from_copy` no checkpoint of the engine waits for it, which matters to who reads again and again.

    Raises DataFolderError if there are no books, EmptyBooksError if they are empty, FoundWrongError if
    they can't be read.
    """
    marks, problem = _last_marks(data_dir)
    with required_books(data_dir, from_copy=from_copy) as books:
        positions, cycles, span = books.trades(), books.entry_cycles(None), books.cycles_span()
        given_away = _crossing_out(books)
        breaches = tuple(alert for alert in books.alerts(AlertCode.PROTECTION_BREACHED) if alert.at in period)
        account = tuple(point for point in books.account_points() if point.at in period)
    if not _times(positions, span, marks):
        raise EmptyBooksError(f"{data_dir}: expected books with at least one cycle, found empty ones")
    return report_of(
        positions,
        cycles,
        period,
        span=span,
        given_away=given_away,
        marks=marks,
        marks_problem=problem,
        account=account,
        breaches=breaches,
    )


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
    breaches: tuple[AlertRow, ...],
) -> TradingReport:
    """The report of these rows, wherever they were kept. At least one of them has a time.

    `span` is when the first cycle was opened, and when the last one was opened or closed.
    `given_away` is what the exits of a position gave away against mid, ETH; None if that is not known.
    """
    times = _times(positions, span, marks)
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


def _times(
    positions: Sequence[Position], span: tuple[datetime, datetime] | None, marks: LastMarks | None
) -> list[datetime]:
    """Every moment that the books know of; the report begins with the first and ends with the last."""
    entered = [each.entered_at for each in positions if each.entered_at is not None]
    closed = [each.closed_at for each in positions if each.closed_at is not None]
    return [*(span or ()), *entered, *closed, *([] if marks is None else [marks.at])]


def _crossing_out(books: BooksReader) -> dict[PositionId, Decimal | None]:
    """What the exit orders of each position gave away against mid, ETH; None if one's mid is not known."""
    premiums, mids = books.exit_premiums(), books.exit_mids()
    given_away: dict[PositionId, Decimal | None] = {}
    for instruction, order in books.orders(None):
        received_eth = premiums.get(instruction.label)
        if received_eth is None:
            continue
        position_id = PositionId(instruction.proposal_id)
        mid_eth = None if instruction.cycle_id is None else mids.get((instruction.cycle_id, position_id))
        before = given_away.get(position_id, Decimal(0))
        if mid_eth is None or before is None:
            given_away[position_id] = None
        else:
            given_away[position_id] = before - received_eth - order.filled_amount * mid_eth
    return given_away


def _open_trade(position: Position, marks: LastMarks | None) -> OpenTrade:
    if marks is None:
        return OpenTrade(position, None, None)
    return OpenTrade(
        position,
        pnl_at_marks_eth(position, marks.marks_eth),
        pnl_at_marks_usd(position, marks.marks_eth, marks.spot_usd),
    )


def _last_marks(data_dir: Path) -> tuple[LastMarks | None, str | None]:
    """The newest stored marks; without them open positions stand without a value, and the report says so."""
    try:
        snapshot = last_market_snapshot(data_dir)
        if snapshot is None:
            return None, "no snapshot of the market is stored"
        marks_eth = {row[0]: Decimal(row[3]) for row in json.loads(snapshot.quotes)}
    except FoundWrongError as error:
        return None, str(error)
    except (ValueError, TypeError, LookupError, ArithmeticError) as error:
        return None, f"the newest snapshot of the market can't be read: {type(error).__name__}"
    # A broken quote is stored as it came, with NaN for a mark.
    finite = {name: mark_eth for name, mark_eth in marks_eth.items() if mark_eth.is_finite()}
    return LastMarks(snapshot.at, snapshot.spot_usd, finite), None
