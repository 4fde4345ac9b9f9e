"""A hole of the record is a hole: no quotes, no orders, and an account that is still worth something."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from core.contract import CurrencyRequest, GetInstruments, GetOptionsChain, GetOrderBook, PlaceComboOrder
from core.errors import InputError
from gateway.paper import account_tools, market_tools
from gateway.paper import orders as desk
from gateway.paper.account import Account
from gateway.paper.assumptions import Assumptions
from gateway.paper.instruments import parse_instrument
from gateway.paper.recorded import Between, RecordedMarket
from gateway.paper.venue import Venue
from gateway.shell.refusals import SoftRefusalError
from tests.gateway.record_folder import CHAIN_FILE, FIRST, HEADER, PUT, SECOND, row, write_gz, write_record

LONG_PUT = "ETH-16JAN26-2600-P"
AFTER = SECOND + timedelta(hours=9)
INSIDE = SECOND + timedelta(hours=1)


@pytest.fixture
def chains(tmp_path: Path) -> Path:
    """Snapshots at 20:00, 04:00 (8 h later) and 13:00 (9 h later)."""
    folder = write_record(tmp_path)
    rows = [
        line
        for at in (FIRST, SECOND, AFTER)
        for line in (row(at, PUT, 3020.0, "0.0120", "0.0130"), row(at, LONG_PUT, 3020.0, "0.0040", "0.0044"))
    ]
    write_gz(folder / CHAIN_FILE, HEADER, *rows)
    return folder


def market(chains: Path, between: Between = "move", max_gap_h: float = 8.0) -> RecordedMarket:
    return RecordedMarket(chains, between, 25.0, 0.05, max_gap_h)


def venue_of(source: RecordedMarket) -> Venue:
    return Venue(source, Account(Decimal(10)), SECOND, Assumptions())


@pytest.mark.parametrize("between", ["move", "hold"])
def test_there_are_no_quotes_between_snapshots_that_are_too_far_apart(chains: Path, between: Between) -> None:
    source = market(chains, between)
    expiry = parse_instrument(PUT).expiration
    for at in (SECOND + timedelta(microseconds=1), INSIDE, AFTER - timedelta(microseconds=1)):
        assert source.expiries(at) == []
        assert list(source.chain(at, expiry)) == []
        assert list(source.instruments(at, expiry)) == []
        assert source.quote(at, parse_instrument(PUT)) is None
    assert [(hole.last, hole.following) for hole in source.holes] == [(SECOND, AFTER)]


def test_the_snapshots_at_its_ends_and_gaps_of_just_that_length_are_served(chains: Path) -> None:
    source = market(chains)
    for at in (FIRST, FIRST + timedelta(hours=7, minutes=59), SECOND, AFTER, AFTER + timedelta(hours=8)):
        assert source.quote(at, parse_instrument(PUT)) is not None
    assert source.end == AFTER + timedelta(hours=8)
    with pytest.raises(InputError, match="record covers"):
        source.quote(AFTER + timedelta(hours=8, seconds=1), parse_instrument(PUT))


def test_how_long_a_gap_may_be_is_a_setting(chains: Path) -> None:
    assert market(chains, max_gap_h=9.0).holes == ()
    assert len(market(chains, max_gap_h=7.99).holes) == 2
    assert Assumptions.parse(["max_gap_h=9"]).max_gap_h == 9.0
    with pytest.raises(InputError, match="max_gap_h"):
        Assumptions.parse(["max_gap_h=0"])


def test_index_dvol_and_funding_go_on_in_a_hole(chains: Path) -> None:
    source = market(chains)
    # The snapshot's own 3020 until the close of 05:00 is known.
    assert source.index_usd(SECOND + timedelta(minutes=30)) == 3020.0
    assert source.index_usd(INSIDE) == 3019.0
    assert source.dvol_pct(INSIDE) > 60.0
    assert source.exchange_funding(INSIDE)


def test_the_venue_says_which_hole_it_is(chains: Path) -> None:
    venue = venue_of(market(chains))
    assert json.loads(market_tools.get_options_chain(venue, GetOptionsChain()))["quotes"]
    venue.advance(INSIDE)
    expected = "no_quotes: the record has no snapshot between 2026-01-05T04:00:00Z and 2026-01-05T13:00:00Z"
    for call in (
        lambda: market_tools.get_options_chain(venue, GetOptionsChain()),
        lambda: market_tools.get_instruments(venue, GetInstruments()),
        lambda: market_tools.get_order_book(venue, GetOrderBook(instrument_name=PUT)),
    ):
        with pytest.raises(SoftRefusalError, match=expected):
            call()


def combo(label: str, price: str) -> PlaceComboOrder:
    return PlaceComboOrder.model_validate_json(
        json.dumps(
            {
                "legs": [
                    {"instrument_name": PUT, "side": "sell", "ratio": 1},
                    {"instrument_name": LONG_PUT, "side": "buy", "ratio": 1},
                ],
                "amount": "1",
                "side": "sell",
                "price": price,
                "label": label,
                "reduce_only": False,
            }
        )
    )


def test_nothing_is_traded_in_a_hole(chains: Path) -> None:
    venue = venue_of(market(chains))
    resting = desk.place(venue, combo("before", "0.0079"))
    assert resting.is_open
    venue.advance(AFTER - timedelta(seconds=1))
    assert venue.account.orders[resting.order.order_id].order.filled_amount == 0
    refused = desk.place(venue, combo("inside", "0.0076"))
    assert refused.order.state == "rejected"
    assert "a leg is not listed or has no quotes" in str(refused.order.reject_reason)


def test_a_held_position_keeps_a_value_and_a_margin_in_a_hole(chains: Path) -> None:
    venue = venue_of(market(chains))
    assert desk.place(venue, combo("before", "0.0076")).order.filled_amount == 1
    before = account_tools.get_account_summary(venue, CurrencyRequest())
    venue.advance(INSIDE)
    inside = account_tools.get_account_summary(venue, CurrencyRequest())
    assert inside.initial_margin == pytest.approx(before.initial_margin, rel=Decimal("0.01"))
    assert inside.equity == pytest.approx(before.equity, abs=Decimal("0.0005"))
    assert inside.equity != inside.balance
