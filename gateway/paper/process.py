"""The venue as a process of its own: its configuration, its start, and the handle that a parent holds.

The child reads one JSON configuration from standard input and prints one line when it listens:
`{"port": …, "pid": …, "start": …, "end": …, "clock": …, "market": …, "assumptions": {…}}`, or
`{"error": …}` and exit code 2 where it can't start. A venue whose store fails later prints such a line too,
and ends itself with code 1.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, Literal

import uvicorn
from pydantic import BaseModel, ConfigDict, Field

from core.errors import InputError
from core.mcp import UtcTime
from gateway.paper.account import Account
from gateway.paper.assumptions import Assumptions
from gateway.paper.dispatch import Dispatch
from gateway.paper.faults import Faults, FaultSpec
from gateway.paper.ledger import Ledger, LedgerEntry, cash_flows, entry
from gateway.paper.model_market import ModelMarket
from gateway.paper.recorded import RecordedMarket
from gateway.paper.server import make_app
from gateway.paper.source import MarketSource
from gateway.paper.store import Store, StoreFailedError
from gateway.paper.venue import Venue

HOST: Final = "127.0.0.1"
PARENT_CHECK_S: Final = 0.5
EXIT_FAILED: Final = 1
EXIT_INPUT: Final = 2


class PaperVenueConfig(BaseModel):
    """Everything a venue needs. `faults` as TARGET:KIND[:RATE], `assumptions` as KEY=VALUE."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: Literal["model", "recorded"] = "model"
    seed: int = 7
    chains: Path | None = None
    between: Literal["move", "hold"] = "move"
    faults: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    token: Annotated[str, Field(min_length=1, repr=False)]
    data_dir: Path
    driven: bool = True
    port: Annotated[int, Field(ge=0, le=65_535)] = 0
    end_with_parent: bool = True
    """Whether the venue ends itself when the process that started it is gone."""
    parent_pid: int | None = None
    """That process; null = whoever is the parent when the venue begins to serve."""

    @property
    def market(self) -> str:
        """Which market this is; an account belongs to one."""
        if self.source == "model":
            return f"model seed {self.seed}"
        return f"recorded {self.chains} between {self.between}"


class Ready(BaseModel):
    """The line that a venue prints when it listens."""

    model_config = ConfigDict(frozen=True)

    port: int
    pid: int
    start: UtcTime
    """Where a run on this market begins."""
    end: UtcTime | None
    """Where the record is over; null where the market has no end."""
    clock: UtcTime
    """The venue's time: `start`, or later where the account was kept."""
    market: str
    assumptions: dict[str, str]


class PaperVenue:
    """Market, account, store and front desk, put together from a configuration."""

    def __init__(self, config: PaperVenueConfig) -> None:
        """Build or resume. Raises `InputError` where an input can't be used."""
        assumptions = Assumptions.parse(config.assumptions)
        specs = [FaultSpec.parse(text) for text in config.faults]
        source = make_source(config, assumptions)
        self.config = config
        self.store = Store(config.data_dir)
        kept_market = self.store.meta("market")
        if kept_market not in (None, config.market):
            raise InputError(f"venue account: it was kept on {kept_market!r}, found {config.market!r}")
        kept = self.store.load()
        begin = source.start if config.driven else datetime.now(UTC)
        clock, account, counts = kept or (begin, Account(assumptions.balance_eth), {})
        self.venue = Venue(source, account, clock, assumptions)
        self._start = self._kept_start()
        self.dispatch = Dispatch(self.venue, config.token, Faults(specs, config.seed, counts), self.store)

    def ledger(self) -> Ledger:
        """The account at the start and now."""
        return Ledger(
            market=self.config.market,
            start=self._start,
            end=entry(self.venue),
            assumptions=self.venue.assumptions.as_text(),
            cash_flows=cash_flows(self.venue),
        )

    def ready(self, port: int) -> Ready:
        """What to tell whoever started this venue."""
        return Ready(
            port=port,
            pid=os.getpid(),
            start=self.venue.source.start,
            end=self.venue.source.end,
            clock=self.venue.clock,
            market=self.config.market,
            assumptions=self.venue.assumptions.as_text(),
        )

    def _kept_start(self) -> LedgerEntry:
        kept = self.store.meta("start")
        if kept is not None:
            return LedgerEntry.model_validate_json(kept)
        start = entry(self.venue)
        self.store.put_meta(
            {
                "start": start.model_dump_json(),
                "market": self.config.market,
                "clock": self.venue.clock.isoformat(),
                "balance_eth": str(self.venue.account.balance_eth),
                "last_number": str(self.venue.account.last_number),
            }
        )
        return start


