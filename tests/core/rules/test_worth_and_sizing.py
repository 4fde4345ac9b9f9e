"""Rules 5 and 6: worth by hand, size by hand, and what must hold for every chain and account."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules.entry.sizing import Capital, OneContract, budget_usd, one_contract, size, thin_capital_warning
from core.rules.entry.strikes import Pair
from core.rules.entry.worth import check_worth, credit_of, width_usd
from core.strategy import SizingSection, WorthSection
from core.values import OptionType
from tests.core.example_market import EXPIRY, SPOT_USD, altered, chain_of, name_of, wire_quotes

PUT, CALL = OptionType.PUT, OptionType.CALL
WORTH, SIZING = WorthSection(), SizingSection()
CAPITAL = Capital(
    equity_usd=200_000.0, eur_usd=1.17, risk_open_usd=0.0, venue_equity_eth=10.0, initial_margin_eth=0.0
)
ONE = OneContract(worst_loss_usd=200.0, worst_loss_eth=0.15, initial_margin_eth=0.11)


def pair_of(
    option_type: OptionType = PUT,
    short: float = 2700,
    long: float = 2460,
    short_quote: dict[str, Any] | None = None,
    long_quote: dict[str, Any] | None = None,
) -> Pair:
    changes = {
        name_of(option_type, short): short_quote or {"bid": "0.0150", "ask": "0.0160"},
        name_of(option_type, long): long_quote or {"bid": "0.0050", "ask": "0.0060"},
    }
    chain = chain_of(altered(wire_quotes([short, long], [EXPIRY]), changes))
    short_view, long_view = chain.quote(name_of(option_type, short)), chain.quote(name_of(option_type, long))
    assert short_view is not None
    assert long_view is not None
    return Pair(short_view, long_view)


def test_credit_by_hand() -> None:
    """Sell 0.0150/0.0160, buy 0.0050/0.0060: mid 0.0100, natural 0.0090, fees 0.0003 a leg."""
    credit = credit_of([pair_of()])
    assert (credit.mid_eth, credit.natural_eth) == (Decimal("0.0100"), Decimal("0.0090"))
    assert credit.fees_one_way_eth == pytest.approx(0.0006)
    assert credit.half_spreads_eth == pytest.approx(0.0010)


def test_a_cheap_leg_pays_the_capped_fee() -> None:
    cheap = pair_of(long_quote={"bid": "0.0010", "ask": "0.0014"})
    assert credit_of([cheap]).fees_one_way_eth == pytest.approx(0.0003 + 0.125 * 0.0012)


def test_worth_by_hand() -> None:
    """0.0090 · 3000 / 240 = 0.1125 against 0.55 · mean |Δ|; 2 · (0.0010 + 0.0006) / 0.0100 = 0.32."""
    pair = pair_of()
    credit, result = check_worth([pair], SPOT_USD, WORTH)
    assert result.passed
    floor, cost = result.checks
    assert floor.value == pytest.approx(0.1125)
    assert floor.threshold == pytest.approx(0.55 * (pair.short.abs_delta + pair.long.abs_delta) / 2)
    assert cost.value == pytest.approx(0.32)
    assert credit.natural_eth == Decimal("0.0090")
    assert result.inputs == {
        "mid_eth": "0.0100",
        "natural_eth": "0.0090",
        "width_usd": 240.0,
        "sum_mean_abs_delta": pytest.approx((pair.short.abs_delta + pair.long.abs_delta) / 2),
        "half_spreads_eth": pytest.approx(0.0010),
        "fees_round_trip_eth": pytest.approx(0.0012),
        "cost_eth": pytest.approx(0.0032),
    }


def test_a_condor_sums_credits_and_deltas_over_the_wider_width() -> None:
    put, call = pair_of(), pair_of(CALL, 3400, 3600)
    credit, result = check_worth([put, call], SPOT_USD, WORTH)
    assert credit.natural_eth == Decimal("0.0180")
    assert width_usd([put, call]) == 240.0
    assert result.checks[0].value == pytest.approx(0.0180 * 3000 / 240)
    deltas = put.short.abs_delta + put.long.abs_delta + call.short.abs_delta + call.long.abs_delta
    assert result.inputs["sum_mean_abs_delta"] == pytest.approx(deltas / 2)


def test_a_poor_credit_is_below_the_floor_and_too_dear() -> None:
    poor = pair_of(short_quote={"bid": "0.0080", "ask": "0.0085"})
    assert check_worth([poor], SPOT_USD, WORTH)[1].reasons == ("credit_below_floor", "cost_above_max")


def test_no_credit_at_all_is_its_own_reason() -> None:
    none = pair_of(
        short_quote={"bid": "0.0050", "ask": "0.0060"}, long_quote={"bid": "0.0050", "ask": "0.0060"}
    )
    reasons = check_worth([none], SPOT_USD, WorthSection(credit_floor_of_delta=0.0))[1].reasons
    assert reasons == ("credit_below_floor", "no_credit", "cost_above_max")


def test_a_one_sided_leg_has_no_credit_to_speak_of() -> None:
    with pytest.raises(ValueError, match="two-sided"):
        credit_of([pair_of(long_quote={"bid": None})])


@given(bid=st.integers(20, 80), step=st.integers(1, 10))
def test_more_credit_never_refuses_what_less_credit_passed(bid: int, step: int) -> None:
    """Raises the short leg's bid by coarse ticks, all else equal."""
    ask = "0.0450"

    def passes(ticks: int) -> bool:
        quote = {"bid": f"{ticks * 0.0005:.4f}", "ask": ask}
        return check_worth([pair_of(short_quote=quote)], SPOT_USD, WORTH)[1].passed

    assert passes(min(bid + step, 90)) or not passes(bid)


