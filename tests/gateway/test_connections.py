"""Whoever sends nothing, or a header without an end, holds a connection for a bounded time (virtual here)."""

from __future__ import annotations

import asyncio

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.shell.connections import CONNECTIONS_MAX, HEAD_S_MAX
from gateway.shell.serving import Server, bound
from lab.virtual_loop import VirtualLoop
from tests.gateway.live.virtual import in_no_time, pass_s

HOST = "127.0.0.1"
ASKED = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"
UNENDED = b"GET / HTTP/1.1\r\nHost: here\r\n"


async def _answered(_: Request) -> Response:
    return Response(b"well")


APP = Starlette(routes=[Route("/", _answered)])


async def _closed_after_s(loop: VirtualLoop, port: int, first: bytes) -> float:
    """Send that much, then a byte of one header each second; how long until the server has closed."""
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(first)
    began_s = loop.time()
    end = asyncio.create_task(reader.read())
    while not end.done() and loop.time() < began_s + 10 * HEAD_S_MAX:
        if first:
            writer.write(b"x")
        await asyncio.wait([end], timeout=1.0)
    writer.close()
    end.cancel()
    return loop.time() - began_s


def test_who_ends_no_header_is_cut_off() -> None:
    async def play(loop: VirtualLoop) -> None:
        server = Server(APP)
        with bound(HOST, 0) as listener:
            serving = await server.begin(listener)
            port = int(listener.getsockname()[1])
            assert await _closed_after_s(loop, port, b"") <= HEAD_S_MAX + 1.0
            assert await _closed_after_s(loop, port, UNENDED) <= HEAD_S_MAX + 1.0
            # Also after a request that was whole.
            assert await _closed_after_s(loop, port, ASKED + UNENDED) <= 2 * HEAD_S_MAX + 1.0
            server.end()
            await serving

    in_no_time(play)


def test_one_connection_too_many_is_told_so_until_silent_ones_are_cut_off() -> None:
    async def play(loop: VirtualLoop) -> None:
        server = Server(APP)
        with bound(HOST, 0) as listener:
            serving = await server.begin(listener)
            port = int(listener.getsockname()[1])
            silent = [await asyncio.open_connection(HOST, port) for _ in range(CONNECTIONS_MAX)]

            async def told() -> bytes:
                reader, writer = await asyncio.open_connection(HOST, port)
                writer.write(ASKED)
                line = await reader.readline()
                writer.close()
                return line

            assert (await told()).split()[1] == b"503"
            await pass_s(HEAD_S_MAX + 1.0)
            assert (await told()).split()[1] == b"200"
            for _, writer in silent:
                writer.close()
            server.end()
            await serving

    in_no_time(play)
