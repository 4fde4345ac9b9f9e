"""An order that the books do not know is taken over only if nobody else can have sent it, and if it fits."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from core.contract import Order, OrderLeg, Trade, UnreadRow
from core.orders.adoption import (
    Adoption,
    LostPrice,
    OwnTags,
    adoptions,
    entries_before_the_restore,
    labels_in_question,
    lost_prices,
)
from core.orders.books import Books, Edit, InstructionKind, Position
from core.orders.exit_rule import ExitRule
from core.orders.lifecycle import OrderState, PositionState
from core.orders.reconcile import VenueView
from core.values import Failed, Label
from tests.core.orders.test_reconcile import NOW, books, order, position, trades, view
from tests.fakes.trading import plan

BEFORE, AFTER = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
TAGS = OwnTags(present="abcdef", former=("uvwxyz",), restored_at=NOW)
NO_RESTORE = TAGS.model_copy(update={"restored_at": None})
ENTRY, EXIT = Label("p-1:uvwxyz:e1"), Label("p-1:uvwxyz:x7")
PRESENT_ENTRY, PRESENT_EXIT = Label("p-1:abcdef:e1"), Label("p-1:abcdef:x7")
FLOOR_ETH = plan().floor_eth


def sent(label: Label = ENTRY, **update: object) -> Order:
    """As executed for that label: an exit has its legs reversed."""
    found = order(label=label).model_copy(update={"created_at": BEFORE, "price": FLOOR_ETH})
    if ":x" in label:
        turned = {"sell": "buy", "buy": "sell"}
        legs = tuple(
            OrderLeg.model_validate({**leg.model_dump(), "side": turned[leg.side]}) for leg in found.legs
        )
        found = found.model_copy(update={"legs": legs})
    return found.model_copy(update=update)


def filled(label: Label, combos: int = 2, **update: object) -> Order:
    return sent(label, **{"state": "filled", "filled_amount": Decimal(combos), **update})


def traded(label: Label, combos: int = 2) -> tuple[Trade, ...]:
    listed = trades(combos, label=label)
    if ":x" not in label:
        return listed
    return tuple(
        trade.model_copy(update={"side": "buy" if trade.side == "sell" else "sell"}) for trade in listed
    )


def proposed() -> Position:
    return position(contracts=0).model_copy(update={"state": PositionState.PROPOSED})


def closing(rule: ExitRule | None = ExitRule.STOP) -> Position:
    return position().model_copy(update={"state": PositionState.CLOSING, "exit_rule": rule})


def of(*positions: Position) -> Books:
    """Books without live orders."""
    return Books(as_of=NOW, seq=1, positions=positions, orders=(), instructions=())


def taken(found: tuple[Adoption, ...] | Failed) -> list[str]:
    assert not isinstance(found, Failed), found
    return [each.instruction.label for each in found]


def test_an_entry_is_known_as_sent_before_the_restore_by_former_tag_and_time() -> None:
    orders = (
        sent(),
        sent(Label("p-2:uvwxyz:e1"), created_at=NOW),
        sent(PRESENT_ENTRY),
        sent(EXIT),
        sent(Label("by hand")),
        sent(Label("p-3:e1")),
    )
    assert entries_before_the_restore(TAGS, orders) == {ENTRY}
    assert entries_before_the_restore(NO_RESTORE, orders) == frozenset()


def test_labels_of_live_positions_under_any_tag_of_ours_are_in_question_once_each() -> None:
    listed = (sent(EXIT), sent(PRESENT_EXIT), sent(Label("p-1:rstuvw:x7")), sent(Label("p-9:uvwxyz:e1")))
    found = labels_in_question(of(position()), TAGS, view(open_orders=listed, history=(sent(EXIT),)))
    assert found == (EXIT, PRESENT_EXIT)


def test_an_entry_that_rests_or_has_filled_is_taken_over_as_it_must_have_been_sent() -> None:
    for found_order, listed in ((sent(), ()), (filled(ENTRY), traded(ENTRY))):
        seen = view(open_orders=(found_order,), trades=listed)
        found = adoptions(of(proposed()), TAGS, seen, known=())
        assert taken(found) == [ENTRY]
        (adoption,) = found
        assert isinstance(adoption, Adoption)
        made = adoption.instruction
        assert (made.kind, made.attempt, made.amount, made.limit_eth) == (
            InstructionKind.ENTRY,
            1,
            2,
            FLOOR_ETH,
        )
        assert (made.legs, made.cycle_id) == (plan().legs, position().cycle_id)
        assert (made.reduce_only, made.exit_rule) == (False, None)
        assert made.created_at == made.valid_until == BEFORE
        assert adoption.order == found_order


@pytest.mark.parametrize(("rule", "told"), [(None, ExitRule.ADOPTED), (ExitRule.STOP, ExitRule.STOP)])
def test_an_exit_that_has_ended_is_taken_over_under_any_tag_of_ours(
    rule: ExitRule | None, told: ExitRule
) -> None:
    """Whoever of the copies of this folder sent it: it tells what became of our position."""
    for tags in (TAGS, NO_RESTORE):
        for label in (EXIT, PRESENT_EXIT):
            seen = view(history=(filled(label, created_at=AFTER),), trades=traded(label))
            found = adoptions(of(closing(rule)), tags, seen, known=())
            assert taken(found) == [label]
            (adoption,) = found
            assert isinstance(adoption, Adoption)
            made = adoption.instruction
            assert (made.reduce_only, made.exit_rule, made.cycle_id) == (True, told, None)
            assert made.legs == tuple(leg.reversed() for leg in plan().legs)


@pytest.mark.parametrize(
    ("found", "tags"),
    [
        (sent(PRESENT_ENTRY), TAGS),
        (sent(ENTRY), NO_RESTORE),
        (sent(ENTRY, created_at=NOW), TAGS),
        (sent(ENTRY, state="cancelled"), TAGS),
        (sent(EXIT, state="cancelled"), TAGS),
        (sent(PRESENT_EXIT), TAGS),
        (sent(EXIT, created_at=NOW), TAGS),
        (filled(Label("p-1:rstuvw:x7")), TAGS),
        (sent(Label("by hand")), TAGS),
        (sent(Label("p-9:uvwxyz:e1")), TAGS),
    ],
    ids=[
        "present tag",
        "no restore",
        "after the restore",
        "entry that ended unfilled",
        "exit that ended unfilled",
        "exit of the present tag at work",
        "exit of after the restore at work",
        "strange tag",
        "no label of ours",
        "position that is not live",
    ],
)
def test_what_another_may_have_sent_is_left_alone(found: Order, tags: OwnTags) -> None:
    state = proposed() if ":e" in found.label else position()
    seen = view(open_orders=(found,), trades=traded(Label(found.label)) if found.filled_amount else ())
    assert adoptions(of(state), tags, seen, known=()) == ()


ENTERING, OPEN = proposed(), position()


@pytest.mark.parametrize(
    ("found", "state"),
    [
        (sent(ENTRY, legs=sent(EXIT).legs), ENTERING),
        (sent(ENTRY, amount=Decimal("1.5")), ENTERING),
        (sent(ENTRY, filled_amount=Decimal("0.5")), ENTERING),
        (sent(ENTRY, amount=Decimal(3)), ENTERING),
        (sent(ENTRY, amount=Decimal(1)), ENTERING),
        (sent(ENTRY, price=FLOOR_ETH - Decimal("0.0005")), ENTERING),
        (sent(ENTRY), OPEN),
        (sent(EXIT), ENTERING),
        (sent(EXIT, amount=Decimal(3)), OPEN),
        (sent(EXIT, amount=Decimal(0)), OPEN),
    ],
    ids=[
        "other legs",
        "broken amount",
        "broken fill",
        "more",
        "fewer",
        "below the floor",
        "entry of an open position",
        "exit of a proposal",
        "exit of more than was opened",
        "exit of nothing",
    ],
)
def test_what_the_position_does_not_allow_is_left_alone(found: Order, state: Position) -> None:
    assert adoptions(of(state), TAGS, view(open_orders=(found,)), known=()) == ()


def test_what_the_books_know_or_the_venue_lists_twice_is_left_alone() -> None:
    seen = view(open_orders=(sent(),))
    assert adoptions(of(proposed()), TAGS, seen, known={ENTRY}) == ()
    twice = view(open_orders=(sent(),), history=(sent(order_id="O2"),))
    assert adoptions(of(proposed()), TAGS, twice, known=()) == ()


def unread_trade() -> UnreadRow:
    return UnreadRow(name="T-9", label=ENTRY, instrument_name=None, problem="amount: NaN")


HALF = traded(ENTRY)[0].model_copy(update={"amount": Decimal("0.5")})


@pytest.mark.parametrize(
    "seen",
    [
        view(history=(filled(ENTRY),), trades=traded(ENTRY, 1)),
        view(history=(filled(ENTRY),), trades=traded(ENTRY)[:1]),
        view(history=(filled(ENTRY),), trades=(HALF,)),
        view(history=(filled(ENTRY),), trades=traded(ENTRY), unread=(unread_trade(),)),
    ],
    ids=["fewer than filled", "one leg", "half a contract", "a row that can't be read"],
)
def test_an_order_whose_trades_are_not_all_listed_makes_the_recovery_wait(seen: VenueView) -> None:
    found = adoptions(of(proposed()), TAGS, seen, known=())
    assert isinstance(found, Failed)
    assert found.reasons == (f"{ENTRY}: 2 filled, and its trades can't be read",)


def test_exits_take_no_more_than_the_position_holds_the_oldest_first() -> None:
    second = Label("p-1:uvwxyz:x8")
    seen = view(
        history=(filled(second, created_at=BEFORE + timedelta(minutes=1)), filled(EXIT)),
        trades=(*traded(EXIT), *traded(second)),
    )
    assert taken(adoptions(of(closing()), TAGS, seen, known=())) == [EXIT]


def test_what_another_copy_has_begun_to_close_is_left_to_it() -> None:
    """One of two contracts is closed by an exit that this engine may not have sent: two would go on."""
    part = filled(PRESENT_EXIT, 1, state="cancelled", created_at=AFTER)
    seen = view(history=(part,), trades=traded(PRESENT_EXIT, 1))
    assert adoptions(of(closing()), TAGS, seen, known=()) == ()
    ours = view(history=(filled(EXIT, 1, state="cancelled"),), trades=traded(EXIT, 1))
    assert taken(adoptions(of(closing()), TAGS, ours, known=())) == [EXIT]


def known_order(label: Label, kind: InstructionKind = InstructionKind.ENTRY, **of_position: object) -> Books:
    """Books with one live order under that label, permitted at the floor's price."""
    found = books(OrderState.WORKING, positions=(proposed().model_copy(update=of_position),))
    (instruction,), (row,) = found.instructions, found.orders
    legs = instruction.legs
    if kind is InstructionKind.EXIT:
        legs = tuple(leg.reversed() for leg in legs)
    instruction = instruction.model_copy(
        update={"label": label, "kind": kind, "legs": legs, "limit_eth": FLOOR_ETH}
    )
    row = row.model_copy(update={"label": label, "limit_eth": FLOOR_ETH})
    return found.model_copy(update={"orders": (row,), "instructions": (instruction,)})


