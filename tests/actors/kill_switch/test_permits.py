"""The gate: when a permit is given, and every reason why not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from actors.kill_switch.ledger import PermitLedger
from core.messages.audit import AuditKind
from core.messages.kill_switch import (
    ArmKillSwitch,
    BooksChanged,
    GetKillSwitch,
    MarksChanged,
    Permit,
    PermitSpent,
    RequestPermit,
)
from core.messages.room_status import KillSwitchStatus, VenueChecked
from core.messages.state import RecordEvent
from core.orders.lifecycle import OrderState
from core.orders.terms import OrderPurpose
from core.values import Environment, Label
from tests.actors.kill_switch.asking import events, permit, reasons
from tests.fakes.kill_switch import SwitchHouse, request


@pytest.fixture
def house(tmp_path: Path) -> SwitchHouse:
    return SwitchHouse(tmp_path)


def test_permit_is_for_this_order_and_expires(house: SwitchHouse) -> None:
    wanted = request()
    given = permit(house, wanted)
    assert (given.label, given.terms) == (wanted.label, wanted.terms)
    assert given.expires_at == house.time + timedelta(seconds=3)


def test_label_gets_one_permit_to_be_placed(house: SwitchHouse) -> None:
    permit(house)
    assert reasons(house) == ("label_used",)


def test_edits_of_one_label_each_get_their_own(house: SwitchHouse) -> None:
    edit = request(purpose=OrderPurpose.EDIT_ENTRY)
    assert permit(house, edit).permit_id != permit(house, edit).permit_id


def test_entry_is_vetoed_without_strategy_mode(tmp_path: Path) -> None:
    house = SwitchHouse(tmp_path, strategy_enabled=False)
    assert reasons(house) == ("strategy_disabled",)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda h: h.venue_says(environment=Environment.TESTNET), "environment"),
        (lambda h: h.venue_says(offset_s=1.001), "venue_clock_off"),
        (lambda h: h.venue_says(offset_s=-1.001), "venue_clock_off"),
        (lambda h: h.venue_says(features=("valid_until",)), "venue_lacks:label_lookup"),
        (lambda h: h.advance(121), "marks_too_old"),
        (lambda h: h.advance(901), "books_too_old"),
        (lambda h: h.advance(901), "venue_clock_unknown"),
        (lambda h: h.open_position("p-other"), "max_open_positions"),
        (lambda h: h.put_in_doubt(), "orders_in_doubt"),
    ],
)
def test_fact_against_the_order_is_a_veto(
    house: SwitchHouse, change: Callable[[SwitchHouse], None], reason: str
) -> None:
    change(house)
    assert reason in reasons(house)


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (request(amount=5), "too_many_contracts"),
        (request(limit="0.0050"), "price_outside_collar"),
        (request(reduce_only=True), "reduce_only_entry"),
        (request(purpose=OrderPurpose.EXIT, reduce_only=False), "exit_not_reduce_only"),
        (request(purpose=OrderPurpose.EXIT), "exit_exceeds_position"),
    ],
)
def test_order_beyond_a_limit_is_a_veto(house: SwitchHouse, wanted: RequestPermit, reason: str) -> None:
    assert reason in reasons(house, wanted)


def test_clock_exactly_a_second_off_is_allowed(house: SwitchHouse) -> None:
    house.venue_says(offset_s=1.0)
    permit(house)


def test_own_proposal_does_not_count_as_another_open_position(house: SwitchHouse) -> None:
    house.open_position("p-entry-1")
    permit(house)


@pytest.mark.parametrize(
    ("label", "vetoed"), [("p-entry-1:e1", False), ("p-other:e1", True), ("of another program", True)]
)
def test_order_in_doubt_holds_up_the_entries_of_others_only(
    house: SwitchHouse, label: str, vetoed: bool
) -> None:
    """Its own has to be edited and cancelled; one whose label is not ours is somebody else's."""
    house.put_in_doubt()
    (row,) = house.books.orders.values()
    (instruction,) = house.books.instructions.values()
    house.books.orders = {label: row.model_copy(update={"label": label})}
    house.books.instructions = {Label(label): instruction.model_copy(update={"label": label})}
    house.books.tell_facts()
    house.run()
    edit = request(purpose=OrderPurpose.EDIT_ENTRY)
    if vetoed:
        assert reasons(house, edit) == ("orders_in_doubt",)
    else:
        permit(house, edit)


