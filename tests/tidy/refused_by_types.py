"""Code that the type checker must refuse. Nothing here runs. If one of these errors disappears, `make types`
fails, because an unused ignore is an error itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from actors.control.injectable import Injectable
from actors.execution import Execution
from actors.names import DECISION, EXECUTION, KILL_SWITCH, STATE, ExactName, Rooms
from actors.room import Room, answerer, deferred, returned
from actors.runtime import Address, Context, Conversations, Key, OwnContext, PlainQuestion, ask
from actors.system_events import SystemEvents
from actors.tree import _room
from core.messages.control import PingEngine, StopEngine
from core.messages.execution import ClosePosition, ExitStarted
from core.messages.kill_switch import GetKillSwitch, SuspendEntries
from core.messages.protocols import DecisionProtocol, KillSwitchProtocol, StateProtocol
from core.messages.room_status import KillSwitchStatus
from core.messages.scheduler import JobDue
from core.messages.state import BooksRead, GetBooks, GetJobRuns, JobRuns, Recording


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


def a_question_of_no_typed_answer_to_a_room_that_does_not_take_it(state: Address[StateProtocol]) -> None:
    PlainQuestion(state, GetBooks())
    PlainQuestion(state, StopEngine(reason="x"))  # type: ignore[misc]
    ask(PlainQuestion(state, StopEngine(reason="x")), timeout_s=1.0)  # type: ignore[arg-type]


def a_listener_that_tells_the_wrong_room(events: SystemEvents) -> None:
    events._tell(KILL_SWITCH, SuspendEntries(source="x", reason="y"))
    events._tell(EXECUTION, SuspendEntries(source="x", reason="y"))  # type: ignore[misc]


def a_request_to_state_that_it_does_not_handle(state: Address[StateProtocol], unknown: Recording) -> None:
    state.tell(unknown)  # type: ignore[arg-type]


def an_operators_message_to_a_room_that_does_not_take_it() -> None:
    Injectable(ClosePosition, lambda rooms: rooms.execution, (ExitStarted,))
    Injectable(ClosePosition, lambda rooms: rooms.decision, (ExitStarted,))  # type: ignore[arg-type,return-value]


class Narrow(Room[GetBooks]):
    """A room that takes less than state's protocol."""


def a_room_that_does_not_take_all_of_its_protocol(make: Callable[[Rooms], Execution]) -> None:
    _room(EXECUTION, make)
    _room(STATE, make)  # type: ignore[arg-type]
    _room(STATE, lambda _rooms: Narrow())  # type: ignore[arg-type,return-value]
    _room(ExactName[GetBooks]("x"), lambda _rooms: Narrow())


class Timers(Room[GetBooks]):
    """What a room tells itself, at once or later."""

    def on_start(self) -> None:
        self.ctx.tell(self.ctx.self_address, GetBooks())
        self.ctx.tell(self.ctx.self_address, PingEngine())  # type: ignore[misc]
        self.ctx.call_later(1.0, GetBooks())
        self.ctx.call_later(1.0, PingEngine())  # type: ignore[arg-type]
        Part(self.ctx)
        OtherPart(self.ctx)  # type: ignore[arg-type]


class Part:
    """A part of a room that sets a timer which the room takes."""

    def __init__(self, ctx: OwnContext[GetBooks]) -> None:
        ctx.call_later(1.0, GetBooks())


class OtherPart:
    """A part of a room that sets a timer which the room does not take."""

    def __init__(self, ctx: OwnContext[PingEngine]) -> None:
        ctx.call_later(1.0, PingEngine())


def a_sender_that_is_told_more_than_an_answer(ctx: Context) -> None:
    if ctx.sender is not None:
        ctx.tell(ctx.sender, PingEngine())  # type: ignore[arg-type]
    ctx.tell(ctx.envelope.to, PingEngine())  # type: ignore[arg-type]


def an_answer_that_the_question_does_not_name(ctx: Context, query: GetJobRuns) -> None:
    answerer(ctx, query)(JobRuns(next_runs={}, last_slots={}))
    answerer(ctx, query)("text")  # type: ignore[arg-type]
    answerer(ctx, query)(JobRuns)  # type: ignore[arg-type]
    answerer(ctx, query)(len("text"))  # type: ignore[arg-type]
    deferred(ctx, query).set("text")  # type: ignore[arg-type]
    returned(query, "text")  # type: ignore[misc]
    _anything: Callable[[object], None] = answerer(ctx, query)  # type: ignore[arg-type]


class Returning(Room[GetJobRuns]):
    """A handler returns an answer that the question names, and nothing else."""

    def handle(self, message: GetJobRuns) -> JobRuns:  # type: ignore[override]
        return JobRuns(next_runs={}, last_slots={})