def test_worst_loss_of_a_put_spread_by_hand() -> None:
    """At S ≤ 2460 USD: the width less credit · S; in ETH it is worst at half of spot."""
    one = one_contract([pair_of()], 0.0090, 0.0012, SPOT_USD, SIZING)
    assert one.worst_loss_usd == pytest.approx(max(240 - (0.0090 - 0.0012) * s for s in (1500, 2460)))
    assert one.worst_loss_eth == pytest.approx(240 / 1500 - 0.0090 + 0.0012)


def test_worst_loss_of_a_call_spread_by_hand() -> None:
    """The credit's USD value grows with S, so the loss is worst at the long strike, in USD as in ETH."""
    one = one_contract([pair_of(CALL, 3400, 3600)], 0.0090, 0.0012, SPOT_USD, SIZING)
    assert one.worst_loss_usd == pytest.approx(200 - 0.0078 * 3600)
    assert one.worst_loss_eth == pytest.approx(200 / 3600 - 0.0078)


def test_margin_is_that_of_the_short_legs() -> None:
    """0.15 less the part out of the money, at least 0.10, plus the mark."""
    pair = pair_of()
    one = one_contract([pair], 0.0090, 0.0012, SPOT_USD, SIZING)
    assert one.initial_margin_eth == pytest.approx(0.10 + float(pair.short.mark_eth))


@given(
    data=st.data(),
    credit=st.floats(0.0, 0.02),
    condor=st.booleans(),
)
def test_worst_loss_is_the_maximum_over_the_whole_range(
    data: st.DataObject, credit: float, condor: bool
) -> None:
    """At no delivery price in the range is the loss larger than at the points that are checked."""
    pairs = [pair_of(), pair_of(CALL, 3400, 3600)] if condor else [pair_of()]
    one = one_contract(pairs, credit, 0.0012, SPOT_USD, SIZING)
    spot = data.draw(st.floats(1500, 6000))
    owed = max(2700 - spot, 0) - max(2460 - spot, 0)
    if condor:
        owed += max(spot - 3400, 0) - max(spot - 3600, 0)
    assert owed + (0.0012 - credit) * spot <= one.worst_loss_usd + 1e-9
    assert owed / spot + 0.0012 - credit <= one.worst_loss_eth + 1e-12


def test_budget_by_hand() -> None:
    """1.5 % of 20,000 is 300; at DVOL 75 the factor is 0.8."""
    assert budget_usd(CAPITAL._replace(equity_usd=20_000.0), 60.0, SIZING) == pytest.approx(300.0)
    assert budget_usd(CAPITAL._replace(equity_usd=20_000.0), 75.0, SIZING) == pytest.approx(240.0)
    assert budget_usd(CAPITAL._replace(equity_usd=20_000.0), 200.0, SIZING) == pytest.approx(210.0)
    assert budget_usd(CAPITAL._replace(equity_usd=20_000.0), 40.0, SIZING) == pytest.approx(300.0)


def test_each_cap_can_bind_the_budget() -> None:
    assert budget_usd(CAPITAL, 60.0, SIZING) == pytest.approx(585.0)
    assert budget_usd(CAPITAL._replace(risk_open_usd=11_900.0), 60.0, SIZING) == pytest.approx(100.0)
    assert budget_usd(CAPITAL._replace(risk_open_usd=13_000.0), 60.0, SIZING) == 0.0
    assert budget_usd(CAPITAL, 60.0, SizingSection(kelly_cap=0.001)) == pytest.approx(200.0)


