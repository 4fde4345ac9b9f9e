"""What an account holds beside the books: too much, too little, others', foreign; and who was first."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.contract import Order, Orders, Positions, Trades, UnreadRow
from core.orders.account import Findings, compare, earlier_entry, labels_to_look_up, with_owners
from core.orders.books import Books
from core.orders.lifecycle import OrderState
from core.values import Label
from tests.core.orders.test_reconcile import LABEL, NOW, books, held, order, position, trades
from tests.fakes.trading import EXPIRATION, LONG, SHORT

TAG = "abcdef"
ELSEWHERE = "ETH-16JAN26-3200-C"


def known(state: OrderState = OrderState.FILLED, *, filled: int = 0, contracts: int = 2) -> Books:
    """A position of `contracts` and one order of 2 that sells SHORT and buys LONG, live in that state."""
    found = books(state, filled=filled, positions=(position(contracts=contracts),))
    return (
        found
        if state is not OrderState.FILLED
        else found.model_copy(update={"orders": (), "instructions": ()})
    )


def look(
    state: Books, sizes: dict[str, int], *orders: Order, known: tuple[str, ...] = (), late: bool = False
) -> Findings:
    return compare(
        state,
        TAG,
        Positions(positions=held(sizes)),
        Orders(orders=orders),
        now=EXPIRATION if late else NOW,
        known=frozenset(map(Label, known)),
    )


@pytest.mark.parametrize(
    ("short", "where"),
    [(-2, None), (-3, "more"), (-1, "less"), (0, "less"), (1, "less")],
)
def test_a_size_beyond_ours_is_more_and_any_other_is_less(short: int, where: str | None) -> None:
    found = look(known(), {SHORT: short, LONG: 2})
    assert [name for name in ("less", "more") if getattr(found, name)] == ([] if where is None else [where])


@pytest.mark.parametrize("size", [-1, 1])
def test_any_size_where_we_hold_nothing_yet_is_more(size: int) -> None:
    """A proposal's plan is live before its order is placed."""
    (found,) = look(known(contracts=0), {SHORT: size}).more
    assert str(found) == f"size:{SHORT}: books 0, venue {size}"


@given(filled=st.integers(0, 2), at_venue=st.integers(-1, 3))
def test_a_resting_order_explains_every_size_up_to_its_fill(filled: int, at_venue: int) -> None:
    """Booked are 1 contract and `filled` of 2 more; at the venue the order may have filled further."""
    state = known(OrderState.WORKING, filled=filled, contracts=1)
    found = look(state, {SHORT: -1 - at_venue, LONG: 1 + at_venue}, order())
    explained = 0 <= at_venue <= 2 - filled
    assert (found.against_entries == ()) is explained


def test_an_order_that_was_never_sent_explains_nothing() -> None:
    assert look(known(OrderState.INTENDED, contracts=1), {SHORT: -3, LONG: 3}).more != ()


def test_expired_legs_are_left_to_the_settlement() -> None:
    assert look(known(), {}, late=True) == Findings()


def test_an_instrument_of_no_live_plan_is_asked_for_by_its_trades() -> None:
    found = look(known(), {SHORT: -2, LONG: 2, ELSEWHERE: -1})
    assert found.unexplained == (ELSEWHERE,)
    assert found.against_entries == ()


@pytest.mark.parametrize(
    ("labels", "whose"),
    [
        ((), "foreign"),
        (("",), "foreign"),
        (("by hand",), "foreign"),
        (("p-1:zzzzzz:e1",), "others"),
        (("p-1:e1",), "others"),
        ((f"p-1:{TAG}:e1",), "others"),
        (("", "p-1:zzzzzz:e1"), "others"),
    ],
)
def test_whose_a_position_is_its_trades_say(labels: tuple[str, ...], whose: str) -> None:
    positions = Positions(positions=held({SHORT: -2}))
    found = Findings(unexplained=(SHORT,))
    made = Trades(trades=tuple(t for label in labels for t in trades(2, label=label, legs=(SHORT,))))
    told = with_owners(found, positions, made)
    assert [name for name in ("others", "foreign") if getattr(told, name)] == [whose]
    assert told.unexplained == ()


def test_a_trade_of_another_engine_that_can_not_be_read_counts_as_held() -> None:
    row = UnreadRow(label="p-1:zzzzzz:e1", instrument_name=SHORT, problem="side: strange")
    made = Trades(trades=()).model_copy(update={"unread": (row,)})
    found = Findings(unexplained=(SHORT,))
    (told,) = with_owners(found, Positions(positions=held({SHORT: -2})), made).others
    assert "zzzzzz" in str(told)


def test_what_was_traded_back_under_its_tag_is_not_held_any_more() -> None:
    (sold,) = trades(2, label="p-1:zzzzzz:e1", legs=(SHORT,))
    bought = sold.model_copy(update={"label": "p-1:zzzzzz:x9", "side": "buy", "trade_id": "T2"})
    positions = Positions(positions=held({SHORT: -1}))
    found = Findings(unexplained=(SHORT,))
    assert with_owners(found, positions, Trades(trades=(sold, bought))).others == ()
    assert with_owners(found, positions, Trades(trades=(sold,))).others != ()


