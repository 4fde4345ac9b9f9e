"""The safety path with the real state and audit on the paper venue: what is booked is what moved there."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.audit import Audit
from actors.mcp.paper_transport import PaperTransport
from actors.state import State
from core.messages.base import Refused
from core.messages.execution import ClosePosition
from core.messages.kill_switch import ArmKillSwitch
from core.messages.state import CycleOpened, GetPosition, OpenCycle, PositionRead, RecordDecision
from core.orders.books import Job, Proposal
from core.orders.exit_rule import ExitRule
from core.orders.lifecycle import PositionState
from core.redaction import Redactor
from core.values import ProposalId
from tests.actors.execution.test_paper_venue import RATES, START, HouseClock, PaperHouse
from tests.fakes.paper import PaperInProcess
from tests.fakes.trading import TradingHouse


class RealBooksHouse(PaperHouse):
    """Kill switch, state, audit, mcp.orders, mcp.deribit and execution: all real."""

    def __init__(self, folder: Path, *, seed: int = 7, faults: tuple[str, ...] = ()) -> None:
        clock = HouseClock()
        self.paper = PaperInProcess(seed=seed, faults=faults)
        self.paper.calm = True
        transport = PaperTransport(self.paper, clock=clock)
        TradingHouse.__init__(self, folder, transport=transport, start=False)
        clock.house = self
        self.time = START
        rooms = {name: self.address(name) for name in ("state", "audit", "kill_switch", "alerting")}
        self.start_kill_switch()
        self.start(
            "state",
            State(
                data_dir=folder,
                audit=rooms["audit"],
                kill_switch=rooms["kill_switch"],
                alerting=rooms["alerting"],
                redact=Redactor(),
            ),
        )
        self.start(
            "audit",
            Audit(
                data_dir=folder,
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

    def decide(self) -> Proposal:
        """What decision does: a cycle, a decision with a proposal, on record."""
        opening = OpenCycle(request_id="open-1", job=Job.ENTRY, slot=self.time, at=self.time)
        self.tell("state", opening, sender="decision")
        cycle_id = self.told("decision", CycleOpened)[-1].cycle_id
        proposal = Proposal(
            proposal_id=ProposalId(f"p-{cycle_id}"),
            cycle_id=cycle_id,
            plan=self.market_plan(contracts=2, above_natural="0.0005"),
            created_at=self.time,
        )
        self.tell(
            "state",
            RecordDecision(
                request_id="decide-1", cycle_id=cycle_id, at=self.time, record="{}", proposal=proposal
            ),
            sender="decision",
        )
        return proposal

    def refusals(self) -> list[tuple[str, ...]]:
        return [message.reasons for _, message in self.log if isinstance(message, Refused)]


@pytest.mark.parametrize(
    "kind",
    [
        "calm",
        "latency",
        "timeout_before",
        "timeout_after",
        "cut",
        "http_429",
        "http_500",
        "truncated",
        "reject",
        "partial_silent",
        "fill_after_cancel",
        "venue_restart",
    ],
)
def test_what_is_booked_is_what_moved_the_venues_balance(tmp_path: Path, kind: str) -> None:
    """An entry and its exit under one kind of fault: no refusal by the books, nothing armed, sums equal."""
    faults = () if kind == "calm" else (f"deribit:{kind}:{RATES.get(kind, 0.2)}",)
    house = RealBooksHouse(tmp_path, seed=11, faults=faults)
    start_eth = house.paper.venue.account.balance_eth
    proposal = house.decide()
    house.paper.calm = False
    house.place(proposal)
    house.advance(960)
    house.tell(
        "execution",
        ClosePosition(
            request_id="close-1", position_id=proposal.position_id, exit_rule=ExitRule.STOP, reason="test"
        ),
        sender="control",
    )
    house.advance(3600)
    house.paper.calm = True
    house.advance(1800)
    house.restart_execution()
    house.advance(300)
    asked = GetPosition(request_id="read-1", position_id=proposal.position_id)
    house.tell("state", asked, sender="asker")
    position = house.told("asker", PositionRead)[-1].position
    assert position is not None
    assert position.state in (PositionState.CLOSED, PositionState.CANCELLED)
    assert position.pnl_eth == house.paper.venue.account.balance_eth - start_eth
    assert house.refusals() == []
    assert house.told("kill_switch", ArmKillSwitch) == []
    for name in ("audit", "state"):
        house.stop(name)
