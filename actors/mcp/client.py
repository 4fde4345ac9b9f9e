"""Calls one router's tools over a transport: adds headers, validates answers, raises the contract's errors.

It makes one attempt and decides nothing about retries. What an order's answers mean is in `orders.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from actors.http import retry_after_s
from actors.mcp.json_keys import repeated_key
from actors.mcp.transport import HTTP_DEADLINE_S, ConnectionCut, NoAnswer, NotConnected, Response, Transport
from core.contract import GET_OPTIONS_CHAIN, Dvol, HealthAnswer, IndexPrice, OrderBook, Router
from core.contract.registry import TOOLS, health_path, tool_path
from core.errors import (
    InputError,
    McpAuthError,
    McpDataAnomalyError,
    McpRateLimitError,
    McpRequestError,
    McpServerError,
    McpSoftError,
    McpTimeoutError,
    McpToolNotFoundError,
)
from core.market.option_chain import OptionChain
from core.strategy import Strategy

BOT_TAG_LENGTH_MAX = 64
RETRY_AFTER_DEFAULT_S = 5.0
"""The pause after a 429 without a `Retry-After` that can be understood."""
RETRY_AFTER_MAX_S = 300.0
REDIRECTED = "the host sends requests elsewhere, which is not followed; correct CERBERO_BITE_MCP_URL"
DETAIL_LENGTH_MAX = 300
MASKED_LENGTH_MIN = 8
"""A shorter token, such as `paper`, is not masked: it may be an ordinary word in the data."""
_MAINTENANCE = re.compile(r"\b(11051|10041)\b")

AnswerT = TypeVar("AnswerT", bound=BaseModel)


@dataclass(frozen=True)
class McpCredentials:
    """What every request carries. The token is never shown."""

    token: str = field(repr=False)
    bot_tag: str = "BOT__CERBERO_BITE"

    def __post_init__(self) -> None:
        if not self.token.strip():
            raise InputError("CERBERO_BITE_MCP_TOKEN: expected a bearer token, found none")
        if not self.bot_tag.strip() or not self.bot_tag.isprintable():
            raise InputError(f"CERBERO_BITE_MCP_BOT_TAG: expected printable text, found {self.bot_tag!r}")
        if len(self.bot_tag) > BOT_TAG_LENGTH_MAX:
            raise InputError(
                f"CERBERO_BITE_MCP_BOT_TAG: expected at most {BOT_TAG_LENGTH_MAX} characters, "
                f"found {len(self.bot_tag)}"
            )

    def headers(self, correlation: str) -> dict[str, str]:
        """The headers of one request. Non-ASCII characters in the correlation are escaped for HTTP."""
        return {
            "Authorization": f"Bearer {self.token}",
            "X-Bot-Tag": self.bot_tag,
            "X-Correlation-Id": correlation.encode("ascii", "backslashreplace").decode("ascii"),
            "Content-Type": "application/json",
            "Accept": "application/json",
        }


class McpClient:
    """One router over one transport."""

    def __init__(
        self, *, router: Router, transport: Transport, credentials: McpCredentials, strategy: Strategy
    ) -> None:
        self._router = router
        self._transport = transport
        self._credentials = credentials
        self._strategy = strategy

    def close(self) -> None:
        self._transport.close()

    def post(self, tool: str, request: BaseModel, *, correlation: str) -> Response:
        """Send one request and return whatever HTTP answer came. Raises `TransportError`."""
        body = request.model_dump_json().encode()
        path = tool_path(self._router, tool)
        headers = self._credentials.headers(correlation)
        return self._send("POST", path, headers, body)

    def read(
        self, tool: str, request: BaseModel, *, correlation: str, now: datetime
    ) -> BaseModel | OptionChain:
        """One attempt at a tool that changes nothing. Raises `McpError`; `now` is for the answer's age."""
        contract = TOOLS.get((self._router, tool))
        if contract is None:
            raise McpToolNotFoundError(f"{self._router}.{tool}: the contract has no such tool")
        if not isinstance(request, contract.request):
            raise McpRequestError(
                f"{self._router}.{tool}: expected {contract.request.__name__}, found {type(request).__name__}"
            )
        response = self._attempt("POST", tool_path(self._router, tool), request, correlation)
        body = parsed(response, f"{self._router}.{tool}")
        if tool == GET_OPTIONS_CHAIN.name:
            return OptionChain.decode(
                body,
                now=now,
                anomalies=self._strategy.anomalies,
                max_quote_age_s=self._strategy.liquidity.max_quote_age_s,
            )
        answer = validated(contract.answer, body, f"{self._router}.{tool}")
        self._check_age(answer, tool, now)
        return answer

    def health(self, *, correlation: str) -> HealthAnswer:
        """One attempt at the router's health page. Raises `McpError`."""
        response = self._attempt("GET", health_path(self._router), None, correlation)
        where = f"{self._router}.health"
        return validated(HealthAnswer, parsed(response, where), where)

    def raise_for_status(self, response: Response, where: str) -> None:
        """Raise the matching `McpError` unless the status is 200."""
        if response.status == 200:
            return
        detail = self.detail(response)
        said = f"{where}: HTTP {response.status}: {detail}"
        match response.status:
            case 401 | 403:
                raise McpAuthError(said)
            case 404:
                raise McpToolNotFoundError(said)
            case 429:
                pause_s = retry_after_s(response.headers, max_s=RETRY_AFTER_MAX_S)
                raise McpRateLimitError(said, RETRY_AFTER_DEFAULT_S if pause_s is None else pause_s)
            case status if 300 <= status < 400:
                raise McpRequestError(f"{where}: HTTP {status}: {REDIRECTED}")
            case status if status >= 500 or status == 408:
                raise McpServerError(said)
            case _:
                raise McpRequestError(said)

    def detail(self, response: Response) -> str:
        """The server's own words, short and without the token."""
        try:
            found = from_json(response.body)
        except ValueError:
            found = response.body[:DETAIL_LENGTH_MAX].decode("utf-8", "replace")
        if isinstance(found, dict):
            found = found.get("detail", found.get("error", found))
        return str(found).replace(self._credentials.token, "[token]")[:DETAIL_LENGTH_MAX]

    def _send(self, method: str, path: str, headers: dict[str, str], body: bytes | None) -> Response:
        """Send, and mask the token in the answer, which may echo it and get into books and alerts."""
        response = self._transport.send(method, path, headers, body, HTTP_DEADLINE_S)
        token = self._credentials.token.encode()
        if len(token) < MASKED_LENGTH_MIN or token not in response.body:
            return response
        return replace(response, body=response.body.replace(token, b"[token]"))

    def _attempt(self, method: str, path: str, request: BaseModel | None, correlation: str) -> Response:
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

    def _check_age(self, answer: BaseModel, tool: str, now: datetime) -> None:
        """Raise `McpDataAnomalyError` if a current price is too old or ahead of the clock.

        Answers with history or slow statistics are not checked.
        """
        if not isinstance(answer, IndexPrice | Dvol | OrderBook):
            return
        age_s = (now - answer.timestamp).total_seconds()
        age_max_s = self._strategy.liquidity.max_quote_age_s
        ahead_max_s = self._strategy.anomalies.clock_ahead_max_s
        if age_s > age_max_s:
            raise McpDataAnomalyError(f"{tool}: {age_s:.0f} s old, expected at most {age_max_s:g} s")
        if -age_s > ahead_max_s:
            raise McpDataAnomalyError(
                f"{tool}: {-age_s:.0f} s ahead of the clock, expected at most {ahead_max_s:g} s"
            )


