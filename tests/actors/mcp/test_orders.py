"""mcp.orders: one attempt under a live permit, and what each answer means for an order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from actors.http import Response
from actors.runtime import Fenced
from core.kill_file import Arming
from core.messages.arm_cause import BLOCKS_EXITS, ArmCause
from core.messages.kill_switch import Permit, PermitSpent, PermitVoid
from core.messages.mcp import CancelOrder, EditOrder, OrderAccepted, OrderRefused, OrderUnknown, SendOrder
from core.orders.books import Instruction, InstructionKind
from core.orders.terms import OrderPurpose, OrderTerms
from core.strategy import ExitsWhenArmed, KillSwitchSection, Strategy
from core.values import Label, OrderId, ProposalId
from tests.fakes.trading import TradingHouse, plan

LABEL = Label("p-1:e1")


class OrdersHouse(TradingHouse):
    """mcp.orders alone; the kill switch's address keeps what it is told."""

    def __init__(self, data_dir: Path, exits: ExitsWhenArmed = ExitsWhenArmed.ALLOW_REDUCE_ONLY) -> None:
        strategy = Strategy(kill_switch=KillSwitchSection(exits=exits))
        super().__init__(data_dir, start=False, strategy=strategy)
        self.start_orders()

    def permit(self, purpose: OrderPurpose = OrderPurpose.ENTRY, **update: object) -> Permit:
        is_exit = purpose in (OrderPurpose.EXIT, OrderPurpose.EDIT_EXIT)
        legs = plan().legs
        permit = Permit(
            permit_id="permit-1",
            label=LABEL,
            terms=OrderTerms(
                purpose=purpose,
                legs=tuple(leg.reversed() for leg in legs) if is_exit else legs,
                amount=2,
                limit_eth=Decimal("-0.005") if is_exit else Decimal("0.01"),
                reduce_only=is_exit,
            ),
            expires_at=self.time + timedelta(seconds=3),
        )
        return permit.model_copy(update=update)

    def edit_permit(self, limit_eth: str) -> Permit:
        """A second permit, to move the limit of the order under the first."""
        terms = self.permit().terms.edited(Decimal(limit_eth))
        return self.permit(permit_id="permit-2", terms=terms)

    def send(self, permit: Permit, **update: object) -> None:
        instruction = Instruction(
            label=permit.label,
            proposal_id=ProposalId("p-1"),
            cycle_id=None,
            kind=InstructionKind.EXIT if permit.terms.reduce_only else InstructionKind.ENTRY,
            attempt=1,
            legs=permit.terms.legs,
            amount=permit.terms.amount,
            limit_eth=permit.terms.limit_eth,
            reduce_only=permit.terms.reduce_only,
            valid_until=permit.expires_at,
            created_at=self.time,
        ).model_copy(update=update)
        command = SendOrder(instruction=instruction, permit=permit)
        self.tell("mcp.orders", command, sender="execution")

    def refused(self) -> OrderRefused:
        return self.told("execution", OrderRefused)[-1]


@pytest.fixture
def house(tmp_path: Path) -> OrdersHouse:
    return OrdersHouse(tmp_path)


def test_order_goes_once_and_its_permit_comes_back_spent(house: OrdersHouse) -> None:
    house.send(house.permit())
    (accepted,) = house.told("execution", OrderAccepted)
    assert accepted.order.label == LABEL
    assert [spent.permit_id for spent in house.told("kill_switch", PermitSpent)] == ["permit-1"]


def test_expired_permit_sends_nothing_and_comes_back_void(house: OrdersHouse) -> None:
    permit = house.permit()
    house.advance(3.0)
    house.send(permit)
    assert house.venue.calls == []
    assert house.refused().reason == "permit_void:expired"
    assert [void.reason for void in house.told("kill_switch", PermitVoid)] == ["expired"]


def test_permit_is_used_once(house: OrdersHouse) -> None:
    house.send(house.permit())
    house.send(house.permit())
    assert len(house.venue.named("place_combo_order")) == 1
    assert house.refused().reason == "permit_void:used"


@pytest.mark.parametrize(
    "update",
    [
        {"label": Label("p-1:e2")},
        {"amount": 3},
        {"limit_eth": Decimal("0.009")},
        {"legs": plan().legs[:1]},
        {"reduce_only": True},
        {"valid_until": plan().expiration},
    ],
)
def test_permit_for_another_order_sends_nothing(house: OrdersHouse, update: dict[str, object]) -> None:
    house.send(house.permit(), **update)
    assert house.venue.calls == []
    assert house.refused().reason == "permit_void:mismatch"


