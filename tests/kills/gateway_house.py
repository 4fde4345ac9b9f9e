"""Engine and live gateway as processes in front of a simulated Deribit: lived in, killed, and compared."""

from __future__ import annotations

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from threading import Event, Thread
from time import monotonic

import httpx

from actors.control.wire import RequestName
from actors.failpoints import Failpoint
from core.kill_file import KILL_FILE_NAME
from core.orders.books import Position
from core.orders.lifecycle import ORDER_FINAL, OrderState, PositionState
from core.values import Side
from gateway.live.orders.placing import PlacingStep
from gateway.live.orders.registry import LabelState
from gateway.sim.faults import Fault
from reading.audit import verified
from reading.books import has_books, stored_cycles, stored_orders, stored_positions
from reading.control_client import exchange, request_of
from tests.cli.support import ROOT
from tests.gateway.imagined_calendar import calendar_around
from tests.gateway.served import RUN
from tests.kills.deribit_served import KEY, ServedDeribit

TOKEN = "a-token-of-the-tests-of-the-gateway"
LOOK_S = 0.25
STARTED_WITHIN_S, SETTLED_WITHIN_S, ENDS_S = 60.0, 150.0, 60.0
EASY = (
    "dvol_min_pts: 10, dvol_max_pts: 300, dvol_day_change_max_frac: 2, vrp_min_pts: -100, macro_before_h: 0, "
    "macro_blackout_h: 0, funding_abs_max_frac: 10, eth_share_max: 1, credit_floor_of_delta: 0, "
    "cost_max_of_credit: 2, price_aggression: 1, open_interest_min: 0, volume_24h_min: 0, "
    "spread_short_max: 2, spread_long_max: 2, drawdown_max_frac: null, loss_max_multiple: null, "
    "losing_trades_max: null, "
    "reprice_s: 5, reprice_steps: 1, fill_timeout_s: 10, exit_steps: 1, exit_reprice_s: 5, "
    "orders_per_hour: 1000, health_every_min: 1, environment: testnet"
)
"""A strategy that enters whatever the market of the day is, and crosses the spread at once."""
HOLDINGS = 'holdings:\n  - {asset: EUR, amount: "150000", price: fx}\n'
HEADERS = {"Authorization": f"Bearer {TOKEN}", "X-Bot-Tag": "kills"}
RUNS = "running in mode strategy"
"""What an engine says once it does."""
LASTING = (PositionState.OPEN, PositionState.CLOSED, PositionState.CANCELLED)
REGISTERED = "SELECT label, state FROM orders"


def easy_strategy(path: Path) -> None:
    """The strategy, changed so that it enters, and sealed."""
    text = (ROOT / "strategy.yaml").read_text("utf-8")
    for setting in EASY.split(", "):
        name, value = setting.split(": ")
        text, found = re.subn(rf"(?m)^(\s+{name}: )\S+", rf"\g<1>{value}", text)
        assert found == 1, name
    text, found = re.subn(r"(?m)^(\s+exits: )null", r"\1allow_reduce_only", text)
    assert found == 1
    path.write_text(text, "utf-8")
    subprocess.run([*RUN, "config", "hash", "--write", "--strategy", path], check=True, capture_output=True)


