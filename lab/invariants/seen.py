"""What an outsider can see at one moment: the venue, and of each engine its folder, messages and answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from actors.kill_switch import DiskKillFile
from actors.runtime import CellStatus
from core.contract import Trade
from core.kill_file import KILL_FILE_NAME
from core.orders.armed import Leaves, what_leaves
from core.strategy import Strategy
from core.values import Value
from gateway.paper.account import Account, VenueOrder
from lab.invariants.audit_walk import AuditWalk
from lab.invariants.effects import Armings, Effect
from lab.invariants.folder import FolderBooks
from lab.invariants.messages import MessagesSeen


class Request(Value):
    """A placement or an edit that has arrived at the venue."""

    at: datetime
    tool: str
    label: str
    amount: int
    price: Decimal
    reduce_only: bool
    valid_until: datetime | None
    was_in_doubt: bool = False
    """An order of the same books was in doubt when it arrived."""


@dataclass(frozen=True)
class VenueSeen:
    """The account, by the venue itself."""

    orders: Mapping[str, VenueOrder]
    trades: Mapping[str, Trade]
    sizes: Mapping[str, int]
    balance_change_eth: Decimal
    index_usd: Decimal = Decimal(0)

    @classmethod
    def of(cls, account: Account, began_with: Decimal, index_usd: Decimal = Decimal(0)) -> VenueSeen:
        """The account as it is now."""
        sizes = {name: int(held.size) for name, held in account.positions.items() if held.size}
        change = account.balance_eth - began_with
        return cls(dict(account.orders), dict(account.trades), sizes, change, index_usd)

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(order.order.label for order in self.orders.values())


@dataclass
class Promises:
    """The answers that a person got, and what follows from them."""

    armings: Armings = field(default_factory=Armings)
    accepted: dict[str, str] = field(default_factory=dict)
    """By request id, the message that was answered as accepted and on disk."""
    asked_at: list[tuple[str, datetime]] = field(default_factory=list)
    """When each of them was accepted, in true time, as the venue's trades have it."""
    entries_asked: int = 0
    """How often an entry was asked for, whatever was answered."""


@dataclass
class EngineSeen:
    """One engine on its folder, whatever life it is in."""

    name: str
    data_dir: Path
    strategy: Strategy
    messages: MessagesSeen = field(default_factory=MessagesSeen)
    promises: Promises = field(default_factory=Promises)
    audit: AuditWalk = field(init=False)
    cells: Callable[[], Sequence[CellStatus]] = tuple
    """Its actors at this moment; none while it does not run."""
    clock: Callable[[], datetime] = lambda: datetime.max.replace(tzinfo=UTC)
    """Its wall clock."""
    letters: list[str] | None = None
    """None if nobody watches its channels. The ids of the alerts that a channel has taken, in order."""
    letter_texts: list[str] = field(default_factory=list)
    is_up: bool = False
    ran_to_the_end: bool = True
    """False after it was stopped in the middle, never to start again."""
    up: list[tuple[datetime, datetime | None]] = field(default_factory=list)
    """From when to when it ran, by its own clock, without a step of it."""
    disk_failed: bool = False
    """In this life its disk has refused something."""
    failed_by_act: set[str] = field(default_factory=set)
    """The actors that were made to fail in this life, by path."""
    restarted_by_person: set[str] = field(default_factory=set)
    """Rooms that a person has had restarted, by name; a restart may be carried out by a later life."""

    def __post_init__(self) -> None:
        self.audit = AuditWalk(self.data_dir)

    @property
    def has_kill_file(self) -> bool:
        return (self.data_dir / KILL_FILE_NAME).exists()

    @property
    def leaves(self) -> Leaves:
        """Which orders may leave, by its `KILL`."""
        found = DiskKillFile(self.data_dir).read()
        return what_leaves(() if found is None else found.causes, self.strategy.exits_when_armed)


@dataclass
class SeenOutside:
    """All of it. `now` is true time, which is the venue's."""

    now: datetime
    venue: VenueSeen
    engines: Sequence[EngineSeen]
    requests: Sequence[Request] = ()
    effects: Sequence[Effect] = ()
    cancelled: Set[str] = frozenset()
    """The labels of the orders that the venue has called cancelled and unfilled, whatever it did later."""
    has_alien: bool = False
    """The venue has put a position into the account that nobody ordered."""
    secrets: Sequence[str] = ()
    books_read: dict[str, FolderBooks] = field(default_factory=dict)
    """What was read of engines' books at this moment, by the name of the engine."""

    def books(self, engine: EngineSeen) -> FolderBooks:
        """What the books of an engine hold now."""
        return self.books_read.setdefault(engine.name, FolderBooks(engine.data_dir))

    def left_behind(self) -> frozenset[str]:
        """The labels of the engines that were stopped in the middle: what fills later nobody books."""
        gone = (engine for engine in self.engines if not engine.ran_to_the_end)
        return frozenset(str(sent.command.permit.label) for engine in gone for sent in engine.messages.sent)

    def on_other_terms(self) -> frozenset[str]:
        """The labels of the orders that the venue has for more than was asked for."""
        asked = {request.label: request.amount for request in self.requests if not request.reduce_only}
        return frozenset(
            label
            for order in self.venue.orders.values()
            if (label := order.order.label) in asked and order.order.amount > asked[label]
        )
