"""The audit chain in exact detail: every field of a record read back, and the text of each refusal."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from hashlib import sha256

import pytest

from core.audit.hash_chain import (
    GENESIS,
    RECORD_BYTES_MAX,
    AuditRecord,
    ChainBrokenError,
    Link,
    check_canonical,
    encode_record,
    file_name,
    follow,
    parse_head,
    read_record,
    split_lines,
)
from core.errors import InputError
from core.messages.audit import AuditEvent, AuditKind

AT = datetime(2026, 1, 5, 14, 0, tzinfo=UTC)
EVENT = AuditEvent(kind=AuditKind.VETO, at=AT, detail={"b": 1, "a": [True, None]}, correlation="c-1")
BODY = (
    b'{"seq":1,"prev":"' + b"0" * 64 + b'","at":"2026-01-05T14:00:00.000000+00:00","kind":"VETO",'
    b'"correlation":"c-1","detail":{"a":[true,null],"b":1}'
)
DIGEST = sha256(BODY).hexdigest()
LINE = BODY + b',"hash":"' + DIGEST.encode() + b'"}\n'


def fields(**changes: str) -> bytes:
    """A record's line with each field as the JSON text that is given."""
    told = {
        "seq": "7",
        "prev": '""',
        "at": '"2026-01-05T14:00:00+00:00"',
        "kind": '"VETO"',
        "correlation": "null",
        "detail": "{}",
        "hash": '"h"',
    } | changes
    return ("{" + ",".join(f'"{key}":{text}' for key, text in told.items()) + "}\n").encode()


def test_file_is_named_by_its_day() -> None:
    assert file_name(date(2026, 1, 5)) == "audit-2026-01-05.jsonl"


def test_record_is_written_to_the_byte() -> None:
    assert encode_record(GENESIS, EVENT) == (LINE, Link(1, DIGEST))
    assert follow(GENESIS, LINE) == Link(1, DIGEST)
    assert str(Link(1, DIGEST)) == f"1:{DIGEST}"


@pytest.mark.usefixtures("far_from_utc")
def test_record_tells_its_time_in_utc_wherever_it_is_written() -> None:
    there = EVENT.model_copy(update={"at": AT.astimezone(timezone(timedelta(hours=-3)))})
    assert encode_record(GENESIS, there) == (LINE, Link(1, DIGEST))


def test_record_is_read_back_field_by_field() -> None:
    assert read_record(LINE) == AuditRecord(
        seq=1,
        at=AT,
        kind="VETO",
        correlation="c-1",
        detail={"a": [True, None], "b": 1},
        hash=DIGEST,
    )


def test_lines_keep_their_feeds_and_a_torn_last_one_stays() -> None:
    assert split_lines(b"a\nb\n") == [b"a\n", b"b\n"]
    assert split_lines(b"a\n\nb") == [b"a\n", b"\n", b"b"]
    assert split_lines(b"") == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            b"0123456789012345678901234567890",
            "record 1: expected a line feed at its end, found '12345678901234567890'",
        ),
        (
            LINE.replace(b'"seq":1', b'"seq":2'),
            f'record 1: expected it to begin with \'{{"seq":1,"prev":"{"0" * 64}",\', '
            f'found \'{{"seq":2,"prev":"{"0" * 64}",\'',
        ),
        (
            LINE[:-4] + b'x"}\n',
            f'record 1: expected it to end with \',"hash":"{DIGEST}"}}\\n\', '
            f'found \',"hash":"{DIGEST[:-1]}x"}}\\n\'',
        ),
    ],
)
def test_break_is_told_with_what_was_expected_and_found(line: bytes, said: str) -> None:
    with pytest.raises(ChainBrokenError) as broken:
        follow(GENESIS, line)
    assert str(broken.value) == said


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"x" * 70, f"expected a JSON object, found '{'x' * 60}': Expecting value: line 1 column 1 (char 0)"),
        (b"[" + b"1," * 40 + b"1]\n", f"expected a JSON object, found '[{'1,' * 29}1'"),
        (
            b'{"seq":7}\n',
            "expected the keys ['seq', 'prev', 'at', 'kind', 'correlation', 'detail', 'hash'], found ['seq']",
        ),
        (fields(detail="NaN"), "record 7: Out of range float values are not JSON compliant"),
        (fields(detail="{ }"), "record 7: expected canonical JSON, found another form of it"),
        (b'"\xff"' + b"\n", "expected a JSON object, found '\"\\\\xff\"\\n'"),
    ],
)
def test_other_form_is_told_with_what_was_expected_and_found(line: bytes, said: str) -> None:
    with pytest.raises(ChainBrokenError) as broken:
        check_canonical(line)
    assert str(broken.value).startswith(said)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'{"seq":7}\n', "expected an audit record, found '{\"seq\":7}\\n': KeyError('at')"),
        (b"x" * 70, f"expected an audit record, found '{'x' * 60}': JSONDecodeError("),
        (b"[1]\n", "expected an audit record, found '[1]\\n': TypeError("),
    ],
)
def test_record_that_can_not_be_read_is_shown(line: bytes, said: str) -> None:
    with pytest.raises(ChainBrokenError) as broken:
        read_record(line)
    assert str(broken.value).startswith(said)


def test_naive_time_is_told() -> None:
    with pytest.raises(ValueError, match="aware time") as refused:
        encode_record(GENESIS, EVENT.model_copy(update={"at": datetime(2026, 1, 5, 14)}))  # noqa: DTZ001
    assert str(refused.value) == "audit event VETO: expected an aware time, found 2026-01-05T14:00:00"


def test_record_may_be_as_long_as_the_limit_and_no_byte_longer() -> None:
    """The limit counts the whole line with its seal and its line feed."""
    empty, _ = encode_record(GENESIS, EVENT.model_copy(update={"detail": {"a": ""}}))
    room = RECORD_BYTES_MAX - len(empty)
    line, _ = encode_record(GENESIS, EVENT.model_copy(update={"detail": {"a": "x" * room}}))
    assert len(line) == RECORD_BYTES_MAX == 16_777_216
    with pytest.raises(ValueError, match="at most") as refused:
        encode_record(GENESIS, EVENT.model_copy(update={"detail": {"a": "x" * (room + 1)}}))
    assert str(refused.value) == "audit event VETO: expected at most 16777216 bytes, found 16777217"


def test_head_with_all_sixteen_digits_is_a_head() -> None:
    digest = "0123456789abcdef" * 4
    assert parse_head(f"3:{digest}") == Link(3, digest)


@pytest.mark.parametrize("text", [f"1:2:{'a' * 64}", f"1:{'a' * 65}", f":{'a' * 64}", f"-1:{'a' * 64}"])
def test_what_is_no_head_is_shown(text: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_head(text)
    assert str(refused.value) == f"head: expected SEQ:HASH with 64 lower-case hex digits, found '{text}'"
