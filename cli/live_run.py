"""One run of the live engine, from what the environment says to the engine's end."""

from __future__ import annotations

import logging
import os
import secrets
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from actors.channels import alert_channels, redactor
from actors.compose import engine_settings
from actors.control.socket_path import choose_socket
from actors.http import HttpTransport
from actors.mcp import McpCredentials
from actors.runtime import ThreadRuntime
from cli.channels import probe_beside, send_past_queues, sender_of, start_failed
from cli.data_folder import (
    EngineFolder,
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
from cli.process import EngineEnd, EngineProcess
from cli.refusal import forget_refusal
from cli.service import Service
from cli.signals import signals_to
from cli.token_check import token_is_refused
from cli.upstream import tls_of, warn_of_clear_text
from cli.views.say import say
from config import LoadedStrategy, load_settings, load_strategy
from core.errors import InputError
from reading.log_lines import LOG_FOLDER

logger = logging.getLogger("cli.live_run")


class LiveRun:
    """The engine on a data folder, against the upstream host that the environment names."""

    def __init__(self, data_dir: Path, strategy: Path) -> None:
        """Raises InputError for a variable of the environment that can't be used."""
        self._data_dir = data_dir
        self._strategy = strategy
        self._settings = settings = load_settings(os.environ)
        urls = [settings.mcp.url, *(channel.goes_to[1] for channel in settings.channels)]
        if settings.heartbeat is not None:
            urls.append(settings.heartbeat.url.get_secret_value())
        self._tls = tls_of(settings.trust, *urls)
        self._redact = redactor(settings.mcp, settings.channels, settings.heartbeat, settings.phone)

    def until_stopped(self, begins: Callable[[], None]) -> None:
        """Run until a person or a signal stops it; `begins` is called right before the actors start.

        Raises InputError or OSError for what refuses the start, FolderLostError for a folder that was taken
        away, FoundWrongError if the engine gave up. Of a failure the alert channels are told as well.
        """
        tell = self._tell_failure if self._settings.channels else None
        with told_if_it_fails(self._data_dir, tell, lambda: datetime.now(UTC)):
            loaded = self._loaded()
            warning = self._prepare_folder()
            with (
                private_files(),
                locked(self._data_dir, lambda: choose_socket(self._data_dir, os.environ)) as held,
                logging_to(self._data_dir / LOG_FOLDER, self._redact),
            ):
                self._log_warnings(warning)
                forget_refusal(self._data_dir)
                warn_of_clear_text(self._settings.mcp, self._settings.channels)
                end = self._run(self._engine(loaded, held), begins)
                moved = held.lock.moved() if end.failed else None
                if moved is not None:
                    raise FolderLostError(
                        f"{end.reason}; {moved}: put it back in its place before anything is started there"
                    )
                end.raise_if_failed()
                ended_well(self._data_dir)
                say(f"stopped: {end.reason}")

    def _tell_failure(self, reason: str) -> None:
        """One alert over each channel, past the queues of an engine that is not there."""
        settings = self._settings
        sender = sender_of(self._strategy, settings.instance_name, self._data_dir)
        alert = start_failed(self._redact(reason), str(self._data_dir), datetime.now(UTC))
        for found in send_past_queues(
            alert_channels(settings.channels, sender, self._tls), self._redact, alert
        ):
            if found.error is not None:
                _warn(f"{found.channel} was not told: {found.error}")

    def _loaded(self) -> LoadedStrategy:
        """The sealed strategy. Raises InputError if nobody has said what an armed switch does to exits."""
        loaded = load_strategy(self._strategy)
        loaded.require_hash()
        if self._settings.mode.strategy and loaded.strategy.exits_when_armed is None:
            raise InputError(
                f"{self._strategy}: kill_switch.exits: expected allow_reduce_only or block outside paper, "
                "found null; a person has to choose what an armed switch does to exits"
            )
        return loaded

    def _prepare_folder(self) -> str | None:
        """Make the data folder usable; a warning if others may write in it."""
        refuse_paper_folder(self._data_dir)
        make_data_folder(self._data_dir)
        require_usable_files(self._data_dir)
        require_room(self._data_dir)
        warning = others_who_write(self._data_dir)
        if warning is not None:
            _warn(warning)
        return warning

    def _log_warnings(self, of_folder: str | None) -> None:
        if of_folder is not None:
            logger.warning(of_folder)
        for unknown in self._settings.unknown:
            logger.warning("%s", unknown)

    def _engine(self, loaded: LoadedStrategy, held: EngineFolder) -> EngineProcess:
        """The engine, not started yet. Raises InputError if the upstream host refuses the token."""
        settings = self._settings
        composed = engine_settings(
            loaded=loaded,
            mode=settings.mode,
            mcp=settings.mcp,
            channels=settings.channels,
            data_dir=self._data_dir,
            control_socket=held.socket,
            folder_lock=held.lock,
            started_at=datetime.now(UTC),
            transport_factory=lambda ctx: self._transport(ctx.monotonic),
            redact=self._redact,
            pid=os.getpid(),
            boot_id=secrets.token_hex(16),
            folder=folder_identity(self._data_dir),
            tls=self._tls,
            instance_name=settings.instance_name,
            delivery=settings.delivery,
            beats=True,
            heartbeat=settings.heartbeat,
            phone=settings.phone,
            record_days=settings.record_days,
            words=loaded.contract_words,
        )
        probe_beside(composed.alert_channels, self._redact, _warn)
        self._require_token(loaded)
        return EngineProcess(composed, ThreadRuntime())

    def _transport(self, monotonic: Callable[[], float]) -> HttpTransport:
        return HttpTransport(self._settings.mcp.url, monotonic=monotonic, tls=self._tls)

    def _require_token(self, loaded: LoadedStrategy) -> None:
        mcp = self._settings.mcp
        credentials = McpCredentials(mcp.token.get_secret_value(), mcp.bot_tag)
        with closing(self._transport(time.monotonic)) as transport:
            refused = token_is_refused(transport, credentials, loaded.contract_words)
        if refused is not None:
            # A person has to change it: whatever starts this again would be refused again.
            raise InputError(f"{mcp.url}: {refused}")

    def _run(self, process: EngineProcess, begins: Callable[[], None]) -> EngineEnd:
        """Start the actors, wait for the end, and stop them in order."""
        mode = self._settings.mode.name
        service = Service(process.handle.cells, mode, os.environ)
        with signals_to(process.system, process.handle.request_stop):
            begins()
            process.start()
            say(f"running in mode {mode} on {self._data_dir} (pid {os.getpid()}); run.py status shows more")
            end = process.run(service.look)
            service.stopping(end.reason)
            process.stop(end.reason)
        return end


def _warn(said: str) -> None:
    say(f"warning: {said}", err=True)
