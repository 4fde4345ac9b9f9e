"""Applies one request to the books, whole or not at all: dispatch, idempotency, refusals, audit events."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import Final, assert_never, get_args

from pydantic import JsonValue

from actors.room import OneOf
from actors.state.answers import Answers
from actors.state.applied import Applied, Notice
from actors.state.apply_cycles import close_cycle, close_proposal, open_cycle, record_decision
from actors.state.apply_latches import latch_entries, lift_latches
from actors.state.apply_orders import (
    record_deliveries,
    record_edit,
    record_instruction,
    record_order,
    record_sent,
)
from actors.state.apply_records import (
    bind_account,
    record_alert,
    record_alert_delivered,
    record_alert_parked,
    record_alerts_tried,
    record_event,
    record_inbox,
    record_inbox_done,
    record_job_runs,
    record_kill_switch,
    record_market_snapshot,
    set_system,
)
from actors.state.refusal import BooksRefusalError
from actors.state.tables import raw, records
from core.alerts import AlertCode, Severity
from core.audit.fold.opening import parts
from core.audit.fold.tables import PROVED
from core.audit.hash_chain import Link, append
from core.errors import IllegalEdgeError
from core.messages.audit import AuditEvent, AuditKind
from core.messages.base import Refused
from core.messages.state import (
    AnyRecording,
    BackupMade,
    BindAccount,
    CloseCycle,
    CloseProposal,
    LatchEntries,
    LiftLatches,
    OpenCycle,
    RecordAlert,
    RecordAlertDelivered,
    RecordAlertParked,
    RecordAlertsTried,
    RecordDecision,
    RecordDeliveries,
    Recorded,
    RecordEdit,
    RecordEvent,
    RecordInbox,
    RecordInboxDone,
    Recording,
    RecordingAnswer,
    RecordInstruction,
    RecordJobRuns,
    RecordKillSwitch,
    RecordMarketSnapshot,
    RecordOrder,
    RecordSent,
    SetSystem,
)
from core.system_keys import BOOKS_TO_LOG_KEY


class NoteBackup(Recording):
    """State's own request: the backup that was requested under this id is complete."""

    path: str
    size_bytes: int
    sha256: str
    at: datetime


class OpenBooks(Recording):
    """State's own request: record the rows of the books, because the log does not say how they came to be.

    `why` is "break" or "upgrade".
    """

    why: str
    at: datetime


Write = AnyRecording | NoteBackup | OpenBooks
"""Every request that writes. A MakeBackup leads to a NoteBackup once the backup is made."""
is_write: Final = OneOf(get_args(Write))

STATES_OWN = frozenset(
    {
        AuditKind.CYCLE_OPENED,
        AuditKind.CYCLE_CLOSED,
        AuditKind.DECISION,
        AuditKind.PROPOSAL,
        AuditKind.INSTRUCTION,
        AuditKind.ORDER,
        AuditKind.EDIT,
        AuditKind.FILL,
        AuditKind.SETTLEMENT,
        AuditKind.POSITION,
        AuditKind.ARMED,
        AuditKind.DISARMED,
        AuditKind.ENTRIES_LATCHED,
        AuditKind.ENTRIES_RESUMED,
        AuditKind.ALERT,
        AuditKind.ACCOUNT_BOUND,
        AuditKind.BACKUP,
        AuditKind.OPERATOR,
        AuditKind.SETTING,
        AuditKind.BOOKS,
        AuditKind.ROLLOVER,
        AuditKind.CHECKPOINT,
    }
)
"""The kinds that state notes itself when it applies a change. A sender's own events of these kinds, except by
`RecordEvent`, are dropped: they would be second records of the same change."""


def apply(
    db: sqlite3.Connection,
    answers: Answers,
    request: Write,
    now: datetime,
    previous: Link,
    correlation: str | None,
    *,
    is_alone: bool,
) -> tuple[Applied, bytes, Link]:
    """Apply within the open transaction: the outcome, its audit bytes after `previous`, the chain's new end.

    Of a request that the books can't take, only the refusal is stored. A request that was answered before
    changes nothing. `is_alone`: no other has changed anything in the transaction, or will.
    """
    known = answers.first(request.request_id)
    if known is not None:
        return Applied(known), b"", previous
    if not is_alone:
        db.execute("SAVEPOINT request")
    try:
        applied = _dispatch(db, request, previous.seq)
        applied.events.extend(_senders_events(request))
        payload, end = _encode(previous, applied.events, correlation)
    except (BooksRefusalError, IllegalEdgeError, sqlite3.IntegrityError) as error:
        _undo(db, is_alone=is_alone)
        applied, payload, end = _refused(request, error), b"", previous
    except (sqlite3.Error, MemoryError):
        raise
    except Exception as error:
        # A crash would take the batch's other requests with it, each time that this one is told again. So
        # this one alone is refused, with an alert.
        _undo(db, is_alone=is_alone)
        applied, payload, end = _refused(request, error), b"", previous
    if not _is_same_again(request, applied.answer):
        answers.keep(request.request_id, applied.answer, now)
    if not is_alone:
        db.execute("RELEASE request")
    return applied, payload, end


