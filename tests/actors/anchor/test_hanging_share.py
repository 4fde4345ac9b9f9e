"""On threads: a share that hangs costs one thread and an alert, and is written again when it answers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from actors.anchor import Anchor, DiskAnchor
from actors.runtime import Actor, ActorSystem, ChildSpec, JumpingClock, SupervisorSpec, ThreadRuntime
from core.audit.hash_chain import Link
from core.messages.alerting import RaiseAlert
from core.messages.anchor import GetRecordHash, HeadReached, RecordHash
from core.messages.state import GetSystem, Recorded, SetSystem, SystemRead

START = datetime(2026, 1, 5, 14, 0, tzinfo=UTC)
PATIENCE_S = 60.0
HEADS = [Link(seq, f"{seq}" * 64) for seq in range(1, 4)]


class HangingShare(DiskAnchor):
    """Its first write does not come back before `answers` is set."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.hangs, self.answers, self.written = threading.Event(), threading.Event(), threading.Event()

    def _sync_folder(self) -> None:
        if not self.hangs.is_set():
            self.hangs.set()
            assert self.answers.wait(PATIENCE_S)
        else:
            self.written.set()
        super()._sync_folder()


class House(Actor):
    """State, audit, kill switch and alerting in one: answers what the anchor asks, and notes its alerts."""

    def __init__(self) -> None:
        self.known: str | None = None
        self.turned_away = threading.Event()

    def on_receive(self, message: object) -> object:
        match message:
            case GetSystem():
                return SystemRead(key=message.key, value=self.known)
            case SetSystem():
                self.known = message.value
                return Recorded(request_id=message.request_id)
            case GetRecordHash():
                found = [head.hash for head in HEADS if head.seq == message.seq]
                return RecordHash(seq=message.seq, hash=found[0] if found else None, last_seq=3)
            case RaiseAlert(code="anchor_unreadable"):
                self.turned_away.set()
                return None
            case _:
                return None


@pytest.fixture
def share(tmp_path: Path) -> Iterator[HangingShare]:
    made = HangingShare(tmp_path / "anchor")
    yield made
    made.answers.set()


def test_a_hanging_share_is_left_alone_and_written_when_it_answers(share: HangingShare) -> None:
    house = House()
    children = (
        ChildSpec("house", lambda _: house),
        ChildSpec(
            "anchor",
            lambda others: Anchor(
                file=share,
                audit=others["house"],
                state=others["house"],
                kill_switch=others["house"],
                alerting=others["house"],
            ),
            hang_limit_s=0.3,
        ),
    )
    system = ActorSystem(ThreadRuntime(JumpingClock(START), seed=1), SupervisorSpec("root", children))
    system.start()
    try:
        system.addresses["anchor"].tell(HeadReached(seq=1, hash=HEADS[0].hash))
        assert share.hangs.wait(PATIENCE_S)
        assert house.turned_away.wait(PATIENCE_S)
        share.answers.set()
        system.addresses["anchor"].tell(HeadReached(seq=2, hash=HEADS[1].hash))
        assert share.written.wait(PATIENCE_S)
    finally:
        system.stop()
    assert share.read() == HEADS[1]