def test_venue_check_is_good_for_three_intervals_of_health(house: SwitchHouse) -> None:
    for passed_s, is_known in ((900, True), (1, False)):
        house.advance(passed_s)
        house.tell("kill_switch", MarksChanged(as_of=house.time, spot_usd=3000.0))
        house.books.tell_facts()
        house.run()
        answer = house.ask("kill_switch", request())
        assert isinstance(answer, Permit) is is_known


def test_entries_an_hour_are_limited_and_the_hour_slides(house: SwitchHouse) -> None:
    limit = house.strategy.limits.orders_per_hour
    for n in range(limit):
        house.refresh()
        permit(house, request(label=f"p-entry-1:e{n + 1}"))
        house.advance(1)
    house.refresh()
    assert "orders_per_hour" in reasons(house, request(label="p-entry-1:e99"))
    house.advance(3600 - limit)
    house.refresh()
    permit(house, request(label="p-entry-1:e99"))


def test_entries_that_the_books_know_count_after_a_restart_too(house: SwitchHouse) -> None:
    """The ledger of the incarnation before is gone."""
    limit = house.strategy.limits.orders_per_hour

    def with_known(count: int) -> None:
        house.restart()
        house.refresh()
        house.tell("kill_switch", BooksChanged(books=house.books.books(), entry_requests_last_hour=count))

    with_known(limit - 1)
    permit(house)
    with_known(limit)
    assert "orders_per_hour" in reasons(house)


def test_exits_are_not_counted_against_the_hour(house: SwitchHouse) -> None:
    house.open_position()
    for n in range(house.strategy.limits.orders_per_hour + 1):
        permit(house, request(label=f"p-entry-1:x{n + 1}", purpose=OrderPurpose.EXIT))


def test_exit_may_be_edited_to_what_is_left_and_what_it_has_closed(house: SwitchHouse) -> None:
    """Of 2 contracts its order has closed 1: the order is still for 2 in total, and no other may be."""
    house.open_position()
    position = house.books.positions["p-entry-1"]
    house.books.positions["p-entry-1"] = position.model_copy(update={"contracts": 1})
    own = Label("p-entry-1:x1")
    house.put_in_doubt()
    (other,) = house.books.orders.values()
    house.books.orders[own] = other.model_copy(
        update={"label": own, "state": OrderState.WORKING, "amount": 2, "filled_amount": 1}
    )
    house.books.instructions[own] = house.books.instructions[other.label].model_copy(update={"label": own})
    house.books.tell_facts()
    house.run()
    edit = OrderPurpose.EDIT_EXIT
    permit(house, request(label=own, purpose=edit, amount=2))
    assert "exit_exceeds_position" in reasons(house, request(label=own, purpose=edit, amount=3))
    another = request(label="p-entry-1:x2", purpose=OrderPurpose.EXIT, amount=2)
    assert "exit_exceeds_position" in reasons(house, another)


def test_older_facts_do_not_replace_newer_ones(house: SwitchHouse) -> None:
    stale = MarksChanged(as_of=house.time - timedelta(seconds=100), spot_usd=1.0)
    house.tell("kill_switch", stale)
    house.advance(30)
    permit(house)


def test_no_permit_before_the_row_is_known(tmp_path: Path) -> None:
    """The row may say armed: nothing leaves until it was read."""
    house = SwitchHouse(tmp_path, row_known=False)
    assert "kill_switch_row_unknown" in reasons(house)


def test_new_incarnation_knows_no_fact_until_it_is_told_one(house: SwitchHouse) -> None:
    house.restart()
    found = reasons(house)
    assert {"environment", "venue_clock_unknown", "marks_too_old", "value_unknown"} <= set(found)


def test_every_veto_is_recorded(house: SwitchHouse) -> None:
    house.tell("kill_switch", ArmKillSwitch(reason="stop"))
    reasons(house)
    house.run()
    kinds = [event.kind for message in house.told("state", RecordEvent) for event in message.audit]
    assert kinds.count(AuditKind.VETO) == 1
    assert events(house)[-1].detail == {"label": "p-entry-1:e1", "purpose": "entry", "reasons": ["armed"]}


