"""Every way to tamper with a log of 200 records: found, or (the last batch only) restored and reported."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from core.alerts import AlertCode
from core.audit.hash_chain import (
    GENESIS,
    ChainBrokenError,
    Link,
    encode_record,
    follow,
    follow_all,
    split_lines,
)
from core.messages.alerting import RaiseAlert
from core.messages.audit import AuditBoot
from reading.audit import verified
from tests.actors.state.books_room import BooksRoom, event
from tests.fakes.whole_books import write_whole_books

RECORDS = 200
FILE = "audit-2026-01-05.jsonl"
SAMPLE = 150
BITS = [0, *(pytest.param(bit, marks=pytest.mark.soak) for bit in range(1, 8))]


def live(data_dir: Path) -> BooksRoom:
    """An engine with 200 records, of which the last is a batch of its own."""
    room = BooksRoom(data_dir).start()
    write_whole_books(room)
    for number in range(RECORDS - len(split_lines(room.audit_bytes()))):
        room.tell(event(number))
    return room


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """After an orderly stop: nothing is pending."""
    data_dir = tmp_path_factory.mktemp("ended")
    live(data_dir).stop()
    return data_dir


@pytest.fixture(scope="module")
def lines(ended: Path) -> list[bytes]:
    found = split_lines((ended / "audit" / FILE).read_bytes())
    assert len(found) == RECORDS
    return found


@pytest.fixture(scope="module")
def links(lines: list[bytes]) -> list[Link]:
    """The end of the chain before each record, and after the last."""
    ends = [GENESIS]
    for line in lines:
        ends.append(follow(ends[-1], line))
    return ends


@pytest.fixture
def told_wrong(ended: Path) -> Iterator[Callable[[bytes], bool]]:
    """Whether `audit verify` finds fault with this content of the log."""
    path = ended / "audit" / FILE
    content = path.read_bytes()

    def says(changed: bytes) -> bool:
        path.write_bytes(changed)
        return not verified(ended).ok

    yield says
    path.write_bytes(content)


@pytest.mark.parametrize("bit", BITS)
def test_every_flip_of_a_bit_breaks_the_chain(bit: int, lines: list[bytes], links: list[Link]) -> None:
    """Only the flipped record and the one after it need to be looked at: the rest is as it was."""
    for number, line in enumerate(lines):
        after = b"".join(lines[number + 1 : number + 2])
        for at in range(len(line)):
            flipped = line[:at] + bytes([line[at] ^ (1 << bit)]) + line[at + 1 :] + after
            with pytest.raises(ChainBrokenError):
                follow_all(links[number], split_lines(flipped))


def test_flips_are_told_by_verify(lines: list[bytes], told_wrong: Callable[[bytes], bool]) -> None:
    content, chance = b"".join(lines), Random("flips")
    for _ in range(SAMPLE):
        changed = bytearray(content)
        changed[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        assert told_wrong(bytes(changed))


def test_truncation_around_each_record_is_told(
    lines: list[bytes], told_wrong: Callable[[bytes], bool]
) -> None:
    content = b"".join(lines)
    ends = [sum(map(len, lines[:count])) for count in range(RECORDS)]
    for end in ends:
        for kept in {max(end - 1, 0), end, end + 1}:
            assert told_wrong(content[:kept]), kept


@pytest.mark.soak
def test_truncation_at_every_byte_is_told(lines: list[bytes], told_wrong: Callable[[bytes], bool]) -> None:
    content = b"".join(lines)
    assert [kept for kept in range(len(content)) if not told_wrong(content[:kept])] == []


def test_every_record_deleted_doubled_or_swapped_is_told(
    lines: list[bytes], told_wrong: Callable[[bytes], bool]
) -> None:
    for number, line in enumerate(lines):
        before, after = lines[:number], lines[number + 1 :]
        assert told_wrong(b"".join([*before, *after])), f"{number} deleted"
        assert told_wrong(b"".join([*before, line, line, *after])), f"{number} doubled"
        if after:
            swapped = [*before, after[0], line, *after[1:]]
            assert told_wrong(b"".join(swapped)), f"{number} swapped with the next"
    chance = Random("swaps")
    for _ in range(SAMPLE):
        one, other = chance.sample(range(RECORDS), 2)
        swapped = list(lines)
        swapped[one], swapped[other] = lines[other], lines[one]
        assert told_wrong(b"".join(swapped)), f"{one} swapped with {other}"


def test_a_well_formed_record_inserted_anywhere_is_told(
    lines: list[bytes], links: list[Link], told_wrong: Callable[[bytes], bool]
) -> None:
    """Also at the end, where it follows to the byte: the books know which record is the last."""
    for number, link in enumerate(links):
        forged, _ = encode_record(link, event(999).audit[0])
        assert told_wrong(b"".join([*lines[:number], forged, *lines[number:]])), number


def test_a_chain_rewritten_from_a_record_on_is_told(
    lines: list[bytes], links: list[Link], told_wrong: Callable[[bytes], bool]
) -> None:
    """Every hash is right again, up to an end that is not the one that the books hold."""
    for number in range(0, RECORDS, 10):
        forged, link = [], links[number]
        for count in range(RECORDS - number):
            line, link = encode_record(link, event(count + 1000).audit[0])
            forged.append(line)
        assert told_wrong(b"".join([*lines[:number], *forged])), number


def test_a_boot_finds_each_kind_of_change(ended: Path, lines: list[bytes], tmp_path: Path) -> None:
    chance = Random("boots")
    forged, _ = encode_record(follow_all(GENESIS, lines), event(999).audit[0])
    at = chance.randrange(RECORDS - 1)
    flipped = bytearray(b"".join(lines))
    flipped[chance.randrange(len(flipped))] ^= 1
    kinds = {
        "flipped": bytes(flipped),
        "cut": b"".join(lines[:-1]),
        "cut-within": b"".join(lines)[:-5],
        "deleted": b"".join([*lines[:at], *lines[at + 1 :]]),
        "doubled": b"".join([*lines[: at + 1], *lines[at:]]),
        "swapped": b"".join([*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]]),
        "inserted": b"".join([*lines, forged]),
        "gone": b"",
    }
    for kind, content in kinds.items():
        data_dir = copied(ended, tmp_path / kind)
        (data_dir / "audit" / FILE).write_bytes(content)
        boot, _ = booted(data_dir)
        assert not boot.ok, kind
        assert boot.evidence is not None, kind


@pytest.mark.raises_alert(AlertCode.AUDIT_TAIL_RESTORED)
def test_a_truncated_last_batch_is_restored_and_reported(tmp_path: Path) -> None:
    room = live(tmp_path / "killed")
    room.kill()
    content = (tmp_path / "killed" / "audit" / FILE).read_bytes()
    last = split_lines(content)[-1]
    for kept in (0, 1, len(last) // 2, len(last) - 1):
        data_dir = copied(tmp_path / "killed", tmp_path / f"cut-{kept}")
        path = data_dir / "audit" / FILE
        path.write_bytes(content[: len(content) - len(last) + kept])
        assert not verified(data_dir).ok
        boot, alerts = booted(data_dir)
        assert (boot.ok, boot.restored) == (True, True)
        assert "audit_tail_restored" in alerts
        assert path.read_bytes().startswith(content)


def test_a_rollback_of_log_or_books_alone_is_found_and_of_both_by_a_told_head_alone(tmp_path: Path) -> None:
    room = live(tmp_path / "now")
    room.stop()
    old = copied(tmp_path / "now", tmp_path / "old")
    room = BooksRoom(tmp_path / "now").start()
    for number in range(300, 303):
        room.tell(event(number))
    room.stop()
    head = verified(tmp_path / "now").head
    log_rolled_back = copied(tmp_path / "now", tmp_path / "log")
    shutil.copy(old / "audit" / FILE, log_rolled_back / "audit" / FILE)
    books_rolled_back = copied(tmp_path / "now", tmp_path / "books")
    shutil.copy(old / "cerbero.db", books_rolled_back / "cerbero.db")
    for data_dir in (log_rolled_back, books_rolled_back):
        assert not verified(data_dir).ok
        assert not booted(data_dir)[0].ok
    assert verified(old).ok
    assert not verified(old, told_head=head).ok


def copied(data_dir: Path, to: Path) -> Path:
    return Path(shutil.copytree(data_dir, to, ignore=shutil.ignore_patterns("ballast")))


def booted(data_dir: Path) -> tuple[AuditBoot, set[AlertCode]]:
    """What a start of the engine tells, and the codes of its alerts."""
    room = BooksRoom(data_dir).start()
    room.kill()
    told = [made for made in room.audit_ctx.told_to("state") if isinstance(made, AuditBoot)]
    alerts = {made.code for made in room.audit_ctx.told_to("alerting") if isinstance(made, RaiseAlert)}
    return told[-1], alerts
