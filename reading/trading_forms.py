"""A trading report as JSON and as columns, for programs. docs/report.md documents every key and column."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from pydantic import JsonValue

from core.statistics.costs import Costs
from core.statistics.curve import Drawdown, Steadiness
from core.statistics.means import Mean, evidence
from core.statistics.performance import RESULT_QUANTILES, Group, exit_name
from core.statistics.trades import ClosedTrade
from reading.json_forms import money, utc
from reading.trading import OpenTrade, TradingReport

Cell = str | int | float | None
Columns = dict[str, list[Cell]]
"""Values by column, all of one length, as `pandas.DataFrame` and `polars.DataFrame` take them."""


def report_json(report: TradingReport) -> dict[str, JsonValue]:
    """The whole report. Amounts that were booked are text in plain digits; statistics are numbers."""
    found = report.performance
    return {
        "began": utc(found.began),
        "ended": utc(found.ended),
        "total": _group_json(found.total),
        "evidence": evidence("mean r", found.total.mean_result),
        "expectancy_usd": _mean_json(found.expectancy_usd),
        "average_win_usd": _mean_json(found.average_win_usd),
        "average_loss_usd": _mean_json(found.average_loss_usd),
        "profit_factor": found.profit_factor,
        "result_quantiles": {
            f"{share:g}": value for share, value in zip(RESULT_QUANTILES, found.results, strict=False)
        },
        "drawdown": None if found.drawdown is None else _drawdown_json(found.drawdown),
        "exposure": found.exposure,
        "steadiness": _steadiness_json(found.steadiness),
        "costs": _costs_json(found.costs),
        "by_month": [_group_json(group) for group in found.by_month],
        "by_kind": [_group_json(group) for group in found.by_kind],
        "by_exit": [_group_json(group) for group in found.by_exit],
        "trades": _rows(trade_columns(report.trades)),
        "open": [_open_json(trade) for trade in report.open_trades],
        "marks_at": None if report.marks is None else utc(report.marks.at),
        "marks_problem": report.marks_problem,
        "account": _rows(account_columns(report)),
        "eth_effect_usd": None if report.eth_effect_usd is None else money(report.eth_effect_usd),
        "entry_cycles": dict(report.entries),
        "breaches": [{"at": utc(breach.at), "text": breach.text} for breach in report.breaches],
        "refusals": [
            {
                "month": refusal.month,
                "rule": refusal.rule,
                "reason": refusal.reason,
                "times": refusal.times,
            }
            for refusal in report.refusals
        ],
    }


def trade_columns(trades: Sequence[ClosedTrade]) -> Columns:
    """The closed trades, one a row. Amounts are text in plain digits, as they were booked; r is a number."""
    return {
        "id": [trade.position_id for trade in trades],
        "kind": [trade.kind.value for trade in trades],
        "exit_rule": [exit_name(trade) for trade in trades],
        "contracts": [trade.contracts for trade in trades],
        "entered_at": [utc(trade.entered_at) for trade in trades],
        "closed_at": [utc(trade.closed_at) for trade in trades],
        "mid_credit_eth": [money(trade.mid_credit_eth) for trade in trades],
        "credit_eth": [money(trade.credit_eth) for trade in trades],
        "fees_eth": [money(trade.fees_eth) for trade in trades],
        "crossing_in_eth": [money(trade.crossing_in_eth) for trade in trades],
        "crossing_out_eth": [_maybe_money(trade.crossing_out_eth) for trade in trades],
        "pnl_eth": [money(trade.pnl_eth) for trade in trades],
        "pnl_usd": [money(trade.pnl_usd) for trade in trades],
        "worst_loss_usd": [trade.worst_loss_usd for trade in trades],
        "r": [trade.result for trade in trades],
    }


def account_columns(report: TradingReport) -> Columns:
    """The account at the venue at each entry decision, beside the P&L realised until then, one a row."""
    realised = [
        sum((trade.pnl_usd for trade in report.trades if trade.closed_at <= point.at), Decimal(0))
        for point in report.account
    ]
    return {
        "at": [utc(point.at) for point in report.account],
        "equity_eth": [point.equity_eth for point in report.account],
        "index_usd": [point.spot_usd for point in report.account],
        "equity_usd": [point.equity_usd for point in report.account],
        "realised_usd": [money(amount) for amount in realised],
    }


def _rows(columns: Columns) -> list[JsonValue]:
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _maybe_money(amount: Decimal | None) -> str | None:
    return None if amount is None else money(amount)


def _group_json(group: Group) -> dict[str, JsonValue]:
    return {
        "name": group.name,
        "trades": group.trades,
        "wins": group.wins,
        "pnl_eth": money(group.pnl_eth),
        "pnl_usd": money(group.pnl_usd),
        "win_rate": _mean_json(group.win_rate),
        "mean_r": _mean_json(group.mean_result),
    }


def _mean_json(mean: Mean | None) -> JsonValue:
    if mean is None:
        return None
    return {
        "trades": mean.trades,
        "value": mean.value,
        "interval": None if mean.interval is None else list(mean.interval),
        "with_loss": mean.with_loss,
        "interval_with_loss": None if mean.interval_with_loss is None else list(mean.interval_with_loss),
    }


def _drawdown_json(drawdown: Drawdown) -> JsonValue:
    return {
        "depth_usd": drawdown.depth,
        "peak_at": utc(drawdown.peak_at),
        "trough_at": utc(drawdown.trough_at),
        "recovered_at": utc(drawdown.recovered_at),
        "length_days": drawdown.length_days,
    }


def _steadiness_json(found: Steadiness) -> JsonValue:
    return {
        "weeks": found.weeks,
        "sharpe": found.sharpe,
        "sharpe_standard_error": found.standard_error,
        "sortino": found.sortino,
    }


def _costs_json(costs: Costs) -> JsonValue:
    return {
        "mid_credit_eth": money(costs.mid_credit_eth),
        "credit_eth": money(costs.credit_eth),
        "fees_eth": money(costs.fees_eth),
        "crossing_in_eth": money(costs.crossing_in_eth),
        "crossing_out_eth": money(costs.crossing_out_eth),
        "exits_without_mid": costs.unknown_exits,
        "share_of_mid_credit": costs.share(costs.total_eth),
    }


def _open_json(trade: OpenTrade) -> JsonValue:
    return {
        "id": trade.position.position_id,
        "kind": trade.position.kind.value,
        "contracts": trade.position.contracts,
        "entered_at": utc(trade.position.entered_at),
        "pnl_eth": _maybe_money(trade.pnl_eth),
        "pnl_usd": _maybe_money(trade.pnl_usd),
    }
