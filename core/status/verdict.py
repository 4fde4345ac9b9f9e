"""The first line of every status: does a person have to do anything, and why.

One pure function from the facts. A finding is a whole sentence for a tired person, with the command to type.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from core.contract.base import Router
from core.how_many import how_many
from core.messages.engine_status import REFUSES, EngineStatus
from core.messages.restart import RESTARTED
from core.messages.room_status import HEAD_UNKNOWN, ChannelStatus, KillSwitchStatus, RouterHealth
from core.orders.books import CycleOutcome, Job
from core.orders.lifecycle import OrderState, PositionState
from core.rules.entry.blocked import check_blocked
from core.rules.facts import EngineFacts
from core.rules.window import window_end
from core.status.finding import BY_A_PERSON, DAMAGED, Finding, Verdict, act, look, placed, verdict_of
from core.status.position_view import PositionView, position_view
from core.status.suspensions import suspension_text

OVERDUE: Final = timedelta(minutes=10)
"""A cycle is told when it is due, and its next run is then in the books within seconds."""
DEAD_AFTER: Final = timedelta(minutes=10)
"""A channel that fails for so long is dead. That is a problem of the health check, although no restart mends
it: the heartbeat then stops, and whoever watches it learns by another way what this channel can't tell."""
PROBES_ACT: Final = 3
"""So many failed probes of the venue in a row, with a position open, need a person."""
FEEDS: Final = "root/feeds/"
WATCH: Final = "root/watch/"
"""What looks at the engine from beside it; trading does not need it."""
BEAT_LATE: Final = timedelta(minutes=5)
"""The heartbeat beats every minute; after so many looks without a beat the watchdog alerts."""
UP, PARKED, STOPPED = "up", "parked", "stopped"
VITAL: Final = frozenset({"state", "audit", "kill_switch", "execution"})
"""Rooms without which nothing can be traded, closed or trusted."""


def verdict(status: EngineStatus) -> Verdict:
    """What a running engine's status says."""
    return verdict_of(
        placed(
            status.identity.folder,
            *_rooms(status),
            *_records(status),
            *_switch(status),
            *_cycles(status),
            *_venue(status),
            *_exits_due(status),
            *_keeping(status),
            *_telling(status),
        ),
        _all_is_well(status),
    )


def position_views(status: EngineStatus) -> tuple[PositionView, ...]:
    """Every live position as `status`, the live view and the channels show it."""
    exits = status.identity.strategy.exits
    return tuple(position_view(position, status.market, exits, status.at) for position in status.positions)


def entry_blocked(status: EngineStatus) -> tuple[str, ...]:
    """Why no entry would be made now, each as a sentence; empty if an entry would be decided.

    What is unknown blocks: an engine that does not say whether it is armed sells nothing either.
    """
    switch = status.kill_switch
    if switch is None:
        return ("the kill switch does not answer",)
    reasons = _reasons_of_rule_1(status, switch)
    if status.health is not None and not status.health.booted:
        reasons = ("the engine has not finished its start", *reasons)
    elif status.execution is not None and status.execution.recovering:
        reasons = ("books and venue are still being compared", *reasons)
    window = window_end(status.at)
    if window is not None:
        reasons = (*reasons, f"the venue's settlement and maintenance, until {window:%H:%M}Z")
    return reasons


def _all_is_well(status: EngineStatus) -> str:
    """Why there is nothing to do: what is open, and when it is looked at, or when the next entry may be."""
    filled = sum(position.contracts > 0 for position in status.positions)
    held = how_many(filled, "position") if filled else "no position"
    placing = len(status.positions) > filled
    job = Job.MONITOR if status.positions else Job.ENTRY
    at = status.next_runs.get(job)
    following = "" if at is None else f", next {job} {at:%a %H:%M}Z"
    if placing:
        held = f"an entry is being placed, {held}"
    return f"nothing needs you: {held} open{', no exit due' if filled else ''}{following}"


def _reasons_of_rule_1(status: EngineStatus, switch: KillSwitchStatus) -> tuple[str, ...]:
    suspended = ", ".join((*sorted(switch.suspensions), *(latch.source for latch in switch.latches)))
    facts = EngineFacts(
        strategy_enabled=status.identity.mode.startswith("strategy"),
        armed=switch.armed,
        suspended_reasons=(suspended,) if suspended else (),
        open_positions=len(status.positions),
        orders_in_doubt=sum(order.state is OrderState.UNKNOWN for order in status.orders),
        risk_open_usd=0.0,
    )
    checks = check_blocked(facts, status.identity.strategy).checks
    return tuple(check.said for check in checks if not check.passed)


