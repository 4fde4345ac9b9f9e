"""What the books remember of tags: those of before, and whether a restore drew the present one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from actors.state.apply_records import FORMER_TAGS_MAX
from core.alerts import AlertCode
from core.messages.alerting import RaiseAlert
from core.messages.state import AccountBound, BindAccount, Recorded, SetSystem
from core.system_keys import RESTORE_PENDING, RESTORED_KEY
from core.values import Environment
from reading.proof import books_proved
from tests.actors.state.books_room import START, BooksRoom


@pytest.fixture
def room(tmp_path: Path) -> Iterator[BooksRoom]:
    room = BooksRoom(tmp_path).start()
    yield room
    room.stop()
    assert books_proved(tmp_path).lines() == ()


def bind(room: BooksRoom, request: str, account: str, tag: str, folder: str) -> object:
    environment = Environment.PAPER
    return room.answer_to(
        BindAccount(
            request_id=request, environment=environment, account=account, folder=folder, tag=tag, at=START
        )
    )


def test_the_tags_of_before_are_remembered_and_whether_a_restore_was_why(room: BooksRoom) -> None:
    """Which orders that the books do not know are nobody else's, recovery knows by this."""

    def bound(request: str, tag: str, folder: str) -> tuple[tuple[str, ...], datetime | None]:
        answer = bind(room, request, "a", tag, folder)
        assert isinstance(answer, AccountBound)
        return answer.former_tags, answer.restored_at

    assert bound("1", "aaaaaa", "here") == ((), None)
    assert bound("2", "bbbbbb", "copy") == (("aaaaaa",), None)
    pending = SetSystem(request_id="r", key=RESTORED_KEY, value=RESTORE_PENDING, at=START)
    assert isinstance(room.answer_to(pending), Recorded)
    assert bound("3", "cccccc", "restored") == (("aaaaaa", "bbbbbb"), START)
    assert bound("4", "dddddd", "restored") == (("aaaaaa", "bbbbbb"), START)
    assert bound("5", "eeeeee", "a copy of it") == (("aaaaaa", "bbbbbb", "cccccc"), None)


def test_of_tags_that_are_drawn_without_end_the_newest_are_remembered(room: BooksRoom) -> None:
    for number in range(FORMER_TAGS_MAX + 3):
        answer = bind(room, str(number), "a", f"t{number}", "")
    assert isinstance(answer, AccountBound)
    assert len(answer.former_tags) == FORMER_TAGS_MAX
    assert answer.former_tags[-1] == f"t{FORMER_TAGS_MAX + 1}"


@pytest.mark.raises_alert(AlertCode.LABEL_TAG_DRAWN)
def test_a_new_tag_for_another_folder_or_machine_is_told_to_a_person(room: BooksRoom) -> None:
    bind(room, "1", "a", "aaaaaa", "here")
    assert not told(room)
    bind(room, "2", "a", "bbbbbb", "another machine")
    bind(room, "3", "a", "cccccc", "another machine")
    [text] = told(room)
    assert "a new tag (bbbbbb, before aaaaaa)" in text
    assert "stop one of the two engines" in text


def told(room: BooksRoom) -> list[str]:
    raised = [made for made in room.state_ctx.told_to("alerting") if isinstance(made, RaiseAlert)]
    return [alert.text for alert in raised if alert.code == "label_tag_drawn"]
