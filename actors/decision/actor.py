"""The decision actor: every due slot becomes a cycle with a row and an outcome, one cycle at a time."""

from __future__ import annotations

from typing import assert_never

from actors.decision.askers import Asker
from actors.decision.cycle import Due, snapshot_key
from actors.decision.desk import DecisionRooms, Desk, alerted_key, booked_key
from actors.decision.digest_cycle import week_key
from actors.decision.entry_cycle import final_key, place_request
from actors.decision.kelly_cycle import trades_key
from actors.decision.monitor_cycle import closed_key, exit_key
from actors.decision.queue import CycleQueue
from actors.decision.results import Results
from actors.decision.settlement_cycle import settled_key
from actors.decision.takeup import TakeUp
from actors.room import Room, answerer
from actors.runtime import Address, Terminated
from core.alerts import AlertCode, Severity
from core.messages.alerting import AlertRaised
from core.messages.base import Refused
from core.messages.decision import GetDecision, RecalibrateKelly, RunEntryCycle, RunMonitorCycle
from core.messages.execution import (
    ExitStarted,
    GetExecution,
    OrderFinal,
    PositionClosed,
    Settled,
    SettleFailed,
)
from core.messages.market_data import MarketSnapshotStored, Snapshot, SnapshotFailed
from core.messages.protocols import (
    AlertingProtocol,
    DecisionProtocol,
    ExecutionProtocol,
    KillSwitchProtocol,
    MarketDataProtocol,
    StateProtocol,
)
from core.messages.room_status import DecisionStatus, ExecutionStatus, RecoveryReport
from core.messages.scheduler import JobDue
from core.messages.state import (
    ClosedTrades,
    CycleKnown,
    CycleOpened,
    GetLastCycle,
    LastCycle,
    OpenCycles,
    Recorded,
    WeekRead,
)
from core.orders.books import Job
from core.rules.conduct import AS_IT_TRADES, Conduct
from core.strategy import Strategy
from core.values import Mode


