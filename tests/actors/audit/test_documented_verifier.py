"""The shell verifier of docs/audit-log.md agrees with ours, on sound files and on changed ones."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from core.messages.audit import AuditEvent, AuditKind
from core.messages.state import RecordEvent
from tests.actors.state.books_room import START, BooksRoom

DOCUMENT = Path(__file__).parents[3] / "docs" / "audit-log.md"
FILE = "audit-2026-02-16.jsonl"


def script() -> str:
    found = re.search(r"```sh\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


def verify(folder: Path) -> str:
    done = subprocess.run(
        ["bash", "-c", script()], cwd=folder, capture_output=True, encoding="utf-8", check=False, timeout=30
    )
    assert done.stderr == ""
    return done.stdout.strip()


@pytest.fixture
def ended(tmp_path: Path) -> Path:
    """Three records in two files, the older one compressed."""
    room = BooksRoom(tmp_path).start()
    for number, wait_days in enumerate((0, 42, 0)):
        room.advance(wait_days * 86_400)
        detail = {"text": 'quotes " and \\ and ,"hash":"x"}', "n": number}
        made = AuditEvent(kind=AuditKind.OPERATOR, at=START, detail=detail)
        room.tell(RecordEvent(request_id=f"e{number}", audit=(made,)))
    room.stop()
    return tmp_path


def test_it_prints_the_head(ended: Path) -> None:
    room = BooksRoom(ended)
    room.state.on_start()
    assert verify(ended / "audit") == str(room.state._sequencer.end.link)
    room.kill()


def test_it_finds_a_changed_record(ended: Path) -> None:
    path = ended / "audit" / FILE
    path.write_bytes(path.read_bytes().replace(b'"n":1', b'"n":7'))
    assert verify(ended / "audit") == "record 3 was changed"


def test_it_finds_a_missing_record(ended: Path) -> None:
    path = ended / "audit" / FILE
    path.write_bytes(path.read_bytes().split(b"\n", 1)[1])
    assert verify(ended / "audit") == "broken before record 2"
