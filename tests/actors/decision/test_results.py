"""What the strategy has made, and the margin, looked at by decision: latched once, alerted once, and told."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from actors.decision.facts import realised
from actors.runtime.testing import FakeAddress
from core.alerts import AlertCode
from core.messages.alerting import RaiseAlert, Severity
from core.messages.base import Refused
from core.messages.execution import ClosePosition
from core.messages.market_data import FetchSnapshot, MarketSnapshotStored
from core.messages.room_status import LegMark
from core.messages.state import GetTradeResults, LatchEntries, SetSystem
from core.orders.books import CycleOutcome, EntryLatch, Job, LatchSource, TradeResult
from core.orders.exit_rule import ExitRule
from core.orders.lifecycle import PositionState
from core.protection_settings import ProtectionsSection
from core.rules.facts import HeldAccount
from core.statistics.highs import HIGHS_KEY, highs_of
from core.strategy import Strategy
from core.values import Mode, PositionId, Side
from tests.actors.decision.desk import CALM_ACCOUNT, DecisionDesk, entry_market, monitor_market, position
from tests.core.example_market import NOW

HOUR = timedelta(hours=1)
LOSSES = [
    TradeResult(
        position_id=PositionId(f"p-{days}"),
        closed_at=NOW - timedelta(days=days),
        exit_rule=ExitRule.STOP,
        pnl_usd=Decimal(-100),
    )
    for days in (28, 21, 14, 7)
]


def snapshot(
    at_hours: float = 0.0, *, account: HeldAccount | None = CALM_ACCOUNT, mark_eth: str = "0.01"
) -> MarketSnapshotStored:
    """A stored snapshot in which the short leg of the calm position has this mark, and the long one none."""
    marks = tuple(
        LegMark(
            instrument_name=leg.instrument_name,
            bid_eth=None,
            ask_eth=None,
            mark_eth=Decimal(mark_eth) if leg.side is Side.SELL else Decimal(0),
            mark_iv_pct=60.0,
            forward_usd=3000.0,
            delta=0.2,
            at=NOW,
        )
        for leg in position().plan.legs
    )
    return MarketSnapshotStored(
        request_id="s",
        slot=NOW + at_hours * HOUR,
        at=NOW,
        spot_usd=3000.0,
        dvol=65.0,
        quotes=1,
        account=account,
        legs=marks,
    )


def margin(use: float) -> HeldAccount:
    return CALM_ACCOUNT.model_copy(update={"maintenance_margin_eth": 10.0 * use})


def test_an_entry_that_meets_a_breach_is_refused_by_it_and_the_breach_is_latched() -> None:
    desk = DecisionDesk()
    desk.results = LOSSES
    desk.due(Job.ENTRY)
    desk.snapshot(entry_market())
    assert desk.end() == (CycleOutcome.NO_ENTRY, ("protections", "losing_trades_in_a_row"))
    (latch,) = desk.sent("state", LatchEntries)
    assert latch.source is LatchSource.PROTECTIONS
    assert (
        latch.reason == "4 losing trades in a row, fewer than 4 are allowed (protections.losing_trades_max)"
    )


def test_a_monitor_latches_a_breach_with_nothing_open_too() -> None:
    desk = DecisionDesk()
    desk.results = LOSSES
    desk.due(Job.MONITOR)
    assert len(desk.sent("state", LatchEntries)) == 1


def test_a_breach_is_latched_once_and_again_only_after_a_person_resumed() -> None:
    desk = DecisionDesk()
    desk.results = LOSSES
    desk.positions = [position()]
    for hour in range(3):
        desk.tell(snapshot(hour))
    assert len(desk.sent("state", LatchEntries)) == 1
    desk.latches = (
        EntryLatch(
            source=LatchSource.PROTECTIONS,
            latched=False,
            reason="looked at it",
            who="ann",
            at=NOW,
            resumed_at=NOW,
        ),
    )
    desk.tell(snapshot(4))
    assert len(desk.sent("state", LatchEntries)) == 1, "what was before the resumption does not count"
    later = [loss.model_copy(update={"closed_at": loss.closed_at + timedelta(days=40)}) for loss in LOSSES]
    desk.results = [*LOSSES, *later]
    desk.tell(snapshot(5))
    assert len(desk.sent("state", LatchEntries)) == 2


def test_a_resumption_by_a_clock_that_ran_ahead_hides_nothing() -> None:
    """Set back since, the clock would take months to come to it, and no loss would count until then."""
    desk = DecisionDesk()
    desk.results, desk.positions = LOSSES, [position()]
    ahead = NOW + 365 * 24 * HOUR
    desk.latches = (
        EntryLatch(
            source=LatchSource.PROTECTIONS, latched=False, reason="-", who="ann", at=ahead, resumed_at=ahead
        ),
    )
    desk.tell(snapshot())
    assert len(desk.sent("state", LatchEntries)) == 1


def test_marks_of_a_stored_snapshot_are_enough_for_a_drawdown() -> None:
    """A mark of 0.5 ETH on a short of 9 contracts at 3,000 USD is 13,500 USD below the peak: 6.75 %."""
    desk = DecisionDesk()
    desk.positions = [position(contracts=9)]
    desk.tell(snapshot(0, mark_eth="0"))
    assert desk.sent("state", LatchEntries) == []
    desk.tell(snapshot(1, mark_eth="0.5"))
    (latch,) = desk.sent("state", LatchEntries)
    assert "6.75% of equity below its peak of 90 days, 6.00% are allowed" in latch.reason


def test_a_high_outlives_the_incarnation_that_saw_it() -> None:
    desk = DecisionDesk()
    desk.positions = [position(contracts=9)]
    desk.tell(snapshot(0, mark_eth="0"))
    assert [high.pnl_usd for high in highs_of(desk.settings[HIGHS_KEY])] == [0.0]
    after = DecisionDesk(epoch=2)
    after.settings, after.positions = desk.settings, desk.positions
    after.tell(snapshot(1, mark_eth="0.5"))
    assert len(after.sent("state", LatchEntries)) == 1


def test_a_high_that_the_books_could_not_take_is_told_again_at_the_next_look() -> None:
    desk = DecisionDesk()
    desk.positions = [position(contracts=9)]
    desk.state_answers = False
    desk.tell(snapshot(0, mark_eth="0"))
    (told,) = desk.sent("state", SetSystem)
    desk.tell(Refused(request_id=told.request_id, reasons=("disk_full",)))
    desk.tell(snapshot(1, mark_eth="0"))
    _, again = desk.sent("state", SetSystem)
    assert again.value == told.value


@pytest.mark.parametrize("kept", [None, "[]"])
def test_books_without_highs_know_the_peak_of_their_closed_trades(kept: str | None) -> None:
    """As those from before highs were kept: 18,000 USD below the peak of 21 days ago are 9 % of equity."""
    desk = DecisionDesk(strategy=Strategy(protections=ProtectionsSection(loss_max_multiple=None)))
    desk.results = [
        loss.model_copy(update={"pnl_usd": Decimal(pnl_usd)})
        for loss, pnl_usd in zip(LOSSES, (10_000, 2_000, -18_000, 0), strict=True)
    ]
    if kept is not None:
        desk.settings[HIGHS_KEY] = kept
    desk.due(Job.MONITOR)
    desk.due(Job.ENTRY)
    desk.snapshot(entry_market())
    (latch,) = desk.sent("state", LatchEntries)
    assert latch.reason.startswith("the strategy's own P&L is")
    assert [high.pnl_usd for high in highs_of(desk.settings[HIGHS_KEY])] == [12_000.0, -6_000.0]


def test_the_books_are_not_written_while_nothing_rises() -> None:
    desk = DecisionDesk()
    desk.positions = [position()]
    for hour in range(5):
        desk.tell(snapshot(hour, mark_eth=f"0.0{hour + 1}"))
    assert len(desk.sent("state", SetSystem)) == 1


def test_further_closed_trades_are_added_to_those_before_and_others_count_anew() -> None:
    two, four = tuple(LOSSES[:2]), tuple(LOSSES)
    assert realised(four, realised(two)) == realised(four)
    assert realised(two, realised(four)) == realised(two)
    assert realised(two).pnl_usd == Decimal(-200)


def test_a_snapshot_with_nothing_held_is_not_looked_at() -> None:
    desk = DecisionDesk()
    desk.results = LOSSES
    desk.tell(snapshot(account=None))
    assert desk.sent("state", LatchEntries) == []
    assert desk.status().results is None


def test_without_the_strategy_nothing_is_latched() -> None:
    desk = DecisionDesk(mode=Mode(data_analysis=True, strategy=False))
    desk.results, desk.positions = LOSSES, [position()]
    desk.tell(snapshot())
    assert desk.sent("state", LatchEntries) == []


@pytest.mark.raises_alert(AlertCode.MARGIN_HIGH, AlertCode.MARGIN_BACK)
def test_high_margin_is_told_as_it_begins_and_as_it_ends_and_not_in_between() -> None:
    desk = DecisionDesk()
    desk.positions = [position()]
    for hour, use in enumerate((0.39, 0.4, 0.45, 0.395, 0.41, 0.38, 0.2, 0.42)):
        desk.tell(snapshot(hour, account=margin(use)))
    told = [(a.code, a.severity) for a in desk.sent("alerting", RaiseAlert) if a.code.startswith("margin")]
    high, back = ("margin_high", Severity.HIGH), ("margin_back", Severity.HIGH)
    assert told == [high, back, high]


@pytest.mark.parametrize(("use", "runs"), [(0.59, False), (0.6, True)])
def test_a_snapshot_on_which_margin_is_due_runs_a_monitor_at_once(use: float, runs: bool) -> None:
    desk = DecisionDesk()
    desk.positions = [position()]
    desk.tell(snapshot(account=margin(use)))
    assert (len(desk.sent("market_data", FetchSnapshot)) == 1) is runs


def test_of_two_positions_margin_closes_the_one_that_uses_most() -> None:
    desk = DecisionDesk()
    desk.positions = [position(), position("p-entry-2", contracts=2)]
    desk.due(Job.MONITOR)
    desk.snapshot(monitor_market(account=margin(0.6)))
    (close,) = desk.sent("execution", ClosePosition)
    assert (close.position_id, close.exit_rule) == ("p-entry-2", ExitRule.MARGIN)


@pytest.mark.parametrize(("contracts_closing", "closes"), [(2, 0), (1, 1)])
def test_margin_closes_no_further_position_while_the_one_that_uses_most_is_closed(
    contracts_closing: int, closes: int
) -> None:
    """Its margin is free only when the exit has filled, and each snapshot runs a monitor until then."""
    desk = DecisionDesk()
    closing = position("p-entry-2", PositionState.CLOSING, contracts=contracts_closing)
    desk.positions = [position(contracts=2), closing]
    desk.due(Job.MONITOR)
    desk.snapshot(monitor_market(account=margin(0.6)))
    assert len(desk.sent("execution", ClosePosition)) == closes


@pytest.mark.raises_alert(AlertCode.MARGIN_HIGH, AlertCode.MARGIN_BACK)
def test_margin_is_no_longer_shown_or_high_once_nothing_is_held() -> None:
    """The account is not read then, so that the last figure would stand for ever."""
    desk = DecisionDesk()
    desk.positions = [position()]
    desk.tell(snapshot(account=margin(0.5)))
    desk.positions = []
    desk.due(Job.MONITOR)
    told = [a.code for a in desk.sent("alerting", RaiseAlert) if a.code.startswith("margin")]
    assert told == ["margin_high", "margin_back"]
    seen = desk.status().results
    assert seen is not None
    assert seen.margin_use is None


def test_a_margin_that_could_not_be_read_again_is_not_shown_as_the_present_one() -> None:
    desk = DecisionDesk()
    desk.positions = [position()]
    desk.tell(snapshot(account=margin(0.3)))
    unread = CALM_ACCOUNT.model_copy(update={"venue_equity_eth": None, "maintenance_margin_eth": None})
    desk.tell(snapshot(1, account=unread))
    seen = desk.status().results
    assert seen is not None
    assert seen.margin_use is None


def test_a_monitor_whose_margin_was_not_read_holds_nothing_for_granted() -> None:
    desk = DecisionDesk()
    desk.positions = [position()]
    desk.due(Job.MONITOR)
    unread = CALM_ACCOUNT.model_copy(update={"venue_equity_eth": None, "maintenance_margin_eth": None})
    desk.snapshot(monitor_market(account=unread))
    assert desk.end()[0] is CycleOutcome.DATA_FAILED


def test_status_tells_what_was_found_last() -> None:
    desk = DecisionDesk()
    assert desk.status().results is None
    desk.positions = [position()]
    desk.tell(snapshot())
    seen = desk.status().results
    assert seen is not None
    assert seen.margin_use == pytest.approx(0.02)
    assert [check.code for check in seen.protections.checks] == [
        "drawdown_above_max",
        "loss_above_max",
        "losing_trades_in_a_row",
    ]


def test_exits_go_on_while_a_breach_is_latched() -> None:
    desk = DecisionDesk(strategy=Strategy())
    desk.results, desk.positions = LOSSES, [position(credit_eth="0.0030")]
    desk.due(Job.MONITOR)
    desk.snapshot(monitor_market())
    assert len(desk.sent("state", LatchEntries)) == 1
    assert len(desk.sent("execution", ClosePosition)) == 1


def test_closed_trades_that_the_books_tell_are_not_asked_for() -> None:
    desk = DecisionDesk(strategy=Strategy())
    desk.results = LOSSES
    desk.books_tell_results = True
    desk.due(Job.MONITOR)
    assert len(desk.sent("state", LatchEntries)) == 1
    assert not [asked for _, asked, _ in desk.ctx.asked if isinstance(asked, GetTradeResults)]


def test_what_cant_be_asked_is_looked_at_again_later() -> None:
    """State that is away for a moment costs one look, and no cycle."""
    desk = DecisionDesk()
    desk.positions = [position()]
    answer = desk.ctx.asks.pop(GetTradeResults)
    desk.tell(snapshot())
    desk.ctx.asks[GetTradeResults] = answer
    desk.tell(snapshot(1), sender=FakeAddress("market_data"))
    assert desk.status().results is not None
