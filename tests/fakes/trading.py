"""A house with the safety path in it: kill switch, MCP actors, execution, fake books and fake venue."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path

from actors.audit import Audit
from actors.execution import Execution
from actors.http import Transport
from actors.kill_switch import DiskKillFile
from actors.kill_switch.actor import KillSwitch
from actors.mcp import McpCredentials, McpOrders, McpRouter, wire_ports
from actors.runtime import Context
from actors.state import State
from core.contract import Router
from core.messages.execution import ClosePosition, OrderFinal, PlaceCombo
from core.messages.state import CycleOpened, OpenCycle, RecordDecision
from core.orders.books import Job, Proposal
from core.orders.exit_rule import ExitRule
from core.orders.plan import ComboPlan, LegFacts
from core.redaction import Redactor
from core.strategy import Strategy
from core.values import CycleId, Leg, OptionType, PositionId, ProposalId, Side, SpreadKind
from tests.fakes.account_lock import FakeAccountLock
from tests.fakes.books import FakeBooks
from tests.fakes.house import House
from tests.fakes.venue import FakeVenue

EXPIRATION = datetime.fromisoformat("2026-01-16T08:00:00+00:00")
SHORT, LONG = "ETH-16JAN26-2800-P", "ETH-16JAN26-2600-P"
CREDENTIALS = McpCredentials(token="secret-token", bot_tag="BOT__TEST")


def leg(name: str, side: Side) -> Leg:
    strike, letter = name.split("-")[2:]
    return Leg(
        instrument_name=name,
        option_type=OptionType.PUT if letter == "P" else OptionType.CALL,
        strike_usd=float(strike),
        expiration=EXPIRATION,
        side=side,
    )


def plan(contracts: int = 2, *, short: str = SHORT, long: str = LONG) -> ComboPlan:
    """A bull put: limit 0.0100, floor 0.0080, mid 0.0110, natural 0.0080 ETH."""
    legs = (leg(short, Side.SELL), leg(long, Side.BUY))
    facts = tuple(
        LegFacts(
            instrument_name=each.instrument_name,
            bid_eth=Decimal("0.0100"),
            ask_eth=Decimal("0.0110"),
            mark_eth=Decimal("0.0105"),
            mark_iv_pct=60.0,
            delta=-0.2,
            forward_usd=3000.0,
        )
        for each in legs
    )
    return ComboPlan(
        kind=SpreadKind.BULL_PUT,
        legs=legs,
        leg_facts=facts,
        contracts=contracts,
        limit_eth=Decimal("0.0100"),
        floor_eth=Decimal("0.0080"),
        mid_eth=Decimal("0.0110"),
        natural_eth=Decimal("0.0080"),
        width_usd=200.0,
        fees_round_trip_eth=0.0012,
        worst_loss_usd=180.0,
        worst_loss_eth=0.07,
        initial_margin_eth=0.1,
        breakeven_low_usd=2770.0,
        breakeven_high_usd=None,
        pop=0.8,
        expiration=EXPIRATION,
        entry_spot_usd=3000.0,
        entry_dvol=60.0,
    )


class TradingHouse(House):
    """Everything up and recovered, unless `start=False`."""

    def __init__(
        self,
        data_dir: Path,
        *,
        strategy: Strategy | None = None,
        transport: Transport | None = None,
        start: bool = True,
    ) -> None:
        super().__init__()
        self.data_dir = data_dir
        self.strategy = strategy or Strategy()
        self.account_lock = FakeAccountLock()
        self.books = FakeBooks(kill_switch=self.address("kill_switch"))
        self.venue = FakeVenue(lambda: self.time)
        self.venue.quotes = {
            SHORT: ("0.0060", "0.0070", "0.0065"),
            LONG: ("0.0020", "0.0030", "0.0025"),
        }
        self.transport: Transport = self.venue if transport is None else transport
        self.connected: list[Context] = []
        """Whose connection to send orders was made, in order."""
        if start:
            self.start("state", self.books)
            self.start_kill_switch()
            self.books.tell_facts()
            self.start_orders()
            self.start_deribit()
            self.start_execution()
            self.run()

    def start_kill_switch(self) -> None:
        self.start(
            "kill_switch",
            KillSwitch(
                kill_file=DiskKillFile(self.data_dir),
                state=self.address("state"),
                execution=self.address("execution"),
                alerting=self.address("alerting"),
                strategy=self.strategy,
                strategy_enabled=True,
            ),
        )

    def start_with_real_books(self) -> None:
        """Kill switch, state, audit, mcp.orders, mcp.deribit and execution: all real, on what they find."""
        rooms = {name: self.address(name) for name in ("state", "audit", "kill_switch", "alerting")}
        self.start_kill_switch()
        self.start(
            "state",
            State(
                data_dir=self.data_dir,
                audit=rooms["audit"],
                kill_switch=rooms["kill_switch"],
                alerting=rooms["alerting"],
                redact=Redactor(),
            ),
        )
        self.start(
            "audit",
            Audit(
                data_dir=self.data_dir,
                state=rooms["state"],
                kill_switch=rooms["kill_switch"],
                alerting=rooms["alerting"],
            ),
        )
        self.run()
        self.start_orders()
        self.start_deribit()
        self.start_execution()
        self.run()

    def decide(self, plan: ComboPlan, number: int = 1) -> Proposal:
        """What decision does: a cycle, a decision with a proposal, on the real books' record."""
        slot = self.time
        opening = OpenCycle(request_id=f"open-{number}", job=Job.ENTRY, slot=slot, at=slot)
        self.tell("state", opening, sender="decision")
        cycle_id = self.told("decision", CycleOpened)[-1].cycle_id
        proposal = Proposal(
            proposal_id=ProposalId(f"p-{cycle_id}"), cycle_id=cycle_id, plan=plan, created_at=self.time
        )
        decided = RecordDecision(
            request_id=f"decide-{number}", cycle_id=cycle_id, at=self.time, record="{}", proposal=proposal
        )
        self.tell("state", decided, sender="decision")
        return proposal

    def start_orders(self) -> None:
        def connect(ctx: Context) -> Transport:
            self.connected.append(ctx)
            return self.transport

        self.start(
            "mcp.orders",
            McpOrders(
                open_port=wire_ports(connect, CREDENTIALS, self.strategy),
                strategy=self.strategy,
                kill_switch=self.address("kill_switch"),
                read_kill_file=DiskKillFile(self.data_dir).read,
            ),
        )

    def start_deribit(self) -> None:
        self.start(
            "mcp.deribit",
            McpRouter(
                router=Router.DERIBIT,
                open_port=wire_ports(lambda _: self.transport, CREDENTIALS, self.strategy),
                alerting=self.address("alerting"),
            ),
        )

    def start_execution(self) -> None:
        self.start(
            "execution",
            Execution(
                kill_switch=self.address("kill_switch"),
                state=self.address("state"),
                orders=self.address("mcp.orders"),
                deribit=self.address("mcp.deribit"),
                decision=self.address("decision"),
                health=self.address("health"),
                control=self.address("control"),
                alerting=self.address("alerting"),
                strategy=self.strategy,
                account_lock=self.account_lock,
                folder="here",
            ),
        )

    def restart_execution(self) -> None:
        """A crash of the incarnation: its mail and timers are gone, the successor recovers."""
        self.stop("execution")
        self.start_execution()
        self.run()

    def propose(self, contracts: int = 2, *, name: str = "p-entry-1") -> Proposal:
        proposal = Proposal(
            proposal_id=ProposalId(name),
            cycle_id=CycleId("entry-1"),
            plan=plan(contracts),
            created_at=self.time,
        )
        self.books.propose(proposal)
        self.books.tell_facts()
        self.run()
        return proposal

    def place(self, proposal: Proposal) -> None:
        self.tell(
            "execution",
            PlaceCombo(
                request_id=f"place-{proposal.proposal_id}",
                cycle_id=proposal.cycle_id,
                proposal=proposal,
            ),
            sender="decision",
            correlation=proposal.cycle_id,
        )

    def enter(self, contracts: int = 2) -> PositionId:
        """A position that is open and filled."""
        proposal = self.propose(contracts)
        self.venue.fill_next.append(contracts)
        self.place(proposal)
        return proposal.position_id

    def close(
        self, position_id: str, *, rule: ExitRule = ExitRule.PROFIT, request_id: str = "close-1"
    ) -> None:
        self.tell(
            "execution",
            ClosePosition(
                request_id=request_id,
                cycle_id=CycleId("monitor-1"),
                position_id=PositionId(position_id),
                exit_rule=rule,
                reason="test",
            ),
            sender="decision",
        )

    def finals(self) -> list[OrderFinal]:
        return self.told("decision", OrderFinal)
