"""Statements 17 to 24: the life of actors, mail, jobs and alerts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from core.alerts import Severity
from core.orders.books import Job
from lab.invariants.seen import EngineSeen, SeenOutside
from lab.invariants.slots import slots

BOOKS: Final = "root/books/"
FEEDS: Final = "root/feeds/"
INTENSITY: Final = 5
PERIOD: Final = timedelta(seconds=60)
MAIL: Final = {"state": 10_000}
MAIL_OTHERS: Final = 1000
OWN_TIMERS: Final = 200
"""An actor's own timers are queued beyond the bound."""
RUN_WITHIN: Final = timedelta(minutes=20)
"""Of its slot, a cycle has a row; the rooms before it may restart meanwhile."""
BOOTED: Final = timedelta(minutes=15)
"""After so long a start has come to its jobs, if the venue answers."""
LOUD: Final = (Severity.HIGH, Severity.CRITICAL)


def others_keep_running(seen: SeenOutside) -> Iterator[str]:
    """17. An actor restarts because it was made to fail, because one before it in `books` was, or because its
    disk failed; everything else has failed by itself."""
    for engine in seen.engines:
        if engine.disk_failed:
            continue
        failed = engine.failed_by_act
        for path, count in engine.messages.restarts_in_life.items():
            if path in failed or (path.startswith(BOOKS) and any(each.startswith(BOOKS) for each in failed)):
                continue
            if path.rpartition("/")[2] in engine.restarted_by_person:
                continue
            error = _error(engine, path)
            yield f"{path} was restarted {count} times, and nothing had been done to it: {error}"


def poison_is_dropped(seen: SeenOutside) -> Iterator[str]:
    """18. What has ended a life is not tried again; a lost message of the books suspends entries."""
    for engine in seen.engines:
        yield from engine.messages.tried_again
        if engine.messages.lost is not None:
            yield f"{engine.messages.lost}, and entries were not suspended for it"


def intensity_is_kept(seen: SeenOutside) -> Iterator[str]:
    """19. Who restarts more often than allowed is parked (a feed), or the switch is armed (books, desk)."""
    for engine in seen.engines:
        recent: dict[str, list[datetime]] = {}
        for at, path in engine.messages.restarts:
            key = path if path.startswith(FEEDS) else path.rpartition("/")[0]
            if key == "root":
                continue
            times = recent.setdefault(key, [])
            times.append(at)
            within = [t for t in times if at - t <= PERIOD]
            of_group = 1 if path.startswith(FEEDS) else _group(path)
            if len(within) > INTENSITY * of_group + of_group:
                yield f"{key}: {len(within)} restarts within a minute"


def mail_is_bounded(seen: SeenOutside) -> Iterator[str]:
    """20. No mailbox grows beyond its bound."""
    for engine in seen.engines:
        for cell in engine.cells():
            bound = MAIL.get(cell.name, MAIL_OTHERS) + OWN_TIMERS
            if cell.mailbox_depth > bound:
                yield f"{cell.path}: {cell.mailbox_depth} messages wait, at most {bound} may"


def slots_run_once(seen: SeenOutside) -> Iterator[str]:
    """21. No slot of a job has two rows."""
    for engine in seen.engines:
        if seen.books(engine).exist:
            rows = Counter((row.job, row.slot) for row in seen.books(engine).cycles)
            yield from (f"{job} of {slot}: {count} rows" for (job, slot), count in rows.items() if count > 1)


def no_slot_is_missed(seen: SeenOutside) -> Iterator[str]:
    """21, at rest: a slot was begun if the engine ran from it on for long enough, by one clock."""
    for engine in seen.engines:
        if engine.disk_failed:
            continue
        for stretch, (began, ended) in enumerate(engine.up, start=1):
            end = (ended or engine.clock()) - RUN_WITHIN
            for job in (Job.ENTRY, Job.MONITOR, Job.SETTLEMENT):
                for slot in slots(engine.strategy, job, began + BOOTED, end):
                    if (job, slot, stretch) not in engine.messages.opened:
                        yield f"{job} of {slot}: the engine ran from {began}, and has not begun it"


def loud_alerts_arrive(seen: SeenOutside) -> Iterator[str]:
    """22. What is HIGH or above was taken by the channel, or is listed as undelivered."""
    for engine in seen.engines:
        if engine.letters is None or not seen.books(engine).exist:
            continue
        taken = set(engine.letters)
        for alert in seen.books(engine).alerts:
            if alert.severity in LOUD and alert.delivered_at is not None and alert.alert_id not in taken:
                yield f"alert {alert.alert_id} ({alert.code}) is said to be delivered, and was never taken"


def no_secret_is_told(seen: SeenOutside) -> Iterator[str]:
    """23. No file of the data folder and no alert holds a secret."""
    for engine in seen.engines:
        for secret in seen.secrets:
            yield from (
                f"a letter holds a secret: {text[:80]}" for text in engine.letter_texts if secret in text
            )
            for path in _files(engine.data_dir):
                if secret.encode() in path.read_bytes():
                    yield f"{path.name} holds a secret"


def same_trace(first: str, second: str) -> Iterator[str]:
    """24. Two runs of one seed have one digest."""
    if first != second:
        yield f"the same seed gave the traces {first} and {second}"


def _group(path: str) -> int:
    """In `books` one failure restarts all that come after it; each of them tells its restart."""
    return 4 if path.startswith(BOOKS) else 1


def _error(engine: EngineSeen, path: str) -> str:
    return next((str(cell.last_error) for cell in engine.cells() if cell.path == path), "?")


def _files(data_dir: Path) -> Iterator[Path]:
    for path in sorted(data_dir.rglob("*")):
        if path.is_file() and path.name != "ballast":
            yield path
