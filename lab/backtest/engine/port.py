"""The engine's port to a venue in the same process: values go in and come out, and no wire is between them.

What guards a meaning on the wire guards it here: the tool is one of the contract, the request is the tool's
own, the answer is about what was asked and of its age, and a chain that no reader would take is refused.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from pydantic import BaseModel

from actors.mcp import Changed, Declined
from actors.runtime import Context
from core.contract import (
    EDIT_ORDER,
    GET_OPTIONS_CHAIN,
    PLACE_COMBO_ORDER,
    TOOLS,
    GetOptionsChain,
    HealthAnswer,
    OrderAnswer,
    Router,
)
from core.contract.asked import other_than_asked
from core.errors import (
    InputError,
    McpDataAnomalyError,
    McpRequestError,
    McpSoftError,
    McpToolNotFoundError,
)
from core.market.chain_spans import ExpirySpan
from core.market.freshness import age_problem
from core.market.option_chain import OptionChain
from core.orders.books import Job
from core.strategy import Strategy
from core.venue_text import quoted
from gateway.paper.dispatch import ENVIRONMENT, VERSION
from gateway.paper.toolbox import TYPED
from gateway.paper.venue import Venue
from gateway.shell.refusals import LabelTakenError, MalformedRequestError, SoftRefusalError
from lab.backtest.engine.glance import Glance
from lab.backtest.reader import NO_QUOTES, Chains, NoFactsError

HEALTHY: Final = HealthAnswer(status="ok", version=VERSION, environment=ENVIRONMENT)
FIRST: Final = datetime.min.replace(tzinfo=UTC)
LAST: Final = datetime.max.replace(tzinfo=UTC)


class TypedVenue:
    """The venue as all ports of one engine reach it."""

    def __init__(self, venue: Venue, strategy: Strategy, chains: Chains, latency_s: float = 0.0) -> None:
        """`latency_s`: market seconds that each answer takes."""
        self.venue = venue
        self.strategy = strategy
        self.chains = chains
        self.latency_s = latency_s
        self.refused = 0
        """Orders and edits that the venue did not accept."""

    def open_port(self, ctx: Context, router: Router) -> VenuePort:
        """As `OpenPort`."""
        return VenuePort(self, ctx, router)


class VenuePort:
    """One router's tools, for one life of an actor."""

    def __init__(self, typed: TypedVenue, ctx: Context, router: Router) -> None:
        self._typed = typed
        self._venue = typed.venue
        self._ctx = ctx
        self._router = router

    def read(
        self, tool: str, request: BaseModel, *, correlation: str, now: datetime
    ) -> BaseModel | OptionChain:
        """As `ToolPort.read`."""
        where = f"{self._router}.{tool}"
        contract = TOOLS.get((self._router, tool))
        if contract is None:
            raise McpToolNotFoundError(f"{where}: the contract has no such tool")
        if not isinstance(request, contract.request):
            found = type(request).__name__
            raise McpRequestError(f"{where}: expected {contract.request.__name__}, found {found}")
        self._venue.advance(now)
        try:
            if isinstance(request, GetOptionsChain) and tool == GET_OPTIONS_CHAIN.name:
                return self._chain(request, now, where, correlation)
            answer = TYPED[self._router, tool](self._venue, request)
        except SoftRefusalError as error:
            raise McpSoftError(f"{where}: {quoted(str(error))}") from error
        except (MalformedRequestError, InputError) as error:
            raise McpRequestError(f"{where}: {quoted(str(error))}") from error
        finally:
            self._take_time()
        problem = other_than_asked(request, answer) or age_problem(answer, now, self._typed.strategy)
        if problem is not None:
            raise McpDataAnomalyError(f"{tool}: {problem}")
        return answer

    def _chain(self, request: GetOptionsChain, now: datetime, where: str, correlation: str) -> OptionChain:
        """Of a stored snapshot only what is looked at; `correlation` says for whom it is."""
        span = ExpirySpan(request.expiry_from or FIRST, request.expiry_to or LAST)
        typed, anomalies = self._typed, self._typed.strategy.anomalies
        try:
            if correlation.startswith(Job.MARKET_SNAPSHOT):
                return Glance(self._venue.source, now, span, anomalies)
            if correlation.startswith(Job.ENTRY):
                return typed.chains.for_entry(now, span)
            return typed.chains.for_held(now, span)
        except NoFactsError as error:
            if error.reason == NO_QUOTES:
                raise McpSoftError(f"{where}: no quotes") from error
            raise McpDataAnomalyError(f"{where}: expected at least one quote, found none") from error

    def health(self, *, correlation: str) -> HealthAnswer:  # noqa: ARG002  (as `ToolPort.health`)
        """As `ToolPort.health`."""
        self._venue.advance(self._ctx.now())
        self._take_time()
        return HEALTHY

    def change(self, tool: str, request: BaseModel, *, correlation: str) -> Changed:  # noqa: ARG002
        """As `ToolPort.change`."""
        self._venue.advance(self._ctx.now())
        try:
            answer = TYPED[self._router, tool](self._venue, request)
        except LabelTakenError as error:
            return error.order
        except SoftRefusalError as error:
            self._typed.refused += tool == EDIT_ORDER.name
            return Declined("soft_error", f"{tool}: {quoted(str(error))}")
        except (MalformedRequestError, InputError) as error:
            return Declined("http_422", str(error))
        finally:
            self._take_time()
        assert isinstance(answer, OrderAnswer)
        self._typed.refused += tool == PLACE_COMBO_ORDER.name and answer.order.state == "rejected"
        return answer.order

    def close(self) -> None:
        """Nothing is open."""

    def _take_time(self) -> None:
        if self._typed.latency_s:
            self._ctx.sleep(self._typed.latency_s)
