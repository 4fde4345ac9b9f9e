"""The tags that the preflight takes for ours are those that the next start binds."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from cli.folder_identity import FOLDER_FILE, folder_identity
from cli.preflight.tags import tags_at_next_start
from core.messages.state import AccountBound, BindAccount
from core.orders.adoption import OwnTags
from core.values import Environment
from tests.actors.state.books_room import START, BooksRoom
from tests.cli.restores import backed_up, restore

NOW = START + timedelta(days=1)
ORIGINAL, LATER = "abcdef", "ghijkl"


def bound(data_dir: Path, tag: str) -> OwnTags:
    """What a start that would draw this tag knows then."""
    room = BooksRoom(data_dir).start()
    answer = room.answer_to(
        BindAccount(
            request_id=f"bind-{tag}",
            environment=Environment.PAPER,
            account="A1",
            folder=folder_identity(data_dir),
            tag=tag,
            at=NOW,
        )
    )
    room.stop()
    assert isinstance(answer, AccountBound)
    return OwnTags(present=answer.tag, former=answer.former_tags, restored_at=answer.restored_at)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    bound(folder, ORIGINAL)
    return folder


def test_a_folder_knows_the_tag_that_was_drawn_in_it(data_dir: Path) -> None:
    assert tags_at_next_start(data_dir, NOW) == OwnTags(present=ORIGINAL)
    assert bound(data_dir, LATER) == OwnTags(present=ORIGINAL)


def test_a_new_folder_knows_none_and_none_is_made(tmp_path: Path) -> None:
    assert tags_at_next_start(tmp_path, NOW) == OwnTags(present="")
    assert list(tmp_path.iterdir()) == []


def test_in_a_copy_the_tag_of_the_original_is_anothers(data_dir: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(data_dir, tmp_path / "copy")
    before = tags_at_next_start(copy, NOW)
    assert before == bound(copy, LATER).model_copy(update={"present": ""})
    assert before == OwnTags(present="", former=(ORIGINAL,))
    (copy / FOLDER_FILE).unlink()
    assert tags_at_next_start(copy, NOW) == OwnTags(present="", former=(ORIGINAL, LATER))


def test_in_a_restored_folder_what_was_sent_before_the_restore_is_ours(data_dir: Path) -> None:
    backup = backed_up(data_dir)
    assert restore(data_dir, "--from", backup) == 0
    before = tags_at_next_start(data_dir, NOW)
    assert before == OwnTags(present="", former=(ORIGINAL,), restored_at=NOW)
    assert bound(data_dir, LATER) == before.model_copy(update={"present": LATER})
    assert tags_at_next_start(data_dir, NOW + timedelta(days=1)) == before.model_copy(
        update={"present": LATER}
    )


def test_a_copy_of_a_restored_folder_takes_nothing_for_ours(data_dir: Path, tmp_path: Path) -> None:
    assert restore(data_dir, "--from", backed_up(data_dir)) == 0
    bound(data_dir, LATER)
    copy = shutil.copytree(data_dir, tmp_path / "copy")
    before = tags_at_next_start(copy, NOW)
    assert before == OwnTags(present="", former=(ORIGINAL, LATER))
    assert bound(copy, "mnopqr") == before.model_copy(update={"present": "mnopqr"})
