"""`run.py calc`: the right numbers, given as options or as JSON lines."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from cli.calc.answers import COMMANDS
from cli.calc.fields import combos_of
from core.pricing.black76 import black76_price_eth, probability_above
from core.pricing.breakeven import payoff_affordable_eth, probability_between, put_breakeven_usd
from core.pricing.greeks import option_greeks
from core.values import OptionType
from tests.cli.calc.runner import BEAR_CALL, BULL_PUT, PUT_AT, lines, run


def test_price_gives_price_and_greeks_in_full_precision() -> None:
    [found] = lines("price", PUT_AT)
    market = (2500.0, 2300.0, 10.75 / 365, 0.62)
    price, greeks = black76_price_eth(OptionType.PUT, *market), option_greeks(OptionType.PUT, *market)
    assert found == {
        "price_eth": price,
        "price_usd": price * 2500.0,
        "delta": greeks.delta,
        "net_delta": greeks.net_delta,
        "gamma_per_usd": greeks.gamma_per_usd,
        "vega_usd_per_point": greeks.vega_usd_per_point,
        "theta_usd_per_day": greeks.theta_usd_per_day,
    }


def test_options_give_what_json_lines_give() -> None:
    price = ["--type", "put", "--forward", "2500", "--strike", "2300", "--dte", "10.75", "--iv", "0.62"]
    code, stdout, _ = run("price", *price)
    assert code == 0
    assert [json.loads(stdout)] == lines("price", PUT_AT)
    legs = ["--leg", "sell:put:2300", "--leg", "buy:put:2100:1", "--credit-eth", "0.011"]
    market = ["--settlement", "2200", "--settlements", "2000", "--forward", "2500", "--fees"]
    code, stdout, _ = run("spread", *legs, *market)
    spread = {
        "legs": BULL_PUT,
        "credit_eth": 0.011,
        "settlements": [2200, 2000],
        "forward": 2500,
        "fees": True,
    }
    assert code == 0
    assert [json.loads(stdout)] == lines("spread", spread)


def test_iv_comes_back_or_is_null_with_a_reason() -> None:
    price = lines("price", PUT_AT)[0]["price_eth"]
    solved, unsolved = lines("iv", {**PUT_AT, "iv": None, "price_eth": price}, {**PUT_AT, "price_eth": 0})
    assert solved["iv"] == pytest.approx(0.62, rel=1e-12)
    assert unsolved == {
        "iv": None,
        "reason": "no_time_value",
        "detail": "0.0 ETH holds no time value above 0.0 ETH",
    }
    option = ["--type", "put", "--forward", "2500", "--strike", "2300", "--dte", "10.75"]
    code, stdout, _ = run("iv", *option, "--price-eth", repr(price))
    assert (code, json.loads(stdout)) == (0, solved)


def test_pnl_is_for_the_amount_without_fees_unless_asked() -> None:
    """Two puts of 2,300 sold at 0.0125 and delivered at 2,200 owe 100/2200 ETH each."""
    request = {"type": "put", "strike": 2300, "price_eth": 0.0125, "amount": -2, "settlement": 2200}
    plain, charged = lines("pnl", request, {**request, "fees": True})
    assert plain == {
        "pnl_eth": pytest.approx(2 * (0.0125 - 100 / 2200), rel=1e-14),
        "pnl_usd": pytest.approx(2 * (0.0125 * 2200 - 100), rel=1e-14),
    }
    assert charged == {
        "pnl_eth": pytest.approx(2 * (0.0125 - 100 / 2200 - 0.00045), rel=1e-14),
        "pnl_usd": pytest.approx(2 * (0.0125 * 2200 - 100 - 0.00045 * 2200), rel=1e-14),
        "fee_eth": pytest.approx(0.0009, rel=1e-14),
    }
    option = ["--type", "put", "--strike", "2300", "--price-eth", "0.0125", "--side", "sell", "--amount", "2"]
    code, stdout, _ = run("pnl", *option, "--settlement", "2200", "--fees")
    assert (code, json.loads(stdout)) == (0, charged)


def test_amount_is_one_unless_given_and_side_makes_its_sign() -> None:
    request = {"type": "call", "strike": 2300, "price_eth": 0.01, "settlement": 2000}
    found = lines(
        "pnl",
        request,
        {**request, "side": "buy"},
        {**request, "side": "sell"},
        {**request, "side": "sell", "amount": "3"},
        {**request, "amount": -3},
    )
    assert [each["pnl_eth"] for each in found] == [-0.01, -0.01, 0.01, 0.03, 0.03]


def test_fees_to_trade_and_to_deliver() -> None:
    found = lines(
        "fees",
        {"price_eth": 0.0125, "amount": -2},
        {"price_eth": 0.0008},
        {"price_eth": 0.0125, "type": "put", "strike": 2300, "settlement": 2200, "amount": 2},
        {"price_eth": 0.0125, "type": "put", "strike": 2300, "settlement": 2300},
    )
    assert found == [
        {"fee_eth": 0.0006},
        {"fee_eth": 0.0001},
        {"fee_eth": 0.0006, "delivery_fee_eth": 0.0003},
        {"fee_eth": 0.0003, "delivery_fee_eth": 0.0},
    ]
    code, stdout, _ = run("fees", "--price-eth", "0.0125", "--amount", "-2")
    assert (code, json.loads(stdout)) == (0, found[0])


def test_margin_of_short_and_long() -> None:
    request = {"type": "put", "forward": 2500, "strike": 2300, "price_eth": 0.0125}
    short, long = lines("margin", {**request, "amount": -2}, request)
    assert short == {"im_eth": pytest.approx(0.225, rel=1e-14), "mm_eth": pytest.approx(0.175, rel=1e-14)}
    assert long == {"im_eth": 0.0125, "mm_eth": 0.0}
    option = ["--type", "put", "--forward", "2500", "--strike", "2300", "--price-eth", "0.0125"]
    code, stdout, _ = run("margin", *option, "--amount", "-2")
    assert (code, json.loads(stdout)) == (0, short)


def test_spread_by_hand() -> None:
    """A bull put 2,300/2,100 sold at 0.011: worst at half the forward, 1,250, where it owes 200/1250 ETH."""
    request = {"legs": BULL_PUT, "credit_eth": 0.011, "settlements": [2400, 2200, 2000]}
    [found] = lines("spread", {**request, "forward": 2500, "dte": 10, "iv": 0.6})
    assert found["pnl_eth"] == pytest.approx([0.011, 0.011 - 100 / 2200, 0.011 - 0.1], rel=1e-13)
    assert found["pnl_usd"] == pytest.approx([26.4, 24.2 - 100, 22.0 - 200], rel=1e-13)
    assert found["breakevens"] == pytest.approx([2300 / 1.011], rel=1e-14)
    assert found["max_loss_eth"] == pytest.approx(0.16 - 0.011, rel=1e-13)
    assert found["max_loss_usd"] == pytest.approx(200 - 1250 * 0.011, rel=1e-13)
    assert found["max_loss_range_usd"] == [1250.0, 5000.0]
    assert found["pop"] == pytest.approx(probability_above(2500.0, 2300 / 1.011, 10 / 365, 0.6), rel=1e-12)
    assert "fee_eth" not in found


def test_spread_without_a_forward_looks_at_its_strikes_and_the_settlements_it_was_given() -> None:
    request = {"legs": BEAR_CALL, "credit_eth": 0.008, "settlements": [2500, 3500]}
    with_settlements, without = lines("spread", request, {**request, "settlements": []})
    assert with_settlements["max_loss_range_usd"] == [2500.0, 3500.0]
    assert with_settlements["max_loss_eth"] == pytest.approx(200 / 3000 - 0.008, rel=1e-13)
    assert with_settlements["max_loss_usd"] == pytest.approx(200 - 3000 * 0.008, rel=1e-13)
    assert with_settlements["breakevens"] == pytest.approx([2800 / 0.992], rel=1e-14)
    assert without == {"pnl_eth": [], "pnl_usd": [], "breakevens": with_settlements["breakevens"]}


@pytest.mark.parametrize(
    ("legs", "credit", "settlement", "low", "high", "worst_at"),
    [
        (BULL_PUT, 0.011, 2200, 2100, 2300, 2100),
        (BULL_PUT, 0.011, 1500, 1500, 2300, 1500),
        (BEAR_CALL, 0.008, 2500, 2500, 3000, 3000),
    ],
)
def test_the_largest_loss_without_a_forward_reaches_the_bought_strike(
    legs: Sequence[object], credit: float, settlement: float, low: float, high: float, worst_at: float
) -> None:
    """A spread 200 wide that is asked about one delivery between its strikes does not hide its real loss."""
    [found] = lines("spread", {"legs": legs, "credit_eth": credit, "settlements": [settlement]})
    assert found["max_loss_range_usd"] == [low, high]
    assert found["max_loss_usd"] == pytest.approx(200 - worst_at * credit, rel=1e-13)
    assert found["max_loss_eth"] == pytest.approx(200 / worst_at - credit, rel=1e-13)


def test_spread_with_fees_breaks_even_where_rule_8_says() -> None:
    """Entry fees are capped if a leg's price is given and taken in full if it is not."""
    legs = [{**BULL_PUT[0], "price_eth": 0.0125}, {**BULL_PUT[1], "price_eth": 0.0016}]
    request = {"credit_eth": 0.011, "fees": True, "forward": 2500, "settlements": [2500, 1250]}
    capped, full = lines("spread", {**request, "legs": legs}, {**request, "legs": BULL_PUT})
    assert capped["fee_eth"] == pytest.approx(0.0005, rel=1e-13)
    assert full["fee_eth"] == pytest.approx(0.0006, rel=1e-13)
    for found, fee in ((capped, 0.0005), (full, 0.0006)):
        expected = put_breakeven_usd(2300.0, payoff_affordable_eth(0.011 - fee))
        assert found["breakevens"] == pytest.approx([expected], rel=1e-13)
        assert found["pnl_eth"][0] == pytest.approx(0.011 - fee, rel=1e-13)
        assert found["pnl_eth"][1] == pytest.approx(0.011 - fee - 0.16 - 0.0003, rel=1e-13)
        assert found["max_loss_eth"] == pytest.approx(-found["pnl_eth"][1], rel=1e-13)


