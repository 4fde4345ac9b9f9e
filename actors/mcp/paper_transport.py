"""The transport to the paper venue: sends it the market time, and plays the delays and faults in its answers.

The venue has no clock of its own. Each request carries `X-Paper-Now` (ISO-8601 UTC); an answer may carry
`X-Paper-Took` (seconds of market time until it would have come) and `X-Paper-Fault` (what would have happened
on the wire: `timeout`, `timeout_before`, `timeout_after`, `cut`, or `crash` of the actor that asked).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from actors.http import ConnectionCut, NoAnswer, Response, Transport
from core.contract.scalars import iso_utc

NOW_HEADER = "X-Paper-Now"
TOOK_HEADER = "x-paper-took"
FAULT_HEADER = "x-paper-fault"


class PaperCrashError(RuntimeError):
    """The injected crash of an MCP actor; nothing catches it but the supervisor."""


class MarketClock(Protocol):
    """What the transport needs of the runtime's market clock; an actor's context has it."""

    def now(self) -> datetime: ...

    def sleep(self, seconds: float) -> None: ...


class PaperTransport:
    """Wraps the transport that reaches the venue."""

    def __init__(self, inner: Transport, *, clock: MarketClock) -> None:
        self._inner = inner
        self._clock = clock

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None, timeout_s: float
    ) -> Response:
        told = {**headers, NOW_HEADER: iso_utc(self._clock.now())}
        answer = self._inner.send(method, path, told, body, timeout_s)
        took_s = _took_s(answer, path)
        fault = answer.headers.get(FAULT_HEADER, "")
        if took_s:
            self._clock.sleep(min(took_s, timeout_s))
        if fault == "crash":
            raise PaperCrashError(f"{method} {path}: injected crash")
        if fault == "cut":
            raise ConnectionCut(f"{method} {path}: the connection was cut")
        if fault.startswith("timeout") or took_s > timeout_s:
            if not took_s:
                self._clock.sleep(timeout_s)
            raise NoAnswer(f"{method} {path}: no answer within {timeout_s:g} s")
        return answer

    def close(self) -> None:
        self._inner.close()


def _took_s(answer: Response, path: str) -> float:
    text = answer.headers.get(TOOK_HEADER, "0")
    try:
        took_s = float(text)
    except ValueError as error:
        raise ConnectionCut(f"{path}: {TOOK_HEADER}: expected seconds, found {text!r}") from error
    if not 0.0 <= took_s < 86_400.0:
        raise ConnectionCut(f"{path}: {TOOK_HEADER}: expected seconds of less than a day, found {text!r}")
    return took_s
