"""`ping`: one health probe of every router of the upstream host, without an engine."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from ssl import SSLContext
from typing import TYPE_CHECKING

import typer

from cli.options import DEFAULT_DATA_DIR, DEFAULT_STRATEGY, AsJson, DataDir
from cli.views.say import say

if TYPE_CHECKING:
    from cli.channels import ChannelFound
    from config import ChannelSettings, McpSettings

app = typer.Typer(rich_markup_mode=None)


@app.command()
def ping(data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Probe every router of CERBERO_BITE_MCP_URL and every alert channel once; exit code 1 if one fails.

    If commands are read from a chat, it also says whether somebody else takes them: a webhook, or another
    program that the engine on --data-dir, if one runs there, has noticed.

    Example: run.py ping --json
    """
    from pydantic import JsonValue

    from actors.http import HttpTransport
    from actors.mcp import McpCredentials
    from cli.phone_probe import probe_phone
    from cli.upstream import probe_all, tls_of
    from cli.views.output import show_json, show_table
    from config import channels_from_env, load_words, mcp_from_env, trust_from_env
    from core.errors import FoundWrongError

    settings = mcp_from_env(os.environ)
    credentials = McpCredentials(token=settings.token.get_secret_value(), bot_tag=settings.bot_tag)
    tls = tls_of(trust_from_env(os.environ), settings.url)
    words = load_words(DEFAULT_STRATEGY).words
    probes = probe_all(lambda: HttpTransport(settings.url, tls=tls), credentials, time.monotonic, words)
    channels = channels_from_env(os.environ)
    channel_tls = tls_of(trust_from_env(os.environ), *(channel.goes_to[1] for channel in channels))
    alerted = _alerted(settings, channels, channel_tls)
    phone = probe_phone(os.environ, channels, channel_tls, data_dir)
    if as_json:
        told: list[JsonValue] = [
            {"channel": one.channel, "ok": one.error is None, "error": one.error} for one in alerted
        ]
        show_json(
            {
                "url": settings.url,
                "routers": [found.as_json() for found in probes],
                "channels": told,
                "phone": None if phone is None else {"mode": phone.mode, "problem": phone.problem},
            }
        )
    else:
        show_table(
            ("router", "ok", "version", "environment", "ms", "error"),
            (
                (
                    found.router,
                    "yes" if found.ok else "no",
                    found.version or "-",
                    found.environment or "-",
                    f"{found.latency_ms:.0f}",
                    found.error or "",
                )
                for found in probes
            ),
            empty="no routers",
        )
        for found in probes:
            for warning in found.warnings:
                say(f"{found.router} warns: {warning}")
        show_table(
            ("alert channel", "ok", "error"),
            ((one.channel, "no" if one.error else "yes", one.error or "") for one in alerted),
            empty="no alert channel: alerts go to the log alone",
        )
    if phone is not None and not as_json:
        say(f"commands from the chat ({phone.mode}): {phone.problem or 'nothing else reads them'}")
    failed = [f"{found.router}: {found.error}" for found in probes if not found.ok]
    failed += [f"{one.channel}: {one.error}" for one in alerted if one.error is not None]
    if phone is not None and phone.problem is not None:
        failed.append(f"commands from the chat: {phone.problem}")
    if failed:
        raise FoundWrongError("; ".join(failed))


def _alerted(
    mcp: McpSettings, channels: Sequence[ChannelSettings], tls: SSLContext | None
) -> list[ChannelFound]:
    """Every alert channel after one attempt. What speaks to them is loaded only if there are any."""
    if not channels:
        return []
    from actors.channels import alert_channels, redactor, sender
    from cli.channels import probe_channels

    return probe_channels(alert_channels(channels, sender(None, None), tls), redactor(mcp, channels))
