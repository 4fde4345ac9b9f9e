"""Calls one router's tools over a transport: adds headers, validates answers, raises the contract's errors.

It makes one attempt and decides nothing about retries. What an order's answers mean is in `orders.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from actors.http import HTTP_DEADLINE_S, ConnectionCut, NoAnswer, NotConnected, Transport, retry_after_s
from actors.mcp.cleaned import CleanResponse, clean
from actors.mcp.credentials import REDIRECTED, McpCredentials
from actors.mcp.json_keys import repeated_key
from actors.mcp.port import Changed, Declined, OpenPort, Unclear
from actors.mcp.reasons import MAINTENANCE, reason_in
from actors.runtime import Context
from core.contract import GET_OPTIONS_CHAIN, PLACE_COMBO_ORDER, HealthAnswer, OrderAnswer, Router
from core.contract.asked import other_than_asked
from core.contract.base import health_path, tool_path
from core.contract.registry import TOOLS
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
from core.market.freshness import age_problem
from core.market.option_chain import OptionChain
from core.strategy import Strategy
from core.venue_text import VenueText, named, quoted

RETRY_AFTER_DEFAULT_S = 5.0
"""The pause after a 429 without a `Retry-After` that can be understood."""
RETRY_AFTER_MAX_S = 300.0
FOUND_LENGTH_MAX = 80
DETAIL_BYTES_MAX = 4096
_REFUSED: Final = {429: "rate_limited", 401: "auth", 403: "auth"}
"""Statuses under which an order was not taken, by the reason that is told; the other 4xx name themselves."""

AnswerT = TypeVar("AnswerT", bound=BaseModel)


class McpClient:
    """One router over one transport."""

    def __init__(
        self,
        *,
        router: Router,
        transport: Transport,
        credentials: McpCredentials,
        strategy: Strategy,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        """`clock` tells when an answer has come; without one it is taken to come when it was asked for."""
        self._router = router
        self._clock = clock
        self._transport = transport
        self._credentials = credentials
        self._strategy = strategy

    def close(self) -> None:
        self._transport.close()

    def post(self, tool: str, request: BaseModel, *, correlation: str) -> CleanResponse:
        """Send one request and return whatever HTTP answer came. Raises `TransportError`."""
        body = request.model_dump_json().encode()
        path = tool_path(self._router, tool)
        headers = self._credentials.headers(correlation)
        return self._send("POST", path, headers, body)

    def change(self, tool: str, request: BaseModel, *, correlation: str) -> Changed:
        """One attempt at a tool that changes an order. Raises `TransportError`.

        A 409 to a placement carries the order that was placed under the label before.
        """
        response = self.post(tool, request, correlation=correlation)
        status = response.status
        if status == 200 or (status == 409 and tool == PLACE_COMBO_ORDER.name):
            try:
                return validated(OrderAnswer, parsed(response, tool), tool).order
            except McpSoftError as error:
                return Declined("soft_error", str(error))
            except McpDataAnomalyError as error:
                return Unclear(str(error))
        detail = str(self.detail(response))
        if 400 <= status < 500 and status != 408:
            return Declined(_REFUSED.get(status, f"http_{status}"), detail)
        return Unclear(f"HTTP {status}: {detail}")

    def body(self, tool: str, request: BaseModel, *, correlation: str) -> dict[str, object]:
        """One attempt at a tool that changes nothing: the object that came, whatever it holds.

        Raises `McpError`.
        """
        response = self._attempt("POST", tool_path(self._router, tool), request, correlation)
        return parsed(response, f"{self._router}.{tool}")

    def read(
        self, tool: str, request: BaseModel, *, correlation: str, now: datetime
    ) -> BaseModel | OptionChain:
        """One attempt at a tool that changes nothing, asked for at `now`. Raises `McpError`."""
        contract = TOOLS.get((self._router, tool))
        if contract is None:
            raise McpToolNotFoundError(f"{self._router}.{tool}: the contract has no such tool")
        if not isinstance(request, contract.request):
            raise McpRequestError(
                f"{self._router}.{tool}: expected {contract.request.__name__}, found {type(request).__name__}"
            )
        body = self.body(tool, request, correlation=correlation)
        # What was collected while it was waited for is younger than the question, and not ahead of the clock.
        now = now if self._clock is None else max(now, self._clock())
        if tool == GET_OPTIONS_CHAIN.name:
            return self._chain(body, now)
        answer = validated(contract.answer, body, f"{self._router}.{tool}")
        problem = other_than_asked(request, answer) or age_problem(answer, now, self._strategy)
        if problem is not None:
            raise McpDataAnomalyError(f"{tool}: {problem}")
        return answer

    def _chain(self, body: dict[str, object], now: datetime) -> OptionChain:
        try:
            return OptionChain.decode(
                body,
                now=now,
                anomalies=self._strategy.anomalies,
                max_quote_age_s=self._strategy.liquidity.max_quote_age_s,
            )
        except McpDataAnomalyError as error:
            # What is wrong is told with what was found, which is the server's.
            raise McpDataAnomalyError(str(VenueText(error, self._credentials.redact))) from error

    def health(self, *, correlation: str) -> HealthAnswer:
        """One attempt at the router's health page. Raises `McpError`."""
        response = self._attempt("GET", health_path(self._router), None, correlation)
        where = f"{self._router}.health"
        return validated(HealthAnswer, parsed(response, where), where)

    def raise_for_status(self, response: CleanResponse, where: str) -> None:
        """Raise the matching `McpError` unless the status is 200."""
        if response.status == 200:
            return
        detail = self.detail(response)
        said = f"{where}: HTTP {response.status}: {detail}"
        reason = reason_in(_decoded(response))
        match response.status:
            case 401 | 403:
                raise McpAuthError(said)
            case 404:
                raise McpToolNotFoundError(said)
            case 429:
                pause_s = retry_after_s(response.headers, max_s=RETRY_AFTER_MAX_S)
                pause_s = RETRY_AFTER_DEFAULT_S if pause_s is None else pause_s
                raise McpRateLimitError(said, pause_s, reason=reason)
            case status if 300 <= status < 400:
                raise McpRequestError(f"{where}: HTTP {status}: {REDIRECTED}")
            case status if status >= 500 or status == 408:
                raise McpServerError(said, reason=reason)
            case _:
                raise McpRequestError(said, reason=reason)

    def detail(self, response: CleanResponse) -> VenueText:
        """The server's own words."""
        found = _decoded(response)
        if isinstance(found, dict):
            found = found.get("detail", found.get("error", found))
        return VenueText(found, self._credentials.redact)

    def _send(self, method: str, path: str, headers: dict[str, str], body: bytes | None) -> CleanResponse:
        """Send, and clean the answer: its texts may get into books and alerts."""
        response = self._transport.send(method, path, headers, body, HTTP_DEADLINE_S)
        return clean(response, self._credentials.redact.of_unmistakable)

    def _attempt(self, method: str, path: str, request: BaseModel | None, correlation: str) -> CleanResponse:
        body = None if request is None else request.model_dump_json().encode()
        headers = self._credentials.headers(correlation)
        try:
            response = self._send(method, path, headers, body)
        except NoAnswer as error:
            raise McpTimeoutError(str(error)) from error
        except (NotConnected, ConnectionCut) as error:
            raise McpServerError(str(error)) from error
        self.raise_for_status(response, path)
        return response


