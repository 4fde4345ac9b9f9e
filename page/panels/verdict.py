"""Panel 1: does a person have to do anything, where does this run, what may it do, how old is all this."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from core.messages.engine_status import EngineStatus
from core.messages.room_status import KillSwitchStatus
from core.orders.books import Job
from core.status.finding import Urgency, Verdict
from core.status.verdict import entry_blocked, verdict
from page.panels.shown import Labelled, Tone, plain, span_text, time_text, when_text

State = Literal["live", "late", "dead", "finished", "first-run"]


@dataclass(frozen=True, slots=True)
class FindingShown:
    """One finding."""

    level: str
    text: str


@dataclass(frozen=True, slots=True)
class VerdictPanel:
    """`next_entry_s` is in how many seconds the next entry is due; None if none is planned.

    `armed` is None if nobody says so. `can_arm` is False over a finished run.
    """

    state: State
    level: str
    findings: tuple[FindingShown, ...]
    environment: str
    facts: tuple[Labelled, ...]
    switch: Labelled
    armed: bool | None
    can_arm: bool
    entries: Labelled
    next_entry: str
    next_entry_s: int | None
    age: Labelled
    runs: tuple[Labelled, ...]


def from_status(status: EngineStatus, age_s: float, problem: str | None) -> VerdictPanel:
    """Of an engine that answers, or has answered: `problem` is why there is nothing newer."""
    identity = status.identity
    entry = status.next_runs.get(Job.ENTRY)
    findings = tuple(_said(verdict(status), problem))
    return VerdictPanel(
        state="live" if problem is None else "late",
        level=findings[0].level,
        findings=findings,
        environment=identity.environment.value,
        facts=(
            Labelled("mode", plain(identity.mode)),
            Labelled("strategy", plain(identity.strategy_name)),
            Labelled("version", plain(identity.version)),
            Labelled("engine started", time_text(identity.started_at)),
        ),
        switch=_switch(status.kill_switch),
        armed=None if status.kill_switch is None else status.kill_switch.armed,
        can_arm=True,
        entries=_entries(status),
        next_entry="none is planned" if entry is None else when_text(entry, status.at),
        next_entry_s=None if entry is None else max(int((entry - status.at).total_seconds() - age_s), 0),
        age=_age(status.at, age_s, problem),
        runs=tuple(
            Labelled(job.value.replace("_", " "), when_text(at, status.at))
            for job, at in sorted(status.next_runs.items(), key=lambda run: (not run[0].is_cycle, run[1]))
        ),
    )


def without_engine(
    found: Verdict, *, armed: bool | None, why_armed: str, has_books: bool, now: datetime
) -> VerdictPanel:
    """Of a folder whose engine does not run, or was never there."""
    return VerdictPanel(
        state="dead" if has_books else "first-run",
        level=found.level.value,
        findings=tuple(FindingShown(each.level.value, plain(each.text)) for each in found.findings),
        environment="",
        facts=(),
        switch=_stored_switch(armed, why_armed),
        armed=armed,
        can_arm=has_books,
        entries=Labelled("entries", "no engine, no entry", "look"),
        next_entry="not without an engine",
        next_entry_s=None,
        age=Labelled("data", f"no engine answers; the folder was read {time_text(now)}", "act"),
        runs=(),
    )


def _said(found: Verdict, problem: str | None) -> Iterator[FindingShown]:
    if problem is not None:
        yield FindingShown(
            Urgency.ACT.value,
            plain(f"{problem}; what stands here is from before: look whether it still runs"),
        )
    for each in found.findings:
        if problem is None or each.level is not Urgency.OK:
            yield FindingShown(each.level.value, plain(each.text))


def _switch(switch: KillSwitchStatus | None) -> Labelled:
    if switch is None:
        return Labelled("kill switch", "does not answer", "act")
    if not switch.armed:
        return Labelled("kill switch", "clear", "good")
    causes = ", ".join(cause.value for cause in switch.causes)
    exits = "no order leaves, exits included" if switch.exits_blocked else "reduce-only exits may leave"
    text = f"ARMED ({causes}) since {time_text(switch.since)} by {switch.who}: {switch.reason}; {exits}"
    return Labelled("kill switch", plain(text), "act")


def _stored_switch(armed: bool | None, why: str) -> Labelled:
    if armed is None:
        return Labelled("kill switch", "can't be read", "act")
    return (
        Labelled("kill switch", plain(f"ARMED: {why}"), "act")
        if armed
        else Labelled("kill switch", "clear", "good")
    )


def _entries(status: EngineStatus) -> Labelled:
    blocked = entry_blocked(status)
    if blocked:
        return Labelled("entries", plain(f"blocked: {'; '.join(blocked)}"), "look")
    return Labelled("entries", "nothing blocks one", "good")


def _age(at: datetime, age_s: float, problem: str | None) -> Labelled:
    """The time that the engine said, and how long ago it said so."""
    tone: Tone = "" if problem is None else "act"
    told = f"told {span_text(timedelta(seconds=age_s))} ago" if age_s >= 2 else "told just now"
    return Labelled("data", f"{time_text(at)}, {told}", tone)
