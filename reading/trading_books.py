"""The trading report of a data folder's books."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from actors.state.stored import BooksReader, last_market_snapshot
from core.alerts import AlertCode
from core.errors import FoundWrongError
from core.values import PositionId
from reading.books import required_books
from reading.errors import EmptyBooksError
from reading.market_history import marks_eth_of
from reading.trading import ALL_TIME, LastMarks, Period, ProtectionBreach, TradingReport, report_of, times_of


def trading_report(data_dir: Path, period: Period = ALL_TIME, *, from_copy: bool = False) -> TradingReport:
    """Read the books of a data folder, whether an engine runs or not. Trades count by their close.

    With `from_copy` no checkpoint of the engine waits for it, which matters to who reads again and again.

    Raises DataFolderError if there are no books, EmptyBooksError if they are empty, FoundWrongError if
    they can't be read.
    """
    marks, problem = _last_marks(data_dir)
    with required_books(data_dir, from_copy=from_copy) as books:
        positions, cycles, span = books.trades(), books.entry_cycles(None), books.cycles_span()
        given_away = _crossing_out(books)
        told = [alert for alert in books.alerts(AlertCode.PROTECTION_BREACHED) if alert.at in period]
        account = tuple(point for point in books.account_points() if point.at in period)
    if not times_of(positions, span, marks):
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
        breaches=tuple(ProtectionBreach(alert.at, alert.text) for alert in told),
    )


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


def _last_marks(data_dir: Path) -> tuple[LastMarks | None, str | None]:
    """The newest stored marks; without them open positions stand without a value, and the report says so."""
    try:
        snapshot = last_market_snapshot(data_dir)
        if snapshot is None:
            return None, "no snapshot of the market is stored"
        marks_eth = marks_eth_of(snapshot.quotes)
    except FoundWrongError as error:
        return None, str(error)
    except (ValueError, TypeError, LookupError, ArithmeticError) as error:
        return None, f"the newest snapshot of the market can't be read: {type(error).__name__}"
    return LastMarks(snapshot.at, snapshot.spot_usd, marks_eth), None
