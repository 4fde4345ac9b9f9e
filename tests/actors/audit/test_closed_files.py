"""Closed files are proved by the digest in the next file's first record: the boot walks the open one only."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from actors.audit import scan as scanning
from actors.audit.scan import Scan, boot_scan, scan
from core.audit.hash_chain import digest_if_next, split_lines
from core.messages.audit import AuditBoot
from reading.audit import verified
from tests.actors.state.books_room import BooksRoom, event, records
from tests.fakes.whole_books import switch

DAY_S = 86_400
DAYS = 5
EACH = 4
FIRST, SECOND, LAST = "audit-2026-01-05.jsonl", "audit-2026-01-06.jsonl", "audit-2026-01-09.jsonl"


def lived(data_dir: Path, *, days: int = DAYS) -> BooksRoom:
    """A few days with a few records each; armed on the second."""
    room = BooksRoom(data_dir).start()
    for day in range(days):
        for number in range(EACH):
            room.tell(event(day * EACH + number))
        if day == 1:
            switch(room, armed=True)
        if day < days - 1:
            room.advance(DAY_S)
    return room


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data_dir = tmp_path_factory.mktemp("days")
    lived(data_dir).stop()
    return data_dir


@pytest.fixture
def data_dir(ended: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(ended, tmp_path / "data", ignore=shutil.ignore_patterns("ballast")))


@pytest.fixture
def walked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of the records that are walked."""
    numbers: list[int] = []

    def counted(seq: int, prev: bytes, line: bytes) -> bytes | None:
        numbers.append(seq)
        return digest_if_next(seq, prev, line)

    monkeypatch.setattr(scanning, "digest_if_next", counted)
    return numbers


def seen(found: Scan) -> tuple[object, ...]:
    return (
        found.link,
        found.file,
        found.offset,
        found.tail,
        found.files,
        found.problem,
        found.words.last,
        found.broken_before,
    )


def booted(data_dir: Path) -> AuditBoot:
    room = BooksRoom(data_dir).start()
    room.kill()
    return [made for made in room.audit_ctx.told_to("state") if isinstance(made, AuditBoot)][-1]


def test_only_the_open_file_is_walked(data_dir: Path, walked: list[int]) -> None:
    whole = scan(data_dir / "audit")
    count = len(walked)
    walked.clear()
    found = boot_scan(data_dir / "audit", wanted=(whole.link.seq,))
    open_records = len(split_lines((data_dir / "audit" / LAST).read_bytes()))
    assert walked == list(range(count - open_records + 1, count + 1))
    assert seen(found) == seen(whole)
    assert found.hashes == {whole.link.seq: whole.link.hash}


def test_what_a_closed_file_said_of_the_switch_is_still_known(data_dir: Path) -> None:
    word = booted(data_dir).last_word
    assert word is not None
    assert word.armed


def test_the_end_of_the_closed_file_is_a_hash_that_is_known(data_dir: Path) -> None:
    """Head of the books if the first batch of a new day is pending."""
    first = split_lines((data_dir / "audit" / LAST).read_bytes())[0]
    seq = int(first[len('{"seq":') :].split(b",")[0]) - 1
    assert boot_scan(data_dir / "audit", wanted=(seq,)).hashes[seq].encode() in first


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


TAMPERINGS: dict[str, Callable[[Path], object]] = {
    "first-flipped": lambda folder: flip(folder / FIRST),
    "second-flipped": lambda folder: flip(folder / SECOND),
    "open-flipped": lambda folder: flip(folder / LAST),
    "first-gone": lambda folder: (folder / FIRST).unlink(),
    "second-gone": lambda folder: (folder / SECOND).unlink(),
    "open-gone": lambda folder: (folder / LAST).unlink(),
    "second-cut": lambda folder: (folder / SECOND).write_bytes(
        b"".join(split_lines((folder / SECOND).read_bytes())[:-1])
    ),
    "second-emptied": lambda folder: (folder / SECOND).write_bytes(b""),
    "open-emptied": lambda folder: (folder / LAST).write_bytes(b""),
    "swapped": lambda folder: swap(folder / FIRST, folder / SECOND),
    "first-twice": lambda folder: shutil.copy(folder / FIRST, folder / "audit-2026-01-04.jsonl"),
    "another-form": lambda folder: (folder / f"{SECOND}.gz").write_bytes(b"no gzip"),
    "foreign": lambda folder: (folder / "audit-2026-13-01.jsonl").write_bytes(b""),
}


def swap(one: Path, other: Path) -> None:
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)


@pytest.mark.parametrize("name", TAMPERINGS)
def test_whatever_is_done_to_a_closed_or_the_open_file_is_found(data_dir: Path, name: str) -> None:
    TAMPERINGS[name](data_dir / "audit")
    assert not verified(data_dir).ok
    boot = booted(data_dir)
    assert not boot.ok
    assert boot.evidence is not None


def test_a_closed_file_of_an_older_version_is_walked(data_dir: Path, walked: list[int]) -> None:
    """Its next file does not begin with a ROLLOVER; from the next one on, digests prove."""
    room = BooksRoom(data_dir)
    room.advance(DAYS * DAY_S)
    room.start()
    room.state._sequencer._file_end = None
    room.tell(event(900))
    assert records(room)[-1]["kind"] == "KELLY"
    room.advance(DAY_S)
    room.tell(event(901))
    assert [made["kind"] for made in records(room)][-2:] == ["ROLLOVER", "KELLY"]
    room.kill()
    whole = scan(data_dir / "audit")
    walked.clear()
    assert seen(boot_scan(data_dir / "audit")) == seen(whole)
    assert walked == list(range(1, whole.link.seq + 1))
    assert booted(data_dir).ok


def test_compressed_files_are_proved_too(data_dir: Path, walked: list[int]) -> None:
    room = BooksRoom(data_dir)
    room.advance(60 * DAY_S)
    room.start()
    room.tell(event(950))
    room.stop()
    assert (data_dir / "audit" / f"{LAST}.gz").exists()
    walked.clear()
    assert booted(data_dir).ok
    assert len(walked) == 2


def test_an_unaccepted_break_of_an_earlier_day_is_still_known(tmp_path: Path) -> None:
    lived(tmp_path, days=1).stop()
    flip(tmp_path / "audit" / FIRST)
    room = BooksRoom(tmp_path).start()
    room.advance(DAY_S)
    room.tell(event(970))
    assert [made["kind"] for made in records(room)] == ["CHAIN_BROKEN", "BOOKS", "ROLLOVER", "KELLY"]
    room.kill()
    assert boot_scan(tmp_path / "audit").broken_before
    assert "CHAIN_BROKEN" in (verified(tmp_path).problem or "")
    room = BooksRoom(tmp_path).start()
    switch(room, armed=True)
    switch(room, armed=False)
    room.advance(DAY_S)
    room.tell(event(971))
    room.kill()
    assert not boot_scan(tmp_path / "audit").broken_before
    assert verified(tmp_path).ok
