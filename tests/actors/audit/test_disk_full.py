"""A full disk under the append: the ballast goes first, and half a write is taken back."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from core.alerts import AlertCode
from core.messages.alerting import RaiseAlert
from core.messages.audit import AuditEvent, AuditKind
from core.messages.state import Recorded, RecordEvent
from tests.actors.state.books_room import START, BooksRoom

EVENT = RecordEvent(
    request_id="e", audit=(AuditEvent(kind=AuditKind.KELLY, at=START, detail={"x": "y" * 100}),)
)


class FullDisk:
    """Takes a few bytes of each write, then fails `times` times."""

    def __init__(self, times: int) -> None:
        self.times = times

    def __call__(self, handle: int, payload: bytes) -> None:
        if self.times > 0:
            self.times -= 1
            os.write(handle, payload[:10])
            raise OSError(errno.ENOSPC, "No space left on device")
        os.write(handle, payload)


@pytest.mark.raises_alert(AlertCode.BALLAST_RELEASED)
def test_the_ballast_makes_room_for_the_append(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room = BooksRoom(tmp_path).start()
    monkeypatch.setattr("actors.audit.files.write_whole", FullDisk(1))
    room.tell(EVENT)
    assert room.answers == [Recorded(request_id="e")]
    assert not (tmp_path / "ballast").exists()
    codes = [m.code for m in room.audit_ctx.told_to("alerting") if isinstance(m, RaiseAlert)]
    assert "ballast_released" in codes
    room.kill()


def test_without_room_nothing_is_acknowledged_and_the_file_is_as_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = BooksRoom(tmp_path).start()
    monkeypatch.setattr("actors.audit.files.write_whole", FullDisk(2))
    with pytest.raises(OSError, match="No space"):
        room.tell(EVENT)
    assert room.answers == []
    assert room.audit_bytes() == b""
    room.restart_audit()
    assert room.answers == [Recorded(request_id="e")]
    room.kill()
