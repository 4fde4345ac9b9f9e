"""The audit chain: appended records verify, and a change of any byte is found."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.audit.hash_chain import (
    GENESIS,
    ChainBrokenError,
    Link,
    append,
    check_canonical,
    encode_record,
    follow,
    follow_all,
    parse_head,
    read_record,
    split_lines,
)
from core.errors import InputError
from core.messages.audit import AuditEvent, AuditKind

AT = datetime(2026, 1, 5, 14, 0, tzinfo=UTC)

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
events = st.builds(
    AuditEvent,
    kind=st.sampled_from(AuditKind),
    at=st.datetimes(timezones=st.just(UTC)),
    detail=st.dictionaries(st.text(max_size=8), json_values, max_size=3),
    correlation=st.none() | st.text(max_size=10),
)
chains = st.lists(events, min_size=1, max_size=5)


def proves(payload: bytes, head: Link) -> bool:
    try:
        return follow_all(GENESIS, split_lines(payload)) == head
    except ChainBrokenError:
        return False


@given(chains)
def test_whatever_is_appended_verifies_and_is_canonical(chain: list[AuditEvent]) -> None:
    payload, head = append(GENESIS, chain)
    assert head.seq == len(chain)
    assert proves(payload, head)
    for line, event in zip(split_lines(payload), chain, strict=True):
        check_canonical(line)
        record = read_record(line)
        assert (record.kind, record.at, record.correlation) == (event.kind, event.at, event.correlation)


@given(chains, st.data())
def test_any_changed_byte_is_found(chain: list[AuditEvent], data: st.DataObject) -> None:
    payload, head = append(GENESIS, chain)
    at = data.draw(st.integers(0, len(payload) - 1))
    flip = data.draw(st.integers(1, 255))
    assert not proves(payload[:at] + bytes([payload[at] ^ flip]) + payload[at + 1 :], head)


def test_every_single_bit_of_a_small_chain_counts() -> None:
    payload, head = append(GENESIS, [AuditEvent(kind=AuditKind.VETO, at=AT, detail={"a": [1, 2.5]})] * 2)
    for at in range(len(payload)):
        for bit in range(8):
            assert not proves(payload[:at] + bytes([payload[at] ^ 1 << bit]) + payload[at + 1 :], head)


@given(chains, st.data())
def test_any_deleted_stretch_is_found(chain: list[AuditEvent], data: st.DataObject) -> None:
    payload, head = append(GENESIS, chain)
    start = data.draw(st.integers(0, len(payload) - 1))
    end = data.draw(st.integers(start + 1, len(payload)))
    assert not proves(payload[:start] + payload[end:], head)


@given(chains, st.binary(min_size=1, max_size=20), st.data())
def test_any_inserted_bytes_are_found(chain: list[AuditEvent], extra: bytes, data: st.DataObject) -> None:
    payload, head = append(GENESIS, chain)
    at = data.draw(st.integers(0, len(payload)))
    assert not proves(payload[:at] + extra + payload[at:], head)


@given(chains, st.data())
def test_truncation_anywhere_also_between_records_is_found(
    chain: list[AuditEvent], data: st.DataObject
) -> None:
    payload, head = append(GENESIS, chain)
    assert not proves(payload[: data.draw(st.integers(0, len(payload) - 1))], head)


@given(st.lists(events, min_size=2, max_size=5), st.data())
def test_any_reordering_is_found(chain: list[AuditEvent], data: st.DataObject) -> None:
    payload, head = append(GENESIS, chain)
    lines = split_lines(payload)
    order = data.draw(st.permutations(range(len(lines))).filter(lambda o: list(o) != list(range(len(lines)))))
    assert not proves(b"".join(lines[i] for i in order), head)


@given(chains, events)
def test_a_record_rewritten_with_a_right_hash_of_its_own_breaks_at_the_head(
    chain: list[AuditEvent], other: AuditEvent
) -> None:
    """Whoever rewrites the tail can hash it anew; only a head that was told elsewhere shows the change."""
    _, head = append(GENESIS, chain)
    forged, forged_head = append(GENESIS, [*chain[:-1], other])
    assert proves(forged, head) == (forged_head == head)


def test_a_chain_runs_on_from_any_link() -> None:
    event = AuditEvent(kind=AuditKind.ORDER, at=AT, detail={})
    first, link = append(GENESIS, [event] * 3)
    second, head = append(link, [event] * 2)
    assert append(GENESIS, [event] * 5) == (first + second, head)


def test_only_the_line_feed_separates_records() -> None:
    """Carriage returns and the Unicode separators stand inside a record, escaped."""
    event = AuditEvent(kind=AuditKind.OPERATOR, at=AT, detail={"text": "a\r\u2028\x85\nb"})
    line, _ = encode_record(GENESIS, event)
    assert line.count(b"\n") == 1
    assert line.isascii()
    assert read_record(line).detail == {"text": "a\r\u2028\x85\nb"}


def test_nothing_but_sha256_is_needed_to_verify() -> None:
    """The documented verification by shell gives the same hash."""
    line, link = encode_record(GENESIS, AuditEvent(kind=AuditKind.FILL, at=AT, detail={"x": "1"}))
    body = line.split(b',"hash":"')[0]
    out = subprocess.run(["sha256sum"], input=body, capture_output=True, check=True).stdout
    assert out.decode().split()[0] == link.hash == sha256(body).hexdigest()


@pytest.mark.parametrize(
    "line",
    [
        b'{"seq":1}\n',
        b"not json\n",
        b"[1]\n",
        b'{"seq":1,"prev":"","at":"","kind":"","correlation":null,"detail":{"b":1,"a":2},"hash":""}\n',
        b'{"seq":1,"prev":"","at":"","kind":"","correlation":null,"detail":{"a":{"c":1,"b":2}},"hash":""}\n',
        b'{"seq": 1,"prev":"","at":"","kind":"","correlation":null,"detail":{},"hash":""}\n',
        b'{"seq":NaN,"prev":"","at":"","kind":"","correlation":null,"detail":{},"hash":""}\n',
    ],
)
def test_the_strict_look_refuses_another_form(line: bytes) -> None:
    with pytest.raises(ChainBrokenError):
        check_canonical(line)


def test_a_record_without_its_fields_is_not_read() -> None:
    with pytest.raises(ChainBrokenError, match="expected an audit record"):
        read_record(b'{"seq":1}\n')


def test_a_naive_time_is_refused() -> None:
    naive = AuditEvent(kind=AuditKind.ORDER, at=AT.replace(tzinfo=None), detail={})
    with pytest.raises(ValueError, match="aware time"):
        encode_record(GENESIS, naive)


def test_times_are_written_in_utc() -> None:
    there = AT.astimezone(timezone(timedelta(hours=5)))
    event = AuditEvent(kind=AuditKind.ORDER, at=there, detail={})
    assert encode_record(GENESIS, event)[0] == encode_record(GENESIS, event.model_copy(update={"at": AT}))[0]


def test_what_json_cannot_say_is_refused() -> None:
    event = AuditEvent(kind=AuditKind.ORDER, at=AT, detail={"x": float("inf")})
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode_record(GENESIS, event)


def test_an_overlong_record_is_refused() -> None:
    event = AuditEvent(kind=AuditKind.ORDER, at=AT, detail={"x": "y" * 17_000_000})
    with pytest.raises(ValueError, match="at most"):
        encode_record(GENESIS, event)


def test_a_line_without_its_line_feed_is_no_record() -> None:
    line, _ = encode_record(GENESIS, AuditEvent(kind=AuditKind.ORDER, at=AT, detail={}))
    with pytest.raises(ChainBrokenError, match="line feed"):
        follow(GENESIS, line[:-1])


def test_a_head_is_read_as_it_is_told() -> None:
    link = Link(42, "ab" * 32)
    assert parse_head(str(link)) == link


@pytest.mark.parametrize(
    "text", ["", "42", "42:", "x:" + "a" * 64, "1:" + "A" * 64, "1:" + "a" * 63, "²:" + "a" * 64]
)
def test_what_is_no_head_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="SEQ:HASH"):
        parse_head(text)
