"""Mailbox and supervisor's queue for the jumping clock, which count what waits in them as under way."""

from __future__ import annotations

from threading import Lock
from time import monotonic
from typing import Any, cast

from actors.runtime.backend.mailbox import FULL
from actors.runtime.backend.runtime import Channel, Parked
from actors.runtime.backend.two_lanes import TwoLaneMailbox
from actors.runtime.clocks.jumping import JumpingClock


class CountedMailbox(TwoLaneMailbox):
    """Counts its mail while its cell is up, and its owner from attaching until it finds nothing to do.

    Every count is changed under the mailbox's lock, so that no mail is ever seen without its count.
    """

    def __init__(self, bound: int, clock: JumpingClock) -> None:
        super().__init__(bound)
        self._clock = clock
        self._up = False
        self._paused = False

    def put(self, envelope: Any) -> str | None:
        """Queue in the user lane. Returns None, or why it was refused."""
        with self._lock:
            if self._refusal is not None:
                return self._refusal
            if len(self.user_lane) >= self.bound:
                self.overflowed += 1
                return FULL
            self.user_lane.append(envelope)
            self._counted()
        return None

    def put_system(self, envelope: Any) -> None:
        """Queue ahead of all user mail, past the bound."""
        with self._lock:
            self.system_lane.append(envelope)
            self._counted()

    def put_last(self, envelope: Any) -> None:
        """Queue behind all user mail, past the bound and past a refusal."""
        with self._lock:
            self.user_lane.append(envelope)
            self._counted()

    def put_own(self, envelope: Any, owner: object) -> bool:
        """Queue a message of the owner's own timer or watch, past the bound. False if refused."""
        with self._lock:
            if self.owner is not owner or self._refusal is not None:
                return False
            self.user_lane.append(envelope)
            self._counted()
            return True

    def _counted(self) -> None:
        if self._up and not self._paused:
            self._clock.add(1)
        self._rouse()

    def pause(self, owner: Parked) -> None:
        """The owner's handler parks: neither it nor the mail behind it is under way, or time could never
        reach what it waits for."""
        with self._lock:
            if self.owner is owner and not self._paused:
                self._paused = True
                if self._up:
                    self._clock.add(-len(self.user_lane) - len(self.system_lane))
            self._clock.finish(owner)

    def resume(self, owner: Parked) -> None:
        """The owner's handler goes on; that of a fenced owner is not counted."""
        with self._lock:
            self._clock.begin(owner)
            if self.owner is owner and self._paused:
                self._paused = False
                if self._up:
                    self._clock.add(len(self.user_lane) + len(self.system_lane))

    def get(self, owner: object = None) -> Any:
        """Finish with the current envelope and wait for the next; None if `owner` is no longer the owner."""
        while True:
            with self._lock:
                if self.owner is not owner:
                    return None
                if self.system_lane or self.user_lane:
                    envelope = self.system_lane.popleft() if self.system_lane else self.user_lane.popleft()
                    # From here on the owner is counted instead of it; if it was busy, it stays counted.
                    self._clock.begin(cast("Parked", owner))
                    self._clock.add(-1)
                    # In this order because of the hang watch, as in the base.
                    self.busy_since = monotonic()
                    self.current = envelope
                    return envelope
                self.current = None
                self._sleeping = True
                self._clock.finish(cast("Parked", owner))
            self._wake.acquire()

    def attach(self, owner: object) -> list[Any]:
        """Make `owner` the owner, and count it as under way while it prepares."""
        stale = super().attach(owner)
        self._clock.begin(cast("Parked", owner))
        return stale

    def activate(self, owner: object) -> bool:
        """The owner begins to serve: the mail that has waited for it is under way now."""
        with self._lock:
            if self.owner is not owner:
                return False
            self._up = True
            self._clock.add(len(self.user_lane) + len(self.system_lane))
            return True

    def detach(self, owner: object, holding: object = None) -> tuple[bool, Any]:
        """End the ownership; waiting mail is not under way any more. The owner itself is counted out only
        after its end was reported, so that the count does not touch zero before the supervisor knows."""
        with self._lock:
            if self.owner is not owner or (holding is not None and self.current is not holding):
                return False, None
            if self._up and not self._paused:
                self._clock.add(-len(self.user_lane) - len(self.system_lane))
            self._up = self._paused = False
            current, self.current = self.current, None
            self.owner = self
            self._rouse()
            return True, current

    def close(self, why: str) -> list[Any]:
        """Refuse all mail from now on and return what was queued."""
        with self._lock:
            self._refusal = why
            left = list(self.user_lane)
            self.user_lane.clear()
            if self._up and not self._paused:
                self._clock.add(-len(left))
            return left


class CountedChannel:
    """A supervisor's queue: its messages are under way until the supervisor asks for the next."""

    def __init__(self, channel: Channel, clock: JumpingClock) -> None:
        self._channel = channel
        self._clock = clock
        self._guard = Lock()
        self._closed = False
        # Counts the supervisor that it was made for, which is about to start.
        clock.add(1)

    def put(self, message: object) -> None:
        """Queue a message; after `close` it is dropped."""
        with self._guard:
            if self._closed:
                return
            self._clock.add(1)
            self._channel.put(message)

    def get(self, timeout_s: float | None) -> object:
        """The next message; None if the time ran out."""
        self._clock.add(-1)
        message = self._channel.get(timeout_s)
        if message is None:
            self._clock.add(1)
        return message

    def close(self) -> list[object]:
        """Count out the supervisor, which has ended, and return what was left."""
        with self._guard:
            self._closed = True
            left = self._channel.close()
            self._clock.add(-len(left) - 1)
        return left
