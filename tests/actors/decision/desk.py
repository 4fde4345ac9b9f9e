"""One decision actor with fakes around it: state answers what it is told, the others answer when bidden."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from actors.decision import Decision
from actors.runtime import Terminated
from actors.runtime.testing import FakeAddress, FakeContext
from core.messages.alerting import RaiseAlert, Severity
from core.messages.base import Refused
from core.messages.decision import CycleWaits, GetDecision
from core.messages.execution import FinalOutcome, OrderFinal, PlaceCombo
from core.messages.kill_switch import GetKillSwitch
from core.messages.market_data import (
    EntryMarket,
    FetchSnapshot,
    Snapshot,
    SnapshotFailed,
    SnapshotFault,
)
from core.messages.room_status import CycleEnded, DecisionStatus, RecoveryReport
from core.messages.scheduler import JobDue
from core.messages.state import (
    BooksRead,
    CloseCycle,
    CycleKnown,
    CycleOpened,
    GetBooks,
    GetOpenCycles,
    GetPosition,
    GetSystem,
    GetTradeResults,
    LatchEntries,
    OpenCycle,
    OpenCycles,
    PositionRead,
    RecordDecision,
    Recorded,
    Recording,
    SetSystem,
    SystemRead,
    TradeResults,
)
from core.orders.books import Books, CycleOutcome, CycleRow, EntryLatch, Job, OrderRow, Position, TradeResult
from core.orders.lifecycle import OrderState, PositionState
from core.rules.conduct import AS_IT_TRADES
from core.rules.entry.decision import decide_entry
from core.rules.facts import HeldAccount, MonitorMarket
from core.strategy import Strategy
from core.values import CycleId, Label, Mode, PositionId, cycle_id_of
from tests.core.example_market import NOW, entry_facts
from tests.fakes.clear_switch import CLEAR

_T = TypeVar("_T")
DEADLINE = timedelta(seconds=Strategy().scheduler.cycle_deadline_s)
CALM_ACCOUNT = HeldAccount(
    venue_equity_eth=10.0, maintenance_margin_eth=0.2, equity_usd=200_000.0, eur_usd=1.17
)


def cycle_id(job: Job, slot: datetime = NOW) -> CycleId:
    return cycle_id_of(job, slot)


def entry_market(**changes: object) -> EntryMarket:
    """The market's part of the calm facts, in which a bull put is proposed."""
    facts = entry_facts()
    market = facts.market.model_copy(update=changes)
    return EntryMarket(account=facts.account, market=market)


def monitor_market(**changes: object) -> MonitorMarket:
    facts = entry_facts()
    fields = {
        "spot_usd": 3000.0,
        "spot_4h_ago_usd": 3000.0,
        "dvol": 65.0,
        "account": CALM_ACCOUNT,
        "chain": facts.market.chain,
    }
    return MonitorMarket(**(fields | changes))


PLAN = decide_entry(entry_facts(), Strategy()).plan


def position(
    name: str = "p-entry-1",
    state: PositionState = PositionState.OPEN,
    *,
    credit_eth: str | None = None,
    contracts: int = 1,
) -> Position:
    """An open bull put of the calm market; by default it earned its own natural credit and is held."""
    assert PLAN is not None
    credit = PLAN.natural_eth if credit_eth is None else Decimal(credit_eth)
    return Position(
        position_id=PositionId(name),
        cycle_id=CycleId("entry-20260105T140000Z"),
        plan=PLAN,
        kind=PLAN.kind,
        state=state,
        contracts_opened=contracts,
        contracts=contracts,
        entered_at=NOW - timedelta(days=1),
        credit_eth=credit * contracts,
    )


