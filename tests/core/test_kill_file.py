"""The KILL file reads back as it was written; whatever else is in it arms by the cause `kill_file`."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.kill_file import UNREADABLE_ID, Arming, KillFile, parse_kill_file
from core.messages.arm_cause import ArmCause

ARMING = Arming(
    arming_id="a1",
    causes=(ArmCause.OPERATOR,),
    reason="the market is closed to us",
    who="operator",
    at=datetime(2026, 1, 5, 14, tzinfo=UTC),
)
LATER = ARMING.model_copy(update={"arming_id": "a2", "causes": (ArmCause.PROBES,)})
LINES = ARMING.to_bytes() + LATER.to_bytes()
OLD = b'{"causes":["audit"],"reason":"r","who":"w","at":"2026-01-05T14:00:00Z","exits_blocked":false}\n'
"""A file of the version in which the file held one arming and what leaves."""


def test_file_read_back_is_the_file_written() -> None:
    found = parse_kill_file(LINES)
    assert found == KillFile((ARMING, LATER))
    assert found.causes == found.named_causes == {ArmCause.OPERATOR, ArmCause.PROBES}
    assert found.ids == ("a1", "a2")


def test_arming_is_one_line_of_text() -> None:
    assert ARMING.to_bytes() == (
        b'{"arming_id":"a1","causes":["operator"],"reason":"the market is closed to us","who":"operator",'
        b'"at":"2026-01-05T14:00:00Z"}\n'
    )


def test_empty_lines_between_armings_are_nothing() -> None:
    assert parse_kill_file(b"\n" + ARMING.to_bytes() + b"\n \n" + LATER.to_bytes()) == KillFile(
        (ARMING, LATER)
    )


def test_arming_of_an_older_version_is_read_and_known_by_its_content() -> None:
    found = parse_kill_file(OLD)
    assert found.causes == {ArmCause.AUDIT}
    [key] = found.ids
    assert len(key) == 16
    assert parse_kill_file(OLD.replace(b"false", b"true")).ids == (key,)
    assert parse_kill_file(OLD.replace(b'"r"', b'"s"')).ids != (key,)


@pytest.mark.parametrize(
    "content",
    [b"", b"stop", b"{}", b"\xff", ARMING.to_bytes()[:-5], OLD.replace(b"audit", b"new cause"), OLD[:-20]],
)
def test_what_is_no_arming_is_one_by_the_file(content: bytes) -> None:
    found = parse_kill_file(content)
    assert found.armings == ()
    assert found.causes == {ArmCause.KILL_FILE}
    assert len(found.ids) == 1


@pytest.mark.parametrize("wrong", [b'"causes":[]', b'"causes":["audit"],"at":"2026-01-05T14:00:00"'])
def test_arming_without_a_cause_or_without_a_time_zone_is_none(wrong: bytes) -> None:
    line = b'{"reason":"r","who":"w","at":"2026-01-05T14:00:00Z",' + wrong + b"}"
    assert parse_kill_file(line).armings == ()


def test_torn_line_beside_an_arming_adds_the_files_cause() -> None:
    found = parse_kill_file(LINES[:-5])
    assert found.armings == (ARMING,)
    assert found.causes == {ArmCause.OPERATOR, ArmCause.KILL_FILE}
    assert found.named_causes == {ArmCause.OPERATOR}
    assert len(found.ids) == 2


def test_file_that_can_not_be_read_is_known_by_that() -> None:
    found = KillFile(problem="Permission denied")
    assert found.causes == {ArmCause.KILL_FILE}
    assert found.ids == (UNREADABLE_ID,)
    assert found.without({UNREADABLE_ID}) is None
    assert found.without({"a1"}) == b""


def test_only_what_is_named_is_taken_away() -> None:
    found = parse_kill_file(LINES)
    assert found.without({"a1"}) == LATER.to_bytes()
    assert found.without(set()) == LINES
    assert found.without({"a1", "a2", "a3"}) is None


@pytest.mark.parametrize("content", [b"", b"stop\n", b"stop\ngo\n"])
def test_what_is_no_arming_stays_unless_it_is_named(content: bytes) -> None:
    found = parse_kill_file(content)
    assert found.without({"a1"}) == content
    assert found.without(set(found.ids)) is None
    beside = parse_kill_file(LINES + content)
    assert beside.without({"a1", "a2"}) == (content or None)
    assert beside.without(set(beside.ids) - {"a1", "a2"}) == LINES


@given(content=st.binary(max_size=200), beside=st.booleans(), named=st.sets(st.sampled_from(["a1", "a2"])))
def test_whatever_is_in_it_arms_until_all_of_it_is_named(
    content: bytes, beside: bool, named: set[str]
) -> None:
    found = parse_kill_file(content + (b"\n" + LINES if beside else b""))
    assert found.causes
    assert found.ids
    stays = found.without(named)
    assert (stays is None) == (set(found.ids) <= named)
    assert stays is None or set(parse_kill_file(stays).ids) == set(found.ids) - named
