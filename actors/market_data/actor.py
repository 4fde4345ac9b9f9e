"""The market data actor: asks the routers for the parts of a snapshot, answers with it or with its faults."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import assert_never

from actors.market_data.assemble import entry_market, monitor_market
from actors.market_data.keeping import Keeping, ReadSeries
from actors.market_data.parts import chain_of, entry_chain, entry_parts, monitor_parts
from actors.market_data.reading import Missing, Reading, Sources
from actors.market_data.seen import Seen
from actors.market_data.storing import StoredSnapshots, TellStored, recorded_key
from actors.market_data.suspension import Suspension
from actors.room import Room, answerer
from actors.runtime import Address, Name, Terminated
from core.contract import Router
from core.market.own_snapshots import BACK_4H
from core.messages.base import Refused
from core.messages.market_data import (
    EntryMarket,
    FetchSnapshot,
    GetMarks,
    Snapshot,
    SnapshotFailed,
    SnapshotKind,
    TakeMarketSnapshot,
)
from core.messages.mcp import Fetched, FetchFailed
from core.messages.protocols import (
    AlertingProtocol,
    DecisionProtocol,
    KillSwitchProtocol,
    MarketDataProtocol,
    McpProtocol,
    RecorderProtocol,
    StateProtocol,
)
from core.messages.room_status import Marks
from core.messages.scheduler import JobDue
from core.messages.state import BooksRead, Recorded
from core.orders.books import Job
from core.rules.facts import MonitorMarket
from core.strategy import Strategy


class MarketData(Room[MarketDataProtocol | ReadSeries | Terminated]):
    """One snapshot of the market out of several routers, whole or not at all.

    Accepts: `FetchSnapshot`, `TakeMarketSnapshot`, `GetMarks`, `JobDue(market_snapshot)`; answers of routers
    and state.
    Sends: `Fetch` to the routers, the chain's last; `Snapshot` | `SnapshotFailed` to the asker; `GetBooks`
    and `RecordMarketSnapshot` to state, `MarketSnapshotStored` to decision; `MarksChanged`, `SuspendEntries`
    and `ClearSuspension` to the kill switch; `RaiseAlert` to alerting; `KeepReading` and `KeepSeries` to the
    recorder, if there is one.
    Owns: the last marks.
    On failure: snapshots under way are lost, which decision notices by its death watch; the marks come back
    with the next snapshot.
    """

    def __init__(
        self,
        *,
        routers: Mapping[Router, Address[McpProtocol]],
        state: Address[StateProtocol],
        kill_switch: Address[KillSwitchProtocol],
        decision: Address[DecisionProtocol],
        alerting: Address[AlertingProtocol],
        strategy: Strategy,
        recorder: Address[RecorderProtocol] | None = None,
    ) -> None:
        self._routers = dict(routers)
        self._recorder = recorder
        self._router_by_path = {address.path: router for router, address in routers.items()}
        self._state = state
        self._kill_switch = kill_switch
        self._decision = decision
        self._alerting = alerting
        self._strategy = strategy
        self._ended: set[Router] = set()
        self._failures = 0
        self._last_failure: str | None = None

    def on_start(self) -> None:
        super().on_start()
        self._seen = Seen()
        self._sources = Sources(
            self.ctx,
            self.conversations,
            routers=self._routers,
            state=self._state,
            kill_switch=self._kill_switch,
            seen=self._seen,
        )
        self._keeping = Keeping(
            self.ctx,
            self.conversations,
            self._sources,
            self._recorder,
            self._strategy,
            self.ctx.call_later,
        )
        self._stored = StoredSnapshots(
            self.ctx,
            self.conversations,
            self.outbox,
            sources=self._sources,
            state=self._state,
            decision=self._decision,
            seen=self._seen,
            suspension=Suspension(self.ctx, self._kill_switch, self._alerting),
            keeping=self._keeping,
            strategy=self._strategy,
        )
        for address in self._routers.values():
            self.ctx.watch(address)

    def handle(self, message: MarketDataProtocol | ReadSeries | Terminated) -> None:
        match message:
            case Fetched() | FetchFailed():
                self._ended.discard(message.router)
                self._sources.put_aside(message)
            case FetchSnapshot():
                self._handle_fetch_snapshot(message)
            case TakeMarketSnapshot():
                self._start_stored(message.request_id, message.slot, answerer(self.ctx, message))
            case JobDue():
                self._handle_job_due(message)
            case GetMarks():
                answerer(self.ctx, message)(self._marks())
            case BooksRead():
                self._sources.put_books_aside(message)
            case Recorded() | Refused():
                self.outbox.settle(message.request_id)
                self.conversations.deliver(recorded_key(message.request_id), message)
            case ReadSeries():
                self._keeping.read_series()
            case Terminated():
                self._handle_terminated(message)
            case _:
                assert_never(message)

    def _handle_fetch_snapshot(self, request: FetchSnapshot) -> None:
        name = f"{request.kind.value}-{self.ctx.uuid()}"
        read = self._read_entry if request.kind is SnapshotKind.ENTRY else self._read_monitor
        self.conversations.start(Name(name), self._snapshot(name, request, read, answerer(self.ctx, request)))

    def _handle_job_due(self, due: JobDue) -> None:
        if due.job is not Job.MARKET_SNAPSHOT:
            raise TypeError(f"{self.ctx.path}: expected the market snapshot to be due, found {due.job}")
        self._start_stored(f"snapshot-{due.slot:%Y%m%dT%H%M%SZ}", due.slot, _no_answer)

    def _handle_terminated(self, ended: Terminated) -> None:
        router = self._router_by_path.get(ended.path)
        if router is not None:
            self._ended.add(router)
            self._sources.router_ended(ended)

    def _start_stored(self, request_id: str, slot: datetime, answer: TellStored) -> None:
        name = f"stored-{request_id}"
        if Name(name) not in self.conversations:
            self.conversations.start(Name(name), self._store(name, request_id, slot, answer))

    async def _store(self, name: str, request_id: str, slot: datetime, answer: TellStored) -> None:
        missing = await self._stored.take(name, request_id, slot, answer)
        if missing is not None:
            self._count_failure(missing)

    async def _snapshot(
        self,
        name: str,
        request: FetchSnapshot,
        read: Callable[[Reading, FetchSnapshot], Awaitable[EntryMarket | MonitorMarket | Missing]],
        answer: Callable[[Snapshot | SnapshotFailed], None],
    ) -> None:
        """Read the snapshot for a cycle's decision, and answer with it or with everything that is missing."""
        market = await read(self._sources.read(name, request.deadline), request)
        if isinstance(market, Missing):
            self._count_failure(market)
            answer(
                SnapshotFailed(request_id=request.request_id, cycle_id=request.cycle_id, faults=market.faults)
            )
            return
        self._seen.dvol = (market.market if isinstance(market, EntryMarket) else market).dvol
        answer(Snapshot(request_id=request.request_id, cycle_id=request.cycle_id, market=market))
        self._keeping.decided_on(request, market)

    async def _read_entry(self, reading: Reading, request: FetchSnapshot) -> EntryMarket | Missing:
        await reading.gather(entry_parts(self.ctx.now(), self._strategy))
        await reading.gather(lambda: (entry_chain(self.ctx.now(), self._strategy, request.expirations),))
        return reading.finish(lambda answers: entry_market(answers, self.ctx.now(), self._strategy))

    async def _read_monitor(self, reading: Reading, request: FetchSnapshot) -> MonitorMarket | Missing:
        now = self.ctx.now()
        ago_usd = self._seen.spot_at(now - BACK_4H)
        await reading.gather(monitor_parts(now, spot_4h_ago_known=ago_usd is not None))
        await reading.gather((chain_of(min(request.expirations), max(request.expirations)),))
        return reading.finish(
            lambda answers: monitor_market(answers, self.ctx.now(), self._strategy, ago_usd)
        )

    def _count_failure(self, missing: Missing) -> None:
        self._failures += 1
        self._last_failure = str(missing)

    def _marks(self) -> Marks:
        seen = self._seen
        return Marks(
            as_of=seen.as_of,
            spot_usd=seen.spot_usd,
            dvol=seen.dvol,
            funding_frac=seen.funding_frac,
            legs=tuple(seen.marks[name] for name in sorted(seen.marks)),
            last_snapshot_at=seen.last_snapshot_at,
            stale_reason=seen.stale_reason,
            fetches_under_way=self._sources.fetches_under_way,
            failures=self._failures,
            last_failure=self._last_failure,
            failed_routers=tuple(sorted(self._ended)),
            spot_4h_ago_usd=seen.spot_at(self.ctx.now() - BACK_4H),
            account=seen.account,
        )


def _no_answer(_: object) -> None:
    """Discards the answer to a due slot: the scheduler tells `JobDue` and awaits nothing."""
