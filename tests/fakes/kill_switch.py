"""A house with the kill switch, fresh facts, and fake books."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from actors.kill_switch import DiskKillFile, KillFilePort
from actors.kill_switch.actor import KillSwitch
from core.contract.registry import REQUIRED_FEATURES
from core.messages.kill_switch import MarksChanged, RequestPermit
from core.messages.room_status import VenueChecked
from core.messages.state import GetKillSwitchRow
from core.orders.books import Instruction, InstructionKind, OrderRow, Position
from core.orders.lifecycle import OrderState, PositionState
from core.orders.terms import OrderPurpose, OrderTerms
from core.strategy import Strategy
from core.values import CycleId, Environment, Label, PositionId, ProposalId, SpreadKind
from tests.fakes.books import FakeBooks
from tests.fakes.house import House
from tests.fakes.trading import plan


def request(
    *,
    label: str = "p-entry-1:e1",
    purpose: OrderPurpose = OrderPurpose.ENTRY,
    amount: int = 2,
    limit: str | None = None,
    reduce_only: bool | None = None,
) -> RequestPermit:
    """An order that passes every limit unless it is told otherwise."""
    is_exit = purpose in (OrderPurpose.EXIT, OrderPurpose.EDIT_EXIT)
    legs = plan().legs
    return RequestPermit(
        request_id=f"permit-{label}",
        label=Label(label),
        terms=OrderTerms(
            purpose=purpose,
            legs=tuple(leg.reversed() for leg in legs) if is_exit else legs,
            amount=amount,
            limit_eth=Decimal(limit or ("-0.0050" if is_exit else "0.0100")),
            reduce_only=is_exit if reduce_only is None else reduce_only,
        ),
        reference_eth=Decimal("-0.0050" if is_exit else "0.0080"),
    )


class SwitchHouse(House):
    """The kill switch alone, told everything that it must know."""

    def __init__(
        self,
        data_dir: Path,
        *,
        strategy: Strategy | None = None,
        strategy_enabled: bool = True,
        row_known: bool = True,
        kill_file: KillFilePort | None = None,
    ) -> None:
        super().__init__()
        self.data_dir = data_dir
        self.strategy = strategy or Strategy()
        self.kill_file = kill_file or DiskKillFile(data_dir)
        self.strategy_enabled = strategy_enabled
        self.books = FakeBooks(kill_switch=self.address("kill_switch"))
        if not row_known:
            self.books.silent = {GetKillSwitchRow}
        self.start("state", self.books)
        self.restart()
        self.refresh()

    def restart(self) -> None:
        self.start(
            "kill_switch",
            KillSwitch(
                kill_file=self.kill_file,
                state=self.address("state"),
                execution=self.address("execution"),
                alerting=self.address("alerting"),
                strategy=self.strategy,
                strategy_enabled=self.strategy_enabled,
            ),
        )
        self.run()

    def refresh(self) -> None:
        """All facts as of now."""
        self.tell("kill_switch", MarksChanged(as_of=self.time, spot_usd=3000.0))
        self.venue_says()
        self.books.tell_facts()
        self.run()

    def venue_says(
        self,
        *,
        environment: Environment = Environment.PAPER,
        offset_s: float = 0.0,
        offset_max_s: float | None = None,
        features: tuple[str, ...] = tuple(sorted(REQUIRED_FEATURES)),
    ) -> None:
        checked = VenueChecked(
            as_of=self.time,
            environment=environment,
            account="A1",
            clock_offset_s=offset_s,
            clock_offset_max_s=abs(offset_s) if offset_max_s is None else offset_max_s,
            features=features,
        )
        self.tell("kill_switch", checked)

    def open_position(self, name: str = "p-entry-1") -> None:
        position_id = PositionId(name)
        self.books.positions[position_id] = Position(
            position_id=position_id,
            cycle_id=CycleId("entry-1"),
            plan=plan(),
            kind=SpreadKind.BULL_PUT,
            state=PositionState.OPEN,
            contracts_opened=2,
            contracts=2,
        )
        self.books.tell_facts()
        self.run()

    def put_in_doubt(self) -> None:
        """Another proposal's order is of unknown outcome."""
        label = Label("p-other:e1")
        self.books.instructions[label] = Instruction(
            label=label,
            proposal_id=ProposalId("p-other"),
            cycle_id=None,
            kind=InstructionKind.ENTRY,
            attempt=1,
            legs=plan().legs,
            amount=1,
            limit_eth=Decimal("0.01"),
            reduce_only=False,
            valid_until=self.time,
            created_at=self.time,
        )
        self.books.orders[label] = OrderRow(
            label=label,
            state=OrderState.UNKNOWN,
            amount=1,
            limit_eth=Decimal("0.01"),
            updated_at=self.time,
        )
        self.books.tell_facts()
        self.run()
