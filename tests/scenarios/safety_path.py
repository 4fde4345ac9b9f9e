"""The way of an order without the rest of the engine: kill switch, `KILL`, mcp.orders, the wire, the venue.

Those are of production, in virtual time. Who places, edits and cancels orders, and who arms and disarms, is
here, and does so many times faster than a whole engine could.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

from actors.http import Transport
from actors.kill_switch import DiskKillFile
from actors.kill_switch.actor import KillSwitch
from actors.mcp import McpCredentials, McpOrders, wire_ports
from actors.runtime import (
    Actor,
    ActorSystem,
    AnyAddress,
    ChildSpec,
    Context,
    GreenRuntime,
    RuntimeFault,
    SupervisorSpec,
    Tracer,
)
from core.contract.registry import REQUIRED_FEATURES
from core.messages.kill_switch import (
    ArmKillSwitch,
    BooksChanged,
    DisarmKillSwitch,
    KillSwitchArmed,
    MarksChanged,
    Permit,
    RequestPermit,
)
from core.messages.mcp import CancelOrder, EditOrder, OrderAccepted, SendOrder
from core.messages.room_status import VenueChecked
from core.messages.state import KillSwitchRow
from core.orders.books import Books, Instruction, InstructionKind
from core.orders.terms import OrderPurpose, OrderTerms
from core.permit_times import CERTAIN_AFTER_S
from core.strategy import ExitsWhenArmed, Strategy
from core.values import Environment, Label, Leg, OptionType, OrderId, ProposalId, Side
from gateway.paper import orders as desk
from gateway.paper.instruments import ListedOption
from gateway.paper.paper_venue import PaperVenue
from gateway.paper.venue import Venue
from lab.in_process import TOKEN
from lab.invariants.effects import Armings
from lab.wire import Wire
from reading.switch.arming import new_arming
from tests.fakes.books import FakeBooks
from tests.scenarios.crashing import CrashingFile, CrashingTransport
from tests.scenarios.late import Watch, holds
from tests.scenarios.playing import BEGIN

HELD = 0.5
LIVES = 4
LIFE_S = (60.0, 400.0)
PAUSE_S_MAX = 5.0
THINKS_S_MAX = 3.5
"""Between a permit and the send under it: up to more than a permit lives."""
ARMS_AFTER_S, DISARMS_AFTER_S = 30.0, 40.0
RESTING_MAX = 4
EXPIRES_AFTER = timedelta(days=14)
STRIKES_BELOW = (6, 8)
REFERENCE_ETH = Decimal("0.0100")
TICK = Decimal("0.0001")
NO_LIMIT = 10**9


@dataclass(frozen=True)
class Go:
    """Timer: the next thing to do."""


@dataclass(frozen=True)
class Send:
    """Timer: the time to think is over."""

    command: SendOrder | EditOrder


@dataclass(frozen=True)
class Certain:
    """Timer: an arming by the command is done by now, whatever the switch has answered."""

    number: int


class Sink(Actor):
    """Takes whatever it is told: alerting, and execution's withdrawals."""

    def on_receive(self, message: object) -> None:
        """It is only told."""


