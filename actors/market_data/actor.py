"""The market data actor: asks the routers for the parts of a picture, answers with it or with its faults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, assert_never

from actors.market_data.assemble import IncompleteError, entry_market, monitor_market
from actors.market_data.gathering import Gathering, Purpose
from actors.market_data.parts import (
    BACK_4H,
    Part,
    chain_of,
    entry_chain,
    entry_parts,
    monitor_parts,
    stored_chain,
    stored_parts,
)
from actors.market_data.seen import Seen
from actors.market_data.stored import leg_marks, open_legs
from actors.market_data.storing import StoredPictures
from actors.market_data.suspension import Suspension
from actors.runtime import Actor, Address, Retell, Terminated, answerer
from core.contract import IndexPrice
from core.market.option_chain import OptionChain
from core.messages.base import Refused
from core.messages.kill_switch import MarksChanged
from core.messages.market_data import (
    EntryMarket,
    FetchSnapshot,
    GetMarks,
    MarketDataProtocol,
    Marks,
    MonitorMarket,
    Snapshot,
    SnapshotFailed,
    SnapshotFault,
    SnapshotKind,
    TakeMarketSnapshot,
)
from core.messages.mcp import Fetch, Fetched, FetchFailed, Router
from core.messages.protocols import (
    AlertingProtocol,
    DecisionProtocol,
    KillSwitchProtocol,
    McpProtocol,
    StateProtocol,
)
from core.messages.scheduler import JobDue
from core.messages.state import BooksRead, GetBooks, Recorded
from core.orders.books import Job
from core.strategy import Strategy

STORED_DEADLINE_S: Final = 60.0


@dataclass(frozen=True)
class DeadlinePassed:
    """Timer message to self: a picture was not whole in time."""

    key: str


_Message = (
    MarketDataProtocol
    | JobDue
    | Fetched
    | FetchFailed
    | BooksRead
    | Recorded
    | Refused
    | Terminated
    | DeadlinePassed
    | Retell
)
_ACCEPTED = (
    FetchSnapshot,
    TakeMarketSnapshot,
    GetMarks,
    JobDue,
    Fetched,
    FetchFailed,
    BooksRead,
    Recorded,
    Refused,
    Terminated,
    DeadlinePassed,
    Retell,
)


class MarketData(Actor):
    """One picture of the market out of several routers, whole or not at all.

    Accepts: `FetchSnapshot`, `TakeMarketSnapshot`, `GetMarks`, `JobDue(market_snapshot)`; answers of routers
    and state.
    Sends: `Fetch` to the routers, the chain last; `Snapshot` | `SnapshotFailed` to who asked;
    `RecordMarketSnapshot` to state, `MarketSnapshotStored` to decision; `MarksChanged`, `SuspendEntries` and
    `ClearSuspension` to the kill switch.
    Owns: the last marks.
    On failure: pictures under way are lost, which decision sees by its death watch; marks are seen again.
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
    ) -> None:
        self._routers = dict(routers)
        self._router_by_path = {address.path: router for router, address in routers.items()}
        self._state = state
        self._kill_switch = kill_switch
        self._strategy = strategy
        self._age_max_s = strategy.limits.market_data_age_max_s
        self._gatherings: dict[str, Gathering] = {}
        self._seen = Seen()
        self._stored = StoredPictures(
            lambda: self.ctx,
            state=state,
            decision=decision,
            seen=self._seen,
            suspension=Suspension(lambda: self.ctx, kill_switch, alerting),
            age_max_s=self._age_max_s,
        )
        self._ended: set[Router] = set()
        self._failures = 0
        self._last_failure: str | None = None

    def on_start(self) -> None:
        for address in self._routers.values():
            self.ctx.watch(address)

    def on_receive(self, message: object) -> None:
        if not isinstance(message, _ACCEPTED):
            raise TypeError(
                f"{self.ctx.path}: expected a message for market data, found {type(message).__name__}"
            )
        self._dispatch(message)

    def _dispatch(self, message: _Message) -> None:
        match message:
            case FetchSnapshot():
                self._handle_fetch_snapshot(message)
            case TakeMarketSnapshot():
                slot = self.ctx.now().replace(microsecond=0)
                self._handle_snapshot_due(message.request_id, slot, answerer(self.ctx))
            case JobDue():
                self._handle_job_due(message)
            case GetMarks():
                answerer(self.ctx)(self._marks())
            case Fetched():
                self._handle_fetched(message)
            case FetchFailed():
                self._handle_fetch_failed(message)
            case BooksRead():
                self._handle_books_read(message)
            case Recorded():
                self._stored.recorded(message)
            case Refused():
                self._stored.refused(message)
            case Terminated():
                self._handle_terminated(message)
            case DeadlinePassed():
                self._handle_deadline_passed(message)
            case Retell():
                self._stored.retell()
            case _:
                assert_never(message)

    def _handle_fetch_snapshot(self, request: FetchSnapshot) -> None:
        now = self.ctx.now()
        entry = request.kind is SnapshotKind.ENTRY
        gathering = self._new(
            Purpose.ENTRY if entry else Purpose.MONITOR,
            request.request_id,
            answerer(self.ctx),
            slot=now,
            deadline=request.deadline,
        )
        gathering.cycle_id = request.cycle_id
        gathering.expirations = request.expirations
        if entry:
            self._ask(gathering, entry_parts(now, self._strategy))
        else:
            gathering.spot_4h_ago_usd = self._seen.spot_at(now - BACK_4H)
            known = gathering.spot_4h_ago_usd is not None
            self._ask(gathering, monitor_parts(now, spot_4h_ago_known=known))

    def _handle_job_due(self, due: JobDue) -> None:
        if due.job is not Job.MARKET_SNAPSHOT:
            raise TypeError(f"{self.ctx.path}: expected the market snapshot to be due, found {due.job}")
        self._handle_snapshot_due(f"snapshot-{due.slot:%Y%m%dT%H%M%SZ}", due.slot, _nobody_waits)

    def _handle_snapshot_due(self, request_id: str, slot: datetime, answer: Callable[[object], None]) -> None:
        deadline = self.ctx.now() + timedelta(seconds=STORED_DEADLINE_S)
        gathering = self._new(Purpose.STORED, request_id, answer, slot=slot, deadline=deadline)
        gathering.needs_books = True
        self.ctx.tell(self._state, GetBooks(request_id=gathering.key))
        self._ask(gathering, stored_parts())

    def _handle_fetched(self, fetched: Fetched) -> None:
        self._ended.discard(fetched.router)
        gathering = self._gathering_of(fetched.request_id)
        if gathering is None:
            return  # An answer after its deadline.
        gathering.take(fetched.request_id, fetched.answer)
        if isinstance(fetched.answer, IndexPrice):
            self._see_spot(fetched.answer)
        if isinstance(fetched.answer, OptionChain):
            self._seen.marks.update(leg_marks(fetched.answer, self._seen.legs))
        self._go_on(gathering)

    def _handle_fetch_failed(self, failed: FetchFailed) -> None:
        self._ended.discard(failed.router)
        gathering = self._gathering_of(failed.request_id)
        if gathering is not None:
            gathering.fail(failed.request_id, failed.fault.value, failed.error)
            self._go_on(gathering)

    def _handle_books_read(self, read: BooksRead) -> None:
        gathering = self._gatherings.get(read.request_id)
        if gathering is not None:
            gathering.books = read.books
            self._seen.take_legs(open_legs(read.books))
            self._go_on(gathering)

    def _handle_terminated(self, ended: Terminated) -> None:
        router = self._router_by_path.get(ended.path)
        if router is None:
            return
        self._ended.add(router)
        for gathering in list(self._gatherings.values()):
            if gathering.fail_router(router, f"{ended.path}: {ended.reason}"):
                self._go_on(gathering)

    def _handle_deadline_passed(self, passed: DeadlinePassed) -> None:
        gathering = self._gatherings.get(passed.key)
        if gathering is not None:
            gathering.fail_waiting(f"no answer by {gathering.deadline.isoformat()}")
            self._finish(gathering)

    def _go_on(self, gathering: Gathering) -> None:
        """When all else is there, fetch the chain; when that is there too, or something failed, finish."""
        if not gathering.ready:
            return
        if gathering.faults or gathering.has_chain:
            self._finish(gathering)
        else:
            self._ask(gathering, (self._chain_part(gathering),))

    def _chain_part(self, gathering: Gathering) -> Part:
        now = self.ctx.now()
        match gathering.purpose:
            case Purpose.ENTRY:
                return entry_chain(now, self._strategy)
            case Purpose.MONITOR:
                return chain_of(min(gathering.expirations), max(gathering.expirations))
            case Purpose.STORED:
                return stored_chain(now, (leg.expiration for leg in self._seen.legs))
            case _:
                assert_never(gathering.purpose)

    def _finish(self, gathering: Gathering) -> None:
        del self._gatherings[gathering.key]
        if gathering.timer is not None:
            gathering.timer.cancel()
        if gathering.purpose is Purpose.STORED:
            if not self._stored.keep(gathering):
                self._count_failure(gathering.faults)
            return
        if gathering.cycle_id is None:
            raise RuntimeError(f"{gathering.key}: a snapshot without a cycle")
        market = self._assembled(gathering)
        if market is None:
            self._count_failure(gathering.faults)
            gathering.answer(
                SnapshotFailed(
                    request_id=gathering.request_id,
                    cycle_id=gathering.cycle_id,
                    faults=tuple(gathering.faults),
                )
            )
            return
        self._seen.dvol = market.dvol
        gathering.answer(
            Snapshot(request_id=gathering.request_id, cycle_id=gathering.cycle_id, market=market)
        )

    def _assembled(self, gathering: Gathering) -> EntryMarket | MonitorMarket | None:
        if gathering.faults:
            return None
        now = self.ctx.now()
        try:
            if gathering.purpose is Purpose.ENTRY:
                return entry_market(gathering.answers, now, self._age_max_s)
            return monitor_market(gathering.answers, now, self._age_max_s, gathering.spot_4h_ago_usd)
        except IncompleteError as error:
            gathering.faults.append(error.fault)
            return None

    def _see_spot(self, index: IndexPrice) -> None:
        spot = float(index.price)
        if self._seen.take_spot(spot, index.timestamp):
            self.ctx.tell(self._kill_switch, MarksChanged(as_of=index.timestamp, spot_usd=spot))

    def _new(
        self,
        purpose: Purpose,
        request_id: str,
        answer: Callable[[object], None],
        *,
        slot: datetime,
        deadline: datetime,
    ) -> Gathering:
        key = f"{purpose.value}-{self.ctx.uuid()}"
        gathering = Gathering(
            key=key,
            purpose=purpose,
            request_id=request_id,
            cycle_id=None,
            slot=slot,
            deadline=deadline,
            answer=answer,
        )
        gathering.timer = self.ctx.call_at(deadline, DeadlinePassed(key))
        self._gatherings[key] = gathering
        return gathering

    def _ask(self, gathering: Gathering, parts: tuple[Part, ...]) -> None:
        for part in parts:
            fetch = Fetch(
                request_id=gathering.expect(part),
                tool=part.tool,
                request=part.request,
                deadline=gathering.deadline,
            )
            self.ctx.tell(self._routers[part.router], fetch)

    def _gathering_of(self, fetch_id: str) -> Gathering | None:
        return self._gatherings.get(fetch_id.rpartition(":")[0])

    def _count_failure(self, faults: list[SnapshotFault]) -> None:
        self._failures += 1
        self._last_failure = "; ".join(f"{fault.reason} ({fault.detail})" for fault in faults)

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
            fetches_under_way=sum(len(gathering.waiting) for gathering in self._gatherings.values()),
            failures=self._failures,
            last_failure=self._last_failure,
            failed_routers=tuple(sorted(self._ended)),
        )


def _nobody_waits(_: object) -> None:
    """A slot that was due is not answered: the scheduler only tells."""