HIGHER = FLOOR_ETH + Decimal("0.0005")
LOWER = FLOOR_ETH - Decimal("0.0005")


def test_a_price_that_was_edited_after_the_backup_is_learned_from_the_venue() -> None:
    edited = sent(ENTRY, price=HIGHER)
    assert lost_prices(known_order(ENTRY), TAGS, view(open_orders=(edited,))) == (
        LostPrice(label=ENTRY, order=edited),
    )
    cheaper = sent(EXIT, price=LOWER)
    found = lost_prices(known_order(EXIT, InstructionKind.EXIT), TAGS, view(history=(cheaper,)))
    assert found == (LostPrice(label=EXIT, order=cheaper),)


@pytest.mark.parametrize(
    ("found", "tags"),
    [
        (None, TAGS),
        (sent(ENTRY), TAGS),
        (sent(ENTRY, price=LOWER), TAGS),
        (sent(ENTRY, price=HIGHER, amount=Decimal(3)), TAGS),
        (sent(ENTRY, price=HIGHER, created_at=NOW), TAGS),
        (sent(ENTRY, price=HIGHER), NO_RESTORE),
        (sent(ENTRY, price=HIGHER), TAGS.model_copy(update={"former": ()})),
    ],
    ids=["not listed", "as permitted", "below the floor", "more", "after", "no restore", "no former tag"],
)
def test_no_price_is_learned_that_another_may_have_set(found: Order | None, tags: OwnTags) -> None:
    seen = view(open_orders=() if found is None else (found,))
    assert lost_prices(known_order(ENTRY), tags, seen) == ()


def test_no_price_is_learned_without_a_live_order_position_or_label_of_ours() -> None:
    edited = view(open_orders=(sent(ENTRY, price=HIGHER),))
    state = known_order(ENTRY)
    assert lost_prices(state.model_copy(update={"orders": ()}), TAGS, edited) == ()
    assert lost_prices(state.model_copy(update={"positions": ()}), TAGS, edited) == ()
    by_hand = view(open_orders=(sent(Label("by hand"), price=HIGHER),))
    assert lost_prices(known_order(Label("by hand")), TAGS, by_hand) == ()


def test_a_price_that_the_books_have_as_an_edit_is_not_lost() -> None:
    state = known_order(ENTRY)
    edit = Edit(label=ENTRY, limit_eth=HIGHER, number=1, at=NOW)
    edited = view(open_orders=(sent(ENTRY, price=HIGHER),))
    assert lost_prices(state.model_copy(update={"edits": (edit,)}), TAGS, edited) == ()
