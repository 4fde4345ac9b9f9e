"""The gateway's own process: sources, recorders and server, from the settings to an orderly end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import NamedTuple

from gateway.live.app import make_app
from gateway.live.deadline import Deadline
from gateway.live.recorders import Recorders
from gateway.live.settings import LiveSettings
from gateway.live.sources import LiveSources
from gateway.shell.serving import Server, bound


class Serving(NamedTuple):
    """What is said when the gateway listens."""

    url: str
    environment: str
    account: str
    assumptions: list[str]
    warnings: list[str]


def run(settings: LiveSettings, announce: Callable[[Serving], None]) -> None:
    """Serve until SIGTERM, SIGINT or SIGHUP. Raises `InputError` if it can't start."""
    asyncio.run(_run(settings, announce))


async def _run(settings: LiveSettings, announce: Callable[[Serving], None]) -> None:
    sources = LiveSources(settings)
    try:
        await sources.start(Deadline.within())
        with bound(settings.host, settings.port) as listener:
            port = int(listener.getsockname()[1])
            server = Server(make_app(sources))
            recording = asyncio.create_task(Recorders(sources, monotonic).record())

            def say() -> None:
                shown = f"[{settings.host}]" if ":" in settings.host else settings.host
                announce(
                    Serving(
                        f"http://{shown}:{port}",
                        settings.environment,
                        sources.account,
                        sources.assumptions(),
                        sources.warnings(),
                    )
                )

            try:
                await server.run_until_ended(listener, say)
            finally:
                recording.cancel()
                await asyncio.gather(recording, return_exceptions=True)
    finally:
        await sources.close()
