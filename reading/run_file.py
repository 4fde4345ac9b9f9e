"""A finished run, read back from the JSON of `report --json`, `paper --json` or `backtest --json`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from core.errors import InputError
from core.messages.alerting import Severity
from core.messages.room_status import AlertRow
from core.orders.books import CycleOutcome, CycleRow, Job
from core.orders.exit_rule import ExitRule
from core.statistics.account import AccountPoint
from core.statistics.booked import Refusal
from core.statistics.performance import performance
from core.statistics.trades import ClosedTrade
from core.values import CycleId, PositionId, SpreadKind
from reading.result_file import (
    REPORT_OPTION,
    ResultPart,
    WrittenDecimal,
    WrittenFloat,
    WrittenTime,
    as_written,
    read_result,
)
from reading.trading import TradingReport

BYTES_MAX: Final = 256 * 2**20


class _Trade(ResultPart):
    id: str
    kind: SpreadKind
    exit_rule: ExitRule | Literal["unknown"]
    contracts: int
    entered_at: WrittenTime
    closed_at: WrittenTime
    mid_credit_eth: WrittenDecimal
    credit_eth: WrittenDecimal
    fees_eth: WrittenDecimal
    crossing_in_eth: WrittenDecimal
    crossing_out_eth: WrittenDecimal | None
    pnl_eth: WrittenDecimal
    pnl_usd: WrittenDecimal
    worst_loss_usd: Annotated[WrittenFloat, Field(gt=0)]


class OpenAtEnd(ResultPart):
    """A position that was open at the end, and what it would have brought at the last marks."""

    id: str
    entered_at: WrittenTime
    pnl_eth: WrittenDecimal | None
    pnl_usd: WrittenDecimal | None


class _Point(ResultPart):
    at: WrittenTime
    equity_eth: WrittenFloat
    index_usd: WrittenFloat


class _Refused(ResultPart):
    month: str
    rule: str
    reason: str
    times: int


class _Trading(ResultPart):
    began: WrittenTime
    ended: WrittenTime
    trades: tuple[_Trade, ...]
    open: tuple[OpenAtEnd, ...]
    marks_problem: str | None
    account: tuple[_Point, ...]
    entry_cycles: dict[str, int]
    refusals: tuple[_Refused, ...]

    @model_validator(mode="after")
    def _holds_its_trades(self) -> _Trading:
        for trade in self.trades:
            if not self.began <= trade.closed_at <= self.ended:
                raise ValueError(
                    f"trades: {trade.id}: expected it to be closed between {self.began.isoformat()} and"
                    f" {self.ended.isoformat()}, found {trade.closed_at.isoformat()}"
                )
        return self


class _PaperRun(ResultPart):
    began: WrittenTime
    ended: WrittenTime
    ended_by: str
    market: str
    version: str


class _BacktestRun(ResultPart):
    began: WrittenTime
    ended: WrittenTime
    whole: bool
    market: str
    road: str
    strategy_hash: str
    changes: tuple[str, ...]


class _Cycle(ResultPart):
    id: str
    kind: Job
    slot: WrittenTime
    outcome: CycleOutcome | None
    reasons: tuple[str, ...]


class _Equity(ResultPart):
    at: WrittenTime
    equity_eth: WrittenDecimal
    equity_usd: WrittenDecimal


class _Alert(ResultPart):
    id: str
    severity: Severity
    code: str
    text: str
    cause: str
    at: WrittenTime


class RoomAtEnd(ResultPart):
    state: str
    restarts: int
    last_error: str | None


class AuditAtEnd(ResultPart):
    records: int
    head: str
    ok: bool
    problem: str | None


class LedgerAtEnd(ResultPart):
    """The account by the venue's own ledger."""

    at: WrittenTime
    balance_eth: WrittenDecimal
    equity_eth: WrittenDecimal
    equity_usd: WrittenDecimal


class _Account(ResultPart):
    start: LedgerAtEnd
    end: LedgerAtEnd


class _Paper(ResultPart):
    run: _PaperRun
    trading: _Trading | None
    cycles: tuple[_Cycle, ...]
    equity: tuple[_Equity, ...]
    alerts: tuple[_Alert, ...]
    actors: dict[str, RoomAtEnd]
    audit: AuditAtEnd
    account: _Account


class _Backtest(ResultPart):
    run: _BacktestRun
    report: _Trading
    cycles: tuple[_Cycle, ...]
    entries_blocked_at_end: bool


@dataclass(frozen=True)
class RunSaid:
    """The run itself; `facts` are labels with their texts."""

    began: datetime
    ended: datetime
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class FinishedRun:
    """What a file holds. Of a report alone there are neither cycles nor alerts, and no `run`.

    `trading` is None of a run that ended before its first cycle. Of a backtest there are neither rooms nor
    alerts, nor a folder that holds more.
    """

    command: Literal["report", "paper", "backtest"]
    trading: TradingReport | None
    open_at_end: tuple[OpenAtEnd, ...]
    run: RunSaid | None
    entries: tuple[CycleRow, ...]
    alerts: tuple[AlertRow, ...]
    rooms: dict[str, RoomAtEnd]
    audit: AuditAtEnd | None
    ledger: LedgerAtEnd | None
    entries_blocked: bool = False


