"""The audit hash chain on bytes: JSON lines, each holding its number, its predecessor's hash and its own.

A record is one line, `{"seq":N,"prev":"<hash N-1>",…,"hash":"<hash N>"}` and a line feed. The hash is
SHA-256, in lower-case hex, over exactly the bytes before `,"hash":`. So every byte is either hashed or fixed
by this form, and the chain is verified without parsing. Only the line feed separates records.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from pydantic import JsonValue

from core.errors import FoundWrongError, InputError
from core.json_text import writer
from core.messages.audit import AuditEvent

GENESIS_HASH = "0" * 64
"""The predecessor's hash in the first record."""
RECORD_BYTES_MAX = 16 * 1024 * 1024
"""No record is longer; a verifier never has to hold more than this."""

TIMES_KEPT = 64
"""The records of one change are of one time, and so are often those of the next."""

_HASH_KEY = b',"hash":"'
_END = b'"}\n'
_SEAL_BYTES = len(_HASH_KEY) + 64 + len(_END)
_HEX = frozenset("0123456789abcdef")
_KIND = re.compile(rb'\{"seq":\d+,"prev":"[0-9a-f]{64}","at":"[^"]*","kind":"([A-Z_]+)"')


class ChainBrokenError(FoundWrongError):
    """A record does not follow from those before it; the message says what was expected and found."""


class Link(NamedTuple):
    """The end of a chain: the last record's number and hash."""

    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"


GENESIS = Link(0, GENESIS_HASH)


class AuditRecord(NamedTuple):
    """One record, read back."""

    seq: int
    at: datetime
    kind: str
    correlation: str | None
    detail: dict[str, JsonValue]
    hash: str


def file_name(day: date) -> str:
    """The audit file of a day: `audit-YYYY-MM-DD.jsonl`; files sorted by name are in the chain's order."""
    return f"audit-{day.isoformat()}.jsonl"


_write = writer(ascii_only=True)
_quoted = json.encoder.encode_basestring_ascii
"""A text as `canonical_json` writes it."""


def canonical_json(value: JsonValue) -> str:
    """JSON without spaces, keys sorted, ASCII only. Raises ValueError for NaN and infinities."""
    return _write(value)


def encode_record(previous: Link, event: AuditEvent, correlation: str | None = None) -> tuple[bytes, Link]:
    """The bytes of the record that follows `previous`, and the chain's new end.

    `correlation` is that of an event that names none. Raises ValueError if the event is not JSON, has a naive
    time, or is longer than `RECORD_BYTES_MAX`.
    """
    if event.at.tzinfo is None:
        raise ValueError(f"audit event {event.kind}: expected an aware time, found {event.at.isoformat()}")
    at = _time_text(event.at)
    of = correlation if event.correlation is None else event.correlation
    rest = _rest(at, event.kind.value, of, event.detail)
    body = b"%s%s" % (_opening(previous), rest)
    digest = sha256(body).hexdigest()
    line = body + _HASH_KEY + digest.encode("ascii") + _END
    if len(line) > RECORD_BYTES_MAX:
        raise ValueError(
            f"audit event {event.kind}: expected at most {RECORD_BYTES_MAX} bytes, found {len(line)}"
        )
    return line, Link(previous.seq + 1, digest)


def append(
    previous: Link, events: Iterable[AuditEvent], correlation: str | None = None
) -> tuple[bytes, Link]:
    """The bytes of the records of all events that follow `previous`, in order, and the chain's new end.

    `correlation` is that of the events that name none.
    """
    lines = []
    for event in events:
        line, previous = encode_record(previous, event, correlation)
        lines.append(line)
    return b"".join(lines), previous


def follow(previous: Link, line: bytes) -> Link:
    """The chain's end after `line`, which includes its line feed.

    Raises ChainBrokenError unless it is, to the byte, a record that follows `previous`.
    """
    seq = previous.seq + 1
    digest = digest_if_next(seq, previous.hash.encode("ascii"), line)
    if digest is None:
        raise ChainBrokenError(why_not_next(previous, line))
    return Link(seq, digest.decode("ascii"))


def digest_if_next(seq: int, prev: bytes, line: bytes) -> bytes | None:
    """The hash of `line` if it is, to the byte, record `seq` that follows the hash `prev`; None if it is not.

    As `follow`, for a walk over a million records: no more steps than the check needs.
    """
    digest = sha256(line[:-_SEAL_BYTES]).hexdigest().encode()
    seal, opening = b',"hash":"%b"}\n' % digest, b'{"seq":%d,"prev":"%b",' % (seq, prev)
    return digest if line.endswith(seal) and line.startswith(opening) else None


