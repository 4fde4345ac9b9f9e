"""A backtest as a trading report, the one of `report`, and as files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from pydantic import JsonValue

from cli.result_files import write_result
from cli.views.csv_file import csv_written
from core.errors import InputError
from lab.backtest.result import Admitted, BacktestResult
from lab.backtest.settings import BacktestSettings
from reading.json_forms import cycle_json, money, trade_json, utc
from reading.trading import LastMarks, Period, ProtectionBreach, TradingReport, report_of
from reading.trading_forms import account_columns, report_json, trade_columns


def trading_of(result: BacktestResult) -> TradingReport:
    """The report of a run, by the same code as that of an engine's books."""
    return report_of(
        result.positions,
        result.cycles,
        Period(result.began, result.ended),
        span=(result.began, result.ended),
        given_away=result.given_away,
        marks=LastMarks(result.ended, result.spot_usd, result.marks_eth),
        marks_problem=None,
        account=result.account,
        breaches=tuple(ProtectionBreach(latch.at, latch.reason) for latch in result.latches),
    )


def run_json(result: BacktestResult, settings: BacktestSettings) -> dict[str, JsonValue]:
    """The whole run. Money is text; `cycles` and `trades` have the form of `paper --json`."""
    return {
        "run": {
            "road": result.road.value,
            "market": result.market,
            "began": utc(result.began),
            "ended": utc(result.ended),
            "whole": result.is_whole,
            "latency_ms": result.latency_s * 1000.0,
            "strategy_hash": settings.hash_computed,
            "sealed": settings.hash_stored == settings.hash_computed,
            "changes": list(settings.changes),
        },
        "cycles": [cycle_json(row) for row in result.cycles],
        "trades": [trade_json(position) for position in result.positions],
        "report": report_json(trading_of(result)),
        "account": {"balance_eth": money(result.balance_eth), "equity_usd": result.equity_usd},
        "admitted": _admitted_json(result.admitted),
        "entries_blocked_at_end": result.still_latched,
        "assumptions": dict(result.assumptions),
    }


def write_files(
    results: Sequence[BacktestResult],
    settings: BacktestSettings,
    *,
    out: Path | None,
    json_file: Path | None,
) -> None:
    """Write what was asked for. Raises `InputError`, naming the option, if that can't be done."""
    if json_file is not None:
        documents = [run_json(result, settings) for result in results]
        single = documents[0] if len(documents) == 1 else {"runs": documents}
        write_result("--json", json_file, json.dumps(single, indent=1) + "\n")
    if out is None:
        return
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--out {out}: expected a folder to write in: {error.strerror}") from None
    for result in results:
        trading = trading_of(result)
        write_result("--out", out / "run.json", json.dumps(run_json(result, settings), indent=1) + "\n")
        csv_written("--out", out / "trades.csv", trade_columns(trading.trades))
        csv_written("--out", out / "account.csv", account_columns(trading))
        if result.cycles:
            # The page's charts are imported where they are drawn.
            from cli.views.html_report import html_written

            html_written("--out", out / "report.html", trading)


def _admitted_json(admitted: Admitted) -> dict[str, JsonValue]:
    prices = admitted.prices
    return {
        "quote_age_at_decisions": admitted.decision_ages if admitted.recorded else None,
        "quote_age_at_fills": admitted.fill_ages if admitted.recorded else None,
        "decisions": admitted.decisions,
        "assumed_dvol_pts": admitted.assumed_dvol_pts,
        "entry_decisions": admitted.entry_decisions,
        "entry_decisions_on_assumed_funding": admitted.on_assumed_funding,
        "fills": admitted.fills,
        "fills_on_assumed_touch_size": admitted.on_assumed_size,
        "deliveries": admitted.deliveries,
        "deliveries_at_approximated_price": admitted.deliveries if admitted.recorded else 0,
        "monitors_skipped": dict(admitted.skipped),
        "vetoes": admitted.vetoes,
        "refused_by_venue": admitted.refused,
        "pnl_at_natural_eth": money(prices.natural_eth),
        "pnl_as_worked_eth": money(prices.worked_eth),
        "pnl_at_mid_eth": money(prices.mid_eth),
    }
