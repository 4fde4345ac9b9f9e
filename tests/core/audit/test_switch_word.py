"""What the last record of the kill switch says."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import JsonValue

from core.audit.hash_chain import GENESIS, ChainBrokenError, encode_record
from core.audit.switch_word import switch_word
from core.messages.audit import AuditEvent, AuditKind, SwitchWord

AT = datetime(2026, 1, 5, 14, tzinfo=UTC)


def line(kind: AuditKind, **detail: JsonValue) -> bytes:
    return encode_record(GENESIS, AuditEvent(kind=kind, at=AT, detail=detail))[0]


@pytest.mark.parametrize(("kind", "armed"), [(AuditKind.ARMED, True), (AuditKind.DISARMED, False)])
def test_the_word_says_whether_why_and_by_whom(kind: AuditKind, armed: bool) -> None:
    word = switch_word(line(kind, causes=["audit"], reason="seen", who="ada"))
    assert word == SwitchWord(armed=armed, causes=("audit",), reason="seen", who="ada", at=AT)


def test_a_word_without_reason_is_one_too() -> None:
    assert switch_word(line(AuditKind.ARMED, causes=[])).reason == ""
    assert switch_word(line(AuditKind.ARMED, causes=[])).who == ""


@pytest.mark.parametrize("other", [line(AuditKind.KELLY, causes=[]), line(AuditKind.ARMED, causes="audit")])
def test_another_record_is_refused(other: bytes) -> None:
    with pytest.raises(ChainBrokenError, match="record 1: expected a record of the kill switch"):
        switch_word(other)
