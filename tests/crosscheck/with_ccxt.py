"""ccxt at a simulated venue, in an environment of its own: `with_ccxt.py URL ID SECRET` prints what it saw.

It asks by GET with a query and signs each request. It can't make a combo: it trades one that it finds.
"""

from __future__ import annotations

import json
import sys
from math import ceil
from typing import Any

import ccxt

STEP = 0.0005
"""On this every instrument's ticks fall."""


def traded(venue: Any, symbol: str) -> dict[str, object]:
    """One order placed out of reach, found, edited and cancelled, and one that is filled."""
    ticker = venue.fetch_ticker(symbol)
    book = venue.fetch_order_book(symbol)
    far = ceil(round(float(ticker["info"]["min_price"]) / STEP, 6)) * STEP
    resting = venue.create_order(symbol, "limit", "buy", 2, far, {"label": "ccxt-rests"})
    open_now = [order["id"] for order in venue.fetch_open_orders(symbol)]
    edited = venue.edit_order(resting["id"], symbol, "limit", "buy", 3, far + STEP)
    cancelled = venue.cancel_order(resting["id"], symbol)
    refused = ""
    try:
        venue.cancel_order(resting["id"], symbol)
    except ccxt.BaseError as error:
        refused = type(error).__name__
    filled = venue.create_order(
        symbol, "limit", "buy", 1, ceil(round(ticker["ask"] / STEP, 6)) * STEP, {"label": "ccxt-fills"}
    )
    order = venue.fetch_order(filled["id"])
    return {
        "symbol": symbol,
        "quoted": [ticker["bid"], ticker["ask"]],
        "book": [book["bids"][0][0], book["asks"][0][0]],
        "is_found": resting["id"] in open_now,
        "rested": [resting["status"], resting["amount"], resting["price"], resting["clientOrderId"]],
        "edited": [edited["id"] == resting["id"], edited["amount"], edited["price"]],
        "cancelled": cancelled["status"],
        "refused": refused,
        "filled": [order["status"], order["filled"], order["average"]],
        "trades_of_order": [_trade(each) for each in venue.fetch_order_trades(filled["id"], symbol)],
        "trades_of_market": [_trade(each) for each in venue.fetch_my_trades(symbol)],
        "closed": filled["id"] in [each["id"] for each in venue.fetch_closed_orders(symbol)],
    }


def _trade(row: dict[str, Any]) -> list[object]:
    return [row["info"]["instrument_name"], row["side"], row["amount"], row["price"], row["order"]]


def main(url: str, client_id: str, secret: str) -> dict[str, object]:
    """Everything that a program does which trades with it."""
    venue = ccxt.deribit({"apiKey": client_id, "secret": secret, "options": {"code": "ETH"}})
    venue.urls["api"]["rest"] = url
    markets = None
    while markets is None:
        try:
            markets = venue.load_markets()
        except ccxt.DDoSProtection:
            venue.sleep(1000)
    options = [each for each in markets.values() if each["option"] and each["strike"]]
    index = float(venue.publicGetGetIndexPrice({"index_name": "eth_usd"})["result"]["index_price"])
    expiry = sorted({each["expiry"] for each in options})[2]
    near = min(
        (each for each in options if each["expiry"] == expiry), key=lambda each: abs(each["strike"] - index)
    )
    combos = [symbol for symbol, each in markets.items() if each["info"]["kind"] == "option_combo"]
    found = {
        "markets": len(markets),
        "option": traded(venue, near["symbol"]),
        "combo": traded(venue, combos[0]),
        "balance": venue.fetch_balance({"code": "ETH"})["ETH"]["total"],
        "positions": [[each["info"]["instrument_name"], each["side"]] for each in venue.fetch_positions()],
    }
    venue.secret = "wrong"
    try:
        venue.fetch_balance({"code": "ETH"})
    except ccxt.AuthenticationError as error:
        found["stranger"] = type(error).__name__
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(*sys.argv[1:])))
