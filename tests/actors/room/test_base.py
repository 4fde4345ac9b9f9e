"""What every room has from its base: a guard in front of its protocol, an outbox, conversations."""

from __future__ import annotations

import pytest

from actors.room import Room
from actors.runtime import Key, Name, Retell
from actors.runtime.testing import FakeAddress, FakeContext
from core.messages.health import GetHealth
from core.messages.scheduler import GetJobs, StartJobs


class Clerk(Room[GetHealth | StartJobs]):
    """Keeps what it was given."""

    def on_start(self) -> None:
        super().on_start()
        self.handled: list[object] = []

    def handle(self, message: GetHealth | StartJobs) -> None:
        self.handled.append(message)


@pytest.fixture
def clerk() -> Clerk:
    clerk = Clerk()
    clerk.ctx = FakeContext("clerk")
    clerk.on_start()
    return clerk


def test_a_room_handles_the_messages_of_its_protocol(clerk: Clerk) -> None:
    clerk.on_receive(GetHealth())
    clerk.on_receive(StartJobs())
    assert clerk.handled == [GetHealth(), StartJobs()]


def test_any_other_message_is_a_crash_that_names_it(clerk: Clerk) -> None:
    with pytest.raises(TypeError, match="root/clerk: expected a message of Clerk, found GetJobs"):
        clerk.on_receive(GetJobs())


def test_what_was_not_acknowledged_is_told_again(clerk: Clerk) -> None:
    ctx = clerk.ctx
    assert isinstance(ctx, FakeContext)
    clerk.outbox.send(FakeAddress("state"), StartJobs(), "request")
    for message in ctx.advance(5.0):
        assert isinstance(message, Retell)
        clerk.on_receive(message)
    assert ctx.told_to("state") == [StartJobs(), StartJobs()]


def test_a_pause_of_a_conversation_ends_with_its_timer(clerk: Clerk) -> None:
    ended: list[Key[None] | None] = []

    async def pausing() -> None:
        ended.append(await clerk.conversations.pause(5.0))

    ctx = clerk.ctx
    assert isinstance(ctx, FakeContext)
    clerk.conversations.start(Name("f"), pausing())
    for message in ctx.advance(5.0):
        clerk.on_receive(message)
    assert ended == [None]


def test_the_end_of_a_room_closes_its_conversations(clerk: Clerk) -> None:
    closed: list[str] = []

    async def waiting() -> None:
        try:
            await clerk.conversations.event(Key[None]("never"))
        finally:
            closed.append("closed")

    ctx = clerk.ctx
    assert isinstance(ctx, FakeContext)
    clerk.conversations.start(Name("f"), waiting())
    ctx.end()
    assert closed == ["closed"]


def test_a_handler_that_is_a_conversation_is_refused_where_the_room_is_defined() -> None:
    async def handle(_room: object, _message: object) -> None:
        """Nothing would run it."""

    with pytest.raises(TypeError, match=r"Odd\.handle: expected a plain function"):
        type("Odd", (Room,), {"handle": handle})


def test_a_protocol_that_is_no_union_of_classes_is_refused_where_the_room_is_defined() -> None:
    with pytest.raises(TypeError, match="union of classes"):
        type("Odd", (Room,), {"__orig_bases__": (Room["str"],)})
