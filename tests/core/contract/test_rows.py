"""A list of the account is read row by row: what can't be read is named, and does not spoil the rest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.contract import Orders, Positions, Settlements, Trades, UnreadRow
from core.contract.rows import RowsAnswer

GOOD = {
    "instrument_name": "ETH-X",
    "size": "0.5",
    "average_price": "0",
    "mark_price": "0",
    "floating_pnl": "0",
    "delta": 0.0,
    "gamma": 0.0,
    "theta": 0.0,
    "vega": 0.0,
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def test_rows_in_the_contracts_form_leave_nothing_unread() -> None:
    answer = Positions.model_validate({"positions": [GOOD]})
    assert (len(answer.positions), answer.unread) == (1, ())


def test_a_row_of_another_form_is_kept_by_name_and_the_rest_is_read() -> None:
    perpetual = {**GOOD, "instrument_name": "ETH-PERPETUAL", "size": 1.5}
    answer = Positions.model_validate({"positions": [perpetual, GOOD]})
    assert [position.instrument_name for position in answer.positions] == ["ETH-X"]
    (unread,) = answer.unread
    assert (unread.name, unread.label) == ("ETH-PERPETUAL", None)
    assert unread.problem.startswith("size: ")
    assert "found ⟪1.5⟫" in unread.problem


def test_an_unread_order_keeps_its_label() -> None:
    (unread,) = Orders.model_validate({"orders": [{"label": "p-1:e1", "state": "untriggered"}]}).unread
    assert (unread.name, unread.instrument_name) == ("p-1:e1", None)


@pytest.mark.parametrize("row", [7, None, [], "text", {}, {"label": 7}, {"instrument_name": None}])
def test_a_row_by_which_nobody_can_tell_whose_it_is_spoils_the_list(row: object) -> None:
    """It may be one of the engine's own."""
    with pytest.raises(ValidationError):
        Positions.model_validate({"positions": [GOOD, row]})


@pytest.mark.parametrize("body", [{}, {"positions": None}, {"positions": {}}, [], 7])
def test_an_answer_without_the_list_is_refused(body: object) -> None:
    with pytest.raises(ValidationError):
        Positions.model_validate(body)


def test_what_was_unread_is_not_told_on() -> None:
    """Neither in the answer's JSON nor in its schema: it is no part of the contract."""
    answer = Positions.model_validate({"positions": [{"instrument_name": "X"}], "unread": [1, 2]})
    assert len(answer.unread) == 1
    assert answer.model_dump_json() == '{"positions":[]}'
    assert "unread" not in Positions.model_json_schema()["properties"]


def test_a_long_name_is_cut() -> None:
    (unread,) = Trades.model_validate({"trades": [{"instrument_name": "X" * 500, "side": "Y" * 500}]}).unread
    assert len(unread.name) == 100 + len("⟪⟫")
    assert len(unread.problem) <= 200


LISTS: tuple[type[RowsAnswer], ...] = (Positions, Orders, Trades, Settlements)


@given(model=st.sampled_from(LISTS), rows=st.lists(JSON, max_size=4))
def test_whatever_the_rows_are_the_answer_is_read_or_refused(
    model: type[RowsAnswer], rows: list[object]
) -> None:
    try:
        answer = model.model_validate({model.ROWS: rows})
    except ValidationError:
        return
    assert len(answer.unread) <= len(rows)
    assert all(isinstance(row, UnreadRow) for row in answer.unread)
