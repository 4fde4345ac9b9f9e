"""`contract.yaml`: what it may say, that each other key is refused by name, and its seal."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from actors.compose import engine_settings
from actors.http import Transport
from actors.runtime import Context
from config import McpSettings, load_strategy, load_words, write_hash, write_words_hash
from core.contract import TOOLS, Router
from core.contract.words import AS_THE_CONTRACT, ContractWords
from core.errors import ConfigError
from core.redaction import Redactor
from core.values import Mode
from tests.cli.support import ROOT

WHOLE = """\
# Our host's words.
routers:
  deribit:
    health: /v2/up
    tools:
      get_index_price:
        path: /v2/index
        request: {currency: symbol}
        answer: {price: index_price, timestamp: at}
      get_options_chain:
        answer: {quotes: rows, "quotes[].bid": best_bid, "quotes[].ask": best_ask}
"""
INDEX = (Router.DERIBIT, "get_index_price")


@pytest.fixture
def strategy(tmp_path: Path) -> Path:
    path = tmp_path / "strategy.yaml"
    shutil.copy(ROOT / "strategy.yaml", path)
    write_hash(path)
    return path


def put(strategy: Path, text: str) -> Path:
    path = strategy.with_name("contract.yaml")
    path.write_text(text, "utf-8")
    return path


def test_without_the_file_everything_is_as_the_contract_has_it(strategy: Path) -> None:
    words = load_strategy(strategy).contract_words
    assert words.tool_path(*INDEX) == "/mcp-deribit/tools/get_index_price"
    assert words.health_path(Router.DERIBIT) == "/mcp-deribit/health"
    assert words.answer(*INDEX, {"price": "1"}) == {"price": "1"}
    load_strategy(strategy).require_hash()


def test_paths_and_names_go_out_and_come_back(strategy: Path) -> None:
    put(strategy, WHOLE)
    words = load_strategy(strategy).contract_words
    assert words.tool_path(*INDEX) == "/v2/index"
    assert words.health_path(Router.DERIBIT) == "/v2/up"
    assert words.health_path(Router.MACRO) == "/mcp-macro/health"
    assert words.request(*INDEX, {"currency": "ETH"}) == {"symbol": "ETH"}
    assert words.answer(*INDEX, {"index_price": "1", "at": "t", "more": 5}) == {
        "price": "1",
        "timestamp": "t",
        "more": 5,
    }
    chain: dict[str, object] = {"rows": [{"best_bid": "1", "best_ask": None, "strike": "2"}]}
    assert words.answer(Router.DERIBIT, "get_options_chain", chain) == {
        "quotes": [{"bid": "1", "ask": None, "strike": "2"}]
    }


def test_what_the_host_has_under_a_name_that_stands_for_another_is_left_out(strategy: Path) -> None:
    """Its `price` is something else if its index price is `index_price`."""
    put(strategy, WHOLE)
    words = load_strategy(strategy).contract_words
    assert words.answer(*INDEX, {"price": "5", "index_price": "1"}) == {"price": "1"}
    assert words.answer(*INDEX, {"price": "5"}) == {}


def test_two_names_may_be_swapped(strategy: Path) -> None:
    swapped = "get_options_chain:\n        answer: {'quotes[].bid': ask, 'quotes[].ask': bid}"
    put(strategy, f"routers:\n  deribit:\n    tools:\n      {swapped}\n")
    words = load_strategy(strategy).contract_words
    assert words.answer(Router.DERIBIT, "get_options_chain", {"quotes": [{"ask": 1, "bid": 2}]}) == {
        "quotes": [{"bid": 1, "ask": 2}]
    }


@pytest.mark.parametrize(
    ("found", "instead", "told"),
    [
        ("routers:", "router:", "contract.yaml:2: router: unknown key; did you mean routers?"),
        ("deribit:", "deribyt:", "routers.deribyt: unknown key; did you mean deribit?"),
        ("health:", "helth:", "contract.yaml:4: routers.deribit.helth: unknown key; did you mean health?"),
        ("get_index_price:", "get_index:", "tools.get_index: unknown key; did you mean get_index_price?"),
        ("{price: index", "{prise: index", "answer.prise: unknown key; did you mean price?"),
        ('"quotes[].bid"', '"quotes.bid"', "answer.quotes.bid: unknown key; did you mean quotes[].bid?"),
        ("path: /v2/index", "path: v2", "path: expected a path below the host, such as /prices/index"),
        ("path: /v2/index", "path: //other.host/x", "path: expected a path below the host"),
        ("path: /v2/index", "path: /v2/up", "expected each path once, found '/v2/up'"),
        ("price: index_price", "price: 5", "answer.price: expected the server's name of the field, found 5"),
        ("timestamp: at", "timestamp: index_price", "expected a name of its own, as index_price is that of"),
        ("price: index_price, timestamp: at", "price: timestamp", "as timestamp is that of timestamp"),
        ("request: {currency: symbol}", "request: [currency]", "request: expected a mapping"),
    ],
)
def test_whatever_it_may_not_say_is_refused_by_name(
    strategy: Path, found: str, instead: str, told: str
) -> None:
    assert found in WHOLE
    put(strategy, WHOLE.replace(found, instead, 1))
    with pytest.raises(ConfigError) as raised:
        load_strategy(strategy)
    assert told in "\n".join(map(str, raised.value.args))


def test_it_is_sealed_with_the_strategy_and_any_change_breaks_the_seal(strategy: Path) -> None:
    path = put(strategy, WHOLE)
    with pytest.raises(ConfigError, match="config_hash: expected"):
        load_strategy(strategy).require_hash()
    assert write_words_hash(strategy) == load_words(strategy).hash_computed
    assert path.read_text("utf-8").startswith("# Our host's words.\nconfig_hash: ")
    load_strategy(strategy).require_hash()
    path.write_text(path.read_text("utf-8").replace("best_bid", "bid_best"), "utf-8")
    with pytest.raises(ConfigError, match=r"seal it with: run\.py config hash --write"):
        load_strategy(strategy).require_hash()


def test_every_tool_of_the_contract_may_be_spelt_otherwise(strategy: Path) -> None:
    tools = dict.fromkeys(Router, "")
    for router, tool in TOOLS:
        tools[router] += f"      {tool}: {{path: /x/{router}/{tool}}}\n"
    put(strategy, "routers:\n" + "".join(f"  {name}:\n    tools:\n{text}" for name, text in tools.items()))
    words = load_strategy(strategy).contract_words
    assert {words.tool_path(*key) for key in TOOLS} == {f"/x/{router}/{tool}" for router, tool in TOOLS}


def recorded_hash(path: Path, words: ContractWords | None = None) -> object:
    """What `ENGINE_START` has of the file; the host is spoken to in its words unless others are given."""
    loaded = load_strategy(path)

    def connect(_: Context) -> Transport:
        raise AssertionError("nothing is started")

    settings = engine_settings(
        loaded=loaded,
        mode=Mode(data_analysis=True, strategy=False),
        mcp=McpSettings(url="http://127.0.0.1:1", token=SecretStr("t"), bot_tag="BOT__TEST"),
        channels=(),
        data_dir=path.parent,
        control_socket=None,
        started_at=datetime(2026, 1, 5, tzinfo=UTC),
        transport_factory=connect,
        redact=Redactor(),
        pid=1,
        boot_id="boot",
        folder="here",
        words=loaded.contract_words if words is None else words,
    )
    return settings.boot_record["contract_hash"]


def test_the_record_of_a_start_has_its_hash_if_it_is_used(strategy: Path) -> None:
    assert recorded_hash(strategy) is None
    put(strategy, WHOLE)
    found = recorded_hash(strategy)
    assert found == write_words_hash(strategy)
    assert recorded_hash(strategy, AS_THE_CONTRACT) is None
    put(strategy, WHOLE.replace("/v2/up", "/v3/up"))
    assert recorded_hash(strategy) not in (None, found)
