"""The summary at the end of a paper run, for people: trades, costs, P&L, refusals with reasons, audit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal

from actors.audit.verify import VerifyReport
from actors.state.stored import StoredBooks
from cli.paper.report import RunFacts, holes_met
from cli.views.output import eth_text, show_fields, show_table, time_text
from cli.views.say import say
from cli.views.trade_cells import result_cells
from cli.views.trading import figures
from core.how_many import how_many
from core.messages.alerting import Severity
from core.messages.engine_status import EngineStatus
from core.messages.room_status import AlertRow
from core.orders.books import CycleOutcome, Job, Position
from gateway.paper.ledger import Ledger
from reading.trading import TradingReport

EXPECTED = frozenset(
    {
        CycleOutcome.ENTERED,
        CycleOutcome.HELD,
        CycleOutcome.NOTHING_OPEN,
        CycleOutcome.EXITED,
        CycleOutcome.SETTLED,
        CycleOutcome.REPORTED,
    }
)
"""Outcomes that need no explanation; every other one is shown with its reasons."""
ALERTS_SHOWN = 10


def show_summary(
    *,
    run: RunFacts,
    books: StoredBooks,
    trading: TradingReport | None,
    status: EngineStatus | None,
    ledger: Ledger,
    ledger_is_final: bool,
    audit: VerifyReport,
) -> None:
    """Print the summary on standard output. Books and ledger are compared only if it is the final one.

    `trading` is None if the run ended before its first cycle.
    """
    say("")
    say(f"{time_text(run.began)} to {time_text(run.ended)}, {run.market} ({run.ended_by})")
    say("")
    show_table(
        ("trade", "kind", "contracts", "entered", "closed", "exit", "credit ETH", "P&L ETH", "P&L USD"),
        (_trade_row(position) for position in books.trades),
        empty="no trades",
    )
    say("")
    show_table(
        ("cycles", "outcome", "times", "reasons"), _refusals(books), empty="nothing was refused or went wrong"
    )
    say("")
    _show_alerts(books.alerts)
    show_fields(_holes(run, books))
    show_fields(_figures(books, trading, status, ledger, audit, ledger_is_final=ledger_is_final))


def _trade_row(position: Position) -> tuple[str, ...]:
    return (
        position.position_id,
        position.kind.value,
        str(position.contracts_opened),
        time_text(position.entered_at),
        time_text(position.closed_at),
        position.exit_rule or ("-" if position.closed_at is None else "?"),
        eth_text(position.credit_eth),
        *result_cells(position),
    )


def _refusals(books: StoredBooks) -> Iterator[tuple[str, ...]]:
    """Rows of cycles whose outcome is not among the expected ones, counted by job, outcome and reasons."""
    counts: Counter[tuple[Job, CycleOutcome, tuple[str, ...]]] = Counter(
        (row.job, row.outcome, row.reasons)
        for row in books.cycles
        if row.outcome is not None and row.outcome not in EXPECTED
    )
    for (job, outcome, reasons), times in sorted(counts.items()):
        yield job.value, outcome.value, str(times), ", ".join(reasons)


def _show_alerts(alerts: Sequence[AlertRow]) -> None:
    urgent = [alert for alert in alerts if alert.severity.rank >= Severity.HIGH.rank]
    if not urgent:
        return
    show_table(
        ("alert", "at", "code", "text", "cause"),
        (
            (alert.severity.value, time_text(alert.at), alert.code, alert.text, alert.cause)
            for alert in urgent[:ALERTS_SHOWN]
        ),
        empty="",
    )
    if len(urgent) > ALERTS_SHOWN:
        say(f"and {len(urgent) - ALERTS_SHOWN} more of HIGH or above")
    say("")


def _holes(run: RunFacts, books: StoredBooks) -> Iterator[tuple[str, str]]:
    """What the holes of the record cost, if there was one in the run."""
    met = holes_met(run, books)
    if met:
        failed, blocked = sum(hole.data_failed for hole in met), sum(hole.blocked for hole in met)
        hours = sum(hole.hours for hole in met)
        yield (
            "holes in the record",
            f"{len(met)}, {hours:,.1f} h without quotes; cycles data_failed: {failed}, blocked: {blocked}",
        )


def _figures(
    books: StoredBooks,
    trading: TradingReport | None,
    status: EngineStatus | None,
    ledger: Ledger,
    audit: VerifyReport,
    *,
    ledger_is_final: bool,
) -> Iterator[tuple[str, str]]:
    if trading is not None:
        yield from figures(trading)
    pnl_eth = sum((position.pnl_eth for position in books.trades), Decimal(0))
    change_eth = ledger.end.balance_eth - ledger.start.balance_eth
    yield (
        "venue",
        (
            f"{ledger.start.balance_eth} -> {ledger.end.balance_eth} ETH ({eth_text(change_eth)}); "
            f"equity {ledger.end.equity_usd:,.2f} USD"
        ),
    )
    if not ledger_is_final:
        agreed = f"not compared: the venue's last ledger is of {time_text(ledger.end.at)}"
    elif change_eth == pnl_eth:
        agreed = "agree to the last decimal"
    else:
        agreed = f"DIFFER by {change_eth - pnl_eth} ETH"
    yield "books and venue", agreed
    if status is not None:
        restarts = {cell.name: cell.restarts for cell in status.cells if cell.restarts}
        yield "restarts", ", ".join(f"{name} {count}" for name, count in restarts.items()) or "none"
    state = "verified" if audit.ok else f"BROKEN: {audit.problem}"
    yield "audit", f"{state}, {how_many(audit.records, 'record')}, head {audit.head}"
    yield "assumed", ", ".join(f"{key}={value}" for key, value in ledger.assumptions.items())