@pytest.mark.parametrize("purpose", [OrderPurpose.ENTRY, OrderPurpose.EXIT])
def test_venue_is_asked_for_what_is_permitted_and_for_no_longer(
    house: OrdersHouse, purpose: OrderPurpose
) -> None:
    """Each ratio, reduce-only and the time too: without that one, a late request would place an order."""
    permit = house.permit(purpose)
    legs = tuple(leg.model_copy(update={"ratio": 2 + i}) for i, leg in enumerate(permit.terms.legs))
    permit = permit.model_copy(update={"terms": permit.terms.model_copy(update={"legs": legs})})
    house.send(permit)
    (placed,) = house.venue.placed()
    asked = [(leg.instrument_name, leg.side, leg.ratio) for leg in placed.legs]
    assert asked == [(leg.instrument_name, leg.side.value, leg.ratio) for leg in legs]
    assert (placed.amount, placed.price) == (Decimal(2), permit.terms.limit_eth)
    assert placed.side == permit.terms.side.value
    assert placed.reduce_only is (purpose is OrderPurpose.EXIT)
    assert (placed.label, placed.valid_until) == (LABEL, permit.expires_at)


def test_permit_to_edit_does_not_place(house: OrdersHouse) -> None:
    house.send(house.permit(OrderPurpose.EDIT_ENTRY))
    assert house.venue.calls == []


def kill(house: OrdersHouse, cause: ArmCause = ArmCause.OPERATOR) -> None:
    arming = Arming(arming_id="a", causes=(cause,), reason="stop", who="ada", at=house.time)
    (house.data_dir / "KILL").write_bytes(arming.to_bytes())


def test_kill_file_stops_an_entry_that_has_its_permit(house: OrdersHouse) -> None:
    kill(house)
    house.send(house.permit())
    assert house.venue.calls == []
    assert house.refused().reason == "permit_void:armed"


@pytest.mark.parametrize("cause", ArmCause)
@pytest.mark.parametrize("exits", ExitsWhenArmed)
def test_exit_leaves_by_the_causes_in_the_file_and_the_setting(
    tmp_path: Path, cause: ArmCause, exits: ExitsWhenArmed
) -> None:
    house = OrdersHouse(tmp_path, exits)
    kill(house, cause)
    house.send(house.permit(OrderPurpose.EXIT))
    sent = exits is ExitsWhenArmed.ALLOW_REDUCE_ONLY and cause not in BLOCKS_EXITS
    assert len(house.venue.named("place_combo_order")) == sent


def lay_nothing_to_read(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize(
    "lay", [Path.touch, lambda path: path.write_text("stop", "utf-8"), lay_nothing_to_read]
)
@pytest.mark.parametrize("exits", ExitsWhenArmed)
def test_kill_file_that_says_nothing_counts_as_one_laid_by_a_person(
    tmp_path: Path, lay: Callable[[Path], object], exits: ExitsWhenArmed
) -> None:
    """Empty, anything else, or unreadable: no entry, and an exit as the setting says."""
    house = OrdersHouse(tmp_path, exits)
    lay(house.data_dir / "KILL")
    house.send(house.permit())
    assert house.venue.calls == []
    house.send(house.permit(OrderPurpose.EXIT, permit_id="permit-2"))
    sent = exits is ExitsWhenArmed.ALLOW_REDUCE_ONLY
    assert len(house.venue.named("place_combo_order")) == sent


def test_replaced_incarnation_sends_nothing(house: OrdersHouse) -> None:
    house.contexts["mcp.orders"].live = False
    with pytest.raises(Fenced):
        house.send(house.permit())
    assert house.venue.calls == []


@pytest.mark.parametrize(
    "fault", ["before", "after", "cut", 500, 503, 408, 302, 204, Response(200, {}, b'{"ord')]
)
def test_answer_that_proves_nothing_is_unknown(house: OrdersHouse, fault: str | int | Response) -> None:
    house.venue.faults["place_combo_order"].append(fault)
    house.send(house.permit())
    assert len(house.told("execution", OrderUnknown)) == 1
    assert len(house.venue.named("place_combo_order")) == 1


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ("before", "/place_combo_order"),
        (500, "HTTP 500: "),
        (Response(200, {}, b'{"ord'), "place_combo_order: "),
        (Response(200, {}, b'{"order": {}}'), "place_combo_order: "),
        ("refused", "/place_combo_order"),
        (Response(200, {}, b'{"error": "10009 not enough funds"}'), "10009 not enough funds"),
        (422, "played"),
    ],
)
def test_outcome_that_is_none_says_why(house: OrdersHouse, fault: str | int | Response, why: str) -> None:
    house.venue.faults["place_combo_order"].append(fault)
    house.send(house.permit())
    ((_, outcome),) = [(to, message) for to, message in house.log if to == "execution"]
    assert isinstance(outcome, OrderRefused | OrderUnknown)
    assert why in outcome.detail


