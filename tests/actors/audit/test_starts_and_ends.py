"""How audit starts and ends where not everything is as usual, and what it says of that."""

from __future__ import annotations

import errno
from hashlib import sha256
from pathlib import Path

import pytest

from actors.audit.durable import write_whole
from actors.audit.files import compress, whole_lines
from actors.audit.verify import verify
from actors.runtime import AskTimeout
from core.alerts import AlertCode
from core.audit.hash_chain import GENESIS, ChainBrokenError, split_lines
from core.messages.alerting import RaiseAlert, Severity
from core.messages.audit import AppendAudit, AuditAt, AuditBoot, GetAudit
from core.messages.base import Refused
from core.messages.room_status import AuditHead, AuditStatus
from core.messages.state import GetAuditHeadAndPending
from tests.actors.audit.test_boot import FILE, boot, boots, event, flip_first, lived
from tests.actors.audit.test_disk_full import EVENT, FullDisk
from tests.actors.audit.test_verify import verified
from tests.actors.state.books_room import BooksRoom


def alerts(room: BooksRoom, code: str) -> list[tuple[Severity, str]]:
    told = [m for m in room.audit_ctx.told_to("alerting") if isinstance(m, RaiseAlert)]
    return [(alert.severity, alert.text) for alert in told if alert.code == code]


def status_of(room: BooksRoom) -> AuditStatus:
    with room.audit_ctx.handling(GetAudit(), sender=room.sender):
        room.audit.on_receive(GetAudit())
    told = room.audit_ctx.told_to(room.sender)[-1]
    assert isinstance(told, AuditStatus)
    return told


@pytest.mark.parametrize("broken", [False, True])
def test_a_start_without_books_says_what_is_unknown_and_appends_nothing(tmp_path: Path, broken: bool) -> None:
    """Where the chain should end only the books know; that they can't be used state tells by itself."""
    content = lived(tmp_path, orderly=True)
    path = tmp_path / "audit" / FILE
    if broken:
        path.write_bytes(flip_first(content))
    before = path.read_bytes()
    room = BooksRoom(tmp_path)
    room.audit_ctx.asks[GetAuditHeadAndPending] = Refused(request_id="", reasons=("degraded", "corrupt"))
    room.audit.on_start()
    (told,) = [m for m in room.audit_ctx.told_to("state") if isinstance(m, AuditBoot)]
    unknown = "the head is unknown: degraded, corrupt"
    assert told.problem is not None
    assert told.problem.endswith(f"; {unknown}" if broken else unknown)
    assert told.problem.startswith(f"{FILE}, byte 0: " if broken else unknown)
    assert (told.ok, told.restored, told.records) == (False, False, 0 if broken else 2)
    assert told.head.seq == told.records
    assert room.audit_ctx.told_to("kill_switch") == []
    found = status_of(room)
    assert (found.ok, found.problem, found.head) == (False, told.problem, told.head)
    assert path.read_bytes() == before


@pytest.mark.raises_alert(AlertCode.AUDIT_HEAD)
def test_an_orderly_stop_appends_what_is_pending_and_tells_the_head(tmp_path: Path) -> None:
    room = BooksRoom(tmp_path).start()
    event(room, 1)
    room.hold_appends = True
    event(room, 2)
    room.audit.on_stop()
    assert len(split_lines(room.audit_bytes())) == 2
    last = room.audit_ctx.told_to("state")[-1]
    assert isinstance(last, AuditAt)
    assert last.seq == 2
    assert alerts(room, "audit_head")[-1] == (Severity.LOW, f"audit head 2:{last.hash} (stop)")
    room.kill()


@pytest.mark.parametrize(
    "answer", [AskTimeout("state is down"), Refused(request_id="", reasons=("degraded",))]
)
def test_an_orderly_stop_that_can_not_ask_state_leaves_the_rest_to_the_next_start(
    tmp_path: Path, answer: object
) -> None:
    room = BooksRoom(tmp_path).start()
    room.hold_appends = True
    event(room, 1)
    told = len(room.audit_ctx.told)
    room.audit_ctx.asks[GetAuditHeadAndPending] = answer
    room.audit.on_stop()
    assert room.audit_bytes() == b""
    assert len(room.audit_ctx.told) == told
    room.kill()


def test_an_end_by_failure_writes_nothing_more(tmp_path: Path) -> None:
    """The disk may be what failed: the next incarnation completes the pending bytes."""
    room = BooksRoom(tmp_path).start()
    room.hold_appends = True
    event(room, 1)
    room.audit.on_failure(OSError("input/output error"))
    asked = len(room.audit_ctx.asked)
    room.audit.on_stop()
    assert room.audit_bytes() == b""
    assert len(room.audit_ctx.asked) == asked
    room.kill()


@pytest.mark.parametrize(
    "update", [{"last_hash": "f" * 64}, {"last_seq": 3}, {"payload": b"", "last_seq": 3}], ids=str
)
def test_a_batch_that_does_not_end_where_it_says_is_not_written(
    tmp_path: Path, update: dict[str, object]
) -> None:
    """State's memory may be damaged: what is acknowledged has to be what the database holds."""
    room = BooksRoom(tmp_path).start()
    event(room, 1)
    room.hold_appends = True
    event(room, 2)
    before = room.audit_bytes()
    (append,) = room.held
    wrong = AppendAudit(batch=append.batch.model_copy(update=update))
    with (
        room.audit_ctx.handling(wrong, sender=room.state_address),
        pytest.raises(ChainBrokenError, match=f"expected its end at {wrong.batch.last_seq}:"),
    ):
        room.audit.on_receive(wrong)
    assert room.audit_bytes() == before
    room.kill()


