"""What is asked, in this order; each question is one function that places next to nothing.

Orders are for one contract, far from the market unless a fill is what is asked for, and are cancelled.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, NamedTuple

from gateway.live.probe.asking import ProbeCalls, RefusedError, VenueSaid
from gateway.live.probe.spreads import COIN, Listed, Spread, cheapest, listed, made
from gateway.live.venue.methods import Method

Seen = dict[str, Any]
ACTIVE_WITHIN_S, LOOK_S = 5.0, 0.1
LATER_S: Final = 31 * 60.0
"""Final orders leave the recent half of the history after half an hour."""
HOUR_MS: Final = 3_600_000
OF_A_LEG: Final = ("order_id", "label", "fee", "combo_trade_id", "price", "direction")


class ProbeClock(NamedTuple):
    """Seconds of a clock that only goes forward, and how they pass."""

    now_s: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]


class LaterError(Exception):
    """The question can't be asked now; the text says what it wants."""


@dataclass
class Probed:
    """What earlier questions leave for later ones."""

    ask: ProbeCalls
    clock: ProbeClock
    waits: bool
    options: Listed | None = None
    puts: Spread | None = None
    tick: Decimal = Decimal("0.0001")
    cancelled: Mapping[str, Any] = field(default_factory=dict)
    run: str = field(default_factory=lambda: secrets.token_hex(4))

    @property
    def spread(self) -> Spread:
        """The put spread. Raises `LaterError` if it was not made."""
        if self.puts is None:
            raise LaterError("the combo of P1")
        return self.puts

    async def buy(self, label: str, price: float, **also: object) -> VenueSaid:
        """One combo, at a price."""
        return await self.ask(
            Method.BUY,
            instrument_name=self.spread.combo,
            amount=1,
            type="limit",
            price=price,
            label=f"probe-{self.run}-{label}",
            time_in_force="good_til_cancelled",
            **also,
        )

    async def ticker(self) -> dict[str, Any]:
        """The combo's."""
        found: dict[str, Any] = await self.ask.result(Method.GET_TICKER, instrument_name=self.spread.combo)
        return found

    async def resting(self, label: str) -> dict[str, Any]:
        """An order at the lowest price. Raises `RefusedError`."""
        told = await self.buy(label, cheapest(await self.ticker(), self.tick))
        if told.code is not None:
            raise RefusedError(f"an order at the lowest price: {told.words}")
        order: dict[str, Any] = told.result["order"]
        return order


async def combos(of: Probed) -> Seen:
    """How long a new combo takes, and which way its legs lie."""
    options = of.options = await listed(of.ask)
    seen: Seen = {}
    for name, names in (("PS", options.puts[-2:][::-1]), ("CS", options.calls[:2])):
        began = of.clock.now_s()
        spread = await made(of.ask, *names)
        state = spread.state
        while state != "active" and of.clock.now_s() - began < ACTIVE_WITHIN_S:
            await of.clock.sleep(LOOK_S)
            state = (await of.ask.result(Method.GET_COMBO, combo_id=spread.combo))["state"]
        again = await made(of.ask, *names)
        seen[name] = {
            "id": spread.combo,
            "was": spread.state,
            "became": state,
            "after_s": round(of.clock.now_s() - began, 2),
            "first_leg_is_bought": spread.is_as_documented,
            "same_again": again.combo == spread.combo,
        }
        of.puts = of.puts or spread
    return seen


async def prices(of: Probed) -> Seen:
    """Whether a combo's price may be below nothing, its tick, and its limits."""
    row = await of.ask.result(Method.GET_INSTRUMENT, instrument_name=of.spread.combo)
    of.tick = Decimal(str(row["tick_size"]))
    ticker = await of.ticker()
    low = cheapest(ticker, of.tick)
    told = await of.buy("price", low)
    if told.code is None:
        await of.ask(Method.CANCEL, order_id=told.result["order"]["order_id"])
    between = await of.buy("tick", float(Decimal(str(low)) + of.tick / 2))
    return {
        "tick": float(of.tick),
        "min": ticker["min_price"],
        "max": ticker["max_price"],
        "lowest_price_asked": low,
        "lowest_price": told.was,
        "between_ticks": between.was,
    }


async def reduce_only(of: Probed) -> Seen:
    """What the flag does on a combo without a position."""
    told = await of.buy("reduce", cheapest(await of.ticker(), of.tick), reduce_only=True)
    if told.code is None:
        await of.ask(Method.CANCEL, order_id=told.result["order"]["order_id"])
    return {"without_position": told.was}