def test_permit_of_an_unknown_order_comes_back_when_the_venue_would_refuse_it(house: OrdersHouse) -> None:
    """Until then it may still be on its way, and an arming must wait for it."""
    house.venue.faults["place_combo_order"].append("cut")
    house.send(house.permit())
    house.advance(3.99)
    assert house.told("kill_switch", PermitSpent) == []
    house.advance(0.02)
    assert len(house.told("kill_switch", PermitSpent)) == 1


def test_permit_of_an_unknown_order_is_not_back_earlier_if_the_clock_is_set_ahead(house: OrdersHouse) -> None:
    house.venue.before["place_combo_order"] = lambda: house.set_clock(3600)
    house.venue.faults["place_combo_order"].append("cut")
    house.send(house.permit())
    house.advance(3.99)
    assert house.told("kill_switch", PermitSpent) == []
    house.advance(0.02)
    assert len(house.told("kill_switch", PermitSpent)) == 1


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (400, "http_400"),
        (401, "auth"),
        (403, "auth"),
        (404, "http_404"),
        (422, "http_422"),
        (429, "rate_limited"),
        ("refused", "not_connected"),
        (Response(200, {}, b'{"error": "10009 not enough funds"}'), "soft_error"),
    ],
)
def test_definite_refusal_is_told_by_its_code(
    house: OrdersHouse, fault: str | int | Response, reason: str
) -> None:
    house.venue.faults["place_combo_order"].append(fault)
    house.send(house.permit())
    assert house.refused().reason == reason
    assert len(house.told("kill_switch", PermitSpent)) == 1


def test_label_seen_before_is_ours(house: OrdersHouse) -> None:
    """409 on a placement: the order in the body is read as the answer."""
    house.send(house.permit())
    house.send(house.permit(permit_id="permit-2"))
    first, second = house.told("execution", OrderAccepted)
    assert first.order.order_id == second.order.order_id


def test_conflict_is_the_answer_to_a_placement_only(house: OrdersHouse) -> None:
    """To an edit or a cancel it is a refusal, also if the body has our order."""
    house.send(house.permit())
    _, body = house.venue._serve("get_order_by_label", b'{"label": "p-1:e1"}')
    house.venue.faults["edit_order"].append(Response(409, {}, body))
    house.venue.faults["cancel_order"].append(Response(409, {}, body))
    permit = house.edit_permit("0.009")
    edit = EditOrder(label=LABEL, order_id=OrderId("O1"), terms=permit.terms, permit=permit)
    cancel = CancelOrder(label=LABEL, order_id=OrderId("O1"), attempt_id="cancel-1")
    for command in (edit, cancel):
        house.tell("mcp.orders", command, sender="execution")
        assert house.refused().reason == "http_409"
    assert len(house.told("execution", OrderRefused)) == 2


def test_order_of_another_label_in_the_answer_is_unknown(house: OrdersHouse) -> None:
    house.send(house.permit())
    foreign = Label("p-2:e1")
    _, answer = house.venue._serve("get_order_by_label", b'{"label": "p-1:e1"}')
    house.venue.faults["place_combo_order"].append(Response(409, {}, answer))
    house.send(house.permit(label=foreign, permit_id="permit-2"), label=foreign)
    assert len(house.told("execution", OrderUnknown)) == 1


