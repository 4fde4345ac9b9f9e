"""A person at a running engine: arms, disarms, injects, reads the head, and knows what was acknowledged."""

from __future__ import annotations

from pathlib import Path
from random import Random
from threading import Event, Thread

from pydantic import JsonValue

from actors.control.wire import RequestName
from core.audit.hash_chain import Link
from core.errors import CerberoError
from core.messages.engine_status import EngineStatus
from reading.control_client import ask_engine, exchange, request_of
from tests.power.crash_states import ARMED, CLEAR

WAIT_S = 15.0
PAUSE_S = 0.05


class Operator(Thread):
    """Gives commands in random order until `over`; a command that the cut interrupts stays in doubt."""

    def __init__(self, data_dir: Path, chance: Random, *, switch: frozenset[str], head: Link | None) -> None:
        super().__init__(daemon=True)
        self.switch = switch
        self.head = head
        self.accepted: list[str] = []
        self.closing: list[str] = []
        """The positions that an accepted command closes."""
        self.commands = 0
        self.over = Event()
        self._data_dir = data_dir
        self._chance = chance

    def run(self) -> None:
        while not self.over.wait(PAUSE_S):
            try:
                self._act()
            except (CerberoError, OSError):
                continue  # It starts, it is gone, or it was cut off: what was under way is in doubt.

    def _act(self) -> None:
        match self._chance.choices(
            ("look", "arm", "disarm", "entry", "monitor", "close"), (8, 1, 8, 4, 1, 3)
        )[0]:
            case "look":
                self._look()
            case "arm":
                self._switch("ArmKillSwitch", "KillSwitchArmed", ARMED)
            case "disarm":
                if self.switch != {CLEAR}:
                    self._switch("DisarmKillSwitch", "KillSwitchDisarmed", CLEAR)
            case "entry":
                self._inject("RunEntryCycle", {})
            case "monitor":
                self._inject("RunMonitorCycle", {})
            case _:
                for position in self._look().positions[:1]:
                    body: dict[str, JsonValue] = {"position_id": position.position_id, "reason": "drill"}
                    self._inject("ClosePosition", body)

    def _look(self) -> EngineStatus:
        status = ask_engine(self._data_dir, request_of(RequestName.STATUS), EngineStatus)
        if status.audit is not None and status.audit.head.seq:
            self.head = Link(status.audit.head.seq, status.audit.head.hash)
        return status

    def _switch(self, message: str, expected: str, after: str) -> None:
        self.switch = frozenset({ARMED, CLEAR})
        self.commands += 1
        # In words of its own, so that each arming is added to a `KILL` that is there.
        words = {"reason": f"drill {self.commands}"}
        request = request_of(RequestName.INJECT, message=message, body=dict(words), wait_s=WAIT_S)
        for answer in exchange(self._data_dir, request):
            done = answer.body if answer.answer == "InjectDone" else None
            if isinstance(done, dict) and done.get("answer") == expected:
                self.switch = frozenset({after})

    def _inject(self, message: str, body: dict[str, JsonValue]) -> None:
        self.commands += 1
        request = request_of(RequestName.INJECT, message=message, body=body)
        for answer in exchange(self._data_dir, request):
            if answer.answer == "InjectAccepted" and isinstance(answer.body, dict):
                self.accepted.append(str(answer.body["request_id"]))
                if message == "ClosePosition":
                    self.closing.append(str(body["position_id"]))
