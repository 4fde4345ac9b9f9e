"""The thirty-third connection is refused, and one that is closed makes room."""

from __future__ import annotations

import asyncio

from gateway.shell.serving import Server, bound
from gateway.sim.connections import CONNECTIONS_MAX, CountedConnection
from gateway.sim.server import HOST, make_app
from tests.gateway.sim.account import SimDoor

ASKED = b"GET /api/v2/public/test HTTP/1.1\r\nHost: sim\r\n\r\n"


async def status(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    writer.write(ASKED)
    return (await reader.readline()).split()[1]


async def told_one_more(port: int) -> bytes:
    """What another connection is told."""
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        return await status(reader, writer)
    finally:
        writer.close()
        await writer.wait_closed()


def test_one_connection_too_many_is_refused_until_another_has_ended() -> None:
    async def play() -> None:
        server = Server(make_app(SimDoor().venue), protocol=CountedConnection)
        with bound(HOST, 0) as listener:
            port = int(listener.getsockname()[1])
            serving = await server.begin(listener)
            held = [await asyncio.open_connection(HOST, port) for _ in range(CONNECTIONS_MAX)]
            assert {await status(*each) for each in held} == {b"200"}
            assert await told_one_more(port) == b"429"
            held[0][1].close()
            await held[0][1].wait_closed()
            while CountedConnection.open_now == CONNECTIONS_MAX:
                await asyncio.wait([serving], timeout=0.01)
            assert await told_one_more(port) == b"200"
            for _, writer in held[1:]:
                writer.close()
                await writer.wait_closed()
            server.end()
            await serving

    asyncio.run(play())