def _is_same_again(request: Write, answer: RecordingAnswer) -> bool:
    """Whether nothing has to be kept for the request to change nothing and get this answer when it is told
    again: a snapshot is known by its time, and most requests are to store one."""
    return isinstance(request, RecordMarketSnapshot) and not request.audit and isinstance(answer, Recorded)


def _undo(db: sqlite3.Connection, *, is_alone: bool) -> None:
    """Take back what the request has changed. One that is alone needs no savepoint, which most never use."""
    if is_alone:
        db.execute("ROLLBACK")
        db.execute("BEGIN IMMEDIATE")
    else:
        db.execute("ROLLBACK TO request")


def _encode(previous: Link, events: list[AuditEvent], correlation: str | None) -> tuple[bytes, Link]:
    try:
        return append(previous, events, correlation)
    except ValueError as error:
        raise BooksRefusalError("bad_audit_event", str(error)) from error


ABOUT_ALERTS = (RecordAlert, RecordAlertDelivered, RecordAlertsTried, RecordAlertParked)
"""An alert about one of them that was refused would never end."""


def _senders_events(request: Write) -> list[AuditEvent]:
    if isinstance(request, RecordEvent):
        return list(request.audit)
    return [event for event in request.audit if event.kind not in STATES_OWN]


def _refused(request: Write, error: Exception) -> Applied:
    match error:
        case BooksRefusalError():
            reason = str(error)
        case IllegalEdgeError():
            reason = f"illegal_edge: {error}"
        case sqlite3.IntegrityError():
            reason = f"inconsistent: {error}"
        case _:
            reason = f"failed: {type(error).__name__}: {error}"
    applied = Applied(Refused(request_id=request.request_id, reasons=(reason,)))
    if not isinstance(request, ABOUT_ALERTS):
        text = f"the books refused {type(request).__name__} {request.request_id}: {reason}"
        applied.notices.append(Notice(Severity.CRITICAL, AlertCode.BOOKS_REFUSED, text, request.request_id))
    return applied


def _note_backup(request: NoteBackup) -> Applied:
    made = BackupMade(request_id=request.request_id, path=request.path, bytes=request.size_bytes)
    applied = Applied(made)
    detail: dict[str, JsonValue] = {
        "path": request.path,
        "bytes": request.size_bytes,
        "sha256": request.sha256,
    }
    applied.note(AuditKind.BACKUP, request.at, detail)
    return applied


def _open_books(db: sqlite3.Connection, request: OpenBooks) -> Applied:
    records.drop_setting(db, BOOKS_TO_LOG_KEY)
    applied = Applied(Recorded(request_id=request.request_id))
    tables = ((table, raw.rows(db, table.name, table.key, table.columns)) for table in PROVED)
    for detail in parts(tables, request.why):
        applied.note(AuditKind.BOOKS, request.at, detail)
    return applied


def _dispatch(db: sqlite3.Connection, request: Write, last_seq: int) -> Applied:
    # The most frequent first: each kind that does not match is tried in turn.
    match request:
        case OpenCycle():
            return open_cycle(db, request, last_seq)
        case CloseCycle():
            return close_cycle(db, request)
        case RecordAlert():
            return record_alert(db, request)
        case RecordJobRuns():
            return record_job_runs(db, request)
        case RecordDecision():
            return record_decision(db, request)
        case RecordInstruction():
            return record_instruction(db, request)
        case RecordSent():
            return record_sent(db, request)
        case RecordOrder():
            return record_order(db, request)
        case RecordEdit():
            return record_edit(db, request)
        case SetSystem():
            return set_system(db, request)
        case RecordDeliveries():
            return record_deliveries(db, request)
        case CloseProposal():
            return close_proposal(db, request)
        case RecordEvent():
            return record_event(db, request)
        case RecordMarketSnapshot():
            return record_market_snapshot(db, request)
        case RecordKillSwitch():
            return record_kill_switch(db, request)
        case RecordAlertDelivered():
            return record_alert_delivered(db, request)
        case RecordAlertsTried():
            return record_alerts_tried(db, request)
        case RecordAlertParked():
            return record_alert_parked(db, request)
        case RecordInbox():
            return record_inbox(db, request)
        case RecordInboxDone():
            return record_inbox_done(db, request)
        case BindAccount():
            return bind_account(db, request)
        case LatchEntries():
            return latch_entries(db, request)
        case LiftLatches():
            return lift_latches(db, request)
        case NoteBackup():
            return _note_backup(request)
        case OpenBooks():
            return _open_books(db, request)
        case _:
            assert_never(request)
