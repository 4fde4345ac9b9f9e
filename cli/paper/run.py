"""One paper run from an empty (or kept) account to its report."""

from __future__ import annotations

import json
import logging
import os
import secrets
import time
from contextlib import ExitStack
from datetime import datetime, timedelta

from pydantic import SecretStr
from rich.console import Console

from actors.audit.verify import VerifyReport
from actors.channels import redactor
from actors.compose import engine_settings
from actors.http import HttpTransport, Transport
from actors.mcp import PaperTransport
from actors.names import CONTROL, Rooms
from actors.runtime import Context, Envelope, JumpingClock, RuntimeFault, ThreadRuntime, ask, from_us
from actors.state.stored import StoredBooks
from cli.data_folder import EngineFolder, made_with
from cli.folder_identity import folder_identity
from cli.logs import logging_to
from cli.paper.ledger import DailyEquity, LedgerReader
from cli.paper.options import PaperOptions
from cli.paper.progress import Progress
from cli.paper.report import RunFacts, report
from cli.paper.summary import show_summary
from cli.paper.told import told_lines
from cli.process import EngineEnd, EngineProcess
from cli.result_files import write_result
from cli.signals import signals_to
from cli.upstream import tls_of, warn_of_clear_text
from cli.views.live import LiveView, save_svg
from cli.views.output import time_text
from cli.views.say import say
from config import (
    LoadedStrategy,
    McpSettings,
    channels_from_env,
    delivery_from_env,
    instance_name_from_env,
    record_days,
    trust_from_env,
)
from core.errors import FoundWrongError, InputError
from core.messages.control import GetStatus
from core.messages.engine_status import EngineStatus
from core.values import Environment, Mode
from gateway.paper.launch import VenueProcess
from gateway.paper.ledger import Ledger, LedgerEntry
from reading.audit import last_recorded_at, verified
from reading.books import has_books, stored_books
from reading.log_lines import LOG_FOLDER
from reading.trading import TradingReport
from reading.trading_books import trading_report

STATUS_S = 10.0
START_WITHIN_S = 10.0
"""How long market time may stand still for a start."""
DRAW_EVERY_S = 0.4
VENUE_END_S = 3.0
"""How long to wait for the end of a venue that gives no ledger any more; with its end it says why."""

logger = logging.getLogger("cli.paper")


