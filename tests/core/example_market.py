"""A small made-up market for the rule tests: wire quotes on the tick grid with a smile, and calm facts."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from core.market.forwards import forwards_of
from core.market.observations import HourlyClose, Level, MeanFunding
from core.market.option_chain import OptionChain
from core.pricing.black76 import black76_price_eth, delta, year_fraction
from core.rules.facts import AccountFacts, EngineFacts, EntryFacts, MarketFacts, TradingFacts
from core.strategy import Strategy
from core.values import OptionType

NOW = datetime(2026, 1, 12, 14, tzinfo=UTC)
"""A Monday at 14:00."""
EXPIRY = datetime(2026, 1, 23, 8, tzinfo=UTC)
"""Next week's Friday: 10.75 days to expiry."""
NEAR_EXPIRY = datetime(2026, 1, 16, 8, tzinfo=UTC)
FAR_EXPIRY = datetime(2026, 1, 30, 8, tzinfo=UTC)
SPOT_USD = 3000.0
STRATEGY = Strategy()


def name_of(option_type: OptionType, strike_usd: float, expiration: datetime = EXPIRY) -> str:
    day = f"{expiration.day}{expiration:%b%y}".upper()
    return f"ETH-{day}-{strike_usd:g}-{option_type.value[0].upper()}"


def smile_iv_pct(strike_usd: float, forward_usd: float, t_years: float, atm_pct: float = 65.0) -> float:
    k = math.log(strike_usd / forward_usd) / (atm_pct / 100.0 * math.sqrt(t_years))
    k = max(min(k, 3.0), -3.0)
    return atm_pct * (1.0 - 0.059 * k + 0.052 * k * k)


def wire_quote(
    option_type: OptionType,
    strike_usd: float,
    *,
    expiration: datetime = EXPIRY,
    forward_usd: float = SPOT_USD,
    atm_pct: float = 65.0,
    at: datetime = NOW,
    **changes: Any,
) -> dict[str, Any]:
    """One sound quote; `changes` replace wire fields."""
    quote = _sound(option_type, strike_usd, expiration, forward_usd, atm_pct, at)
    assert changes.keys() <= quote.keys()
    return quote | changes


@lru_cache(maxsize=4096)
def _sound(
    option_type: OptionType,
    strike_usd: float,
    expiration: datetime,
    forward_usd: float,
    atm_pct: float,
    at: datetime,
) -> dict[str, Any]:
    t_years = year_fraction(at, expiration)
    iv_pct = smile_iv_pct(strike_usd, forward_usd, t_years, atm_pct)
    mark = black76_price_eth(option_type, forward_usd, strike_usd, t_years, iv_pct / 100.0)
    half = min(0.0001 + 0.012 * mark, 0.0003)
    bid_ticks, ask_ticks = _on_grid(mark - half, math.floor), _on_grid(mark + half, math.ceil)
    return {
        "instrument_name": name_of(option_type, strike_usd, expiration),
        "strike": f"{strike_usd:g}",
        "option_type": option_type.value,
        "expiration": expiration.isoformat(),
        "bid": f"{bid_ticks / 10_000:.4f}" if bid_ticks > 0 else None,
        "ask": f"{ask_ticks / 10_000:.4f}",
        "bid_size": 25.0 if bid_ticks > 0 else 0.0,
        "ask_size": 25.0,
        "mark_price": f"{mark:.6f}",
        "mark_iv": iv_pct,
        "delta": delta(option_type, forward_usd, strike_usd, t_years, iv_pct / 100.0),
        "gamma": 0.0011,
        "theta": -2.0,
        "vega": 2.2,
        "open_interest": 1000.0,
        "volume_24h": 100.0,
        "underlying_price": f"{forward_usd:g}",
        "timestamp": at.isoformat(),
    }


def _on_grid(price_eth: float, rounding: Any) -> int:
    ticks: int = rounding(round(price_eth * 10_000, 6))
    return ticks if ticks < 50 else 5 * rounding(round(price_eth * 2_000, 6))


def wire_quotes(
    strikes_usd: Iterable[float] = range(2200, 3900, 50),
    expirations: Iterable[datetime] = (NEAR_EXPIRY, EXPIRY, FAR_EXPIRY),
    **changes: Any,
) -> list[dict[str, Any]]:
    strikes = list(strikes_usd)
    return [
        wire_quote(option_type, strike, expiration=expiration, **changes)
        for expiration in expirations
        for strike in strikes
        for option_type in OptionType
    ]