@pytest.mark.parametrize(
    ("label", "where"),
    [
        (f"p-9:{TAG}:e1", "strays"),
        (f"p-9:{TAG}:x1", "foreign"),
        ("p-9:zzzzzz:e1", "others"),
        ("p-9:zzzzzz:x1", "foreign"),
        ("p-9:e1", "others"),
        ("p-8:e1", "strays"),
        ("p-8:x1", "foreign"),
        ("by hand", "foreign"),
        ("", "foreign"),
    ],
)
def test_an_open_order_that_no_live_row_knows_is_sorted_by_its_label(label: str, where: str) -> None:
    """The books know `p-8:e1` and `p-8:x1`, of before there were tags."""
    found = look(known(), {SHORT: -2, LONG: 2}, order(label=label), known=("p-8:e1", "p-8:x1"))
    assert [name for name in ("others", "foreign", "strays") if getattr(found, name)] == [where]
    assert (found.against_entries == ()) is (where == "foreign")


def test_a_live_order_of_ours_is_none_of_these_whatever_its_label_looks_like() -> None:
    assert look(known(OrderState.WORKING), {SHORT: -2, LONG: 2}, order()) == Findings()


def test_only_labels_of_our_form_without_our_tag_are_looked_up() -> None:
    orders = Orders(
        orders=tuple(
            order(label=label).model_copy(update={"order_id": f"O-{label}"})
            for label in (LABEL, "p-9:e1", "p-9:zzzzzz:e1", "by hand", "")
        )
    )
    found = labels_to_look_up(known(OrderState.WORKING), TAG, orders)
    assert found == ("p-9:e1", "p-9:zzzzzz:e1")


@pytest.mark.parametrize(
    ("label", "instrument", "where"),
    [
        (LABEL, None, "unread"),
        (f"p-9:{TAG}:e1", None, "unread"),
        (None, SHORT, "unread"),
        ("p-9:zzzzzz:e1", None, "others"),
        (None, "ETH-PERPETUAL", "foreign"),
        ("", SHORT, "foreign"),
        ("by hand", None, "foreign"),
    ],
)
def test_an_order_that_can_not_be_read_is_sorted_by_what_is_known_of_it(
    label: str | None, instrument: str | None, where: str
) -> None:
    row = UnreadRow(label=label, instrument_name=instrument, problem="state: strange")
    orders = Orders(orders=()).model_copy(update={"unread": (row,)})
    found = compare(
        known(OrderState.WORKING), TAG, Positions(positions=held({SHORT: -2, LONG: 2})), orders, now=NOW
    )
    assert [name for name in ("others", "foreign", "unread") if getattr(found, name)] == [where]


def test_a_position_that_can_not_be_read_is_ours_only_in_an_instrument_of_ours() -> None:
    def unread(name: str) -> Findings:
        row = UnreadRow(label=None, instrument_name=name, problem="size: strange")
        positions = Positions(positions=held({SHORT: -2, LONG: 2})).model_copy(update={"unread": (row,)})
        return compare(known(), TAG, positions, Orders(orders=()), now=NOW)

    assert unread(SHORT).unread != ()
    assert unread("ETH-PERPETUAL").unread == ()
    assert unread("ETH-PERPETUAL").foreign != ()


# Who was first


def entry(label: str, *, at_ms: int = 0, order_id: str = "O1", **update: object) -> Order:
    created = NOW + timedelta(milliseconds=at_ms)
    return order(label=label).model_copy(update={"created_at": created, "order_id": order_id, **update})


THEIRS = "p-1:zzzzzz:e1"


@pytest.mark.parametrize(
    ("theirs", "found"),
    [
        (entry(THEIRS, at_ms=-1, order_id="O2"), True),
        (entry(THEIRS, at_ms=1, order_id="O2"), False),
        (entry(THEIRS, order_id="O0"), True),
        (entry(THEIRS, order_id="O2"), False),
        (entry(THEIRS, at_ms=-1, state="cancelled"), False),
        (entry(THEIRS, at_ms=-1, state="cancelled", filled_amount=Decimal(1)), True),
        (entry(THEIRS, at_ms=-1, state="filled", filled_amount=Decimal(2)), True),
        (entry(THEIRS, at_ms=-1, state="rejected"), False),
        (entry("p-1:zzzzzz:x1", at_ms=-1), False),
        (entry("by hand", at_ms=-1), False),
        (entry(f"p-0:{TAG}:e1", at_ms=-1), False),
        (entry(f"p-2:{TAG}:e1", at_ms=-1), True),
    ],
)
def test_an_entry_that_came_first_is_found_unless_it_is_of_our_own_books(theirs: Order, found: bool) -> None:
    """`p-0` is ours; `p-2` bears our tag, but is not in our books: a copy of this folder has placed it."""
    ours = entry(f"p-1:{TAG}:e1")
    first = earlier_entry(ours, (ours, theirs), known=frozenset({Label(f"p-0:{TAG}:e1")}))
    assert first == (theirs if found else None)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=5, unique=True))
def test_of_any_number_of_entries_exactly_one_finds_no_other_before_it(ids: list[tuple[int, int]]) -> None:
    placed = [
        entry(f"p-1:{letter * 6}:e1", at_ms=at, order_id=f"O{number}")
        for letter, (at, number) in zip("vwxyz", ids, strict=False)
    ]
    assert sum(earlier_entry(ours, placed) is None for ours in placed) == 1


def test_an_unread_trade_under_no_label_of_ours_says_nothing_of_an_owner() -> None:
    row = UnreadRow(label="by hand", instrument_name=SHORT, problem="side: strange")
    made = Trades(trades=()).model_copy(update={"unread": (row,)})
    found = with_owners(Findings(unexplained=(SHORT,)), Positions(positions=held({SHORT: -2})), made)
    assert (found.others, [each.subject for each in found.foreign]) == ((), [SHORT])


def test_all_differences_are_those_against_entries_and_the_foreign_ones() -> None:
    found = look(known(), {SHORT: -3, LONG: 2, ELSEWHERE: 1})
    assert found.all == (*found.against_entries, *found.foreign)
    assert found.more
