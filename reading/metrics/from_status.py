"""What the engine's own status says in figures. A part without an answer leaves its figures unknown."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from decimal import Decimal
from typing import Final

from core.messages.engine_status import EngineStatus
from core.messages.room_status import AccountSeen, KillSwitchStatus, Marks
from core.rules.entry.protections import DRAWDOWN, LOSS, REST, STREAK
from core.rules.exit.margin import margin_use
from core.rules.facts import HeldAccount
from core.status.position_view import PositionView
from core.status.verdict import UP as CELL_UP
from core.status.verdict import entry_blocked, position_views, verdict
from reading.metrics import table
from reading.metrics.labels import ActorLabel, Protection, SuspendedBy
from reading.metrics.series import Figures, Series

PROTECTIONS: Final[dict[str, tuple[Protection, Series | None, Series | None]]] = {
    DRAWDOWN: (Protection.DRAWDOWN, table.DRAWDOWN, table.DRAWDOWN_MAX),
    LOSS: (Protection.LOSS, table.LOSS, table.LOSS_MAX),
    STREAK: (Protection.LOSING_TRADES, table.STREAK, table.STREAK_MAX),
    REST: (Protection.REST_AFTER_STOP, None, None),
}
"""The check of each protection, with its figure and its bound."""


def put_status(figures: Figures, status: EngineStatus) -> None:
    """Everything that the status says."""
    figures.mark(table.VERDICT, (verdict(status).level,))
    figures.mark(table.ENVIRONMENT, (status.identity.environment,))
    figures.put(table.STRATEGY_ENABLED, status.identity.mode.startswith("strategy"))
    figures.put(table.UPTIME, _seconds(status.at, status.identity.started_at))
    figures.put(table.ENTRIES_BLOCKED, bool(entry_blocked(status)))
    figures.put(table.DEAD_LETTERS, status.dead_letters)
    figures.put(table.UNAVAILABLE, len(status.unavailable))
    if status.recovery is not None:
        figures.put(table.RECONCILED, status.recovery.ok)
    if "state" not in status.unavailable:
        _put_positions(figures, status, position_views(status))
    for job, due_at in status.next_runs.items():
        figures.put(table.DUE_IN, (due_at - status.at).total_seconds(), job)
    if status.kill_switch is not None:
        _put_switch(figures, status.kill_switch)
    if status.market is not None:
        _put_market(figures, status.market, status.at)
    _put_cells(figures, status)
    _put_decision(figures, status)
    _put_alerting(figures, status)
    _put_health(figures, status)
    if status.audit is not None:
        figures.put(table.AUDIT_OK, status.audit.ok)


def _put_switch(figures: Figures, switch: KillSwitchStatus) -> None:
    figures.put(table.ARMED, switch.armed)
    figures.mark(table.ARM_CAUSE, switch.causes if switch.armed else ())
    figures.put(table.EXITS_BLOCKED, switch.exits_blocked)
    suspended = Counter(SuspendedBy.of(source) for source in switch.suspensions)
    figures.put_all(table.SUSPENDED, suspended.items())
    figures.mark(table.LATCHED, (latch.source for latch in switch.latches if latch.latched))
    figures.put(table.PERMITS, switch.permits_granted)
    figures.put(table.VETOES, switch.vetoes)


def _put_positions(figures: Figures, status: EngineStatus, views: tuple[PositionView, ...]) -> None:
    """Sums over the live positions. A P&L of which a part is not known is not known."""
    figures.put(table.CONTRACTS, sum(view.position.contracts for view in views))
    figures.put(table.WORST_LOSS, sum(view.worst_loss_usd for view in views))
    figures.put(table.EXITS_DUE, sum(view.due is not None for view in views))
    held = [view for view in views if view.position.contracts]
    figures.put(table.MARKED_ETH, _sum([view.pnl_eth for view in held]))
    figures.put(table.MARKED_USD, _sum([view.pnl_usd for view in held]))
    distances = [view.short_distance_frac for view in held if view.short_distance_frac is not None]
    figures.put(table.STRIKE_DISTANCE, min(distances, default=None))
    expiries = [_seconds(view.position.plan.expiration, status.at) for view in held]
    figures.put(table.EXPIRY, min(expiries, default=None))


def _put_market(figures: Figures, market: Marks, at: datetime) -> None:
    figures.put(table.SPOT, market.spot_usd)
    figures.put(table.DVOL, market.dvol)
    figures.put(table.MARKET_AGE, None if market.as_of is None else _seconds(at, market.as_of))
    seen_at = market.last_snapshot_at
    figures.put(table.SNAPSHOT_AGE, None if seen_at is None else _seconds(at, seen_at))
    figures.put(table.MARKET_FAILURES, market.failures)
    figures.put(table.MARKET_STALE, market.stale_reason is not None)
    if market.account is not None:
        _put_account(figures, market.account, at)


def _put_account(figures: Figures, account: AccountSeen, at: datetime) -> None:
    figures.put(table.EQUITY, float(account.equity_eth))
    figures.put(table.BALANCE, float(account.balance_eth))
    figures.put(table.INITIAL_MARGIN, float(account.initial_margin_eth))
    figures.put(table.MAINTENANCE_MARGIN, float(account.maintenance_margin_eth))
    figures.put(table.ACCOUNT_AGE, _seconds(at, account.at))
    held = HeldAccount(
        venue_equity_eth=float(account.equity_eth),
        maintenance_margin_eth=float(account.maintenance_margin_eth),
        equity_usd=None,
        eur_usd=None,
    )
    figures.put(table.MARGIN_USE, margin_use(held))


def _put_cells(figures: Figures, status: EngineStatus) -> None:
    """Each actor; of several that share a label's value the worst state, the sum of what is counted."""
    for actor in ActorLabel:
        cells = [cell for cell in status.cells if ActorLabel.of(cell.name) is actor]
        if cells:
            figures.put(table.ACTOR_UP, all(cell.state == CELL_UP for cell in cells), actor)
            figures.put(table.RESTARTS, sum(cell.restarts for cell in cells), actor)
            figures.put(table.MAILBOX, sum(cell.mailbox_depth for cell in cells), actor)
            figures.put(table.BUSY, max(cell.busy_for_s for cell in cells), actor)