def wire_ports(
    transport_factory: Callable[[Context], Transport], credentials: McpCredentials, strategy: Strategy
) -> OpenPort:
    """What opens a connection of its own to a router, for each life of an actor."""

    def opened(ctx: Context, router: Router) -> McpClient:
        transport = transport_factory(ctx)
        return McpClient(
            router=router, transport=transport, credentials=credentials, strategy=strategy, clock=ctx.now
        )

    return opened


def parsed(response: CleanResponse, where: str) -> dict[str, object]:
    """The JSON object in the answer. Raises `McpDataAnomalyError` if there is none.

    Raises `McpSoftError` for an `error` that is not blank, before any other field is read.
    """
    try:
        body = from_json(response.body)
    except ValueError as error:
        raise McpDataAnomalyError(f"{where}: expected JSON, found {error}") from error
    if not isinstance(body, dict):
        raise McpDataAnomalyError(f"{where}: expected a JSON object, found {type(body).__name__}")
    twice = response.repeated or repeated_key(response.body, body)
    if twice is not None:
        raise McpDataAnomalyError(
            f"{where}: expected each key once, found {quoted(twice[:FOUND_LENGTH_MAX])} twice in one object"
        )
    soft = body.get("error")
    if soft and not (isinstance(soft, str) and not soft.strip()):
        # Some servers give an object or a code for a text. Whatever it is, the other fields mean nothing.
        told = soft.strip() if isinstance(soft, str) else str(soft)
        raise McpSoftError(f"{where}: {quoted(told)}", reason=reason_in(soft))
    return body


def validated(model: type[AnswerT], body: dict[str, object], where: str) -> AnswerT:
    """The answer by its schema; `McpDataAnomalyError` names the first field that fails."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(named(str(part)) for part in first["loc"]) or "the answer"
        found = quoted(str(first["input"])[:FOUND_LENGTH_MAX])
        raise McpDataAnomalyError(f"{where}: {place}: {first['msg']}, found {found}") from error


def is_maintenance(error: McpError) -> bool:
    """True for the venue's own maintenance and settlement, which end by themselves."""
    return error.reason in MAINTENANCE.values()


def _decoded(response: CleanResponse) -> object:
    """The JSON in the answer, or the beginning of its text."""
    try:
        return from_json(response.body)
    except ValueError:
        return response.body[:DETAIL_BYTES_MAX].decode("utf-8", "replace")
