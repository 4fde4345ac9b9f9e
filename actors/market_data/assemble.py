"""Turns the tools' answers into the facts of a decision. A fact that is missing in an answer is a fault."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TypeVar

from pydantic import ValidationError

from core.contract import (
    GET_ACCOUNT_SUMMARY,
    GET_CALENDAR,
    GET_CROSS_EXCHANGE_FUNDING,
    GET_DVOL,
    GET_DVOL_HISTORY,
    GET_FUNDING_HISTORY,
    GET_FUNDING_RATE,
    GET_FX_RATE,
    GET_HISTORICAL,
    GET_HOLDINGS,
    GET_INDEX_PRICE,
    GET_LIQUIDATION_PRESSURE,
    GET_OPTIONS_CHAIN,
    GET_TOTAL_EQUITY,
    AccountSummary,
    Calendar,
    Candle,
    DvolHistory,
    FundingRate,
    Router,
    Tool,
)
from core.contract.base import AnswerT, RequestT
from core.made_once import MadeOnce
from core.market.account import account_facts, in_usd, usd_of_eur
from core.market.countries import country_of
from core.market.forwards import forwards_of
from core.market.funding import HourlyRate, mean_fundings
from core.market.incomplete import IncompleteError, PartFault
from core.market.index_history import AGO_TOLERANCE, close_at, require_same_index
from core.market.observations import HourlyClose, Level, MacroEvent, MeanFunding, hourly_closes
from core.market.option_chain import OptionChain
from core.market.own_snapshots import BACK_4H
from core.market.venue_clock import latest_time
from core.messages.market_data import EntryMarket
from core.messages.room_status import AccountSeen
from core.rules.facts import HeldAccount, MarketFacts, MonitorMarket
from core.strategy import Strategy
from core.text import shown

_HOUR = timedelta(hours=1)
_DAY = timedelta(hours=24)

Answers = Mapping[str, object]
T = TypeVar("T")


def entry_market(answers: Answers, now: datetime, strategy: Strategy) -> EntryMarket:
    """All market and account facts of an entry. Raises `IncompleteError`."""
    latest = latest_time(now, strategy.anomalies)
    index_usd = spot_usd(answers, now, strategy.limits.market_data_age_max_s)
    with _translated():
        chain = chain_in(answers)
        closes = _closes(_of_a_month(_candles(answers)), latest)
        require_same_index(closes, index_usd)
        return EntryMarket(
            account=account_facts(
                answer_of(answers, GET_ACCOUNT_SUMMARY),
                answer_of(answers, GET_TOTAL_EQUITY),
                answer_of(answers, GET_HOLDINGS),
                answer_of(answers, GET_FX_RATE),
                spot_usd=index_usd,
                off_max_frac=strategy.anomalies.equity_off_holdings_max_frac,
            ),
            market=MarketFacts(
                spot_usd=index_usd,
                dvol=dvol_pts(answers, now, strategy.limits.market_data_age_max_s),
                dvol_24h_ago=_dvol_ago(answer_of(answers, GET_DVOL_HISTORY), latest - _DAY),
                index_hourly_closes=closes,
                funding=_funding(answers, latest),
                macro_events=_events(answer_of(answers, GET_CALENDAR)),
                liquidation_level=Level(answer_of(answers, GET_LIQUIDATION_PRESSURE).level),
                forwards=forwards_of(chain),
                chain=chain,
            ),
        )


def monitor_market(
    answers: Answers, now: datetime, strategy: Strategy, spot_4h_ago_usd: float | None
) -> MonitorMarket:
    """All market facts of a monitor. Raises `IncompleteError`."""
    age_max_s = strategy.limits.market_data_age_max_s
    with _translated():
        if spot_4h_ago_usd is None:
            latest = latest_time(now, strategy.anomalies)
            closes = _closes(_of_hours(_candles(answers)), latest)
            spot_4h_ago_usd = close_at(closes, latest - BACK_4H)
        return MonitorMarket(
            spot_usd=spot_usd(answers, now, age_max_s),
            spot_4h_ago_usd=spot_4h_ago_usd,
            dvol=dvol_pts(answers, now, age_max_s),
            account=held_account(answers),
            chain=chain_in(answers),
        )


def held_account(answers: Answers) -> HeldAccount:
    """The account while something is held; a figure without a usable answer is None."""
    account = _or_none(lambda: answer_of(answers, GET_ACCOUNT_SUMMARY))
    eur_usd = _or_none(lambda: usd_of_eur(answer_of(answers, GET_FX_RATE)))
    known = account is not None and account.maintenance_margin >= 0
    return HeldAccount(
        venue_equity_eth=float(account.equity) if account is not None and known else None,
        maintenance_margin_eth=float(account.maintenance_margin) if account is not None and known else None,
        equity_usd=_or_none(lambda: in_usd(answer_of(answers, GET_TOTAL_EQUITY), eur_usd)),
        eur_usd=eur_usd,
    )


def _or_none(read: Callable[[], T]) -> T | None:
    try:
        return read()
    except IncompleteError:
        return None


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the validation error of a fact into an `IncompleteError` that names the field."""
    try:
        yield
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise IncompleteError(
            "market_data", where, f"found {shown(first['input'])}: {first['msg']}"
        ) from error


