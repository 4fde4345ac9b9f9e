"""Puts a backup in the place of the books: log and database together, and what was there is kept aside.

What is put back is prepared in a folder of its own. From the moment in which that folder has its final name
the restore will be finished, if need be by the next try: until then no engine starts. So a crash leaves the
old books, or the new ones, and never a part of each for an engine to begin with.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from actors.audit.durable import fsync_folder, make_folder
from actors.audit.files import AUDIT_FOLDER, audit_files, sync
from actors.audit.scan import scan
from actors.kill_switch import DiskKillFile
from actors.state.database import DATABASE_FILE
from actors.state.rebuild import sqlite_errors_named, write_database
from cli.data_folder import private_files
from cli.folder_identity import forget_identity
from cli.offline_records import record_offline
from core.errors import CerberoError, FoundWrongError, InputError
from core.how_many import how_many
from core.kill_file import Arming
from core.messages.arm_cause import ArmCause
from core.messages.audit import AuditEvent, AuditKind, SwitchWord
from core.messages.state import AnyRecording, LatchEntries, RecordEvent, SetSystem
from core.orders.books import LatchSource
from core.system_keys import FORMER_TAGS_KEY, RESTORE_PENDING, RESTORED_KEY, TAG_KEY
from reading.backups import BOUND, ProvedBackup, bound_to, proved_backup, stored_settings, tags_drawn
from reading.losses import Losses, losses
from reading.operator import operator_name
from reading.paper_folder import is_paper_folder
from reading.restore_begun import RESTORING
from reading.switch.stored import stored_status

REPLACED_FOLDER = "replaced"
_DRAFT = "restoring.draft"
_STAMP = "%Y%m%dT%H%M%SZ"
_PARTS = {
    AUDIT_FOLDER: (AUDIT_FOLDER,),
    DATABASE_FILE: (*(f"{DATABASE_FILE}{end}" for end in ("-wal", "-shm", "-journal")), DATABASE_FILE),
}
"""What is put in place, and what has to go before."""


def now() -> datetime:
    """This machine's time, by which the restore is named."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Restore:
    """What a restore does; nothing is done yet."""

    backup: ProvedBackup
    losses: Losses
    arms: Arming | None
    """What is added to `KILL` because the switch is armed now and nothing but the old books says so."""
    anchor: str | None = None
    """The strategy's anchor, which will find a log that was rolled back."""
    has_strategy: bool = True


def planned(backup_dir: Path, data_dir: Path, environment: str | None, anchor: str | None = None) -> Restore:
    """Prove the backup, and say what is lost by it.

    `environment` and `anchor` are the strategy's, the first for a folder without books of its own. Raises
    InputError for another environment or account, FoundWrongError for a damaged backup.
    """
    backup = proved_backup(backup_dir)
    _require_same_account(backup, data_dir, environment)
    arms = _arming(data_dir)
    return Restore(backup, losses(data_dir, backup), arms, anchor, has_strategy=environment is not None)


def restored(plan: Restore, data_dir: Path, now: datetime) -> Path | None:
    """Restore, and return where what was there is kept; None if there was nothing.

    Nobody else may use the folder meanwhile. Raises FoundWrongError with the old books in place, OSError.
    """
    draft = data_dir / _DRAFT
    if draft.exists():
        shutil.rmtree(draft)
    try:
        with private_files(), sqlite_errors_named(str(draft)):
            _prepare(plan, data_dir, draft, now)
    except BaseException as error:
        # A part of it would keep a full disk full, also for the engine that is started next.
        shutil.rmtree(draft, ignore_errors=True)
        if isinstance(error, OSError | FoundWrongError):
            raise FoundWrongError(
                f"{draft}: the books can't be prepared, nothing was changed: {error}"
            ) from error
        raise
    if plan.arms is not None:
        problem = DiskKillFile(data_dir).add(plan.arms)
        if problem is not None:
            raise problem
    forget_identity(data_dir)
    draft.rename(_final(data_dir, f"{now:{_STAMP}}"))
    fsync_folder(data_dir)
    return finished(data_dir)


def _final(data_dir: Path, stamp: str) -> Path:
    """The name from which on a restore will be finished. What it replaces must find a place of its own."""
    aside, number = data_dir / REPLACED_FOLDER, 1
    name = stamp
    while (aside / name).exists():
        number += 1
        name = f"{stamp}-{number}"
    return data_dir / f"{RESTORING}{name}"