class DecisionDesk:
    """State opens rows and takes records by itself unless `state_answers` is off."""

    def __init__(
        self,
        *,
        now: datetime = NOW,
        strategy: Strategy | None = None,
        mode: Mode | None = None,
        recovered: bool = True,
        epoch: int = 1,
    ) -> None:
        self.ctx = FakeContext("decision", now=now)
        self.ctx.epoch = epoch
        names = ("state", "kill_switch", "market_data", "execution", "alerting")
        self.rooms = {name: FakeAddress(name) for name in names}
        self.strategy = strategy or Strategy()
        self.actor = Decision(
            state=self.rooms["state"],
            kill_switch=self.rooms["kill_switch"],
            market_data=self.rooms["market_data"],
            execution=self.rooms["execution"],
            alerting=self.rooms["alerting"],
            strategy=self.strategy,
            mode=mode or Mode(data_analysis=True, strategy=True),
            code_version="test",
            conduct=AS_IT_TRADES,
        )
        self.actor.ctx = self.ctx
        self.switch = CLEAR
        self.positions: list[Position] = []
        self.orders: list[OrderRow] = []
        self.results: list[TradeResult] = []
        self.books_tell_results = False
        """As they do once they were asked for."""
        self.latches: tuple[EntryLatch, ...] = ()
        self.settings: dict[str, str] = {}
        self.seq = 1
        """The last record of the books; a test that changes them adds to it."""
        self.rows: dict[tuple[Job, datetime], CycleOutcome | None] = {}
        self.closed_at_once: list[OpenCycle] = []
        self.reasons: dict[tuple[Job, datetime], tuple[str, ...]] = {}
        self.state_answers = True
        self.ctx.asks[GetKillSwitch] = lambda _: self.switch
        self.ctx.asks[GetBooks] = lambda _: BooksRead(
            request_id="",
            books=Books(
                as_of=self.ctx.now(),
                seq=self.seq,
                positions=tuple(self.positions),
                orders=tuple(self.orders),
                instructions=(),
                latches=self.latches,
                ended=tuple(self.results) if self.books_tell_results else None,
            ),
        )
        self.ctx.asks[GetTradeResults] = lambda _: TradeResults(request_id="", results=tuple(self.results))
        self.ctx.asks[GetSystem] = lambda query: SystemRead(key=query.key, value=self.settings.get(query.key))
        self.ctx.asks[GetPosition] = self._position
        self._seen = 0
        self.actor.on_start()
        self._answer_state()
        if recovered:
            self.recover()

    def recover(self, *rows: tuple[CycleRow, bool], proposed: tuple[CycleId, ...] = ()) -> None:
        self.tell(RecoveryReport(ok=True, at=self.ctx.now(), attempts=1, differences=()))
        asked = self.sent("state", GetOpenCycles)[-1]
        self.tell(OpenCycles(request_id=asked.request_id, cycles=rows, proposed=proposed))

    def tell(self, message: object, sender: FakeAddress | None = None) -> None:
        with self.ctx.handling(message, sender=sender):
            self.actor.on_receive(message)
        self._answer_state()

    def due(self, job: Job, slot: datetime = NOW, *, misfired: bool = False) -> None:
        self.tell(JobDue(job=job, slot=slot, misfired=misfired))

    def snapshot(self, market: EntryMarket | MonitorMarket) -> None:
        asked = self.sent("market_data", FetchSnapshot)[-1]
        self.tell(Snapshot(request_id=asked.request_id, cycle_id=asked.cycle_id, market=market))

    def snapshot_failed(self, kind: str = "server", part: str = "get_dvol") -> None:
        asked = self.sent("market_data", FetchSnapshot)[-1]
        fault = SnapshotFault(source="deribit", part=part, kind=kind, detail="as the test wants it")
        self.tell(SnapshotFailed(request_id=asked.request_id, cycle_id=asked.cycle_id, faults=(fault,)))

    def order_final(self, outcome: FinalOutcome, *reasons: str, filled: int = 0) -> None:
        placed = self.sent("execution", PlaceCombo)[-1]
        self.tell(
            OrderFinal(
                request_id=placed.request_id,
                cycle_id=placed.cycle_id,
                proposal_id=placed.proposal.proposal_id,
                outcome=outcome,
                contracts_filled=filled,
                reasons=reasons,
            )
        )

    def terminated(self, room: str) -> None:
        path = self.rooms[room].path
        self.tell(Terminated(path=path, name=room, reason="it raised", restarting=True))

    def pass_time(self, seconds: float) -> None:
        for message in self.ctx.advance(seconds):
            self.tell(message)

    def sent(self, room: str, kind: type[_T]) -> list[_T]:
        return [message for message in self.ctx.told_to(room) if isinstance(message, kind)]

    def ends(self) -> list[CloseCycle]:
        """What closes rows; a cycle that has nothing to do closes its own with what opens it, and one from
        whose only decision nothing follows with that."""
        told = self.ctx.told_to("state")
        return [closed_by(m) for m in told if _ends(m) or m in self.closed_at_once]

    def end(self) -> tuple[CycleOutcome, tuple[str, ...]]:
        """Outcome and reasons of the only cycle that has ended."""
        ends = {close.request_id: close for close in self.ends()}
        assert len(ends) == 1, [close.cycle_id for close in ends.values()]
        close = next(iter(ends.values()))
        return close.outcome, close.reasons

    def alerts(self, code: str | None = None) -> list[Severity]:
        raised = self.sent("alerting", RaiseAlert)
        assert all(alert.cause for alert in raised)
        return [alert.severity for alert in raised if code is None or alert.code == code]

    def status(self) -> DecisionStatus:
        asker = FakeAddress("control")
        self.tell(GetDecision(), sender=asker)
        answer = self.ctx.told_to("control")[-1]
        assert isinstance(answer, DecisionStatus)
        return answer

    def answers(self, asker: FakeAddress) -> list[CycleEnded | Refused]:
        return [m for m in self.ctx.told_to(asker) if isinstance(m, CycleEnded | Refused)]

    def waits(self, asker: FakeAddress) -> list[str]:
        """What who asked was told that the cycle waits for."""
        return [m.text for m in self.ctx.told_to(asker) if isinstance(m, CycleWaits)]

    def doubt(self) -> None:
        self.orders = [
            OrderRow(
                label=Label("p-1:e1"),
                state=OrderState.UNKNOWN,
                amount=1,
                limit_eth=Decimal("0.01"),
                updated_at=self.ctx.now(),
            )
        ]

    def _position(self, query: object) -> PositionRead:
        assert isinstance(query, GetPosition)
        found = [each for each in self.positions if each.position_id == query.position_id]
        return PositionRead(request_id=query.request_id, position=found[0] if found else None)

    def _answer_state(self) -> None:
        """What state would answer to everything told to it since the last look."""
        while self.state_answers and self._seen < len(self.ctx.told):
            address, message = self.ctx.told[self._seen]
            self._seen += 1
            if address.name == "state" and isinstance(message, Recording):
                answer = self._answer(message)
                with self.ctx.handling(answer):
                    self.actor.on_receive(answer)

    def _answer(self, message: Recording) -> object:
        if isinstance(message, OpenCycle):
            key = (message.job, message.slot)
            outcome = self.rows.get(key)
            this = cycle_id(message.job, message.slot)
            if outcome is not None:
                return CycleKnown(
                    request_id=message.request_id,
                    cycle_id=this,
                    job=message.job,
                    slot=message.slot,
                    outcome=outcome,
                    reasons=self.reasons.get(key, ()),
                )
            resumed = key in self.rows
            idle = message.idle if message.idle is not None and message.idle.seq == self.seq else None
            self.rows[key] = None if idle is None else idle.outcome
            if idle is not None:
                self.reasons[key] = idle.reasons
                self.closed_at_once.append(message)
            return CycleOpened(
                request_id=message.request_id,
                cycle_id=this,
                job=message.job,
                slot=message.slot,
                resumed=resumed,
                closed=idle is not None,
            )
        if _ends(message):
            close = closed_by(message)
            for job, slot in self.rows:
                if cycle_id(job, slot) == close.cycle_id:
                    self.rows[job, slot], self.reasons[job, slot] = close.outcome, close.reasons
        if isinstance(message, SetSystem):
            self.settings[message.key] = message.value
        if isinstance(message, LatchEntries):
            self.latches = (
                EntryLatch(
                    source=message.source, latched=True, reason=message.reason, who=message.who, at=message.at
                ),
            )
        if isinstance(message, RecordDecision) and message.proposal is not None:
            proposed = position(message.proposal.proposal_id, PositionState.PROPOSED, contracts=1)
            self.positions.append(proposed.model_copy(update={"contracts": 0, "contracts_opened": 0}))
        return Recorded(request_id=message.request_id)


def _ends(message: object) -> bool:
    """Whether it closes a row that is open."""
    return isinstance(message, CloseCycle) or (
        isinstance(message, RecordDecision) and message.end is not None
    )


def closed_by(message: object) -> CloseCycle:
    """The end of a cycle as its closing would tell it."""
    if isinstance(message, CloseCycle):
        return message
    if isinstance(message, RecordDecision):
        assert message.end is not None
        return CloseCycle(
            request_id=message.request_id,
            cycle_id=message.cycle_id,
            outcome=message.end.outcome,
            reasons=message.end.reasons,
            at=message.at,
        )
    assert isinstance(message, OpenCycle)
    assert message.idle is not None
    return CloseCycle(
        request_id=message.request_id,
        cycle_id=cycle_id_of(message.job, message.slot),
        outcome=message.idle.outcome,
        reasons=message.idle.reasons,
        at=message.at,
    )
