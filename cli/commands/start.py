"""`start`: the live engine against the upstream host that the environment names."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import typer

from cli.options import DEFAULT_DATA_DIR, DEFAULT_STRATEGY, DataDir, StrategyFile
from cli.views.say import say

app = typer.Typer(rich_markup_mode=None)


@app.command()
def start(data_dir: DataDir = DEFAULT_DATA_DIR, strategy: StrategyFile = DEFAULT_STRATEGY) -> None:
    """Run the engine against CERBERO_BITE_MCP_URL until it is stopped (run.py stop, SIGTERM or Ctrl-C).

    Strategy mode needs CERBERO_BITE_ENABLE_STRATEGY=true. Example: run.py start --data-dir data
    """
    from cli.refusal import waits_if_refused

    with waits_if_refused(data_dir, os.environ) as begun:
        _run(data_dir, strategy, begun.begins)


def _run(data_dir: Path, strategy: Path, begins: Callable[[], None]) -> None:
    import logging
    import secrets
    import time

    from actors.channels import alert_channels, redactor
    from actors.compose import engine_settings
    from actors.control.socket_path import choose_socket
    from actors.http import HttpTransport
    from actors.mcp import McpCredentials
    from actors.runtime import ThreadRuntime
    from cli.channels import probe_beside, send_past_queues, sender_of, start_failed
    from cli.data_folder import (
        locked,
        make_data_folder,
        others_who_write,
        private_files,
        refuse_paper_folder,
    )
    from cli.failed_start import ended_well, told_if_it_fails
    from cli.folder_identity import folder_identity
    from cli.folder_lock import FolderLostError
    from cli.kept_files import require_room, require_usable_files
    from cli.logs import logging_to
    from cli.process import EngineProcess
    from cli.refusal import forget_refusal
    from cli.service import Service
    from cli.signals import signals_to
    from cli.token_check import token_is_refused
    from cli.upstream import tls_of, warn_of_clear_text
    from config import load_settings, load_strategy
    from core.errors import InputError

    settings = load_settings(os.environ)
    urls = [settings.mcp.url, *(channel.goes_to[1] for channel in settings.channels)]
    if settings.heartbeat is not None:
        urls.append(settings.heartbeat.url.get_secret_value())
    tls = tls_of(settings.trust, *urls)
    redact = redactor(settings.mcp, settings.channels, settings.heartbeat, settings.phone)

    def tell(reason: str) -> None:
        sender = sender_of(strategy, settings.instance_name, data_dir)
        alert = start_failed(redact(reason), str(data_dir), datetime.now(UTC))
        for found in send_past_queues(alert_channels(settings.channels, sender, tls), redact, alert):
            if found.error is not None:
                say(f"warning: {found.channel} was not told: {found.error}", err=True)

    with told_if_it_fails(data_dir, tell if settings.channels else None, lambda: datetime.now(UTC)):
        loaded = load_strategy(strategy)
        loaded.require_hash()
        mode = settings.mode
        if mode.strategy and loaded.strategy.exits_when_armed is None:
            raise InputError(
                f"{strategy}: kill_switch.exits: expected allow_reduce_only or block outside paper, found "
                "null; a person has to choose what an armed switch does to exits"
            )
        refuse_paper_folder(data_dir)
        make_data_folder(data_dir)
        require_usable_files(data_dir)
        require_room(data_dir)
        warning = others_who_write(data_dir)
        if warning is not None:
            say(f"warning: {warning}", err=True)
        with (
            private_files(),
            locked(data_dir, lambda: choose_socket(data_dir, os.environ)) as held,
            logging_to(data_dir / "log", redact),
        ):
            if warning is not None:
                logging.getLogger(__name__).warning(warning)
            for unknown in settings.unknown:
                logging.getLogger(__name__).warning("%s", unknown)
            forget_refusal(data_dir)
            warn_of_clear_text(settings.mcp, settings.channels)
            composed = engine_settings(
                loaded=loaded,
                mode=mode,
                mcp=settings.mcp,
                channels=settings.channels,
                data_dir=data_dir,
                control_socket=held.socket,
                folder_lock=held.lock,
                started_at=datetime.now(UTC),
                transport_factory=lambda ctx: HttpTransport(
                    settings.mcp.url, monotonic=ctx.monotonic, tls=tls
                ),
                redact=redact,
                pid=os.getpid(),
                boot_id=secrets.token_hex(16),
                folder=folder_identity(data_dir),
                tls=tls,
                instance_name=settings.instance_name,
                delivery=settings.delivery,
                beats=True,
                heartbeat=settings.heartbeat,
                phone=settings.phone,
                record_days=settings.record_days,
                words=loaded.contract_words,
            )
            probe_beside(composed.alert_channels, redact, lambda said: say(f"warning: {said}", err=True))
            transport = HttpTransport(settings.mcp.url, monotonic=time.monotonic, tls=tls)
            credentials = McpCredentials(settings.mcp.token.get_secret_value(), settings.mcp.bot_tag)
            refused = token_is_refused(transport, credentials, loaded.contract_words)
            transport.close()
            if refused is not None:
                # A person has to change it: whatever starts this again would be refused again.
                raise InputError(f"{settings.mcp.url}: {refused}")
            process = EngineProcess(composed, ThreadRuntime())
            service = Service(process.handle.cells, mode.name, os.environ)
            with signals_to(process.system, process.handle.request_stop):
                begins()
                process.start()
                say(
                    f"running in mode {mode.name} on {data_dir} (pid {os.getpid()}); run.py status shows more"
                )
                end = process.run(service.look)
                service.stopping(end.reason)
                process.stop(end.reason)
            moved = held.lock.moved() if end.failed else None
            if moved is not None:
                raise FolderLostError(
                    f"{end.reason}; {moved}: put it back in its place before anything is started there"
                )
            end.raise_if_failed()
            ended_well(data_dir)
            say(f"stopped: {end.reason}")