def test_size_is_the_least_of_the_caps() -> None:
    assert size(ONE, CAPITAL, 60.0, SIZING)[0] == 2
    assert size(ONE._replace(worst_loss_usd=50.0), CAPITAL, 60.0, SIZING)[0] == 4
    assert size(ONE._replace(worst_loss_usd=50.0, worst_loss_eth=2.0), CAPITAL, 60.0, SIZING)[0] == 2
    assert size(ONE._replace(worst_loss_usd=50.0, initial_margin_eth=1.9), CAPITAL, 60.0, SIZING)[0] == 2
    assert size(ONE._replace(worst_loss_usd=585.0), CAPITAL, 60.0, SIZING)[0] == 1


@pytest.mark.parametrize(
    ("one", "capital", "reasons"),
    [
        (ONE._replace(worst_loss_usd=585.1), CAPITAL, ("budget_below_one",)),
        (ONE._replace(worst_loss_eth=5.1), CAPITAL, ("venue_loss_above_max",)),
        (ONE._replace(initial_margin_eth=4.1), CAPITAL, ("margin_above_max",)),
        (ONE, CAPITAL._replace(initial_margin_eth=3.9), ("margin_above_max",)),
        (
            ONE,
            CAPITAL._replace(venue_equity_eth=0.0, risk_open_usd=20_000.0),
            ("budget_below_one", "venue_loss_above_max", "margin_above_max"),
        ),
    ],
)
def test_below_one_contract_every_cap_that_forbids_it_is_named(
    one: OneContract, capital: Capital, reasons: tuple[str, ...]
) -> None:
    contracts, result = size(one, capital, 60.0, SIZING)
    assert contracts == 0
    assert result.reasons == reasons


def test_what_can_lose_nothing_is_bounded_by_the_maximum() -> None:
    assert size(ONE._replace(worst_loss_usd=-5.0), CAPITAL, 60.0, SIZING)[0] == 4


@given(
    usd=st.floats(1, 2000),
    eth=st.floats(0.001, 8),
    margin=st.floats(0.05, 8),
    equity=st.floats(0, 1e6),
    venue=st.floats(0, 100),
    used=st.floats(0, 10),
    open_risk=st.floats(0, 20_000),
    dvol=st.floats(20, 200),
)
def test_a_size_never_breaks_a_cap_and_one_more_would(
    usd: float,
    eth: float,
    margin: float,
    equity: float,
    venue: float,
    used: float,
    open_risk: float,
    dvol: float,
) -> None:
    one = OneContract(usd, eth, margin)
    capital = Capital(equity, 1.17, open_risk, venue, used)
    contracts, result = size(one, capital, dvol, SIZING)
    budget = budget_usd(capital, dvol, SIZING)

    def fits(n: int) -> bool:
        return n <= 4 and n * usd <= budget and n * eth <= 0.5 * venue and n * margin + used <= 0.4 * venue

    def close(n: int) -> bool:
        """Whether a cap is met up to rounding: then either answer is right."""
        caps = ((n * usd, budget), (n * eth, 0.5 * venue), (n * margin + used, 0.4 * venue))
        return any(math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-12) for a, b in caps)

    assert result.passed is (contracts >= 1)
    assert contracts == 0 or fits(contracts) or close(contracts)
    assert not fits(contracts + 1) or close(contracts + 1)


@given(low=st.floats(0.1, 0.9), high=st.floats(1.1, 4.0), wider=st.floats(1.01, 2.5))
def test_a_wider_range_of_prices_never_increases_size(low: float, high: float, wider: float) -> None:
    pairs = [pair_of(), pair_of(CALL, 3400, 3600)]

    def contracts(sizing: SizingSection) -> int:
        return size(one_contract(pairs, 0.018, 0.0024, SPOT_USD, sizing), CAPITAL, 60.0, sizing)[0]

    narrow = SizingSection(spot_low_frac=low, spot_high_frac=high)
    wide = SizingSection(spot_low_frac=low / wider, spot_high_frac=high * wider)
    assert contracts(wide) <= contracts(narrow)


def test_thin_capital_warns_below_five_spots() -> None:
    assert thin_capital_warning(15_000.0, 3000.0, 50.0, SIZING).passed
    assert not thin_capital_warning(14_999.0, 3000.0, 50.0, SIZING).passed
    assert thin_capital_warning(18_000.0, 3000.0, 72.0, SIZING).passed
    warning = thin_capital_warning(17_999.0, 3000.0, 72.0, SIZING)
    assert not warning.passed
    assert warning.reason == "equity_thin_for_one_contract"
