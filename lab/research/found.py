"""What a run of one point found, as far as statistics, tables and the page need it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from pydantic import AwareDatetime, JsonValue

from core.orders.books import CycleOutcome, Job
from core.statistics.booked import closed_trade, refusals
from core.statistics.curve import cumulated, deepest_drawdown
from core.values import SpreadKind, Value
from lab.backtest.result import BacktestResult
from lab.research.axes import Values
from lab.research.identity import PointKey
from reading.json_forms import money, utc
from reading.trading_forms import trade_columns


class FoundTrade(Value):
    """A closed trade. `r` is its P&L in USD over the worst loss that it staked."""

    entered_at: AwareDatetime
    closed_at: AwareDatetime
    kind: SpreadKind
    exit_rule: str
    pnl_eth: Decimal
    pnl_usd: Decimal
    r: float


class FoundRun(Value):
    """One line of the journal. `open_since` is when the oldest position that was left open was entered."""

    key: PointKey
    values: Values
    market: str
    began: AwareDatetime
    ended: AwareDatetime
    trades: tuple[FoundTrade, ...]
    open_since: AwareDatetime | None
    drawdown_usd: float
    entries_asked: int
    entered: int
    stopped: int
    """How often a protection has stopped entries."""

    @property
    def pnl_usd(self) -> Decimal:
        return sum((trade.pnl_usd for trade in self.trades), Decimal(0))


class Ran(NamedTuple):
    """What a worker gives back: the line of the journal, and the report that the page opens, as JSON."""

    found: FoundRun
    report: dict[str, JsonValue] | None


def found_of(key: PointKey, values: Values, result: BacktestResult) -> FoundRun:
    """From a run that reached its end."""
    closed = [closed_trade(each, None) for each in result.positions if each.closed_at is not None]
    fall = deepest_drawdown(cumulated(closed, result.began, result.ended))
    open_since = [
        each.entered_at for each in result.positions if each.closed_at is None and each.entered_at is not None
    ]
    entries = [row for row in result.cycles if row.job is Job.ENTRY]
    return FoundRun(
        key=key,
        values=values,
        market=result.market,
        began=result.began,
        ended=result.ended,
        trades=tuple(
            FoundTrade(
                entered_at=trade.entered_at,
                closed_at=trade.closed_at,
                kind=trade.kind,
                exit_rule="unknown" if trade.exit_rule is None else trade.exit_rule.value,
                pnl_eth=trade.pnl_eth,
                pnl_usd=trade.pnl_usd,
                r=trade.result,
            )
            for trade in sorted(closed, key=lambda each: each.entered_at)
        ),
        open_since=min(open_since, default=None),
        drawdown_usd=0.0 if fall is None else fall.depth,
        entries_asked=len(entries),
        entered=sum(row.outcome is CycleOutcome.ENTERED for row in entries),
        stopped=len(result.latches),
    )


def report_of_point(result: BacktestResult) -> dict[str, JsonValue]:
    """What `page --report` reads of a run: as `report --json`, without the figures that it makes anew."""
    closed = [
        closed_trade(each, result.given_away.get(each.position_id, Decimal(0)))
        for each in result.positions
        if each.closed_at is not None
    ]
    columns = trade_columns(closed)
    entries = [row for row in result.cycles if row.job is Job.ENTRY]
    outcomes: dict[str, JsonValue] = {}
    for row in entries:
        if row.outcome is not None:
            before = outcomes.get(row.outcome.value, 0)
            assert isinstance(before, int)
            outcomes[row.outcome.value] = before + 1
    return {
        "began": utc(result.began),
        "ended": utc(result.ended),
        "trades": [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)],
        "open": [
            {"id": each.position_id, "entered_at": _utc(each.entered_at), "pnl_eth": None, "pnl_usd": None}
            for each in result.positions
            if each.closed_at is None
        ],
        "marks_problem": None,
        "account": [
            {
                "at": utc(point.at),
                "equity_eth": point.equity_eth,
                "index_usd": point.spot_usd,
                "equity_usd": point.equity_usd,
            }
            for point in result.account
        ],
        "entry_cycles": outcomes,
        "refusals": [
            {"month": each.month, "rule": each.rule, "reason": each.reason, "times": each.times}
            for each in refusals(entries)
        ],
        "balance_eth": money(result.balance_eth),
    }


def _utc(at: datetime | None) -> str | None:
    return None if at is None else utc(at)
