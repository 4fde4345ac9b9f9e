"""The first line of every status: does a person have to do anything, and why.

One pure function from the facts. A finding is a whole sentence for a tired person, with the command to type.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from core.contract.base import Router
from core.messages.engine_status import REFUSES, EngineStatus
from core.messages.room_status import HEAD_UNKNOWN, ArmCause, ChannelStatus, KillSwitchStatus
from core.named_commands import typeable
from core.orders.books import CycleOutcome, Job
from core.orders.lifecycle import OrderState
from core.rules.entry.blocked import check_blocked
from core.rules.facts import EngineFacts
from core.status.position_view import PositionView, position_view
from core.values import Value

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
DAMAGED: Final = "docs/runbook.md, 'The books are damaged'"
BY_A_PERSON: Final = frozenset({ArmCause.OPERATOR, ArmCause.KILL_FILE})
VITAL: Final = frozenset({"state", "audit", "kill_switch", "execution"})
"""Rooms without which nothing can be traded, closed or trusted."""


class Urgency(StrEnum):
    """OK: nothing to do. LOOK: when there is time. ACT: now."""

    OK = "OK"
    LOOK = "LOOK"
    ACT = "ACT"

    @property
    def rank(self) -> int:
        return list(Urgency).index(self)


class Finding(Value):
    """One thing that a person should know; `code` is stable."""

    level: Urgency
    code: str
    text: str


class Verdict(Value):
    """The level is that of the gravest finding; `findings` has the gravest first, and one that says OK."""

    level: Urgency
    findings: tuple[Finding, ...]

    @property
    def text(self) -> str:
        """The gravest finding, and how many more there are."""
        more = len(self.findings) - 1
        return self.findings[0].text + (f" (and {more} more)" if more else "")


def verdict_of(findings: Iterable[Finding], otherwise: str) -> Verdict:
    """The verdict that these findings make; without any it is OK, and `otherwise` says why."""
    ordered = sorted(findings, key=lambda finding: -finding.level.rank)
    ordered = ordered or [Finding(level=Urgency.OK, code="ok", text=otherwise)]
    return Verdict(level=ordered[0].level, findings=tuple(ordered))


def verdict(status: EngineStatus) -> Verdict:
    """What a running engine's status says."""
    return verdict_of(
        _placed(
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


def verdict_without_engine(
    *,
    why: str,
    open_positions: int | None,
    armed_by: Collection[ArmCause] | None,
    damage: str | None,
    has_log: bool,
    data_dir: str,
) -> Verdict:
    """What a folder says whose engine does not answer.

    `open_positions` is None if it has no books, `armed_by` if its switch is not armed.
    """
    findings = []
    if open_positions is None and has_log and damage is None:
        text = f"the books (cerbero.db) are not there, and their log is: nobody knows what is open: {DAMAGED}"
        findings.append(_act("books_missing", text))
    if damage is not None:
        findings.append(_act("books_damaged", f"the books can't be read: {damage}: {DAMAGED}"))
    if open_positions:
        held = _count(open_positions, "position")
        text = f"{why}, and nobody watches {held} in its books: run.py start"
        findings.append(_act("engine_dead", text))
    else:
        look = f"{why}; no position is open there" if open_positions == 0 else why
        findings.append(_look("engine_dead", f"{look}: run.py start"))
    if armed_by is not None:
        causes = ", ".join(cause.value for cause in armed_by)
        text = f"the kill switch is armed there ({causes}): run.py kill-switch status"
        findings.append((_look if BY_A_PERSON.issuperset(armed_by) else _act)("armed", text))
    return verdict_of(_placed(data_dir, *findings), "")


def position_views(status: EngineStatus) -> tuple[PositionView, ...]:
    """Every live position as `status`, the live view and the channels show it."""
    exits = status.identity.strategy.exits
    return tuple(position_view(position, status.market, exits, status.at) for position in status.positions)


def entry_blocked(status: EngineStatus) -> tuple[str, ...]:
    """Why no entry would be made now, each as a sentence; empty if rule 1 lets one pass.

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
    return reasons


def _all_is_well(status: EngineStatus) -> str:
    """Why there is nothing to do: what is open, and when it is looked at, or when the next entry may be."""
    filled = sum(position.contracts > 0 for position in status.positions)
    held = _count(filled, "position") if filled else "no position"
    job = Job.MONITOR if status.positions else Job.ENTRY
    at = status.next_runs.get(job)
    following = "" if at is None else f", next {job} {at:%a %H:%M}Z"
    return f"nothing needs you: {held} open{', no exit due' if status.positions else ''}{following}"


def _reasons_of_rule_1(status: EngineStatus, switch: KillSwitchStatus) -> tuple[str, ...]:
    facts = EngineFacts(
        strategy_enabled=status.identity.mode.startswith("strategy"),
        armed=switch.armed,
        suspended_reasons=(*sorted(switch.suspensions), *(latch.source for latch in switch.latches)),
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
            yield (_act if needed else _look)("feed_parked", text)
        elif cell.path.startswith(WATCH) and cell.name == "phone":
            text = f"{cell.name} is {cell.state}{error}: commands from the chat are not read"
            yield _look("phone_down", f"{text}; trading goes on: look into log/")
        elif cell.path.startswith(WATCH):
            text = f"{cell.name} is {cell.state}{error}: who watches from outside sees no sign of life"
            yield _look("heartbeat_down", f"{text}; trading goes on: look into log/")
        elif cell.state in (PARKED, STOPPED):
            yield _act("actor_down", f"the actor {cell.name} is {cell.state}{error}: look into log/, restart")
        else:
            yield _look("actor_starting", f"the actor {cell.name} is not up ({cell.state}){error}")
    for room, why in status.unavailable.items():
        if room == "state" and any(cell.name == room and cell.state == UP for cell in status.cells):
            yield _act("books_damaged", f"the books can't be read ({why}): {DAMAGED}")
            continue
        level = _act if room in VITAL else _look
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
        yield _act("audit_broken", f"the audit log is broken: {audit.problem}: run.py audit verify")
    if recovery is not None and not recovery.ok:
        why = recovery.error or "they differ"
        text = f"books and venue are not reconciled after {_count(recovery.attempts, 'attempt')}: {why}"
        yield _act("recovery_failed", f"{text}: run.py audit tail --kind ALERT")
    elif status.execution is not None and status.execution.recovering:
        yield _look("recovering", "books and venue are being compared; no order leaves until that is done")
    elif status.health is not None and not status.health.booted:
        yield _look("starting", "the engine has not finished its start")
    if status.execution is not None and status.execution.in_doubt:
        orders = _count(status.execution.in_doubt, "order")
        yield _look(
            "in_doubt", f"the outcome of {orders} is unknown and being looked up: run.py state orders"
        )


def _switch(status: EngineStatus) -> Iterator[Finding]:
    switch = status.kill_switch
    if switch is None:
        return
    if switch.armed:
        causes = ", ".join(cause.value for cause in switch.causes)
        exits = "no exit leaves either" if switch.exits_blocked else "exits go on"
        text = f"the kill switch is armed ({causes}: {switch.reason}), {exits}: run.py kill-switch status"
        stuck = switch.exits_blocked and bool(status.positions)
        yield (_look if BY_A_PERSON.issuperset(switch.causes) and not stuck else _act)("armed", text)
    for source, why in sorted(switch.suspensions.items()):
        yield _look("suspended", f"entries are suspended by {source}: {why}")
    for latch in switch.latches:
        text = (
            f'no entry until you resume them, by {latch.source}: {latch.reason}: run.py resume --reason "…"'
        )
        yield _look("latched", text)


def _cycles(status: EngineStatus) -> Iterator[Finding]:
    decision = status.decision
    failures = 0 if decision is None else decision.monitor_failures_in_a_row
    if failures and status.positions:
        times = _count(failures, "time")
        text = f"the exits could not be decided {times} in a row: run.py state cycles"
        yield (_act if failures > 1 else _look)("monitor_failed", text)
    monitors = [] if decision is None else [ended for ended in decision.recent if ended.job is Job.MONITOR]
    if monitors and monitors[-1].outcome is CycleOutcome.EXIT_BLOCKED:
        reasons = ", ".join(monitors[-1].reasons)
        yield _act("exit_blocked", f"an exit is due and could not be sent ({reasons}): close it at the venue")
    if status.health is None or not status.health.booted:
        return
    for job, due_at in sorted(status.next_runs.items()):
        if job.is_cycle and status.at - due_at > OVERDUE:
            text = f"{job} has been due since {due_at:%Y-%m-%d %H:%M}Z: the scheduler stands still; restart"
            yield _act("overdue", text)


def _venue(status: EngineStatus) -> Iterator[Finding]:
    for router in () if status.health is None else status.health.routers:
        if router.ok or router.maintenance:
            continue
        stuck = router.router is Router.DERIBIT and bool(status.positions)
        grave = stuck and router.failures_in_a_row >= PROBES_ACT
        times = _count(router.failures_in_a_row, "time")
        text = f"{router.router} has not answered {times} in a row ({router.error}): run.py ping"
        yield (_act if grave else _look)("no_venue", text)
    market = status.market
    if market is not None and market.stale_reason is not None:
        yield _look("stale", f"the market was not read whole: {market.stale_reason}")


def _exits_due(status: EngineStatus) -> Iterator[Finding]:
    monitor = status.next_runs.get(Job.MONITOR)
    when = "" if monitor is None else f" at {monitor:%H:%M}Z"
    for view in position_views(status):
        if view.due is not None:
            text = f"at the last marks the exit rule {view.due} would close {view.position.position_id}"
            yield _look("exit_due", f"{text}; it is decided at the next monitor{when}")


def _keeping(status: EngineStatus) -> Iterator[Finding]:
    if status.phone is not None and status.phone.problem is not None:
        yield _look("phone", f"commands from the phone do not arrive ({status.phone.problem}): run.py ping")
    health, alerting = status.health, status.alerting
    if health is not None and health.disk_low:
        yield _look("disk_low", "the disk is nearly full: free some space")
    if health is not None and health.last_backup_error is not None:
        yield _look("backup_failed", f"the last backup failed: {health.last_backup_error}")
    if alerting is not None and alerting.unrecorded:
        yield _look("alerts_unrecorded", f"{_count(alerting.unrecorded, 'alert')} are not in the books")


def _telling(status: EngineStatus) -> Iterator[Finding]:
    """Whether alerts and heartbeat reach anybody."""
    channels = () if status.alerting is None else status.alerting.channels
    failing = [channel for channel in channels if channel.failing_since is not None]
    dead = [one for one in failing if is_dead(one, status.at)]
    unheard = bool(status.positions) and len(dead) == len(channels)
    for channel in failing:
        wait = f", {_count(channel.queued, 'alert')} wait" if channel.queued else ""
        text = f"since {channel.failing_since:%Y-%m-%d %H:%M}Z{wait}: {channel.last_error}: run.py alert test"
        if channel in dead:
            yield (_act if unheard else _look)("channel_dead", f"{channel.channel} is dead {text}")
        else:
            yield _look("alerts_wait", f"{channel.channel} takes no alert {text}")
    for channel in channels:
        if channel.parked:
            named = ", ".join(channel.parked)
            text = f"{channel.channel} refused for good: {named}; the words are in log/: run.py logs"
            yield _look("alerts_refused", text)
    beat = status.heartbeat
    if beat is not None and status.at - beat.at > BEAT_LATE:
        yield _look("heartbeat_late", f"the heartbeat has stood still since {beat.at:%H:%M}Z: look into log/")
    elif beat is not None and beat.problem is not None:
        yield _look("heartbeat_unheard", f"the heartbeat is not heard: {beat.problem}")


def is_dead(channel: ChannelStatus, at: datetime) -> bool:
    """Whether the channel has taken nothing for so long that it will not mend by itself."""
    return channel.failing_since is not None and at - channel.failing_since >= DEAD_AFTER


def _placed(folder: str, *findings: Finding) -> Iterator[Finding]:
    """The findings, with the engine's data folder in the commands that they name."""
    for finding in findings:
        yield finding.model_copy(update={"text": typeable(finding.text, folder)})


def _act(code: str, text: str) -> Finding:
    return Finding(level=Urgency.ACT, code=code, text=text)


def _look(code: str, text: str) -> Finding:
    return Finding(level=Urgency.LOOK, code=code, text=text)


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