def read_run(file: Path) -> FinishedRun:
    """The run. Raises InputError that names the key if the file is not what one of the commands wrote."""
    found = read_result(file, BYTES_MAX)
    where = f"{REPORT_OPTION} {file}"
    if isinstance(found, dict) and isinstance(found.get("runs"), list):
        raise InputError(
            f"{where}: runs: expected one run, found {len(found['runs'])}, one of each seed; "
            "write one alone: run.py backtest --model --seed 1 --json FILE"
        )
    if not isinstance(found, dict) or not ({"run", "trades"} & found.keys()):
        raise InputError(
            f"{where}: expected what --json of `run.py paper`, `run.py backtest` or `run.py report` "
            "wrote, found something else"
        )
    if "run" in found and not ({"trading", "report"} & found.keys()):
        raise InputError(
            f"{where}: trading: expected the report of its trades, found none, as older versions "
            "wrote it; run it again, or show its folder by --data-dir"
        )
    if "report" in found:
        return _of_backtest(as_written(_Backtest, found, where))
    if "run" in found:
        return _of_paper(as_written(_Paper, found, where))
    return _of_report(as_written(_Trading, found, where))


def _of_report(trading: _Trading) -> FinishedRun:
    return FinishedRun(
        command="report",
        trading=_report(trading),
        open_at_end=trading.open,
        run=None,
        entries=(),
        alerts=(),
        rooms={},
        audit=None,
        ledger=None,
    )


def _of_paper(paper: _Paper) -> FinishedRun:
    daily = [
        AccountPoint(each.at, float(each.equity_eth), float(each.equity_usd / each.equity_eth))
        for each in paper.equity
        if each.equity_eth > 0
    ]
    run = paper.run
    return FinishedRun(
        command="paper",
        trading=None if paper.trading is None else _report(paper.trading, daily),
        open_at_end=() if paper.trading is None else paper.trading.open,
        run=RunSaid(
            run.began,
            run.ended,
            (("market", run.market), ("version", run.version), ("ended by", run.ended_by)),
        ),
        entries=_entries(paper.cycles),
        alerts=tuple(
            AlertRow(
                alert_id=each.id,
                severity=each.severity,
                code=each.code,
                text=each.text,
                cause=each.cause,
                at=each.at,
            )
            for each in paper.alerts
        ),
        rooms=paper.actors,
        audit=paper.audit,
        ledger=paper.account.end,
    )


def _of_backtest(made: _Backtest) -> FinishedRun:
    facts = [
        ("market", made.run.market),
        ("road", made.run.road),
        ("ended by", "its end" if made.run.whole else "a person, before its end"),
        ("strategy", made.run.strategy_hash),
    ]
    if made.run.changes:
        facts.append(("changed", ", ".join(made.run.changes)))
    return FinishedRun(
        command="backtest",
        trading=_report(made.report),
        open_at_end=made.report.open,
        run=RunSaid(made.run.began, made.run.ended, tuple(facts)),
        entries=_entries(made.cycles),
        alerts=(),
        rooms={},
        audit=None,
        ledger=None,
        entries_blocked=made.entries_blocked_at_end,
    )


def _entries(cycles: Sequence[_Cycle]) -> tuple[CycleRow, ...]:
    return tuple(
        CycleRow(
            cycle_id=CycleId(each.id),
            job=each.kind,
            slot=each.slot,
            opened_at=each.slot,
            outcome=each.outcome,
            reasons=each.reasons,
        )
        for each in cycles
        if each.kind is Job.ENTRY
    )


def _report(found: _Trading, daily: Sequence[AccountPoint] = ()) -> TradingReport:
    """The report as it was made; the account by the day, where the venue's ledger told it."""
    trades = tuple(
        ClosedTrade(
            position_id=PositionId(each.id),
            exit_rule=None if each.exit_rule == "unknown" else each.exit_rule,
            **each.model_dump(exclude={"id", "exit_rule"}),
        )
        for each in found.trades
    )
    return TradingReport(
        performance=performance(trades, found.began, found.ended, [each.entered_at for each in found.open]),
        trades=trades,
        open_trades=(),
        marks=None,
        marks_problem=found.marks_problem,
        account=tuple(daily)
        or tuple(AccountPoint(each.at, each.equity_eth, each.index_usd) for each in found.account),
        entries=found.entry_cycles,
        refusals=tuple(Refusal(**each.model_dump()) for each in found.refusals),
        breaches=(),
    )
