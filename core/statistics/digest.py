"""The week in a few sentences, from the same figures as the report: what a person reads on a phone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from core.how_many import how_many
from core.orders.books import CycleOutcome, CycleRow, Position
from core.statistics.account import AccountPoint
from core.statistics.booked import closed_trade, refusals
from core.statistics.marked import pnl_at_marks_eth, pnl_at_marks_usd
from core.statistics.means import Sample, evidence
from core.statistics.trades import ClosedTrade, monday_of

REFUSALS_MAX = 3
"""So many checks are named; the report has them all."""
WEEK = timedelta(weeks=1)


@dataclass(frozen=True)
class WeekSeen:
    """What a digest is made of. `trades` are all that are closed, `entries` the entry cycles of the week.

    `account` reaches further back than the week, so that there is a figure to compare with. `marks_eth` are
    in ETH per contract by instrument.
    """

    ended: datetime
    trades: Sequence[Position]
    live: Sequence[Position]
    entries: Sequence[CycleRow]
    account: Sequence[AccountPoint]
    marks_eth: Mapping[str, Decimal]

    @property
    def began(self) -> datetime:
        return self.ended - WEEK


def week_before(slot: datetime) -> tuple[datetime, datetime]:
    """Begin and end of the last whole week before a moment: from Monday to Monday, midnight UTC."""
    ended = datetime.combine(monday_of(slot), datetime.min.time(), slot.tzinfo)
    return ended - WEEK, ended


def digest_text(seen: WeekSeen) -> str:
    """The digest on one line, of whole sentences."""
    return " ".join(_sentences(seen))


def so_far_text(positions: Sequence[Position]) -> str:
    """What the closed trades brought together, and what that proves."""
    trades = _closed(positions)
    return _so_far(trades) if trades else "No trade is closed yet."


def open_texts(
    live: Sequence[Position], marks_eth: Mapping[str, Decimal], spot_usd: float | None
) -> Iterator[str]:
    """What each position that holds something would bring at the marks, and that nothing is open.

    The amounts are those of the report: before the fees of closing. In USD only with a `spot_usd`.
    """
    held = [position for position in live if position.contracts > 0]
    if not held:
        yield "Nothing is open."
    for position in held:
        strikes = "/".join(f"{strike:g}" for strike in sorted(leg.strike_usd for leg in position.plan.legs))
        pnl_eth = pnl_at_marks_eth(position, marks_eth)
        pnl_usd = None if spot_usd is None else pnl_at_marks_usd(position, marks_eth, spot_usd)
        if pnl_eth is None:
            value = "its value is not known"
        elif pnl_usd is None:
            value = f"{pnl_eth:+.8f} ETH if closed at the marks, before fees"
        else:
            value = f"{pnl_usd:+,.2f} USD ({pnl_eth:+.8f} ETH) if closed at the marks, before fees"
        yield (
            f"Open: {position.kind.value} {strikes} of {position.plan.expiration:%Y-%m-%d}, "
            f"{how_many(position.contracts, 'contract')}, {value}."
        )


def _closed(positions: Sequence[Position]) -> list[ClosedTrade]:
    """Those that were entered and are closed, as the statistics read them."""
    return [
        closed_trade(position, None)
        for position in positions
        if position.contracts_opened > 0 and position.closed_at is not None
    ]


def _so_far(trades: Sequence[ClosedTrade]) -> str:
    return f"So far {_closed_text(trades)}; {evidence('mean r', Sample(trades).mean(_result))}."


def _sentences(seen: WeekSeen) -> Iterator[str]:
    trades = [trade for trade in _closed(seen.trades) if trade.closed_at < seen.ended]
    last_day = seen.ended - timedelta(days=1)
    yield (
        f"{seen.began:%Y-%m-%d} to {last_day:%Y-%m-%d}: "
        f"{_closed_text([trade for trade in trades if trade.closed_at >= seen.began])}."
    )
    if trades:
        yield _so_far(trades)
    yield from open_texts(seen.live, seen.marks_eth, None)
    yield _account_text(seen)
    yield from _entries_texts(seen.entries)


def _result(trade: ClosedTrade) -> float | None:
    """r, of a trade that staked something."""
    return trade.result if trade.worst_loss_usd > 0.0 else None


def _closed_text(trades: Sequence[ClosedTrade]) -> str:
    if not trades:
        return "no trade closed"
    won = sum(trade.pnl_usd > 0 for trade in trades)
    pnl_usd = sum((trade.pnl_usd for trade in trades), Decimal(0))
    pnl_eth = sum((trade.pnl_eth for trade in trades), Decimal(0))
    closed = how_many(len(trades), "trade")
    return f"{closed} closed, {won} with a gain, {pnl_usd:+,.2f} USD ({pnl_eth:+.8f} ETH)"


def _account_text(seen: WeekSeen) -> str:
    known = [point for point in seen.account if point.at < seen.ended]
    if not known:
        return "The account was not seen at an entry decision."
    last = known[-1]
    text = f"Account at {last.at:%Y-%m-%d %H:%M}Z: {last.equity_usd:,.2f} USD"
    before = [point for point in known if point.at < seen.began]
    if last.at < seen.began or not before:
        return f"{text}."
    change_usd = last.equity_usd - before[-1].equity_usd
    return f"{text}, {change_usd:+,.2f} since {before[-1].at:%Y-%m-%d}, the price of the ETH held included."


def _entries_texts(entries: Sequence[CycleRow]) -> Iterator[str]:
    if not entries:
        yield "No entry was due."
        return
    entered = sum(row.outcome is CycleOutcome.ENTERED for row in entries)
    yield f"{entered} of {len(entries)} entry cycles entered."
    times = Counter[str]()
    for refusal in refusals(entries):
        times[f"{refusal.rule}: {refusal.reason}"] += refusal.times
    if times:
        named = [f"{what} ({often})" for what, often in times.most_common(REFUSALS_MAX)]
        more = f" and {len(times) - REFUSALS_MAX} more" if len(times) > REFUSALS_MAX else ""
        yield f"Not entered by {', '.join(named)}{more}."
