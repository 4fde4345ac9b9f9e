"""Turns the tools' answers into the facts of a decision. A fact that is missing in an answer is a fault."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta

from pydantic import ValidationError

from actors.market_data.parts import BACK_4H
from core.contract import (
    GET_ACCOUNT_SUMMARY,
    GET_CALENDAR,
    GET_CROSS_EXCHANGE_FUNDING,
    GET_DVOL,
    GET_DVOL_HISTORY,
    GET_FUNDING_HISTORY,
    GET_FX_RATE,
    GET_HISTORICAL,
    GET_HOLDINGS,
    GET_INDEX_PRICE,
    GET_LIQUIDATION_PRESSURE,
    GET_OPTIONS_CHAIN,
    GET_TOTAL_EQUITY,
    Calendar,
    DvolHistory,
    FxRate,
    Router,
    Tool,
    TotalEquity,
)
from core.contract.base import AnswerT, RequestT
from core.market.observations import HourlyClose, Level, MacroEvent, MeanFunding
from core.market.option_chain import OptionChain
from core.messages.market_data import EntryMarket, PartFault, SnapshotFault
from core.rules.facts import AccountFacts, MarketFacts, MonitorMarket

HOURS_PER_YEAR = 8760
_HOUR = timedelta(hours=1)
_DAY = timedelta(hours=24)
_AGO_TOLERANCE = timedelta(hours=2)
"""How long before the requested moment the last bar may have ended."""
_OWN_VENUE = "hyperliquid"

Answers = Mapping[str, object]


class IncompleteError(Exception):
    """A required fact is missing in the answers, stale or invalid; carries the fault."""

    def __init__(self, source: str, part: str, detail: str, kind: PartFault = PartFault.INCOMPLETE) -> None:
        super().__init__(detail)
        self.fault = SnapshotFault(source=source, part=part, kind=kind.value, detail=detail)


def entry_market(answers: Answers, now: datetime, age_max_s: float) -> EntryMarket:
    """All market and account facts of an entry. Raises `IncompleteError`."""
    account = answer_of(answers, GET_ACCOUNT_SUMMARY)
    fx = answer_of(answers, GET_FX_RATE)
    holdings = answer_of(answers, GET_HOLDINGS)
    with _translated():
        return EntryMarket(
            account=AccountFacts(
                equity_usd=_equity_usd(answer_of(answers, GET_TOTAL_EQUITY), fx),
                eur_usd=fx.rate,
                eth_share=math.fsum(held.share for held in holdings.holdings if held.asset == "ETH"),
                venue_equity_eth=float(account.equity),
                initial_margin_eth=float(account.initial_margin),
            ),
            market=MarketFacts(
                spot_usd=spot_usd(answers, now, age_max_s),
                dvol=dvol_pts(answers, now, age_max_s),
                dvol_24h_ago=_dvol_ago(answer_of(answers, GET_DVOL_HISTORY), now - _DAY),
                index_hourly_closes=_closes(answers, now),
                funding=_funding(answers, now),
                macro_events=_events(answer_of(answers, GET_CALENDAR)),
                liquidation_level=Level(answer_of(answers, GET_LIQUIDATION_PRESSURE).level),
                chain=chain_in(answers),
            ),
        )


def monitor_market(
    answers: Answers, now: datetime, age_max_s: float, spot_4h_ago_usd: float | None
) -> MonitorMarket:
    """All market facts of a monitor. Raises `IncompleteError`."""
    if spot_4h_ago_usd is None:
        spot_4h_ago_usd = _close_at(_closes(answers, now), now - BACK_4H)
    with _translated():
        return MonitorMarket(
            spot_usd=spot_usd(answers, now, age_max_s),
            spot_4h_ago_usd=spot_4h_ago_usd,
            dvol=dvol_pts(answers, now, age_max_s),
            chain=chain_in(answers),
        )


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the validation error of a fact into an `IncompleteError` that names the field."""
    try:
        yield
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise IncompleteError("market_data", where, f"found {first['input']!r}: {first['msg']}") from error


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


def _equity_usd(equity: TotalEquity, fx: FxRate) -> float:
    if equity.currency == "USD":
        return float(equity.equity)
    if equity.currency == "EUR":
        return float(equity.equity) * fx.rate
    raise IncompleteError(
        Router.PORTFOLIO, "get_total_equity", f"expected USD or EUR, found {equity.currency}"
    )


def _dvol_ago(history: DvolHistory, moment: datetime) -> float:
    """DVOL at `moment`: the close of the last bar that had ended by then."""
    ended = [point for point in history.points if point.timestamp + _HOUR <= moment]
    if not ended or moment - (ended[-1].timestamp + _HOUR) > _AGO_TOLERANCE:
        raise IncompleteError(
            Router.DERIBIT, "get_dvol_history", f"no bar that ended by {moment.isoformat()}"
        )
    return ended[-1].close


def _closes(answers: Answers, now: datetime) -> tuple[HourlyClose, ...]:
    candles = answer_of(answers, GET_HISTORICAL).candles
    closes = tuple(
        HourlyClose(at=candle.timestamp + _HOUR, close_usd=float(candle.close))
        for candle in candles
        if candle.close > 0
    )
    if len(closes) != len(candles):
        raise IncompleteError(Router.DERIBIT, "get_historical", "an hourly close is not above 0")
    return tuple(close for close in closes if close.at <= now)


def _close_at(closes: tuple[HourlyClose, ...], moment: datetime) -> float:
    ended = [close for close in closes if close.at <= moment]
    if not ended or moment - ended[-1].at > _AGO_TOLERANCE:
        raise IncompleteError(Router.DERIBIT, "get_historical", f"no hourly close by {moment.isoformat()}")
    return ended[-1].close_usd


def _funding(answers: Answers, now: datetime) -> tuple[MeanFunding, ...]:
    """Each venue's mean funding of the last 24 h, annualised, as a fraction.

    Hyperliquid's is computed from its own hourly rates, or taken like the others' if it has none. The rate
    stamped exactly 24 h ago is left out: it was paid for the hour before, and would be the 25th.
    """
    history = answer_of(answers, GET_FUNDING_HISTORY).points
    points = [point for point in history if now - _DAY < point.timestamp <= now]
    others = answer_of(answers, GET_CROSS_EXCHANGE_FUNDING).exchanges
    rates = [
        MeanFunding(venue=other.name, annualised_frac=other.annualized_rate, as_of=other.timestamp)
        for other in others
        if other.name.lower() != _OWN_VENUE or not points
    ]
    if points:
        mean = math.fsum(point.hourly_rate for point in points) / len(points)
        rates.append(
            MeanFunding(venue=_OWN_VENUE, annualised_frac=mean * HOURS_PER_YEAR, as_of=points[-1].timestamp)
        )
    return tuple(rates)


def _events(calendar: Calendar) -> tuple[MacroEvent, ...]:
    return tuple(
        MacroEvent(
            name=event.name,
            country=event.country,
            importance=Level(event.importance),
            scheduled_at=event.scheduled_at,
        )
        for event in calendar.events
    )
