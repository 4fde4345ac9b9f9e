"""Whatever field of an answer is missing or of another kind, the gateway names it or does without: it does
not break down, which would name nothing."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.contract import TOOLS
from gateway.live.errors import OutsideError
from gateway.sim.venue import SimVenue
from tests.gateway.live.desk import NOW, Desk, on_the_desk, our_key
from tests.gateway.live.trading_desk import Engine
from tests.gateway.sim.account import SHORT

CASES_A_TOOL: Final = 12
MISSING: Final = object()
VALUES: Final[tuple[object, ...]] = (MISSING, None, 0, -1, "x", "", 1e30, 1e-30, 10**22, [], {}, True)
Place = tuple[str | int, ...]


@dataclass
class Spoiled:
    """One field of one method's answers, by its place, and what stands there instead."""

    method: str
    place: Place
    value: object

    def answer(self, found: Any) -> Any:
        """The answer with it; None if it has no such field."""
        found = at = copy.deepcopy(found)
        try:
            for key in self.place[:-1]:
                at = at[key]
            _ = at[self.place[-1]]
        except (KeyError, IndexError, TypeError):
            return None
        if self.value is MISSING:
            del at[self.place[-1]]
        else:
            at[self.place[-1]] = self.value
        return found


@dataclass
class Between:
    """Stands between gateway and venue: notes what is answered, and spoils it if told to."""

    app: ASGIApp
    seen: list[tuple[str, Any]] = field(default_factory=list)
    spoiled: Spoiled | None = None
    times_spoiled: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sent: list[Message] = []

        async def note(message: Message) -> None:
            sent.append(message)

        await self.app(scope, receive, note)
        body = b"".join(message.get("body", b"") for message in sent)
        method = scope["path"].rsplit("/", 1)[-1]
        try:
            found = json.loads(body)
        except ValueError:
            found = None
        if found is not None:
            self.seen.append((method, found))
        if found is not None and self.spoiled is not None and self.spoiled.method == method:
            other = self.spoiled.answer(found)
            if other is not None:
                body = json.dumps(other).encode()
                self.times_spoiled += 1
        await send({"type": "http.response.start", "status": sent[0]["status"], "headers": []})
        await send({"type": "http.response.body", "body": body})


def places(found: Any, above: Place = ()) -> Iterator[Place]:
    """Of each field, and of the first and the last row of each list."""
    if isinstance(found, dict):
        for key, value in found.items():
            yield (*above, key)
            yield from places(value, (*above, key))
    elif isinstance(found, list):
        for number in sorted({0, len(found) - 1} if found else ()):
            yield (*above, number)
            yield from places(found[number], (*above, number))


