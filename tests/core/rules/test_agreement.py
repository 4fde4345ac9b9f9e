"""Entries need an index, a DVOL and a chain that tell of one market."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from core.market.forwards import ExpiryForward, forwards_of
from core.rules.entry.agreement import check_agreement
from core.rules.entry.decision import EntryOutcome, decide_entry
from core.rules.exit.decision import ExitDecision, decide_exit
from core.rules.record import record
from core.values import OptionType
from tests.core.example_market import (
    EXPIRY,
    FAR_EXPIRY,
    NOW,
    SPOT_USD,
    STRATEGY,
    altered,
    chain_of,
    entry_facts,
    hourly_closes,
    name_of,
    wire_quote,
    wire_quotes,
)
from tests.core.rules.exit_facts import facts as monitor_facts

DAYS = 10.75
BOUND = 0.01 + 0.15 * DAYS / 365
PUT, CALL = OptionType.PUT, OptionType.CALL


def told(forward_usd: float = SPOT_USD, atm_iv_pct: float = 65.0) -> tuple[ExpiryForward, ...]:
    return (ExpiryForward(expiration=EXPIRY, forward_usd=forward_usd, atm_iv_pct=atm_iv_pct),)


def reasons(**changes: object) -> tuple[str, ...]:
    result = check_agreement(entry_facts(**changes), STRATEGY)
    assert result is not None
    return result.reasons


def test_an_index_of_another_time_enters_nothing() -> None:
    """S 3900 and F 3000: the index file had been multiplied by 1.3, and everything else was in order."""
    facts = entry_facts(spot_usd=1.3 * SPOT_USD, index_hourly_closes=hourly_closes(spot_usd=1.3 * SPOT_USD))
    decision = decide_entry(facts, STRATEGY)
    assert decision.outcome is EntryOutcome.DATA_ANOMALY
    assert decision.reasons == ("forward_off_index",)
    assert decision.plan is None


@pytest.mark.parametrize("sign", [1, -1])
def test_the_bound_of_the_basis_grows_with_the_time_to_expiry_and_is_inclusive(sign: int) -> None:
    assert reasons(forwards=told(SPOT_USD * (1 + sign * BOUND))) == ()
    assert reasons(forwards=told(SPOT_USD * (1 + sign * (BOUND + 1e-6)))) == ("forward_off_index",)


@pytest.mark.parametrize(
    ("over_dvol", "found"),
    [
        (0.6, ()),
        (1.6, ()),
        (0.599, ("atm_iv_below_dvol",)),
        (1.601, ("atm_iv_above_dvol",)),
        (0.01, ("atm_iv_below_dvol",)),
    ],
)
def test_at_the_money_iv_over_dvol_has_bounds_of_its_own(over_dvol: float, found: tuple[str, ...]) -> None:
    """A fraction for percent points is a hundredth."""
    assert reasons(dvol=60.0, forwards=told(atm_iv_pct=60.0 * over_dvol)) == found


def test_an_expiry_without_a_forward_is_refused() -> None:
    assert reasons(forwards=()) == ("forward_unknown:2026-01-23",)


def test_a_record_from_before_the_rule_is_decided_without_it() -> None:
    assert check_agreement(entry_facts(forwards=None), STRATEGY) is None


def test_without_an_expiry_to_choose_rule_4_refuses() -> None:
    chain = chain_of(wire_quotes(expirations=[NOW + timedelta(days=30, hours=18)]))
    assert check_agreement(entry_facts(chain=chain), STRATEGY) is None


def test_the_forwards_are_in_the_record() -> None:
    facts = entry_facts()
    recorded = json.loads(record(facts, decide_entry(facts, STRATEGY), "1", lambda _: None))
    kept = recorded["facts"]["market"]["forwards"]
    assert [each["forward_usd"] for each in kept] == [SPOT_USD] * 3


def test_a_forward_is_the_median_of_the_sound_quotes_and_its_iv_is_that_of_the_nearest_strike() -> None:
    quotes = altered(
        wire_quotes([2900, 3000, 3100], [EXPIRY, FAR_EXPIRY]),
        {
            name_of(PUT, 2900): {"underlying_price": "9000"},
            name_of(CALL, 3000): {"mark_iv": None},
        },
    )
    near, far = forwards_of(chain_of(quotes))
    assert (near.expiration, near.forward_usd) == (EXPIRY, SPOT_USD)
    assert near.atm_iv_pct == pytest.approx(wire_quote(PUT, 3000)["mark_iv"])
    assert far.expiration == FAR_EXPIRY


def test_an_expiry_of_broken_quotes_has_no_forward() -> None:
    quotes = [quote | {"mark_iv": 7.0} for quote in wire_quotes([3000], [EXPIRY])]
    assert forwards_of(chain_of(quotes + wire_quotes([3000], [FAR_EXPIRY])))[0].expiration == FAR_EXPIRY


def test_exits_go_on_with_an_index_that_is_off() -> None:
    facts = monitor_facts(spot_usd=1.3 * SPOT_USD)
    assert isinstance(decide_exit(facts, STRATEGY), ExitDecision)
