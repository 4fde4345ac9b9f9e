"""`gateway demo`: plays the whole way of an order to Deribit offline, and ends as a paper run does."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path

from actors.control.socket_path import choose_socket
from cli.data_folder import (
    emptied_paper_folder,
    locked,
    make_data_folder,
    mark_as_paper,
    private_files,
    require_paper_folder,
    restore_paper_folder,
)
from cli.interruptions import interruptions
from cli.paper.progress import Progress
from cli.paper.report import RunFacts
from cli.paper.summary import show_summary
from cli.start import INTERRUPTED
from cli.views.say import say
from config import DISTRIBUTION, load_strategy
from core.errors import FoundWrongError
from lab.live_demo import LiveDemo
from reading.audit import verified
from reading.books import stored_books
from reading.trading_books import trading_report


def run_demo(strategy: Path, data_dir: Path, seed: int, days: float) -> None:
    """Play and show the summary. Raises `FoundWrongError` if the audit chain is broken."""
    loaded = load_strategy(strategy)
    require_paper_folder(data_dir)
    began_s = time.monotonic()
    with ExitStack() as stack:
        stack.enter_context(private_files())
        mark_as_paper(data_dir)
        stack.enter_context(locked(data_dir, lambda: choose_socket(data_dir, os.environ)))
        restore_paper_folder(data_dir)
        with emptied_paper_folder(data_dir):
            make_data_folder(data_dir)
            demo = LiveDemo(loaded, data_dir, seed)
        until = demo.began + timedelta(days=days)
        progress = Progress(demo.began, until, lambda: time.monotonic() - began_s)
        with interruptions() as interrupted:

            def goes_on(now: datetime) -> bool:
                if now > demo.began and now.hour == 0:
                    say(progress.day_line(now, demo.account()), err=True)
                return not interrupted()

            ended = demo.run(until, goes_on)
            why = "all days are done" if ended >= until else "interrupted"
            demo.stop(why)
    wall_s = time.monotonic() - began_s
    show(demo, data_dir, ended, why, wall_s)
    if ended < until:
        raise SystemExit(INTERRUPTED)


def show(demo: LiveDemo, data_dir: Path, ended: datetime, why: str, wall_s: float) -> None:
    """The summary of `paper`, and what the gateway adds to it."""
    ledger, audit, books = demo.ledger(), verified(data_dir), stored_books(data_dir)
    run = RunFacts(
        began=demo.began,
        ended=ended,
        market=ledger.market,
        version=version(DISTRIBUTION),
        strategy_hash=demo.loaded.hash_computed,
        overrides=demo.loaded.overrides,
        faults=(),
        holes=(),
        ended_by=why,
        wall_s=wall_s,
    )
    show_summary(
        run=run,
        books=books,
        trading=trading_report(data_dir) if books.cycles else None,
        status=None,
        ledger=ledger,
        ledger_is_final=True,
        audit=audit,
    )
    say(f"the gateway answered {demo.calls:,} requests in {wall_s:.0f} s")
    for line in demo.assumptions:
        say(f"the gateway assumes: {line}")
    if not audit.ok:
        raise FoundWrongError(f"audit: {audit.problem}")