def test_probability_of_profit_of_a_condor_takes_each_short_leg_s_volatility() -> None:
    """Two breakevens of a condor, one of a bear call; without volatility or time it is left out."""
    put_sold, put_bought = BULL_PUT
    call_sold, call_bought = BEAR_CALL
    smile = [{**put_sold, "iv": 0.70}, put_bought, {**call_sold, "iv": 0.55}, call_bought]
    request = {"credit_eth": 0.015, "settlements": [], "forward": 2500, "dte": 10}
    condor, flat, call, none, no_time = lines(
        "spread",
        {**request, "legs": smile},
        {**request, "legs": BULL_PUT + BEAR_CALL, "iv": 0.6},
        {**request, "legs": BEAR_CALL, "iv": 0.6},
        {**request, "legs": BULL_PUT + BEAR_CALL},
        {**request, "legs": BULL_PUT + BEAR_CALL, "iv": 0.6, "dte": None},
    )
    low, high = 2300 / 1.015, 2800 / 0.985
    at = {"forward_usd": 2500.0, "t_years": 10 / 365}
    expected = [
        probability_between(**at, low_usd=low, low_sigma_frac=0.70, high_usd=high, high_sigma_frac=0.55),
        probability_between(**at, low_usd=low, low_sigma_frac=0.6, high_usd=high, high_sigma_frac=0.6),
        probability_between(**at, low_usd=None, low_sigma_frac=0.6, high_usd=high, high_sigma_frac=0.6),
    ]
    assert [condor["pop"], flat["pop"], call["pop"]] == pytest.approx(expected, rel=1e-12)
    assert "pop" not in none
    assert "pop" not in no_time