def finished(data_dir: Path) -> Path | None:
    """Finish a restore that has begun to replace the books; where what was there is kept. Idempotent."""
    aside: Path | None = None
    for folder in sorted(data_dir.glob(f"{RESTORING}*")):
        aside = data_dir / REPLACED_FOLDER / folder.name.removeprefix(RESTORING)
        for name, old in _PARTS.items():
            if (folder / name).exists():
                _put_aside(data_dir, aside, old)
                (folder / name).rename(data_dir / name)
        fsync_folder(data_dir)
        if any(folder.iterdir()):
            # Nothing of ours is left in it, and engines start only when it is gone.
            make_folder(data_dir / REPLACED_FOLDER)
            make_folder(aside)
            folder.rename(aside / folder.name)
            fsync_folder(aside)
        else:
            folder.rmdir()
        fsync_folder(data_dir)
    return aside if aside is not None and aside.exists() else None


def told(plan: Restore, data_dir: Path) -> Iterator[str]:
    """What the restore does, in sentences."""
    backup, lost = plan.backup, plan.losses
    if not plan.has_strategy:
        yield "no strategy was found: environment and anchor are not compared (--strategy names the file)"
    how = "its own database" if backup.has_database else "a database that is rebuilt from its log"
    yield f"{backup.path} is whole: {how_many(backup.end.seq, 'record')} up to {backup.end}, with {how}"
    if data_dir.exists():
        yield f"{data_dir} holds records up to {lost.end}"
    else:
        # A mistyped folder has nothing to lose, and would make the list below look harmless.
        yield f"there is no {data_dir} yet; if your engine has another folder, name it by --data-dir"
    for kind, names in lost.by_kind.items():
        yield f"{kind} that the books will not know any more: {len(names) or 'none'}"
        yield from (f"  {name}" for name in names)
    yield from (f"not read, so that there may be more: {problem}" for problem in lost.unread)
    if lost.log_is_whole and lost.count:
        yield (
            "the log of the folder is whole, and making the books from it loses nothing of this: run.py state"
            f" rebuild --from-audit {data_dir / AUDIT_FOLDER}"
        )
    if lost.changed:
        yield (
            f"the account will not match the books of {', '.join(lost.changed)}: the engine will look at its"
            " start for what it had sent, and book it; of what the venue does not list any more it arms the"
            " switch, and it stays so until they match (docs/runbook.md)"
        )
    if plan.anchor is not None:
        yield (
            f"the anchor {plan.anchor} holds the head of the log that is replaced: the engine will arm the"
            " switch at its start, as for any rollback; run.py kill-switch disarm --accept-audit-break"
            ' --reason "…" goes on with the restored books'
        )
    if lost.by_kind["fills"] or lost.by_kind["orders"]:
        yield (
            "what was opened after the backup stays at the venue; the engine will name it and open nothing"
            " meanwhile, and will not close it: give it back to the engine with run.py state"
            " book-entry POSITION --from FOLDER --reason TEXT, or close it by hand"
        )
    for latch in lost.latches:
        yield f"entries stay blocked until a person resumes them: {latch['source']}: {latch['reason']}"
    if plan.arms is not None:
        yield f"the kill switch stays armed: {plan.arms.reason}"


def _prepare(plan: Restore, data_dir: Path, draft: Path, now: datetime) -> None:
    """Everything that will be put in place, on disk below `draft`."""
    backup = plan.backup
    draft.mkdir()
    make_folder(draft / AUDIT_FOLDER)
    for path in audit_files(backup.path / AUDIT_FOLDER):
        shutil.copy2(path, draft / AUDIT_FOLDER / path.name)
        sync(draft / AUDIT_FOLDER, path.name)
    if backup.has_database:
        shutil.copy2(backup.path / DATABASE_FILE, draft / DATABASE_FILE)
    else:
        write_database(draft, backup.books, backup.end, backup.log.file, backup.log.offset)
    again = scan(draft / AUDIT_FOLDER)
    if again.problem is not None or again.link != backup.end:
        raise FoundWrongError(f"{draft}: expected a copy that ends at {backup.end}, found {again.link}")
    _record(plan, data_dir, draft, now)
    sync(draft, DATABASE_FILE)
    fsync_folder(data_dir)


