"""typed-deribit at a simulated venue, in an environment of its own:
`with_typed_deribit.py URL ID SECRET AUTH`.

It asks by POST with a body, and holds each answer against its own types. AUTH is `token` or `hmac`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from math import ceil
from typing import Any

from typed_core.exceptions import ApiError, AuthError, ValidationError
from typed_deribit import Deribit

STEP = 0.0005
"""On this every instrument's ticks fall."""


def listening(venue: Any) -> list[str]:
    """Have each answer held against the stranger's types, and what differs noted instead of refused."""
    differs: list[str] = []
    unchecked = venue.rpc_client.result

    def result(response: Any, validator: Any = None, *, validate: bool | None = None) -> Any:
        found = unchecked(response, None, validate=validate)
        if validator is not None:
            try:
                validator.python(found)
            except ValidationError as error:
                method = response.request.url.path.rsplit("/", 1)[1]
                places = {".".join(str(part) for part in each["loc"]) for each in error.__cause__.errors()}
                differs.extend(f"{method}: {place}" for place in sorted(places))
        return found

    venue.rpc_client.result = result
    return differs


async def active_spread(venue: Any) -> dict[str, Any]:
    """A put spread near the money of the third expiry, made and waited for."""
    options = await venue.market_data.get_instruments(currency="ETH", kind="option")
    index = (await venue.market_data.get_index_price("eth_usd"))["index_price"]
    expiry = sorted({each["expiration_timestamp"] for each in options})[2]
    puts = [
        each
        for each in options
        if each["expiration_timestamp"] == expiry and each["option_type"] == "put" and each["strike"] < index
    ]
    low, high = sorted(puts, key=lambda each: each["strike"])[-2:]
    legs = [
        {"instrument_name": high["instrument_name"], "amount": 1, "direction": "sell"},
        {"instrument_name": low["instrument_name"], "amount": 1, "direction": "buy"},
    ]
    combo = await venue.combo_books.create_combo(legs)
    awake = asyncio.get_running_loop().create_future()
    for _ in range(40):
        if combo["state"] == "active":
            break
        await asyncio.wait([awake], timeout=0.1)
        combo = await venue.combo_books.get_combo_details(combo["id"])
    return {
        "listed": len(options),
        "high": high["instrument_name"],
        "low": low["instrument_name"],
        "combo": combo,
    }


async def traded(venue: Any, name: str) -> dict[str, object]:
    """One order placed out of reach, found, edited and cancelled, and one that is filled."""
    ticker = await venue.market_data.ticker(name)
    book = await venue.market_data.get_order_book(name, depth=5)
    mine = venue.trading
    low = ceil(round(ticker["min_price"] / STEP, 6)) * STEP
    far = {"instrument_name": name, "amount": 2, "type": "limit", "price": low, "label": "typed-rests"}
    resting = (await mine.buy(far))["order"]
    labelled = await mine.get_open_orders_by_label(currency="ETH", label="typed-rests")
    edited = (await mine.edit(resting["order_id"], amount=3, price=low + STEP))["order"]
    cancelled = await mine.cancel(resting["order_id"])
    refused = 0
    try:
        await mine.cancel(resting["order_id"])
    except ApiError as error:
        refused = error.args[0]
    reach = ceil(round(ticker["best_ask_price"] / STEP, 6)) * STEP
    filled = await mine.buy(far | {"amount": 1, "price": reach, "label": "typed-fills"})
    order = await mine.get_order_state(filled["order"]["order_id"])
    trades = await mine.get_user_trades_by_order(order["order_id"])
    every = await mine.get_user_trades_by_currency(currency="ETH", kind="any", count=100)
    history = await mine.get_order_history_by_currency(
        currency="ETH", kind="any", count=100, include_unfilled=True
    )
    return {
        "quoted": [ticker["best_bid_price"], ticker["best_ask_price"]],
        "book": [book["bids"][0][0], book["asks"][0][0]],
        "is_found": [each["order_id"] for each in labelled] == [resting["order_id"]],
        "edited": [
            edited["order_id"] == resting["order_id"],
            edited["amount"],
            edited["price"],
            edited["replaced"],
        ],
        "cancelled": cancelled["order_state"],
        "refused": refused,
        "filled": [order["order_state"], order["filled_amount"]],
        "trades_of_order": [_trade(each) for each in trades],
        "trades": [_trade(each) for each in every["trades"]],
        "history": [each["order_state"] for each in history],
    }


def _trade(row: dict[str, Any]) -> list[object]:
    return [row["instrument_name"], row["direction"], row["amount"], row["price"], row["order_id"]]


async def main(url: str, client_id: str, secret: str, auth: str) -> dict[str, object]:
    """Everything that a program does which trades with it."""
    venue = Deribit.new(client_id=client_id, client_secret=secret, testnet=True, http_auth=auth)
    venue.rpc_client.base_url = f"{url}/api/v2"
    differs = listening(venue)
    async with venue.rpc_client:
        spread = await active_spread(venue)
        found: dict[str, object] = dict(spread)
        found["traded"] = await traded(venue, spread["combo"]["id"])
        found["single"] = await traded(venue, spread["high"])
        summary = await venue.account.get_account_summary(currency="ETH", extended=True)
        found["equity"] = summary["equity"]
        positions = await venue.account.get_positions(currency="ETH", kind="option")
        found["positions"] = [
            [each["instrument_name"], each["direction"], each["size"]] for each in positions
        ]
        found["differs"] = sorted(set(differs))
    liar = Deribit.new(client_id=client_id, client_secret="wrong", testnet=True, http_auth=auth)
    liar.rpc_client.base_url = f"{url}/api/v2"
    async with liar.rpc_client:
        try:
            await liar.account.get_positions(currency="ETH", kind="option")
        except AuthError as error:
            found["stranger"] = str(error)
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(main(*sys.argv[1:]))))
