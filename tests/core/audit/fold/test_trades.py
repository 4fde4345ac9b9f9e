"""Orders, fills, deliveries and positions, as the log makes them: money, sizes and states are counted."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.messages.audit import AuditKind
from tests.core.audit.fold.logs import (
    AFTER_ENTRY_ETH,
    AT_TEXT,
    ENTRY,
    EXIT,
    LONG,
    SHORT,
    Step,
    delivered,
    edited,
    entered,
    filled,
    folded,
    instructed,
    moved,
    order,
    proposed,
    sent,
)


def without(steps: list[Step], kind: AuditKind, field: str) -> list[Step]:
    """The steps, the last of that kind without a field."""
    at = max(number for number, (each, _) in enumerate(steps) if each is kind)
    detail = {name: value for name, value in steps[at][1].items() if name != field}
    return [*steps[:at], (kind, detail), *steps[at + 1 :]]


def changed(steps: list[Step], kind: AuditKind, **update: object) -> list[Step]:
    """The steps, the last of that kind with other values."""
    at = max(number for number, (each, _) in enumerate(steps) if each is kind)
    return [*steps[:at], (kind, {**steps[at][1], **update}), *steps[at + 1 :]]  # type: ignore[dict-item]


def test_premium_and_fee_of_each_fill_are_booked_rounded_half_even_to_1e_8() -> None:
    books = folded(*entered())
    assert books.problems == []
    flows = books.tables["cash_flows"]
    assert {ref: row["amount_eth"] for ref, row in flows.items()} == {
        f"trade:{ENTRY}-1-{SHORT}:premium": "0.03066667",
        f"trade:{ENTRY}-1-{SHORT}:fee": "-0.0006",
        f"trade:{ENTRY}-1-{LONG}:premium": "-0.00660001",
        f"trade:{ENTRY}-1-{LONG}:fee": "-0.0006",
    }
    assert sum(Decimal(str(row["amount_eth"])) for row in flows.values()) == Decimal(AFTER_ENTRY_ETH)
    assert {row["position_id"] for row in flows.values()} == {"p-1"}
    assert {row["index_usd"] for row in flows.values()} == {"3100.25"}
    assert {row["at"] for row in flows.values()} == {"2026-01-05T14:01:00.000000Z"}
    assert [row["kind"] for row in flows.values()] == ["premium", "fee", "premium", "fee"]


def test_the_rows_of_an_entry_are_those_that_the_books_keep() -> None:
    books = folded(*entered())
    assert books.tables["orders"][ENTRY] == {
        "label": ENTRY,
        "state": "filled",
        "order_id": "o-1",
        "amount": 2,
        "filled_amount": 2,
        "limit_eth": "0.0110",
        "average_price_eth": "0.0115",
        "reason": None,
        "sent_at": AT_TEXT,
        "updated_at": "2026-01-05T14:01:00.000000Z",
    }
    assert books.tables["positions"]["p-1"] == {
        "position_id": "p-1",
        "state": "open",
        "entered_at": "2026-01-05T14:01:00.000000Z",
        "closed_at": None,
        "exit_rule": None,
    }
    instruction = books.tables["instructions"][ENTRY]
    assert instruction["legs"] == f'[{{"instrument_name":"{SHORT}"}}]'
    assert (instruction["reduce_only"], instruction["valid_until"]) == (0, "2026-01-05T14:00:03.000000Z")
    plan = '{"contracts":2,"legs":[{"instrument_name":"%s","ratio":1},{"instrument_name":"%s","ratio":1}]}'
    assert books.tables["proposals"]["p-1"]["plan"] == plan % (SHORT, LONG)


def test_an_intended_order_is_as_its_instruction_says() -> None:
    books = folded(*proposed(), instructed(ENTRY), moved("proposed", "awaiting_fill"))
    assert books.problems == []
    assert books.tables["orders"][ENTRY] == {
        "label": ENTRY,
        "state": "intended",
        "order_id": None,
        "amount": 2,
        "filled_amount": 0,
        "limit_eth": "0.0120",
        "average_price_eth": None,
        "reason": None,
        "sent_at": None,
        "updated_at": AT_TEXT,
    }


def test_a_position_closes_when_exit_and_settlement_leave_nothing() -> None:
    exit_steps = [
        instructed(EXIT),
        moved("open", "closing", opened=2, left=2, pnl=AFTER_ENTRY_ETH),
        sent(EXIT),
        order(EXIT, "sent", "cancelled", 1),
        *filled(EXIT, 1, 1),
    ]
    rest = "0.00963333"
    books = folded(
        *entered(),
        *exit_steps,
        moved("closing", "open", opened=2, left=1, pnl=rest),
        delivered(SHORT, -1),
        delivered(LONG, 1, "0.00000001"),
        moved("open", "closed", opened=2, left=0, pnl="-0.11412344"),
    )
    assert books.problems == []
    row = books.tables["positions"]["p-1"]
    assert (row["state"], row["closed_at"], row["exit_rule"]) == ("closed", AT_TEXT, "stop")
    assert books.tables["cash_flows"][f"delivery:{SHORT}@e:settlement"]["amount_eth"] == "-0.12345678"
    assert books.tables["cash_flows"][f"delivery:{SHORT}@e:settlement_fee"]["amount_eth"] == "-0.00015"
    assert books.tables["deliveries"][f"{LONG}@e"]["size"] == 1


def test_a_position_is_opened_by_its_first_fill_even_if_it_has_ended_already() -> None:
    """Recovery learns of an entry and of its end by one answer."""
    books = folded(
        *entered()[:-1],
        delivered(SHORT, 2),
        delivered(LONG, 2),
        moved("awaiting_fill", "open", opened=2, left=0, pnl="-0.2243469"),
        moved("open", "closed", opened=2, left=0, pnl="-0.2243469"),
    )
    assert books.problems == []


def test_the_earliest_fill_that_is_known_when_it_opens_is_its_entry() -> None:
    late, early = "2026-01-05T14:03:00Z", "2026-01-05T14:02:00Z"
    steps = entered()[:-3]
    books = folded(
        *steps,
        *filled(ENTRY, 1, 1, late),
        *filled(ENTRY, 2, 1, early),
        moved("awaiting_fill", "open", opened=2, left=2, pnl="0.02166666"),
    )
    assert books.problems == []
    assert books.tables["positions"]["p-1"]["entered_at"] == "2026-01-05T14:02:00.000000Z"


def test_an_order_that_ends_without_a_fill_cancels_its_position() -> None:
    books = folded(
        *proposed(),
        instructed(ENTRY),
        moved("proposed", "awaiting_fill"),
        order(ENTRY, "intended", "not_placed"),
        moved("awaiting_fill", "cancelled"),
    )
    assert books.problems == []
    assert books.tables["positions"]["p-1"]["closed_at"] == AT_TEXT


def test_a_proposal_that_was_given_up_is_cancelled() -> None:
    books = folded(*proposed(), moved("proposed", "cancelled"))
    assert books.problems == []
    assert books.tables["positions"]["p-1"]["state"] == "cancelled"


def test_a_cancelled_position_is_open_again_if_a_fill_is_found() -> None:
    steps = entered()
    found = [order(ENTRY, "cancelled", "cancelled", 2), *steps[-3:-1]]
    books = folded(
        *steps[:6],
        order(ENTRY, "sent", "cancelled"),
        moved("awaiting_fill", "cancelled"),
        *found,
        moved("cancelled", "open", opened=2, left=2, pnl=AFTER_ENTRY_ETH),
    )
    assert books.problems == []
    assert books.tables["positions"]["p-1"]["closed_at"] is None


WRONG: list[tuple[str, list[Step], str]] = [
    (
        "missing-step",
        entered()[:-1],
        "position p-1: expected open by its orders and fills, found awaiting_fill",
    ),
    (
        "wrong-state",
        [*entered()[:-1], moved("awaiting_fill", "cancelled", opened=2, left=2, pnl=AFTER_ENTRY_ETH)],
        "record 10 (POSITION): to: expected open by its orders and fills, found cancelled",
    ),
    (
        "wrong-before",
        changed(entered(), AuditKind.POSITION, **{"from": "open"}),
        "record 10 (POSITION): from: expected awaiting_fill, found open",
    ),
    (
        "wrong-size",
        changed(entered(), AuditKind.POSITION, contracts=1),
        "record 10 (POSITION): contracts: expected 2 by what was booked, found 1",
    ),
    (
        "wrong-opened",
        changed(entered(), AuditKind.POSITION, contracts_opened=3),
        "record 10 (POSITION): contracts_opened: expected 2 by what was booked, found 3",
    ),
    (
        "wrong-money",
        changed(entered(), AuditKind.POSITION, pnl_eth="0.02286667"),
        "record 10 (POSITION): pnl_eth: expected 0.02286666 by what was booked, found 0.02286667",
    ),
    (
        "wrong-order-before",
        changed(entered(), AuditKind.ORDER, **{"from": "working"}),
        "record 7 (ORDER): from: expected sent, found working",
    ),
    (
        "fill-twice",
        [*entered(), filled(ENTRY, 1)[0]],
        f"record 11 (FILL): fills: expected a new row, found '{ENTRY}-1-{SHORT}' a second time",
    ),
    (
        "unknown-order",
        [*entered(), order("p-2:e1", "sent", "filled")],
        "record 11 (ORDER): orders: expected the row 'p-2:e1', found none",
    ),
    (
        "unknown-proposal",
        [instructed(ENTRY)],
        "record 1 (INSTRUCTION): positions: expected 'p-1', found none",
    ),
    (
        "wrong-side",
        changed(entered(), AuditKind.FILL, side="hold"),
        "record 9 (FILL): side: expected buy or sell, found 'hold'",
    ),
    (
        "filled-amount",
        changed(entered(), AuditKind.ORDER, filled_amount=1),
        f"order {ENTRY}: expected fills of 1 {SHORT}, found 2",
    ),
    (
        "half-a-combo",
        changed(entered(), AuditKind.FILL, amount=1),
        f"position p-1: expected fills that make whole combos, found {{'{SHORT}': 2, '{LONG}': 1}}",
    ),
    (
        "foreign-leg",
        changed(entered(), AuditKind.FILL, instrument_name="ETH-X"),
        f"position p-1: expected fills that make whole combos, found {{'{SHORT}': 2, 'ETH-X': 2}}",
    ),
    (
        "oversold",
        [*entered(), delivered(SHORT, 3)],
        "position p-1: expected no more to be closed than was opened",
    ),
]


@pytest.mark.parametrize(("steps", "said"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_what_contradicts_what_was_counted_is_named(steps: list[Step], said: str) -> None:
    assert any(problem.startswith(said) for problem in folded(*steps).problems), folded(*steps).problems


def test_combos_of_unequal_legs_are_counted_by_their_ratio() -> None:
    """Two of the short leg to one of the long: three short contracts are no whole combo."""
    steps = [
        *proposed(ratio=2),
        instructed(ENTRY),
        moved("proposed", "awaiting_fill"),
        order(ENTRY, "intended", "cancelled", 1),
    ]
    short, long = filled(ENTRY, 1, 1)
    good = folded(
        *steps, (short[0], {**short[1], "amount": 2}), long, moved("awaiting_fill", "open", opened=1, left=1)
    )
    assert [problem for problem in good.problems if "pnl_eth" not in problem] == [
        "position p-1: expected open by its orders and fills, found awaiting_fill"
    ]
    bad = folded(*steps, (short[0], {**short[1], "amount": 3}), long)
    assert f"position p-1: expected fills that make whole combos, found {{'{SHORT}': 3, '{LONG}': 1}}" in (
        bad.problems
    )


def test_a_leg_that_was_delivered_alone_leaves_what_the_other_still_carries() -> None:
    books = folded(*entered(), delivered(SHORT, 2))
    assert books.problems == []
    assert books.holdings["p-1"].left() == 2


def test_a_deliveries_sign_does_not_matter_for_the_size() -> None:
    books = folded(*entered(), delivered(SHORT, -2), delivered(LONG, 2))
    assert books.holdings["p-1"].left() == 0


def test_a_live_entry_keeps_a_position_from_being_closed() -> None:
    steps = changed(entered(), AuditKind.ORDER, to="working")
    books = folded(*steps, delivered(SHORT, 2), delivered(LONG, 2))
    assert books.problems == []
    assert books.tables["positions"]["p-1"]["state"] == "open"


@pytest.mark.parametrize(
    ("kind", "field", "value", "said"),
    [
        (AuditKind.FILL, "amount", None, "amount: expected a whole number, found None"),
        (AuditKind.FILL, "amount", True, "amount: expected a whole number, found True"),
        (AuditKind.FILL, "price_eth", "x", "price_eth: expected a decimal amount as text, found 'x'"),
        (AuditKind.FILL, "price_eth", "NaN", "price_eth: expected a decimal amount as text, found 'NaN'"),
        (AuditKind.FILL, "price_eth", 1, "price_eth: expected text, found 1"),
        (AuditKind.FILL, "at", "soon", "at: expected an ISO 8601 time, found 'soon'"),
        (
            AuditKind.FILL,
            "at",
            "2026-01-05T14:01:00",
            "at: expected a time with its offset, found '2026-01-05T14:01:00'",
        ),
        (AuditKind.INSTRUCTION, "reduce_only", 1, "reduce_only: expected true or false, found 1"),
        (AuditKind.INSTRUCTION, "legs", "x", "legs: expected an object or a list, found 'x'"),
    ],
)
def test_a_field_of_another_form_is_named(kind: AuditKind, field: str, value: object, said: str) -> None:
    problems = folded(*changed(entered(), kind, **{field: value})).problems
    assert any(problem.endswith(said) for problem in problems), problems


def test_a_field_that_is_missing_is_named() -> None:
    problems = folded(*without(entered(), AuditKind.FILL, "trade_id")).problems
    assert problems[0] == "record 9 (FILL): trade_id: expected text, found none"


def test_a_long_wrong_value_is_shown_in_part() -> None:
    problems = folded(*changed(entered(), AuditKind.FILL, price_eth="9" * 90 + "x")).problems
    assert problems[0].endswith("found '" + "9" * 59)


def test_the_edits_of_an_order_are_kept_with_their_numbers() -> None:
    books = folded(*proposed(), instructed(ENTRY), edited(1), edited(2, "0.0100"))
    assert books.tables["edits"][f"{ENTRY}#2"] == {
        "key": f"{ENTRY}#2",
        "label": ENTRY,
        "number": 2,
        "limit_eth": "0.0100",
        "at": "2026-01-05T14:00:30.000000Z",
    }
    assert list(books.tables["edits"]) == [f"{ENTRY}#1", f"{ENTRY}#2"]


def test_an_edit_of_an_unknown_order_or_out_of_turn_contradicts_the_log() -> None:
    assert "expected the row" in folded(edited(1)).problems[0]
    wrong = folded(*proposed(), instructed(ENTRY), edited(2)).problems
    assert [problem for problem in wrong if "number: expected 1, found 2" in problem]
