"""What a record of the audit log says about the kill switch."""

from __future__ import annotations

from core.audit.hash_chain import ChainBrokenError, read_record
from core.messages.audit import AuditKind, SwitchWord


def switch_word(line: bytes) -> SwitchWord:
    """The word of a record of kind ARMED or DISARMED. Raises ChainBrokenError for any other."""
    record = read_record(line)
    causes = record.detail.get("causes")
    if record.kind not in (AuditKind.ARMED, AuditKind.DISARMED) or not isinstance(causes, list):
        raise ChainBrokenError(
            f"record {record.seq}: expected a record of the kill switch with its causes, found {record.kind}"
        )
    return SwitchWord(
        armed=record.kind == AuditKind.ARMED,
        causes=tuple(str(cause) for cause in causes),
        reason=str(record.detail.get("reason", "")),
        who=str(record.detail.get("who", "")),
        at=record.at,
    )