def parsed(response: Response, where: str) -> dict[str, object]:
    """The JSON object in the answer. Raises `McpDataAnomalyError` if there is none.

    Raises `McpSoftError` for a non-blank `error`, before any other field is read.
    """
    try:
        body = from_json(response.body)
    except ValueError as error:
        raise McpDataAnomalyError(f"{where}: expected JSON, found {error}") from error
    if not isinstance(body, dict):
        raise McpDataAnomalyError(f"{where}: expected a JSON object, found {type(body).__name__}")
    twice = repeated_key(response.body, body)
    if twice is not None:
        raise McpDataAnomalyError(
            f"{where}: expected each key once, found {twice[:80]!r} twice in one object"
        )
    soft = body.get("error")
    if isinstance(soft, str) and soft.strip():
        raise McpSoftError(f"{where}: {soft.strip()[:DETAIL_LENGTH_MAX]}")
    return body


def validated(model: type[AnswerT], body: dict[str, object], where: str) -> AnswerT:
    """The answer by its schema; `McpDataAnomalyError` names the first field that fails."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the answer"
        raise McpDataAnomalyError(
            f"{where}: {place}: {first['msg']}, found {str(first['input'])[:80]!r}"
        ) from error


def is_maintenance(text: str) -> bool:
    """True for the venue's own maintenance (11051) and settlement (10041) errors."""
    return _MAINTENANCE.search(text) is not None
