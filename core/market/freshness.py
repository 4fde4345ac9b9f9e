"""How old an answer may be, said once: by answer, from the settings."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel

from core.contract import Dvol, FxRate, IndexPrice, OrderBook, TotalEquity
from core.strategy import Strategy

_SECONDS_PER_HOUR = 3600.0


def age_problem(answer: BaseModel, now: datetime, strategy: Strategy) -> str | None:
    """What is wrong with the time of an answer: too old, or ahead of the clock; None if it may be used.

    Series, and lists whose rows have times of their own, are judged row by row where they are used.
    """
    liquidity, anomalies = strategy.liquidity, strategy.anomalies
    match answer:
        case IndexPrice() | Dvol() | OrderBook():
            age_max_s = liquidity.max_quote_age_s
        case TotalEquity():
            age_max_s = anomalies.equity_age_max_s
        case FxRate():
            age_max_s = anomalies.fx_age_max_h * _SECONDS_PER_HOUR
        case _:
            return None
    age_s = (now - answer.timestamp).total_seconds()
    if age_s > age_max_s:
        return f"{age_s:.0f} s old, expected at most {age_max_s:g} s"
    if -age_s > anomalies.clock_ahead_max_s:
        return f"{-age_s:.0f} s ahead of the clock, expected at most {anomalies.clock_ahead_max_s:g} s"
    return None