def why_not_next(previous: Link, line: bytes) -> str:
    """What is wrong first with a line that does not follow `previous`."""
    seq, opening = previous.seq + 1, _opening(previous)
    if not line.endswith(b"\n"):
        return f"record {seq}: expected a line feed at its end, found {_shown(line[-20:])}"
    if not line.startswith(opening):
        found = _shown(line[: len(opening)])
        return f"record {seq}: expected it to begin with {_shown(opening)}, found {found}"
    body, seal = line[:-_SEAL_BYTES], line[-_SEAL_BYTES:]
    expected = _HASH_KEY + sha256(body).hexdigest().encode("ascii") + _END
    return f"record {seq}: expected it to end with {_shown(expected)}, found {_shown(seal)}"


def split_lines(payload: bytes) -> list[bytes]:
    """Split at line feeds only. Each line keeps its line feed; the last one may have none."""
    *whole, rest = payload.split(b"\n")
    return [line + b"\n" for line in whole] + ([rest] if rest else [])


def follow_all(previous: Link, lines: Iterable[bytes]) -> Link:
    """Apply `follow` to each line in turn and return the chain's end after the last."""
    for line in lines:
        previous = follow(previous, line)
    return previous


def check_canonical(line: bytes) -> None:
    """Check strictly that a record is JSON in exactly the form that `encode_record` writes.

    Meant for a record that `follow` has accepted. Raises ChainBrokenError if it has another form.
    """
    try:
        fields = json.loads(line)
    except ValueError as error:
        raise ChainBrokenError(f"expected a JSON object, found {_shown(line[:60])}: {error}") from error
    if not isinstance(fields, dict):
        raise ChainBrokenError(f"expected a JSON object, found {_shown(line[:60])}")
    keys = ["seq", "prev", "at", "kind", "correlation", "detail", "hash"]
    if list(fields) != keys:
        raise ChainBrokenError(f"expected the keys {keys}, found {list(fields)}")
    try:
        again = ",".join(f'"{key}":{canonical_json(fields[key])}' for key in keys)
    except ValueError as error:
        raise ChainBrokenError(f"record {fields['seq']}: {error}") from error
    if b"{%s}\n" % again.encode("ascii") != line:
        raise ChainBrokenError(f"record {fields['seq']}: expected canonical JSON, found another form of it")


def kind_of(line: bytes) -> str:
    """The kind of a record, read from its bytes; empty if a valid record is not in canonical form."""
    found = _KIND.match(line)
    return found[1].decode("ascii") if found else ""


def read_record(line: bytes) -> AuditRecord:
    """The content of a record that `follow` has accepted. Raises ChainBrokenError if a field is missing."""
    try:
        fields = json.loads(line)
        return AuditRecord(
            seq=fields["seq"],
            at=datetime.fromisoformat(fields["at"]),
            kind=fields["kind"],
            correlation=fields["correlation"],
            detail=fields["detail"],
            hash=fields["hash"],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise ChainBrokenError(f"expected an audit record, found {_shown(line[:60])}: {error!r}") from error


def parse_head(text: str) -> Link:
    """Parse `SEQ:HASH`, the form in which the engine reports its head. Raises InputError."""
    seq, colon, digest = text.partition(":")
    if not colon or not (seq.isascii() and seq.isdigit()) or len(digest) != 64 or not set(digest) <= _HEX:
        raise InputError(f"head: expected SEQ:HASH with 64 lower-case hex digits, found {text!r}")
    return Link(int(seq), digest)


def _opening(previous: Link) -> bytes:
    return b'{"seq":%d,"prev":"%s",' % (previous.seq + 1, previous.hash.encode("ascii"))


@lru_cache(TIMES_KEPT)
def _time_text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _rest(at: str, kind: str, correlation: str | None, detail: JsonValue) -> bytes:
    of = "null" if correlation is None else _quoted(correlation)
    told = f'"at":{_quoted(at)},"kind":{_quoted(kind)},"correlation":{of},"detail":{canonical_json(detail)}'
    return told.encode("ascii")


def _shown(found: bytes) -> str:
    return repr(found.decode("ascii", "backslashreplace"))