def test_unknown_message_is_a_crash(house: SwitchHouse) -> None:
    with pytest.raises(TypeError, match="expected a message of KillSwitch"):
        house.tell("kill_switch", object())


def test_status_counts_permits_and_vetoes(house: SwitchHouse) -> None:
    permit(house)
    permit(house, request(label="p-entry-1:e2"))
    for _ in range(3):
        reasons(house, request(amount=9))
    status = house.ask("kill_switch", GetKillSwitch())
    assert isinstance(status, KillSwitchStatus)
    assert (status.permits_granted, status.vetoes) == (2, 3)


def test_permit_of_an_incarnation_before_comes_back_without_harm(house: SwitchHouse) -> None:
    house.tell("kill_switch", PermitSpent(permit_id="nobody-knows", label=Label("p-entry-1:e1")))
    permit(house)


def test_ledger_keeps_the_last_ten_thousand_labels(house: SwitchHouse) -> None:
    """More have not been sent within a life, and it must not grow without a bound."""
    ledger = PermitLedger(lambda _seconds, _lapsed: None, lifetime_s=3.0)
    given = permit(house)
    for number in range(10_001):
        ledger.grant(given.model_copy(update={"label": Label(f"p-{number}:e1")}), house.time)
        ledger.returned(given.permit_id)
    used = [ledger.is_used(request(label=f"p-{number}:e1")) for number in (0, 1, 10_000)]
    assert used == [False, True, True]


def test_permit_lapses_from_the_ledger_a_second_past_expiry(house: SwitchHouse) -> None:
    house.advance(10)
    house.refresh()
    permit(house)
    for passed_s, left in ((3.9, 1), (0.1, 0)):
        house.advance(passed_s)
        status = house.ask("kill_switch", GetKillSwitch())
        assert isinstance(status, KillSwitchStatus)
        assert status.permits_outstanding == left


def test_limit_is_held_with_the_exact_decimal(house: SwitchHouse) -> None:
    """Natural 0.0080 less 20 ticks is 0.0060: allowed there, refused a tick below."""
    assert permit(house, request(limit="0.0060")).terms.limit_eth == Decimal("0.0060")
    assert reasons(house, request(label="p-entry-1:e2", limit="0.0059")) == ("price_outside_collar",)


def test_venue_check_of_another_time_is_taken_by_its_age(house: SwitchHouse) -> None:
    old = VenueChecked(
        as_of=house.time - timedelta(seconds=60),
        environment=Environment.TESTNET,
        account="A1",
        clock_offset_s=0.0,
        clock_offset_max_s=0.0,
        features=(),
    )
    house.tell("kill_switch", old)
    assert permit(house).label == Label("p-entry-1:e1")


# A clock that was set


def exit_request() -> RequestPermit:
    return request(purpose=OrderPurpose.EXIT, label="p-entry-1:x1")


@pytest.mark.parametrize("ahead_s", [600.0, 28_800.0])
def test_facts_of_a_clock_that_was_ahead_do_not_outlive_it(house: SwitchHouse, ahead_s: float) -> None:
    """They are dated later than what follows, and say that the clocks differ: no exit would leave."""
    house.open_position()
    house.set_clock(ahead_s)
    house.venue_says(offset_s=-ahead_s)
    house.set_clock(-ahead_s)
    house.advance(1)
    house.refresh()
    permit(house, exit_request())


def test_a_clock_set_back_is_found_unlike_the_venues_at_the_next_look(house: SwitchHouse) -> None:
    """What was known before is dated later than the new look, and says that the clocks agree."""
    house.open_position()
    house.set_clock(-600)
    house.venue_says(offset_s=600.0)
    house.run()
    assert "venue_clock_off" in reasons(house, exit_request())


def test_a_venue_check_from_the_future_counts_for_nothing(house: SwitchHouse) -> None:
    """Set back, and not looked since: nobody knows how far the clocks are apart."""
    house.open_position()
    house.set_clock(-600)
    assert "venue_clock_unknown" in reasons(house, exit_request())


def test_marks_of_a_clock_that_was_ahead_do_not_outlive_it(house: SwitchHouse) -> None:
    house.open_position()
    house.tell("kill_switch", MarksChanged(as_of=house.time + timedelta(hours=8), spot_usd=9_000_000.0))
    house.advance(1)
    house.refresh()
    permit(house, exit_request())