def test_a_restored_tail_is_told_with_what_was_missing(tmp_path: Path) -> None:
    content = lived(tmp_path, orderly=False)
    first = len(split_lines(content)[0])
    (tmp_path / "audit" / FILE).write_bytes(content[: first + 10])
    room, _ = boot(tmp_path)
    whole = len(content) - first
    text = f"{FILE}: {whole - 10} of {whole} bytes of the last batch were restored"
    assert alerts(room, "audit_tail_restored") == [(Severity.HIGH, text)]
    room.kill()


@pytest.mark.raises_alert(AlertCode.AUDIT_BROKEN)
def test_a_broken_chain_tells_what_was_expected_and_found_to_state_and_the_switch(tmp_path: Path) -> None:
    content = lived(tmp_path, orderly=True)
    (tmp_path / "audit" / FILE).write_bytes(flip_first(content))
    room = BooksRoom(tmp_path).start()
    (by_state,), (by_switch,) = boots(room, "state"), boots(room, "kill_switch")
    assert by_state == by_switch
    assert (by_state.ok, by_state.restored, by_state.records) == (False, False, 0)
    assert by_state.head == AuditHead(seq=0, hash=GENESIS.hash)
    assert by_state.expected is not None
    assert by_state.found is not None
    assert (by_state.expected.seq, by_state.found.seq) == (2, 0)
    assert alerts(room, "audit_broken") == [(Severity.CRITICAL, f"audit chain broken: {by_state.problem}")]
    found = status_of(room)
    assert (found.ok, found.problem) == (False, by_state.problem)
    room.kill()


def test_a_full_disk_without_ballast_is_not_told_as_ballast_that_went(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = BooksRoom(tmp_path).start()
    (tmp_path / "ballast").unlink()
    disk = FullDisk(2)
    monkeypatch.setattr("actors.audit.files.write_whole", disk)
    with pytest.raises(OSError, match="No space"):
        room.tell(EVENT)
    assert disk.times == 1, "it is not tried a second time"
    assert alerts(room, "ballast_released") == []
    room.kill()


@pytest.mark.parametrize("number", [errno.EDQUOT, errno.EIO])
def test_ballast_helps_against_a_full_disk_and_a_quota_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    room = BooksRoom(tmp_path).start()
    left = [number]

    def failing(handle: int, payload: bytes) -> None:
        if left:
            raise OSError(left.pop(), "no")
        write_whole(handle, payload)

    monkeypatch.setattr("actors.audit.files.write_whole", failing)
    if number == errno.EIO:
        with pytest.raises(OSError, match="no"):
            room.tell(EVENT)
    else:
        room.tell(EVENT)
        assert len(room.answers) == 1
    assert (tmp_path / "ballast").exists() is (number == errno.EIO)
    room.kill()


def test_a_compressed_file_holds_neither_a_name_nor_a_time(tmp_path: Path) -> None:
    """Compressed again after a power cut it is the same file to the byte."""
    path = tmp_path / FILE
    path.write_bytes(b"line\n" * 1000)
    content = compress(path).read_bytes()
    flags, time = content[3], content[4:8]
    assert (flags, time) == (0, bytes(4))
    assert not path.exists()
    path.write_bytes(b"line\n" * 1000)
    assert compress(path).read_bytes() == content


def test_lines_are_read_across_days_once_and_up_to_an_unfinished_one(tmp_path: Path) -> None:
    for day, content in ((5, b"a\nb\n"), (6, b"c\n"), (7, b"d\ne")):
        (tmp_path / f"audit-2026-01-{day:02}.jsonl").write_bytes(content)
    compress(tmp_path / FILE)
    (tmp_path / FILE).write_bytes(b"a\nb\n")
    assert list(whole_lines(tmp_path)) == [b"a\n", b"b\n", b"c\n", b"d\n"]
    assert list(whole_lines(tmp_path / "none")) == []


def test_only_a_cut_that_the_next_start_mends_is_called_restorable(tmp_path: Path) -> None:
    content = lived(tmp_path, orderly=False)
    path = tmp_path / "audit" / FILE
    first = len(split_lines(content)[0])
    for changed, ok, restorable in (
        (content, True, False),
        (content[: first + 10], False, True),
        (content[:first], False, True),
        (flip_first(content), False, False),
    ):
        path.write_bytes(changed)
        report = verified(tmp_path)
        assert (report.ok, report.restorable) == (ok, restorable)
        if restorable:
            whole, there = len(content) - first, len(changed) - first
            assert report.problem == (
                f"the last batch, records 2 to 2, has {there} of {whole} bytes; the database holds them and "
                "the next start restores them"
            )
    path.write_bytes(content[:first])
    report = verified(tmp_path, running=True)
    assert (report.ok, report.problem, report.restorable) == (True, None, False)
    assert verify(tmp_path, stored=lambda: None).ok


def test_evidence_is_listed_by_hash_line_by_line_and_for_its_owner_only(tmp_path: Path) -> None:
    content = lived(tmp_path, orderly=False)
    folder = tmp_path / "audit"
    (folder / FILE).write_bytes(flip_first(content))
    (folder / "audit-2026-01-04.jsonl").write_bytes(b"foreign\n")
    room, told = boot(tmp_path)
    evidence = tmp_path / (told.evidence or "")
    manifest = (evidence / "SHA256SUMS").read_bytes()
    assert sha256(manifest).hexdigest() == told.evidence_sha256
    names = ["audit-2026-01-04.jsonl", FILE, "pending.jsonl"]
    expected = [f"{sha256((evidence / name).read_bytes()).hexdigest()}  {name}" for name in names]
    assert manifest.decode().splitlines() == expected
    for written in ("pending.jsonl", "SHA256SUMS"):
        assert (evidence / written).stat().st_mode & 0o777 == 0o600
    room.kill()
