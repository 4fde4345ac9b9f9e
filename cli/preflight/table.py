"""All lines of the preflight, from what was read of the settings, the data folder and the upstream host."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from ssl import SSLContext

from actors.channels import alert_channels, redactor, sender
from actors.health.disk import free_bytes_at
from actors.http import HttpTransport
from actors.mcp import McpClient, McpCredentials
from cli.channels import probe_channels
from cli.preflight import channels, machine, settings, upstream
from cli.preflight.line import LineState, PreflightCheck, PreflightLine, guarded
from cli.preflight.tags import tags_at_next_start
from cli.upstream import probe_all, tls_of
from config import LoadedStrategy, Settings
from core.contract import Router
from core.contract.words import AS_THE_CONTRACT
from core.errors import InputError
from core.strategy import Strategy
from core.values import Label
from reading.backups import bound_to
from reading.books import has_books, live_books, stored_orders

ENV_FILE = Path(".env")
NOT_LOOKED_AT = "settings or strategy.yaml could not be read"
NO_CERTIFICATES = "the certificates that are trusted could not be read"


def table(
    read: Settings | InputError,
    loaded: LoadedStrategy | InputError,
    data_dir: Path,
    *,
    clock: Callable[[], datetime],
) -> list[PreflightLine]:
    """Every check once, in the order of `PreflightCheck`; what could not be looked at says so."""
    lines = [*_of_settings(read), *_of_strategy(loaded, data_dir), *_of_folder(data_dir)]
    if not isinstance(read, InputError):
        lines += _outside(read, loaded, data_dir, clock=clock)
    found = {line.check: line for line in lines}
    return [found.get(check) or upstream.not_read([check], NOT_LOOKED_AT)[0] for check in PreflightCheck]


def _of_settings(read: Settings | InputError) -> list[PreflightLine]:
    lines = [settings.variables(read), guarded(PreflightCheck.SECRETS, lambda: settings.secrets(ENV_FILE))]
    return lines if isinstance(read, InputError) else [*lines, settings.encryption(read), settings.mode(read)]


def _of_strategy(loaded: LoadedStrategy | InputError, data_dir: Path) -> list[PreflightLine]:
    sealed = settings.strategy(loaded)
    if isinstance(loaded, InputError):
        return [sealed]
    strategy = loaded.strategy
    return [
        sealed,
        settings.overrides(loaded.overrides),
        settings.exits_when_armed(strategy),
        settings.protections(strategy.protections),
        guarded(PreflightCheck.ANCHOR, lambda: machine.anchor(strategy.audit.anchor_path, data_dir)),
    ]


def _of_folder(data_dir: Path) -> list[PreflightLine]:
    return [
        guarded(PreflightCheck.DATA_FOLDER, lambda: machine.data_folder(data_dir)),
        guarded(PreflightCheck.ENGINE, lambda: machine.engine(data_dir)),
        guarded(PreflightCheck.DISK, lambda: machine.disk(data_dir, free_bytes_at)),
        guarded(PreflightCheck.KILL_SWITCH, lambda: machine.kill_switch(data_dir)),
        guarded(PreflightCheck.AUDIT_LOG, lambda: machine.audit_log(data_dir)),
        guarded(PreflightCheck.BACKUPS, lambda: machine.backups(data_dir)),
    ]


def _outside(
    read: Settings,
    loaded: LoadedStrategy | InputError,
    data_dir: Path,
    *,
    clock: Callable[[], datetime],
) -> list[PreflightLine]:
    """What has to be asked for elsewhere: at the upstream host, and over the alert channels."""
    known = None if isinstance(loaded, InputError) else loaded
    try:
        tls = tls_of(read.trust, read.mcp.url, *(channel.goes_to[1] for channel in read.channels))
    except InputError as error:
        waiting = (*upstream.OF_THE_TOKEN, *upstream.OF_THE_ACCOUNT, PreflightCheck.CHANNELS)
        return [
            PreflightLine(PreflightCheck.ROUTERS, LineState.NOT, str(error), "correct that variable"),
            *upstream.not_read(waiting, NO_CERTIFICATES),
            settings.heartbeat(read),
        ]
    strategy = Strategy() if known is None else known.strategy
    opens = alert_channels(read.channels, sender(strategy, read.instance_name), tls)
    redact = redactor(read.mcp, read.channels)
    return [
        *_of_host(read, known, data_dir, tls, clock),
        guarded(PreflightCheck.CHANNELS, lambda: channels.channels(probe_channels(opens, redact))),
        settings.heartbeat(read),
    ]


def _of_host(
    read: Settings,
    known: LoadedStrategy | None,
    data_dir: Path,
    tls: SSLContext | None,
    clock: Callable[[], datetime],
) -> list[PreflightLine]:
    credentials = McpCredentials(read.mcp.token.get_secret_value(), read.mcp.bot_tag)

    def transport() -> HttpTransport:
        return HttpTransport(read.mcp.url, monotonic=time.monotonic, tls=tls)

    words = AS_THE_CONTRACT if known is None else known.contract_words
    with ExitStack() as opened:
        clients: dict[Router, McpClient] = {}

        def client(router: Router) -> McpClient:
            if router not in clients:
                to_host = transport()
                opened.callback(to_host.close)
                clients[router] = McpClient(
                    router=router,
                    transport=to_host,
                    credentials=credentials,
                    strategy=Strategy() if known is None else known.strategy,
                    words=words,
                )
            return clients[router]

        ask = upstream.Asking(client, clock)
        lines = [upstream.routers(probe_all(transport, credentials, time.monotonic, words))]
        strategy = None if known is None else known.strategy
        lines += upstream.of_the_token(ask, strategy, bound_to(data_dir), clock)
        if next(line for line in lines if line.check is PreflightCheck.TOKEN).state is not LineState.OK:
            return lines + upstream.not_read(upstream.OF_THE_ACCOUNT, "the token could not be used")
        lines.append(upstream.capital_line(ask, known))
        lines.append(guarded(PreflightCheck.POSITIONS, lambda: _positions(ask, data_dir, clock())))
    return lines


def _positions(ask: upstream.Reader, data_dir: Path, now: datetime) -> PreflightLine:
    def ours(labels: Sequence[Label]) -> frozenset[Label]:
        if not labels or not has_books(data_dir):
            return frozenset()
        return frozenset(labels) & {row.label for _, row in stored_orders(data_dir, None)}

    return upstream.positions(ask, live_books(data_dir, now), tags_at_next_start(data_dir, now), ours, now)
