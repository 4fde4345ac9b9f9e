"""The two-lane mailbox in virtual time."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from actors.runtime.backend.mailbox import FULL, UNBOUNDED, Deliver, OnRefused, Record
from actors.runtime.backend.two_lanes import TwoLaneMailbox
from actors.runtime.green.ports import Loop, ServingTask


class GreenMailbox(TwoLaneMailbox):
    """The two-lane mailbox without locks: a put wakes the task that serves it."""

    def __init__(self, loop: Loop, bound: int = UNBOUNDED) -> None:
        super().__init__(bound)
        self._lock = nullcontext()  # type: ignore[assignment]
        self._ready = loop.ready
        self.task: ServingTask | None = None

    def put(self, envelope: Any) -> str | None:
        """Queue in the user lane. Returns None, or why it was refused."""
        if self._refusal is not None:
            return self._refusal
        user = self.user_lane
        if len(user) >= self.bound:
            self.overflowed += 1
            return FULL
        user.append(envelope)
        task = self.task
        if task is not None and task.idle:
            task.idle = False
            self._ready.append(task)
        return None

    def deliverer(self, record: Record, refused: OnRefused) -> Deliver:
        """As in the base, with `put` inlined, because every message of a simulation passes here."""
        user = self.user_lane
        append, ready, bound = user.append, self._ready.append, self.bound

        def deliver(envelope: Any) -> str | None:
            record(envelope)
            if self._refusal is not None or len(user) >= bound:
                refusal = self.put(envelope)
                assert refusal is not None
                refused(envelope, refusal)
                return refusal
            append(envelope)
            task = self.task
            if task is not None and task.idle:
                task.idle = False
                ready(task)
            return None

        return deliver

    def get(self, owner: object = None) -> Any:
        """Take the next envelope, which must be there; None if `owner` is not the owner (any more)."""
        if self.owner is not owner:
            return None
        self.current = envelope = self.system_lane.popleft() if self.system_lane else self.user_lane.popleft()
        return envelope

    def put_system(self, envelope: Any) -> None:
        """Queue ahead of all user mail, past the bound."""
        self.system_lane.append(envelope)
        self._rouse()

    def put_last(self, envelope: Any) -> None:
        """Queue behind all user mail, past the bound and past a refusal."""
        self.user_lane.append(envelope)
        self._rouse()

    def _rouse(self) -> None:
        task = self.task
        if task is not None and task.idle:
            task.idle = False
            self._ready.append(task)