class Trader(Actor):
    """Places, edits and cancels, at any time, and gives the switch the facts that it wants before."""

    def __init__(
        self, chance: Random, venue: Venue, orders: AnyAddress, switch: AnyAddress, life: int
    ) -> None:
        self._chance = chance
        self._venue = venue
        self._orders = orders
        self._switch = switch
        self._name = f"p-{life}"
        self._legs = legs(venue)
        self._number = 0
        self._resting: list[tuple[Label, OrderId, OrderTerms]] = []

    def on_start(self) -> None:
        self.ctx.call_later(self._chance.uniform(0.0, PAUSE_S_MAX), Go())

    def on_receive(self, message: object) -> None:
        match message:
            case Go():
                self._act()
                self.ctx.call_later(self._chance.uniform(0.0, PAUSE_S_MAX), Go())
            case Send(command=command):
                self.ctx.tell(self._orders, command)
            case OrderAccepted(order=order, label=label) if order.state == "open":
                terms = self._terms(OrderPurpose.ENTRY, order.price)
                self._resting = [known for known in self._resting if known[0] != label]
                self._resting.append((label, OrderId(order.order_id), terms))
            case _:
                pass

    def _act(self) -> None:
        self._tell_facts()
        what = self._chance.random()
        if what < 0.6 or not self._resting:
            self._number += 1
            label = Label(f"{self._name}-{self.ctx.epoch}-{self._number}:e1")
            self._place(label, self._terms(OrderPurpose.ENTRY, REFERENCE_ETH + self._ticks()))
            return
        label, order_id, terms = self._chance.choice(self._resting)
        if what < 0.85:
            self._edit(label, order_id, terms.edited(REFERENCE_ETH + self._ticks()))
        else:
            attempt = f"cancel-{self.ctx.uuid()}"
            self.ctx.tell(self._orders, CancelOrder(label=label, order_id=order_id, attempt_id=attempt))

    def _place(self, label: Label, terms: OrderTerms) -> None:
        permit = self._permit(label, terms)
        if permit is None:
            return
        instruction = Instruction(
            label=label,
            proposal_id=ProposalId(label.partition(":")[0]),
            cycle_id=None,
            kind=InstructionKind.ENTRY,
            attempt=1,
            legs=terms.legs,
            amount=terms.amount,
            limit_eth=terms.limit_eth,
            reduce_only=False,
            valid_until=permit.expires_at,
            created_at=self.ctx.now(),
        )
        self._send(SendOrder(instruction=instruction, permit=permit))

    def _edit(self, label: Label, order_id: OrderId, terms: OrderTerms) -> None:
        permit = self._permit(label, terms)
        if permit is not None:
            self._send(EditOrder(label=label, order_id=order_id, terms=terms, permit=permit))

    def _send(self, command: SendOrder | EditOrder) -> None:
        thinks_s = self._chance.choice((0.0, self._chance.uniform(0.0, THINKS_S_MAX)))
        self.ctx.call_later(thinks_s, Send(command))

    def _permit(self, label: Label, terms: OrderTerms) -> Permit | None:
        request = RequestPermit(
            request_id=self.ctx.uuid(), label=label, terms=terms, reference_eth=REFERENCE_ETH
        )
        try:
            answer = self.ctx.ask(request.to(self._switch), timeout_s=2.0)
        except RuntimeFault:
            return None
        return answer if isinstance(answer, Permit) else None

    def _tell_facts(self) -> None:
        now = self.ctx.now()
        self.ctx.tell(self._switch, MarksChanged(as_of=now, spot_usd=float(self._venue.index_usd())))
        books = Books(as_of=now, seq=0, positions=(), orders=(), instructions=())
        self.ctx.tell(self._switch, BooksChanged(books=books, entry_requests_last_hour=0))
        checked = VenueChecked(
            as_of=now,
            environment=Environment.PAPER,
            account="paper",
            clock_offset_s=0.0,
            clock_offset_max_s=0.0,
            features=tuple(sorted(REQUIRED_FEATURES)),
        )
        self.ctx.tell(self._switch, checked)
        for order in self._venue.account.open_orders()[RESTING_MAX:]:
            desk.cancel(self._venue, order.order.order_id)  # Somebody else makes room in the account.

    def _terms(self, purpose: OrderPurpose, limit_eth: Decimal) -> OrderTerms:
        return OrderTerms(purpose=purpose, legs=self._legs, amount=1, limit_eth=limit_eth, reduce_only=False)

    def _ticks(self) -> Decimal:
        return TICK * self._chance.randrange(-15, 30)


class Person(Actor):
    """Arms and disarms; an arming by the command lays `KILL` first, and counts as done after five seconds."""

    def __init__(self, chance: Random, armings: Armings, switch: AnyAddress, file: DiskKillFile) -> None:
        self._chance = chance
        self._armings = armings
        self._switch = switch
        self._file = file
        self._number = 0
        self._awaited = False
        self._is_armed = True

    def on_start(self) -> None:
        self.ctx.call_later(self._chance.uniform(0.0, ARMS_AFTER_S), Go())

    def on_receive(self, message: object) -> None:
        match message:
            case Go():
                self._act()
            case KillSwitchArmed():
                self._done()
            case Certain(number=number) if number == self._number:
                self._done()
            case _:
                pass

    def _act(self) -> None:
        if self._is_armed:
            self._is_armed, self._awaited = False, False
            self._number += 1
            self._armings.disarming(self.ctx.now())
            self.ctx.tell(self._switch, DisarmKillSwitch(reason="drill over", who="ada"))
            self.ctx.call_later(self._chance.uniform(0.0, ARMS_AFTER_S), Go())
            return
        self._is_armed, self._awaited = True, True
        self._number += 1
        if self._chance.random() < 0.5:
            self._file.add(new_arming("drill", "ada"))
            self.ctx.call_later(CERTAIN_AFTER_S, Certain(self._number))
        self.ctx.tell(self._switch, ArmKillSwitch(reason="drill", who="ada"))
        self.ctx.call_later(self._chance.uniform(CERTAIN_AFTER_S, DISARMS_AFTER_S), Go())

    def _done(self) -> None:
        if self._awaited:
            self._awaited = False
            self._armings.acknowledged(self.ctx.now())


