"""`McpRouter`: the reads of one upstream router. One handler makes one attempt; a retry is a timer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, TypeAlias, assert_never

from actors.mcp.client import is_maintenance
from actors.mcp.port import OpenPort, ToolPort
from actors.mcp.retries import wait_before_next_s
from actors.room import Alarm, Room, answerer
from actors.runtime import Address
from core.alerts import AlertCode, Severity
from core.contract import Router
from core.contract.registry import CHANGING_TOOLS
from core.errors import (
    McpAuthError,
    McpDataAnomalyError,
    McpError,
    McpRateLimitError,
    McpRequestError,
    McpServerError,
    McpSoftError,
    McpTimeoutError,
    McpToolNotFoundError,
)
from core.messages.mcp import Fetch, Fetched, FetchFailed, McpFault, ProbeRouter, RouterProbed
from core.messages.protocols import AlertingProtocol, McpProtocol

_FAULTS: Final[dict[type[McpError], McpFault]] = {
    McpAuthError: McpFault.AUTH,
    McpToolNotFoundError: McpFault.TOOL_NOT_FOUND,
    McpRequestError: McpFault.REQUEST,
    McpSoftError: McpFault.SOFT,
    McpDataAnomalyError: McpFault.ANOMALY,
    McpRateLimitError: McpFault.RATE_LIMIT,
    McpServerError: McpFault.SERVER,
    McpTimeoutError: McpFault.TIMEOUT,
}
_ALERTED: Final = {
    McpFault.AUTH: AlertCode.MCP_AUTH,
    McpFault.ANOMALY: AlertCode.MCP_ANOMALY,
    McpFault.TOOL_NOT_FOUND: AlertCode.MCP_TOOL_NOT_FOUND,
}


AnswerFetch: TypeAlias = Callable[[Fetched | FetchFailed], None]


@dataclass(frozen=True)
class _Attempt:
    """One attempt at a fetch. A retry is a timer message to self, so it is lost with the incarnation."""

    fetch: Fetch
    number: int
    answer: AnswerFetch = field(repr=False)
    correlation: str


class McpRouter(Room[McpProtocol | _Attempt]):
    """The reads of one router.

    Accepts: `Fetch`, `ProbeRouter`.
    Sends: `Fetched` | `FetchFailed` and `RouterProbed` to the asker; `RaiseAlert` to alerting.
    Owns: the port to this router.
    On failure: restarted with a new one; fetches under way are lost, so every asker needs a deadline.
    """

    def __init__(
        self,
        *,
        router: Router,
        open_port: OpenPort,
        alerting: Address[AlertingProtocol],
    ) -> None:
        self._router = router
        self._open_port = open_port
        self._alerting = alerting
        self._port: ToolPort | None = None

    def on_start(self) -> None:
        super().on_start()
        self._alert = Alarm(self.ctx, self._alerting)
        self._port = self._open_port(self.ctx, self._router)

    def on_stop(self) -> None:
        super().on_stop()
        if self._port is not None:
            self._port.close()

    def handle(self, message: McpProtocol | _Attempt) -> None:
        match message:
            case Fetch():
                correlation = self.ctx.envelope.correlation or message.request_id
                self._attempt(message, 1, answerer(self.ctx, message), correlation)
            case _Attempt():
                self._attempt(message.fetch, message.number, message.answer, message.correlation)
            case ProbeRouter():
                self._handle_probe(message)
            case _:
                assert_never(message)

    @property
    def port(self) -> ToolPort:
        if self._port is None:
            raise RuntimeError(f"{self.ctx.path}: a message before on_start")
        return self._port

    def _attempt(self, fetch: Fetch, number: int, answer: AnswerFetch, correlation: str) -> None:
        sent_at = self.ctx.now()
        if sent_at >= fetch.deadline:
            text = f"{fetch.tool}: the deadline {fetch.deadline.isoformat()} has passed"
            answer(self._failed(fetch, McpFault.DEADLINE, text, number - 1))
            return
        if fetch.tool in CHANGING_TOOLS:
            text = f"{fetch.tool} has an effect at the venue: it goes by mcp.orders, under a permit"
            answer(self._failed(fetch, McpFault.REQUEST, text, 0))
            return
        self.ctx.check_live()
        try:
            found = self.port.read(fetch.tool, fetch.request, correlation=correlation, now=sent_at)
        except McpError as error:
            self._after_failure(_Attempt(fetch, number, answer, correlation), error)
            return
        answer(
            Fetched(
                request_id=fetch.request_id,
                router=self._router,
                tool=fetch.tool,
                answer=found,
                sent_at=sent_at,
                received_at=self.ctx.now(),
            )
        )

    def _after_failure(self, attempt: _Attempt, error: McpError) -> None:
        fetch, fault = attempt.fetch, _FAULTS[type(error)]
        wait_s = wait_before_next_s(attempt.number, error) if fetch.retry else None
        now = self.ctx.now()
        if wait_s is not None and now + timedelta(seconds=wait_s) < fetch.deadline:
            again = _Attempt(fetch, attempt.number + 1, attempt.answer, attempt.correlation)
            self.ctx.call_later(wait_s, again)
            return
        if fault in _ALERTED:
            cause, about = f"fetch under {attempt.correlation}", self._router.value
            self._alert(Severity.HIGH, _ALERTED[fault], str(error), cause, subject=about)
        attempt.answer(self._failed(fetch, fault, str(error), attempt.number))

    def _handle_probe(self, probe: ProbeRouter) -> None:
        answer = answerer(self.ctx, probe)
        started_at = self.ctx.now()
        version: str | None = None
        environment: str | None = None
        warnings: tuple[str, ...] = ()
        problem: str | None = None
        maintenance = False
        self.ctx.check_live()
        try:
            health = self.port.health(correlation=self.ctx.envelope.correlation or probe.request_id)
            version, environment, warnings = health.version, health.environment, health.warnings
        except McpError as error:
            problem, maintenance = str(error), is_maintenance(error)
        now = self.ctx.now()
        answer(
            RouterProbed(
                request_id=probe.request_id,
                router=self._router,
                ok=problem is None,
                maintenance=maintenance,
                version=version,
                environment=environment,
                warnings=warnings,
                error=problem,
                latency_s=(now - started_at).total_seconds(),
                at=now,
            )
        )

    def _failed(self, fetch: Fetch, fault: McpFault, text: str, attempts: int) -> FetchFailed:
        return FetchFailed(
            request_id=fetch.request_id,
            router=self._router,
            tool=fetch.tool,
            fault=fault,
            error=text,
            attempts=attempts,
        )
