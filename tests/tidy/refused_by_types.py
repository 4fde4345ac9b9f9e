"""Code that the type checker must refuse. Nothing here runs. If one of these errors disappears, `make types`
fails, because an unused ignore is an error itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from actors.names import DECISION, STATE, Rooms
from actors.runtime import Address, Context, Conversations, Key
from core.messages.control import StopEngine
from core.messages.kill_switch import GetKillSwitch, KillSwitchStatus, SuspendEntries
from core.messages.protocols import DecisionProtocol, KillSwitchProtocol, StateProtocol
from core.messages.scheduler import JobDue
from core.messages.state import BooksRead, GetBooks


def a_message_that_the_room_does_not_take(ctx: Context, state: Address[StateProtocol]) -> None:
    ctx.tell(state, StopEngine(reason="x"))  # type: ignore[misc]
    state.tell(SuspendEntries(source="x", reason="y"))  # type: ignore[arg-type]


def a_question_to_a_room_that_does_not_answer_it(state: Address[StateProtocol]) -> None:
    GetKillSwitch().to(state)  # type: ignore[arg-type]


def an_answer_of_another_type(ctx: Context, kill_switch: Address[KillSwitchProtocol]) -> None:
    _status: KillSwitchStatus = ctx.ask(GetKillSwitch().to(kill_switch), timeout_s=1.0)
    _books: BooksRead = ctx.ask(GetKillSwitch().to(kill_switch), timeout_s=1.0)  # type: ignore[assignment]


def a_room_under_the_name_of_another(rooms: Rooms) -> None:
    _decision: Address[DecisionProtocol] = rooms[DECISION]
    _due: Address[JobDue] = rooms[DECISION]
    GetBooks().to(rooms[STATE])
    _wrong: Address[JobDue] = rooms[STATE]  # type: ignore[index]


async def a_wait_that_is_forgotten(conversations: Conversations, key: Key[int]) -> None:
    await conversations.event(key)
    conversations.event(key)  # type: ignore[unused-coroutine]


def an_awaitable_that_is_forgotten(make: Callable[[], Awaitable[int]]) -> None:
    make()  # type: ignore[unused-awaitable]


def an_event_of_another_type_than_its_key(conversations: Conversations, key: Key[int]) -> None:
    conversations.deliver(key, 1)
    conversations.deliver(key, "one")  # type: ignore[misc]
