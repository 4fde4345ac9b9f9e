"""Reads one snapshot: requests its parts at once, and awaits their answers until one common deadline."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

from actors.market_data.assemble import Answers, account_seen
from actors.market_data.parts import Part
from actors.market_data.seen import Seen
from actors.market_data.stored import leg_marks, open_legs
from actors.runtime import Address, Context, Conversations, Key, Terminated
from core.contract import AccountSummary, IndexPrice, Router
from core.market.incomplete import IncompleteError, PartFault
from core.market.option_chain import OptionChain
from core.messages.kill_switch import MarksChanged
from core.messages.market_data import SnapshotFault
from core.messages.mcp import Fetch, Fetched, FetchFailed
from core.messages.protocols import KillSwitchProtocol, McpProtocol, StateProtocol
from core.messages.state import BooksRead, GetBooks

T = TypeVar("T")
OPTIONAL_WAIT_S: Final = 5.0
"""How long a part that is not required is waited for: a router that hangs must not take the others' time."""


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
        self._kill_switch = kill_switch
        self._seen = seen

    @property
    def fetches_under_way(self) -> int:
        return sum(len(reading.waiting) for reading in self.readings.values())

    def read(self, name: str, deadline: datetime) -> Reading:
        """Begin a snapshot; `name` is unique."""
        reading = self.readings[name] = Reading(self, name, deadline)
        return reading

    def put_aside(self, answer: Fetched | FetchFailed) -> None:
        """A router's answer; one that no reading waits for any more is nothing."""
        name, _, tool = answer.request_id.rpartition(":")
        reading = self.readings.get(name)
        if reading is not None:
            reading.put_aside(tool, answer)

    def put_books_aside(self, read: BooksRead) -> None:
        """State's answer to `GetBooks`."""
        reading = self.readings.get(read.request_id)
        if reading is not None:
            reading.put_books_aside(read)

    def router_ended(self, ended: Terminated) -> None:
        """An incarnation of a router has ended, with which open requests to it are lost."""
        for reading in tuple(self.readings.values()):
            reading.router_ended(ended)

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
    """One snapshot under way: what it waits for, what has come, what is missing.

    An answer is only put aside: the conversation that reads goes on when enough has come, or time is over.
    """

    def __init__(self, sources: Sources, name: str, deadline: datetime) -> None:
        self._sources = sources
        self._name = name
        self._deadline = deadline
        self._is_over = False
        self._optional_until = deadline
        self._waits_for_needed = True
        self._settled: Key[None] = Key(f"settled:{name}")
        self._waits_for_books = False
        self._answers: dict[str, object] = {}
        self._faults: list[SnapshotFault] = []
        self.waiting: dict[str, Part] = {}
        """The parts that were asked for and have not come, by their tools."""

    def ask_books(self) -> None:
        """Request the books; the next `gather` awaits them, too."""
        self._waits_for_books = True
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
        while self.waiting or self._waits_for_books:
            await self._wait()

    def finish(self, assemble: Callable[[Answers], T]) -> T | Missing:
        """End the reading: the snapshot that `assemble` makes of the answers, or what is missing.

        If `assemble` raises `IncompleteError`, what it says is missing.
        """
        del self._sources.readings[self._name]
        if self._faults:
            return Missing(tuple(self._faults))
        try:
            return assemble(self._answers)
        except IncompleteError as error:
            missing = SnapshotFault(
                source=error.source, part=error.part, kind=error.kind.value, detail=str(error)
            )
            return Missing((missing,))

    def put_aside(self, tool: str, answer: Fetched | FetchFailed) -> None:
        """The answer of one tool."""
        if tool not in self.waiting:
            return
        if isinstance(answer, FetchFailed):
            self._miss(tool, answer.fault.value, answer.error)
        else:
            del self.waiting[tool]
            self._answers[tool] = answer.answer
            self._sources.see(answer.answer)
        self._go_on_if_settled()

    def put_books_aside(self, read: BooksRead) -> None:
        """The books, which say what is held."""
        if self._waits_for_books:
            self._waits_for_books = False
            self._sources.see(read)
            self._go_on_if_settled()

    def router_ended(self, ended: Terminated) -> None:
        """What was asked of the router at that path does not come any more."""
        for tool, part in tuple(self.waiting.items()):
            if self._sources.routers[part.router].path == ended.path:
                self._miss(tool, PartFault.ACTOR_FAILED.value, f"{ended.path}: {ended.reason}")
        self._go_on_if_settled()

    def _ask(self, part: Part) -> None:
        tool = part.tool.name
        self.waiting[tool] = part
        if not self._is_over:
            fetch = Fetch(
                request_id=f"{self._name}:{tool}", tool=tool, request=part.request, deadline=self._deadline
            )
            self._sources.ctx.tell(self._sources.routers[part.router], fetch)

    async def _wait(self) -> None:
        """Wait until it is settled, or until what has not come is given up."""
        self._waits_for_needed = self._needs_more()
        until = self._deadline if self._waits_for_needed else self._optional_until
        if await self._sources.conversations.first_until(until, self._name, self._settled) is None:
            self._is_over = until >= self._deadline
            self._miss_all(until)

    def _needs_more(self) -> bool:
        """Whether something is waited for without which there is no snapshot."""
        return self._waits_for_books or any(part.required for part in self.waiting.values())

    def _go_on_if_settled(self) -> None:
        """Go on if all has come; or if all that is needed has, because the rest is not waited for as long."""
        all_came = not self.waiting and not self._waits_for_books
        if all_came or (self._waits_for_needed and not self._needs_more()):
            self._sources.conversations.deliver(self._settled, None)

    def _miss(self, tool: str, kind: str, detail: str) -> None:
        """Stop waiting for a part; it is a fault only if the part is required."""
        part = self.waiting.pop(tool)
        if part.required:
            self._faults.append(SnapshotFault(source=part.router.value, part=tool, kind=kind, detail=detail))

    def _miss_all(self, until: datetime) -> None:
        detail = f"no answer by {until.isoformat()}"
        for tool in tuple(self.waiting):
            self._miss(tool, PartFault.NO_ANSWER.value, detail)
        if self._waits_for_books:
            self._waits_for_books = False
            self._faults.append(
                SnapshotFault(source="state", part="get_books", kind=PartFault.NO_ANSWER.value, detail=detail)
            )