def altered(quotes: list[dict[str, Any]], changes: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The quotes with some fields replaced, by instrument name; every name must be there."""
    assert changes.keys() <= {quote["instrument_name"] for quote in quotes}
    return [quote | dict(changes.get(quote["instrument_name"], {})) for quote in quotes]


def scaled(quotes: list[dict[str, Any]], factor: float) -> list[dict[str, Any]]:
    """The same market with every USD price times `factor`, also in names; strikes must stay whole."""
    return [
        quote
        | {
            "strike": f"{float(quote['strike']) * factor:g}",
            "underlying_price": repr(float(quote["underlying_price"]) * factor),
            "instrument_name": scaled_name(quote, factor),
        }
        for quote in quotes
    ]


def scaled_name(quote: Mapping[str, Any], factor: float) -> str:
    strike_usd = float(quote["strike"]) * factor
    return name_of(OptionType(quote["option_type"]), strike_usd, datetime.fromisoformat(quote["expiration"]))


def unscaled_names(text: str, quotes: list[dict[str, Any]], factor: float) -> str:
    """A text about the scaled market, with the names of the original one."""
    plain = {scaled_name(quote, factor): quote["instrument_name"] for quote in quotes}
    return re.sub(r"ETH-[0-9A-Z]+-\d+-[CP]", lambda found: plain[found[0]], text)


def chain_of(quotes: list[dict[str, Any]], strategy: Strategy = STRATEGY, now: datetime = NOW) -> OptionChain:
    return OptionChain.decode(
        {"quotes": quotes},
        now=now,
        anomalies=strategy.anomalies,
        max_quote_age_s=strategy.liquidity.max_quote_age_s,
    )


def hourly_closes(
    *, now: datetime = NOW, r30: float = 0.08, spot_usd: float = SPOT_USD, hourly_move: float = 0.005
) -> tuple[HourlyClose, ...]:
    """722 closes up to `now` that zigzag by `hourly_move` around a straight line, with the wanted r30."""
    start = spot_usd / (1.0 + r30)
    closes = []
    for hours_ago in range(721, -1, -1):
        level = spot_usd + (start - spot_usd) * hours_ago / 720
        zigzag = 1.0 + (hourly_move if hours_ago % 2 else 0.0)
        closes.append(HourlyClose(at=now - timedelta(hours=hours_ago), close_usd=level * zigzag))
    return tuple(closes)


def entry_facts(**changes: Any) -> EntryFacts:
    """A market that allows a bull put, and an ample account; `chain` is made unless given."""
    facts: dict[str, Any] = {
        "now": NOW,
        "strategy_enabled": True,
        "armed": False,
        "suspended_reasons": (),
        "open_positions": 0,
        "orders_in_doubt": 0,
        "equity_usd": 200_000.0,
        "eur_usd": 1.17,
        "eth_share": 0.15,
        "venue_equity_eth": 10.0,
        "initial_margin_eth": 0.0,
        "risk_open_usd": 0.0,
        "spot_usd": SPOT_USD,
        "dvol": 65.0,
        "dvol_24h_ago": 64.0,
        "index_hourly_closes": CLOSES,
        "funding": (MeanFunding(venue="hyperliquid", annualised_frac=0.08, as_of=NOW - timedelta(hours=1)),),
        "macro_events": (),
        "liquidation_level": Level.LOW,
    }
    if "chain" not in changes:
        facts["chain"] = chain_of(wire_quotes())
    facts |= changes
    if "forwards" not in changes:
        facts["forwards"] = () if facts["chain"] is None else forwards_of(facts["chain"])
    return in_parts(facts)


def in_parts(fields: Mapping[str, Any]) -> EntryFacts:
    """Entry facts from a flat mapping, each put into the part that has its field."""
    parts = {
        part: model(**{name: fields[name] for name in model.model_fields if name in fields})
        for part, model in (("engine", EngineFacts), ("account", AccountFacts), ("market", MarketFacts))
    }
    return EntryFacts(now=fields["now"], trading=fields.get("trading", NO_TRADES), **parts)


def with_chain(facts: EntryFacts, chain: OptionChain) -> EntryFacts:
    """The same facts with another chain."""
    market = facts.market.model_copy(update={"chain": chain, "forwards": forwards_of(chain)})
    return facts.model_copy(update={"market": market})


CLOSES = hourly_closes()
NO_TRADES = TradingFacts(since=None, pnl_usd=0.0, highs=(), trades=())
