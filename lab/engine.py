"""Runs the whole engine on a simulated runtime, against the paper venue in the same process.

The actors, the settings and the order of stopping are those of production; only the runtime and the transport
differ. Each run on the same data folder is a *life* with a number of its own. The number seeds the ids, which
must not repeat: the books answer a known id with the answer that they gave first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

from actors.alerting import AlertChannel
from actors.channels import redactor
from actors.compose import engine_settings
from actors.engine import OrderlyEngine
from actors.mcp import OpenPort
from actors.runtime import BatonRuntime, GreenRuntime, RunOrder, Tracer
from config import DeliverySettings, LoadedStrategy
from core.values import Mode
from gateway.paper.launch import PaperVenueConfig
from gateway.paper.paper_venue import PaperVenue
from lab.in_process import LATENCY_S, TOKEN, Answering, in_process_settings, in_process_transport
from lab.machine import SimulatedMachine
from lab.wire import Wire

VENUE_FOLDER: Final = "venue"


def open_venue(data_dir: Path, seed: int, *, faults: tuple[str, ...] = ()) -> PaperVenue:
    """The venue of a data folder, new or as it was kept, in the model market. Raises `InputError` if an input
    can't be used."""
    return PaperVenue(
        PaperVenueConfig(
            source="model",
            seed=seed,
            faults=faults,
            token=TOKEN,
            data_dir=data_dir / VENUE_FOLDER,
        )
    )


def life_seed(seed: int, life: int) -> int:
    """The runtime's seed of the `life`-th life (from 1) on a data folder: no two draw the same ids."""
    return int.from_bytes(hashlib.sha256(f"{seed}/life {life}".encode()).digest()[:8])


class Closes(Protocol):
    """A venue's disk, as far as an engine's end is concerned."""

    def close(self) -> None: ...


class EngineVenue(Protocol):
    """A venue in this process."""

    @property
    def dispatch(self) -> Answering: ...

    @property
    def store(self) -> Closes: ...


class SimulatedEngine:
    """One life of the engine, until it is stopped or abandoned. Market time starts at `begin`."""

    def __init__(
        self,
        *,
        loaded: LoadedStrategy,
        venue: EngineVenue,
        data_dir: Path,
        seed: int,
        begin: datetime,
        life: int = 1,
        order: RunOrder = RunOrder.RANDOM,
        yield_at_tell: float = 0.0,
        runtime_kind: type[GreenRuntime] | type[BatonRuntime] = GreenRuntime,
        tracer: Tracer | None = None,
        machine: SimulatedMachine | None = None,
        folder: str = "simulated",
        wire: Wire | None = None,
        alert_channels: tuple[Callable[[], AlertChannel], ...] = (),
        delivery: DeliverySettings | None = None,
        latency_s: tuple[float, float] = LATENCY_S,
        record_days: int | None = None,
        ports: Callable[[OpenPort], OpenPort] = lambda wire: wire,
    ) -> None:
        """`alert_channels` open channels of the caller's own, such as one that is down for a while;
        `latency_s` is what an answer takes where no wire says it; with `record_days` it records.

        `ports` makes what opens the ports to the venue of what opens those over the transport.
        """
        self.venue = venue
        self.data_dir = data_dir
        self.runtime = runtime_kind(begin, life_seed(seed, life), order, yield_at_tell)
        self._account_lock = (machine or SimulatedMachine()).account_lock(str(data_dir))
        if wire is None:
            transports = in_process_transport(venue.dispatch, latency_s)
        else:
            transports = wire.connect(self.runtime, venue.dispatch)
        mcp = in_process_settings()
        settings = engine_settings(
            loaded=loaded,
            mode=Mode(data_analysis=True, strategy=True),
            mcp=mcp,
            channels=(),
            data_dir=data_dir,
            control_socket=None,
            started_at=begin,
            transport_factory=transports,
            redact=redactor(mcp, ()),
            pid=life,
            boot_id=self.runtime.uuid(),
            account_lock=self._account_lock,
            folder=folder,
            delivery=delivery,
            record_days=record_days,
        )
        settings = replace(settings, alert_channels=alert_channels, open_port=ports(settings.open_port))
        self._engine = OrderlyEngine(settings, self.runtime, tracer=tracer)
        self.system = self._engine.system

    def start(self) -> None:
        """Start every actor in order; they boot while the engine runs."""
        self._engine.start()

    def run_until(self, when: datetime) -> None:
        """Run until market time is `when`. Raises Deadlock if someone waits for an answer that can't come."""
        self.runtime.run(when)

    def stop(self, reason: str) -> None:
        """Stop in order, as the process does, and close the venue."""
        self.stop_actors(reason)
        self.venue.store.close()

    def stop_actors(self, reason: str) -> None:
        """Stop in order and leave the venue to another engine."""
        self._engine.stop(reason)

    def abandon(self) -> None:
        """End as `kill -9` does: nothing more is written, and open files are closed."""
        self.abandon_actors()
        self.venue.store.close()

    def abandon_actors(self) -> None:
        """The same, and leave the venue to another engine."""
        self.system.abandon()
        self._account_lock.release()
