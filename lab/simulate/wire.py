"""The way from one engine to the venue: requests may be late, and whoever sends them can be disturbed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from actors.http import Transport
from actors.runtime import BatonRuntime, Context, GreenRuntime
from gateway.shell.bodies import HttpAnswer
from lab.in_process import Answering
from lab.simulate.acts import ActPlace
from lab.wire import Held, Wire


class LabWire(Wire):
    """`reached` is told the place and the tool before a request leaves and after it was carried out; it may
    raise, in the actor that sends. The venue has true time, whatever the engine's clock says."""

    def __init__(
        self,
        *,
        hold_s: Callable[[str], float],
        ahead: Callable[[], timedelta],
        reached: Callable[[ActPlace, str], None],
    ) -> None:
        """`ahead` is by how much the engine's clock is."""
        super().__init__(hold_s=hold_s)
        self._ahead = ahead
        self._reached = reached
        self.has_reached = False
        """The place of the request that comes next was told already."""

    def connect(
        self, runtime: GreenRuntime | BatonRuntime, dispatch: Answering
    ) -> Callable[[Context], Transport]:
        def at_true_time(
            now: datetime, router: str, tool: str, headers: Mapping[str, str], body: bytes
        ) -> HttpAnswer:
            return dispatch(now - self._ahead(), router, tool, headers, body)

        return super().connect(runtime, at_true_time)

    def send(self, router: str, tool: str, headers: Mapping[str, str], body: bytes, now: datetime) -> Held:
        if not self.has_reached:
            self._reached(ActPlace.REQUEST, tool)
        self.has_reached = False
        return super().send(router, tool, headers, body, now)

    def answer(self, held: Held) -> HttpAnswer:
        answer = super().answer(held)
        self._reached(ActPlace.ANSWER, held.tool)
        return answer