def _record(plan: Restore, data_dir: Path, draft: Path, now: datetime) -> None:
    """Have the log say that it was put back, and what it has replaced."""
    last = max((datetime.fromisoformat(str(row["at"])) for row in _rows(plan)), default=now)
    # A paper account's time is the market's, which may be far from this machine's.
    at = last if is_paper_folder(data_dir) else max(last, now)
    event = AuditEvent(
        kind=AuditKind.RESTORED,
        at=at,
        detail={
            "backup": plan.backup.path.name,
            "backup_head": str(plan.backup.end),
            "replaced_head": str(plan.losses.end),
            "lost": {kind: len(names) for kind, names in plan.losses.by_kind.items()},
            "who": operator_name(),
        },
    )
    settings = {FORMER_TAGS_KEY: " ".join(_tags(plan, data_dir)), RESTORED_KEY: RESTORE_PENDING}
    stamp = f"restored-{now:{_STAMP}}"
    requests: list[AnyRecording] = [
        SetSystem(request_id=f"{stamp}-{key}", key=key, value=value, at=at)
        for key, value in settings.items()
        if value
    ]
    requests += [
        LatchEntries(
            request_id=f"{stamp}-{latch['source']}",
            source=LatchSource(str(latch["source"])),
            reason=str(latch["reason"]),
            who=str(latch["who"]),
            at=at,
        )
        for latch in plan.losses.latches
    ]
    requests.append(RecordEvent(request_id=stamp, audit=(event,)))
    record_offline(draft, requests, at)


def _tags(plan: Restore, data_dir: Path) -> list[str]:
    """The tags under which orders may have been sent that the restored books do not know: those of the
    backup, and those that the folder has drawn since."""
    stored = stored_settings(data_dir)
    before = (plan.backup.setting(FORMER_TAGS_KEY) or "").split()
    since = (stored.get(FORMER_TAGS_KEY) or "").split()
    return list(
        dict.fromkeys(tag for tag in (*before, *since, *tags_drawn(data_dir), stored.get(TAG_KEY)) if tag)
    )


def _rows(plan: Restore) -> Iterator[dict[str, str | int | None]]:
    for table in ("system", "fills", "decisions", "inbox", "kill_switch"):
        yield from plan.backup.books.tables[table].values()


def _put_aside(data_dir: Path, aside: Path, names: tuple[str, ...]) -> None:
    found = [name for name in names if (data_dir / name).exists()]
    if not found:
        return
    make_folder(data_dir / REPLACED_FOLDER)
    make_folder(aside)
    for name in found:
        (data_dir / name).rename(aside / name)
    fsync_folder(aside)
    fsync_folder(data_dir)


def _require_same_account(backup: ProvedBackup, data_dir: Path, environment: str | None) -> None:
    expected = bound_to(data_dir)
    if is_paper_folder(data_dir):
        expected["environment"] = "paper"
    if expected["environment"] is None:
        expected["environment"] = environment
    for key in BOUND:
        found = backup.setting(key)
        if found is not None and expected[key] is not None and found != expected[key]:
            raise InputError(
                f"--from {backup.path}: {key}: expected {expected[key]}, which {data_dir} belongs to, found "
                f"{found}; nothing was changed"
            )


def _arming(data_dir: Path) -> Arming | None:
    """What `KILL` must say so that the switch stays armed if it is: by the row, or by the log's last word."""
    if DiskKillFile(data_dir).read() is not None:
        return None
    log = scan(data_dir / AUDIT_FOLDER)
    word = log.words.last
    try:
        stored = stored_status(data_dir)
    except CerberoError:
        stored = None
    if stored is not None and stored.armed:
        return _of(stored.causes, stored.reason)
    if word is not None and word.armed:
        return _of(_causes(word), word.reason)
    if log.problem is not None:
        return _of((), f"whether it was armed is not known, because {log.problem}")
    return None


def _causes(word: SwitchWord) -> tuple[ArmCause, ...]:
    return tuple(cause for cause in ArmCause if cause.value in word.causes)


def _of(causes: tuple[ArmCause, ...], reason: str) -> Arming:
    return Arming(
        arming_id=secrets.token_hex(16),
        causes=causes or (ArmCause.OPERATOR,),
        reason=f"armed before a restore: {reason}",
        who=operator_name(),
        at=now(),
    )
