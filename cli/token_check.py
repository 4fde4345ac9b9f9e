"""Asks the upstream host, before a start, whether it accepts the token."""

from __future__ import annotations

from actors.http import HTTP_DEADLINE_S, Transport, TransportError
from actors.mcp import McpCredentials
from cli.upstream import refusal_of
from core.contract import ENVIRONMENT_INFO, Router
from core.contract.words import ContractWords


def token_is_refused(transport: Transport, credentials: McpCredentials, words: ContractWords) -> str | None:
    """The host's refusal of the token, as text; None if it accepts the token or can't be reached now."""
    path = words.tool_path(Router.DERIBIT, ENVIRONMENT_INFO.name)
    try:
        answer = transport.send("POST", path, credentials.headers("preflight"), b"{}", HTTP_DEADLINE_S)
    except TransportError:
        return None  # An unreachable host does not keep the engine from starting: it goes on trying.
    return refusal_of(answer) if answer.status in (401, 403) else None
