"""An exit order starts at the mid that its rule saw and comes to the natural price that its rule saw."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from core.market.option_chain import OptionChain
from core.orders.ladder import round_cost_eth
from core.rules.exit.decision import ExitDecision, Skipped, decide_exit
from core.rules.facts import MonitorFacts, MonitorMarket, OpenPositionFacts
from core.values import PositionId, SpreadKind
from tests.fakes.trading import EXPIRATION, LONG, SHORT, TradingHouse, plan

TICKS = st.integers(1, 49)


@st.composite
def touches(draw: st.DrawFn) -> tuple[str | None, str | None, str]:
    """Bid, ask and mark of one option on the small tick; either side may be empty, the mark anywhere."""
    low, high = sorted((draw(TICKS), draw(TICKS)))
    bid = None if draw(st.booleans()) else f"{low / 10_000:.4f}"
    ask = None if draw(st.booleans()) else f"{high / 10_000:.4f}"
    return bid, ask, f"{draw(st.integers(0, 500)) / 10_000:.4f}"


def rule_sees(house: TradingHouse) -> ExitDecision | Skipped:
    """The exit decision on the venue's quotes of this moment."""
    chain = OptionChain.decode(
        house.venue.chain_now(),
        now=house.time,
        anomalies=house.strategy.anomalies,
        max_quote_age_s=house.strategy.liquidity.max_quote_age_s,
    )
    position = OpenPositionFacts(
        position_id=PositionId("p-entry-1"),
        kind=SpreadKind.BULL_PUT,
        legs=plan().legs,
        contracts=2,
        credit_eth=Decimal("0.0100"),
        entered_at=house.time - timedelta(days=1),
        expiration=EXPIRATION,
        entry_spot_usd=3000.0,
        entry_dvol=60.0,
    )
    facts = MonitorFacts(
        now=house.time,
        position=position,
        market=MonitorMarket(spot_usd=3000.0, spot_4h_ago_usd=3000.0, dvol=60.0, account=None, chain=chain),
        uses_most_margin=None,
    )
    return decide_exit(facts, house.strategy)


@given(short=touches(), long=touches())
@settings(max_examples=25)
def test_order_and_rule_price_any_chain_alike(
    short: tuple[str | None, str | None, str], long: tuple[str | None, str | None, str]
) -> None:
    with TemporaryDirectory() as folder:
        house = TradingHouse(Path(folder))
        house.enter(2)
        house.venue.quotes = {SHORT: short, LONG: long}
        seen = rule_sees(house)
        assert isinstance(seen, ExitDecision)
        house.close("p-entry-1")
        (label,) = [label for label in house.books.orders if ":x" in label]
        assert house.venue.order(label).price == -max(Decimal(0), round_cost_eth(seen.mid_cost_eth))
        # A resumed exit is offered at natural at once.
        house.restart_execution()
        house.advance(1)
        seen = rule_sees(house)
        assert isinstance(seen, ExitDecision)
        natural = round_cost_eth(seen.natural_cost_eth)
        assert house.venue.order(label).price == -max(Decimal(0), natural)
