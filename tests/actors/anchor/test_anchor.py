"""The anchor: behind the log is fine, ahead of it is a rollback, unreadable suspends entries."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from actors.anchor import Anchor, DiskAnchor
from actors.anchor.actor import ACCEPTED_S, RETRY_S, WRITE_AFTER_S, LookAtAnchor
from actors.audit.files import hash_of, whole_lines
from actors.runtime import AskTimeout
from actors.runtime.testing import FakeAddress, FakeContext
from core.alerts import AlertCode
from core.audit.hash_chain import GENESIS, Link, read_record
from core.errors import InputError
from core.messages.alerting import RaiseAlert
from core.messages.anchor import GetRecordHash, HeadReached, RecordHash
from core.messages.arm_cause import ArmCause
from core.messages.audit import AuditAt
from core.messages.kill_switch import ArmKillSwitch, ClearSuspension, GetKillSwitch, SuspendEntries
from core.messages.room_status import (
    KillSwitchStatus,
)
from core.messages.state import GetSystem, Recorded, SetSystem, SystemRead
from reading.audit import verified
from tests.actors.state.books_room import BooksRoom, event
from tests.fakes.clear_switch import CLEAR

HASHES = [GENESIS.hash, *(f"{number:x}" * 64 for number in range(1, 10))]


class AnchorRoom:
    """The actor with a log of `last` records, and what the books remember of an anchor."""

    def __init__(self, file: DiskAnchor, *, last: int = 5, known: str | None = None) -> None:
        self.ctx = FakeContext("anchor")
        self.file = file
        self.last, self.known, self.armed = last, known, False
        self.kill_switch, self.state = FakeAddress("kill_switch"), FakeAddress("state")
        self.anchor = Anchor(
            file=file,
            audit=FakeAddress("audit"),
            state=self.state,
            kill_switch=self.kill_switch,
            alerting=FakeAddress("alerting"),
        )
        self.anchor.ctx = self.ctx
        self.ctx.asks[GetRecordHash] = self.record_hash
        self.ctx.asks[GetSystem] = lambda query: SystemRead(key=query.key, value=self.known)
        self.ctx.asks[GetKillSwitch] = self.status
        self.anchor.on_start()
        self.deliver_to_self()

    def record_hash(self, query: object) -> RecordHash:
        assert isinstance(query, GetRecordHash)
        found = HASHES[query.seq] if query.seq <= self.last else None
        return RecordHash(seq=query.seq, hash=found, last_seq=self.last)

    def status(self, _: object) -> KillSwitchStatus:
        causes = (ArmCause.AUDIT,) if self.armed else ()
        changes = {"armed": self.armed, "causes": causes, "exits_blocked": self.armed}
        return CLEAR.model_copy(update=changes)

    def deliver_to_self(self) -> None:
        for to, message in list(self.ctx.told):
            if to.name == self.ctx.name:
                self.receive(message)

    def receive(self, message: object) -> None:
        with self.ctx.handling(message):
            self.anchor.on_receive(message)

    def advance(self, seconds: float) -> None:
        for message in self.ctx.advance(seconds):
            self.receive(message)

    def reached(self, seq: int) -> None:
        self.last = seq
        self.receive(HeadReached(seq=seq, hash=HASHES[seq]))
        self.advance(WRITE_AFTER_S)

    @property
    def suspended(self) -> bool:
        told = self.ctx.told_to("kill_switch")
        last = [made for made in told if isinstance(made, SuspendEntries | ClearSuspension)][-1]
        return isinstance(last, SuspendEntries)

    @property
    def arms(self) -> list[ArmKillSwitch]:
        return [made for made in self.ctx.told_to("kill_switch") if isinstance(made, ArmKillSwitch)]

    @property
    def alerts(self) -> list[str]:
        return [made.code for made in self.ctx.told_to("alerting") if isinstance(made, RaiseAlert)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "anchor"


def laid(path: Path, seq: int, digest: str | None = None) -> DiskAnchor:
    file = DiskAnchor(path)
    file.write(Link(seq, HASHES[seq] if digest is None else digest))
    return file


def test_the_first_life_writes_the_head_and_lets_the_books_remember_it(path: Path) -> None:
    room = AnchorRoom(DiskAnchor(path))
    assert not room.suspended
    room.reached(6)
    assert path.read_text("ascii") == f"6:{HASHES[6]}\n"
    [told] = [made for made in room.ctx.told_to("state") if isinstance(made, SetSystem)]
    assert (told.key, told.value) == ("anchor", str(path))
    room.receive(Recorded(request_id=told.request_id))
    room.reached(7)
    assert len([made for made in room.ctx.told_to("state") if isinstance(made, SetSystem)]) == 1


def test_heads_that_follow_at_once_are_written_as_one(path: Path) -> None:
    room = AnchorRoom(DiskAnchor(path))
    for seq in (6, 7, 8):
        room.receive(HeadReached(seq=seq, hash=HASHES[seq]))
    assert len(room.ctx.pending_timers) == 1
    room.advance(WRITE_AFTER_S)
    assert room.file.read() == (8, HASHES[8])


@pytest.mark.parametrize("seq", [0, 1, 4, 5])
def test_an_anchor_behind_the_log_is_fine(path: Path, seq: int) -> None:
    """A crash may come between the acknowledgement and the anchor."""
    room = AnchorRoom(laid(path, seq), known=str(path))
    assert (room.suspended, room.arms, room.alerts) == (False, [], [])
    room.reached(6)
    assert room.file.read() == (6, HASHES[6])


@pytest.mark.parametrize(("seq", "digest"), [(6, None), (9, None), (3, "f" * 64), (0, "e" * 64)])
def test_an_anchor_that_the_log_does_not_hold_arms_and_stays(
    path: Path, seq: int, digest: str | None
) -> None:
    """The log is shorter, or it was rolled back and has grown differently since."""
    room = AnchorRoom(laid(path, seq, digest), known=str(path))
    content = path.read_bytes()
    [arm] = room.arms
    assert arm.cause is ArmCause.AUDIT
    assert f"holds record {seq}:" in arm.reason
    assert room.suspended
    room.armed = True
    room.receive(HeadReached(seq=5, hash=HASHES[5]))
    room.advance(RETRY_S)
    room.advance(RETRY_S)
    assert len(room.arms) == 1
    assert path.read_bytes() == content


@pytest.mark.raises_alert(AlertCode.AUDIT_ROLLED_BACK)
def test_a_rollback_that_waits_for_a_person_leaves_share_and_log_alone(path: Path) -> None:
    room = AnchorRoom(laid(path, 9), known=str(path))
    room.armed = True
    room.ctx.asks[GetRecordHash] = AssertionError("asked again")
    path.unlink()
    room.advance(RETRY_S)
    assert (room.suspended, len(room.arms), room.alerts) == (True, 1, ["audit_rolled_back"])


def test_an_arming_that_was_lost_is_not_taken_for_a_disarming(path: Path) -> None:
    """The kill switch may have crashed with the message in its mailbox."""
    room = AnchorRoom(laid(path, 9), known=str(path))
    room.advance(ACCEPTED_S)
    assert (room.suspended, len(room.arms)) == (True, 2)
    assert room.file.read() == (9, HASHES[9])


@pytest.mark.raises_alert(AlertCode.ANCHOR_BEGINS_ANEW)
def test_after_a_person_has_disarmed_the_anchor_is_put_aside_and_begins_anew(path: Path) -> None:
    room = AnchorRoom(laid(path, 9), known=str(path))
    room.armed = True
    room.advance(RETRY_S)
    room.armed = False
    # Until the anchor begins anew, a restart would arm again, for what the person has just accepted.
    room.advance(ACCEPTED_S)
    assert not room.suspended
    room.reached(6)
    assert room.file.read() == (6, HASHES[6])
    [aside] = path.parent.glob("anchor.rolled-back-*")
    assert aside.read_text("ascii") == f"9:{HASHES[9]}\n"


@pytest.mark.raises_alert(AlertCode.ANCHOR_READ)
@pytest.mark.parametrize("content", [b"5", b"5:xyz\n", b"\xff\xfe", b"x" * 5000])
def test_an_anchor_that_is_none_suspends_entries_until_it_is_one(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    room = AnchorRoom(DiskAnchor(path))
    assert (room.suspended, room.arms, room.alerts) == (True, [], ["anchor_unreadable"])
    room.advance(RETRY_S)
    assert (room.suspended, room.alerts) == (True, ["anchor_unreadable"])
    laid(path, 5)
    room.advance(RETRY_S)
    assert (room.suspended, room.alerts) == (False, ["anchor_unreadable", "anchor_read"])


@pytest.mark.raises_alert(AlertCode.ANCHOR_UNREADABLE)
def test_an_anchor_that_is_gone_suspends_entries(path: Path) -> None:
    """A share that is not mounted looks like an empty folder."""
    room = AnchorRoom(DiskAnchor(path), known=str(path))
    assert (room.suspended, room.arms, room.alerts) == (True, [], ["anchor_unreadable"])
    room.reached(6)
    assert not path.exists()
    path.touch()
    room.advance(RETRY_S)
    room.advance(WRITE_AFTER_S)
    assert not room.suspended
    assert room.file.read() == (6, HASHES[6])


def test_an_anchor_at_a_new_place_begins_there(path: Path) -> None:
    assert not AnchorRoom(DiskAnchor(path), known="/elsewhere").suspended


@pytest.mark.raises_alert(AlertCode.ANCHOR_NOT_WRITTEN, AlertCode.ANCHOR_WRITTEN)
def test_a_folder_that_is_missing_only_alerts_while_the_engine_runs(path: Path) -> None:
    room = AnchorRoom(DiskAnchor(path.parent / "share" / "anchor"))
    assert not room.suspended
    room.reached(6)
    assert room.alerts == ["anchor_not_written"]
    assert not room.suspended
    room.advance(RETRY_S)
    assert room.alerts == ["anchor_not_written"]
    (path.parent / "share").mkdir()
    room.advance(RETRY_S)
    assert room.alerts == ["anchor_not_written", "anchor_written"]


def test_a_hanging_file_turns_its_next_life_away_and_is_written_when_it_answers(path: Path) -> None:
    file = laid(path, 5)
    file._busy = True
    room = AnchorRoom(file, known=str(path))
    assert (room.suspended, room.alerts) == (True, ["anchor_unreadable"])
    file._busy = False
    room.advance(RETRY_S)
    assert not room.suspended


def test_a_log_that_can_not_be_asked_suspends_and_is_asked_again(path: Path) -> None:
    room = AnchorRoom(laid(path, 5), known=str(path))
    room.ctx.asks[GetRecordHash] = AskTimeout("audit is down")
    room.anchor._compared = False
    room.receive(LookAtAnchor())
    states = [room.suspended]
    room.ctx.asks[GetRecordHash] = room.record_hash
    room.advance(RETRY_S)
    assert [*states, room.suspended] == [True, False]


def test_a_cut_while_writing_leaves_the_old_head_or_the_new_one(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = laid(path, 4)

    def full(_: int, __: bytes) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(OSError, match="No space"):
            file.write(Link(5, HASHES[5]))
    assert file.read() == (4, HASHES[4])
    file.write(Link(6, HASHES[6]))
    assert file.read() == (6, HASHES[6])


def test_a_file_that_is_no_head_names_what_was_expected(path: Path) -> None:
    path.write_text("hello", "ascii")
    with pytest.raises(InputError, match="expected SEQ:HASH"):
        DiskAnchor(path).read()


class RealLog(AnchorRoom):
    """The actor beside the log of a data folder."""

    def __init__(self, file: DiskAnchor, data_dir: Path) -> None:
        self.folder = data_dir / "audit"
        super().__init__(file, known=file.path)

    def record_hash(self, query: object) -> RecordHash:
        assert isinstance(query, GetRecordHash)
        return RecordHash(seq=query.seq, hash=hash_of(self.folder, query.seq), last_seq=self.last)


def test_a_rollback_of_log_and_books_together_is_found_by_the_anchor_alone(tmp_path: Path) -> None:
    """Neither the start nor `audit verify` can see it from inside."""
    room = BooksRoom(tmp_path / "now").start()
    room.tell(event(1))
    room.stop()
    old = Path(shutil.copytree(tmp_path / "now", tmp_path / "old"))
    room = BooksRoom(tmp_path / "now").start()
    room.tell(event(2))
    room.stop()
    file = DiskAnchor(tmp_path / "anchor")
    file.write(verified(tmp_path / "now").head)
    assert RealLog(file, tmp_path / "now").arms == []
    assert verified(old).ok
    assert len(RealLog(file, old).arms) == 1
    room = BooksRoom(old).start()
    for number in (3, 4):
        room.tell(event(number))
    room.stop()
    assert len(RealLog(file, old).arms) == 1  # It has grown since, to another log.


def test_audit_tells_the_anchor_each_head_after_state(tmp_path: Path) -> None:
    room = BooksRoom(tmp_path, anchor=FakeAddress("anchor")).start()
    room.tell(event(1))
    told = [made for to, made in room.audit_ctx.told if isinstance(made, AuditAt | HeadReached)]
    assert [type(made) for made in told] == [HeadReached, AuditAt, HeadReached]
    head = told[-1]
    assert isinstance(head, HeadReached)
    with room.audit_ctx.handling(GetRecordHash(seq=1), sender=FakeAddress("anchor")) as _:
        room.audit.on_receive(GetRecordHash(seq=1))
    assert room.audit_ctx.told_to("anchor")[-1] == RecordHash(seq=1, hash=head.hash, last_seq=1)
    room.kill()


def test_each_record_of_several_files_has_its_hash(tmp_path: Path) -> None:
    """Also where the file of a day is compressed, or there twice after a crash."""
    room = BooksRoom(tmp_path).start()
    for day in range(40):
        room.tell(event(2 * day))
        room.tell(event(2 * day + 1))
        room.advance(86_400)
    lines = list(whole_lines(tmp_path / "audit"))
    room.stop()
    assert len(list((tmp_path / "audit").glob("*.gz"))) > 5
    hashes = [hash_of(tmp_path / "audit", seq) for seq in range(len(lines) + 2)]
    assert hashes == [GENESIS.hash, *(read_record(line).hash for line in lines), None]


def a_link(path: Path) -> None:
    (path.parent / "other").touch()
    path.symlink_to(path.parent / "other")


def a_link_to_nowhere(path: Path) -> None:
    path.symlink_to(path.parent / "nowhere")


@pytest.mark.parametrize("lay", [a_link, a_link_to_nowhere, os.mkfifo, Path.mkdir])
def test_what_is_no_plain_file_is_no_anchor_and_stays_as_it_is(
    path: Path, lay: Callable[[Path], None]
) -> None:
    """A device or a pipe reads as empty, and writing would put a file in its place or in that of a link."""
    lay(path)
    room = AnchorRoom(DiskAnchor(path))
    room.reached(6)
    assert room.suspended
    [said] = [made.text for made in room.ctx.told_to("alerting") if isinstance(made, RaiseAlert)]
    assert "expected a plain file, found" in said
    assert not path.is_file() or path.is_symlink()


@pytest.mark.parametrize("lay", [a_link, a_link_to_nowhere, os.mkfifo])
def test_what_lies_in_the_place_of_the_draft_is_not_written_to(
    path: Path, lay: Callable[[Path], None]
) -> None:
    """Others may write on a share: a link there must not lead into a file of ours, nor a pipe hang."""
    lay(path.with_name(f".{path.name}.draft"))
    file = DiskAnchor(path)
    file.write(Link(6, HASHES[6]))
    assert file.read() == (6, HASHES[6])
    assert not (path.parent / "nowhere").exists()
    other = path.parent / "other"
    assert not other.exists() or other.stat().st_size == 0