def free_port() -> int:
    """One that nobody has now."""
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass
class GatewayHouse:
    """One folder, in which both live again and again. `venue` outlives them."""

    folder: Path
    venue: ServedDeribit
    chance: Random
    gateway: subprocess.Popen[bytes] | None = None
    engine: subprocess.Popen[bytes] | None = None
    wrong: list[str] = field(default_factory=list)
    nothing_of: Counter[str] = field(default_factory=Counter)
    """Labels that the gateway had taken, and of which it then said that the venue does not know them."""
    asked: int = 0

    def __post_init__(self) -> None:
        self.port = free_port()
        self._door = f"http://127.0.0.1:{self.port}/mcp-deribit"
        self._ran = 0
        self.strategy = self.folder / "strategy.yaml"
        easy_strategy(self.strategy)
        (self.folder / "holdings.yaml").write_text(HOLDINGS, "utf-8")
        self._calendar = calendar_around(datetime.now(UTC).date(), self.folder)
        (self.folder / "data").mkdir(mode=0o700)
        self._over = Event()
        self._watcher = Thread(target=self._watch, name="watcher")
        self._watcher.start()

    @property
    def data_dir(self) -> Path:
        """The engine's."""
        return self.folder / "data"

    # What is done to them

    def start_gateway(self, place: PlacingStep | None = None) -> None:
        """Start it, to be killed when it comes to that place."""
        environment = os.environ | {
            "CERBERO_GATEWAY_TOKEN": TOKEN,
            "CERBERO_GATEWAY_PORT": str(self.port),
            "CERBERO_GATEWAY_STATE_DIR": str(self.folder / "gateway"),
            "CERBERO_GATEWAY_HOLDINGS": str(self.folder / "holdings.yaml"),
            "CERBERO_GATEWAY_CALENDAR": str(self._calendar),
            "CERBERO_GATEWAY_LIQUIDATIONS": "assume:low",
            "CERBERO_GATEWAY_DERIBIT_ID": KEY.client_id,
            "CERBERO_GATEWAY_DERIBIT_SECRET": KEY.secret,
            "CERBERO_GATEWAY_DERIBIT_URL": self.venue.url,
            "CERBERO_GATEWAY_OTHERS_URL": self.venue.url,
        }
        self.gateway = self._started("gateway", place, "killed_gateway", ["gateway"], environment)

    def start_engine(self, place: Failpoint | None = None) -> None:
        """Start it, to be killed when it comes to that place."""
        environment = os.environ | {
            "CERBERO_BITE_MCP_URL": f"http://127.0.0.1:{self.port}",
            "CERBERO_BITE_MCP_TOKEN": TOKEN,
            "CERBERO_BITE_ENABLE_STRATEGY": "true",
        }
        log = self.folder / "engine.log"
        self._ran = log.read_text("utf-8").count(RUNS) if log.exists() else 0
        arguments = ["start", "--data-dir", str(self.data_dir), "--strategy", str(self.strategy)]
        self.engine = self._started("engine", place, "killed", arguments, environment)

    def be_up(self) -> None:
        """Start whichever is not running, and wait until an order could be placed."""
        self.gateway_be_up()
        if self.engine is None or self.engine.poll() is not None:
            self.start_engine()
        self._until(self._engine_is_up, STARTED_WITHIN_S, "the engine is not up")
        self._until(self._may_enter, SETTLED_WITHIN_S, "entries stay suspended")

    def gateway_be_up(self) -> None:
        """Start it if it is not running, and wait until it answers."""
        if self.gateway is None or self.gateway.poll() is not None:
            self.start_gateway()
        self._until(self._gateway_is_up, STARTED_WITHIN_S, "the gateway is not up")

    def trade(self) -> None:
        """Have the engine open a position, or close the one that it has."""
        message, body = ("CloseAll", {"reason": "kills"}) if self.held() else ("RunEntryCycle", {})
        [*_] = exchange(self.data_dir, request_of(RequestName.INJECT, message=message, body=dict(body)))

    @property
    def margins_asked(self) -> int:
        """How often the venue was asked for margins, as it is before each order."""
        return self.venue.venue.calls.count("private/get_margins")

    def wait_for_order(self, asked: int, within_s: float) -> None:
        """Until an order is on its way, or for so long."""
        ends_s = monotonic() + within_s
        while self.margins_asked == asked and monotonic() < ends_s:
            self._over.wait(LOOK_S / 10)

    def end(self, name: str) -> None:
        """In order, so that it can be started otherwise."""
        process = vars(self)[name]
        if process is not None and process.poll() is None:
            process.terminate()
            process.wait(ENDS_S)

    def kill(self, *whom: str) -> None:
        """`kill -9`, all of them within the same moment."""
        living = [process for name in whom if (process := vars(self)[name]) is not None]
        for process in living:
            process.kill()
        for process in living:
            process.wait()

    def killed_itself(self, name: str, place: str, within_s: float) -> bool:
        """Whether it came to its place in that time."""
        process, note = vars(self)[name], self.folder / f"{name}.note"
        try:
            code = process.wait(within_s)
        except subprocess.TimeoutExpired:
            return False
        assert (code, note.read_text("utf-8")) == (-signal.SIGKILL, place), self.last_words(name)
        return True

    def stop(self) -> None:
        """Both in order, and the watcher."""
        self.end("engine")
        self.end("gateway")
        self._over.set()
        self._watcher.join()

    # What holds afterwards

    def held(self) -> tuple[Position, ...]:
        """The engine's live positions."""
        if not has_books(self.data_dir):
            return ()
        return stored_positions(self.data_dir, everything=False)

    def registry(self) -> dict[str, LabelState]:
        """The gateway's labels."""
        path = self.folder / "gateway" / "gateway.db"
        if not path.exists():
            return {}
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            return {label: LabelState(state) for label, state in db.execute(REGISTERED)}

    def settle(self) -> None:
        """Wait until nothing is under way any more, then compare all three."""
        self.be_up()
        self._until(self._is_settled, SETTLED_WITHIN_S, "nothing settles")
        self.wrong += self.problems()

    def problems(self) -> list[str]:
        """Where engine, gateway and venue do not agree."""
        labels, registry = self.venue.labels, self.registry()
        ours = {row.label: row for _, row in stored_orders(self.data_dir, None)}
        found = [f"{label}: {count} orders at the venue" for label, count in labels.items() if count > 1]
        found += [f"{label}: at the venue, not in the registry" for label in labels.keys() - registry.keys()]
        found += [f"{label}: at the venue, not in the books" for label in labels.keys() - ours.keys()]
        for label, state in registry.items():
            if (state is LabelState.PLACED) != (label in labels):
                found.append(f"{label}: {state} in the registry, {labels[label]} orders at the venue")
        at_venue = {order.label: order for order in self.venue.orders}
        for label, row in ours.items():
            there = at_venue.get(label)
            if there is None:
                if row.state not in (OrderState.NOT_PLACED, OrderState.REJECTED) or row.filled_amount:
                    found.append(f"{label}: {row.state} in the books, none at the venue")
            elif (row.state.value, row.filled_amount) != (there.state, int(there.filled_amount)):
                found.append(
                    f"{label}: {row.state} {row.filled_amount} in the books, {there.state} "
                    f"{there.filled_amount} at the venue"
                )
        if self.in_books() != self.venue.positions:
            found.append(f"held: {self.in_books()} in the books, {self.venue.positions} at the venue")
        if (self.data_dir / KILL_FILE_NAME).exists():
            found.append(f"armed: {(self.data_dir / KILL_FILE_NAME).read_text('utf-8')}")
        return found

    def told(self) -> str:
        """What all that amounts to."""
        states = Counter(order.state for order in self.venue.orders)
        played = Counter(fault.kind.value for _, fault in self.venue.venue.faults.played)
        return (
            f"{len(self.registry())} labels taken, {len(self.venue.orders)} orders at the venue "
            f"({dict(states)}), {self.asked} look-ups meanwhile, faults {dict(played)}"
        )

    def said_absent_and_was_there(self) -> list[str]:
        """Labels that were called unknown to the venue once they were taken, and that it has."""
        return sorted(label for label in self.nothing_of if self.venue.labels[label])

    def audit_problem(self) -> str | None:
        """What is wrong with the log of the stopped engine."""
        audit = verified(self.data_dir)
        return None if audit.ok else audit.problem

    def in_books(self) -> dict[str, Decimal]:
        """The legs that the engine's live positions hold, as signed contracts."""
        found: Counter[str] = Counter()
        for position in self.held():
            for leg in position.plan.legs:
                found[leg.instrument_name] += Side(leg.side).sign * leg.ratio * position.contracts
        return {name: Decimal(size) for name, size in found.items() if size}

    def last_words(self, name: str) -> str:
        """The end of what it wrote."""
        return (self.folder / f"{name}.log").read_text("utf-8", "replace")[-3000:]

    # How it is known

    def _started(
        self,
        name: str,
        place: str | None,
        killed_by: str,
        arguments: list[str],
        environment: dict[str, str],
    ) -> subprocess.Popen[bytes]:
        note = self.folder / f"{name}.note"
        note.unlink(missing_ok=True)
        command = [*RUN, *arguments]
        if place is not None:
            command = [sys.executable, "-m", f"tests.kills.{killed_by}", str(note), place, "1", *arguments]
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)

    def _until(self, holds: Callable[[], bool], within_s: float, otherwise: str) -> None:
        ends_s = monotonic() + within_s
        while not holds():
            if monotonic() > ends_s:
                raise AssertionError(f"{otherwise}: {self._state()}")
            self._over.wait(LOOK_S)

    def _state(self) -> str:
        books = [(row.label, row.state) for _, row in stored_orders(self.data_dir, None)][-3:]
        words = "".join(f"\n--- {name}\n{self.last_words(name)}" for name in ("engine", "gateway"))
        return f"books {books}, registry {self.registry()}, venue {self.venue.labels}{words}"

    def _gateway_is_up(self) -> bool:
        try:
            return httpx.get(f"{self._door}/health", headers=HEADERS, timeout=9).status_code == 200
        except httpx.HTTPError:
            return False

    def _engine_is_up(self) -> bool:
        assert self.engine is not None
        assert self.engine.poll() is None, self.last_words("engine")
        return (self.folder / "engine.log").read_text("utf-8").count(RUNS) > self._ran

    def _may_enter(self) -> bool:
        """Whether each router has answered a probe since it did not."""
        [status] = exchange(self.data_dir, request_of(RequestName.STATUS))
        assert isinstance(status.body, dict)
        switch = status.body["kill_switch"]
        return isinstance(switch, dict) and not switch["suspensions"]

    def _is_settled(self) -> bool:
        rows = stored_orders(self.data_dir, None)
        return (
            all(row.state in ORDER_FINAL for _, row in rows)
            and all(position.state in LASTING for position in self.held())
            and all(cycle.outcome is not None for cycle in stored_cycles(self.data_dir, None))
            and not any(state.is_open for state in self.registry().values())
            and all(order.state != "open" for order in self.venue.orders)
        )

    def _watch(self) -> None:
        """Ask for every label that is taken and not settled, as the engine would, as long as they live."""
        url = f"{self._door}/tools/get_order_by_label"
        while not self._over.wait(LOOK_S):
            for label, state in self.registry().items():
                if not state.is_open:
                    continue
                try:
                    answer = httpx.post(url, headers=HEADERS, json={"label": label}, timeout=9)
                except httpx.HTTPError:
                    continue
                self.asked += 1
                if answer.status_code == 200 and answer.json().get("order") is None:
                    self.nothing_of[label] += 1


def faults(chance: Random) -> list[Fault]:
    """What goes wrong on the wire in one round: nothing, one thing or two."""
    methods = ("buy", "sell", "create_combo", "get_open_orders_by_label", "get_order_state_by_label")
    kinds = (
        *("cut", "cut_after", "html", "html_after", "too_many", "twice", "slow:1", "slow:4", "slow_after:1"),
        *("slow_after:4", "refuse_after:13888", "refuse_after:10001", "refuse:13888"),
    )
    return [
        Fault.parse(f"{chance.choice(methods)}:{chance.choice(kinds)}")
        for _ in range(chance.choice((0, 1, 1, 2)))
    ]