class PaperRun:
    """Runs the engine against a running venue process, from the engine's start to the report."""

    def __init__(
        self,
        options: PaperOptions,
        loaded: LoadedStrategy,
        held: EngineFolder,
        venue: VenueProcess,
        user_umask: int,
    ) -> None:
        self._options = options
        self._user_umask = user_umask
        self._venue = venue
        self._mcp = McpSettings(url=venue.url, token=SecretStr(venue.token))
        channels = channels_from_env(os.environ) if options.send_alerts else ()
        self._channels = channels
        redact = redactor(self._mcp, channels)
        # Venue and audit log both keep the time. After a kill they may differ by what was under way.
        known = last_recorded_at(options.data_dir) if options.keep else None
        self._began = max(venue.ready.clock, known) if known is not None else venue.ready.clock
        self._until = self._began + timedelta(days=options.days)
        if venue.ready.end is not None and self._until > venue.ready.end:
            self._until = venue.ready.end
        if self._until <= self._began:
            raise InputError(
                f"--days: the record ends at {time_text(venue.ready.end)}, nothing is left to run"
            )
        self._redact = redact
        # The books of a kept account know the ids of the last run; the same seed would draw them again, and
        # the books would take new requests for repetitions.
        seed = None if options.keep else options.seed
        self._runtime = ThreadRuntime(JumpingClock(self._began, options.speed), seed=seed)
        self._settings = engine_settings(
            loaded=loaded,
            mode=Mode(data_analysis=True, strategy=True),
            mcp=self._mcp,
            channels=channels,
            delivery=delivery_from_env(os.environ),
            data_dir=options.data_dir,
            control_socket=held.socket,
            folder_lock=held.lock,
            started_at=self._began,
            transport_factory=self._transport,
            redact=redact,
            pid=os.getpid(),
            boot_id=secrets.token_hex(16),
            folder=folder_identity(options.data_dir),
            tls=tls_of(trust_from_env(os.environ), *(channel.goes_to[1] for channel in channels)),
            instance_name=instance_name_from_env(os.environ),
            environment=Environment.PAPER,
            record_days=record_days(os.environ, default=None),
        )
        self._status: EngineStatus | None = None
        self._screen: tuple[EngineStatus, tuple[Envelope, ...]] | None = None

    def trade_and_report(self) -> None:
        """Run to the end, show the summary, write the JSON."""
        began_s = time.monotonic()
        self._progress = Progress(self._began, self._until, lambda: time.monotonic() - began_s)
        reader = LedgerReader(self._venue.url, self._venue.token)
        equity = DailyEquity(self._runtime, reader, self._tell_day)
        with logging_to(self._options.data_dir / LOG_FOLDER, self._redact), ExitStack() as stack:
            stack.callback(reader.close)
            warn_of_clear_text(self._mcp, self._channels)
            process = EngineProcess(self._settings, self._runtime)
            stack.enter_context(signals_to(process.system, process.handle.request_stop))
            # Market time must stand still until the timers that belong to its first moment are set.
            first = reader.read()
            with self._runtime.operation():
                equity.start(self._began)
                process.stop_at(self._until, "all days are done")
                process.start(START_WITHIN_S)
            end = self._run(process)
            with self._runtime.operation():
                self._look(process)
                process.stop(end.reason)
            ledger, gone = reader.last or first, None
            try:
                ledger = reader.read()
                equity.end(self._began, from_us(self._runtime.now_us()), ledger.end)
            except FoundWrongError as error:
                # Report the run all the same, with the last ledger that was read.
                gone = self._venue_end(VENUE_END_S) or str(error)
                end = EngineEnd(gone, failed=True)
            if not has_books(self._options.data_dir):
                # Not even state has started: there is nothing to report but why.
                end.raise_if_failed()
            self._report(end, ledger, equity, time.monotonic() - began_s, ledger_is_final=gone is None)
        end.raise_if_failed()

    def _venue_end(self, wait_s: float = 0.0) -> str | None:
        """Why the venue's process is gone, None while it runs."""
        found = self._venue.end_found(wait_s)
        return None if found is None else f"paper venue: {found}"

    def _run(self, process: EngineProcess) -> EngineEnd:
        """Run until all days are done, a stop is requested, or the engine or the venue has ended."""

        def watch() -> None:
            gone = self._venue_end()
            if gone is not None:
                process.handle.request_stop(gone)

        console = Console()
        if not self._has_view(console):
            return process.run(watch)
        drawn_s = 0.0
        with LiveView(console) as view:

            def draw() -> None:
                nonlocal drawn_s
                watch()
                if time.monotonic() - drawn_s < DRAW_EVERY_S:
                    return
                drawn_s = time.monotonic()
                self._look(process)
                if self._status is not None:
                    progress = self._progress.text(self._status.at)
                    view.draw(self._status, told_lines(process.system.tracer.items()), progress)

            return process.run(draw)

    def _has_view(self, console: Console) -> bool:
        return self._options.show_view and console.is_terminal

    def _tell_day(self, midnight: datetime, account: LedgerEntry) -> None:
        """One line a market day on standard error, unless the view shows how far the run is."""
        if not self._has_view(Console()):
            say(self._progress.day_line(midnight, account), err=True)

    def _look(self, process: EngineProcess) -> None:
        """Ask the engine for its status; if it does not answer in time, keep the last one."""
        try:
            status = ask(GetStatus().to(Rooms(process.system.addresses)[CONTROL]), timeout_s=STATUS_S)
        except RuntimeFault as error:
            logger.warning("no status: %s", error)
            return
        if isinstance(status, EngineStatus):
            self._status = status
            if status.positions or self._screen is None:
                self._screen = status, process.system.tracer.items()

    def _report(
        self, end: EngineEnd, ledger: Ledger, equity: DailyEquity, wall_s: float, *, ledger_is_final: bool
    ) -> None:
        options = self._options
        books = stored_books(options.data_dir)
        audit = verified(options.data_dir)
        trading = trading_report(options.data_dir) if books.cycles else None
        identity = self._settings.identity
        run = RunFacts(
            began=self._began,
            ended=from_us(self._runtime.now_us()),
            market=self._venue.ready.market,
            version=identity.version,
            strategy_hash=identity.strategy_hash,
            overrides=identity.overrides,
            faults=options.faults,
            holes=self._venue.ready.holes,
            ended_by=end.reason,
            wall_s=wall_s,
        )
        try:
            with made_with(self._user_umask):
                self._write_files(run, books, ledger, equity, audit, trading)
        finally:
            # The summary is shown even if a file can't be written.
            show_summary(
                run=run,
                books=books,
                trading=trading,
                status=self._status,
                ledger=ledger,
                ledger_is_final=ledger_is_final,
                audit=audit,
            )
        if not audit.ok:
            raise FoundWrongError(f"audit: {audit.problem}")

    def _write_files(
        self,
        run: RunFacts,
        books: StoredBooks,
        ledger: Ledger,
        equity: DailyEquity,
        audit: VerifyReport,
        trading: TradingReport | None,
    ) -> None:
        """Write the report and the picture, if they were asked for."""
        options = self._options
        if options.json_file is not None:
            document = report(
                run=run,
                books=books,
                status=self._status,
                ledger=ledger,
                equity=equity.entries,
                audit=audit,
                trading=trading,
            )
            write_result("--json", options.json_file, json.dumps(document, indent=1) + "\n")
        if options.svg is not None and self._screen is not None:
            status, envelopes = self._screen
            save_svg("--svg", options.svg, status, told_lines(envelopes))

    def _transport(self, ctx: Context) -> Transport:
        return PaperTransport(HttpTransport(self._venue.url, monotonic=ctx.monotonic), clock=ctx)
