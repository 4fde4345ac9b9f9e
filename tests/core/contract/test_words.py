"""A server's own words for paths and fields, out and back."""

from __future__ import annotations

from core.contract import Router
from core.contract.base import health_path, tool_path
from core.contract.words import AS_THE_CONTRACT, ContractWords, ToolWords

CHAIN = "get_options_chain"
WORDS = ContractWords(
    health={Router.DERIBIT: "/status"},
    tools={
        (Router.DERIBIT, CHAIN): ToolWords(
            path="/chain",
            request={"": {"currency": "coin"}, "spans[].inner": {"from": "since"}},
            answer={"": {"quotes": "rows"}, "quotes[]": {"bid": "best_bid"}, "quotes[].more": {"iv": "vol"}},
        )
    },
)


def test_paths_are_the_servers_where_it_has_others() -> None:
    assert WORDS.health_path(Router.DERIBIT) == "/status"
    assert WORDS.health_path(Router.MACRO) == health_path(Router.MACRO)
    assert WORDS.tool_path(Router.DERIBIT, CHAIN) == "/chain"
    assert WORDS.tool_path(Router.DERIBIT, "get_dvol") == tool_path(Router.DERIBIT, "get_dvol")


def test_a_request_goes_out_in_the_servers_words() -> None:
    assert WORDS.renames_request(Router.DERIBIT, CHAIN)
    assert not WORDS.renames_request(Router.DERIBIT, "get_dvol")
    body = {"currency": "ETH", "spans": [{"inner": {"from": 1}}, 2]}
    assert WORDS.request(Router.DERIBIT, CHAIN, body) == {
        "coin": "ETH",
        "spans": [{"inner": {"since": 1}}, 2],
    }


def test_an_answer_comes_back_in_ours_and_what_bears_our_name_there_is_another_thing() -> None:
    body: dict[str, object] = {
        "rows": [{"best_bid": 1, "bid": "of something else", "more": {"vol": 60}}, "no object"],
        "asked": {"a": 1},
    }
    assert WORDS.answer(Router.DERIBIT, CHAIN, body) == {
        "quotes": [{"bid": 1, "more": {"iv": 60}}, "no object"],
        "asked": {"a": 1},
    }
    assert AS_THE_CONTRACT.answer(Router.DERIBIT, CHAIN, body) is body
