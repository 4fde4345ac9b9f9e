"""Panel 3: what there is by currency, what trading brought, what it cost, and how much of it is proved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.how_many import how_many
from core.messages.room_status import Marks
from core.statistics.account import AccountPoint
from core.statistics.costs import Costs
from core.statistics.curve import cumulated
from core.statistics.means import Mean, evidence
from core.statistics.performance import Group, exit_name
from core.statistics.trades import ClosedTrade
from page.panels.shown import Amount, Row, eth, number, of_them, percent, plain, time_text, unknown, usd
from reading.entry_history import EntrySeen
from reading.trading import TradingReport

TRADES_SHOWN = 20
NO_TRADES = "no trade was closed"


@dataclass(frozen=True, slots=True)
class TradeLine:
    """A closed trade."""

    position_id: str
    entered: str
    closed: str
    kind: str
    exit_rule: str
    contracts: str
    pnl_eth: Amount
    pnl_usd: Amount
    result: str


@dataclass(frozen=True, slots=True)
class MoneyPanel:
    """`empty` says why there is no trading to show, if there is none; balances stand all the same.

    With `is_broken` that is because something can't be read.
    """

    balances: tuple[Row, ...]
    figures: tuple[Row, ...]
    proof: str
    costs: tuple[Row, ...]
    open_rows: tuple[Row, ...]
    trades: tuple[TradeLine, ...]
    trades_note: str
    account: tuple[AccountPoint, ...]
    curve: tuple[tuple[datetime, float], ...]
    months: tuple[Group, ...]
    empty: str
    is_broken: bool = False


def balances(market: Marks | None, seen: Sequence[EntrySeen], *, books_read: bool) -> tuple[Row, ...]:
    """By currency. What could not be read says so, in the words of who refused it."""
    last = seen[-1] if seen else None
    unseen = "no entry decision has read them yet" if books_read else "the books can't be read"
    return (*_venue_rows(market, last), *_all_holdings(last, unseen))


def _venue_rows(market: Marks | None, last: EntrySeen | None) -> Iterator[Row]:
    """The account at the venue, whose currency is ETH; without an engine as an entry last saw it."""
    account = None if market is None else market.account
    if market is None:
        if last is None or last.venue_equity_eth is None:
            yield Row("equity at the venue", (unknown("no engine tells it"),))
        else:
            yield Row("equity at the venue", (eth(last.venue_equity_eth),), _as_seen(last))
        return
    if account is None:
        for label in ("equity at the venue", "balance at the venue", "margin in use"):
            yield Row(label, (unknown(_why_not_read(market)),))
        return
    note = f"of {time_text(account.at)}"
    if market.last_snapshot_at is not None and account.at < market.last_snapshot_at:
        note = f"{note}; not read since then: {_why_not_read(market)}"
    spot = market.spot_usd
    in_usd = () if spot is None else (usd(float(account.equity_eth) * spot),)
    yield Row("equity at the venue", (eth(account.equity_eth), *in_usd), plain(note))
    yield Row("balance at the venue", (eth(account.balance_eth),), "without what is open")
    used = float(account.maintenance_margin_eth)
    share = (percent(used / float(account.equity_eth)),) if account.equity_eth > 0 else ()
    yield Row("margin in use", (eth(account.maintenance_margin_eth), *share), "maintenance, of venue equity")


def _why_not_read(market: Marks) -> str:
    return market.last_failure or "the account has not been read yet"


def _as_seen(last: EntrySeen) -> str:
    return f"as the entry of {time_text(last.at)} saw it"


def _all_holdings(last: EntrySeen | None, unseen: str) -> Iterator[Row]:
    """Everything that is held, as the last entry decision saw it; `unseen` says why none has."""
    if last is None:
        yield Row("all holdings", (unknown(unseen),))
        return
    lacking = "its record does not say"
    equity_usd, eur_usd = last.equity_usd, last.eur_usd
    total: tuple[Amount, ...] = (unknown(lacking),)
    if equity_usd is not None:
        total = (usd(equity_usd),)
        if eur_usd is not None:
            total = (usd(equity_usd), Amount(f"{equity_usd / eur_usd:,.2f}", "EUR"))
    yield Row("all holdings", total, _as_seen(last))
    yield Row(
        "one EUR", (unknown(lacking) if eur_usd is None else number(eur_usd, "USD", 4),), "at the same time"
    )
    share = unknown(lacking) if last.eth_share is None else percent(last.eth_share)
    yield Row("share in ETH", (share,), "of all holdings")


def money(report: TradingReport, shown_balances: tuple[Row, ...], *, is_over: bool = False) -> MoneyPanel:
    """All figures of closed trades, and what is open at the last stored marks. `is_over`: none follows."""
    found = report.performance
    trades = list(reversed(report.trades))[:TRADES_SHOWN]
    left = len(report.trades) - len(trades)
    return MoneyPanel(
        balances=shown_balances,
        figures=tuple(_figures(report)),
        proof=evidence("mean r", found.total.mean_result) if report.trades else "",
        costs=tuple(_costs(found.costs)),
        open_rows=tuple(_open(report)),
        trades=tuple(_line(trade) for trade in trades),
        trades_note=f"and {left} before them: run.py report --trades-csv FILE" if left else "",
        account=report.account,
        curve=tuple(cumulated(report.trades, found.began, found.ended)) if report.trades else (),
        months=found.by_month,
        empty="" if report.trades else NO_TRADES if is_over else f"{NO_TRADES} yet",
    )


def without_trades(shown_balances: tuple[Row, ...], why: str, *, is_broken: bool = False) -> MoneyPanel:
    """Balances alone; `why` says why there is nothing else."""
    return MoneyPanel(
        balances=shown_balances,
        figures=(),
        proof="",
        costs=(),
        open_rows=(),
        trades=(),
        trades_note="",
        account=(),
        curve=(),
        months=(),
        empty=plain(why),
        is_broken=is_broken,
    )


def _figures(report: TradingReport) -> Iterator[Row]:
    found = report.performance
    total = found.total
    entered, cycles = report.entries.get("entered", 0), sum(report.entries.values())
    if total.trades:
        booked = (eth(total.pnl_eth, signed=True), usd(total.pnl_usd, signed=True))
        yield Row("P&L of closed trades", booked, "booked")
        yield Row("closed trades", (of_them(total.trades, "trade"),), f"{total.wins} with a gain")
    yield Row("entry cycles", (of_them(cycles, "cycle"),), f"{entered} entered")
    if total.win_rate is not None:
        yield Row("won", (percent(total.win_rate.value),), _between(total.win_rate, "{:.0%}"))
    if total.mean_result is not None:
        yield Row(
            "mean r",
            (Amount(f"{total.mean_result.value:+.3f}", "r"),),
            _between(total.mean_result, "{:+.3f}"),
        )
    for label, mean in (
        ("a trade", found.expectancy_usd),
        ("a win", found.average_win_usd),
        ("a loss", found.average_loss_usd),
    ):
        if mean is not None:
            yield Row(label, (usd(mean.value, signed=True),), _between(mean, "{:+,.2f}"))
    if found.drawdown is not None:
        fall = found.drawdown
        end = "not recovered" if fall.recovered_at is None else f"recovered {fall.recovered_at:%Y-%m-%d}"
        yield Row(
            "deepest drawdown",
            (usd(-fall.depth, signed=True),),
            f"{how_many(fall.length_days, 'day', '.0f')}, {end}",
        )
    if found.profit_factor is not None:
        yield Row("profit factor", (Amount(f"{found.profit_factor:.2f}"),), "won over lost")
    if found.exposure is not None:
        yield Row("in the market", (percent(found.exposure, digits=0),), "of the time")
    yield from _account(report)


def _account(report: TradingReport) -> Iterator[Row]:
    """The account against plainly holding the first equity in ETH."""
    if len(report.account) < 2:
        yield Row("account", (unknown("seen at less than two entry decisions"),))
        return
    first, last = report.account[0], report.account[-1]
    yield Row(
        "account since then",
        (
            eth(last.equity_eth - first.equity_eth, signed=True),
            usd(last.equity_usd - first.equity_usd, signed=True),
        ),
        f"{time_text(first.at)} to {time_text(last.at)}",
    )
    holding_usd = first.equity_eth * (last.spot_usd - first.spot_usd)
    yield Row("holding ETH instead", (usd(holding_usd, signed=True),), "the first equity, untouched")


def _between(mean: Mean, form: str) -> str:
    """The interval of a mean, and the mean with one full loss added."""
    with_loss = f"with one full loss {form.format(mean.with_loss)}"
    if mean.interval is None:
        return f"n = {mean.trades}, too few for an interval; {with_loss}"
    low, high = (form.format(end) for end in mean.interval)
    return f"95 %: {low} to {high}, n = {mean.trades}; {with_loss}"


def _costs(costs: Costs) -> Iterator[Row]:
    if costs.mid_credit_eth <= 0:
        return
    yield Row("credit at mid", (eth(costs.mid_credit_eth),), "of all closed trades")
    for label, amount in (
        ("fees", costs.fees_eth),
        ("crossing the spread", costs.crossing_eth),
        ("together", costs.total_eth),
    ):
        share = costs.share(amount)
        yield Row(label, (eth(amount), *(() if share is None else (percent(share),))), "of the credit at mid")
    if costs.unknown_exits:
        exits = of_them(costs.unknown_exits, "exit")
        yield Row("not counted", (exits,), "what they gave away is not known")


def _open(report: TradingReport) -> Iterator[Row]:
    """What open positions would bring at the last stored marks, before fees."""
    for trade in report.open_trades:
        why = report.marks_problem or "a leg has no mark"
        at = "" if report.marks is None else f"at the marks of {time_text(report.marks.at)}"
        amounts = (
            unknown(why) if trade.pnl_eth is None else eth(trade.pnl_eth, signed=True),
            unknown(why) if trade.pnl_usd is None else usd(trade.pnl_usd, signed=True),
        )
        yield Row(plain(trade.position.position_id), amounts, at)


def _line(trade: ClosedTrade) -> TradeLine:
    return TradeLine(
        position_id=plain(trade.position_id),
        entered=f"{trade.entered_at:%Y-%m-%d %H:%M}",
        closed=f"{trade.closed_at:%Y-%m-%d %H:%M}",
        kind=trade.kind.value.replace("_", " "),
        exit_rule=exit_name(trade).replace("_", " "),
        contracts=str(trade.contracts),
        pnl_eth=eth(trade.pnl_eth, signed=True),
        pnl_usd=usd(trade.pnl_usd, signed=True),
        result=f"{trade.result:+.3f}",
    )
