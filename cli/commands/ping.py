"""`ping`: one health probe of every router of the upstream host, without an engine."""

from __future__ import annotations

import os
import time

import typer

from cli.options import AsJson

app = typer.Typer(rich_markup_mode=None)


@app.command()
def ping(as_json: AsJson = False) -> None:
    """Probe every router of CERBERO_BITE_MCP_URL once; exit code 1 if one fails or refuses the token.

    Example: run.py ping --json
    """
    from actors.http import HttpTransport
    from actors.mcp import McpCredentials
    from cli.upstream import probe_all, tls_of
    from cli.views.output import show_json, show_table
    from config import mcp_from_env, trust_from_env
    from core.errors import FoundWrongError

    settings = mcp_from_env(os.environ)
    credentials = McpCredentials(token=settings.token.get_secret_value(), bot_tag=settings.bot_tag)
    tls = tls_of(trust_from_env(os.environ), settings.url)
    probes = probe_all(lambda: HttpTransport(settings.url, tls=tls), credentials, time.monotonic)
    if as_json:
        show_json({"url": settings.url, "routers": [found.as_json() for found in probes]})
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
    failed = [f"{found.router}: {found.error}" for found in probes if not found.ok]
    if failed:
        raise FoundWrongError("; ".join(failed))
