"""A finished run, read back from the JSON of `report --json`, `paper --json` or `backtest --json`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from core.errors import InputError
from core.messages.alerting import Severity
from core.messages.room_status import AlertRow
from core.orders.books import CycleOutcome, CycleRow, Job
from core.orders.exit_rule import ExitRule
from core.schema_words import wrong_by
from core.statistics.account import AccountPoint
from core.statistics.booked import Refusal
from core.statistics.performance import performance
from core.statistics.trades import ClosedTrade
from core.values import CycleId, PositionId, SpreadKind
from reading.result_file import read_result
from reading.trading import TradingReport

BYTES_MAX: Final = 256 * 2**20


class _Read(BaseModel):
    """Keys that are not needed here are passed over: a later version may write more of them."""

    model_config = ConfigDict(frozen=True)


class _Trade(_Read):
    id: str
    kind: SpreadKind
    exit_rule: ExitRule | Literal["unknown"]
    contracts: int
    entered_at: datetime
    closed_at: datetime
    mid_credit_eth: Decimal
    credit_eth: Decimal
    fees_eth: Decimal
    crossing_in_eth: Decimal
    crossing_out_eth: Decimal | None
    pnl_eth: Decimal
    pnl_usd: Decimal
    worst_loss_usd: float


class OpenAtEnd(_Read):
    """A position that was open at the end, and what it would have brought at the last marks."""

    id: str
    entered_at: datetime
    pnl_eth: Decimal | None
    pnl_usd: Decimal | None


class _Point(_Read):
    at: datetime
    equity_eth: float
    index_usd: float


class _Refused(_Read):
    month: str
    rule: str
    reason: str
    times: int


class _Trading(_Read):
    began: datetime
    ended: datetime
    trades: tuple[_Trade, ...]
    open: tuple[OpenAtEnd, ...]
    marks_problem: str | None
    account: tuple[_Point, ...]
    entry_cycles: dict[str, int]
    refusals: tuple[_Refused, ...]


class _PaperRun(_Read):
    began: datetime
    ended: datetime
    ended_by: str
    market: str
    version: str


class _BacktestRun(_Read):
    began: datetime
    ended: datetime
    whole: bool
    market: str
    road: str
    strategy_hash: str
    changes: tuple[str, ...]


class _Cycle(_Read):
    id: str
    kind: Job
    slot: datetime
    outcome: CycleOutcome | None
    reasons: tuple[str, ...]


class _Equity(_Read):
    at: datetime
    equity_eth: Decimal
    equity_usd: Decimal


class _Alert(_Read):
    id: str
    severity: Severity
    code: str
    text: str
    cause: str
    at: datetime


class RoomAtEnd(_Read):
    state: str
    restarts: int
    last_error: str | None


class AuditAtEnd(_Read):
    records: int
    head: str
    ok: bool
    problem: str | None


class LedgerAtEnd(_Read):
    """The account by the venue's own ledger."""

    at: datetime
    balance_eth: Decimal
    equity_eth: Decimal
    equity_usd: Decimal


class _Account(_Read):
    start: LedgerAtEnd
    end: LedgerAtEnd


class _Paper(_Read):
    run: _PaperRun
    trading: _Trading | None
    cycles: tuple[_Cycle, ...]
    equity: tuple[_Equity, ...]
    alerts: tuple[_Alert, ...]
    actors: dict[str, RoomAtEnd]
    audit: AuditAtEnd
    account: _Account


class _Backtest(_Read):
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


def read_run(file: Path, named: str = "--report") -> FinishedRun:
    """The run. Raises InputError that names the key if the file is not what one of the commands wrote."""
    found = read_result(file, named, BYTES_MAX)
    if isinstance(found, dict) and isinstance(found.get("runs"), list):
        raise InputError(
            f"{named} {file}: runs: expected one run, found {len(found['runs'])}, one of each seed; "
            "write one alone: run.py backtest --model --seed 1 --json FILE"
        )
    if not isinstance(found, dict) or not ({"run", "trades"} & found.keys()):
        raise InputError(
            f"{named} {file}: expected what --json of `run.py paper`, `run.py backtest` or `run.py report` "
            "wrote, found something else"
        )
    if "run" in found and not ({"trading", "report"} & found.keys()):
        raise InputError(
            f"{named} {file}: trading: expected the report of its trades, found none, as older versions "
            "wrote it; run it again, or show its folder by --data-dir"
        )
    try:
        if "report" in found:
            return _of_backtest(found)
        return _of_paper(found) if "run" in found else _of_report(found)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(map(str, first["loc"]))
        raise InputError(f"{named} {file}: {key}: {wrong_by(first)}") from None


def _of_report(found: object) -> FinishedRun:
    trading = TypeAdapter(_Trading).validate_json(json.dumps(found))
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


def _of_paper(found: object) -> FinishedRun:
    paper = TypeAdapter(_Paper).validate_json(json.dumps(found))
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


def _of_backtest(found: object) -> FinishedRun:
    made = TypeAdapter(_Backtest).validate_json(json.dumps(found))
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