def legs(venue: Venue) -> tuple[Leg, ...]:
    """A bull put that is listed for the whole run."""
    expiry = next(at for at in venue.source.expiries(venue.clock) if at >= venue.clock + EXPIRES_AFTER)
    spot = float(venue.index_usd())
    puts = [
        option
        for option in venue.source.instruments(venue.clock, expiry)
        if not option.is_call and float(option.strike_usd) < spot
    ]
    short, long = (puts[-below] for below in STRIKES_BELOW)
    return _leg(short, expiry, Side.SELL), _leg(long, expiry, Side.BUY)


def _leg(option: ListedOption, expiry: datetime, side: Side) -> Leg:
    return Leg(
        instrument_name=option.name,
        option_type=OptionType.PUT,
        strike_usd=float(option.strike_usd),
        expiration=expiry,
        side=side,
    )


def strategy(**execution: object) -> Strategy:
    """As shipped, but nothing may leave an armed switch, and entries are not counted."""
    shipped = Strategy()
    return shipped.model_copy(
        update={
            "limits": shipped.limits.model_copy(update={"orders_per_hour": NO_LIMIT}),
            "kill_switch": shipped.kill_switch.model_copy(update={"exits": ExitsWhenArmed.BLOCK}),
            "execution": shipped.execution.model_copy(update=execution),
        }
    )


def trade(
    data_dir: Path, venue: PaperVenue, seed: int, *, rules: Strategy | None = None
) -> tuple[Watch, Armings, Wire]:
    """Some lives, each ended by a kill, on one folder and one venue, which is left open."""
    chance = Random(f"safety path {seed}")
    watch, armings, wire = Watch(), Armings(), Wire(hold_s=holds(chance, HELD))
    watch(venue)
    row = KillSwitchRow(request_id="", armed=False, causes=(), reason="", who="", at=None)
    now = max(BEGIN, venue.venue.clock)
    data_dir.mkdir(exist_ok=True)
    for life in range(1, LIVES + 1):
        runtime = GreenRuntime(now, seed * LIVES + life)
        books: list[FakeBooks] = []
        factory = wire.connect(runtime, venue.dispatch)
        root = _tree(data_dir, venue, chance, armings, factory, row, books, life, rules or strategy())
        system = ActorSystem(runtime, root, tracer=Tracer(1))
        system.start()
        runtime.run(now + timedelta(seconds=chance.uniform(*LIFE_S)))
        row, now = books[-1].row, runtime.now() + timedelta(seconds=chance.uniform(0.0, 10.0))
        system.abandon()
    return watch, armings, wire


def _tree(
    data_dir: Path,
    venue: PaperVenue,
    chance: Random,
    armings: Armings,
    factory: Callable[[Context], Transport],
    row: KillSwitchRow,
    books: list[FakeBooks],
    life: int,
    rules: Strategy,
) -> SupervisorSpec:
    file = DiskKillFile(data_dir)

    def state(peers: Mapping[str, AnyAddress]) -> FakeBooks:
        books.append(FakeBooks(kill_switch=None))
        books[-1].row = row
        return books[-1]

    def switch(peers: Mapping[str, AnyAddress]) -> KillSwitch:
        return KillSwitch(
            kill_file=CrashingFile(data_dir, chance),
            state=peers["state"],
            execution=peers["sink"],
            alerting=peers["sink"],
            strategy=rules,
            strategy_enabled=True,
        )

    def orders(peers: Mapping[str, AnyAddress]) -> McpOrders:
        return McpOrders(
            open_port=wire_ports(
                lambda ctx: CrashingTransport(factory(ctx), chance), McpCredentials(TOKEN), rules
            ),
            strategy=rules,
            kill_switch=peers["kill_switch"],
            read_kill_file=file.read,
        )

    return SupervisorSpec(
        "root",
        (
            ChildSpec("sink", lambda _: Sink()),
            ChildSpec("state", state),
            ChildSpec("kill_switch", switch),
            ChildSpec("mcp.orders", orders),
            ChildSpec(
                "trader",
                lambda peers: Trader(chance, venue.venue, peers["mcp.orders"], peers["kill_switch"], life),
            ),
            ChildSpec("person", lambda peers: Person(chance, armings, peers["kill_switch"], file)),
        ),
        intensity=NO_LIMIT,
    )
