"""`report`: what trading brought, and how much it proves; an engine may run."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.options import DEFAULT_DATA_DIR, AsJson, DataDir, day_option

app = typer.Typer(rich_markup_mode=None)


@app.command()
def report(
    began: Annotated[
        datetime | None,
        day_option("--from", text="Count trades closed on this day (UTC) or later."),
    ] = None,
    ended: Annotated[
        datetime | None,
        day_option("--to", text="Count trades closed before this day (UTC)."),
    ] = None,
    trades_csv: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the closed trades as CSV.")
    ] = None,
    account_csv: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the account over time as CSV.")
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write one page with charts, readable without network."),
    ] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Show trades, costs, drawdown and refusals, each mean with what so few trades prove.

    Example: run.py report --data-dir data-paper --from 2026-01-01
    """
    from datetime import UTC

    from cli.result_files import require_apart
    from cli.views.csv_file import csv_written
    from cli.views.output import show_json
    from cli.views.trading import show_report
    from core.errors import InputError
    from reading.trading import Period
    from reading.trading_books import trading_report
    from reading.trading_forms import account_columns, report_json, trade_columns

    if began is not None and ended is not None and began >= ended:
        raise InputError(f"--to: expected a day after {began:%Y-%m-%d}, found {ended:%Y-%m-%d}")
    require_apart({"--trades-csv": trades_csv, "--account-csv": account_csv, "--html": html})
    period = Period(
        None if began is None else began.replace(tzinfo=UTC),
        None if ended is None else ended.replace(tzinfo=UTC),
    )
    found = trading_report(data_dir, period)
    if trades_csv is not None:
        csv_written("--trades-csv", trades_csv, trade_columns(found.trades))
    if account_csv is not None:
        csv_written("--account-csv", account_csv, account_columns(found))
    if html is not None:
        from cli.views.html_report import html_written

        html_written("--html", html, found)
    if as_json:
        show_json(report_json(found))
    else:
        show_report(found)
