"""The person of a simulation: gives commands at any moment, and keeps what was answered."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from actors.kill_switch import DiskKillFile
from core.kill_file import Arming
from core.messages.arm_cause import ArmCause
from core.messages.control import InjectAccepted, InjectMessage
from core.messages.kill_switch import (
    ArmKillSwitch,
    DisarmKillSwitch,
    KillSwitchArmed,
    KillSwitchDisarmed,
)
from core.permit_times import CERTAIN_AFTER_S
from lab.simulate.station import Station

INJECTED: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "enter": ("RunEntryCycle", {}),
    "monitor": ("RunMonitorCycle", {}),
    "close all": ("CloseAll", {"reason": "drill"}),
    "cancel orders": ("CancelOrders", {"reason": "drill"}),
    "pause": ("PauseEntries", {"reason": "drill"}),
    "resume": ("ResumeEntries", {"reason": "drill"}),
    "backup": ("BackupNow", {}),
    "settle": ("SettleExpired", {}),
    "snapshot": ("TakeMarketSnapshot", {}),
    "restart execution": ("RestartActor", {"actor": "execution", "reason": "drill"}),
    "restart mcp.orders": ("RestartActor", {"actor": "mcp.orders", "reason": "drill"}),
    "restart decision": ("RestartActor", {"actor": "decision", "reason": "drill"}),
}
WHO: Final = "ada"


class PersonAnswered:
    """Where an answer goes; a person who hears it acts on it at once."""

    def __init__(self, heard: Callable[[object], None]) -> None:
        self._heard = heard
        self.done = False

    def resolve(self, value: object) -> bool:
        if self.done:
            return False
        self.done = True
        self._heard(value)
        return True

    def reject(self, _error: BaseException) -> bool:
        if self.done:
            return False
        self.done = True
        return True


class Person:
    """At all engines of a simulation."""

    def __init__(
        self,
        now: Callable[[], datetime],
        later: Callable[[datetime, Callable[[], None]], None],
        was_told: Callable[[Station], None],
    ) -> None:
        """`now` is true time, and `later` has something done at one.

        `was_told` is called when an answer has promised something.
        """
        self._now = now
        self._later = later
        self._was_told = was_told
        self._count = 0

    def command(self, station: Station, what: str) -> None:
        """Give it, whatever state the engine is in. If it is down, only what needs no engine is done."""
        self._count += 1
        match what:
            case "arm":
                self._ask_to_arm(station)
            case "arm by file":
                self._lay(station)
            case "disarm":
                self.disarm(station)
            case _:
                self._inject(station, what)

    def disarm(self, station: Station, *, accept_audit_break: bool = False) -> None:
        """From the moment of the command on orders may leave."""
        if station.engine is None:
            return
        refused = station.seen.promises.armings.disarming(self._now())

        def heard(answer: object) -> None:
            if not isinstance(answer, KillSwitchDisarmed):
                refused()

        command = DisarmKillSwitch(reason="drill over", who=WHO, accept_audit_break=accept_audit_break)
        self._ask(station, "kill_switch", command, heard)

    def _ask_to_arm(self, station: Station) -> None:
        if station.engine is None:
            self._lay(station)
            return
        acknowledged = station.seen.promises.armings.asked()

        def heard(answer: object) -> None:
            if isinstance(answer, KillSwitchArmed) and answer.not_on_disk is None:
                acknowledged(self._now())
                self._was_told(station)

        self._ask(station, "kill_switch", ArmKillSwitch(reason="drill", who=WHO), heard)

    def _lay(self, station: Station) -> None:
        """`run.py kill-switch arm`: `KILL` first, then the engine; certain without its answer after 5 s."""
        now = self._now()
        arming = Arming(
            arming_id=f"{self._count:032x}",
            causes=(ArmCause.OPERATOR,),
            reason="drill",
            who=WHO,
            at=now + station.ahead,
        )
        try:
            DiskKillFile(station.data_dir).add(arming)
        except OSError:
            return
        acknowledge = station.seen.promises.armings.asked()
        done: list[bool] = []

        def acknowledged() -> None:
            found = DiskKillFile(station.data_dir).read()
            if not done and found is not None and arming.key in found.ids:
                acknowledge(self._now())
            done.append(True)

        def heard(answer: object) -> None:
            if isinstance(answer, KillSwitchArmed):
                acknowledged()

        self._later(now + timedelta(seconds=CERTAIN_AFTER_S), acknowledged)
        if station.engine is not None:
            self._ask(station, "kill_switch", ArmKillSwitch(reason="drill", who=WHO), heard)

    def _inject(self, station: Station, what: str) -> None:
        if station.engine is None:
            return
        message, fields = INJECTED[what]
        request_id = f"person-{station.name}-{self._count}"
        promises = station.seen.promises
        promises.entries_asked += message == "RunEntryCycle"

        def heard(answer: object) -> None:
            if isinstance(answer, InjectAccepted) and answer.on_disk:
                promises.accepted[answer.request_id] = message
                promises.asked_at.append((message, self._now()))
                self._was_told(station)

        command = InjectMessage(message=message, body=json.dumps(fields), who=WHO, request_id=request_id)
        self._ask(station, "control", command, heard)

    def _ask(self, station: Station, room: str, message: object, heard: Callable[[object], None]) -> None:
        """Asked from outside, without waiting: the person hears the answer when it comes."""
        assert station.engine is not None
        system = station.engine.system
        to = system.addresses[room]
        to.recipient.deliver(system.new_envelope(to, message, None, None, PersonAnswered(heard)))
