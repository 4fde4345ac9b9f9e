"""`contract check`: whether the upstream host answers as the contract says, tool by tool."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from datetime import UTC, datetime

import typer

from cli.options import DEFAULT_STRATEGY, AsJson, StrategyFile
from cli.sentences import SentenceGroup

app = typer.Typer(
    cls=SentenceGroup,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Hold the upstream host against the contract. Example: run.py contract check",
)


@app.callback()
def _group() -> None:
    """Its commands follow; without this one, a single command would stand for the group."""


@app.command()
def check(strategy: StrategyFile = DEFAULT_STRATEGY, as_json: AsJson = False) -> None:
    """Ask every tool of CERBERO_BITE_MCP_URL that changes nothing once, and show how the answers differ.

    Each field that is missing, named otherwise, of another type or unit is shown with the value that was
    found. Exit code 1 if a tool does not answer as the contract says. Nothing is placed.

    Example: run.py contract check --json
    """
    from actors.http import HttpTransport
    from actors.mcp import McpClient, McpCredentials
    from cli.contract_check import ContractCheck
    from cli.upstream import tls_of
    from cli.views.output import show_json, show_table
    from cli.views.say import say
    from config import load_strategy, mcp_from_env, trust_from_env
    from core.contract import Router
    from core.errors import FoundWrongError

    settings = mcp_from_env(os.environ)
    rules = load_strategy(strategy).strategy
    credentials = McpCredentials(token=settings.token.get_secret_value(), bot_tag=settings.bot_tag)
    tls = tls_of(trust_from_env(os.environ), settings.url)
    with ExitStack() as opened:

        def client(router: Router) -> McpClient:
            transport = HttpTransport(settings.url, monotonic=time.monotonic, tls=tls)
            opened.callback(transport.close)
            return McpClient(router=router, transport=transport, credentials=credentials, strategy=rules)

        found = ContractCheck(client, rules, lambda: datetime.now(UTC), time.sleep).all()
    bad = [f"{each.router}.{each.tool}: {each.verdict}" for each in found if not each.fine]
    if as_json:
        show_json({"url": settings.url, "tools": [each.as_json() for each in found]})
    else:
        show_table(
            ("tool", "answers", "field", "expected", "found"),
            (row for each in found for row in each.rows()),
            empty="no tools",
        )
        say(f"{len(found) - len(bad)} of {len(found)} tools answer as the contract says, or need no answer")
    if bad:
        raise FoundWrongError("; ".join(bad))
