"""What open positions are worth at the last marks; what lacks a mark is no number."""

from __future__ import annotations

from decimal import Decimal

import pytest

from reading.valuation import book_value, open_pnl_eth
from tests.fakes.open_position import POSITION, mark, marks
from tests.fakes.trading import LONG, SHORT, plan


def test_an_open_position_is_worth_its_cash_flows_and_its_legs_at_mark() -> None:
    market = marks(mark(SHORT, "0.0100"), mark(LONG, "0.0040"))
    assert open_pnl_eth(POSITION, market) == Decimal("0.0188") - 2 * (Decimal("0.0100") - Decimal("0.0040"))


def test_a_missing_mark_is_no_number() -> None:
    assert open_pnl_eth(POSITION, marks(mark(SHORT, "0.0100"))) is None
    assert open_pnl_eth(POSITION, None) is None


def test_a_book_sums_what_is_marked_and_counts_what_is_not() -> None:
    market = marks(mark(SHORT, "0.0100"), mark(LONG, "0.0040"))
    other = POSITION.model_copy(update={"plan": plan(2, short="ETH-16JAN26-2700-P")})
    book = book_value((POSITION, other, POSITION), market)
    one_eth, one = open_pnl_eth(POSITION, market), book_value((POSITION,), market).greeks
    assert one_eth is not None
    assert (book.positions, book.unmarked, book.pnl_eth) == (3, 1, 2 * one_eth)
    assert book.greeks.net_delta == pytest.approx(2 * one.net_delta)
