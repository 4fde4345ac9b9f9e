"""Engines as `status` finds them, each in a state of its own; the times and figures are made up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from core.contract import Router
from core.messages.alerting import Severity
from core.messages.arm_cause import ArmCause
from core.messages.engine_status import CellView, EngineIdentity, EngineStatus, HeartbeatStatus
from core.messages.room_status import (
    AccountSeen,
    AlertingStatus,
    AlertRow,
    AuditHead,
    AuditStatus,
    DecisionStatus,
    ExecutionStatus,
    HealthStatus,
    LegMark,
    Marks,
    RecoveryReport,
    RouterHealth,
)
from core.orders.books import Job, Position
from core.strategy import Strategy
from core.values import PositionId, Side, SpreadKind
from tests.fakes.clear_switch import CLEAR
from tests.fakes.open_position import NOW, POSITION
from tests.fakes.trading import leg, plan

ACTORS = (
    ("", ("alerting", "kill_switch")),
    ("books/", ("state", "audit", "mcp.orders", "execution")),
    ("feeds/", (*(f"mcp.{router}" for router in Router), "market_data")),
    ("desk/", ("decision", "health", "control", "scheduler")),
    ("watch/", ("heartbeat",)),
)
LATER = NOW + timedelta(days=2)
PUT = POSITION.model_copy(update={"position_id": PositionId("p-entry-20260105T140000Z")})


def _condor() -> Position:
    """The put spread with a call spread at 3400/3600 beside it."""
    puts = plan(2)
    calls = (leg("ETH-16JAN26-3400-C", Side.SELL), leg("ETH-16JAN26-3600-C", Side.BUY))
    facts = tuple(
        each.model_copy(update={"instrument_name": call.instrument_name})
        for each, call in zip(puts.leg_facts, calls, strict=True)
    )
    both = {
        "kind": SpreadKind.IRON_CONDOR,
        "legs": (*puts.legs, *calls),
        "leg_facts": (*puts.leg_facts, *facts),
        "breakeven_high_usd": 3430.0,
    }
    return PUT.model_copy(
        update={
            "kind": SpreadKind.IRON_CONDOR,
            "plan": puts.model_copy(update=both),
            "credit_eth": Decimal("0.0392"),
            "pnl_eth": Decimal("0.0368"),
            "pnl_usd": Decimal("110.4"),
        }
    )


CONDOR = _condor()


def mark(name: str, bid: str, ask: str, delta: float) -> LegMark:
    return LegMark(
        instrument_name=name,
        bid_eth=Decimal(bid),
        ask_eth=Decimal(ask),
        mark_eth=(Decimal(bid) + Decimal(ask)) / 2,
        mark_iv_pct=58.0,
        forward_usd=3054.0,
        delta=delta,
        at=LATER,
    )


MARKS = Marks(
    as_of=LATER,
    spot_usd=3048.52,
    dvol=61.4,
    funding_frac=0.08,
    legs=(
        mark("ETH-16JAN26-2600-P", "0.0020", "0.0024", -0.05),
        mark("ETH-16JAN26-2800-P", "0.0070", "0.0078", -0.16),
        mark("ETH-16JAN26-3400-C", "0.0060", "0.0068", 0.15),
        mark("ETH-16JAN26-3600-C", "0.0022", "0.0026", 0.06),
    ),
    last_snapshot_at=LATER,
    stale_reason=None,
    fetches_under_way=0,
    failures=0,
    last_failure=None,
    failed_routers=(),
    spot_4h_ago_usd=3061.0,
    account=AccountSeen(
        at=LATER,
        equity_eth=Decimal("10.30214000"),
        balance_eth=Decimal("10.31300000"),
        initial_margin_eth=Decimal("0.24480000"),
        maintenance_margin_eth=Decimal("0.16480000"),
    ),
)


def _cells() -> Iterator[CellView]:
    for supervisor, names in ACTORS:
        for name in names:
            yield CellView(
                name=name,
                path=f"root/{supervisor}{name}",
                state="up",
                restarts=0,
                epoch=1,
                mailbox_depth=0,
                overflowed=0,
                busy_with=None,
                busy_for_s=0.0,
                last_error=None,
            )


def _health() -> HealthStatus:
    routers = tuple(
        RouterHealth(
            router=router,
            ok=True,
            maintenance=False,
            version="2.1",
            environment="testnet",
            error=None,
            latency_s=0.1,
            at=LATER,
            failures_in_a_row=0,
        )
        for router in Router
    )
    return HealthStatus(
        booted=True,
        routers=routers,
        venue=None,
        disk_free_bytes=77 * 2**30,
        disk_low=False,
        last_backup_at=LATER - timedelta(minutes=4),
        last_backup_error=None,
    )


def _alerts() -> AlertingStatus:
    entered = AlertRow(
        alert_id="a1",
        severity=Severity.MEDIUM,
        code="cycle_entered",
        text="entry of 2026-01-05 14:00Z: 2 contracts of 2800/2600P at +0.0100 ETH each",
        cause="entry-20260105T140000Z",
        at=NOW,
        delivered_at=NOW,
    )
    head = entered.model_copy(
        update={
            "alert_id": "a2",
            "severity": Severity.LOW,
            "code": "audit_head",
            "text": "audit head 98:7301c83f2eaae83ff4b0",
            "at": LATER - timedelta(hours=2),
        }
    )
    return AlertingStatus(channels=(), unrecorded=0, last_error=None, recent=(entered, head))


def state(**changes: object) -> EngineStatus:
    """A healthy engine without a position, and what is to be different."""
    healthy = EngineStatus(
        at=LATER,
        identity=EngineIdentity(
            version="0.1.0",
            mode="strategy",
            strategy_name="cerbero-bite",
            strategy_hash="d62f9448ef0566cd63ed4fe3e83417d80eecc55f0f86c65a65acbc46127b1b08",
            overrides=(),
            started_at=NOW - timedelta(hours=1),
            pid=4711,
            strategy=Strategy(),
        ),
        cells=tuple(_cells()),
        dead_letters=0,
        kill_switch=CLEAR,
        execution=ExecutionStatus(
            recovering=False, resting=0, in_doubt=0, exits_under_way=0, last_error=None
        ),
        alerting=_alerts(),
        audit=AuditStatus(ok=True, records=98, head=AuditHead(seq=98, hash="7301c83f2eaae83ff4b0")),
        recovery=RecoveryReport(ok=True, at=NOW, attempts=1, differences=()),
        market=MARKS,
        decision=DecisionStatus(
            recovered=True, under_way=None, waiting=(), recent=(), monitor_failures_in_a_row=0
        ),
        health=_health(),
        positions=(),
        orders=(),
        next_runs={
            Job.HEALTH: LATER + timedelta(minutes=1),
            Job.MARKET_SNAPSHOT: LATER + timedelta(minutes=11),
            Job.BACKUP: LATER + timedelta(minutes=56),
            Job.MONITOR: LATER.replace(hour=0, minute=0) + timedelta(days=1),
            Job.SETTLEMENT: LATER.replace(hour=8, minute=10) + timedelta(days=1),
            Job.ENTRY: NOW.replace(minute=0) + timedelta(days=7),
        },
        unavailable={},
        heartbeat=HeartbeatStatus(at=LATER, well=True, calls=True, problem=None),
    )
    return healthy.model_copy(update=changes)


def _armed() -> EngineStatus:
    armed = {
        "armed": True,
        "causes": (ArmCause.OPERATOR,),
        "reason": "looking at a strange fill",
        "who": "anna",
        "since": LATER - timedelta(minutes=3),
    }
    return state(positions=(PUT,), kill_switch=CLEAR.model_copy(update=armed))


def _parked() -> EngineStatus:
    ill = {"state": "parked", "restarts": 6, "last_error": "TransportError: refused the connection"}
    cells = tuple(cell.model_copy(update=ill) if cell.name == "mcp.macro" else cell for cell in _cells())
    suspended = {"suspensions": {"feed": "mcp.macro is parked"}}
    return state(positions=(PUT,), cells=cells, kill_switch=CLEAR.model_copy(update=suspended))


def _damaged() -> EngineStatus:
    armed = {
        "armed": True,
        "causes": (ArmCause.DATABASE,),
        "reason": "cerbero.db is corrupt: database disk image is malformed",
        "who": "state",
        "since": LATER,
        "exits_blocked": True,
    }
    unavailable = {"state": "it refuses: books_corrupt"}
    return state(kill_switch=CLEAR.model_copy(update=armed), unavailable=unavailable, next_runs={})


STATES = {
    "empty": state(),
    "put-spread": state(positions=(PUT,)),
    "condor": state(positions=(CONDOR,)),
    "armed": _armed(),
    "suspended": state(kill_switch=CLEAR.model_copy(update={"suspensions": {"clock": "it was set by 41 s"}})),
    "feed-parked": _parked(),
    "books-damaged": _damaged(),
}