def make_source(config: PaperVenueConfig, assumptions: Assumptions) -> MarketSource:
    """The market that the configuration names. Raises `InputError` for a missing or broken record."""
    if config.source == "model":
        return ModelMarket(config.seed)
    if config.chains is None:
        raise InputError("chains: expected a folder of recorded chains, found none")
    return RecordedMarket(
        config.chains, config.between, float(assumptions.touch_size), assumptions.funding_annual
    )


def main(config: PaperVenueConfig, announce: Callable[[Ready], None]) -> None:
    """Serve until SIGTERM, SIGINT or the parent's end.

    Raises `InputError` where it can't start, and `StoreFailedError` where its store fails, then or later.
    """
    venue = PaperVenue(config)
    # The record is a million objects that never change: no collection needs to look at them again.
    gc.collect()
    gc.freeze()
    # Named as TCP, or asyncio leaves Nagle's algorithm on and every small answer waits 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, config.port))
    except OSError as error:
        raise InputError(f"port: {HOST}:{config.port} can't be bound: {error}") from error
    failures: list[StoreFailedError] = []

    def end(error: StoreFailedError) -> None:
        failures.append(error)
        server.should_exit = True

    app = make_app(venue.dispatch, venue.ledger, driven=config.driven, on_store_failed=end)
    server = _Server(
        uvicorn.Config(
            app,
            log_level="critical",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            lifespan="off",
            timeout_graceful_shutdown=2,
        )
    )
    ready = venue.ready(int(listener.getsockname()[1]))
    try:
        asyncio.run(_serve(server, listener, lambda: announce(ready), config))
    finally:
        listener.close()
        venue.store.close()
    if failures:
        raise failures[0]


class _Server(uvicorn.Server):
    """Leaves the signals to `_serve`: uvicorn would raise them again after its end, and kill the process."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _serve(
    server: uvicorn.Server, listener: socket.socket, announce: Callable[[], None], config: PaperVenueConfig
) -> None:
    parent = os.getppid() if config.parent_pid is None else config.parent_pid
    for ending in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(ending, setattr, server, "should_exit", True)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.005)
    if not serving.done():
        announce()
    while config.end_with_parent and not serving.done():
        await asyncio.wait([serving], timeout=PARENT_CHECK_S)
        if os.getppid() != parent:
            server.should_exit = True
    await serving


class VenueProcess:
    """A running venue, as its parent sees it."""

    def __init__(self, process: subprocess.Popen[str], ready: Ready, token: str) -> None:
        self.process = process
        self.ready = ready
        self.token = token
        self.url = f"http://{HOST}:{ready.port}"
        self._last_words: str | None = None

    def end_found(self, wait_s: float = 0.0) -> str | None:
        """Why it ended although nobody told it to, in its own words; None while it runs."""
        try:
            code = self.process.wait(wait_s)
        except subprocess.TimeoutExpired:
            return None
        if self._last_words is None:
            told = "" if self.process.stdout is None else self.process.stdout.read()
            self._last_words = json.loads(told)["error"] if told else f"it ended with code {code}"
        return self._last_words

    def stop(self, timeout_s: float = 5.0) -> None:
        """End it orderly, else by force, and wait for its end."""
        self.process.terminate()
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        _close_pipes(self.process)

    def kill(self) -> None:
        """End it as `kill -9` does."""
        self.process.kill()
        self.process.wait()
        _close_pipes(self.process)


def start_process(config: PaperVenueConfig) -> VenueProcess:
    """Start a venue in a session of its own (a Ctrl-C in the terminal does not reach it) and wait for it.

    Raises `InputError` with the venue's own words where it can't start.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway.paper", "--config-json", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    line = ""
    if process.stdin is not None and process.stdout is not None:
        told_parent = config.model_copy(update={"parent_pid": os.getpid()})
        try:
            process.stdin.write(told_parent.model_dump_json() + "\n")
            process.stdin.close()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""  # It ended before it read anything.
        except BaseException:
            # A Ctrl-C while it starts: nobody would be left to end it, or to hear that it listens.
            process.kill()
            process.wait()
            _close_pipes(process)
            raise
    told = json.loads(line) if line else {"error": "it ended without a word"}
    if "error" in told:
        process.kill()
        process.wait()
        _close_pipes(process)
        raise InputError(f"paper venue: {told['error']}")
    return VenueProcess(process, Ready.model_validate(told), config.token)


def _close_pipes(process: subprocess.Popen[str]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


def new_token() -> str:
    """A token for a venue that one run starts for itself."""
    return secrets.token_urlsafe(24)