def test_what_always_or_never_gains_has_its_probability_too() -> None:
    request = {"settlements": [], "forward": 2500, "dte": 10, "iv": 0.6, "legs": BULL_PUT}
    gains, loses = lines(
        "spread",
        {**request, "legs": [{"type": "put", "strike": 2300}], "credit_eth": 0.01},
        {**request, "credit_eth": -0.01},
    )
    assert (gains["pop"], gains["breakevens"]) == (1.0, [])
    assert (loses["pop"], loses["breakevens"]) == (0, [])


def test_credit_is_per_combo_and_legs_say_how_many() -> None:
    """Three bull puts earn three credits; a ratio of 1 to 2 is one combo."""
    three = [{**leg, "amount": 3} for leg in BULL_PUT]
    ratio = [{**BULL_PUT[0], "amount": 1}, {**BULL_PUT[1], "amount": 2}]
    request = {"credit_eth": 0.01, "settlements": [2400]}
    found = lines("spread", {**request, "legs": three}, {**request, "legs": ratio})
    assert [each["pnl_eth"][0] for each in found] == pytest.approx([0.03, 0.01], rel=1e-13)


@pytest.mark.parametrize(
    ("amounts", "combos"), [([3.0, -3.0], 3.0), ([2.0, -4.0, 6.0], 2.0), ([0.1, 0.3], 0.1), ([0.0, 2.0], 2.0)]
)
def test_combos_are_the_greatest_common_divisor(amounts: list[float], combos: float) -> None:
    assert combos_of(amounts) == combos


def test_kelly_is_clipped_to_nothing_and_everything() -> None:
    def bet(p: float, r: float) -> dict[str, object]:
        return {"outcomes": [{"p": p, "r": r}, {"p": 1 - p, "r": -1}]}

    found = lines("kelly", bet(0.7, 0.5), bet(0.5, 0.5), {"outcomes": [{"p": 1, "r": 2}]})
    assert [each["kelly"] for each in found] == pytest.approx([0.1, 0.0, 1.0], abs=1e-12)
    code, stdout, _ = run("kelly", "--outcome", "0.7:0.5", "--outcome", "0.3:-1")
    assert code == 0
    assert json.loads(stdout)["kelly"] == pytest.approx(0.1, rel=1e-12)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_help_shows_an_example(command: str) -> None:
    code, stdout, _ = run(command, "--help")
    assert code == 0
    assert f"run.py calc {command} --" in " ".join(stdout.split())


def test_a_terminal_gets_a_table_unless_json_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.commands.calc._is_terminal", lambda: True)
    _, table, _ = run("fees", "--price-eth", "0.0125")
    assert table == "fee_eth               0.0003\n"
    _, text, _ = run(
        "iv", "--type", "put", "--forward", "1", "--strike", "1", "--dte", "0", "--price-eth", "0"
    )
    assert text.splitlines()[:2] == ["iv                    null", "reason                expired"]
    _, as_json, _ = run("fees", "--price-eth", "0.0125", "--json")
    assert json.loads(as_json) == {"fee_eth": 0.0003}
