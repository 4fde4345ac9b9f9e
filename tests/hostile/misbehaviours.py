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

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from tests.hostile.server import Exchange

Act: TypeAlias = Callable[[Exchange], None]


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


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"

WIRE: tuple[Misbehaviour, ...] = (
    Misbehaviour("silence", Exchange.hold, End.RETRIED),
    Misbehaviour("reset", Exchange.reset, End.RETRIED),
    Misbehaviour("headers drip", drips(OK + b"X-A: ", b"a"), End.RETRIED),
    Misbehaviour("body drips", drips(OK + b"Content-Length: 9999\r\n\r\n", b" "), End.RETRIED),
    Misbehaviour("nonsense status line", raw(b"ETH/1.1 fine\r\n\r\n"), End.RETRIED),
    Misbehaviour("body cut off", raw(OK, b"Content-Length: 99\r\n\r\n{"), End.RETRIED),
)

ANSWERS: tuple[Misbehaviour, ...] = (
    Misbehaviour("no JSON", says(b"<html>"), End.REFUSED),
    Misbehaviour("half an object", altered(lambda sound: sound[: len(sound) // 2]), End.REFUSED),
)

MISBEHAVIOURS = (*WIRE, *ANSWERS)
