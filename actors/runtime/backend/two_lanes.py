"""The bounded mailbox with two lanes. Putting, taking, closing and changing the owner are atomic.

The owner is the incarnation that may take mail; a former owner gets None and must leave. The envelope that
was taken last stays `current` until the next is taken, so that it is known after a hang or a crash.
"""

from __future__ import annotations

from collections import deque
from threading import Lock
from time import monotonic
from typing import Any

from actors.runtime.actor.mail import OwnEnvelope
from actors.runtime.backend.mailbox import FULL, UNBOUNDED, Deliver, OnRefused, Record


class TwoLaneMailbox:
    """The mailbox for threads: one lock for its state, one to sleep on while empty. Base of the others."""

    def __init__(self, bound: int = UNBOUNDED) -> None:
        self.bound = bound
        self.overflowed = 0
        self.current: Any = None
        self.busy_since = 0.0
        self.owner: object = None
        self._refusal: str | None = None
        self.system_lane: deque[Any] = deque()
        self.user_lane: deque[Any] = deque()
        self._lock = Lock()
        self._wake = Lock()
        self._wake.acquire()
        self._sleeping = False

    def __len__(self) -> int:
        return len(self.user_lane)

    def empty(self) -> bool:
        """Whether nothing waits; part of pykka's inbox protocol."""
        return not self.user_lane and not self.system_lane

    def put(self, envelope: Any) -> str | None:
        """Queue in the user lane. Returns None, or why it was refused."""
        # No lock on the path of every message: single operations of a deque are atomic, and what may have
        # happened in between is checked afterwards. With n senders at once the bound may be passed by n - 1.
        user = self.user_lane
        if len(user) >= self.bound:
            with self._lock:
                self.overflowed += 1
            return FULL
        user.append(envelope)
        if self._sleeping:
            with self._lock:
                self._rouse()
        return None if self._refusal is None else self._take_back(envelope)

    def deliverer(self, record: Record, refused: OnRefused) -> Deliver:
        """Return a function that records an envelope, puts it, and calls `refused` if it was refused."""
        put = self.put

        def deliver(envelope: Any) -> str | None:
            record(envelope)
            refusal = put(envelope)
            if refusal is not None:
                refused(envelope, refusal)
            return refusal

        return deliver

    def _take_back(self, envelope: Any) -> str | None:
        """Take the envelope back from a closed mailbox, unless `close` has found it and accounts for it."""
        with self._lock:
            if self._refusal is None:
                # Reopened meanwhile: it may stay.
                return None
            # Search a copy: senders append without the lock, but only at the end, so the places stay right.
            for place, queued in enumerate(self.user_lane.copy()):
                if queued is envelope:
                    del self.user_lane[place]
                    return self._refusal
        return None

    def put_system(self, envelope: Any) -> None:
        """Queue ahead of all user mail, past the bound."""
        with self._lock:
            self.system_lane.append(envelope)
            self._rouse()

    def put_last(self, envelope: Any) -> None:
        """Queue behind all user mail, past the bound and past a refusal."""
        with self._lock:
            self.user_lane.append(envelope)
            self._rouse()

    def put_own(self, envelope: Any, owner: object) -> bool:
        """Queue a message of the owner's own timer or watch, past the bound. False if refused."""
        with self._lock:
            if self.owner is not owner or self._refusal is not None:
                return False
            self.user_lane.append(envelope)
            self._rouse()
            return True

    def get(self, owner: object = None) -> Any:
        """Finish with the current envelope and wait for the next; None if `owner` is no longer the owner."""
        while True:
            with self._lock:
                if self.owner is not owner:
                    return None
                # `busy_since` is set before `current`: the hang watch reads both without the lock, and must
                # not see this envelope with the time of the one before.
                if self.system_lane:
                    self.busy_since = monotonic()
                    self.current = envelope = self.system_lane.popleft()
                    return envelope
                if self.user_lane:
                    self.busy_since = monotonic()
                    self.current = envelope = self.user_lane.popleft()
                    return envelope
                self.current = None
                self._sleeping = True
                if self.user_lane:
                    # A sender put it before it could see that we sleep.
                    self._sleeping = False
                    continue
            self._wake.acquire()

    def attach(self, owner: object) -> list[Any]:
        """Make `owner` the owner, and remove mail that was meant for its predecessor alone."""
        with self._lock:
            self.owner = owner
            self.system_lane.clear()
            self.current = None
            # Deleted by place and from the end, because senders append without the lock.
            lane = list(enumerate(self.user_lane.copy()))
            stale = [(place, envelope) for place, envelope in lane if type(envelope) is OwnEnvelope]
            for place, _ in reversed(stale):
                del self.user_lane[place]
            return [envelope for _, envelope in stale]

    def activate(self, owner: object) -> bool:
        """The owner begins to serve; False if it is not the owner any more."""
        with self._lock:
            return self.owner is owner

    def detach(self, owner: object, holding: object = None) -> tuple[bool, Any]:
        """End `owner`'s ownership. Returns whether it was the owner, and the envelope that it handled."""
        with self._lock:
            if self.owner is not owner or (holding is not None and self.current is not holding):
                return False, None
            current, self.current = self.current, None
            # Nobody owns it now. Not None, which is the owner that a plain pykka loop takes mail as.
            self.owner = self
            self._rouse()
            return True, current

    def pause(self, owner: Any) -> None:
        """Nothing to do: only the counting mailbox needs it."""

    def resume(self, owner: Any) -> None:
        """Nothing to do: only the counting mailbox needs it."""

    def close(self, why: str) -> list[Any]:
        """Refuse all mail from now on and return what was queued."""
        with self._lock:
            self._refusal = why
            # One by one, because senders append without the lock: an envelope is taken here or by its sender.
            left = []
            while self.user_lane:
                left.append(self.user_lane.popleft())
            return left

    def reopen(self) -> None:
        """Accept mail again."""
        with self._lock:
            self._refusal = None

    def _rouse(self) -> None:
        if self._sleeping:
            self._sleeping = False
            self._wake.release()
