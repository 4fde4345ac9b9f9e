"""A label is sent once: whatever dies where, and whatever is lost on the wire."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.errors import InputError
from gateway.live.orders.placing import PlacingStep
from gateway.sim.ways import Ways
from tests.gateway.live.desk import NOW
from tests.gateway.live.trading_desk import Engine, traded

LOOKS = 12
LATER = timedelta(seconds=10)


class KilledError(BaseException):
    """The process has ended here."""


def killed_at(step: PlacingStep) -> Callable[[PlacingStep], None]:
    def reach(reached: PlacingStep) -> None:
        if reached is step:
            raise KilledError(step)

    return reach


async def looks(engine: Engine, label: str = "one") -> list[tuple[int, str | None]]:
    """What a look-up says, every two and a half seconds: status, and the state of the order."""
    found = []
    for _ in range(LOOKS):
        status, body = await engine.ask("get_order_by_label", label=label)
        order = body.get("order")
        found.append((status, None if order is None else str(order["state"])))
        await engine.wait(2.5)
    return found


@pytest.mark.parametrize("step", list(PlacingStep))
def test_killed_at_any_failpoint_a_label_has_at_most_one_order(tmp_path: Path, step: PlacingStep) -> None:
    async def first(engine: Engine) -> Any:
        with pytest.raises(KilledError):
            await engine.place()
        return engine.desk.venue

    async def second(engine: Engine) -> None:
        at_venue = len(engine.orders_at_venue)
        assert at_venue == (0 if step in (PlacingStep.ASKED, PlacingStep.TAKEN) else 1)
        found = await looks(engine)
        if at_venue:
            assert {state for status, state in found if status == 200} == {"open"}
        else:
            assert {state for status, state in found if status == 200} == {None}
        assert found[-1][0] == 200
        # The same request again is not sent, whatever has become of the first.
        calls = engine.desk.venue.calls.count("private/sell")
        status, body = await engine.place()
        if step is PlacingStep.ASKED:
            assert (status, body["order"]["state"]) == (200, "open")
        else:
            assert (status == 409) == bool(at_venue)
            assert engine.desk.venue.calls.count("private/sell") == calls
        assert len(engine.orders_at_venue) <= 1

    venue = traded(tmp_path, first, reach=killed_at(step))
    traded(tmp_path, second, venue=venue, at=NOW + LATER)


@pytest.mark.parametrize(
    ("fault", "placed"),
    [
        ("sell:cut", False),
        ("sell:cut_after", True),
        ("sell:html", False),
        ("sell:html_after", True),
        ("sell:slow:9", False),
        ("sell:slow_after:9", True),
        ("sell:refuse:13888", False),
        ("sell:refuse_after:13888", True),
        ("sell:refuse_after:10001", True),
        ("sell:refuse:424242", False),
        ("sell:twice", True),
    ],
)
def test_what_is_unknown_is_looked_for_and_never_sent_again(tmp_path: Path, fault: str, placed: bool) -> None:
    async def play(engine: Engine) -> None:
        engine.faults(fault)
        status, body = await engine.place()
        assert (status, body.get("detail", "").startswith("unknown: ")) == (504, True), body
        found = await looks(engine)
        assert found[0][0] == 503
        assert {state for status, state in found if status == 200} == {"open" if placed else None}
        assert len(engine.orders_at_venue) == int(placed)
        status, body = await engine.place()
        assert (status, "error" in body) == ((409, False) if placed else (200, True))
        assert len(engine.orders_at_venue) == int(placed)

    traded(tmp_path, play)


@pytest.mark.parametrize("ways", [Ways(), Ways(trades="bare"), Ways(trades="parent")])
def test_an_order_that_filled_while_the_gateway_was_down_for_an_hour_is_found(
    tmp_path: Path, ways: Ways
) -> None:
    async def first(engine: Engine) -> Any:
        natural = await engine.natural()
        with pytest.raises(KilledError):
            await engine.place(price=str(natural))
        return engine.desk.venue

    async def second(engine: Engine) -> None:
        for _ in range(4):
            status, body = await engine.ask("get_order_by_label", label="one")
            await engine.wait(6.0)
        assert (status, body["order"]["state"]) == (200, "filled")

    venue = traded(tmp_path, first, reach=killed_at(PlacingStep.ANSWERED), ways=ways)
    traded(tmp_path, second, venue=venue, at=NOW + timedelta(minutes=61))


def test_a_placement_under_way_is_never_unknown_to_the_venue(tmp_path: Path) -> None:
    """The engine gives up after 8 s; what the gateway has sent may still come to rest."""

    async def play(engine: Engine) -> None:
        engine.faults("sell:slow:2.0")
        placing = asyncio.ensure_future(engine.place())
        found = []
        while not placing.done():
            found.append((await engine.ask("get_order_by_label", label="one"))[0])
            await engine.wait(0.3)
        assert 503 in found
        assert (await placing)[1]["order"]["state"] == "open"
        # Before its label is taken nothing has been sent, and null is true; after that it never is.
        assert found == sorted(found)

    traded(tmp_path, play)


def test_what_was_sent_is_waited_for_at_the_end_and_nothing_new_is_taken(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        engine.faults("sell:slow:1.0")
        trading = engine.desk.sources.trading
        assert trading is not None
        placing = asyncio.ensure_future(engine.place())
        while not engine.desk.venue.faults.played:
            await engine.wait(0.05)
        ending = asyncio.ensure_future(trading.finish())
        await engine.wait(0.1)
        assert not ending.done()
        assert (await engine.place("two"))[0] == 503
        await ending
        assert (await placing)[1]["order"]["state"] == "open"
        assert len(engine.orders_at_venue) == 1

    traded(tmp_path, play)


def test_a_state_folder_is_of_one_account(tmp_path: Path) -> None:
    async def nothing(_: Engine) -> None:
        return None

    traded(tmp_path, nothing)

    async def other(engine: Engine) -> None:
        raise AssertionError(engine)

    with pytest.raises(InputError, match="labels of deribit:testnet:10"):
        traded(tmp_path, other, ways=Ways(account_id=11))


def test_an_account_with_cross_margin_wants_to_be_allowed(tmp_path: Path) -> None:
    async def play(engine: Engine) -> str:
        return str((await engine.ask("get_account_summary"))[1]["equity"])

    ways = Ways(margin_model="cross_sm")
    with pytest.raises(InputError, match="ALLOW_CROSS_MARGIN"):
        traded(tmp_path / "one", play, ways=ways)
    assert traded(tmp_path / "two", play, ways=ways, allow_cross_margin=True) == "10"
