"""Reads one snapshot: requests its parts at once, and awaits their answers until one common deadline."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from actors.market_data.assemble import Answers, account_seen
from actors.market_data.incomplete import IncompleteError
from actors.market_data.parts import Part
from actors.market_data.seen import Seen
from actors.market_data.stored import leg_marks, open_legs
from actors.runtime import Address, Context, Conversations, Key, Terminated
from core.contract import AccountSummary, IndexPrice, Router
from core.market.option_chain import OptionChain
from core.messages.kill_switch import MarksChanged
from core.messages.market_data import PartFault, SnapshotFault
from core.messages.mcp import Fetch, Fetched, FetchFailed
from core.messages.protocols import KillSwitchProtocol, McpProtocol, StateProtocol
from core.messages.state import BooksRead, GetBooks

T = TypeVar("T")
OPTIONAL_WAIT_S: Final = 5.0
"""How long a part that is not required is waited for: a router that hangs must not take the others' time."""


def fetch_key(request_id: str) -> Key[Fetched | FetchFailed]:
    """A router's answer."""
    return Key(f"fetch:{request_id}")


def books_key(request_id: str) -> Key[BooksRead]:
    """State's answer to `GetBooks`."""
    return Key(f"books:{request_id}")


def ended_key(path: str) -> Key[Terminated]:
    """The end of an incarnation of the actor at `path`, with which open requests to it are lost."""
    return Key(f"ended:{path}")


