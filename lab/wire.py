"""A wire that holds requests back: each arrives at the venue when it does, whatever became of its sender.

A request that waits is in nobody's hands: its sender may give it up after a time-out, be replaced, or end
with the whole engine, and it arrives all the same. It is stamped with the market time of its arrival.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from actors.http import ConnectionCut, NoAnswer, Response, Transport
from actors.mcp import PaperTransport
from actors.mcp.paper_transport import TOOK_HEADER
from actors.runtime import BatonRuntime, Context, GreenRuntime, to_us
from gateway.shell.bodies import HttpAnswer
from gateway.shell.door import HEALTH
from lab.in_process import LATENCY_S, PATH, Answering


@dataclass
class Held:
    """One request on its way. `answer` is None until it has arrived."""

    at: datetime
    router: str
    tool: str
    headers: Mapping[str, str]
    body: bytes
    answer: HttpAnswer | None = None
    given_up: bool = False
    """Its sender does not wait any more, or has ended with its engine."""


class Wire:
    """The way to a venue, for all lives of an engine. `hold_s` draws how long a tool's request is held."""

    def __init__(self, *, hold_s: Callable[[str], float]) -> None:
        self._hold_s = hold_s
        self._on_its_way: list[Held] = []
        self._ends: tuple[GreenRuntime | BatonRuntime, Answering] | None = None
        self.late = 0
        """Requests that arrived after their sender had given them up, or had ended with its engine."""

    def connect(
        self, runtime: GreenRuntime | BatonRuntime, dispatch: Answering
    ) -> Callable[[Context], Transport]:
        """Carry on between a life of the engine, which begins now, and the venue; a transport factory for it.

        What was to arrive before now has arrived before it.
        """
        self._ends = runtime, dispatch
        for held in self._on_its_way:
            held.given_up = True
        for held in sorted(self._on_its_way, key=lambda held: held.at):
            if held.at <= runtime.now():
                self._arrive(held, held.at)
            else:
                self._plan(held)
        return lambda ctx: PaperTransport(LateConnection(self, ctx), clock=ctx)

    def send(self, router: str, tool: str, headers: Mapping[str, str], body: bytes, now: datetime) -> Held:
        """Take a request; it arrives by itself."""
        held = Held(now + timedelta(seconds=self._hold_s(tool)), router, tool, headers, body)
        self._on_its_way.append(held)
        if held.at > now:
            self._plan(held)
        return held

    def answer(self, held: Held) -> HttpAnswer:
        """The answer, to who has waited for the arrival."""
        if held.answer is None:
            runtime, _ = self._connected
            self._arrive(held, runtime.now())
        assert held.answer is not None
        return held.answer

    def _plan(self, held: Held) -> None:
        runtime, _ = self._connected
        runtime.add_timer(to_us(held.at), lambda: self._arrive(held, runtime.now()))

    def _arrive(self, held: Held, at: datetime) -> None:
        """`at` is the time of the arrival; the clock may have been set since the request was sent."""
        if held not in self._on_its_way:
            return
        self._on_its_way.remove(held)
        _, dispatch = self._connected
        held.answer = dispatch(at, held.router, held.tool, held.headers, held.body)
        self.late += held.given_up

    @property
    def _connected(self) -> tuple[GreenRuntime | BatonRuntime, Answering]:
        if self._ends is None:
            raise RuntimeError("expected a wire that a life is connected to")
        return self._ends


class LateConnection:
    """One connection over the wire, inside a `PaperTransport`."""

    def __init__(self, wire: Wire, ctx: Context) -> None:
        self._wire = wire
        self._ctx = ctx
        self._open = True

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None, timeout_s: float
    ) -> Response:
        """Wait for arrival and answer. Raises NoAnswer after `timeout_s`, ConnectionCut after `close`."""
        if not self._open:
            raise ConnectionCut(f"{method} {path}: the client was closed")
        found = PATH.fullmatch(path)
        if found is None:
            raise ValueError(f"{method} {path}: expected a tool's path or a health page's")
        lower = {name.lower(): value for name, value in headers.items()}
        began = self._ctx.now()
        held = self._wire.send(found["router"], found["tool"] or HEALTH, lower, body or b"", began)
        hold_s = (held.at - began).total_seconds()
        if hold_s >= timeout_s:
            self._ctx.sleep(timeout_s)
            held.given_up = True
            raise NoAnswer(f"{method} {path}: no answer within {timeout_s:g} s")
        if hold_s:
            self._ctx.sleep(hold_s)
        answer = self._wire.answer(held)
        told = {name.lower(): value for name, value in answer.headers.items()}
        took_s = self._ctx.rng().uniform(*LATENCY_S) + float(told.get(TOOK_HEADER, "0"))
        if hold_s + took_s > timeout_s:
            self._ctx.sleep(timeout_s - hold_s)
            raise NoAnswer(f"{method} {path}: no answer within {timeout_s:g} s")
        return Response(answer.status, {**told, TOOK_HEADER: f"{took_s:.6f}"}, answer.body)

    def close(self) -> None:
        """A `send` after this ends with an error, as over HTTP."""
        self._open = False
