"""The matrix of unknown outcomes: each fault of each request that changes an order, and how it ends.

`docs/reliability.md` shows the same matrix; a test compares the two.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from actors.execution.unknown import DOUBT_SOURCE
from core.messages.kill_switch import ArmKillSwitch, ClearSuspension, SuspendEntries
from core.orders.lifecycle import OrderState, PositionState
from core.orders.sizes import expected_sizes
from tests.actors.execution.lossy import Fault, LossyHouse

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reliability.md"
POSITION = "p-entry-1"
ENTRY_LIMIT, FIRST_EDIT = Decimal("0.0100"), Decimal("0.0097")
FILL_TIMEOUT_S = 900.0


@dataclass(frozen=True)
class End:
    """How one cell ends. `text` is what the page says of it."""

    text: str
    order: OrderState
    position: PositionState
    contracts: int = 0
    limit: Decimal | None = None
    armed: bool = False


NOT_PLACED = End("not placed", OrderState.NOT_PLACED, PositionState.CANCELLED)
RESTS = End("rests", OrderState.WORKING, PositionState.AWAITING_FILL)
RESTS_PARTLY = End("rests, 1 of 2 held", OrderState.WORKING, PositionState.OPEN, contracts=1)
SENT_AGAIN = End("not placed, sent again", OrderState.WORKING, PositionState.CLOSING, contracts=2)
EXIT_RESTS = End("rests", OrderState.WORKING, PositionState.CLOSING, contracts=2)
EXIT_PARTLY = End("rests, 1 of 2 closed", OrderState.WORKING, PositionState.CLOSING, contracts=1)
CANCELLED = End("cancelled", OrderState.CANCELLED, PositionState.CANCELLED)
CANCELLED_AGAIN = End("cancelled by the next try", OrderState.CANCELLED, PositionState.CANCELLED)
CANCELLED_PARTLY = End("cancelled, 1 of 2 held", OrderState.CANCELLED, PositionState.OPEN, contracts=1)
OLD_PRICE = End("old price", OrderState.WORKING, PositionState.AWAITING_FILL, limit=ENTRY_LIMIT)
NEW_PRICE = End("new price", OrderState.WORKING, PositionState.AWAITING_FILL, limit=FIRST_EDIT)
NEW_PARTLY = End(
    "new price, 1 of 2 held", OrderState.WORKING, PositionState.OPEN, contracts=1, limit=FIRST_EDIT
)
ARMED_CANCELLED = End("armed, cancelled", OrderState.CANCELLED, PositionState.CANCELLED, armed=True)
ARMED_LEFT = End(
    "armed, left to a person", OrderState.UNKNOWN, PositionState.CLOSING, contracts=2, armed=True
)

MATRIX: dict[Fault, tuple[End, End, End, End]] = {
    Fault.TIMEOUT_BEFORE: (NOT_PLACED, SENT_AGAIN, CANCELLED_AGAIN, OLD_PRICE),
    Fault.TIMEOUT_AFTER: (RESTS, EXIT_RESTS, CANCELLED, NEW_PRICE),
    Fault.CUT: (RESTS, EXIT_RESTS, CANCELLED, NEW_PRICE),
    Fault.ERROR_AFTER: (RESTS, EXIT_RESTS, CANCELLED, NEW_PRICE),
    Fault.RESTART: (RESTS, EXIT_RESTS, CANCELLED, NEW_PRICE),
    Fault.NOT_YET: (RESTS, EXIT_RESTS, CANCELLED, NEW_PRICE),
    Fault.FOUND_LATE: (RESTS, EXIT_RESTS, CANCELLED, NEW_PRICE),
    Fault.PARTLY_FILLED: (RESTS_PARTLY, EXIT_PARTLY, CANCELLED_PARTLY, NEW_PARTLY),
    Fault.OTHER_TERMS: (ARMED_CANCELLED, ARMED_LEFT, ARMED_CANCELLED, ARMED_CANCELLED),
}
COLUMNS = ("entry", "exit", "cancel", "edit")


def meanwhile(house: LossyHouse, fault: Fault, kind: str) -> Callable[[], None]:
    """What happens to the last order of a kind while nobody knows what became of the request."""
    if fault is Fault.OTHER_TERMS:
        return lambda: house.reprice_at_venue(kind, Decimal("0.0042") if kind == "e" else Decimal("-0.0100"))
    return lambda: house.venue.fill(house.label(kind), 1)


def play_entry(house: LossyHouse, fault: Fault) -> str:
    house.lossy.next["place_combo_order"] = fault
    house.lossy.meanwhile = meanwhile(house, fault, "e")
    house.place(house.propose(2))
    house.advance(50)
    return "e"


def play_exit(house: LossyHouse, fault: Fault) -> str:
    house.enter(2)
    house.lossy.next["place_combo_order"] = fault
    house.lossy.meanwhile = meanwhile(house, fault, "x")
    house.close(POSITION)
    # A refused send is followed by the next attempt after a pause of a minute.
    house.advance(100)
    return "x"


def play_cancel(house: LossyHouse, fault: Fault) -> str:
    house.place(house.propose(2))
    if fault is Fault.PARTLY_FILLED:
        house.venue.fill_on_cancel = 1  # The fill crosses the cancel.
    elif fault is Fault.OTHER_TERMS:
        house.lossy.meanwhile = meanwhile(house, fault, "e")
    house.advance(FILL_TIMEOUT_S - 1)
    house.lossy.next["cancel_order"] = fault
    house.advance(1 + 60)
    return "e"


def play_edit(house: LossyHouse, fault: Fault) -> str:
    house.place(house.propose(2))
    house.lossy.next["edit_order"] = fault
    house.lossy.meanwhile = meanwhile(house, fault, "e")
    house.advance(60 + 50)
    return "e"


PLAY: dict[str, Callable[[LossyHouse, Fault], str]] = {
    "entry": play_entry,
    "exit": play_exit,
    "cancel": play_cancel,
    "edit": play_edit,
}
CELLS = [
    pytest.param(
        column,
        fault,
        end,
        id=f"{column}-{fault.value.replace(' ', '-')}",
    )
    for fault, ends in MATRIX.items()
    for column, end in zip(COLUMNS, ends, strict=True)
]


@pytest.mark.parametrize(("column", "fault", "end"), CELLS)
def test_a_request_of_unknown_outcome_ends_as_the_matrix_says(
    tmp_path: Path, column: str, fault: Fault, end: End
) -> None:
    house = LossyHouse(tmp_path)
    label = house.label(PLAY[column](house, fault))
    assert house.lossy.next == {}, "the fault was not played"
    order, position = house.books.orders[label], house.books.positions[POSITION]
    assert (order.state, position.state, position.contracts) == (end.order, end.position, end.contracts)
    if end.limit is not None:
        assert order.limit_eth == house.venue.order(label).price == end.limit
    # Whatever the fault was: no label twice, books and venue hold the same.
    assert set(Counter(house.lossy.labels_sent).values()) == {1}
    assert house.venue.sizes() == expected_sizes(house.books.positions.values())
    arms = house.told("kill_switch", ArmKillSwitch)
    assert all(label in arm.reason and "price: permitted" in arm.reason for arm in arms)
    assert bool(arms) is end.armed
    if not end.armed:
        assert_entries_may_go_on(house)


def assert_entries_may_go_on(house: LossyHouse) -> None:
    """The doubt is over, and so is its suspension."""
    suspensions = [
        message
        for to, message in house.log
        if to == "kill_switch"
        and isinstance(message, SuspendEntries | ClearSuspension)
        and message.source == DOUBT_SOURCE
    ]
    assert isinstance(suspensions[-1], ClearSuspension), "entries stay suspended after the doubt"


@pytest.mark.parametrize("column", ["entry", "exit", "edit"])
@pytest.mark.parametrize("fault", [fault for fault in Fault if fault is not Fault.OTHER_TERMS])
def test_entries_are_suspended_while_an_order_is_in_doubt(tmp_path: Path, column: str, fault: Fault) -> None:
    house = LossyHouse(tmp_path)
    PLAY[column](house, fault)
    suspended = [m.source for m in house.told("kill_switch", SuspendEntries)]
    assert DOUBT_SOURCE in suspended


def test_an_edit_of_unknown_outcome_is_not_read_before_the_venue_would_refuse_it_as_late(
    tmp_path: Path,
) -> None:
    """Until its permit has expired at the venue, it may still arrive: the old price proves nothing."""
    house = LossyHouse(tmp_path)
    house.place(house.propose(2))
    house.advance(59)
    house.lossy.next["edit_order"] = Fault.TIMEOUT_BEFORE
    house.advance(1)
    looks = len(house.venue.named("get_order_by_label"))
    house.advance(2.9)
    assert len(house.venue.named("get_order_by_label")) == looks
    house.advance(0.2)
    assert len(house.venue.named("get_order_by_label")) == looks + 1


@pytest.mark.parametrize(
    ("fault", "labels"),
    [(each, 2 if each is Fault.TIMEOUT_BEFORE else 1) for each in Fault if each is not Fault.OTHER_TERMS],
)
def test_an_exit_is_sent_again_only_if_it_was_not_placed(tmp_path: Path, fault: Fault, labels: int) -> None:
    house = LossyHouse(tmp_path)
    play_exit(house, fault)
    exits = [label for label in house.books.orders if ":x" in label]
    assert len(exits) == labels
    working = [label for label in exits if house.books.orders[label].state is OrderState.WORKING]
    assert len(working) == 1
    house.venue.fill(working[0], house.books.positions[POSITION].contracts)
    house.advance(61)
    assert house.books.positions[POSITION].state is PositionState.CLOSED
    assert house.venue.sizes() == {}


def test_the_page_shows_this_matrix() -> None:
    rows = [
        [cell.strip() for cell in line.strip().strip("|").split("|")]
        for line in PAGE.read_text("utf-8").splitlines()
        if line.startswith("|")
    ]
    shown = {row[0]: tuple(row[1:]) for row in rows if row[0] in set(Fault)}
    assert shown == {fault.value: tuple(end.text for end in ends) for fault, ends in MATRIX.items()}
