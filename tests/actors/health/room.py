"""Health with fake routers that answer when bidden."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from actors.health import Health
from actors.health.disk import FREE_BYTES_MIN
from actors.runtime.testing import FakeAddress, FakeContext
from core.contract import EnvironmentInfo, Router
from core.messages.alerting import RaiseAlert, Severity
from core.messages.health import GetHealth
from core.messages.mcp import Fetch, Fetched, FetchFailed, McpFault, ProbeRouter, RouterProbed
from core.messages.room_status import HealthStatus, RecoveryReport
from core.messages.scheduler import JobDue
from core.messages.state import SetSystem
from core.orders.books import Job

_T = TypeVar("_T")
ALL = frozenset(Router)


class Room:
    """Health with fake routers that answer when bidden."""

    def __init__(self, *, epoch: int = 1, free_bytes: int | OSError = FREE_BYTES_MIN) -> None:
        self.ctx = FakeContext("health")
        self.ctx.epoch = epoch
        self.routers = {router: FakeAddress(f"mcp.{router.value}") for router in Router}
        self.rooms = {name: FakeAddress(name) for name in ("state", "kill_switch", "scheduler", "alerting")}
        self.free_bytes = free_bytes
        self.actor = Health(
            routers=self.routers,
            **self.rooms,
            boot_record={"boot_id": "boot-1", "version": "0.1.0"},
            clock_skew_max_s=1.0,
            data_dir=Path("data"),
            free_bytes=self._free,
        )
        self.actor.ctx = self.ctx
        self.actor.on_start()

    def _free(self, _: Path) -> int:
        if isinstance(self.free_bytes, OSError):
            raise self.free_bytes
        return self.free_bytes

    def tell(self, message: object, sender: FakeAddress | None = None) -> None:
        with self.ctx.handling(message, sender=sender):
            self.actor.on_receive(message)

    def due(self, job: Job = Job.HEALTH) -> None:
        self.tell(JobDue(job=job, slot=self.ctx.now()))

    def answer(
        self,
        *,
        down: frozenset[Router] = frozenset(),
        silent: frozenset[Router] = frozenset(),
        maintenance: bool = False,
        warnings: Mapping[Router, tuple[str, ...]] = MappingProxyType({}),
        clock_ahead_s: float = 0.0,
    ) -> None:
        """Answer the last round of probes."""
        for router, address in self.routers.items():
            if router in silent:
                continue
            probe = self.sent(address.name, ProbeRouter)[-1]
            ok = router not in down
            self.tell(
                RouterProbed(
                    request_id=probe.request_id,
                    router=router,
                    ok=ok,
                    maintenance=maintenance and not ok,
                    version="1" if ok else None,
                    environment="paper" if ok else None,
                    warnings=warnings.get(router, ()) if ok else (),
                    error=None if ok else "refused",
                    latency_s=0.1,
                    at=self.ctx.now(),
                )
            )
        fetch = self.sent("mcp.deribit", Fetch)[-1]
        if Router.DERIBIT in silent:
            return
        if Router.DERIBIT in down:
            self.tell(
                FetchFailed(
                    request_id=fetch.request_id,
                    router=Router.DERIBIT,
                    tool=fetch.tool,
                    fault=McpFault.SERVER,
                    error="refused",
                    attempts=1,
                )
            )
            return
        info = EnvironmentInfo(
            environment="paper",
            account="a-1",
            server_time=self.ctx.now() + timedelta(seconds=clock_ahead_s),
            features=("valid_until",),
        )
        self.tell(
            Fetched(
                request_id=fetch.request_id,
                router=Router.DERIBIT,
                tool=fetch.tool,
                answer=info,
                sent_at=self.ctx.now(),
                received_at=self.ctx.now(),
            )
        )

    def probe(self, **answer: object) -> None:
        self.due()
        self.answer(**answer)  # type: ignore[arg-type]

    def recovered(self, *, ok: bool = True) -> None:
        self.tell(RecoveryReport(ok=ok, at=self.ctx.now(), attempts=1, differences=()))

    def pass_time(self, seconds: float) -> None:
        for message in self.ctx.advance(seconds):
            self.tell(message)

    def sent(self, room: str, kind: type[_T]) -> list[_T]:
        return [message for message in self.ctx.told_to(room) if isinstance(message, kind)]

    def alerts(self, code: str) -> list[Severity]:
        return [alert.severity for alert in self.sent("alerting", RaiseAlert) if alert.code == code]

    def status(self) -> HealthStatus:
        self.tell(GetHealth(), sender=FakeAddress("control"))
        answer = self.ctx.told_to("control")[-1]
        assert isinstance(answer, HealthStatus)
        return answer

    def starts(self) -> list[SetSystem]:
        return self.sent("state", SetSystem)
