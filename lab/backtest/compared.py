"""Two runs over the same market, held against each other to the last digit: what differs first, and where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from core.contract import Trade
from core.orders.books import EntryLatch, Job
from core.orders.label import OrderLabel
from core.venue_text import CLOSE, OPEN
from lab.backtest.result import BacktestResult
from reading.json_forms import cycle_json, money, trade_json, utc

Row: TypeAlias = Mapping[str, Any]
JOBS = (Job.ENTRY, Job.MONITOR, Job.SETTLEMENT)
"""What a backtest runs on either road; an engine has other cycles beside them."""
MISSING = "none"


class Discrepancy(NamedTuple):
    """One field of one thing that has two values; `at` sorts differences by their time."""

    at: str
    thing: str
    field: str
    left: object
    right: object

    def text(self, left: str, right: str) -> str:
        """As a line; the arguments name the two runs."""
        return f"{self.thing}: {self.field}: {left} {self.left}, {right} {self.right}"


def differences(left: BacktestResult, right: BacktestResult) -> list[Discrepancy]:
    """Every difference of trades, fills, cycles, latches, account and counts, the earliest first."""
    found = [
        *row_differences("trade", map(trade_json, left.positions), map(trade_json, right.positions)),
        *row_differences("fill", fill_rows(left.fills), fill_rows(right.fills)),
        *row_differences("cycle", map(cycle_json, left.cycles), map(cycle_json, right.cycles)),
        *row_differences("latch", map(_latch_row, left.latches), map(_latch_row, right.latches)),
        *row_differences("run", [_run_row(left)], [_run_row(right)]),
    ]
    return sorted(found, key=lambda each: each.at)


def row_differences(kind: str, left: Iterable[Row], right: Iterable[Row]) -> Iterator[Discrepancy]:
    """The fields in which rows of one id differ, and rows that only one side has."""
    ours, theirs = (
        {str(row["id"]): _plain(kind, row) for row in rows if _is_run(row)} for rows in (left, right)
    )
    for name in sorted(ours.keys() | theirs.keys()):
        one, other = ours.get(name), theirs.get(name)
        thing = f"{kind} {name}"
        if one is None or other is None:
            found = one or other
            assert found is not None
            sides = ("there", MISSING) if other is None else (MISSING, "there")
            yield Discrepancy(_when(found), thing, "the whole", *sides)
            continue
        for field in one:
            if one[field] != other[field]:
                yield Discrepancy(_when(one), thing, field, one[field], other[field])


def fill_rows(fills: Sequence[Trade]) -> Iterator[Row]:
    """Each fill of a leg, by its order, its time and the instrument.

    An order is known by its position, kind and attempt: its label has the data folder in it, too.
    """
    for fill in fills:
        at, label = utc(fill.timestamp), OrderLabel.parse(fill.label)
        order = fill.label if label is None else f"{label.position_id} {label.kind} {label.attempt}"
        yield {
            "id": f"{order} {at} {fill.instrument_name}",
            "at": at,
            "side": fill.side,
            "amount": money(fill.amount),
            "price": money(fill.price),
            "fee": money(fill.fee),
            "index_price": money(fill.index_price),
        }


def _is_run(row: Row) -> bool:
    return "slot" not in row or row["kind"] in JOBS


def _plain(kind: str, row: Row) -> Row:
    """A cycle without the figures of a latch, which are of the moment at which it was set, and without the
    marks that an engine's books put around the words of others."""
    if kind != "cycle":
        return row
    reasons = (reason.split(": ")[0].replace(OPEN, "").replace(CLOSE, "") for reason in row["reasons"])
    return {**row, "reasons": list(reasons)}


def _when(row: Row) -> str:
    return str(row.get("slot") or row.get("entered_at") or row.get("at"))


def _latch_row(latch: EntryLatch) -> Row:
    at = utc(latch.at)
    return {"id": at, "at": at, "reason": latch.reason}


def _run_row(result: BacktestResult) -> Row:
    """What a run ended with, and what its report has to admit."""
    admitted = result.admitted
    return {
        "id": "as a whole",
        "at": utc(result.ended),
        "ended": utc(result.ended),
        "balance_eth": money(result.balance_eth),
        "equity_usd": result.equity_usd,
        "entries_blocked_at_end": result.still_latched,
        "decisions": admitted.decisions,
        "entry_decisions": admitted.entry_decisions,
        "entry_decisions_on_assumed_funding": admitted.on_assumed_funding,
        "fills": admitted.fills,
        "fills_on_assumed_touch_size": admitted.on_assumed_size,
        "deliveries": admitted.deliveries,
        "monitors_skipped": dict(sorted(admitted.skipped.items())),
        "vetoes": admitted.vetoes,
        "refused_by_venue": admitted.refused,
        "pnl_at_natural_eth": money(admitted.prices.natural_eth),
        "pnl_at_mid_eth": money(admitted.prices.mid_eth),
        "quote_age_at_decisions": admitted.decision_ages,
        "quote_age_at_fills": admitted.fill_ages,
    }
