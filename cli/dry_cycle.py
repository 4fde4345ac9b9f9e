"""The read-only part of the engine, for one dry run: routers, market data, and the same rules on top."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from ssl import SSLContext
from types import TracebackType

from pydantic import JsonValue

from actors.decision.facts import entry_facts, is_held, marks_of, monitor_inputs, realised, trading_facts
from actors.http import HttpTransport
from actors.market_data import MarketData
from actors.mcp import McpCredentials, McpRouter, wire_ports
from actors.names import MARKET_DATA, Rooms
from actors.runtime import (
    Actor,
    ActorSystem,
    AnyAddress,
    ChildSpec,
    SupervisorSpec,
    ThreadRuntime,
    ask,
)
from cli.upstream import probe
from cli.views.say import say
from config import McpSettings
from core.contract import Router
from core.contract.words import AS_THE_CONTRACT, ContractWords
from core.errors import FoundWrongError
from core.messages.market_data import EntryMarket, FetchSnapshot, SnapshotFailed, SnapshotKind
from core.messages.room_status import KillSwitchStatus
from core.orders.armed import Leaves, what_leaves
from core.orders.books import Books, Position, TradeResult
from core.rules import record as decision_record
from core.rules.entry.decision import EntryDecision, decide_entry
from core.rules.entry.sizing import thin_capital_warning
from core.rules.exit.decision import ExitDecision, Skipped, decide_exit
from core.rules.facts import EntryFacts, MonitorMarket
from core.statistics.highs import PnlHigh
from core.strategy import Strategy
from core.values import CycleId, Mode
from reading.books import live_books, stored_results
from reading.decisions import decision_text
from reading.engine_folder import require_engine_folder, require_no_file
from reading.switch.stored import stored_status

FETCH_S = 25.0
"""Long enough for two retries of a read; a person is waiting."""
CYCLE = CycleId("dry-run")
AS_IF_ON = (
    "trading is switched off (CERBERO_BITE_ENABLE_STRATEGY): an engine that starts so decides nothing; "
    "entry and exit are decided as if it were on"
)
"""A dry run shows how the rules would decide, whether or not the environment has switched them on."""


class Bystander(Actor):
    """Stands in for a room that a dry run lacks: ignores every message.

    Accepts: anything. Sends: nothing. Owns: nothing. On failure: can't fail.
    """

    def on_receive(self, message: object) -> None:  # noqa: ARG002
        return None


@dataclass(frozen=True)
class KnownEngine:
    """The engine's kill switch and books as found in the data folder; empty books if there are none.

    `results` are those of all closed trades, oldest first.
    """

    switch: KillSwitchStatus
    books: Books
    results: tuple[TradeResult, ...] = ()
    highs: tuple[PnlHigh, ...] = ()


@dataclass(frozen=True)
class Shown:
    """A decision for people (`text`) and for machines (`decision`)."""

    text: str
    decision: EntryDecision | ExitDecision | Skipped
    warnings: tuple[str, ...] = ()

    def as_json(self) -> JsonValue:
        return {"decision": decision_record.decision_json(self.decision), "warnings": list(self.warnings)}


def known_engine(data_dir: Path, strategy: Strategy) -> KnownEngine:
    """The switch and the books in a data folder; a missing or an empty one counts as that of an engine that
    never ran, which is said.

    Raises DataFolderError if the path is not a folder, or is one of something else.
    """
    require_no_file(data_dir)
    if data_dir.is_dir() and any(data_dir.iterdir()):
        require_engine_folder(data_dir)
    else:
        what = "the folder is empty" if data_dir.is_dir() else "there is no such folder"
        say(
            f"warning: --data-dir {data_dir}: {what}: decided as for an engine that has not run yet, without "
            "positions and not armed",
            err=True,
        )
    stored = stored_status(data_dir) if data_dir.is_dir() else None
    causes = stored.causes if stored else ()
    switch = KillSwitchStatus(
        armed=stored is not None and stored.armed,
        causes=causes,
        reason=stored.reason if stored else None,
        who=stored.who if stored else None,
        since=stored.at if stored else None,
        exits_blocked=what_leaves(causes, strategy.exits_when_armed) is Leaves.NO_ORDER,
        suspensions={},
        permits_outstanding=0,
        permits_granted=0,
        vetoes=0,
    )
    return KnownEngine(switch, live_books(data_dir, datetime.now(UTC)), *stored_results(data_dir))


class DryDesk:
    """Routers and market data, running only while the block runs."""

    def __init__(
        self,
        mcp: McpSettings,
        strategy: Strategy,
        tls: SSLContext | None = None,
        words: ContractWords = AS_THE_CONTRACT,
        *,
        mode: Mode,
    ) -> None:
        self._mcp = mcp
        self._mode = mode
        self._tls = tls
        self._words = words
        self._strategy = strategy
        self._credentials = McpCredentials(mcp.token.get_secret_value(), mcp.bot_tag)
        self._system = ActorSystem(ThreadRuntime(), self._tree())

    def __enter__(self) -> DryDesk:
        self._require_venue()
        self._system.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._system.stop()

    def entry(self, engine: KnownEngine) -> Shown:
        """The entry decision now. Raises FoundWrongError if the market can't be read."""
        held = [position for position in engine.books.positions if is_held(position)]
        market = self._fetch(SnapshotKind.ENTRY, _expirations(held))
        if not isinstance(market, EntryMarket):
            raise FoundWrongError("market: expected the snapshot for an entry, found another")
        now = datetime.now(UTC)
        trading = trading_facts(
            now,
            engine.books,
            realised(engine.results),
            engine.highs,
            marks_eth=marks_of(market.market.chain, held),
            spot_usd=market.market.spot_usd,
            strategy=self._strategy,
        )
        facts = entry_facts(now, engine.switch, engine.books, self._mode, market, trading)
        decision = decide_as_if_on(facts, self._strategy)
        switched_off = () if self._mode.strategy else (AS_IF_ON,)
        warnings = (*switched_off, *equity_warnings(facts, self._strategy))
        return Shown(decision.table(), decision, warnings)

    def exits(self, engine: KnownEngine) -> tuple[Shown, ...]:
        """The exit decision on each open position now."""
        held = [position for position in engine.books.positions if is_held(position)]
        if not held:
            return ()
        market = self._fetch(SnapshotKind.MONITOR, _expirations(held))
        if not isinstance(market, MonitorMarket):
            raise FoundWrongError("market: expected the snapshot for a monitor, found another")
        facts = monitor_inputs(datetime.now(UTC), held, market)
        decisions = [decide_exit(each, self._strategy) for each in facts]
        return tuple(Shown(decision_text(decision), decision) for decision in decisions)

    def _fetch(self, kind: SnapshotKind, expirations: tuple[datetime, ...]) -> EntryMarket | MonitorMarket:
        deadline = datetime.now(UTC) + timedelta(seconds=FETCH_S)
        fetch = FetchSnapshot(
            request_id=f"dry-run-{kind.value}",
            cycle_id=CYCLE,
            kind=kind,
            expirations=expirations,
            deadline=deadline,
        )
        answer = ask(fetch.to(Rooms(self._system.addresses)[MARKET_DATA]), timeout_s=FETCH_S + 15.0)
        if isinstance(answer, SnapshotFailed):
            faults = "; ".join(f"{fault.reason} ({fault.detail})" for fault in answer.faults)
            raise FoundWrongError(f"market: {faults}")
        return answer.market

    def _require_venue(self) -> None:
        transport = HttpTransport(self._mcp.url, monotonic=time.monotonic, tls=self._tls)
        try:
            found = probe(transport, self._credentials, Router.DERIBIT, time.monotonic, self._words)
        finally:
            transport.close()
        if not found.ok:
            raise FoundWrongError(f"{self._mcp.url}: {found.error}")

    def _tree(self) -> SupervisorSpec:
        bystanders = ("alerting", "kill_switch", "state", "decision")
        return SupervisorSpec(
            "dry-run",
            (
                *(ChildSpec(name, lambda _: Bystander()) for name in bystanders),
                *(self._router(router) for router in Router),
                ChildSpec("market_data", self._market_data),
            ),
        )

    def _router(self, router: Router) -> ChildSpec:
        return ChildSpec(
            f"mcp.{router.value}",
            lambda cells: McpRouter(
                router=router,
                open_port=wire_ports(
                    lambda ctx: HttpTransport(self._mcp.url, monotonic=ctx.monotonic, tls=self._tls),
                    self._credentials,
                    self._strategy,
                    self._words,
                ),
                alerting=cells["alerting"],
            ),
        )

    def _market_data(self, cells: Mapping[str, AnyAddress]) -> MarketData:
        return MarketData(
            routers={router: cells[f"mcp.{router.value}"] for router in Router},
            state=cells["state"],
            kill_switch=cells["kill_switch"],
            decision=cells["decision"],
            alerting=cells["alerting"],
            strategy=self._strategy,
        )


def _expirations(positions: Sequence[Position]) -> tuple[datetime, ...]:
    return tuple(sorted({position.plan.expiration for position in positions}))


def decide_as_if_on(facts: EntryFacts, strategy: Strategy) -> EntryDecision:
    """The entry decision, which does not end at a switched-off mode: rule 1 says it, and the others go on."""
    decision = decide_entry(facts, strategy)
    if decision.reasons != ("strategy_disabled",):
        return decision
    engine = facts.engine.model_copy(update={"strategy_enabled": True})
    as_if = decide_entry(facts.model_copy(update={"engine": engine}), strategy)
    return as_if.model_copy(update={"rules": (decision.rules[0], *as_if.rules[1:])})


def equity_warnings(facts: EntryFacts, strategy: Strategy) -> tuple[str, ...]:
    """A warning if equity is too little for one contract (1 ETH) at this spot and DVOL, else ()."""
    market, equity_usd = facts.market, facts.account.equity_usd
    check = thin_capital_warning(equity_usd, market.spot_usd, market.dvol, strategy.sizing)
    if check.passed:
        return ()
    return (
        f"{check.code}: equity {equity_usd:,.0f} USD is below {check.threshold:,.0f} USD: "
        "one contract will often be too much",
    )
