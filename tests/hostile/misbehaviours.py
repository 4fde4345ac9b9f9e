"""The table of misbehaviours: what a hostile or broken tool server may answer, each as one entry.

To add one, append an entry to `WIRE` (how bytes travel) or to `ANSWERS` (what a well-formed answer says):

    Misbehaviour("a price of nothing", says(b'{"price": "0"}'), End.REFUSED)
    Misbehaviour("no strikes", altered(lambda sound: sound.replace(b'"strike"', b'"k"')), End.REFUSED,
                 tool="get_options_chain")

`act` gets the `Exchange` (`tests/hostile/server.py`) of one request of `tool` and answers it in its own way;
`says` and `altered` make one for an answer that is well-formed HTTP. `end` is how the stored snapshot that
reads the tool has to end. `test_engine.py` plays every entry to the engine's own process, one after the
other. Nothing else has to be touched.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from tests.hostile.server import Exchange

Act: TypeAlias = Callable[[Exchange], None]
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


class End(StrEnum):
    """How a snapshot ends whose first answer of one tool is a misbehaviour and whose later ones are sound."""

    RETRIED = "asked again, and stored"
    REFUSED = "not asked again, and not stored"
    TAKEN = "not asked again, and stored"


@dataclass(frozen=True)
class Misbehaviour:
    """One way to answer one request of `tool`, and what the engine has to make of it."""

    name: str
    act: Act
    end: End
    tool: str = "get_index_price"

    def __str__(self) -> str:
        return self.name


def says(body: bytes, *, status: str = "200 OK", headers: str = "") -> Act:
    """Answer with that body, in well-formed HTTP."""
    return lambda exchange: exchange.answer(body, status=status, headers=headers)


def altered(change: Callable[[bytes], bytes]) -> Act:
    """Answer with the venue's own body, changed."""
    return lambda exchange: exchange.answer(change(exchange.sound()))


def drips(begin: bytes, piece: bytes) -> Act:
    """Begin an answer and never end it."""

    def act(exchange: Exchange) -> None:
        exchange.send(begin)
        exchange.drip(piece)

    return act


def raw(*pieces: bytes) -> Act:
    """Send these bytes and end the connection."""

    def act(exchange: Exchange) -> None:
        exchange.send(b"".join(pieces))
        raise ConnectionAbortedError

    return act


def followed_by(rest: bytes) -> Act:
    """Answer as the venue does, and send more on the same connection, in one piece with it."""

    def act(exchange: Exchange) -> None:
        body = exchange.sound()
        exchange.send(OK + b"Content-Length: %d\r\n\r\n%s%s" % (len(body), body, rest))

    return act


def endless(begin: bytes, piece: bytes) -> Act:
    """Send without a pause, for as long as anybody reads."""

    def act(exchange: Exchange) -> None:
        exchange.send(begin)
        while True:
            exchange.send(piece)

    return act


