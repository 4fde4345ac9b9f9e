"""Applies what blocks entries until a person resumes them.

A pause and a resumption are a person's durable messages: either may be delivered again, and late. Of two the
one that came into the inbox later counts.
"""

from __future__ import annotations

import sqlite3

from pydantic import JsonValue

from actors.state.applied import Applied, Notice
from actors.state.columns import time_text
from actors.state.refusal import BooksRefusalError
from actors.state.tables import latches, records
from actors.state.tables.latches import LatchRow
from core.alerts import AlertCode, Severity
from core.messages.audit import AuditKind
from core.messages.state import LatchEntries, LatchesLifted, LiftLatches, Recorded
from core.orders.books import EntryLatch, LatchSource

SEVERITIES = {LatchSource.OPERATOR: Severity.MEDIUM, LatchSource.PROTECTIONS: Severity.HIGH}
CODES = {
    LatchSource.OPERATOR: AlertCode.ENTRIES_LATCHED,
    LatchSource.PROTECTIONS: AlertCode.PROTECTION_BREACHED,
}


def latch_entries(db: sqlite3.Connection, request: LatchEntries) -> Applied:
    """Set the latch of a source, unless it is set for this reason or was lifted by a later message."""
    applied = Applied(Recorded(request_id=request.request_id))
    before = latches.of(db, request.source)
    number = records.inbox_number(db, request.inbox_request_id)
    is_set = before is not None and before.latch.latched
    if before is not None and number is not None and number <= before.word:
        return applied
    if before is not None and is_set and number is None and before.latch.reason == request.reason:
        return applied
    latch = EntryLatch(
        source=request.source,
        latched=True,
        reason=request.reason,
        who=request.who,
        at=before.latch.at if before is not None and is_set else request.at,
        resumed_at=None if before is None else before.latch.resumed_at,
    )
    word = records.last_inbox_number(db) if number is None else number
    latches.write(db, LatchRow(latch, word))
    applied.books_changed = True
    detail: dict[str, JsonValue] = {
        "source": request.source,
        "reason": request.reason,
        "who": request.who,
        "since": time_text(latch.at),
        "word": word,
    }
    applied.note(AuditKind.ENTRIES_LATCHED, request.at, detail, request.inbox_request_id or None)
    how = 'run.py resume --reason "…"'
    text = f"no entry until a person resumes them ({how}): {request.reason} ({request.who})"
    severity = SEVERITIES[request.source]
    applied.notices.append(Notice(severity, CODES[request.source], text, request.source))
    return applied


def lift_latches(db: sqlite3.Connection, request: LiftLatches) -> Applied:
    """Lift the latches that are set and older than the person's message."""
    number = records.inbox_number(db, request.inbox_request_id)
    if number is None:
        raise BooksRefusalError("unknown_inbox", f"expected an inbox item, found {request.inbox_request_id}")
    found = {source: latches.of(db, source) for source in request.sources}
    set_before = {
        source: row.latch
        for source, row in found.items()
        if row is not None and row.latch.latched and row.word < number
    }
    applied = Applied(LatchesLifted(request_id=request.request_id, lifted=tuple(set_before)))
    for source, latch in set_before.items():
        update = {
            "latched": False,
            "reason": request.reason,
            "who": request.who,
            "at": request.at,
            "resumed_at": request.at,
        }
        latches.write(db, LatchRow(latch.model_copy(update=update), number))
        detail: dict[str, JsonValue] = {
            "source": source,
            "reason": request.reason,
            "who": request.who,
            "word": number,
        }
        applied.note(AuditKind.ENTRIES_RESUMED, request.at, detail, request.inbox_request_id)
        text = f"entries that {source} had blocked ({latch.reason}) go on: {request.reason} ({request.who})"
        applied.notices.append(
            Notice(Severity.MEDIUM, AlertCode.ENTRIES_RESUMED, text, source, subject=source)
        )
    applied.books_changed = bool(set_before)
    return applied
