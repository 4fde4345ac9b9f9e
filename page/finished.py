"""The page over a finished run: the same panels, of what its file holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from core.how_many import how_many
from page.figures import Drawings
from page.panels import health, money, position, why
from page.panels.shown import Amount, Labelled, Row, eth, number, plain, time_text, unknown, usd
from page.panels.verdict import FindingShown, VerdictPanel
from page.view import View
from reading.run_file import FinishedRun, OpenAtEnd, read_run

NO_MARKS = "it is not marked in this file"
BY_FOLDER = "run.py page --data-dir shows the folder of the run, which holds more"
NO_FOLDER = "a backtest keeps no more"


class FinishedViews:
    """One view for ever, but for the cycle that is chosen."""

    def __init__(self, file: Path, more: str | None = None) -> None:
        """`more` says where what is not in the file is to be had, if not in the run's folder.

        Raises InputError that names the key if the file holds no run.
        """
        run = read_run(file)
        self._more = more or (NO_FOLDER if run.command == "backtest" else BY_FOLDER)
        self._view = _view(file.name, run, self._more)

    def view(self, cycle_id: str | None = None) -> View:
        """The run; with what became of a cycle."""
        if cycle_id is None:
            return self._view
        return replace(self._view, why=_why(self._view, cycle_id, self._more))

    def forget(self) -> None:
        """Nothing changes."""


def _view(name: str, run: FinishedRun, more: str) -> View:
    first, second, third, fifth = _verdict(run), _positions(run, more), _money(run), _health(run, more)
    empty = "" if run.entries else f"the file holds no cycles; {more}"
    fourth = why.WhyPanel((), (), None, (), None, "", empty)
    view = View(
        title=f"{first.level} {plain(name)}",
        name=plain(name),
        verdict=first,
        position=second,
        money=third,
        why=fourth,
        health=fifth,
        charts=Drawings().of(second, third, fourth),
        rows=run.entries,
    )
    return replace(view, why=_why(view, view.rows[-1].cycle_id, more)) if view.rows else view


def _why(view: View, cycle_id: str, more: str) -> why.WhyPanel:
    row = next((each for each in view.rows if each.cycle_id == cycle_id), None)
    found = tuple(
        replace(
            each,
            outcome=why.outcome_text(row, is_over=True),
            problem=f"the file holds no decisions; {more}",
        )
        if row is not None
        else each
        for each in why.decisions(cycle_id, row, ())
    )
    return replace(view.why, dots=why.dots(view.rows, cycle_id, is_over=True), decisions=found)


def _verdict(run: FinishedRun) -> VerdictPanel:
    findings = tuple(FindingShown("DONE", text) for text in _sentences(run))
    facts = () if run.run is None else run.run.facts
    began, ended = _period(run)
    return VerdictPanel(
        state="finished",
        level="DONE",
        findings=findings,
        environment="",
        facts=tuple(Labelled(label, plain(text)) for label, text in facts),
        switch=Labelled("kill switch", "nothing runs here that it could stop", "quiet"),
        armed=None,
        can_arm=False,
        entries=Labelled("entries", "none, the run is finished", "quiet"),
        next_entry="none",
        next_entry_s=None,
        age=Labelled("data", f"{began} to {ended}"),
        runs=(),
    )


def _period(run: FinishedRun) -> tuple[str, str]:
    if run.run is not None:
        return time_text(run.run.began), time_text(run.run.ended)
    if run.trading is None:
        return time_text(None), time_text(None)
    return time_text(run.trading.performance.began), time_text(run.trading.performance.ended)


def _sentences(run: FinishedRun) -> Iterator[str]:
    if run.trading is None:
        yield "the run ended before its first cycle"
        return
    total = run.trading.performance.total
    if total.trades:
        yield (
            f"a finished run: {how_many(total.trades, 'trade')} closed, {total.wins} with a gain, "
            f"{total.pnl_usd:+,.2f} USD, {total.pnl_eth:+.8f} ETH"
        )
    else:
        yield f"a finished run: {money.NO_TRADES}"
    if run.open_at_end:
        yield f"{len(run.open_at_end)} open at the end"
    if run.entries_blocked:
        yield "at its end a protection held entries back"
    if run.audit is not None and not run.audit.ok:
        yield f"its audit log is broken: {plain(run.audit.problem or 'no reason was written')}"


def _positions(run: FinishedRun, more: str) -> position.PositionPanel:
    text = "no position was open at the end"
    if run.open_at_end:
        named = ", ".join(plain(each.id) for each in run.open_at_end)
        text = f"open at the end: {named}; {more}"
    return position.PositionPanel((), text, "")


def _money(run: FinishedRun) -> money.MoneyPanel:
    rows = tuple(_balances(run))
    if run.trading is None:
        return money.without_trades(rows, "the run ended before its first cycle")
    shown = money.money(run.trading, rows, is_over=True)
    return replace(shown, open_rows=tuple(_open(each) for each in run.open_at_end))


def _balances(run: FinishedRun) -> Iterator[Row]:
    if run.ledger is not None:
        note = f"by the venue's ledger, {time_text(run.ledger.at)}"
        yield Row("equity at the venue", (eth(run.ledger.equity_eth), usd(run.ledger.equity_usd)), note)
        yield Row("balance at the venue", (eth(run.ledger.balance_eth),), "without what was open")
    elif run.trading is not None and run.trading.account:
        last = run.trading.account[-1]
        note = f"as the entry of {time_text(last.at)} saw it"
        yield Row("equity at the venue", (eth(last.equity_eth), usd(last.equity_usd)), note)
    else:
        yield Row("equity at the venue", (unknown("the file does not say"),))


def _open(trade: OpenAtEnd) -> Row:
    amounts: tuple[Amount, ...] = (
        unknown(NO_MARKS) if trade.pnl_eth is None else eth(trade.pnl_eth, signed=True),
        unknown(NO_MARKS) if trade.pnl_usd is None else usd(trade.pnl_usd, signed=True),
    )
    return Row(plain(trade.id), amounts, f"entered {time_text(trade.entered_at)}")


def _health(run: FinishedRun, more: str) -> health.HealthPanel:
    rooms = tuple(
        health.RoomShown(
            name=plain(name),
            state=plain(room.state),
            tone="good" if room.state == "up" else "act",
            restarts=number(room.restarts, "", 0),
            waiting=Amount("–"),
            busy="",
            error="" if room.last_error is None else plain(room.last_error),
        )
        for name, room in run.rooms.items()
    )
    kept: tuple[Labelled, ...] = ()
    if run.audit is not None:
        head = f"{how_many(run.audit.records, 'record')}, head {plain(run.audit.head[:20])}"
        said = head if run.audit.ok else f"BROKEN: {plain(run.audit.problem or '')}; {head}"
        kept = (Labelled("audit log", said, "good" if run.audit.ok else "act"),)
    return health.HealthPanel(
        rooms=rooms,
        rooms_summary="at the end of the run" if rooms else "",
        feeds=(),
        kept=kept,
        alerts=health.alerts(run.alerts),
        empty="" if rooms else f"the file says nothing of rooms and feeds; {more}",
        no_alerts="none" if run.command == "paper" else "the file says nothing of them",
    )