def _rooms(status: EngineStatus) -> Iterator[Finding]:
    for cell in status.cells:
        if cell.state == UP:
            continue
        error = f": {cell.last_error}" if cell.last_error else ""
        if cell.path.startswith(FEEDS) and cell.state == PARKED:
            needed = cell.name in ("mcp.deribit", "market_data") and status.positions
            text = f"the feed {cell.name} is parked{error}; it is tried again every ten minutes: run.py ping"
            yield (act if needed else look)("feed_parked", text)
        elif cell.path.startswith(WATCH) and cell.name == "phone":
            text = f"{cell.name} is {cell.state}{error}: commands from the chat are not read"
            yield look("phone_down", f"{text}; trading goes on: run.py logs")
        elif cell.path.startswith(WATCH):
            text = f"{cell.name} is {cell.state}{error}: who watches from outside sees no sign of life"
            yield look("heartbeat_down", f"{text}; trading goes on: run.py logs")
        elif cell.state in (PARKED, STOPPED):
            yield act("actor_down", f"the actor {cell.name} is {cell.state}{error}: {_restart(cell.name)}")
        else:
            text = f"the actor {cell.name} is not up ({cell.state}){error}"
            yield look("actor_starting", f"{text}; it is started again by itself: run.py logs")
    for room, why in status.unavailable.items():
        if room == "state" and any(cell.name == room and cell.state == UP for cell in status.cells):
            yield act("books_damaged", f"the books can't be read ({why.removeprefix(REFUSES)}): {DAMAGED}")
            continue
        level = act if room in VITAL else look
        yield level(
            "no_answer", f"{room} does not answer ({why}): docs/runbook.md, 'The engine does not answer'"
        )


def _records(status: EngineStatus) -> Iterator[Finding]:
    """What is wrong with log, books and venue, except what only follows from books that can't be read."""
    audit, recovery = status.audit, status.recovery
    damage = status.unavailable.get("state", "").removeprefix(REFUSES)
    if damage and audit is not None and audit.problem == f"{HEAD_UNKNOWN}{damage}":
        audit = None
    if damage and recovery is not None and damage in (recovery.error or ""):
        recovery = None
    if audit is not None and not audit.ok:
        yield act("audit_broken", f"the audit log is broken: {audit.problem}: run.py audit verify")
    if recovery is not None and not recovery.ok:
        why = recovery.error or "they differ"
        text = f"books and venue are not reconciled after {how_many(recovery.attempts, 'attempt')}: {why}"
        yield act("recovery_failed", f"{text}: run.py audit tail --kind ALERT")
    elif status.execution is not None and status.execution.recovering:
        text = "books and venue are being compared; no order leaves until that is done, by itself"
        yield look("recovering", text)
    elif status.health is not None and not status.health.booted:
        yield look("starting", "the engine has not finished its start; it does so by itself: run.py logs")
    if status.execution is not None and status.execution.in_doubt:
        orders = how_many(status.execution.in_doubt, "order")
        yield look("in_doubt", f"the outcome of {orders} is unknown and being looked up: run.py state orders")


def _switch(status: EngineStatus) -> Iterator[Finding]:
    switch = status.kill_switch
    if switch is None:
        return
    if switch.armed:
        causes = ", ".join(cause.value for cause in switch.causes)
        exits = "no exit leaves either" if switch.exits_blocked else "exits go on"
        text = f"the kill switch is armed ({causes}: {switch.reason}), {exits}: run.py kill-switch status"
        stuck = switch.exits_blocked and bool(status.positions)
        yield (look if BY_A_PERSON.issuperset(switch.causes) and not stuck else act)("armed", text)
    told = {probe_of(router) for router in _unanswered(status)}
    for source, why in sorted(switch.suspensions.items()):
        if source not in told:
            yield look("suspended", suspension_text(source, why))
    for latch in switch.latches:
        text = (
            f'no entry until you resume them, by {latch.source}: {latch.reason}: run.py resume --reason "…"'
        )
        yield look("latched", text)


def _still_blocked(reasons: Sequence[str], status: EngineStatus) -> Sequence[str]:
    """The reasons of blocked exits without those of positions that are closed, or being closed, since.

    Without an answer of the books nothing is known of that, and all of them stand.
    """
    if "state" in status.unavailable:
        return reasons
    waiting = {str(each.position_id) for each in status.positions if each.state is not PositionState.CLOSING}
    blocked = {position for reason in reasons if (position := reason.partition("@")[2])}
    if blocked and blocked.isdisjoint(waiting):
        return ()
    over = tuple(f"{sign}{position}" for position in blocked - waiting for sign in ":@")
    return tuple(reason for reason in reasons if not reason.endswith(over))


def _cycles(status: EngineStatus) -> Iterator[Finding]:
    decision = status.decision
    failures = 0 if decision is None else decision.monitor_failures_in_a_row
    if failures and status.positions:
        times = how_many(failures, "time")
        text = f"the exits could not be decided {times} in a row: run.py state cycles"
        yield (act if failures > 1 else look)("monitor_failed", text)
    monitors = [] if decision is None else [ended for ended in decision.recent if ended.job is Job.MONITOR]
    if monitors and monitors[-1].outcome is CycleOutcome.EXIT_BLOCKED:
        reasons = _still_blocked(monitors[-1].reasons, status)
        if reasons:
            text = f"an exit is due and could not be sent ({', '.join(reasons)}): close it at the venue"
            yield act("exit_blocked", text)
    if status.health is None or not status.health.booted:
        return
    for job, due_at in sorted(status.next_runs.items()):
        if job.is_cycle and status.at - due_at > OVERDUE:
            text = f"{job} has been due since {due_at:%Y-%m-%d %H:%M}Z: the scheduler stands still"
            yield act("overdue", f"{text}: {_restart('scheduler')}")


