"""The boot table as a pure judgement: for every byte at which an append can be cut off."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.audit.files import bytes_from
from actors.audit.scan import Broken, Incomplete, Whole, judge, scan
from core.audit.hash_chain import GENESIS, Link, append
from core.messages.audit import AuditBatch, AuditEvent, AuditKind
from core.messages.room_status import AuditHead
from tests.actors.state.books_room import START

EVENT = AuditEvent(kind=AuditKind.ORDER, at=START, detail={"x": 1})
BEFORE, HEAD = append(GENESIS, [EVENT] * 2)
PENDING, END = append(HEAD, [EVENT] * 2)
OLD, NEW = "audit-2026-01-05.jsonl", "audit-2026-01-06.jsonl"


def head(link: Link) -> AuditHead:
    return AuditHead(seq=link.seq, hash=link.hash)


def pending(file: str, offset: int) -> AuditBatch:
    return AuditBatch(
        first_seq=HEAD.seq + 1,
        last_seq=END.seq,
        last_hash=END.hash,
        file=file,
        offset=offset,
        payload=PENDING,
    )


def verdict(folder: Path, batch: AuditBatch | None) -> object:
    found = scan(folder, wanted=(HEAD.seq,))
    return judge(found, head(HEAD), batch, lambda name, at, count: bytes_from(folder / name, at, count))


@pytest.mark.parametrize("same_file", [True, False])
def test_every_cut_inside_the_pending_bytes_is_incomplete_and_every_other_is_broken(
    tmp_path: Path, same_file: bool
) -> None:
    """Within one day's file, and where the pending bytes begin the next day's."""
    (tmp_path / OLD).write_bytes(BEFORE)
    file, offset = (OLD, len(BEFORE)) if same_file else (NEW, 0)
    batch = pending(file, offset)
    for end in range(len(PENDING)):
        (tmp_path / file).write_bytes(BEFORE * same_file + PENDING[:end])
        assert verdict(tmp_path, batch) == Incomplete(end)
    (tmp_path / file).write_bytes(BEFORE * same_file + PENDING)
    assert verdict(tmp_path, batch) == Whole()
    for end in range(len(BEFORE)):
        (tmp_path / NEW).unlink(missing_ok=True)
        (tmp_path / OLD).write_bytes(BEFORE[:end])
        assert isinstance(verdict(tmp_path, batch), Broken)


def test_a_changed_byte_in_the_part_that_is_there_is_broken(tmp_path: Path) -> None:
    """Half of the pending bytes with one of them flipped is no crash."""
    batch = pending(OLD, len(BEFORE))
    half = len(PENDING) // 2
    for at in range(len(BEFORE) + half):
        content = bytearray(BEFORE + PENDING[:half])
        content[at] ^= 4
        (tmp_path / OLD).write_bytes(content)
        assert isinstance(verdict(tmp_path, batch), Broken)


def test_without_pending_bytes_only_the_head_is_whole(tmp_path: Path) -> None:
    for end in range(len(BEFORE)):
        (tmp_path / OLD).write_bytes(BEFORE[:end])
        assert isinstance(verdict(tmp_path, None), Broken)
    (tmp_path / OLD).write_bytes(BEFORE)
    assert verdict(tmp_path, None) == Whole()
    (tmp_path / OLD).write_bytes(BEFORE + PENDING)
    assert isinstance(verdict(tmp_path, None), Broken)


def test_a_later_file_behind_the_pending_one_is_broken(tmp_path: Path) -> None:
    (tmp_path / OLD).write_bytes(BEFORE)
    (tmp_path / NEW).write_bytes(PENDING[:5])
    assert isinstance(verdict(tmp_path, pending(OLD, len(BEFORE))), Broken)