def in_parts(exchange: Exchange) -> None:
    """A sound answer in chunks with extensions and a trailer, after an interim one."""
    body = exchange.sound()
    half = len(body) // 2
    exchange.send(b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" + CHUNKED)
    for part in (body[:half], body[half:]):
        exchange.send(b"%x;note=1\r\n%s\r\n" % (len(part), part))
    exchange.send(b"0\r\nX-Sum: 1\r\n\r\n")


def until_closed(exchange: Exchange) -> None:
    """A sound answer in HTTP/1.0, which ends with the connection."""
    raw(b"HTTP/1.0 200 OK\r\n\r\n", exchange.sound())(exchange)


PRICE = b'{"price": "1", "timestamp": "2026-01-05T14:00:00Z"}'
ANOTHER = OK + b"Content-Length: %d\r\n\r\n%s" % (len(PRICE), PRICE)
"""An answer that nobody has asked for."""
MEGABYTE = b" " * (1 << 20)
PACKED = gzip.compress(gzip.compress(b" " * (4 << 20)))
"""4 MiB in some hundred bytes; more of it would only take longer to make."""


DRIPS: tuple[Misbehaviour, ...] = (
    Misbehaviour("silence", Exchange.hold, End.RETRIED),
    Misbehaviour("the status line drips", drips(b"HTTP/1.1 200 O", b"K"), End.RETRIED),
    Misbehaviour("headers drip", drips(OK + b"X-A: ", b"a"), End.RETRIED),
    Misbehaviour("many headers drip", drips(OK, b"X-A: a\r\n"), End.RETRIED),
    Misbehaviour("interim answers drip", drips(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"), End.RETRIED),
    Misbehaviour("the body drips", drips(OK + b"Content-Length: 9999\r\n\r\n", b" "), End.RETRIED),
    Misbehaviour("a body without end drips", drips(OK + b"\r\n", b" "), End.RETRIED),
    Misbehaviour("the size of a chunk drips", drips(CHUNKED, b"0"), End.RETRIED),
    Misbehaviour("a chunk's extension drips", drips(CHUNKED + b"5;a=", b"b"), End.RETRIED),
    Misbehaviour("chunks drip", drips(CHUNKED, b"1\r\n \r\n"), End.RETRIED),
    Misbehaviour("a trailer drips", drips(CHUNKED + b"2\r\n{}\r\n0\r\nT: ", b"b"), End.RETRIED),
)
"""They end with the deadline of the attempt, and nothing else ends them."""

FLOODS: tuple[Misbehaviour, ...] = (
    Misbehaviour("a long answer is announced", raw(OK + b"Content-Length: 9999999999\r\n\r\n"), End.RETRIED),
    Misbehaviour("chunks without end", endless(CHUNKED, b"100000\r\n" + MEGABYTE + b"\r\n"), End.RETRIED),
    Misbehaviour("a body without end", endless(OK + b"\r\n", MEGABYTE), End.RETRIED),
    Misbehaviour("a header without end", endless(OK + b"X-A: ", MEGABYTE), End.RETRIED),
    Misbehaviour("headers without end", endless(OK, b"X-A: a\r\n" * 1000), End.RETRIED),
    Misbehaviour("interim answers without end", endless(b"", b"HTTP/1.1 103 E\r\n\r\n" * 5000), End.RETRIED),
    Misbehaviour("packed twice", says(PACKED, headers="Content-Encoding: gzip, gzip\r\n"), End.RETRIED),
    Misbehaviour(
        "packed, in two headers",
        says(PACKED, headers="Content-Encoding: identity\r\nContent-Encoding: gzip\r\n"),
        End.RETRIED,
    ),
    Misbehaviour("packed in another way", says(b"x", headers="Content-Encoding: br\r\n"), End.RETRIED),
)

FRAMES: tuple[Misbehaviour, ...] = (
    Misbehaviour("reset", Exchange.reset, End.RETRIED),
    Misbehaviour("hung up", raw(), End.RETRIED),
    Misbehaviour("another protocol", raw(b"SSH-2.0-OpenSSH_9.7\r\n"), End.RETRIED),
    Misbehaviour("another version", raw(b"HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\n{}"), End.RETRIED),
    Misbehaviour("nonsense for a status line", raw(b"HTTP/1.1 fine\r\n\r\n"), End.RETRIED),
    Misbehaviour("a status that there is not", says(b"{}", status="999 ?"), End.RETRIED),
    Misbehaviour("a status below 100", says(b"{}", status="099 ?"), End.RETRIED),
    Misbehaviour("another protocol agreed", raw(b"HTTP/1.1 101 S\r\nUpgrade: x\r\n\r\n"), End.RETRIED),
    Misbehaviour("a header that is none", raw(OK + b"nonsense\r\n\r\n{}"), End.RETRIED),
    Misbehaviour("a NUL in a header", raw(OK + b"X-A: a\0b\r\nContent-Length: 2\r\n\r\n{}"), End.RETRIED),
    Misbehaviour("the body is cut off", raw(OK, b"Content-Length: 99\r\n\r\n{"), End.RETRIED),
    Misbehaviour("chunks are cut off", raw(CHUNKED, b"5\r\n{"), End.RETRIED),
    Misbehaviour("the size of a chunk is none", raw(CHUNKED, b"two\r\n{}\r\n0\r\n\r\n"), End.RETRIED),
    Misbehaviour("two lengths", says(PRICE, headers="Content-Length: 5\r\n"), End.RETRIED),
    Misbehaviour("a negative length", raw(OK, b"Content-Length: -2\r\n\r\n{}"), End.RETRIED),
    Misbehaviour("length and chunks", says(PRICE, headers="Transfer-Encoding: chunked\r\n"), End.RETRIED),
    Misbehaviour("an odd encoding", raw(OK, b"Transfer-Encoding: gzip, chunked\r\n\r\n"), End.RETRIED),
    Misbehaviour("an answer too many", followed_by(ANOTHER), End.TAKEN),
    Misbehaviour("half an answer too many", followed_by(ANOTHER[:40]), End.TAKEN),
    Misbehaviour("a line end too many", followed_by(b"\r\n"), End.TAKEN),
    Misbehaviour("in parts", in_parts, End.TAKEN),
    Misbehaviour("until the connection is closed", until_closed, End.TAKEN),
)

STATUSES: tuple[Misbehaviour, ...] = (
    Misbehaviour("moved", says(b"", status="302 Found", headers="Location: /elsewhere\r\n"), End.REFUSED),
    Misbehaviour("moved for good", says(b"", status="308 P", headers="Location: http://[\r\n"), End.REFUSED),
    Misbehaviour("not modified", raw(b"HTTP/1.1 304 Not Modified\r\n\r\n"), End.REFUSED),
    Misbehaviour("no content", raw(b"HTTP/1.1 204 No Content\r\n\r\n"), End.REFUSED),
    Misbehaviour("a part", says(PRICE, status="206 Partial Content"), End.REFUSED),
    Misbehaviour("out of order", says(b"", status="503 Unavailable"), End.RETRIED),
    Misbehaviour(
        "wait until a date",
        says(
            b"",
            status="429 Too Many",
            headers="Date: Mon, 05 Jan 2026 14:00:00 GMT\r\nRetry-After: Mon, 05 Jan 2026 14:00:02 GMT\r\n",
        ),
        End.RETRIED,
    ),
    Misbehaviour(
        "wait until the year 9999",
        says(
            b"",
            status="429 Too Many",
            headers="Date: Mon, 05 Jan 2026 14:00:00 GMT\r\nRetry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\n",
        ),
        End.REFUSED,
    ),
)

WIRE = (*DRIPS, *FLOODS, *FRAMES, *STATUSES)


def dvol_of(number: bytes) -> Act:
    """The venue's DVOL with another value."""
    return altered(lambda sound: re.sub(rb'("dvol":)[^,}]+', rb"\g<1>" + number, sound))


ANSWERS: tuple[Misbehaviour, ...] = (
    Misbehaviour("no JSON", says(b"<html>", headers="Content-Type: text/html\r\n"), End.REFUSED),
    Misbehaviour("half an object", altered(lambda sound: sound[: len(sound) // 2]), End.REFUSED),
    Misbehaviour("two objects", altered(lambda sound: sound + sound), End.REFUSED),
    Misbehaviour("a key twice", altered(lambda sound: b'{"price": "1", ' + sound[1:]), End.REFUSED),
    Misbehaviour(
        "a key twice, beside a text in another script",
        altered(lambda sound: '{"x": "Ωx=1", "price": "1", '.encode() + sound[1:]),
        End.REFUSED,
    ),
    Misbehaviour("nested too deep", says(b"[" * 1_000_000), End.REFUSED),
    Misbehaviour("nested too deep in an object", says(b'{"a":' * 100_000), End.REFUSED),
    Misbehaviour("no number", dvol_of(b"NaN"), End.REFUSED, tool="get_dvol"),
    Misbehaviour("a number beyond all bounds", dvol_of(b"1e999"), End.REFUSED, tool="get_dvol"),
    Misbehaviour("a number of a million digits", says(b'{"x": ' + b"9" * 1_000_000 + b"}"), End.REFUSED),
    Misbehaviour("a text of a million characters", says(b'"' + b"a" * 1_000_000 + b'"'), End.REFUSED),
    Misbehaviour("bytes that are no UTF-8", altered(lambda sound: b'{"\xff": 1, ' + sound[1:]), End.REFUSED),
    Misbehaviour("half a character", altered(lambda sound: b'{"x": "\\ud800", ' + sound[1:]), End.REFUSED),
    Misbehaviour("a byte order mark", altered(lambda sound: b"\xef\xbb\xbf" + sound), End.REFUSED),
    Misbehaviour(
        "a time before the year 1",
        altered(lambda sound: re.sub(rb'("timestamp":)"[^"]*"', rb'\1"0001-01-01T00:00:00+14:00"', sound)),
        End.REFUSED,
    ),
    Misbehaviour(
        "a price beyond all bounds",
        altered(lambda sound: re.sub(rb'("price":)"[^"]*"', rb'\1"1E+1000000000"', sound)),
        End.REFUSED,
    ),
    Misbehaviour(
        "a chain of 3 million zeros",
        says(b'{"quotes": [' + b"0," * 2_999_999 + b"0]}"),
        End.REFUSED,
        tool="get_options_chain",
    ),
    Misbehaviour("an error that is an object", says(b'{"error": {"code": 13004}}'), End.REFUSED),
    Misbehaviour("no price but an error", says(b'{"error": "11051 not known"}'), End.REFUSED),
    Misbehaviour("in UTF-16", altered(lambda sound: sound.decode().encode("utf-16")), End.REFUSED),
)

MISBEHAVIOURS = (*WIRE, *ANSWERS)
