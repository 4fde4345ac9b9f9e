"""Faults: which calls they hit, what each does to account and answer, and that a seed repeats them."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from pydantic import ValidationError

from core.contract import IndexPrice, OptionsChain, iso_utc
from core.errors import InputError
from gateway.paper.faults import DEFAULT_RATE, FaultKind, Faults, FaultSpec
from gateway.shell.bodies import HttpAnswer
from tests.gateway.market_fake import START, Desk


def placed_under(kind: str, **changes: object) -> tuple[Desk, HttpAnswer]:
    desk = Desk(f"venue:{kind}:1")
    return desk, desk.raw("deribit", "place_combo_order", json.dumps(desk.placement(**changes)).encode())


def calm(desk: Desk) -> Desk:
    """The same desk from now on without faults."""
    desk.dispatch._faults = Faults([], 1, {})
    return desk


def test_reads_target_kind_and_rate() -> None:
    assert FaultSpec.parse("macro:http_429:0.5") == ("macro", FaultKind.HTTP_429, 0.5)
    assert FaultSpec.parse("all:stale").rate == DEFAULT_RATE


@pytest.mark.parametrize(
    "text", ["", "deribit", "nope:cut", "deribit:nope", "deribit:cut:x", "deribit:cut:2", "macro:reject"]
)
def test_refuses_a_fault_that_makes_no_sense(text: str) -> None:
    with pytest.raises(InputError, match="--fault"):
        FaultSpec.parse(text)


@pytest.mark.parametrize("kind", [k for k in FaultKind if k is not FaultKind.CRASH])
def test_the_same_seed_plays_the_same_faults(kind: FaultKind) -> None:
    def run(seed: int) -> list[HttpAnswer]:
        desk = Desk(f"all:{kind}:0.5", seed=seed)
        answers = []
        for i in range(12):
            order = desk.placement(label=f"p{i}:e1", price="0.0100")
            answers.append(desk.raw("deribit", "place_combo_order", json.dumps(order).encode()))
            answers += [desk.raw("deribit", tool) for tool in ("get_options_chain", "environment_info")]
            last = f"ETH-O-{i + 1:09d}"
            answers.append(desk.raw("deribit", "cancel_order", json.dumps({"order_id": last}).encode()))
            desk.later(minutes=2)
        return answers

    assert run(1) == run(1)
    assert run(1) != run(2)
    assert any(answer.headers.get("X-Paper-Fault") == kind for answer in run(1))


@pytest.mark.parametrize(
    ("kind", "status", "header"),
    [
        ("http_429", 429, "Retry-After"),
        ("http_503", 503, None),
        ("http_401", 401, None),
        ("timeout_before", 504, "X-Paper-Took"),
    ],
)
def test_refused_before_the_effect(kind: str, status: int, header: str | None) -> None:
    desk, answer = placed_under(kind)
    assert answer.status == status
    assert header is None or header in answer.headers
    assert not desk.venue.account.orders


@pytest.mark.parametrize("kind", ["timeout_after", "cut", "truncated", "latency", "missing"])
def test_the_effect_took_place_whatever_the_answer(kind: str) -> None:
    desk, answer = placed_under(kind)
    assert answer.headers["X-Paper-Fault"] == kind
    assert len(desk.venue.account.orders) == 1


def test_latency_is_told_and_not_slept() -> None:
    _, answer = placed_under("latency")
    assert 0.0 < float(answer.headers["X-Paper-Took"]) < 8.0
    assert answer.status == 200


def test_a_server_error_may_come_before_or_after_the_effect() -> None:
    taken = set()
    for seed in range(12):
        desk = Desk("venue:http_500:1", seed=seed)
        desk.raw("deribit", "place_combo_order", json.dumps(desk.placement()).encode())
        taken.add(len(desk.venue.account.orders))
    assert taken == {0, 1}


def test_a_soft_error_shows_zeros_that_mean_nothing() -> None:
    desk = Desk("deribit:soft_error:1")
    summary = desk.call("get_account_summary")
    assert str(summary["error"]).startswith("13004")
    assert summary["equity"] == "0"
    assert "error" in desk.call("place_combo_order", **desk.placement())
    assert not desk.venue.account.orders


@pytest.mark.parametrize("kind", ["missing", "null", "wrong_type", "nan", "negative"])
def test_a_broken_body_is_not_an_index_price(kind: str) -> None:
    broken = 0
    for seed in range(10):
        answer = Desk(f"deribit:{kind}:1", seed=seed).raw("deribit", "get_index_price")
        try:
            IndexPrice.model_validate_json(answer.body)
        except ValidationError:
            broken += 1
    assert broken == 10


def test_truncated_json_is_no_json() -> None:
    answer = Desk("deribit:truncated:1").raw("deribit", "get_index_price")
    with pytest.raises(ValueError):
        json.loads(answer.body)


def test_a_stale_answer_is_an_hour_old() -> None:
    assert Desk("deribit:stale:1").call("get_dvol")["timestamp"] == iso_utc(START - timedelta(hours=1))


@pytest.mark.parametrize("kind", ["crossed", "empty_book", "iv_7"])
def test_some_quotes_of_a_chain_are_broken_and_the_rest_are_not(kind: str) -> None:
    chain = OptionsChain.model_validate_json(Desk(f"venue:{kind}:1").raw("deribit", "get_options_chain").body)
    broken = [q for q in chain.quotes if q.bid is None or q.ask is None or q.bid > q.ask or q.mark_iv < 15]
    assert 0 < len(broken) < len(chain.quotes) / 2


def test_a_rejected_order_has_a_reason() -> None:
    desk, _ = placed_under("reject")
    order = calm(desk).order("p1:e1")
    assert order["state"] == "rejected"
    assert order["reject_reason"]


def test_a_partial_fill_and_then_silence() -> None:
    desk, answer = placed_under("partial_silent", amount="4", price="0.0100")
    assert answer.status == 504
    calm(desk)
    desk.market.touch = {}
    desk.later(minutes=10)
    order = desk.order("p1:e1")
    assert (order["state"], order["filled_amount"]) == ("open", "2")


def test_a_fill_comes_after_the_cancel() -> None:
    desk = Desk("venue:fill_after_cancel:1")
    order = desk.place(price="0.0100")
    cancelled = desk.call("cancel_order", order_id=order["order_id"])["order"]
    assert isinstance(cancelled, dict)
    assert (cancelled["state"], cancelled["filled_amount"]) == ("cancelled", "0")
    desk.later(seconds=1)
    late = desk.order("p1:e1")
    assert (late["state"], late["filled_amount"]) == ("filled", "2")
    assert len(desk.rows("get_positions", "positions")) == 2


def test_an_alien_position_moves_in_without_cash() -> None:
    desk = Desk("venue:alien_position:1")
    desk.call("get_dvol")
    assert len(desk.venue.account.positions) == 1
    assert desk.venue.account.balance_eth == 10


def test_a_restarted_venue_forgets_what_rested_and_keeps_what_filled() -> None:
    desk = Desk()
    desk.place()
    desk.place(label="p2:e1", price="0.0100")
    desk.dispatch._faults = Faults([FaultSpec.parse("venue:venue_restart:1")], 1, {})
    assert desk.rows("get_open_orders", "orders") == []
    assert calm(desk).call("get_order_by_label", label="p2:e1")["order"] is None
    assert desk.order("p1:e1")["state"] == "filled"
    assert Decimal(str(desk.call("get_account_summary")["balance"])) > 10


def test_the_wrong_environment_shows_on_both_pages() -> None:
    desk = Desk("deribit:wrong_environment:1")
    assert desk.call("environment_info")["environment"] == "testnet"
    assert json.loads(desk.raw("deribit", "health").body)["environment"] == "testnet"
    assert json.loads(desk.raw("macro", "health").body)["environment"] == "paper"


def test_a_crash_is_told_once_at_the_first_read_of_an_entry_cycle() -> None:
    desk = Desk("deribit:crash")
    entry = {"x-correlation-id": "entry-2026-01-05T14:00:00Z"}
    calls = [("get_dvol", {}), ("health", entry), ("get_dvol", entry), ("get_dvol", entry)]
    told = [desk.raw("deribit", tool, b"{}", **headers).headers for tool, headers in calls]
    assert [h.get("X-Paper-Fault") for h in told] == [None, None, "crash", None]


def test_a_fault_keeps_to_its_target() -> None:
    desk = Desk("macro:http_503:1")
    assert desk.raw("deribit", "get_dvol").status == 200
    assert desk.raw("macro", "health").status == 503
    trading = Desk("venue:http_503:1")
    assert trading.raw("deribit", "get_dvol").status == 200
    assert trading.raw("deribit", "get_positions").status == 503
