"""How the simulated account stands: summary, positions and margins.

Margins are the standard model's, also where portfolio margin is simulated: what counts there is the form.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from core.contract import OrderLeg
from core.errors import InputError
from core.pricing.margin import initial_margin_eth, maintenance_margin_eth
from gateway.paper.account import HeldPosition
from gateway.paper.instruments import parse_instrument
from gateway.sim.desk import SimDesk
from gateway.sim.errors import RpcError, invalid_params
from gateway.sim.moods import Moods
from gateway.sim.ways import Ways

ZEROS: Final = (
    "fee_balance",
    "futures_pl",
    "futures_session_rpl",
    "futures_session_upl",
    "options_pl",
    "options_session_rpl",
    "options_session_upl",
    "session_rpl",
    "session_upl",
    "spot_reserve",
    "total_pl",
    "additional_reserve",
    "estimated_liquidation_ratio",
)
OPTIONAL: Final = ("additional_reserve", "estimated_liquidation_ratio", "estimated_liquidation_ratio_map")
BORN_MS: Final = 1_687_352_432_143
LIMITS: Final = {
    "limits_per_currency": False,
    "non_matching_engine": {"burst": 100, "rate": 20},
    "matching_engine": {
        "trading": {"total": {"burst": 20, "rate": 5}},
        "spot": {"burst": 20, "rate": 5},
        "quotes": {"burst": 20, "rate": 5},
        "max_quotes": {"burst": 10, "rate": 10},
        "guaranteed_quotes": {"burst": 2, "rate": 2},
        "cancel_all": {"burst": 20, "rate": 5},
    },
}
NO_LIMITS: Final = {
    name: {"burst": 10**9, "rate": 10**9} for name in ("non_matching_engine", "matching_engine")
}


class SimStanding:
    """The account's state, from the books."""

    def __init__(self, desk: SimDesk, ways: Ways, words: Moods, *, unlimited: bool = False) -> None:
        self._desk = desk
        self._books = desk.books
        self._ways = ways
        self._words = words
        self._limits = NO_LIMITS if unlimited else LIMITS

    def summary(self, params: dict[str, Any]) -> dict[str, object]:
        """`private/get_account_summary`, with the owner's part if `extended`."""
        if params.get("currency") != "ETH":
            raise invalid_params("currency", "unknown currency")
        row = self._summary()
        return row | self._owner() if params.get("extended") is True else row

    def summaries(self) -> dict[str, object]:
        """`private/get_account_summaries`: one for each currency that is held, and an empty one."""
        empty = {name: 0.0 for name, value in self._summary().items() if isinstance(value, float)}
        return self._owner() | {
            "summaries": [self._summary(), self._summary() | empty | {"currency": "BTC", "fees": []}]
        }

    def positions(self, params: dict[str, Any]) -> list[dict[str, object]]:
        """`private/get_positions`: sizes without a sign, and the direction beside; all if none is named."""
        if params.get("currency", "any") not in ("ETH", "any"):
            raise invalid_params("currency", "unknown currency")
        if params.get("kind", "option") not in ("option", "any"):
            return []
        return [self._position(each) for each in self._books.account.positions.values()]

    def margins(self, params: dict[str, Any]) -> dict[str, object]:
        """`private/get_margins` of one option: what buying and what selling it would take."""
        name, amount = str(params.get("instrument_name")), params.get("amount")
        if isinstance(amount, bool) or not isinstance(amount, int | float) or amount <= 0:
            raise invalid_params("amount", "must be a number")
        option, found = self._listed(name), {}
        for side, sign in (("buy", 1), ("sell", -1)):
            leg = self._books.margin_leg(option, Decimal(repr(amount)) * sign)
            found[side] = round(initial_margin_eth([leg]), 8)
        limits = self._books.limits_eth([OrderLeg(instrument_name=name, side="buy", ratio=1)])
        if limits is None:
            raise RpcError(13020, "not_found")
        return {**found, "min_price": float(limits[0]), "max_price": float(limits[1])}

    def simulated(self, params: dict[str, Any]) -> dict[str, object]:
        """`private/simulate_portfolio`: the summary as it would be with other positions."""
        sizes = params.get("simulated_positions")
        if not isinstance(sizes, dict):
            raise invalid_params("simulated_positions", "must be an object")
        held = {name: each.size for name, each in self._books.account.positions.items()}
        if params.get("add_positions") is not True:
            held = {}
        for name, size in sizes.items():
            held[name] = held.get(name, Decimal(0)) + Decimal(repr(size))
        legs = [self._books.margin_leg(self._listed(name), size) for name, size in held.items()]
        margins = {
            "initial_margin": round(initial_margin_eth(legs), 8),
            "maintenance_margin": round(maintenance_margin_eth(legs), 8),
        }
        return self._summary() | margins | {f"projected_{name}": each for name, each in margins.items()}

    def _summary(self) -> dict[str, object]:
        initial, maintenance = (float(each) for each in self._books.held_margins_eth())
        balance, equity = float(self._books.account.balance_eth), float(self._books.equity_eth())
        available = float(self._books.available_eth())
        greeks = self._greeks()
        row: dict[str, object] = dict.fromkeys(ZEROS, 0.0)
        row |= {
            "currency": "ETH",
            "balance": self._words.price(balance),
            "equity": self._words.price(equity),
            "margin_balance": equity,
            "available_funds": self._words.price(available),
            "available_withdrawal_funds": max(0.0, available),
            "initial_margin": initial,
            "maintenance_margin": maintenance,
            "projected_initial_margin": initial,
            "projected_maintenance_margin": maintenance,
            "options_value": round(equity - balance, 8),
            "margin_model": self._ways.margin_model,
            "portfolio_margining_enabled": self._ways.margin_model.endswith("pm"),
            "cross_collateral_enabled": self._ways.margin_model.startswith("cross"),
            "delta_total": greeks["delta"],
            "projected_delta_total": greeks["delta"],
            "delta_total_map": {"eth_usd": greeks["delta"]},
            "estimated_liquidation_ratio_map": {"eth_usd": 0.0},
            "limits": self._limits,
            "fees": [
                {
                    "kind": "option",
                    "index_name": "eth_usd",
                    "value": {
                        "default": {"type": "relative", "taker": 0.5, "maker": 0.5},
                        "block_trade": 0.5,
                    },
                }
            ],
        }
        row |= {f"options_{name}": value for name, value in greeks.items()}
        row |= {f"options_{name}_map": {"eth_usd": greeks[name]} for name in ("gamma", "vega", "theta")}
        return self._words.dressed(row, OPTIONAL)

    def _owner(self) -> dict[str, object]:
        return {
            "id": self._ways.account_id,
            "type": "subaccount",
            "username": "sim",
            "system_name": "sim",
            "email": "sim@example.com",
            "creation_timestamp": BORN_MS,
            "referrer_id": None,
            "login_enabled": False,
            "security_keys_enabled": False,
            "mmp_enabled": False,
            "interuser_transfers_enabled": False,
            "self_trading_reject_mode": "cancel_maker",
            "self_trading_extended_to_subaccounts": False,
            "block_rfq_self_match_prevention": True,
        }

    def _greeks(self) -> dict[str, float]:
        found = dict.fromkeys(("delta", "gamma", "theta", "vega"), 0.0)
        for held in self._books.account.positions.values():
            for name, value in self._greeks_of(held).items():
                found[name] += value
        return found

    def _greeks_of(self, held: HeldPosition) -> dict[str, float]:
        quote = self._books.quote(held.instrument_name)
        names, size = ("delta", "gamma", "theta", "vega"), float(held.size)
        return {name: 0.0 if quote is None else size * getattr(quote, name) for name in names}

    def _position(self, held: HeldPosition) -> dict[str, object]:
        mark, index = self._books.mark_eth(held.instrument_name), float(self._books.index_usd())
        margin = self._books.margin_leg(parse_instrument(held.instrument_name), held.size)
        profit = float(round(held.size * mark - held.cost_eth, 8))
        average = float(held.average_price_eth)
        row: dict[str, object] = {
            "instrument_name": held.instrument_name,
            "kind": "option",
            "size": float(abs(held.size)),
            "direction": "buy" if held.size > 0 else "sell",
            "average_price": self._words.price(average),
            "average_price_usd": round(average * index, 2),
            "mark_price": self._words.price(float(mark)),
            "index_price": index,
            "settlement_price": float(mark),
            "floating_profit_loss": self._words.price(profit),
            "floating_profit_loss_usd": round(profit * index, 2),
            "realized_profit_loss": 0.0,
            "total_profit_loss": profit,
            "initial_margin": round(initial_margin_eth([margin]), 8),
            "maintenance_margin": round(maintenance_margin_eth([margin]), 8),
            **self._greeks_of(held),
        }
        return self._words.dressed(row, ("settlement_price", "average_price_usd"))

    def _listed(self, name: str) -> Any:
        try:
            option = parse_instrument(name)
        except InputError as error:
            raise invalid_params("instrument_name", "wrong format") from error
        return option
