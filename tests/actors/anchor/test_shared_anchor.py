"""One anchor file in the settings of two data folders: it says whose it is, and is nobody else's."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.anchor import DiskAnchor, holder_of
from actors.anchor.actor import RETRY_S, WRITE_AFTER_S
from core.alerts import AlertCode
from core.audit.hash_chain import Link
from core.messages.alerting import RaiseAlert
from core.messages.anchor import HeadReached
from core.messages.kill_switch import SuspendEntries
from tests.actors.anchor.test_anchor import HASHES, AnchorRoom


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "anchor"


def file_of(name: str, path: Path) -> DiskAnchor:
    return DiskAnchor(path, holder_of(Path("/srv") / name, f"id-of-{name}"))


def written(name: str, path: Path, seq: int, digest: str | None = None) -> DiskAnchor:
    file = file_of(name, path)
    file.write(Link(seq, HASHES[seq] if digest is None else digest))
    return file


def said(room: AnchorRoom, code: str) -> list[str]:
    raised = [made for made in room.ctx.told_to("alerting") if isinstance(made, RaiseAlert)]
    return [alert.text for alert in raised if alert.code == code]


def test_the_file_says_whose_head_it_holds(path: Path) -> None:
    file = written("a", path, 5)
    head, folder, place = path.read_text("ascii").split(" ", 2)
    assert (head, folder) == (f"5:{HASHES[5]}", "id-of-a")
    assert place.startswith("/srv/a on ")
    assert (file.read(), file.of_another()) == (Link(5, HASHES[5]), None)
    assert str(file_of("b", path).of_another()).startswith("/srv/a on ")


def test_a_folder_that_finds_the_anchor_of_another_names_it_and_places_no_entry(path: Path) -> None:
    """It is no rollback, so that nothing is armed; and the other one's head stays."""
    written("a", path, 9, "f" * 64)
    before = path.read_bytes()
    room = AnchorRoom(file_of("b", path))
    room.reached(6)
    room.advance(RETRY_S)
    assert (room.suspended, room.arms) == (True, [])
    [text] = said(room, "anchor_unreadable")
    assert "found that of /srv/a on " in text
    assert "name another file in audit.anchor_path" in text
    assert path.read_bytes() == before


def test_two_folders_that_begin_at_once_are_told_apart_at_the_first_write(path: Path) -> None:
    first, second = AnchorRoom(file_of("a", path)), AnchorRoom(file_of("b", path))
    first.reached(6)
    before = path.read_bytes()
    second.reached(7)
    [text] = said(second, "anchor_not_written")
    assert "two data folders have this file in audit.anchor_path; it holds the head of /srv/a on " in text
    assert path.read_bytes() == before
    assert first.alerts == []


def test_a_rolled_back_copy_of_the_folder_arms_as_ever(path: Path) -> None:
    """A copied snapshot is another folder, too; but its books remember that it had this anchor."""
    written("a", path, 9)
    room = AnchorRoom(file_of("copied snapshot of a", path), known=str(path))
    assert len(room.arms) == 1
    assert room.suspended


@pytest.mark.raises_alert(AlertCode.ANCHOR_TAKEN_OVER)
def test_a_folder_that_was_moved_takes_its_anchor_over(path: Path) -> None:
    written("a", path, 5)
    room = AnchorRoom(file_of("moved", path), known=str(path))
    assert (room.suspended, room.arms, room.alerts) == (False, [], ["anchor_taken_over"])
    room.reached(6)
    assert path.read_text("ascii").startswith(f"6:{HASHES[6]} id-of-moved /srv/moved on ")


def test_of_a_folder_and_its_copy_the_one_that_lost_the_anchor_says_so(path: Path) -> None:
    first = AnchorRoom(file_of("a", path))
    first.reached(5)
    copy = AnchorRoom(file_of("copy", path), known=str(path))
    copy.reached(6)
    first.receive(HeadReached(seq=6, hash=HASHES[6]))
    first.advance(WRITE_AFTER_S)
    [text] = said(first, "anchor_not_written")
    assert "it holds the head of /srv/copy on " in text
    told = first.ctx.told_to("kill_switch")
    assert not isinstance(told[-1], SuspendEntries), "while an engine runs, a lost anchor only alerts"


def test_an_anchor_of_before_it_said_whose_it_is_is_taken(path: Path) -> None:
    path.write_text(f"5:{HASHES[5]}\n", "ascii")
    room = AnchorRoom(file_of("a", path), known=str(path))
    assert (room.suspended, room.alerts) == (False, [])
    room.reached(6)
    assert "id-of-a" in path.read_text("ascii")


@pytest.mark.parametrize("place", ["Käse \n\x1b[2J", "x" * 5000])
def test_whatever_a_folder_is_called_the_file_is_one_line_that_can_be_read(path: Path, place: str) -> None:
    file = DiskAnchor(path, holder_of(Path(place), "id"))
    file.write(Link(5, HASHES[5]))
    file.write(Link(6, HASHES[6]))
    assert path.read_text("ascii").count("\n") == 1
    assert file.read() == Link(6, HASHES[6])
    assert DiskAnchor(path, holder_of(Path("b"), "other")).of_another() is not None
