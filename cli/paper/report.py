"""`out.json`: what a paper run did, for machines. Every key is documented in docs/report.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import JsonValue

from actors.audit.verify import VerifyReport
from actors.state.stored import StoredBooks
from core.messages.engine_status import EngineStatus
from core.orders.books import CycleOutcome
from gateway.paper.ledger import Ledger, LedgerEntry
from reading.json_forms import alert_json, cycle_json, money, order_json, trade_json, utc
from reading.trading import TradingReport
from reading.trading_forms import report_json


@dataclass(frozen=True)
class RunFacts:
    """The run itself. Times are market time, except `wall_s`."""

    began: datetime
    ended: datetime
    market: str
    version: str
    strategy_hash: str
    overrides: tuple[str, ...]
    faults: tuple[str, ...]
    holes: tuple[tuple[datetime, datetime], ...]
    """The spans of the record, from one snapshot to the next, that have no quotes."""
    ended_by: str
    wall_s: float


def report(
    *,
    run: RunFacts,
    books: StoredBooks,
    status: EngineStatus | None,
    ledger: Ledger,
    equity: Mapping[str, LedgerEntry],
    audit: VerifyReport,
    trading: TradingReport | None,
) -> dict[str, JsonValue]:
    """The whole document. Money is text. `trading` is None of a run without a cycle."""
    return {
        "run": {
            "began": utc(run.began),
            "ended": utc(run.ended),
            "ended_by": run.ended_by,
            "market": run.market,
            "version": run.version,
            "strategy_hash": run.strategy_hash,
            "overrides": list(run.overrides),
            "faults": list(run.faults),
            "wall_s": round(run.wall_s, 3),
        },
        "holes": [hole_json(hole) for hole in holes_met(run, books)],
        "cycles": [cycle_json(row) for row in books.cycles],
        "orders": [order_json(instruction, order) for instruction, order in books.orders],
        "trades": [trade_json(position) for position in books.trades],
        "equity": [{"day": day, **entry_json(entry)} for day, entry in sorted(equity.items())],
        "actors": {
            cell.name: {"state": cell.state, "restarts": cell.restarts, "last_error": cell.last_error}
            for cell in (status.cells if status is not None else ())
        },
        "alerts": [alert_json(row) for row in books.alerts],
        "kill_switch": _kill_switch_json(status),
        "audit": {
            "records": audit.records,
            "head": str(audit.head),
            "ok": audit.ok,
            "problem": audit.problem,
        },
        "trading": None if trading is None else report_json(trading),
        "account": {"start": entry_json(ledger.start), "end": entry_json(ledger.end)},
        "assumptions": dict(ledger.assumptions),
    }


@dataclass(frozen=True)
class HoleMet:
    """A hole of the record within the run, and what became of the cycles whose slots lie in it."""

    last: datetime
    following: datetime
    data_failed: int
    blocked: int

    @property
    def hours(self) -> float:
        return (self.following - self.last) / timedelta(hours=1)


def holes_met(run: RunFacts, books: StoredBooks) -> list[HoleMet]:
    """The holes that the run went through, in the order of their times."""
    return [
        HoleMet(
            last,
            following,
            *(
                sum(row.outcome is outcome and last < row.slot < following for row in books.cycles)
                for outcome in (CycleOutcome.DATA_FAILED, CycleOutcome.BLOCKED)
            ),
        )
        for last, following in run.holes
        if last < run.ended and run.began < following
    ]


def hole_json(hole: HoleMet) -> dict[str, JsonValue]:
    return {
        "last_snapshot": utc(hole.last),
        "next_snapshot": utc(hole.following),
        "hours": round(hole.hours, 2),
        "cycles_data_failed": hole.data_failed,
        "cycles_blocked": hole.blocked,
    }


def entry_json(entry: LedgerEntry) -> dict[str, JsonValue]:
    return {
        "at": utc(entry.at),
        "balance_eth": money(entry.balance_eth),
        "equity_eth": money(entry.equity_eth),
        "equity_usd": money(entry.equity_usd),
    }


def _kill_switch_json(status: EngineStatus | None) -> dict[str, JsonValue]:
    switch = None if status is None else status.kill_switch
    if switch is None:
        return {"armed": None, "reason": "the engine gave no status at its end"}
    return {
        "armed": switch.armed,
        "causes": [cause.value for cause in switch.causes],
        "reason": switch.reason,
        "since": utc(switch.since),
        "suspensions": dict(switch.suspensions),
        "permits_granted": switch.permits_granted,
        "vetoes": switch.vetoes,
    }