class House:
    """A gateway with a filled order and a resting one, started anew for each question."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._venue: SimVenue | None = None
        self._starts = 0
        self.resting = ""

    def opened(self) -> House:
        async def trade(engine: Engine, _: Between) -> None:
            filled, _order = await engine.place("filled", price=str(await engine.natural()))
            status, placed = await engine.place("resting")
            assert (filled, status) == (200, 200)
            self.resting = str(placed["order"]["order_id"])

        self._play(trade)
        return self

    def asked(self, tool: str, spoiled: Spoiled | None = None) -> tuple[int, dict[str, Any], Between]:
        """Status, body, and who stood between."""

        async def ask(engine: Engine, between: Between) -> tuple[int, dict[str, Any], Between]:
            between.seen.clear()
            between.spoiled = spoiled
            if tool == "sentiment/get_liquidation_pressure":
                with suppress(OutsideError):
                    await engine.desk.sources.okx.record(engine.desk.by(60.0))
            return (*await engine.ask(tool, **body_of(tool, engine, self.resting)), between)

        found: tuple[int, dict[str, Any], Between] = self._play(ask)
        return found

    def _play(self, play: Any) -> Any:
        held: list[Between] = []

        def around(app: ASGIApp) -> ASGIApp:
            held.append(Between(app))
            return held[-1]

        async def started(desk: Desk) -> Any:
            await desk.sources.start(desk.by())
            found = await play(Engine(desk), held[-1])
            self._venue = desk.venue
            return found

        self._starts += 1
        at = NOW + timedelta(seconds=20 * self._starts)
        return on_the_desk(
            self._folder, started, key=our_key(), venue=self._venue, at=at, latency_s=0.0, around=around
        )


def body_of(tool: str, engine: Engine, order_id: str) -> dict[str, object]:
    """What the engine asks of it."""
    since, until = NOW - timedelta(hours=30), NOW
    span: dict[str, object] = {"start": since.isoformat(), "end": until.isoformat()}
    placement = engine.placement(f"label-{engine.now.timestamp():.0f}")
    days = {"expiry_from": NOW.isoformat(), "expiry_to": (NOW + timedelta(days=2)).isoformat()}
    match tool.rpartition("/")[2]:
        case "get_dvol_history":
            return {**span, "resolution": "1h"}
        case "get_historical":
            return {**span, "resolution": "1h", "instrument": "ETH-INDEX"}
        case "get_instruments" | "get_options_chain":
            return dict(days)
        case "get_order_book":
            return {"instrument_name": SHORT}
        case "place_combo_order":
            return placement
        case "get_margins":
            return {name: placement[name] for name in ("legs", "amount", "price")}
        case "get_order_by_label":
            return {"label": "resting"}
        case "get_order_history" | "get_user_trades" | "get_settlements":
            return {"since": since.isoformat()}
        case "get_trades_by_order" | "cancel_order":
            return {"order_id": order_id}
        case "edit_order":
            until = engine.now + timedelta(seconds=3)
            return {"order_id": order_id, "amount": "3", "price": "0.0110", "valid_until": until.isoformat()}
        case "get_funding_history":
            return {"coin": "ETH", **span}
        case "get_funding_rate" | "get_cross_exchange_funding" | "get_liquidation_pressure":
            return {"coin": "ETH"}
        case "get_calendar":
            return dict(span)
        case "get_total_equity":
            return {"currency": "ETH"}
        case "get_fx_rate":
            return {"base": "USD", "quote": "EUR"}
        case _:
            return {}


ASKING: Final = [f"{router.value}/{name}" for router, name in TOOLS if name != "get_calendar"]
"""The calendar is a file."""
SLOW: Final = {"deribit/get_options_chain": 3}
"""So many cases: the simulated venue makes a summary of all options for each."""


@pytest.mark.parametrize("tool", ASKING)
def test_a_spoiled_answer_never_breaks_the_gateway_down(tmp_path: Path, tool: str) -> None:
    house = House(tmp_path).opened()
    status, body, between = house.asked(tool)
    assert status == 200, body
    found = {(method, place) for method, answer in between.seen for place in places(answer)}
    cases = [Spoiled(*where, value) for where in sorted(found, key=repr) for value in VALUES]
    drawn = random.Random(tool).sample(cases, SLOW.get(tool, CASES_A_TOOL))
    times_spoiled = 0
    for case in drawn:
        status, body, between = house.asked(tool, case)
        times_spoiled += between.times_spoiled
        assert "broke down" not in str(body.get("detail")), (case, body)
    assert times_spoiled > 0


@pytest.mark.parametrize(
    ("tool", "case", "named"),
    [
        (
            "deribit/get_settlements",
            Spoiled("get_transaction_log", ("result", "continuation"), 1.5),
            "get_transaction_log.continuation: expected a text or a whole number",
        ),
        (
            "deribit/get_account_summary",
            Spoiled("get_account_summary", ("result", "currency"), "BTC"),
            "get_account_summary.currency: expected ETH, found 'BTC'",
        ),
        (
            "portfolio/get_total_equity",
            Spoiled("get_index_price", ("result", "index_price"), 0),
            "get_index_price.index_price: expected a number above 0, found 0",
        ),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, tool: str, case: Spoiled, named: str) -> None:
    status, body, between = House(tmp_path).opened().asked(tool, case)
    assert between.times_spoiled > 0
    assert (status, named in body["detail"]) == (503, True), body
