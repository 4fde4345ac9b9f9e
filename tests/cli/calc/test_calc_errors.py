"""`run.py calc` and bad input: a named error in the place of each bad line, exit code 2 for bad options."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.calc.answers import COMMANDS, answer
from core.errors import InputError
from tests.cli.calc.runner import BULL_PUT, PUT_AT, lines, run


@pytest.mark.parametrize(
    ("command", "request_line", "error"),
    [
        ("price", {}, "type: missing"),
        ("price", {"type": "put", "forward": None}, "forward: missing"),
        ("price", {**PUT_AT, "type": "pot"}, "type: expected put or call, found 'pot'"),
        ("price", {**PUT_AT, "type": 1}, "type: expected put or call, found 1"),
        ("price", {**PUT_AT, "forward": 0}, "forward: expected a number above 0, found 0.0"),
        ("price", {**PUT_AT, "dte": -1}, "dte: expected a number of at least 0, found -1.0"),
        ("price", {**PUT_AT, "iv": True}, "iv: expected a finite number, found True"),
        ("price", {**PUT_AT, "iv": "high"}, "iv: expected a finite number, found 'high'"),
        ("price", {**PUT_AT, "iv": "1_000"}, "iv: expected a finite number, found '1_000'"),
        ("price", {**PUT_AT, "iv": "٣"}, "iv: expected a finite number, found '٣'"),
        ("price", {**PUT_AT, "iv": [0.6]}, "iv: expected a finite number, found [0.6]"),
        ("price", '{"type": "put", "forward": NaN}', "forward: expected a finite number, found nan"),
        ("price", '{"type": "put", "forward": 1e999}', "forward: expected a finite number, found inf"),
        (
            "price",
            '{"type": "put", "forward": 1' + "0" * 400 + "}",
            "forward: expected a finite number, found 1" + "0" * 56 + "...",
        ),
        ("price", {**PUT_AT, "strik": 1}, "strik: unknown field, expected one of amount, dte, fees, forward"),
        ("price", [PUT_AT], "request: expected an object, found [{'type': 'put'"),
        ("price", "7", "request: expected an object, found 7"),
        ("price", "{", "expected a line of JSON, Expecting property name"),
        ("price", '{"id": NaN, ', "expected a line of JSON, "),
        ("price", "[" * 100_000, "expected a line of JSON, maximum recursion depth"),
        (
            "pnl",
            {**PUT_AT, "price_eth": 0.01, "settlement": 0},
            "settlement: expected a number above 0, found 0.0",
        ),
        ("pnl", {**PUT_AT, "price_eth": 0.01, "side": "long"}, "side: expected buy or sell, found 'long'"),
        (
            "pnl",
            {**PUT_AT, "price_eth": 1, "side": "sell", "amount": -1},
            "amount: expected a number above 0",
        ),
        (
            "pnl",
            {**PUT_AT, "price_eth": 1, "settlement": 1, "fees": "no"},
            "fees: expected true or false, found",
        ),
        ("spread", {"credit_eth": 1}, "legs: expected at least one leg, found none"),
        ("spread", {"legs": "x"}, "legs: expected a list of at most 10000 items, found 'x'"),
        ("spread", {"legs": [[]]}, "legs[0]: expected an object, found []"),
        ("spread", {"legs": [{"type": "put", "strike": -1}]}, "legs[0].strike: expected a number above 0"),
        (
            "spread",
            {"legs": [{**BULL_PUT[0], "x": 1}]},
            "legs[0].x: unknown field, expected one of amount, iv",
        ),
        ("spread", {"legs": BULL_PUT}, "credit_eth: missing"),
        (
            "spread",
            {"legs": BULL_PUT, "credit_eth": 1, "settlements": [1, 0]},
            "settlements[1]: expected a finite number above 0, found 0",
        ),
        (
            "spread",
            {"legs": BULL_PUT, "credit_eth": 1, "settlements": [None]},
            "settlements[0]: expected a finite number above 0, found None",
        ),
        ("kelly", {}, "p: expected probabilities that sum to 1, found a sum of 0.0"),
        ("kelly", {"outcomes": [{"p": -1, "r": 1}]}, "outcomes[0].p: expected a number of at least 0"),
        ("kelly", {"outcomes": [{"p": 0.5, "r": 1}]}, "p: expected probabilities that sum to 1"),
        (
            "pnl",
            {"type": "put", "strike": 1e300, "price_eth": 0, "settlement": 1e-300},
            "pnl_eth: the result is not",
        ),
        (
            "spread",
            {"legs": BULL_PUT, "credit_eth": 1e308, "settlements": [1e300]},
            "pnl_eth: the result is not a finite number",
        ),
        (
            "iv",
            {"type": "call", "forward": 5e-324, "strike": 1e308, "dte": 1, "price_eth": 0.1},
            "request: the numbers leave the range of double precision (math domain error)",
        ),
    ],
)
def test_a_bad_line_becomes_an_error_in_its_place(command: str, request_line: object, error: str) -> None:
    [found] = lines(command, request_line)
    assert list(found) == ["error"]
    assert found["error"].startswith(error)


def test_a_pipe_keeps_one_line_out_for_one_line_in_and_echoes_ids() -> None:
    found = lines("iv", {"id": "a", **PUT_AT}, "", "nonsense", "  ", {"id": 7, **PUT_AT, "price_eth": 0.02})
    assert [sorted(each) for each in found] == [["error", "id"], ["error"], ["id", "iv"]]
    assert [each.get("id") for each in found] == ["a", None, 7]


def test_an_id_that_is_no_json_is_not_echoed() -> None:
    [found] = lines("price", '{"id": NaN, "type": "pot"}')
    assert list(found) == ["error"]


def test_a_line_that_is_no_text_is_an_error_in_its_place() -> None:
    code, stdout, _ = run("price", "--stdin", stdin=b"\xff\xfe{}\n" + json.dumps(PUT_AT).encode())
    first, second = stdout.splitlines()
    assert code == 0
    assert json.loads(first)["error"].startswith("expected a line of JSON, ")
    assert "price_eth" in json.loads(second)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["price", "--type", "pot"], "error: type: expected put or call, found 'pot'\n"),
        (["price", "--forward", "1", "--stdin"], "error: --stdin: expected no other field, found forward\n"),
        (["spread", "--leg", "sell:put"], "error: --leg: expected side:type:strike, found 'sell:put'\n"),
        (
            ["spread", "--leg", "sell:put:1:2:3"],
            "error: --leg: expected side:type:strike:amount, found 'sell:put:1:2:3'\n",
        ),
        (["kelly", "--outcome", "1"], "error: --outcome: expected p:r, found '1'\n"),
        (["margin"], "error: type: missing\n"),
    ],
)
def test_bad_options_end_with_code_2_and_a_named_error(arguments: list[str], error: str) -> None:
    assert run(*arguments) == (2, "", error)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
numbers = (
    st.floats(allow_nan=True) | st.sampled_from([0, 1, -1, 2000.0, 0.6, 1e-320, 1e308, "0.01"]) | anything
)
sides = st.sampled_from(["buy", "sell", "x", None])
types = st.sampled_from(["put", "call", None])
legs = st.lists(
    st.fixed_dictionaries({"type": types, "strike": numbers, "side": sides, "amount": numbers}), max_size=3
)
requests = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("forward", "strike", "dte", "iv", "price_eth", "amount", "settlement"), numbers),
        "type": types,
        "side": sides,
        "fees": st.booleans(),
    },
)
spreads = st.fixed_dictionaries(
    {"legs": legs, "credit_eth": numbers},
    optional={
        **dict.fromkeys(("forward", "dte", "iv"), numbers),
        "fees": st.booleans(),
        "settlements": st.lists(numbers, max_size=3),
    },
)
bets = st.fixed_dictionaries(
    {"outcomes": st.lists(st.fixed_dictionaries({"p": numbers, "r": numbers}), max_size=3)}
)


@settings(max_examples=300)
@given(st.sampled_from(sorted(COMMANDS)), requests | spreads | bets | anything)
def test_any_request_is_answered_with_finite_json_or_refused_by_name(command: str, request: object) -> None:
    try:
        found = answer(command, request)
    except InputError as error:
        refused, found = str(error), {}
    else:
        refused = ""
        found.pop("id", None)
    json.dumps(found, allow_nan=False)
    assert bool(found) != (": " in refused)
