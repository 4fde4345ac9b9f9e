"""`gateway`: the tool servers of the contract on this machine, over the real venues' own interfaces."""

from __future__ import annotations

import os
import sys

import typer

from cli.views.say import say

app = typer.Typer(
    rich_markup_mode=None,
    invoke_without_command=True,
    help="Serve the real market to the engine, from Deribit and from hosts that want no key.",
)


@app.callback()
def serve(context: typer.Context) -> None:
    """Serve the real market to the engine until Ctrl-C.

    It listens where CERBERO_GATEWAY_HOST and CERBERO_GATEWAY_PORT say. Without a key it serves market data
    alone, and the engine watches. Example: run.py gateway
    """
    if context.invoked_subcommand is not None:
        return
    from config import secret_from_env
    from gateway.live.process import Ready, run
    from gateway.live.settings import settings_from

    def announce(ready: Ready) -> None:
        say(f"CERBERO_BITE_MCP_URL={ready.url}")
        say(f"# {ready.environment}, account {ready.account}; CERBERO_BITE_MCP_TOKEN is the gateway's token")
        for line in ready.assumptions:
            say(f"# assumes: {line}")
        for line in ready.warnings:
            say(f"warning: {line}", err=True)
        sys.stdout.flush()

    settings = settings_from(os.environ, secret_from_env)
    if settings.exposed:
        say(f"warning: {settings.host} is reached by other machines, without TLS", err=True)
    run(settings, announce)


@app.command()
def token() -> None:
    """Make a new token for the gateway and the engine. Example: run.py gateway token"""
    import secrets

    say(secrets.token_urlsafe(32))


@app.command()
def check() -> None:
    """Start as the gateway does, read everything once, place nothing, and show what works.

    Exit code 1 if something does not. Example: run.py gateway check
    """
    from cli.views.output import show_table
    from config import secret_from_env
    from core.errors import FoundWrongError
    from gateway.live.check import checked
    from gateway.live.settings import settings_from

    report = checked(settings_from(os.environ, secret_from_env))
    show_table(
        f"gateway: {report.environment}, account {report.account}",
        ("what", "works", "found", "took"),
        [(row.what, "yes" if row.ok else "NO", row.found, f"{row.took_ms:.0f} ms") for row in report.rows],
    )
    say(
        *(f"assumes: {line}" for line in report.assumptions),
        *(f"warning: {line}" for line in report.warnings),
    )
    bad = [row.what for row in report.rows if not row.ok]
    if bad:
        raise FoundWrongError(f"gateway: {len(bad)} of {len(report.rows)} reads failed: {', '.join(bad)}")
