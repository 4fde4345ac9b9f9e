"""The body of a request: small and in time, or whoever sends it could hold a connection for ever."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.requests import Request

from gateway.shell.bodies import HttpAnswer, failure

BYTES_MAX: Final = 64 * 1024
WITHIN_S: Final = 3.0
CLOSE: Final = {"Connection": "close"}
"""What is left of the body is not read."""


async def whole_body(request: Request) -> bytes | HttpAnswer:
    """All of it, or the refusal: 422 if it is too long, as soon as that is known, and 408 if it is late."""
    told = request.headers.get("content-length", "")
    if told.isdigit() and int(told) > BYTES_MAX:
        return _too_long(f"{int(told):,}")
    body = bytearray()
    try:
        async with asyncio.timeout(WITHIN_S):
            async for part in request.stream():
                body += part
                if len(body) > BYTES_MAX:
                    return _too_long("more")
    except TimeoutError:
        return failure(408, f"body: expected within {WITHIN_S:g} s, found {len(body):,} bytes of it", CLOSE)
    return bytes(body)


def _too_long(found: str) -> HttpAnswer:
    return failure(422, f"body: expected at most {BYTES_MAX:,} bytes, found {found}", CLOSE)
