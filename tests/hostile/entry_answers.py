"""The table of answers that only an entry reads: each is told to the engine in an entry cycle of its own.

To add one, append an `EntryAnswer` to `ENTRIES`: the tool, what becomes of its answers in that cycle, and how
the cycle has to end. The strategy of that run always comes as far as rule 5 (worth), which refuses: so a
cycle in which nothing is wrong ends as `no_entry` by `cost_above_max`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, TypeAlias

from core.contract import iso_utc
from tests.hostile.misbehaviours import Act, says
from tests.hostile.server import CORRELATION_HEADER, Exchange

NOW_HEADER = "x-paper-now"
A_LITTLE = timedelta(seconds=0.6)

GOES_ON = "cost_above_max"
Json: TypeAlias = Any
Change: TypeAlias = Callable[[Json, datetime], Json]


@dataclass(frozen=True)
class EntryAnswer:
    """What happens to the answers of `tool` in one entry cycle, and how that has to end."""

    name: str
    tool: str = ""
    act: Act | None = None
    outcome: str = "no_entry"
    because: str = GOES_ON
    """Stands in the cycle's reasons."""

    def __str__(self) -> str:
        return self.name


def now_of(exchange: Exchange) -> datetime:
    """The market time of a request."""
    return datetime.fromisoformat(exchange.headers[NOW_HEADER])


def changed(change: Change) -> Act:
    """Answer with the venue's own JSON, changed; `change` gets it with the market time, and may alter it."""

    def act(exchange: Exchange) -> None:
        answer = change(json.loads(exchange.sound()), now_of(exchange))
        exchange.answer(json.dumps(answer).encode())

    return act


def with_fields(**fields: Json) -> Act:
    return changed(lambda answer, _: answer | fields)


def earlier(days: float) -> Act:
    """The venue's answer, dated so many days back."""
    return changed(lambda answer, now: answer | {"timestamp": iso_utc(now - timedelta(days=days))})


def multiplied(field: str, factor: float) -> Act:
    def change(answer: Json, _: datetime) -> Json:
        value = answer[field]
        told = float(value) * factor
        return answer | {field: f"{told:.4f}" if isinstance(value, str) else told}

    return changed(change)


def rows(field: str, change: Callable[[list[Json], datetime], list[Json]]) -> Act:
    """The venue's answer with another list."""
    return changed(lambda answer, now: answer | {field: change(answer[field], now)})


def shuffled(found: list[Json], _: datetime) -> list[Json]:
    """Pages that overlap, the newest first."""
    pages = [found[at : at + 60] for at in range(0, len(found), 50)]
    return [row for page in reversed(pages) for row in page]


def farthest(quotes: list[Json]) -> Json:
    """The quote of the put that is farthest out of the money."""
    return min((one for one in quotes if one["option_type"] == "put"), key=lambda one: float(one["strike"]))


def in_cents(found: list[Json], _: datetime) -> list[Json]:
    prices = ("open", "high", "low", "close")
    return [one | {name: str(float(one[name]) * 100) for name in prices} for one in found]


def one_without_iv(quotes: list[Json], _: datetime) -> list[Json]:
    farthest(quotes)["mark_iv"] = None
    return quotes


def one_of_tomorrow(quotes: list[Json], now: datetime) -> list[Json]:
    farthest(quotes)["timestamp"] = iso_utc(now + timedelta(days=1))
    return quotes


def all_of_tomorrow(quotes: list[Json], now: datetime) -> list[Json]:
    return [one | {"timestamp": iso_utc(now + timedelta(days=1))} for one in quotes]


def named_otherwise(asset: str) -> Act:
    """All that is no ETH of the holdings, under another name."""
    return rows(
        "holdings",
        lambda held, _: [one if one["asset"] == "ETH" else one | {"asset": asset} for one in held],
    )


def event_in(country: str) -> Act:
    def events(_: list[Json], now: datetime) -> list[Json]:
        at = iso_utc(now + timedelta(hours=6))
        return [{"name": "CPI", "country": country, "importance": "High", "scheduled_at": at}]

    return rows("events", events)


def a_little_ahead(found: list[Json], now: datetime) -> list[Json]:
    return [one | {"timestamp": iso_utc(now + A_LITTLE)} for one in found]


def far_ahead(found: list[Json], now: datetime) -> list[Json]:
    return [one | {"timestamp": iso_utc(now + timedelta(hours=1))} for one in found]


NO_EVENTS = says(b'{"events": []}')
NO_RATES = says(b'{"points": []}')
ZEROS = b"[" + b"0," * 2_999_999 + b"0]"

