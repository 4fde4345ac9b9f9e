"""Decode, validation and entry decision on chains of 954 quotes and multiples: p50, and growth with the size.

The chain is synthetic but shaped as the venue's: 12 expiries, tick grid, smile, every quote sound.
"""

from __future__ import annotations

import json
import math
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bench.report import Row, add_rows, print_table, row_at_most
from core.market.forwards import forwards_of
from core.market.instrument_name import expiry_code
from core.market.observations import HourlyClose, Level, MeanFunding
from core.market.option_chain import OptionChain
from core.pricing.black76 import black76_price_eth, delta, year_fraction
from core.rules.entry.decision import EntryOutcome, decide_entry
from core.rules.facts import AccountFacts, EngineFacts, EntryFacts, MarketFacts, TradingFacts
from core.strategy import Strategy
from core.values import OptionType, SpreadKind

NOW = datetime(2026, 1, 12, 14, tzinfo=UTC)
SPOT_USD = 3000.0
QUOTES = 954
TARGET_MS = 8.0
GROWTH_MAX = 1.15
"""Time per quote at four times the size over that at single size; 1 is linear growth."""
_ROUNDS = 41
_DAYS = (1, 2, 3, 4, 11, 18, 25, 46, 74, 165, 256, 347)


def wire_chain(quotes: int) -> bytes:
    """A `get_options_chain` answer with so many sound quotes; the range of strikes is always the same."""
    per_side = math.ceil(quotes / len(_DAYS) / 2)
    rows: list[dict[str, object]] = []
    for days in _DAYS:
        expiration = (NOW + timedelta(days=days)).replace(hour=8)
        t_years = year_fraction(NOW, expiration)
        for i in range(per_side):
            strike = SPOT_USD * (0.6 + 0.8 * i / (per_side - 1))
            rows += [_quote(option_type, round(strike), expiration, t_years) for option_type in OptionType]
    return json.dumps({"quotes": rows[:quotes]}).encode()


def _quote(option_type: OptionType, strike: int, expiration: datetime, t_years: float) -> dict[str, object]:
    iv = 0.65
    mark = black76_price_eth(option_type, SPOT_USD, strike, t_years, iv)
    tick = 0.0001 if mark < 0.0045 else 0.0005
    bid = int(mark / tick) * tick
    return {
        "instrument_name": f"{expiry_code(expiration)}-{strike}-{option_type.value[0].upper()}",
        "strike": str(strike),
        "option_type": option_type.value,
        "expiration": expiration.isoformat(),
        "bid": f"{bid:.4f}" if bid > 0 else None,
        "ask": f"{bid + tick:.4f}",
        "bid_size": 25.0,
        "ask_size": 25.0,
        "mark_price": f"{mark:.6f}",
        "mark_iv": iv * 100,
        "delta": delta(option_type, SPOT_USD, strike, t_years, iv),
        "gamma": 0.001,
        "theta": -1.5,
        "vega": 2.5,
        "open_interest": 1000.0,
        "volume_24h": 100.0,
        "underlying_price": f"{SPOT_USD:.2f}",
        "timestamp": NOW.isoformat(),
    }


def facts_without_chain() -> EntryFacts:
    """Facts of a calm market whose bias is a bull put."""
    closes = tuple(
        HourlyClose(at=NOW - timedelta(hours=hours), close_usd=SPOT_USD * (1.0 - 0.0001 * hours))
        for hours in range(721, -1, -1)
    )
    return EntryFacts(
        now=NOW,
        engine=EngineFacts(
            strategy_enabled=True, armed=False, open_positions=0, orders_in_doubt=0, risk_open_usd=0.0
        ),
        account=AccountFacts(
            equity_usd=200_000.0,
            eur_usd=1.17,
            eth_share=0.15,
            venue_equity_eth=10.0,
            initial_margin_eth=0.0,
        ),
        market=MarketFacts(
            spot_usd=SPOT_USD,
            dvol=65.0,
            dvol_24h_ago=64.0,
            index_hourly_closes=closes,
            funding=(MeanFunding(venue="hyperliquid", annualised_frac=0.08, as_of=NOW),),
            macro_events=(),
            liquidation_level=Level.LOW,
            forwards=(),
            chain=None,
        ),
        trading=TradingFacts(since=None, pnl_usd=0.0, highs=(), trades=()),
    )


def with_chain(facts: EntryFacts, chain: OptionChain) -> EntryFacts:
    """The same facts with a chain."""
    market = facts.market.model_copy(update={"chain": chain, "forwards": forwards_of(chain)})
    return facts.model_copy(update={"market": market})


def times_ms(*works: Callable[[], object], rounds: int = _ROUNDS) -> list[list[float]]:
    """CPU times of each work in ms, measured in turn so that drift of the machine affects all alike."""
    times: list[list[float]] = [[] for _ in works]
    for work in works:
        work()
    for _ in range(rounds):
        for work, taken in zip(works, times, strict=True):
            start = time.process_time()
            work()
            taken.append((time.process_time() - start) * 1000.0)
    return times


def chain_rows() -> list[Row]:
    """The rows of this benchmark."""
    strategy, facts = Strategy(), facts_without_chain()

    def decode(raw: bytes) -> OptionChain:
        return OptionChain.decode(
            raw,
            now=NOW,
            anomalies=strategy.anomalies,
            max_quote_age_s=strategy.liquidity.max_quote_age_s,
        )

    def decide(raw: bytes) -> None:
        decision = decide_entry(with_chain(facts, decode(raw)), strategy, forced_kind=SpreadKind.IRON_CONDOR)
        if decision.outcome is not EntryOutcome.PROPOSE:
            raise RuntimeError(f"expected a proposal, found {decision.table()}")

    once, fourfold = wire_chain(QUOTES), wire_chain(4 * QUOTES)
    whole, decoded, large = times_ms(lambda: decide(once), lambda: decode(once), lambda: decode(fourfold))
    growth = statistics.median(four / (4.0 * one) for one, four in zip(decoded, large, strict=True))
    decode_ms, whole_ms = statistics.median(decoded), statistics.median(whole)
    return [
        row_at_most("chain: decode and validate 954 quotes, p50 (CPU)", decode_ms, "ms", TARGET_MS),
        row_at_most("chain: decode, validate and decide, p50 (CPU)", whole_ms, "ms", TARGET_MS),
        row_at_most("chain: time per quote at 4 times the quotes (CPU)", growth, "x", GROWTH_MAX),
    ]


def main() -> int:
    """Measure, print, put the rows into `bench.json`; 1 if a figure missed its target."""
    rows = chain_rows()
    print_table(rows)
    add_rows(rows)
    return 0 if all(row.ok for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