async def too_late(of: Probed) -> Seen:
    """What an order is answered whose time is over, and that nothing rests."""
    told = await of.buy("late", cheapest(await of.ticker(), of.tick), valid_until=of.ask.now_ms - 1000)
    rests = await of.ask.result(Method.GET_OPEN_BY_LABEL, currency=COIN, label=f"probe-{of.run}-late")
    return {"code": told.code, "words": told.words, "rests": len(rests)}


async def looked_up(of: Probed) -> Seen:
    """Both look-ups by label: open, cancelled, and half an hour later."""
    order = await of.resting("look")
    seen: Seen = {"open": await _looks(of, order)}
    of.cancelled = await of.ask.result(Method.CANCEL, order_id=order["order_id"])
    seen["cancelled"] = await _looks(of, order)
    return seen


async def _looks(of: Probed, order: Mapping[str, Any]) -> Seen:
    label = order["label"]
    both = [
        await of.ask.result(method, currency=COIN, label=label)
        for method in (Method.GET_OPEN_BY_LABEL, Method.GET_ORDERS_BY_LABEL)
    ]
    by_id = await of.ask(Method.GET_ORDER, order_id=order["order_id"])
    return {
        "open_by_label": [row["order_state"] for row in both[0]],
        "state_by_label": [row["order_state"] for row in both[1]],
        "by_id": by_id.was if by_id.code else by_id.result["order_state"],
    }


async def history(of: Probed) -> Seen:
    """In which half of the history a cancelled order is, at once and half an hour later."""
    if not of.cancelled:
        raise LaterError("the cancelled order of P5")
    seen: Seen = {"at_once": await _halves(of)}
    if not of.waits:
        raise LaterError("half an hour (without --no-wait)")
    await of.clock.sleep(LATER_S)
    return seen | {"later": await _halves(of), "look_ups_later": await _looks(of, of.cancelled)}


async def _halves(of: Probed) -> Seen:
    found = {}
    for name, historical in (("recent", False), ("historical", True)):
        rows = await of.ask.result(
            Method.GET_ORDER_HISTORY,
            currency=COIN,
            kind="any",
            count=100,
            include_unfilled=True,
            historical=historical,
        )
        found[name] = of.cancelled["order_id"] in [row["order_id"] for row in rows]
    return found


async def fill(of: Probed) -> Seen:
    """What the account's trades say of a combo that was filled: bought, and sold again."""
    ticker = await of.ticker()
    if not (ticker["best_ask_amount"] and ticker["best_bid_amount"]):
        raise LaterError("a combo with both sides: have another account quote it, and ask again")
    told = await of.buy("fill", ticker["best_ask_price"])
    if told.code is not None:
        raise RefusedError(told.words)
    order = told.result["order"]
    rows = await of.ask.result(Method.GET_TRADES_BY_ORDER, order_id=order["order_id"], sorting="asc")
    span = {"start_timestamp": of.ask.now_ms - 60_000, "end_timestamp": of.ask.now_ms + 60_000}
    every = await of.ask.result(
        Method.GET_TRADES_BY_TIME, currency=COIN, kind="any", count=100, sorting="asc", **span
    )
    legs = [row for row in every["trades"] if row["instrument_name"] != of.spread.combo]
    return {
        "state": order["order_state"],
        "instruments_by_order": sorted({row["instrument_name"] for row in rows}),
        "legs": [{name: row.get(name) for name in OF_A_LEG} for row in legs],
        "parent_has_legs": any("legs" in row for row in [*rows, *every["trades"]]),
    }


async def edited(of: Probed) -> Seen:
    """Whether an edit's amount is the total, and the label stays."""
    order = await of.resting("edit")
    found = await of.ask.result(
        Method.EDIT, order_id=order["order_id"], amount=2, price=round(order["price"] + float(of.tick), 8)
    )
    await of.ask(Method.CANCEL, order_id=order["order_id"])
    after = found["order"]
    return {
        "amount": after["amount"],
        "same_id": after["order_id"] == order["order_id"],
        "same_label": after["label"] == order["label"],
        "replaced": after.get("replaced"),
    }


