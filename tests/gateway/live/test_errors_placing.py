"""What a placement, an edit and a cancel are answered with, whatever the venue says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.live.venue.codes import LATCHED, NOT_FOUND, REFUSED, SHUT, TOO_MANY
from tests.gateway.live.trading_desk import Engine, traded

OF_THE_TABLE = (
    {10002, 10003, *range(10005, 10010), 10011, *range(10013, 10028), *range(10029, 10040), 10043, 11029}
    | {11030, *range(11036, 11042), 11043, *range(11045, 11050), 11054, 11055, 12005, 13010, 13016, 13031}
    | {13035, 13036, -32000}
)
UNKNOWN = (10001, 11031, 11094, 13008, 13028, 13666, 13777, 13888, 424242, 13009)
OUR_FAULT = (-32600, -32601, -32602, 11050)


def test_the_codes_are_those_of_the_table() -> None:
    assert REFUSED == OF_THE_TABLE
    assert {10040, 10041, 11051, 13025, 13503, 11098, 12998} == SHUT
    assert {10028, 10047, 10066} == TOO_MANY
    assert not (REFUSED | SHUT | NOT_FOUND | TOO_MANY | LATCHED) & set(UNKNOWN) - {13009}


def test_every_error_that_was_seen_is_in_the_table(deribit_responses: Path) -> None:
    seen = json.loads((deribit_responses / "community" / "errors_seen.json").read_text("utf-8"))
    codes = {each["error"]["code"] for each in seen.values()}
    assert codes
    assert codes <= REFUSED | SHUT | NOT_FOUND | TOO_MANY | LATCHED | set(OUR_FAULT)


@pytest.mark.parametrize("codes", [sorted(OF_THE_TABLE)[::7], sorted(SHUT), sorted(NOT_FOUND), OUR_FAULT])
def test_a_refusal_is_soft_and_names_the_number(tmp_path: Path, codes: tuple[int, ...]) -> None:
    async def play(engine: Engine) -> None:
        for code in codes:
            engine.faults(f"sell:refuse:{code}")
            status, body = await engine.place(f"label {code}")
            assert status == 200, body
            assert body["error"].startswith(f"{code} "), body
            label = f"label {code}"
            assert (await engine.ask("get_order_by_label", label=label))[1] == {"order": None}
            await engine.wait(1.0)
        assert engine.orders_at_venue == []

    traded(tmp_path, play)


def test_whatever_is_not_in_the_table_is_unknown(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        _, resting = await engine.place("resting")
        order_id = resting["order"]["order_id"]
        for code in UNKNOWN:
            engine.faults(f"sell:refuse:{code}")
            assert (await engine.place(f"label {code}"))[0] == 504
            await engine.wait(1.0)
            engine.faults(f"edit:refuse:{code}", f"cancel:refuse:{code}")
            until = engine.placement()["valid_until"]
            edit = await engine.ask("edit_order", order_id=order_id, price="0.0110", valid_until=until)
            assert edit[0] == 504, (code, edit)
            assert (await engine.ask("cancel_order", order_id=order_id))[0] == 504
            await engine.wait(1.0)
        assert engine.desk.sources.latch is None

    traded(tmp_path, play)


def test_too_many_is_429_and_nothing_was_placed(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        for n, fault in enumerate(("sell:refuse:10028", "sell:too_many")):
            engine.faults(fault)
            status, _ = await engine.place(f"label {n}")
            assert status == 429
            await engine.wait(3.0)
        assert engine.orders_at_venue == []

    traded(tmp_path, play)


@pytest.mark.parametrize(
    ("fault", "cancel", "edit"),
    [
        ("refuse:11051", (503, "11051"), (200, "11051")),
        ("refuse:10009", (200, "10009"), (200, "10009")),
        ("refuse:10028", (429, "10028"), (429, "10028")),
        ("cut_after", (504, "unknown"), (504, "unknown")),
        ("html", (504, "unknown"), (504, "unknown")),
        ("too_many", (429, "429"), (429, "429")),
        ("slow_after:9", (504, "unknown"), (504, "unknown")),
    ],
)
def test_a_cancel_and_an_edit_are_answered_as_the_table_says(
    tmp_path: Path, fault: str, cancel: tuple[int, str], edit: tuple[int, str]
) -> None:
    async def play(engine: Engine) -> None:
        _, resting = await engine.place()
        order_id = resting["order"]["order_id"]
        engine.faults(f"edit:{fault}", f"private/cancel:{fault}")
        until = engine.placement()["valid_until"]
        status, body = await engine.ask("edit_order", order_id=order_id, price="0.0110", valid_until=until)
        assert (status, edit[1] in str(body)) == (edit[0], True), body
        # Half of the rate for a while, after too many.
        await engine.wait(5.0)
        status, body = await engine.ask("cancel_order", order_id=order_id)
        assert (status, cancel[1] in str(body)) == (cancel[0], True), body

    traded(tmp_path, play)


def test_a_latched_key_places_nothing_more(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        engine.faults("sell:refuse:13021")
        assert (await engine.place())[1]["error"].startswith("13021")
        assert (await engine.place("two"))[1]["error"].startswith("13021")
        assert engine.desk.venue.calls.count("private/create_combo") == 1

    traded(tmp_path, play)


def test_a_read_that_fails_before_anything_is_sent_is_a_refusal(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        engine.faults(*["get_open_orders_by_label:html"] * 2)
        assert (await engine.place())[1]["error"].startswith("not sent")
        assert (await engine.ask("get_order_by_label", label="one"))[1] == {"order": None}
        assert (await engine.place())[1]["order"]["state"] == "open"

    traded(tmp_path, play)
