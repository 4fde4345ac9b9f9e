"""Asks the upstream host, for a command, whether its routers are there."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from ssl import SSLContext

from pydantic import JsonValue

from actors.http import HTTP_DEADLINE_S, Response, Transport, TransportError, trusted
from actors.mcp import REDIRECTED, McpCredentials
from cli.views.say import say
from config import ChannelSettings, McpSettings, TrustSettings, sent_in_clear
from core.contract.base import HealthAnswer, Router
from core.contract.words import ContractWords

logger = logging.getLogger("cli.upstream")


@dataclass(frozen=True)
class Probe:
    """One router's answer to one attempt."""

    router: Router
    ok: bool
    version: str | None
    environment: str | None
    latency_ms: float
    warnings: tuple[str, ...]
    error: str | None

    def as_json(self) -> dict[str, JsonValue]:
        return {
            "router": self.router,
            "ok": self.ok,
            "version": self.version,
            "environment": self.environment,
            "latency_ms": round(self.latency_ms, 1),
            "warnings": list(self.warnings),
            "error": self.error,
        }


def tls_of(trust: TrustSettings, *urls: str) -> SSLContext | None:
    """Whose certificates are trusted on the way to these hosts; None for the public authorities'.

    Files that nothing needs are not read. Raises InputError for one that holds no certificates.
    """
    if not any(url.lower().startswith("https:") for url in urls):
        return None
    return trusted(instead=trust.instead, beside=trust.beside)


def warn_of_clear_text(mcp: McpSettings, channels: Sequence[ChannelSettings]) -> None:
    """Name, on the terminal and in the log, whatever is sent in clear to another machine."""
    for line in sent_in_clear(mcp, channels):
        say(f"warning: {line}", err=True)
        logger.warning("%s", line)


def probe_all(
    open_transport: Callable[[], Transport],
    credentials: McpCredentials,
    monotonic: Callable[[], float],
    words: ContractWords,
) -> list[Probe]:
    """One attempt at each router's health page, all at once, so that a host that hangs costs one deadline."""

    def one(router: Router) -> Probe:
        with closing(open_transport()) as transport:
            return probe(transport, credentials, router, monotonic, words)

    with ThreadPoolExecutor(len(Router)) as pool:
        return list(pool.map(one, Router))


def probe(
    transport: Transport,
    credentials: McpCredentials,
    router: Router,
    monotonic: Callable[[], float],
    words: ContractWords,
) -> Probe:
    """One attempt at a router's health page, with the token."""
    began_s = monotonic()
    version = environment = None
    warnings: tuple[str, ...] = ()
    try:
        answer = transport.send(
            "GET", words.health_path(router), credentials.headers("ping"), None, HTTP_DEADLINE_S
        )
        error = refusal_of(answer)
        if error is None:
            health = HealthAnswer.model_validate_json(answer.body)
            version, environment, warnings = health.version, str(health.environment), health.warnings
    except TransportError as failure:
        error = str(failure)
    except ValueError:
        error = "the health page is not what the contract says"
    latency_ms = (monotonic() - began_s) * 1000
    return Probe(router, error is None, version, environment, latency_ms, warnings, error)


def refusal_of(answer: Response) -> str | None:
    """Why the host did not answer what was asked, as text; None if it did."""
    if answer.status == 200:
        return None
    if answer.status in (401, 403):
        return f"the token is refused (HTTP {answer.status})"
    if 300 <= answer.status < 400:
        return f"HTTP {answer.status}: {REDIRECTED}"
    return f"HTTP {answer.status}"
