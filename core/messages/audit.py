"""Audit: the append-only hash chain. State is the sequencer; this room appends, fsyncs, acknowledges."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import JsonValue

from core.messages.base import Answered, Command, Event, Query
from core.messages.room_status import AuditHead, AuditStatus
from core.trusted import Trusting
from core.values import Value


class AuditKind(StrEnum):
    ENGINE_START = "ENGINE_START"
    ENGINE_STOP = "ENGINE_STOP"
    CHAIN_BROKEN = "CHAIN_BROKEN"
    AUDIT_TAIL_RESTORED = "AUDIT_TAIL_RESTORED"
    CYCLE_OPENED = "CYCLE_OPENED"
    CYCLE_CLOSED = "CYCLE_CLOSED"
    DECISION = "DECISION"
    PROPOSAL = "PROPOSAL"
    INSTRUCTION = "INSTRUCTION"
    ORDER = "ORDER"
    EDIT = "EDIT"
    FILL = "FILL"
    SETTLEMENT = "SETTLEMENT"
    POSITION = "POSITION"
    VETO = "VETO"
    ARMED = "ARMED"
    DISARMED = "DISARMED"
    SUSPENDED = "SUSPENDED"
    RESUMED = "RESUMED"
    ENTRIES_LATCHED = "ENTRIES_LATCHED"
    ENTRIES_RESUMED = "ENTRIES_RESUMED"
    ACTOR_RESTARTED = "ACTOR_RESTARTED"
    ACTOR_PARKED = "ACTOR_PARKED"
    DEAD_LETTER = "DEAD_LETTER"
    ALERT = "ALERT"
    OPERATOR = "OPERATOR"
    RECOVERY = "RECOVERY"
    ACCOUNT_BOUND = "ACCOUNT_BOUND"
    BACKUP = "BACKUP"
    KELLY = "KELLY"
    SETTING = "SETTING"
    BOOKS = "BOOKS"
    ROLLOVER = "ROLLOVER"
    RESTORED = "RESTORED"
    ADOPTED = "ADOPTED"
    CHECKPOINT = "CHECKPOINT"


class AuditEvent(Value, Trusting):
    """One record before it is sequenced: what happened, its details, market time, and the correlation."""

    kind: AuditKind
    at: datetime
    detail: dict[str, JsonValue]
    correlation: str | None = None


class AuditBatch(Value):
    """Bytes that a transaction made pending: append exactly these at `offset` of `file`, then fsync."""

    first_seq: int
    last_seq: int
    last_hash: str
    file: str
    offset: int
    payload: bytes


class AuditAt(Event):
    """Everything up to record `seq` is on disk, in a file that ends at `file_end`.

    `checkpoint`, if one is due, is the detail of the record that state then writes next.
    """

    seq: int
    hash: str
    file_end: FileEnd | None = None
    checkpoint: dict[str, JsonValue] | None = None


class AppendAudit(Command, Answered[AuditAt]):
    """Told by state after its commit; `AuditAt` is told back once the bytes are on disk."""

    batch: AuditBatch


class SwitchWord(Value):
    """What a record of the kill switch says: the last one in the log counts whatever row and file say."""

    armed: bool
    causes: tuple[str, ...]
    reason: str
    who: str
    at: datetime


class FileEnd(Value):
    """Where a day's file ends, and the SHA-256 of its uncompressed bytes: the next file begins with this.

    `last_word` and `broken_before` are what has to be known of all records up to here.
    """

    file: str
    bytes: int
    sha256: str
    seq: int
    hash: str
    last_word: SwitchWord | None
    broken_before: bool


class AuditBoot(Event):
    """What audit found at its start. Told to state, which begins a new chain unless it is `ok`.

    `head` is where the files end now; if they were moved away, `found` is where they ended. `last_word` is
    that of the log about the kill switch; None if it was never armed. `file_end` is that of the open file,
    `checkpoint` as in `AuditAt`.
    """

    ok: bool
    restored: bool
    records: int
    head: AuditHead
    problem: str | None = None
    evidence: str | None = None
    evidence_sha256: str | None = None
    expected: AuditHead | None = None
    found: AuditHead | None = None
    last_word: SwitchWord | None = None
    file_end: FileEnd | None = None
    checkpoint: dict[str, JsonValue] | None = None


class GetAudit(Query[AuditStatus]):
    """Answered by `AuditStatus`."""