def _unanswered(status: EngineStatus) -> list[RouterHealth]:
    """Routers that did not answer their last probe, outside a maintenance of the venue."""
    routers = () if status.health is None else status.health.routers
    return [router for router in routers if not router.ok and not router.maintenance]


def probe_of(router: RouterHealth) -> str:
    """The source by which a router that does not answer its probe suspends entries."""
    return f"probe:{router.router}"


def _venue(status: EngineStatus) -> Iterator[Finding]:
    failing = _unanswered(status)
    if failing:
        names = ", ".join(router.router for router in failing)
        verb = "has" if len(failing) == 1 else "have"
        times = how_many(max(router.failures_in_a_row for router in failing), "time")
        stuck = bool(status.positions) and any(
            router.router is Router.DERIBIT and router.failures_in_a_row >= PROBES_ACT for router in failing
        )
        text = f"{names} {verb} not answered {times} in a row ({failing[0].error})"
        suspended = {} if status.kill_switch is None else status.kill_switch.suspensions
        waits = any(probe_of(router) in suspended for router in failing)
        until = "; no entry leaves before each answers its probe" if waits else ""
        yield (act if stuck else look)("no_venue", f"{text}{until}: run.py ping")
    market = status.market
    if market is not None and market.stale_reason is not None:
        yield look("stale", f"the market was not read whole: {market.stale_reason}: run.py ping")


def _exits_due(status: EngineStatus) -> Iterator[Finding]:
    monitor = status.next_runs.get(Job.MONITOR)
    when = "" if monitor is None else f" at {monitor:%H:%M}Z"
    for view in position_views(status):
        if view.due is not None:
            text = f"at the last marks the exit rule {view.due} would close {view.position.position_id}"
            yield look("exit_due", f"{text}; it is decided at the next monitor{when}")


def _keeping(status: EngineStatus) -> Iterator[Finding]:
    if status.phone is not None and status.phone.problem is not None:
        yield look("phone", f"commands from the phone do not arrive ({status.phone.problem}): run.py ping")
    health, alerting = status.health, status.alerting
    if health is not None and health.disk_low and not _suspended_by(status, "disk"):
        yield look("disk_low", "the disk is nearly full: free some space: docs/runbook.md, 'Disk'")
    if health is not None and health.last_backup_error is not None:
        again = 'run.py inject BackupNow --reason "…"'
        yield look("backup_failed", f"the last backup failed: {health.last_backup_error}: {again}")
    if alerting is not None and alerting.unrecorded:
        alerts = f"{how_many(alerting.unrecorded, 'alert')} {'is' if alerting.unrecorded == 1 else 'are'}"
        yield look("alerts_unrecorded", f"{alerts} not in the books: run.py logs")


def _telling(status: EngineStatus) -> Iterator[Finding]:
    """Whether alerts and heartbeat reach anybody."""
    channels = () if status.alerting is None else status.alerting.channels
    failing = [channel for channel in channels if channel.failing_since is not None]
    dead = [one for one in failing if is_dead(one, status.at)]
    unheard = bool(status.positions) and len(dead) == len(channels)
    for channel in failing:
        waiting = f"{how_many(channel.queued, 'alert')} {'waits' if channel.queued == 1 else 'wait'}"
        since = f"since {channel.failing_since:%Y-%m-%d %H:%M}Z{f', {waiting}' if channel.queued else ''}"
        text = f"{since}: {channel.last_error}: run.py alert test"
        if channel in dead:
            yield (act if unheard else look)("channel_dead", f"{channel.channel} is dead {text}")
        else:
            yield look("alerts_wait", f"{channel.channel} takes no alert {text}")
    for channel in channels:
        if channel.parked:
            named = ", ".join(channel.parked)
            text = f"{channel.channel} refused for good: {named}; the words are in log/: run.py logs"
            yield look("alerts_refused", text)
    beat = status.heartbeat
    if beat is not None and status.at - beat.at > BEAT_LATE:
        yield look("heartbeat_late", f"the heartbeat has stood still since {beat.at:%H:%M}Z: run.py logs")
    elif beat is not None and beat.problem is not None:
        yield look("heartbeat_unheard", f"the heartbeat is not heard: {beat.problem}: run.py logs")


def _suspended_by(status: EngineStatus, source: str) -> bool:
    return status.kill_switch is not None and source in status.kill_switch.suspensions


def _restart(room: str) -> str:
    """How a person starts a room again: by itself if it may be, else with the engine."""
    if room in RESTARTED:
        return f'run.py inject RestartActor --actor {room} --reason "…"'
    return "run.py logs says why; then run.py stop and run.py start"


def is_dead(channel: ChannelStatus, at: datetime) -> bool:
    """Whether the channel has taken nothing for so long that it will not mend by itself."""
    return channel.failing_since is not None and at - channel.failing_since >= DEAD_AFTER
