"""The boot tells what the log's last word about the kill switch is, whatever row and file say."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from core.alerts import AlertCode
from core.messages.audit import AuditBoot, SwitchWord
from tests.actors.state.books_room import BooksRoom, event
from tests.fakes.whole_books import switch


def last_word(data_dir: Path) -> SwitchWord | None:
    """As a start tells it to the kill switch."""
    room = BooksRoom(data_dir).start()
    room.kill()
    told = [made for made in room.audit_ctx.told_to("kill_switch") if isinstance(made, AuditBoot)]
    return told[-1].last_word


def test_a_switch_that_was_never_armed_has_no_word(tmp_path: Path) -> None:
    assert last_word(tmp_path) is None


@pytest.mark.raises_alert(AlertCode.BOOKS_DIFFER)
def test_a_disarming_by_sql_does_not_change_the_last_word(tmp_path: Path) -> None:
    """Log, head and pending bytes are as they were; only the row lies."""
    room = BooksRoom(tmp_path).start()
    switch(room, armed=True)
    room.tell(event(1))
    room.stop()
    with closing(sqlite3.connect(tmp_path / "cerbero.db")) as db:
        db.execute("UPDATE kill_switch SET armed = 0, causes = '[]'")
        db.commit()
    word = last_word(tmp_path)
    assert word is not None
    assert (word.armed, word.causes, word.who) == (True, ("operator",), "ada")


def test_the_last_word_counts_also_where_its_bytes_were_only_pending(tmp_path: Path) -> None:
    room = BooksRoom(tmp_path).start()
    switch(room, armed=True)
    room.hold_appends = True
    switch(room, armed=False)
    room.kill()
    word = last_word(tmp_path)
    assert word is not None
    assert not word.armed
