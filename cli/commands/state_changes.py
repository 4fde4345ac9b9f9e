"""The commands of `state …` that change the books: each needs a folder without an engine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.options import (
    CONTRACTS_MAX,
    DEFAULT_DATA_DIR,
    DEFAULT_STRATEGY,
    DataDir,
    StrategyFile,
    named_path,
    whole_option,
)
from cli.views.say import say

app = typer.Typer(rich_markup_mode=None)


@app.command()
def clear_texts(data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Delete what venues said in their own words, while no engine runs; the audit log keeps its digests.

    Backups made before, and the files in log/, still hold the texts.

    Example: run.py state clear-texts --data-dir data
    """
    from actors.state import clearing
    from cli.as_owner import as_owner_of
    from cli.data_folder import private_files, without_engine
    from core.errors import InputError
    from reading.books import has_books

    if not has_books(data_dir):
        raise InputError(f"--data-dir {data_dir}: expected a folder with cerbero.db, found none")
    with as_owner_of(data_dir), private_files(), without_engine(data_dir):
        cleared = clearing.clear_texts(data_dir)
    say(f"{cleared} texts cleared; backups made before, and the files in log/, still hold them")


@app.command()
def rebuild(
    from_audit: Annotated[
        Path,
        typer.Option(
            "--from-audit",
            metavar="DIR",
            parser=named_path,
            help="The folder of the audit files; it is only read.",
        ),
    ],
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Write the books anew from the audit log alone, into a folder that has none.

    Next runs, answers to requests and which channel has which alert are not in the log: jobs start on their
    grid, and alerts count as delivered. Move a damaged cerbero.db (and cerbero.db-wal) away first.

    Example: run.py state rebuild --from-audit data/audit --data-dir data
    """
    from actors.audit.files import AUDIT_FOLDER
    from cli.as_owner import as_owner_of
    from cli.data_folder import private_files
    from cli.rebuilding import rebuilt_from_audit

    with as_owner_of(data_dir), private_files():
        path, head = rebuilt_from_audit(from_audit, data_dir)
    say(f"{path}: rebuilt from the log up to {head}")
    if not (data_dir / AUDIT_FOLDER).is_dir():
        say(f"before an engine starts on this folder, put the audit files into {data_dir / AUDIT_FOLDER}")


@app.command()
def restore(
    backup: Annotated[
        Path | None,
        typer.Option("--from", metavar="DIR", help="The backup (backups/<utc>, or a copy of it elsewhere)."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only check the backup and say what would be lost.")
    ] = False,
    strategy: StrategyFile = DEFAULT_STRATEGY,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Put a backup in the place of the books: log and database together. Needs a folder without an engine.

    The backup is proved first. What the books know beyond it is named; what is replaced is kept in replaced/.
    The switch stays armed if it is. Without --from it finishes a restore that was cut short.

    Example: run.py state restore --from data/backups/20260105T130000Z --dry-run
    """
    from cli.as_owner import as_owner_of
    from cli.data_folder import make_data_folder, without_engine
    from cli.restore_source import require_apart
    from cli.restoring import finished, planned, restored, told
    from cli.restoring import now as this_moment
    from config import load_strategy
    from core.errors import InputError
    from reading.restore_begun import restore_begun

    cut_short = restore_begun(data_dir)
    if backup is None and not cut_short:
        raise InputError("--from: expected the backup to restore, found none, and no restore to be finished")
    if dry_run and (backup is None or cut_short):
        raise InputError("--dry-run: expected --from, and no restore that is to be finished")
    if backup is not None:
        require_apart(backup, data_dir)
    found = load_strategy(strategy).strategy if strategy.exists() else None
    environment = None if found is None else found.execution.environment
    anchor = None if found is None else found.audit.anchor_path
    if dry_run and backup is not None:
        for sentence in told(planned(backup, data_dir, environment, anchor), data_dir):
            say(sentence)
        say("nothing was changed")
        return
    with as_owner_of(data_dir):
        make_data_folder(data_dir)
        with without_engine(data_dir):
            aside = finished(data_dir)
            if aside is not None:
                say(f"a restore that was cut short is finished; what it replaced is in {aside}")
            if backup is None:
                return
            plan = planned(backup, data_dir, environment, anchor)
            for sentence in told(plan, data_dir):
                say(sentence)
            aside = restored(plan, data_dir, this_moment())
    if aside is not None:
        say(f"what was there is in {aside}")
    say(f"{data_dir}: restored; start the engine, which compares the books with the venue first")


@app.command()
def book_exit(
    position: Annotated[
        str,
        typer.Argument(
            metavar="POSITION", help="The id of the position, as run.py state positions shows it."
        ),
    ],
    contracts: Annotated[
        int, whole_option(1, CONTRACTS_MAX, "--contracts", text="How many contracts were closed.")
    ],
    price: Annotated[
        list[str],
        typer.Option(
            "--price",
            metavar="LEG=ETH",
            help="What a contract of a leg was traded at; give it once for each leg.",
        ),
    ],
    fee: Annotated[str, typer.Option("--fee", metavar="ETH", help="What all fees of it were together.")],
    index: Annotated[str, typer.Option("--index", metavar="USD", help="What the index was at that time.")],
    at: Annotated[
        str, typer.Option("--at", metavar="TIME", help="When it was traded, as ISO 8601 with a zone.")
    ],
    reason: Annotated[str, typer.Option("--reason", help="Say where you know it from; the log keeps it.")],
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Book an exit that the venue does not list any more, after a restore. Needs a folder without an engine.

    Nothing is sent. At the next start the engine compares the books with the venue before anything else.

    Example: run.py state book-exit p-entry-20260105T140000Z --contracts 2 --price ETH-16JAN26-3550-C=0.0041
    --price ETH-16JAN26-3800-C=0.0010 --fee 0.0012 --index 3150 --at 2026-01-06T12:04:00Z --reason "statement"
    """
    from cli.as_owner import as_owner_of
    from cli.booking import booked_exit, told_exit
    from cli.data_folder import private_files, without_engine
    from cli.restoring import now as this_moment

    told = told_exit(position, contracts, price, fee, index, at, reason)
    with as_owner_of(data_dir), private_files(), without_engine(data_dir):
        say(booked_exit(data_dir, told, this_moment()))


@app.command()
def book_entry(
    position: Annotated[
        str, typer.Argument(metavar="POSITION", help="The id of the position, as the restore has named it.")
    ],
    replaced: Annotated[
        Path,
        typer.Option("--from", metavar="FOLDER", help="What the restore has put aside: replaced/UTC."),
    ],
    reason: Annotated[str, typer.Option("--reason", help="Say why; the log keeps it.")],
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Take back the plan of a trade that was opened after the backup. Needs a folder without an engine.

    Nothing is sent. At the next start the engine takes over what the venue has of the trade, and closes it
    by its rules as any other.

    Example: run.py state book-entry p-entry-20260105T140000Z --from data/replaced/20260106T120000Z
    --reason "it is open at the venue"
    """
    from cli.as_owner import as_owner_of
    from cli.data_folder import private_files, without_engine
    from cli.restoring import now as this_moment
    from cli.taking_back import taken_back

    with as_owner_of(data_dir), private_files(), without_engine(data_dir):
        say(taken_back(data_dir, replaced, position, reason, this_moment()))