class Decision(Room[DecisionProtocol | Terminated]):
    """Owner of the cycles.

    Accepts: `JobDue`, `RunEntryCycle`, `RunMonitorCycle`, `RecalibrateKelly`, `MarketSnapshotStored`,
    `GetDecision`; answers of state, market data and execution; `RecoveryReport`, `PositionClosed`.
    Sends: `OpenCycle`, `RecordDecision`, `CloseCycle`, `CloseProposal`, `RecordEvent`, `GetOpenCycles`,
    `GetLastCycle`, `GetClosedTrades`, `GetWeek`, `SetSystem`, `LatchEntries`, and asked `GetBooks`,
    `GetPosition`, `GetTradeResults`, `GetSystem` to state; `GetKillSwitch` (asked) to the kill switch;
    `FetchSnapshot`, `GetMarks` (asked) to market data;
    `PlaceCombo`, `ClosePosition`, `SettleExpired`, `GetExecution` to execution; `RaiseAlert` to alerting;
    `CycleWaits`, `CycleEnded` | `Refused`, `DecisionStatus` to whoever asked.
    Owns: the cycle under way, those that wait, and each proposal until its instruction is on record.
    On failure: a new incarnation finds the open row in the books and closes it with a named reason; at the
    engine's start a row that can still be acted on is taken up again. A proposal that was left is cancelled.
    """

    def __init__(
        self,
        *,
        state: Address[StateProtocol],
        kill_switch: Address[KillSwitchProtocol],
        market_data: Address[MarketDataProtocol],
        execution: Address[ExecutionProtocol],
        alerting: Address[AlertingProtocol],
        strategy: Strategy,
        mode: Mode,
        code_version: str,
        conduct: Conduct = AS_IT_TRADES,
    ) -> None:
        self._rooms = DecisionRooms(
            state=state,
            kill_switch=kill_switch,
            market_data=market_data,
            execution=execution,
            alerting=alerting,
        )
        self._strategy = strategy
        self._mode = mode
        self._code_version = code_version
        self._conduct = conduct

    def on_start(self) -> None:
        super().on_start()
        rooms = self._rooms
        self._desk = Desk(
            self.ctx,
            self.conversations,
            self.outbox,
            rooms,
            strategy=self._strategy,
            mode=self._mode,
            code_version=self._code_version,
            conduct=self._conduct,
        )
        self._results = Results(self._desk)
        self._queue = CycleQueue(self._desk, self._results)
        self._take_up = TakeUp(self._desk, self._queue)
        self._queue.start()
        self.ctx.watch(rooms.market_data)
        self.ctx.watch(rooms.execution)
        # After a restart of this actor alone no RecoveryReport comes, so ask execution if it has recovered.
        self.ctx.tell(rooms.execution, GetExecution())
        self.ctx.tell(rooms.state, GetLastCycle(request_id=self.ctx.uuid(), job=Job.MONITOR))

    def handle(self, message: DecisionProtocol | Terminated) -> None:
        queue, deliver = self._queue, self.conversations.deliver
        # The most frequent first: each kind that does not match is tried in turn.
        match message:
            case Recorded() | CycleOpened() | CycleKnown():
                self.outbox.settle(message.request_id)
                deliver(booked_key(message.request_id), message)
            case Snapshot() | SnapshotFailed():
                deliver(snapshot_key(message.cycle_id), message)
            case JobDue():
                queue.add(Due(message.job, message.slot, self.ctx.now(), misfired=message.misfired))
            case RunEntryCycle():
                self._handle_run(Job.ENTRY, message)
            case RunMonitorCycle():
                self._handle_run(Job.MONITOR, message)
            case RecalibrateKelly():
                self._handle_run(Job.KELLY, message)
            case MarketSnapshotStored():
                self._handle_market_snapshot(message)
            case Refused():
                self.outbox.settle(message.request_id)
                deliver(booked_key(message.request_id), message)
                deliver(trades_key(message.request_id), message)
                deliver(week_key(message.request_id), message)
            case PositionClosed():
                deliver(closed_key(message.position_id), message)
            case OrderFinal():
                self._handle_order_final(message)
            case ExitStarted():
                deliver(exit_key(message.position_id), message)
            case Settled() | SettleFailed():
                deliver(settled_key(message.cycle_id), message)
            case ClosedTrades():
                deliver(trades_key(message.request_id), message)
            case WeekRead():
                deliver(week_key(message.request_id), message)
            case AlertRaised():
                self.outbox.settle(message.request_id)
                deliver(alerted_key(message.request_id), message)
            case Terminated():
                self._take_up.terminated(message)
            case RecoveryReport():
                self._take_up.recovery(ok=message.ok)
            case ExecutionStatus():
                if not message.recovering:
                    self._take_up.recovery(ok=True)
            case OpenCycles():
                self.outbox.settle(message.request_id)
                self._take_up.open_cycles(message)
            case LastCycle():
                self._take_up.last_cycle(message)
            case GetDecision():
                answerer(self.ctx, message)(self._status())
            case _:
                assert_never(message)

    def _handle_run(self, job: Job, command: RunEntryCycle | RunMonitorCycle | RecalibrateKelly) -> None:
        """Run a cycle for a person. Its outcome is the answer, also if the command comes again."""
        due = Due(job, command.slot, self.ctx.now(), by_person=True)
        self._queue.add(due, Asker(command.request_id, answerer(self.ctx, command)))

    def _handle_market_snapshot(self, stored: MarketSnapshotStored) -> None:
        desk = self._desk
        margin_is_due = self._results.at_snapshot(stored)
        if desk.mode.strategy and (desk.strategy.exits.monitor_on_snapshot or margin_is_due):
            self._queue.add(Due(Job.MONITOR, stored.slot, self.ctx.now(), from_snapshot=True))

    def _handle_order_final(self, final: OrderFinal) -> None:
        """Pass the end of an entry order to its cycle; raise an alert if it has filled later."""
        under_way = self._queue.active
        mine = under_way is not None and under_way.cycle_id == final.cycle_id
        if final.cycle_id is None:
            return
        is_entry = final.request_id == place_request(final.cycle_id)
        if not mine and is_entry and final.contracts_filled > 0:
            text = (
                f"{final.proposal_id}: {final.contracts_filled} filled after its cycle {final.cycle_id} ended"
            )
            self._desk.alert(Severity.HIGH, AlertCode.LATE_FILL, text, final.cycle_id)
        if is_entry:
            self.conversations.deliver(final_key(final.cycle_id), final)

    def _status(self) -> DecisionStatus:
        queue = self._queue
        return DecisionStatus(
            recovered=queue.recovered,
            under_way=queue.view_active(),
            waiting=queue.view_waiting(),
            recent=tuple(ended.told for ended in queue.recent),
            monitor_failures_in_a_row=queue.monitor_failures,
            results=self._results.seen,
        )
