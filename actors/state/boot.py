"""The audit events that state notes because audit found something, or is due to sum up."""

from __future__ import annotations

from datetime import datetime

from pydantic import JsonValue

from core.messages.audit import AuditBoot, AuditEvent, AuditKind
from core.messages.room_status import AuditHead


def chain_broken_event(boot: AuditBoot, at: datetime) -> AuditEvent:
    """The first record of a new chain: what was expected, what was found, where it is kept."""
    detail: dict[str, JsonValue] = {
        "expected_head": _shown(boot.expected),
        "found_head": _shown(boot.found),
        "problem": boot.problem,
        "evidence": boot.evidence,
        "evidence_sha256": boot.evidence_sha256,
    }
    return AuditEvent(kind=AuditKind.CHAIN_BROKEN, at=at, detail=detail)


def tail_restored_event(boot: AuditBoot, at: datetime) -> AuditEvent:
    """The last batch was not whole in the file and was completed from the database."""
    detail: dict[str, JsonValue] = {"restored_up_to": _shown(boot.head)}
    return AuditEvent(kind=AuditKind.AUDIT_TAIL_RESTORED, at=at, detail=detail)


def checkpoint_event(detail: dict[str, JsonValue], at: datetime) -> AuditEvent:
    """What the books are after the records before, so that a start needs to fold only those after it."""
    return AuditEvent(kind=AuditKind.CHECKPOINT, at=at, detail=detail)


def _shown(head: AuditHead | None) -> str | None:
    return None if head is None else f"{head.seq}:{head.hash}"
