"""Panel 5: the rooms, the feeds, the alerts with what to do, and what is kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from core.alerts import NOTHING_TO_DO, entry_of
from core.how_many import how_many
from core.messages.alerting import Severity
from core.messages.engine_status import CellView, EngineStatus
from core.messages.room_status import AlertRow, RouterHealth
from page.panels.shown import Amount, Labelled, Tone, ago_text, number, plain, span_text, time_text

ALERTS_SHOWN = 12
_SEVERITY: dict[Severity, Tone] = {
    Severity.LOW: "quiet",
    Severity.MEDIUM: "",
    Severity.HIGH: "look",
    Severity.CRITICAL: "act",
}


@dataclass(frozen=True, slots=True)
class RoomShown:
    """One actor."""

    name: str
    state: str
    tone: Tone
    restarts: Amount
    waiting: Amount
    busy: str
    error: str


@dataclass(frozen=True, slots=True)
class Feed:
    """One tool server, and the snapshot that is made of all."""

    name: str
    state: str
    tone: Tone
    age: str
    latency: Amount | None
    error: str


@dataclass(frozen=True, slots=True)
class AlertShown:
    """One alert with what it means; `do` is empty if there is nothing to do."""

    at: str
    severity: str
    tone: Tone
    code: str
    title: str
    text: str
    means: str
    do: str


@dataclass(frozen=True, slots=True)
class HealthPanel:
    """`empty` says why there are neither rooms nor feeds, `no_alerts` what stands there if there are none."""

    rooms: tuple[RoomShown, ...]
    rooms_summary: str
    feeds: tuple[Feed, ...]
    kept: tuple[Labelled, ...]
    alerts: tuple[AlertShown, ...]
    empty: str
    no_alerts: str = "none yet"


def from_status(status: EngineStatus, stored: Iterable[AlertRow]) -> HealthPanel:
    """Of an engine that answers, or has answered."""
    ill = sorted(status.cells, key=lambda cell: (cell.state == "up", not cell.restarts))
    up = sum(cell.state == "up" for cell in status.cells)
    restarts = sum(cell.restarts for cell in status.cells)
    return HealthPanel(
        rooms=tuple(_room(cell) for cell in ill),
        rooms_summary=f"{up} of {len(status.cells)} up, {how_many(restarts, 'restart')}, "
        f"{how_many(status.dead_letters, 'dead letter')}",
        feeds=tuple(_feeds(status)),
        kept=tuple(_kept(status)),
        alerts=alerts(stored or (() if status.alerting is None else status.alerting.recent)),
        empty="",
    )


def without_engine(stored: Iterable[AlertRow], why: str) -> HealthPanel:
    """Of a folder alone."""
    return HealthPanel(rooms=(), rooms_summary="", feeds=(), kept=(), alerts=alerts(stored), empty=plain(why))


def alerts(rows: Iterable[AlertRow]) -> tuple[AlertShown, ...]:
    """The newest first; those of LOW, such as each day's audit head, only if alone."""
    listed = list(rows)
    graver = [row for row in listed if row.severity is not Severity.LOW] or listed
    return tuple(_alert(row) for row in reversed(graver[-ALERTS_SHOWN:]))


def _alert(row: AlertRow) -> AlertShown:
    entry = entry_of(row.code)
    do = "" if entry is None or entry.do == NOTHING_TO_DO else entry.do
    return AlertShown(
        at=time_text(row.at),
        severity=row.severity.value,
        tone=_SEVERITY[row.severity],
        code=plain(row.code),
        title=plain(row.code) if entry is None else entry.title,
        text=plain(row.text),
        means="" if entry is None else entry.means,
        do=do,
    )


def _room(cell: CellView) -> RoomShown:
    busy = "" if cell.busy_with is None else f"{cell.busy_with} for {cell.busy_for_s:.1f} s"
    return RoomShown(
        name=plain(cell.name),
        state=cell.state,
        tone="good" if cell.state == "up" else "act",
        restarts=number(cell.restarts, "", 0),
        waiting=number(cell.mailbox_depth, "", 0),
        busy=plain(busy),
        error="" if cell.last_error is None else plain(cell.last_error),
    )


def _feeds(status: EngineStatus) -> Iterator[Feed]:
    for router in () if status.health is None else status.health.routers:
        yield _router(router, status)
    market = status.market
    if market is not None:
        stale = market.stale_reason
        yield Feed(
            name="market snapshot",
            state="whole" if stale is None else "not whole",
            tone="good" if stale is None else "look",
            age=ago_text(market.last_snapshot_at, status.at),
            latency=None,
            error="" if stale is None else plain(stale),
        )


def _router(router: RouterHealth, status: EngineStatus) -> Feed:
    parked = any(
        cell.name == f"mcp.{router.router.value}" and cell.state == "parked" for cell in status.cells
    )
    state = "answers" if router.ok else "maintenance" if router.maintenance else "no answer"
    tone: Tone = "good" if router.ok and not parked else "look" if router.maintenance else "act"
    error = router.error or ""
    if router.failures_in_a_row:
        error = f"{error} ({router.failures_in_a_row} in a row)"
    return Feed(
        name=router.router.value,
        state="parked" if parked else state,
        tone=tone,
        age=ago_text(router.at, status.at),
        latency=None if router.latency_s is None else number(1000.0 * router.latency_s, "ms", 0),
        error=plain(error),
    )


def _kept(status: EngineStatus) -> Iterator[Labelled]:
    health, audit = status.health, status.audit
    if health is None:
        yield Labelled("disk", "health does not answer", "act")
    else:
        free = (
            "not read yet"
            if health.disk_free_bytes is None
            else f"{health.disk_free_bytes / 2**30:,.1f} GiB free"
        )
        yield Labelled("disk", f"LOW: {free}" if health.disk_low else free, "look" if health.disk_low else "")
        failed = health.last_backup_error
        text = ago_text(health.last_backup_at, status.at)
        yield Labelled(
            "last backup",
            text if failed is None else plain(f"{text}, FAILED since: {failed}"),
            "look" if failed else "",
        )
    if audit is None:
        yield Labelled("audit log", "does not answer", "act")
    else:
        head = f"{how_many(audit.records, 'record')}, head {audit.head.seq}:{audit.head.hash[:12]}"
        yield (
            Labelled("audit log", head, "good")
            if audit.ok
            else Labelled("audit log", plain(f"BROKEN: {audit.problem}; {head}"), "act")
        )
    yield from _telling(status)


def _telling(status: EngineStatus) -> Iterator[Labelled]:
    """Whether anybody hears of it."""
    if status.alerting is None:
        yield Labelled("alerts", "alerting does not answer", "act")
    elif not status.alerting.channels:
        yield Labelled("alerts", "to the log alone")
    else:
        for one in status.alerting.channels:
            text = f"{one.delivered} delivered, {one.queued} waiting"
            if one.failing_since is not None:
                text = f"{text}; DEAD since {time_text(one.failing_since)}: {one.last_error}"
            yield Labelled(f"alerts by {plain(one.channel)}", plain(text), "act" if one.failing_since else "")
    beat = status.heartbeat
    if beat is not None:
        text = f"{span_text(status.at - beat.at)} ago" + ("" if beat.well else ", unwell")
        yield Labelled(
            "heartbeat",
            plain(f"{text}, not heard: {beat.problem}") if beat.problem else text,
            "look" if beat.problem else "",
        )