@dataclass(frozen=True)
class Missing:
    """Why there is no snapshot: every part that is missing, not only the first."""

    faults: tuple[SnapshotFault, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        return tuple(fault.reason for fault in self.faults)

    def __str__(self) -> str:
        return "; ".join(f"{fault.reason} ({fault.detail})" for fault in self.faults)


class Sources:
    """The routers and the books, from which all snapshots are read. One per incarnation."""

    def __init__(
        self,
        ctx: Context,
        conversations: Conversations,
        *,
        routers: Mapping[Router, Address[McpProtocol]],
        state: Address[StateProtocol],
        kill_switch: Address[KillSwitchProtocol],
        seen: Seen,
    ) -> None:
        self.ctx = ctx
        self.conversations = conversations
        self.routers = routers
        self.state = state
        self.readings: dict[str, Reading] = {}
        """Those under way, by name."""
        self.ends = tuple(ended_key(router.path) for router in routers.values())
        """The keys of their ends: each wait for an answer is one for these, too."""
        self._kill_switch = kill_switch
        self._seen = seen

    @property
    def fetches_under_way(self) -> int:
        return sum(len(reading.waiting) for reading in self.readings.values())

    def read(self, name: str, deadline: datetime) -> Reading:
        """Begin a snapshot; `name` is unique."""
        reading = self.readings[name] = Reading(self, name, deadline)
        return reading

    def see(self, answer: object) -> None:
        """Keep what an answer says about the market, and tell the kill switch of an index that is not older
        than the last one."""
        match answer:
            case IndexPrice():
                spot_usd = float(answer.price)
                if self._seen.take_spot(spot_usd, answer.timestamp):
                    marks = MarksChanged(as_of=answer.timestamp, spot_usd=spot_usd)
                    self.ctx.tell(self._kill_switch, marks)
            case OptionChain():
                self._seen.marks.update(leg_marks(answer, self._seen.legs))
            case AccountSummary():
                self._seen.account = account_seen(answer, self.ctx.now())
            case BooksRead():
                self._seen.take_legs(open_legs(answer.books))
            case _:
                pass  # The other answers hold nothing that is kept.


class Reading:
    """One snapshot under way: what it waits for, what has come, what is missing."""

    def __init__(self, sources: Sources, name: str, deadline: datetime) -> None:
        self._sources = sources
        self._name = name
        self._deadline = deadline
        self._is_over = False
        self._optional_until = deadline
        self._books: tuple[Key[BooksRead], ...] = ()
        self._answers: dict[str, object] = {}
        self._faults: list[SnapshotFault] = []
        self.waiting: dict[Key[Fetched | FetchFailed], Part] = {}
        """The parts that were asked for and have not come."""

    def ask_books(self) -> None:
        """Request the books; the next `gather` awaits them, too."""
        self._books = (books_key(self._name),)
        self._sources.ctx.tell(self._sources.state, GetBooks(request_id=self._name))

    async def gather(self, parts: Iterable[Part] | Callable[[], Iterable[Part]]) -> None:
        """Ask for the parts and wait until each has come or is known to be missing.

        Does nothing if the snapshot already lacks a required part. Parts that depend on earlier answers are
        given as a function, which is then not called.
        """
        if self._faults:
            return
        wait_until = self._sources.ctx.now() + timedelta(seconds=OPTIONAL_WAIT_S)
        self._optional_until = min(wait_until, self._deadline)
        for part in parts() if callable(parts) else parts:
            self._ask(part)
        if self._is_over:
            self._miss_all(self._deadline)
        while self.waiting or self._books:
            await self._next_answer()

    def finish(self, assemble: Callable[[Answers], T]) -> T | Missing:
        """End the reading: the snapshot that `assemble` makes of the answers, or what is missing.

        If `assemble` raises `IncompleteError`, its fault is what is missing.
        """
        del self._sources.readings[self._name]
        if self._faults:
            return Missing(tuple(self._faults))
        try:
            return assemble(self._answers)
        except IncompleteError as error:
            return Missing((error.fault,))

    def _ask(self, part: Part) -> None:
        request_id = f"{self._name}:{part.tool.name}"
        self.waiting[fetch_key(request_id)] = part
        if not self._is_over:
            fetch = Fetch(
                request_id=request_id, tool=part.tool.name, request=part.request, deadline=self._deadline
            )
            self._sources.ctx.tell(self._sources.routers[part.router], fetch)

    async def _next_answer(self) -> None:
        keys: tuple[Key[Any], ...] = (*self.waiting, *self._books, *self._sources.ends)
        needed = self._books or any(part.required for part in self.waiting.values())
        until = self._deadline if needed else self._optional_until
        came = await self._sources.conversations.first_until(until, self._name, *keys)
        match None if came is None else came.event:
            case None:
                self._is_over = until >= self._deadline
                self._miss_all(until)
            case Fetched() as fetched:
                part = self.waiting.pop(fetch_key(fetched.request_id))
                self._answers[part.tool.name] = fetched.answer
                self._sources.see(fetched.answer)
            case FetchFailed() as failed:
                self._miss(fetch_key(failed.request_id), failed.fault.value, failed.error)
            case BooksRead() as read:
                self._books = ()
                self._sources.see(read)
            case Terminated() as end:
                self._miss_router(end)
            case other:
                raise TypeError(f"{self._name}: expected an answer, found {type(other).__name__}")

    def _miss(self, key: Key[Fetched | FetchFailed], kind: str, detail: str) -> None:
        """Stop waiting for a part; it is a fault only if the part is required."""
        part = self.waiting.pop(key)
        if part.required:
            self._faults.append(
                SnapshotFault(source=part.router.value, part=part.tool.name, kind=kind, detail=detail)
            )

    def _miss_router(self, ended: Terminated) -> None:
        for key, part in list(self.waiting.items()):
            if self._sources.routers[part.router].path == ended.path:
                self._miss(key, PartFault.ACTOR_FAILED.value, f"{ended.path}: {ended.reason}")

    def _miss_all(self, until: datetime) -> None:
        detail = f"no answer by {until.isoformat()}"
        for key in list(self.waiting):
            self._miss(key, PartFault.NO_ANSWER.value, detail)
        if self._books:
            self._books = ()
            self._faults.append(
                SnapshotFault(source="state", part="get_books", kind=PartFault.NO_ANSWER.value, detail=detail)
            )
