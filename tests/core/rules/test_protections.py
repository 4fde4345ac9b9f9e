"""The protections: each at its edge and for all histories, and what a resumption forgets."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.checks import RuleResult
from core.orders.books import TradeResult
from core.orders.exit_rule import ExitRule
from core.protection_settings import ProtectionsSection, one_trade_alone
from core.rules.entry.decision import EntryOutcome, decide_entry
from core.rules.entry.protections import (
    DRAWDOWN,
    LOSS,
    STREAK,
    breach_text,
    breaches,
    losing_streak,
    peak_pnl_usd,
    protections,
    trades_that_may_count,
)
from core.rules.facts import TradingFacts
from core.statistics.highs import PnlHigh, highs_with, part_end
from core.strategy import SizingSection, Strategy
from core.values import PositionId
from tests.core.example_market import NOW, STRATEGY, entry_facts

DAY = timedelta(days=1)
EQUITY_USD, EUR_USD = 100_000.0, 1.2
CAP_USD = STRATEGY.sizing.cap_per_trade_eur * EUR_USD
OFF: dict[str, Any] = {
    "drawdown_max_frac": None,
    "loss_max_multiple": None,
    "losing_trades_max": None,
    "rest_weeks_after_stop": None,
}


def trade(days_ago: float, pnl_usd: str, rule: ExitRule = ExitRule.PROFIT) -> TradeResult:
    return TradeResult(
        position_id=PositionId(f"p-{days_ago}"),
        closed_at=NOW - days_ago * DAY,
        exit_rule=rule,
        pnl_usd=Decimal(pnl_usd),
    )


def high(days_ago: float, pnl_usd: float) -> PnlHigh:
    return PnlHigh(at=NOW - days_ago * DAY, pnl_usd=pnl_usd)


def trading(
    *trades: TradeResult,
    pnl_usd: float | None = 0.0,
    highs: tuple[PnlHigh, ...] = (),
    since: datetime | None = None,
) -> TradingFacts:
    return TradingFacts(since=since, pnl_usd=pnl_usd, highs=highs, trades=trades)


def only(**changes: Any) -> Strategy:
    """A strategy with a single protection."""
    return Strategy(protections=ProtectionsSection(**(OFF | changes)))


def checked(
    facts: TradingFacts,
    strategy: Strategy = STRATEGY,
    *,
    equity_usd: float | None = EQUITY_USD,
    eur_usd: float | None = EUR_USD,
) -> RuleResult:
    return protections(facts, NOW, strategy, equity_usd=equity_usd, eur_usd=eur_usd)


def refused(facts: TradingFacts, strategy: Strategy = STRATEGY) -> tuple[str, ...]:
    return checked(facts, strategy).reasons


@pytest.mark.parametrize(("pnl_usd", "reasons"), [(-5_000.0, ()), (-5_000.1, (DRAWDOWN,))])
def test_a_drawdown_is_a_breach_from_above_its_share_of_equity(
    pnl_usd: float, reasons: tuple[str, ...]
) -> None:
    """1,000 USD at the peak: 6,000 of 100,000 below it is 6 %."""
    assert refused(trading(pnl_usd=pnl_usd, highs=(high(10, 1_000.0),))) == reasons


@pytest.mark.parametrize(("days_ago", "reasons"), [(90.0, (DRAWDOWN,)), (90.1, ())])
def test_a_peak_counts_within_its_window(days_ago: float, reasons: tuple[str, ...]) -> None:
    assert refused(trading(pnl_usd=-7_000.0, highs=(high(days_ago, 0.0),))) == reasons


@pytest.mark.parametrize("equity_usd", [0.0, -5.0, 1e-9])
def test_without_equity_every_drawdown_is_a_breach(equity_usd: float) -> None:
    facts = trading(pnl_usd=-1.0, highs=(high(1, 0.0),))
    assert checked(facts, equity_usd=equity_usd).reasons == (DRAWDOWN,)


@pytest.mark.parametrize(("lost_usd", "reasons"), [("1800", ()), ("1800.01", (LOSS,))])
def test_a_realised_loss_is_a_breach_from_above_its_multiple_of_the_cap(
    lost_usd: str, reasons: tuple[str, ...]
) -> None:
    """3 x 500 EUR at 1.20 USD. A win within the window is set against it, an older loss does not count."""
    trades = (
        trade(30, "-5000"),
        trade(29, "-2000"),
        trade(20, "200"),
        trade(1, str(Decimal(2000 - 200) - Decimal(lost_usd))),
    )
    assert CAP_USD == 600.0
    assert refused(trading(*trades), only(loss_max_multiple=3.0)) == reasons


@pytest.mark.parametrize(
    ("pnls", "streak"),
    [
        (("-1", "-1", "-1"), 3),
        (("-1", "-1", "-1", "0"), 4),
        (("-1", "-1", "1", "-1", "-1", "-1"), 3),
        ((), 0),
    ],
)
def test_trades_that_did_not_win_are_counted_from_the_last_one(pnls: tuple[str, ...], streak: int) -> None:
    trades = tuple(trade(100 - place, pnl_usd) for place, pnl_usd in enumerate(pnls))
    assert losing_streak(trades) == streak
    assert refused(trading(*trades), only(losing_trades_max=4)) == ((STREAK,) if streak >= 4 else ())


@pytest.mark.parametrize(("days_ago", "reasons"), [(13.9, ("rest_after_stop",)), (14.0, ())])
def test_a_rest_after_a_stop_ends_by_itself(days_ago: float, reasons: tuple[str, ...]) -> None:
    facts = trading(trade(days_ago, "-10", ExitRule.STOP), trade(1, "10"))
    found = checked(facts, only(rest_weeks_after_stop=2))
    assert found.reasons == reasons
    assert breaches(found) == (), "a person need not resume what ends by itself"


@pytest.mark.parametrize("weeks", [0, None])
def test_no_rest_is_kept_unless_it_is_set(weeks: int | None) -> None:
    facts = trading(trade(0.1, "-10", ExitRule.STOP))
    assert checked(facts, only(rest_weeks_after_stop=weeks)).checks == ()


RUINED = trading(
    *(trade(days, "-9000", ExitRule.STOP) for days in (5, 4, 3, 2)),
    pnl_usd=-36_000.0,
    highs=(high(6, 0.0), high(2, -36_000.0)),
)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("drawdown_max_frac", DRAWDOWN),
        ("loss_max_multiple", LOSS),
        ("losing_trades_max", STREAK),
    ],
)
def test_null_switches_a_protection_off(name: str, code: str) -> None:
    assert code in refused(RUINED)
    assert code not in refused(RUINED, Strategy(protections=ProtectionsSection.model_validate({name: None})))


def test_a_breach_is_told_with_its_figure_its_bound_and_its_setting() -> None:
    text = breach_text(checked(RUINED), STRATEGY.protections)
    assert "36.00% of equity below its peak of 90 days, 6.00% are allowed (protections.drawdown_max" in text
    assert "lost 36,000.00 USD, 1,800.00 USD are allowed (protections.loss_max_multiple)" in text
    assert "4 losing trades in a row, fewer than 4 are allowed (protections.losing_trades_max)" in text


def test_an_entry_with_a_breach_is_refused_before_anything_else_is_read() -> None:
    decision = decide_entry(entry_facts(trading=RUINED, chain=None), STRATEGY)
    assert decision.outcome is EntryOutcome.PROTECTIONS
    assert set(decision.reasons) == {DRAWDOWN, LOSS, STREAK}
    assert [rule.rule for rule in decision.rules] == ["blocked", "protections"]


def test_a_position_that_cant_be_marked_keeps_an_entry_from_being_made_and_latches_nothing() -> None:
    decision = decide_entry(entry_facts(trading=trading(pnl_usd=None)), STRATEGY)
    assert (decision.outcome, decision.reasons) == (EntryOutcome.PROTECTIONS, ("pnl_unknown",))
    assert breaches(checked(trading(pnl_usd=None))) == ()


def test_without_equity_or_a_rate_known_only_what_needs_them_is_left_out() -> None:
    found = checked(RUINED, equity_usd=None, eur_usd=None)
    assert [check.code for check in found.checks] == [STREAK]


pnls = st.decimals(-3_000, 3_000, places=2)
histories = st.lists(st.tuples(st.floats(0.01, 400), pnls), max_size=25).map(
    lambda rows: tuple(trade(days, str(pnl)) for days, pnl in sorted(rows, reverse=True))
)


usd = st.floats(-1e5, 1e5)


@given(histories, st.lists(st.tuples(st.floats(0.01, 200), usd), max_size=8), usd)
def test_after_a_resumption_nothing_before_it_counts(
    trades: tuple[TradeResult, ...], highs: list[tuple[float, float]], pnl_usd: float
) -> None:
    """The same breach does not latch again: right after it every window is empty."""
    points = tuple(high(days, usd) for days, usd in highs)
    facts = trading(*trades, pnl_usd=pnl_usd, highs=points, since=NOW)
    assert breaches(checked(facts)) == ()


@given(histories, st.integers(0, 120))
def test_a_protection_never_reads_a_trade_that_was_left_out_of_the_facts(
    trades: tuple[TradeResult, ...], rest_days: int
) -> None:
    section = ProtectionsSection(rest_weeks_after_stop=rest_days % 10)
    strategy = Strategy(protections=section)
    kept = trades_that_may_count(trades, NOW, section)
    assert checked(trading(*kept), strategy).reasons == checked(trading(*trades), strategy).reasons


@given(histories, pnls)
def test_one_more_win_never_adds_a_breach_and_one_more_loss_never_takes_one_away(
    trades: tuple[TradeResult, ...], pnl: Decimal
) -> None:
    strategy = only(loss_max_multiple=3.0, losing_trades_max=4)
    before = set(refused(trading(*trades), strategy))
    after = set(refused(trading(*trades, trade(0, str(pnl))), strategy))
    assert after <= before if pnl > 0 else after >= before


@given(st.lists(st.tuples(st.floats(0, 3), st.floats(-1e4, 1e4)), min_size=1, max_size=60))
def test_the_drawdown_is_that_of_the_whole_curve_to_the_day(steps: list[tuple[float, float]]) -> None:
    """Held against every point of the curve: the peak of those that are at least a day within the window
    counts, and none that is out of it."""
    window = timedelta(days=30)
    at = NOW
    points: list[PnlHigh] = []
    highs: tuple[PnlHigh, ...] = ()
    for days, usd in steps:
        at += timedelta(days=days)
        points.append(PnlHigh(at=at, pnl_usd=usd))
        highs = highs_with(highs, points[-1], window=window, since=None)
    found = max(point.pnl_usd for point in highs)
    assert found >= max(point.pnl_usd for point in points if point.at >= at - window + DAY)
    assert found <= max(point.pnl_usd for point in points if point.at >= at - window)
    assert len(highs) <= 32
    assert [point.pnl_usd for point in highs] == sorted((p.pnl_usd for p in highs), reverse=True)


def test_a_peak_of_results_that_are_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match="pnl_usd: expected a figure, found none"):
        peak_pnl_usd(trading(pnl_usd=None), NOW, ProtectionsSection())


def test_a_short_window_forgets_no_peak_within_it_for_a_higher_one_that_has_left_it() -> None:
    window = timedelta(days=1)
    highs: tuple[PnlHigh, ...] = ()
    for days_ago, usd in ((1.04, 100.0), (0.98, 90.0), (0.0, 0.0)):
        highs = highs_with(highs, high(days_ago, usd), window=window, since=None)
    assert max(point.pnl_usd for point in highs) == 90.0


@pytest.mark.parametrize("window", [timedelta(days=90), timedelta(days=3)])
def test_within_a_part_of_time_a_lower_point_adds_nothing_and_at_its_end_it_does(window: timedelta) -> None:
    first = high(0, 10.0)
    end = part_end(first.at, window)
    last, following = PnlHigh(at=end - timedelta(microseconds=1), pnl_usd=5.0), PnlHigh(at=end, pnl_usd=5.0)
    assert highs_with((first,), last, window=window, since=None) == (first,)
    assert highs_with((first,), following, window=window, since=None) == (first, following)


def test_a_high_of_a_clock_that_ran_ahead_ends_with_time_and_with_a_resumption() -> None:
    window = timedelta(days=90)
    ahead = (high(-365, 100.0),)
    now = highs_with(ahead, high(0, 0.0), window=window, since=None)
    assert max(point.pnl_usd for point in now) == 100.0
    later = highs_with(now, high(-91, 0.0), window=window, since=None)
    assert max(point.pnl_usd for point in later) == 0.0
    resumed = highs_with(now, high(-2, 0.0), window=window, since=NOW + DAY)
    assert max(point.pnl_usd for point in resumed) == 0.0


@given(
    st.floats(0.001, 0.25),
    st.floats(0.001, 0.5),
    st.floats(0.1, 2.0),
    st.floats(0.1, 10.0),
    st.one_of(st.none(), st.integers(1, 5)),
)
def test_a_strategy_that_is_accepted_outlives_one_full_loss(
    risk: float, drawdown: float, scale: float, multiple: float, losing: int | None
) -> None:
    sizing = SizingSection(risk_per_trade=risk, risk_total=0.5, dvol_scale_min=0.01, dvol_scale_max=scale)
    section = ProtectionsSection(
        drawdown_max_frac=drawdown, loss_max_multiple=multiple, losing_trades_max=losing
    )
    assume(one_trade_alone(section, risk_frac=risk, budget_scale_max=scale) is None)
    strategy = STRATEGY.model_copy(update={"sizing": sizing, "protections": section})
    staked = min(risk * EQUITY_USD, CAP_USD) * scale
    facts = trading(trade(1, f"-{staked:.6f}"), pnl_usd=-staked, highs=(high(2, 0.0),))
    found = protections(facts, NOW, strategy, equity_usd=EQUITY_USD - staked, eur_usd=EUR_USD)
    assert found.reasons == ()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"drawdown_max_frac": 0.015},
            "protections.drawdown_max_frac: expected above 0.01523, found 0.015: one trade that loses all it "
            "stakes (0.015 of equity by sizing) would breach it",
        ),
        ({"loss_max_multiple": 1.0}, "one trade may lose 1 x sizing.cap_per_trade_eur, and would breach it"),
        ({"losing_trades_max": 1}, "expected at least 2 or null, found 1: one losing trade would breach it"),
    ],
)
def test_a_protection_that_one_trade_would_breach_is_refused_with_a_sentence(
    changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match="protections") as refusal:
        Strategy(protections=ProtectionsSection(**changes))
    assert sentence in str(refusal.value)


@given(st.lists(st.tuples(st.floats(0, 89.9), usd), max_size=8), usd, st.floats(1, 1e7), st.floats(0.001, 1))
def test_a_drawdown_is_a_breach_just_where_it_is_more_than_its_share_of_equity(
    highs: list[tuple[float, float]], pnl_usd: float, equity_usd: float, bound: float
) -> None:
    facts = trading(pnl_usd=pnl_usd, highs=tuple(high(days, at_usd) for days, at_usd in highs))
    section = ProtectionsSection.model_validate(OFF | {"drawdown_max_frac": bound})
    strategy = STRATEGY.model_copy(update={"protections": section})
    drop = max([pnl_usd, *(at_usd for _, at_usd in highs)]) - pnl_usd
    reasons = checked(facts, strategy, equity_usd=equity_usd).reasons
    if drop > bound * equity_usd * (1 + 1e-9) + 1e-6 * equity_usd:
        assert reasons == (DRAWDOWN,)
    if drop <= bound * equity_usd:
        assert reasons == ()


@given(histories, st.integers(1, 52), st.sampled_from(list(ExitRule)))
def test_a_rest_lasts_so_many_weeks_from_the_last_stop_and_from_nothing_else(
    trades: tuple[TradeResult, ...], weeks: int, rule: ExitRule
) -> None:
    of_rule = tuple(each.model_copy(update={"exit_rule": rule}) for each in trades)
    section = ProtectionsSection.model_validate(OFF | {"rest_weeks_after_stop": weeks})
    kept = trading(*trades_that_may_count(of_rule, NOW, section))
    reasons = refused(kept, STRATEGY.model_copy(update={"protections": section}))
    recent = any(NOW - each.closed_at < timedelta(weeks=weeks) for each in trades)
    assert reasons == (("rest_after_stop",) if recent and rule is ExitRule.STOP else ())
