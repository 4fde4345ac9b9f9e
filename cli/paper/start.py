"""Starts a paper run: locks and empties the folder, starts the venue, and runs the engine against it."""

from __future__ import annotations

import os
from contextlib import ExitStack, nullcontext
from pathlib import Path

from actors.control.socket_path import choose_socket
from cli.data_folder import (
    emptied_paper_folder,
    locked,
    make_data_folder,
    mark_as_paper,
    others_who_write,
    private_files,
    require_paper_folder,
    restore_paper_folder,
)
from cli.paper.options import PaperOptions
from cli.views.say import say
from config import load_strategy
from core.how_many import how_many
from gateway.paper.launch import PaperVenueConfig, StartingVenue, new_token


def run_paper(options: PaperOptions) -> None:
    """Do the whole run. Raises FoundWrongError if engine or venue failed or the audit chain is broken."""
    loaded = load_strategy(options.strategy)
    require_paper_folder(options.data_dir)
    with ExitStack() as stack:
        user_umask = stack.enter_context(private_files())
        mark_as_paper(options.data_dir)
        held = stack.enter_context(
            locked(options.data_dir, lambda: choose_socket(options.data_dir, os.environ))
        )
        restore_paper_folder(options.data_dir)
        if not options.keep and (what := what_is_there(options.data_dir)) is not None:
            say(f"{what} is removed once this run has started; --keep would go on with it", err=True)
        with nullcontext() if options.keep else emptied_paper_folder(options.data_dir):
            make_data_folder(options.data_dir)
            warning = others_who_write(options.data_dir)
            if warning is not None:
                say(f"warning: {warning}", err=True)
            with StartingVenue(venue_config(options)) as starting:
                # Importing the engine takes as long as the venue takes to read its market: do both at once.
                from cli.paper.run import PaperRun

                venue = starting.listening()
        stack.callback(venue.stop)
        PaperRun(options, loaded, held, venue, user_umask).trade_and_report()


def venue_config(options: PaperOptions) -> PaperVenueConfig:
    """The venue's configuration; its faults and assumptions are checked by the venue itself."""
    return PaperVenueConfig(
        source="model" if options.chains is None else "recorded",
        seed=options.seed,
        chains=None if options.chains is None else options.chains.resolve(),
        between="hold" if options.hold_between else "move",
        faults=options.faults,
        assumptions=options.assumptions,
        token=new_token(),
        data_dir=(options.data_dir / "venue").resolve(),
    )


def what_is_there(data_dir: Path) -> str | None:
    """The account in the folder that a new run replaces, in words; None if there is none."""
    from core.errors import CerberoError
    from reading.books import has_books, required_books

    if not has_books(data_dir):
        return None
    try:
        with required_books(data_dir) as books:
            trades, cycles = books.trades(), books.cycles(1)
    except CerberoError:
        return f"{data_dir}: a paper account whose books can't be read"
    until = f", up to {cycles[-1].slot:%Y-%m-%d}" if cycles else ""
    traded = how_many(len(trades), "trade")
    return f"{data_dir}: the paper account of an earlier run ({traded}{until})"
