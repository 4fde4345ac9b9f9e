"""Means with their intervals, and the sentence that says what they prove."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from decimal import Decimal

import pytest

from core.statistics import bootstrap
from core.statistics.bootstrap import Resamples
from core.statistics.means import Sample, evidence, full_loss
from core.statistics.trades import ClosedTrade, by_entry_week, monday_of
from tests.core.statistics.example_trades import FIRST, trade
from tests.core.statistics.false_gains import clears_zero


def results(trades: Sequence[ClosedTrade]) -> str:
    return evidence("mean r", Sample(trades).mean(lambda trade: trade.result))


def test_a_mean_without_a_trade_is_none() -> None:
    assert Sample([]).mean(lambda trade: trade.result) is None
    assert results([]) == "mean r: no trade was closed, so there is nothing to say"


def test_below_ten_trades_there_is_a_mean_and_no_interval() -> None:
    mean = Sample([trade(week, "20") for week in range(9)]).mean(lambda trade: trade.result)
    assert mean is not None
    assert (mean.trades, mean.value, mean.interval, mean.interval_with_loss) == (9, 0.2, None, None)
    assert mean.with_loss == pytest.approx((9 * 0.2 - 1.0) / 10)
    assert results([trade(week, "20") for week in range(9)]) == (
        "mean r +0.200, n = 9: too few trades for an interval; they prove nothing"
    )


def test_from_ten_trades_on_there_is_an_interval() -> None:
    mean = Sample([trade(week, "20") for week in range(10)]).mean(lambda trade: trade.result)
    assert mean is not None
    assert mean.interval is not None
    assert mean.interval_with_loss is not None
    assert mean.interval_with_loss.low < mean.interval.low


def test_nothing_is_drawn_before_an_interval_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []

    def counted(weeks: int) -> Resamples:
        drawn.append(weeks)
        return Resamples(weeks)

    monkeypatch.setattr(bootstrap, "resamples", counted)
    sample = Sample([trade(week, "20" if week % 3 else "-9") for week in range(12)])
    first, second = sample.mean(lambda trade: trade.result), sample.mean(lambda _: 1.0)
    assert first is not None
    assert second is not None
    assert drawn == []
    assert first.interval == first.interval
    assert second.interval is not None
    assert drawn == [12]
    assert first.interval_with_loss is not None
    assert drawn == [12, 13]


def test_a_mean_that_leaves_its_process_takes_its_intervals_along_and_no_draws() -> None:
    mean = Sample([trade(week, "20" if week % 3 else "-9") for week in range(12)]).mean(
        lambda each: each.result
    )
    assert mean is not None
    sent = pickle.dumps(mean)
    assert len(sent) < 1000
    taken = pickle.loads(sent)  # noqa: S301  (what this test wrote)
    assert taken == mean
    assert (taken.interval, taken.interval_with_loss) == (mean.interval, mean.interval_with_loss)
    other = Sample([trade(week, "20" if week % 3 else "-8") for week in range(12)]).mean(lambda _: mean.value)
    assert other is not None
    assert taken != other


def test_ten_trades_of_one_week_are_one_week() -> None:
    trades = [trade(0, "20")] * 12
    assert results(trades) == "mean r +0.200, n = 12: too few trades for an interval; they prove nothing"


def test_a_part_of_the_trades_has_its_own_number() -> None:
    trades = [trade(week, "20" if week % 2 else "-30") for week in range(24)]
    sample = Sample(trades)
    wins = sample.mean(lambda trade: float(trade.pnl_usd) if trade.pnl_usd > 0 else None)
    assert wins is not None
    assert (wins.trades, wins.value) == (12, 20.0)
    assert wins.interval is not None
    few = sample.mean(lambda trade: 1.0 if trade.entered_at < trades[5].entered_at else None)
    assert few is not None
    assert (few.trades, few.interval) == (5, None)


def test_the_added_loss_staked_the_most_and_falls_into_a_week_of_its_own() -> None:
    trades = [trade(0, "10"), trade(3, "10", worst_loss_usd=250.5), trade(5, "10")]
    added = full_loss(trades)
    assert (added.pnl_usd, added.result) == (Decimal("-250.5"), -1.0)
    assert [len(week) for week in by_entry_week([*trades, added])] == [1, 0, 0, 1, 0, 1, 1]


def test_small_gains_without_a_loss_prove_nothing_yet() -> None:
    trades = [trade(week, str(10 + week % 5)) for week in range(14)]
    assert results(trades).endswith("n = 14: above zero, but one full loss would undo it: no evidence yet")


def test_gains_and_losses_that_cancel_out_prove_nothing() -> None:
    trades = [trade(week, "25" if week % 4 else "-70") for week in range(16)]
    assert results(trades).endswith("n = 16: no evidence either way")


def test_many_gains_are_evidence_even_with_a_full_loss() -> None:
    trades = [trade(week, "40" if week % 3 else "20") for week in range(60)]
    assert results(trades).endswith(
        "n = 60: the trades earn money, with 95 % confidence, even with one full loss added"
    )


def test_many_losses_are_evidence_of_a_loss() -> None:
    trades = [trade(week, "-40" if week % 3 else "-20") for week in range(20)]
    assert results(trades).endswith("n = 20: the trades lose money, with 95 % confidence")


def test_weeks_without_a_trade_are_weeks() -> None:
    assert by_entry_week([]) == ()
    weeks = by_entry_week([trade(4, "1"), trade(1, "2"), trade(1, "3")])
    assert [[str(each.pnl_usd) for each in week] for week in weeks] == [["2", "3"], [], [], ["1"]]


def test_a_week_begins_on_monday() -> None:
    assert monday_of(FIRST) == FIRST.date()
    assert monday_of(trade(0, "1").closed_at).isoformat() == "2026-01-12"


def test_a_full_loss_added_takes_back_what_few_trades_promise_of_a_gain_that_is_none() -> None:
    """Spreads whose expected result is zero: without it a quarter of the intervals of 14 lie above zero."""
    plain, careful = clears_zero(14, 100)
    assert plain > 0.15
    assert careful < 0.05
