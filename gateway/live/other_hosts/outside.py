"""The keyless hosts beside Deribit: which there are, and one request to one of them."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from enum import StrEnum
from time import monotonic
from typing import Any, Final

import httpx

from gateway.live.deadline import Deadline
from gateway.live.errors import BusyError, EdgeRefusedError, UnknownOutcomeError
from gateway.live.fields import parsed_json
from gateway.live.venue.wire import bytes_of

logger = logging.getLogger(__name__)


class Host(StrEnum):
    """Every host that is ever dialled, beside Deribit's own two."""

    HYPERLIQUID = "https://api.hyperliquid.xyz"
    BINANCE = "https://fapi.binance.com"
    OKX = "https://www.okx.com"
    BYBIT = "https://api.bybit.com"
    ECB = "https://www.ecb.europa.eu"


_TOO_MANY: Final = 429
_SERVER_ERROR: Final = 500


class Outside:
    """Asks the hosts. `bases` replaces a host by another, for tests against a server on this machine."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        bases: Mapping[Host, str] | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._client = client
        self._bases = {host: host.value for host in Host} | dict(bases or {})
        self._clock = clock
        self.answered_at_s: dict[Host, float] = {}
        """When a host last answered with what was asked for, on the monotonic clock."""

    async def get(self, host: Host, path: str, deadline: Deadline, **query: str) -> bytes:
        """The body of a GET that was answered with 200. Raises an `OutsideError`."""
        request = self._client.build_request("GET", f"{self._bases[host]}{path}", params=query)
        return await self._body(host, request, deadline)

    async def get_json(self, host: Host, path: str, deadline: Deadline, **query: str) -> Any:
        """The same, as JSON."""
        return parsed_json(await self.get(host, path, deadline, **query), host.name)

    async def post_json(self, host: Host, path: str, deadline: Deadline, asked: Mapping[str, object]) -> Any:
        """What a POST of JSON was answered with."""
        request = self._client.build_request(
            "POST",
            f"{self._bases[host]}{path}",
            content=json.dumps(asked, separators=(",", ":")),
            headers={"Content-Type": "application/json"},
        )
        return parsed_json(await self._body(host, request, deadline), host.name)

    async def _body(self, host: Host, request: httpx.Request, deadline: Deadline) -> bytes:
        status, body = await bytes_of(self._client, request, deadline)
        if status == httpx.codes.OK:
            self.answered_at_s[host] = self._clock()
            return body
        logger.info("%s: HTTP %d", host.name, status)
        if status == _TOO_MANY:
            raise BusyError(f"{request.url.host}: HTTP {status}")
        if status >= _SERVER_ERROR:
            raise UnknownOutcomeError(f"{request.url.host}: HTTP {status}")
        raise EdgeRefusedError(request.url.host, status)