async def quiet(of: Probed) -> Seen:
    """How old the time of an option's ticker is that nobody trades."""
    if of.options is None:
        raise LaterError("the options of P1")
    name = of.options.puts[0]
    ticker = await of.ask.result(Method.GET_TICKER, instrument_name=name)
    return {"instrument": name, "age_ms": of.ask.now_ms - ticker["timestamp"]}


async def positions(of: Probed) -> Seen:
    """Whether sizes have a sign; whatever was bought for it is sold again."""
    rows = await of.ask.result(Method.GET_POSITIONS, currency=COIN, kind="option")
    held = [row for row in rows if row["size"]]
    if not held:
        raise LaterError("a position: the fill of P7")
    back = {
        "instrument_name": of.spread.combo,
        "amount": 1,
        "type": "limit",
        "price": (await of.ticker())["best_bid_price"],
        "label": f"probe-{of.run}-back",
    }
    flag = await of.ask(Method.SELL, **back, reduce_only=True)
    if flag.code is not None:
        await of.ask(Method.SELL, **back)
    return {
        "sizes": [[row["instrument_name"], row["size"], row["direction"]] for row in held],
        "reduce_only_with_position": flag.was,
    }


async def deliveries(of: Probed) -> Seen:
    """Which rows an option leaves that was delivered, and one that was worthless."""
    rows = await of.ask.result(Method.GET_SETTLEMENTS, currency=COIN, type="delivery", count=100)
    found = rows["settlements"]
    if not found:
        raise LaterError("an option that was held to its expiry: ask again the morning after one")
    return {
        "rows": len(found),
        "worthless": sum(not row.get("profit_loss") for row in found),
        "fields": sorted({name for row in found for name in row}),
    }


async def simulated(of: Probed) -> Seen:
    """Whether the account may simulate its portfolio."""
    told = await of.ask(
        Method.SIMULATE, currency=COIN, add_positions=True, simulated_positions={of.spread.sold: -1}
    )
    return {"answer": told.was, "fields": sorted(told.result) if told.code is None else []}


async def index_chart(of: Probed) -> Seen:
    """How many hours the index chart's month holds, and where in the hour its points lie."""
    points = await of.ask.result(Method.GET_INDEX_CHART, index_name="eth_usd", range="1m")
    times = [point[0] for point in points]
    return {
        "points": len(times),
        "hours": len({time // HOUR_MS for time in times}),
        "oldest_h": round((of.ask.now_ms - min(times)) / HOUR_MS, 1) if times else None,
        "after_the_hour_s": sorted({time % HOUR_MS // 1000 for time in times})[:5],
    }


async def quoted(of: Probed) -> Seen:
    """How many combos have both sides now."""
    rows = await of.ask.result(Method.GET_BOOK_SUMMARY, currency=COIN, kind="option_combo")
    spreads = [row for row in rows if row["instrument_name"].split("-")[1] in ("PS", "CS")]
    both = [row for row in spreads if row.get("bid_price") is not None and row.get("ask_price") is not None]
    return {
        "spreads": len(spreads),
        "two_sided": len(both),
        "widest": max((row["ask_price"] - row["bid_price"] for row in both), default=None),
    }


class ProbeQuestion(NamedTuple):
    """One question, by its number in the report."""

    number: str
    about: str
    asked: Callable[[Probed], Awaitable[Seen]]


QUESTIONS: Final = (
    ProbeQuestion("P1", "a new combo: time to active, legs", combos),
    ProbeQuestion("P2", "a combo's price: below nothing, tick, limits", prices),
    ProbeQuestion("P3", "reduce_only on a combo without a position", reduce_only),
    ProbeQuestion("P4", "valid_until in the past", too_late),
    ProbeQuestion("P5", "look-ups by label: open, cancelled", looked_up),
    ProbeQuestion("P7", "a combo's fill: rows of the legs", fill),
    ProbeQuestion("P10", "signs of positions; reduce_only on a combo with one", positions),
    ProbeQuestion("P8", "an edit: amount, id, label", edited),
    ProbeQuestion("P9", "the time of a quiet option's ticker", quiet),
    ProbeQuestion("P11", "rows of deliveries", deliveries),
    ProbeQuestion("P12", "simulate_portfolio by this account's model", simulated),
    ProbeQuestion("P13", "hours of the index chart's month", index_chart),
    ProbeQuestion("P14", "spreads that are quoted now", quoted),
    ProbeQuestion("P6", "a cancelled order in both halves of the history", history),
)
"""The one that waits is the last."""