ENTRIES: tuple[EntryAnswer, ...] = (
    EntryAnswer("nothing is wrong"),
    EntryAnswer("equity of a month ago", "get_total_equity", earlier(30), "data_failed", "get_total_equity"),
    EntryAnswer("an FX rate of a year ago", "get_fx_rate", earlier(365), "data_failed", "get_fx_rate"),
    EntryAnswer(
        "equity in cents", "get_total_equity", multiplied("equity", 100), "data_failed", "get_total_equity"
    ),
    EntryAnswer(
        "equity in USD, called EUR",
        "get_total_equity",
        with_fields(currency="EUR"),
        "data_failed",
        "get_total_equity",
    ),
    EntryAnswer(
        "equity of the year 1",
        "get_total_equity",
        with_fields(timestamp="0001-01-01T00:00:00+14:00"),
        "data_failed",
        "get_total_equity",
    ),
    EntryAnswer(
        "equity beyond all bounds",
        "get_total_equity",
        with_fields(equity="1E+1000000000"),
        "data_failed",
        "get_total_equity",
    ),
    EntryAnswer(
        "an error that is an object",
        "get_total_equity",
        with_fields(error={"code": 13004, "message": "bad credentials"}),
        "data_failed",
        "get_total_equity",
    ),
    EntryAnswer(
        "holdings of 3 million zeros",
        "get_holdings",
        says(b'{"holdings": ' + ZEROS + b"}"),
        "data_failed",
        "get_holdings",
    ),
    EntryAnswer(
        "equity at the venue in USD",
        "get_account_summary",
        multiplied("equity", 2400),
        "data_failed",
        "get_account_summary",
    ),
    EntryAnswer(
        "an index history in cents",
        "get_historical",
        rows("candles", in_cents),
        "data_failed",
        "get_historical",
    ),
    EntryAnswer("ETH by another name", "get_holdings", named_otherwise("wstETH"), because="eth_share"),
    EntryAnswer(
        "what may be ETH", "get_holdings", named_otherwise("ETH-Vault-7"), "data_failed", "get_holdings"
    ),
    EntryAnswer("a country by its currency", "get_calendar", event_in("USD"), because="macro_event"),
    EntryAnswer("a country that there is not", "get_calendar", event_in("Atlantis"), because="macro_event"),
    EntryAnswer("funding a little ahead", "get_cross_exchange_funding", rows("exchanges", a_little_ahead)),
    EntryAnswer(
        "funding of the next hour",
        "get_cross_exchange_funding",
        rows("exchanges", far_ahead),
        "data_failed",
        "funding_missing",
    ),
    EntryAnswer("overlapping pages, the newest first", "get_historical", rows("candles", shuffled)),
    EntryAnswer(
        "an hour is missing",
        "get_historical",
        rows("candles", lambda found, _: found[:100] + found[101:]),
        "data_failed",
        "index_history_gap",
    ),
    EntryAnswer("the chain twice", "get_options_chain", rows("quotes", lambda found, _: found + found)),
    EntryAnswer(
        "an IV that is null, far from the money", "get_options_chain", rows("quotes", one_without_iv)
    ),
    EntryAnswer("a quote of tomorrow", "get_options_chain", rows("quotes", one_of_tomorrow)),
    EntryAnswer(
        "a chain of tomorrow",
        "get_options_chain",
        rows("quotes", all_of_tomorrow),
        "data_failed",
        "get_options_chain",
    ),
    EntryAnswer(
        "another index", "get_index_price", multiplied("price", 1.3), "data_failed", "forward_off_index"
    ),
    EntryAnswer("half of DVOL", "get_dvol", multiplied("dvol", 0.5), "data_failed", "atm_iv_above_dvol"),
)
NO_HOURLY_RATES = {"funding a little ahead", "funding of the next hour"}
"""Cycles in which funding is known by the list of all exchanges alone."""
STRATEGY = {
    "entry": {
        "dvol_min_pts": 10.0,
        "dvol_max_pts": 300.0,
        "dvol_day_change_max_frac": 2.0,
        "vrp_min_pts": -100.0,
        "funding_abs_max_frac": 10.0,
    },
    "bias": {"trend_min_frac": 1.0, "funding_bound_frac": 10.0, "condor_dvol_min_pts": 10.0},
    "worth": {"cost_max_of_credit": 0.001},
}
"""No market is refused, whatever it is, and no trade is worth its costs."""


class Entries:
    """Answers the requests of entry cycles by the table, the first cycle by its first row."""

    def __init__(self) -> None:
        self._cycles: list[str] = []
        self.told: set[str] = set()
        """The names of the rows that were played."""
        self._lock = Lock()

    def __call__(self, exchange: Exchange) -> Act | None:
        tool, cycle = exchange.path.rpartition("/")[2], exchange.headers.get(CORRELATION_HEADER, "")
        if cycle.startswith("entry-"):
            today = self._of(cycle)
            if today.tool == tool:
                self.told.add(today.name)
                return today.act
            if tool == "get_funding_history" and today.name in NO_HOURLY_RATES:
                return NO_RATES
        return NO_EVENTS if tool == "get_calendar" else None

    def _of(self, cycle: str) -> EntryAnswer:
        with self._lock:
            if cycle not in self._cycles:
                self._cycles.append(cycle)
            number = self._cycles.index(cycle)
        return ENTRIES[number] if number < len(ENTRIES) else ENTRIES[0]
