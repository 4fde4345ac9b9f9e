"""The heartbeat actor: once a minute, a line in a file, and a call of the operator's URL if all is well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, assert_never

from actors.heartbeat.file import HeartbeatFile
from actors.http import HTTP_DEADLINE_S, Transport, TransportError
from actors.room import Alarm, Room
from actors.runtime import Address, RuntimeFault
from core.alerts import AlertCode
from core.messages.alerting import Severity
from core.messages.control import GetHealthcheck, Healthcheck
from core.messages.engine_status import HeartbeatStatus
from core.messages.protocols import AlertingProtocol, ControlProtocol, HeartbeatProtocol
from core.text import duration

BEAT_EVERY_S: Final = 60.0
ASK_S: Final = 10.0
"""Control asks eight rooms, each for a second."""


@dataclass(frozen=True)
class Beat:
    """Timer to self: the next beat is due."""


@dataclass(frozen=True)
class Call:
    """To self: the engine is well, tell the URL. A handler of its own, because both may take long."""


class Heartbeat(Room[HeartbeatProtocol | Beat | Call]):
    """Accepts: nothing from others. Sends: RaiseAlert to alerting, HeartbeatStatus to control, which it asks
    for the healthcheck.

    Owns: the file `heartbeat` and the connection to the URL.
    On failure: it is restarted, or parked, and nothing else is touched: it is not part of trading.
    """

    def __init__(
        self,
        *,
        control: Address[ControlProtocol],
        alerting: Address[AlertingProtocol],
        file: HeartbeatFile,
        open_transport: Callable[[], Transport] | None,
        redact: Callable[[str], str],
    ) -> None:
        self._control = control
        self._alerting = alerting
        self._file = file
        self._open_transport = open_transport
        self._redact = redact
        self._transport: Transport | None = None
        self._beats = 0
        self._file_problem: str | None = None
        self._url_problem: str | None = None

    def on_start(self) -> None:
        super().on_start()
        if self.ctx.epoch == 1:
            self._tell_of_last_life()
        self._life = self.ctx.uuid()[:8]
        self._beaten_at_s = self.ctx.monotonic() - BEAT_EVERY_S
        self._write(well=False)
        if self._open_transport is not None:
            self._transport = self._open_transport()
        self.ctx.call_later(BEAT_EVERY_S, Beat())

    def on_stop(self) -> None:
        super().on_stop()
        if self._transport is not None:
            self._transport.close()

    def handle(self, message: HeartbeatProtocol | Beat | Call) -> None:
        match message:
            case Healthcheck():
                pass  # Asked for, so that it comes as the answer.
            case Beat():
                self._handle_beat()
            case Call():
                self._handle_call()
            case _:
                assert_never(message)

    def _tell_of_last_life(self) -> None:
        left = self._file.left()
        if left is None:
            return
        now = self.ctx.now()
        when = "at a time that is not known"
        if left.at is not None:
            when = f"after {left.at:%Y-%m-%d %H:%M:%S}Z, back after {duration(now - left.at)}"
        text = f"the engine ended without a word {when}: it was killed, it crashed, or the machine went down"
        Alarm(self.ctx, self._alerting)(Severity.HIGH, AlertCode.ENDED_WITHOUT_A_WORD, text, "start")

    def _handle_beat(self) -> None:
        """Beat, unless only market time has passed: a clock that jumps must not look like a long life."""
        self.ctx.call_later(BEAT_EVERY_S, Beat())
        now_s = self.ctx.monotonic()
        if now_s - self._beaten_at_s < BEAT_EVERY_S - 1.0:
            return
        self._beaten_at_s = now_s
        try:
            found = self.ctx.ask(GetHealthcheck().to(self._control), timeout_s=ASK_S)
        except RuntimeFault as error:
            self.ctx.log().warning("no heartbeat: control does not answer", extra={"error": str(error)})
            return
        self._write(well=found.ok)
        self._tell_control(found.ok)
        if found.ok and self._transport is not None:
            self.ctx.tell(self.ctx.self_address, Call())

    def _tell_control(self, well: bool) -> None:
        problem = self._file_problem or self._url_problem
        calls = self._transport is not None
        self.ctx.tell(
            self._control, HeartbeatStatus(at=self.ctx.now(), well=well, calls=calls, problem=problem)
        )

    def _write(self, *, well: bool) -> None:
        self._beats += 1
        self.ctx.check_live()
        try:
            self._file.beat(f"{self._life}-{self._beats}", self.ctx.now(), well=well)
            self._file_problem = None
        except OSError as error:
            self._file_problem = f"the file heartbeat can't be written: {error}"
            self.ctx.log().warning("the heartbeat file can't be written", extra={"error": str(error)})

    def _handle_call(self) -> None:
        """One attempt; the next beat is the next try. Who watches the URL notices that none arrives."""
        if self._transport is None:
            return
        self.ctx.check_live()
        try:
            status = self._transport.send("GET", "", {}, None, HTTP_DEADLINE_S).status
            problem = None if 200 <= status < 300 else f"HTTP {status}"
        except TransportError as error:
            problem = self._redact(str(error))
        before, self._url_problem = self._url_problem, None if problem is None else f"its URL: {problem}"
        if self._url_problem != before:
            self._tell_control(well=True)
        if problem is not None:
            self.ctx.log().warning("the heartbeat URL was not reached", extra={"error": problem})