def test_an_exit_that_costs_nothing_is_a_purchase_all_the_same(house: OrdersHouse) -> None:
    """The side says what the legs can do; one that contradicts them is refused as malformed."""
    permit = house.permit(OrderPurpose.EXIT)
    free = permit.terms.model_copy(update={"limit_eth": Decimal(0)})
    house.send(permit.model_copy(update={"terms": free}))
    assert [request["side"] for request in house.venue.named("place_combo_order")] == ["buy"]


def test_edit_moves_the_price_under_its_own_permit(house: OrdersHouse) -> None:
    house.send(house.permit())
    edit = EditOrder(
        label=LABEL,
        order_id=OrderId("O1"),
        terms=house.edit_permit("0.009").terms,
        permit=house.edit_permit("0.009"),
    )
    house.tell("mcp.orders", edit, sender="execution")
    assert house.venue.order(LABEL).price == Decimal("0.009")
    assert house.venue.named("edit_order")[0]["valid_until"] is not None


@pytest.mark.parametrize(
    "beyond",
    [{"limit_eth": Decimal("0.008")}, {"amount": 3}, {"legs": plan().legs[:1]}, {"reduce_only": True}],
)
def test_edit_beyond_its_permit_is_not_sent(house: OrdersHouse, beyond: dict[str, object]) -> None:
    house.send(house.permit())
    permit = house.edit_permit("0.009")
    terms = permit.terms.model_copy(update=beyond)
    edit = EditOrder(label=LABEL, order_id=OrderId("O1"), terms=terms, permit=permit)
    house.tell("mcp.orders", edit, sender="execution")
    assert house.venue.named("edit_order") == []
    assert house.refused().reason == "permit_void:mismatch"


def test_the_permit_of_a_placement_is_none_for_an_edit(house: OrdersHouse) -> None:
    house.send(house.permit())
    permit = house.permit()
    permit = permit.model_copy(update={"permit_id": "permit-of-a-placement"})
    edit = EditOrder(label=LABEL, order_id=OrderId("O1"), terms=permit.terms, permit=permit)
    house.tell("mcp.orders", edit, sender="execution")
    assert house.venue.named("edit_order") == []
    assert house.refused().reason == "permit_void:mismatch"


def test_edit_carries_the_amount_of_its_permit(house: OrdersHouse) -> None:
    house.send(house.permit())
    permit = house.edit_permit("0.009")
    terms = permit.terms.model_copy(update={"amount": 1})
    permit = permit.model_copy(update={"terms": terms})
    edit = EditOrder(label=LABEL, order_id=OrderId("O1"), terms=terms, permit=permit)
    house.tell("mcp.orders", edit, sender="execution")
    assert [request["amount"] for request in house.venue.named("edit_order")] == ["1"]


def test_cancel_needs_no_permit_and_leaves_while_armed(house: OrdersHouse) -> None:
    house.send(house.permit())
    kill(house, ArmCause.AUDIT)
    house.tell(
        "mcp.orders",
        CancelOrder(label=LABEL, order_id=OrderId("O1"), attempt_id="cancel-1"),
        sender="execution",
    )
    assert house.venue.order(LABEL).state == "cancelled"


def test_every_outcome_names_the_attempt_that_it_answers(house: OrdersHouse) -> None:
    """By the permit, which is for one attempt, or by the cancel's own id."""
    cancel = CancelOrder(label=LABEL, order_id=OrderId("O1"), attempt_id="cancel-1")
    house.send(house.permit())
    house.send(house.permit())
    for fault in (None, 429, 500, "before", "refused", Response(200, {}, b"no order")):
        house.venue.faults["cancel_order"].append(fault)
        house.tell("mcp.orders", cancel, sender="execution")
    outcomes = [message for to, message in house.log if to == "execution"]
    answered = [o.attempt_id for o in outcomes if isinstance(o, OrderAccepted | OrderRefused | OrderUnknown)]
    assert answered == ["permit-1", "permit-1"] + ["cancel-1"] * 6


def test_outcome_of_a_void_permit_says_that_nothing_was_sent(house: OrdersHouse) -> None:
    kill(house)
    house.send(house.permit())
    assert house.refused().detail == "not sent"


def test_connection_is_made_with_the_actors_own_context(house: OrdersHouse) -> None:
    """The laboratory's connection takes the time from it, and notices by it that the actor was replaced."""
    assert house.connected == [house.contexts["mcp.orders"]]


def test_stop_closes_the_connection(house: OrdersHouse) -> None:
    house.stop("mcp.orders")
    assert house.venue.closed
