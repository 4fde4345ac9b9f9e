"""Plays the whole engine in virtual time, with the tripwires set, and keeps what an outsider can see."""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from actors.alerting import AlertChannel
from actors.runtime import Envelope, GreenRuntime, Tracer
from actors.runtime.testing import tripwires
from config import LoadedStrategy, load_strategy
from core.messages.room_status import AlertRow
from core.orders.books import CycleRow, Instruction, OrderRow, Position
from core.orders.lifecycle import PositionState
from gateway.paper.ledger import Ledger
from gateway.paper.paper_venue import PaperVenue
from lab.engine import SimulatedEngine, open_venue
from lab.invariants import Moment, breaches
from lab.invariants.seen import EngineSeen, SeenOutside, VenueSeen
from lab.wire import Wire
from reading.books import stored_books, stored_positions

STRATEGY = Path(__file__).resolve().parents[2] / "strategy.yaml"
GUARDED = ("actors", "core", "config", "gateway", "lab")
MARKET = 13
"""A model market whose first Monday has an entry that the next noon's monitor closes with a profit."""
BEGIN = datetime.fromisoformat("2026-01-05T13:55:00+00:00")
TO_EXIT = timedelta(hours=22, minutes=20)
TO_ENTRY = timedelta(minutes=15)


def strategy() -> LoadedStrategy:
    return load_strategy(STRATEGY)


@dataclass(frozen=True)
class Played:
    """A run after its end. `trace` has every envelope that was ever sent."""

    data_dir: Path
    trace: Tracer
    ledger: Ledger
    venue: VenueSeen

    @property
    def venue_sizes(self) -> Mapping[str, int]:
        return self.venue.sizes

    @property
    def venue_labels(self) -> tuple[str, ...]:
        return self.venue.labels

    @property
    def trades(self) -> tuple[Position, ...]:
        return tuple(stored_books(self.data_dir).trades)

    @property
    def proposed(self) -> list[str]:
        """The positions whose proposal has neither an instruction nor an end."""
        everything = stored_positions(self.data_dir, everything=True)
        return [str(each.position_id) for each in everything if each.state is PositionState.PROPOSED]

    @property
    def cycles(self) -> tuple[CycleRow, ...]:
        return tuple(stored_books(self.data_dir).cycles)

    @property
    def orders(self) -> tuple[tuple[Instruction, OrderRow], ...]:
        return tuple(stored_books(self.data_dir).orders)

    @property
    def alerts(self) -> tuple[AlertRow, ...]:
        return tuple(stored_books(self.data_dir).alerts)

    def envelopes(self, correlation: str) -> tuple[Envelope, ...]:
        return self.trace.find(correlation)

    def digests(self) -> dict[str, str]:
        """Of the trace and of every file of the data folder."""
        files = {
            str(path.relative_to(self.data_dir)): _sha256(path.read_bytes())
            for path in sorted(self.data_dir.rglob("*"))
            if path.is_file()
        }
        return {"trace": _sha256(self.trace.text().encode()), **files}


class Play:
    """A run under way, from composed to ended."""

    def __init__(
        self,
        data_dir: Path,
        *,
        seed: int = 1,
        life: int = 1,
        begin: datetime = BEGIN,
        market: int = MARKET,
        faults: tuple[str, ...] = (),
        yield_at_tell: float = 0.0,
        runtime_kind: type[GreenRuntime] = GreenRuntime,
        trace: Tracer | None = None,
        wire: Wire | None = None,
        watch: Callable[[PaperVenue], object] | None = None,
        loaded: LoadedStrategy | None = None,
        alert_channels: tuple[Callable[[], AlertChannel], ...] = (),
        folder: str = "simulated",
    ) -> None:
        data_dir.mkdir(parents=True, exist_ok=True)
        self.data_dir = data_dir
        self.trace = trace or Tracer(None)
        self.venue = open_venue(data_dir, market, faults=faults)
        if watch is not None:
            watch(self.venue)
        self.engine = SimulatedEngine(
            loaded=loaded or strategy(),
            venue=self.venue,
            data_dir=data_dir,
            seed=seed,
            begin=max(begin, self.venue.venue.clock),
            life=life,
            yield_at_tell=yield_at_tell,
            runtime_kind=runtime_kind,
            tracer=self.trace,
            wire=wire,
            alert_channels=alert_channels,
            folder=folder,
        )
        with tripwires(*GUARDED):
            self.engine.start()

    def run_until(self, when: datetime) -> None:
        with tripwires(*GUARDED):
            self.engine.run_until(when)

    def stop(self) -> Played:
        with tripwires(*GUARDED):
            played = self.seen()
            self.engine.stop("end of the run")
        return played

    def abandon(self) -> None:
        self.engine.abandon()

    def seen(self) -> Played:
        return Played(self.data_dir, self.trace, self.venue.ledger(), venue_seen(self.venue))


def venue_seen(venue: PaperVenue) -> VenueSeen:
    """The account as it is now."""
    return VenueSeen.of(venue.venue.account, venue.ledger().start.balance_eth)


def play(
    data_dir: Path,
    lasts: timedelta,
    *,
    seed: int = 1,
    market: int = MARKET,
    faults: tuple[str, ...] = (),
    yield_at_tell: float = 0.0,
    runtime_kind: type[GreenRuntime] = GreenRuntime,
) -> Played:
    """From five minutes before the first entry slot, for so long, to an orderly stop."""
    under_way = Play(
        data_dir,
        seed=seed,
        market=market,
        faults=faults,
        yield_at_tell=yield_at_tell,
        runtime_kind=runtime_kind,
    )
    under_way.run_until(BEGIN + lasts)
    return under_way.stop()


def copied(data_dir: Path, to: Path) -> Path:
    """The folder as `kill -9` leaves it at this instant: what was written is there, what was not is not."""
    return Path(shutil.copytree(data_dir, to, ignore=shutil.ignore_patterns("ballast")))


def assert_laws_hold(played: Played) -> None:
    """What is true after every run, as an outsider reads it: the venue, the books, the log, `KILL`."""
    engine = EngineSeen("played", played.data_dir, strategy().strategy)
    engine.audit.go_on()
    seen = SeenOutside(now=played.ledger.end.at, venue=played.venue, engines=[engine])
    assert [f"{each.number}: {each.text}" for each in breaches(seen, Moment.END)] == []


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def main(folder: str, seed: str) -> None:
    """For a test that compares processes: play to the entry, and print every digest."""
    digests = play(Path(folder), TO_ENTRY, seed=int(seed)).digests()
    sys.stdout.writelines(f"{name} {digest}\n" for name, digest in digests.items())


if __name__ == "__main__":
    main(*sys.argv[1:])