def spot_usd(answers: Answers, now: datetime, age_max_s: float) -> float:
    """The index price in USD. Raises `IncompleteError` if it is older than `age_max_s`."""
    index = answer_of(answers, GET_INDEX_PRICE)
    _require_fresh("get_index_price", index.timestamp, now, age_max_s)
    return float(index.price)


def dvol_pts(answers: Answers, now: datetime, age_max_s: float) -> float:
    """DVOL in points. Raises `IncompleteError` if it is older than `age_max_s`."""
    dvol = answer_of(answers, GET_DVOL)
    _require_fresh("get_dvol", dvol.timestamp, now, age_max_s)
    return dvol.dvol


def funding_frac(answers: Answers, now: datetime, strategy: Strategy) -> float | None:
    """The last funding rate, a fraction a year; None if there is none, or if it is not of these hours."""
    rate = answers.get(GET_FUNDING_RATE.name)
    if not isinstance(rate, FundingRate):
        return None
    oldest = now - timedelta(hours=strategy.entry.funding_age_max_h)
    is_current = oldest <= rate.timestamp <= latest_time(now, strategy.anomalies)
    return rate.annualized_rate if is_current else None


def account_seen(account: AccountSummary, now: datetime) -> AccountSeen:
    """The account at the venue as it was read."""
    return AccountSeen(
        at=now,
        equity_eth=account.equity,
        balance_eth=account.balance,
        initial_margin_eth=account.initial_margin,
        maintenance_margin_eth=account.maintenance_margin,
    )


def answer_of(answers: Answers, tool: Tool[RequestT, AnswerT]) -> AnswerT:
    """The answer of one tool. Raises `IncompleteError` if it is another kind of answer, or none."""
    answer = answers.get(tool.name)
    if not isinstance(answer, tool.answer):
        raise _not_there(tool.name, tool.answer, answer)
    return answer


def chain_in(answers: Answers) -> OptionChain:
    """The chain, which its router has decoded. Raises `IncompleteError` if there is none."""
    answer = answers.get(GET_OPTIONS_CHAIN.name)
    if not isinstance(answer, OptionChain):
        raise _not_there(GET_OPTIONS_CHAIN.name, OptionChain, answer)
    return answer


def _not_there(tool: str, expected: type, found: object) -> IncompleteError:
    detail = f"expected {expected.__name__}, found {type(found).__name__}"
    return IncompleteError("market_data", tool, detail)


def _require_fresh(tool: str, at: datetime, now: datetime, age_max_s: float) -> None:
    age_s = (now - at).total_seconds()
    if age_s > age_max_s:
        detail = f"{age_s:.0f} s old, expected at most {age_max_s:g} s"
        raise IncompleteError(Router.DERIBIT, tool, detail, PartFault.STALE)


def _dvol_ago(history: DvolHistory, moment: datetime) -> float:
    """DVOL at `moment`: the close of the last bar that had ended by then."""
    ended = [point for point in history.points if point.timestamp + _HOUR <= moment]
    last = max(ended, key=lambda point: point.timestamp, default=None)
    if last is None or moment - (last.timestamp + _HOUR) > AGO_TOLERANCE:
        raise IncompleteError(
            Router.DERIBIT, "get_dvol_history", f"no bar that ended by {moment.isoformat()}"
        )
    return last.close


def _candles(answers: Answers) -> tuple[Candle, ...]:
    return answer_of(answers, GET_HISTORICAL).candles


def _closes(closes: tuple[HourlyClose, ...], latest: datetime) -> tuple[HourlyClose, ...]:
    """Those of the hours that were over by `latest`; they are in the order of their times."""
    return closes[: bisect_right(closes, latest, key=_close_time)]


def _close_time(close: HourlyClose) -> datetime:
    return close.at


def _of_hours(candles: Sequence[Candle]) -> tuple[HourlyClose, ...]:
    closes = [(candle.timestamp + _HOUR, float(candle.close)) for candle in candles]
    if any(close_usd <= 0 for _, close_usd in closes):
        raise IncompleteError(Router.DERIBIT, "get_historical", "an hourly close is not above 0")
    return hourly_closes(closes)


_of_a_month = MadeOnce(_of_hours)
"""Each entry reads the last month, most of which the one before has read."""


def _funding(answers: Answers, latest: datetime) -> tuple[MeanFunding, ...]:
    """Each venue's mean funding of the 24 h up to `latest` (`mean_fundings`)."""
    points = answer_of(answers, GET_FUNDING_HISTORY).points
    others = answer_of(answers, GET_CROSS_EXCHANGE_FUNDING).exchanges
    return mean_fundings(
        [HourlyRate(point.timestamp, point.hourly_rate) for point in points],
        [
            MeanFunding(venue=other.name, annualised_frac=other.annualized_rate, as_of=other.timestamp)
            for other in others
        ],
        latest,
    )


def _events(calendar: Calendar) -> tuple[MacroEvent, ...]:
    return tuple(
        MacroEvent(
            name=event.name,
            country=country_of(event.country) or event.country,
            importance=Level(event.importance),
            scheduled_at=event.scheduled_at,
        )
        for event in calendar.events
    )
