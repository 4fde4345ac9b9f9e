"""Positions, quotes and facts for the tests of the exits."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from core.rules.exit.decision import ExitDecision, decide_exit
from core.rules.facts import HeldAccount, MonitorFacts, MonitorMarket, OpenPositionFacts
from core.strategy import ExitsSection, Strategy
from core.values import Leg, OptionType, PositionId, Side, SpreadKind
from tests.core.example_market import EXPIRY, NOW, STRATEGY, altered, chain_of, name_of, wire_quotes

PUT, CALL = OptionType.PUT, OptionType.CALL
OFF: dict[str, Any] = {
    "expiry_dte": 0.0,
    "profit_of_credit": None,
    "stop_cost_multiple": None,
    "dvol_rise_pts": None,
    "dvol_rise_multiple": None,
    "delta_max": None,
    "delta_max_condor": None,
    "adverse_path": None,
    "adverse_path_condor": None,
    "adverse_return_4h": None,
    "margin_exit": None,
}
ACCOUNT = HeldAccount(venue_equity_eth=10.0, maintenance_margin_eth=0.2, equity_usd=40_000.0, eur_usd=1.17)


def leg(option_type: OptionType, strike: float, side: Side) -> Leg:
    return Leg(
        instrument_name=name_of(option_type, strike),
        option_type=option_type,
        strike_usd=strike,
        expiration=EXPIRY,
        side=side,
    )


PUT_LEGS = (leg(PUT, 2700, Side.SELL), leg(PUT, 2460, Side.BUY))
CALL_LEGS = (leg(CALL, 3400, Side.SELL), leg(CALL, 3600, Side.BUY))
LEGS = {
    SpreadKind.BULL_PUT: PUT_LEGS,
    SpreadKind.BEAR_CALL: CALL_LEGS,
    SpreadKind.IRON_CONDOR: (PUT_LEGS[0], CALL_LEGS[0], PUT_LEGS[1], CALL_LEGS[1]),
}


def quotes(**touch: Any) -> list[dict[str, Any]]:
    """The four legs; by default the put spread closes for 0.0160 − 0.0050 natural."""
    changes: dict[str, dict[str, Any]] = {
        name_of(PUT, 2700): {"bid": "0.0150", "ask": "0.0160"},
        name_of(PUT, 2460): {"bid": "0.0050", "ask": "0.0060"},
        name_of(CALL, 3400): {"bid": "0.0140", "ask": "0.0150"},
        name_of(CALL, 3600): {"bid": "0.0050", "ask": "0.0060"},
    }
    for key, change in touch.items():
        letter, strike = key[0], float(key[1:])
        changes[name_of(PUT if letter == "p" else CALL, strike)] |= change
    return altered(wire_quotes([2460, 2700, 3400, 3600], [EXPIRY]), changes)


def position(kind: SpreadKind = SpreadKind.BULL_PUT, **changes: Any) -> OpenPositionFacts:
    fields: dict[str, Any] = {
        "position_id": PositionId("p1"),
        "kind": kind,
        "legs": LEGS[kind],
        "contracts": 2,
        "credit_eth": Decimal("0.0116"),
        "entered_at": NOW - timedelta(days=1),
        "expiration": EXPIRY,
        "entry_spot_usd": 3000.0,
        "entry_dvol": 60.0,
    }
    return OpenPositionFacts(**(fields | changes))


def facts(**changes: Any) -> MonitorFacts:
    fields: dict[str, Any] = {
        "now": NOW,
        "position": position(),
        "spot_usd": 3000.0,
        "spot_4h_ago_usd": 3000.0,
        "dvol": 60.0,
        "account": ACCOUNT,
        "uses_most_margin": True,
        "chain": chain_of(quotes()),
    } | changes
    whole = {name: fields.pop(name) for name in ("now", "position", "uses_most_margin")}
    return MonitorFacts(**whole, market=MonitorMarket(**fields))


def decided(strategy: Strategy = STRATEGY, **changes: Any) -> ExitDecision:
    decision = decide_exit(facts(**changes), strategy)
    assert isinstance(decision, ExitDecision)
    return decision


def only(**exits: Any) -> Strategy:
    """A strategy with a single exit rule."""
    return Strategy(exits=ExitsSection(**(OFF | exits)))


def at(moment: datetime, strategy: Strategy = STRATEGY) -> dict[str, Any]:
    """The same bids and asks at another moment, each with the delta that its IV gives then."""
    fresh = {
        q["instrument_name"]: q["delta"] for q in wire_quotes([2460, 2700, 3400, 3600], [EXPIRY], at=moment)
    }
    return {
        "now": moment,
        "chain": chain_of(
            [q | {"timestamp": moment.isoformat(), "delta": fresh[q["instrument_name"]]} for q in quotes()],
            strategy,
            now=moment,
        ),
    }