def _put_decision(figures: Figures, status: EngineStatus) -> None:
    if status.decision is None:
        return
    figures.put(table.MONITOR_FAILURES, status.decision.monitor_failures_in_a_row)
    results = status.decision.results
    for check in () if results is None else results.protections.checks:
        if check.code in PROTECTIONS:
            protection, figure, bound = PROTECTIONS[check.code]
            figures.put(table.BREACHED, not check.passed, protection)
            if figure is not None and bound is not None:
                figures.put(figure, _number(check.value))
                figures.put(bound, _number(check.threshold))


def _put_alerting(figures: Figures, status: EngineStatus) -> None:
    alerting = status.alerting
    if alerting is not None:
        figures.put(table.ALERTS_UNRECORDED, alerting.unrecorded)
        failing = sum(
            each.failing_since is not None or bool(each.queued and each.last_error)
            for each in alerting.channels
        )
        figures.put(table.CHANNELS_FAILING, failing)


def _put_health(figures: Figures, status: EngineStatus) -> None:
    health = status.health
    if health is None:
        return
    for router in health.routers:
        figures.put(table.ROUTER_UP, router.ok, router.router)
        figures.put(table.ROUTER_FAILURES, router.failures_in_a_row, router.router)
        figures.put(table.ROUTER_LATENCY, router.latency_s, router.router)
    if health.venue is not None:
        figures.put(table.CLOCK_OFFSET, health.venue.clock_offset_s)
    figures.put(table.DISK_LOW, health.disk_low)
    backup_at = health.last_backup_at
    figures.put(table.BACKUP_AGE, None if backup_at is None else _seconds(status.at, backup_at))
    figures.put(table.BACKUP_FAILED, health.last_backup_error is not None)


def _sum(amounts: list[Decimal | None]) -> float | None:
    known = [amount for amount in amounts if amount is not None]
    return float(sum(known, Decimal(0))) if len(known) == len(amounts) else None


def _number(value: str | float | bool | None) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _seconds(later: datetime, earlier: datetime) -> float:
    return (later - earlier).total_seconds()
