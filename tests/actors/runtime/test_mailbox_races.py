"""The mailbox between threads: each race is played at its narrowest point, and no mail falls through."""

from __future__ import annotations

import sys
import threading
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from types import TracebackType

import pytest

from actors.runtime import JumpingClock, ThreadRuntime
from actors.runtime.backend import two_lanes
from actors.runtime.backend.two_lanes import TwoLaneMailbox
from actors.runtime.threads import counted
from tests.actors.runtime.world import PATIENCE_S, START


class MeddledLane(deque[object]):
    """A lane to which another thread puts at the very moment in which mail is taken out of it."""

    def __init__(self, mail: Iterable[object] = ()) -> None:
        """Nobody meddles until `meddle` was called, nor ever with a copy."""
        super().__init__(mail)
        self.refusal: str | None = None
        self._appended = threading.Event()
        self._sender: threading.Thread | None = None

    def meddle(self, box: TwoLaneMailbox, late: object) -> None:
        """Put `late` into the box when mail is taken out of this lane the next time."""

        def send() -> None:
            self.refusal = box.put(late)

        self._sender = threading.Thread(target=send, daemon=True)

    def append(self, item: object, /) -> None:
        super().append(item)
        self._appended.set()

    def clear(self) -> None:
        self._meddle()
        super().clear()

    def popleft(self) -> object:
        self._meddle()
        return super().popleft()

    def settled(self) -> str | None:
        """What became of the late mail's put."""
        assert self._sender is not None
        self._sender.join(PATIENCE_S)
        return self.refusal

    def _meddle(self) -> None:
        if self._sender is not None and self._sender.ident is None:
            self._sender.start()
            assert self._appended.wait(PATIENCE_S)


def test_mail_put_while_the_lane_is_emptied_is_handed_back_or_refused() -> None:
    """A sender appends without the lock; `close` must not sweep away what it has not seen."""
    box = TwoLaneMailbox()
    lane = box.user_lane = MeddledLane(["early"])
    lane.meddle(box, "late")
    handed_back = box.close("stopped")
    assert lane.settled() in (None, "stopped")
    assert handed_back.count("late") + [lane.refusal].count("stopped") == 1
    assert handed_back[0] == "early"
    assert len(box) == 0


class OpensFirst:
    """A lock before whose taking the mailbox was opened again by somebody else."""

    def __init__(self, box: TwoLaneMailbox) -> None:
        self._box = box

    def __enter__(self) -> None:
        self._box._refusal = None

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        return


def test_mail_put_while_the_mailbox_opens_again_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sender saw it closed, but before it could take its mail back it was open: the mail is queued."""
    box = TwoLaneMailbox()
    box.close("parked")
    monkeypatch.setattr(box, "_lock", OpensFirst(box))
    assert box.put("mail") is None
    assert list(box.user_lane) == ["mail"]


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Threads that interrupt each other as often as can be."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hasty_threads")
def test_senders_to_a_closed_mailbox_do_not_disturb_each_other() -> None:
    """Each is refused each time; none trips over the mail of another."""
    for _ in range(200):
        box = TwoLaneMailbox()
        box.close("stopped")
        outcomes: list[str | None] = []
        ready = threading.Barrier(4)

        def send(
            box: TwoLaneMailbox = box,
            outcomes: list[str | None] = outcomes,
            ready: threading.Barrier = ready,
        ) -> None:
            ready.wait()
            outcomes.extend([box.put(object()) for _ in range(40)])

        senders = [threading.Thread(target=send) for _ in range(4)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        assert Counter(outcomes) == {"stopped": 160}


@pytest.mark.parametrize("kind", ["plain", "counted"])
def test_time_of_taking_stands_before_the_mail_can_be_seen(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or the hang watch would find new mail busy since the mail before, and replace a healthy actor."""
    clock = JumpingClock(START) if kind == "counted" else None
    box = ThreadRuntime(clock).new_mailbox(10)
    owner = _Owner()
    box.attach(owner)
    box.put("mail")
    seen: list[object] = []

    def reading() -> float:
        seen.append(box.current)
        return 5.0

    monkeypatch.setattr(two_lanes if clock is None else counted, "monotonic", reading)
    box.activate(owner)
    assert box.get(owner) == "mail"
    assert (seen, box.busy_since) == ([None], 5.0)


class _Owner:
    """As much of a life as the clock's count needs."""

    live = True
    counted = False
