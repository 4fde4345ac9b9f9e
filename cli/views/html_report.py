"""The trading report as one HTML file: the same figures and tables as on the terminal, with charts."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from tempfile import gettempdir

from cli.result_files import write_result
from cli.views.output import time_text
from cli.views.trading import figures
from core.errors import InputError
from core.how_many import how_many
from core.statistics.curve import cumulated
from page.charts import Table, account_chart, months_chart, realised_chart
from page.one_file import Document, one_file
from reading.trading import TradingReport
from reading.trading_forms import Columns, trade_columns


def html_written(option: str, path: Path, report: TradingReport) -> None:
    """Write the file. Raises `InputError`, naming the option, or what has to be installed."""
    try:
        text = one_file(_document(report))
    except OSError as error:
        raise InputError(
            f"{option} {path}: the page can't be made: {error.strerror or error}; it takes some megabytes "
            f"in {gettempdir()} for a moment"
        ) from error
    write_result(option, path, text)


def _document(report: TradingReport) -> Document:
    found = report.performance
    days = (found.ended - found.began) / timedelta(days=1)
    charts = []
    if len(report.account) > 1:
        charts += [account_chart(report.account, "usd"), account_chart(report.account, "eth")]
    if report.trades:
        charts += [
            realised_chart(cumulated(report.trades, found.began, found.ended)),
            months_chart(found.by_month),
        ]
    refusals = Table(
        ("month", "rule", "because", "times"),
        tuple((each.month, each.rule, each.reason, str(each.times)) for each in report.refusals),
    )
    return Document(
        title="Cerbero Bite: what trading brought",
        period=f"{time_text(found.began)} to {time_text(found.ended)}, {how_many(days, 'day', '.0f')}",
        figures=tuple(figures(report)),
        charts=tuple(charts),
        tables=(("Closed trades", _table(trade_columns(report.trades))), ("Not entered", refusals)),
    )


def _table(columns: Columns) -> Table:
    rows = zip(*columns.values(), strict=True)
    return Table(
        tuple(name.replace("_", " ").replace(" eth", ", ETH").replace(" usd", ", USD") for name in columns),
        tuple(tuple("-" if cell is None else str(cell) for cell in row) for row in rows),
    )
