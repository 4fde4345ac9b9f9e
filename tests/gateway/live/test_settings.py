"""The gateway's settings: each error names the variable, what was found and what was expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from config import secret_from_env
from core.errors import InputError
from gateway.live.settings import SECRETS, VARIABLES, LiveSettings, settings_from
from tests.gateway.live.desk import TOKEN

KEY = {"DERIBIT_ID": "an-id", "DERIBIT_SECRET": "a-secret"}
MAINNET = {"ENVIRONMENT": "mainnet", "MAINNET": "real-money"}


def read(**said: str) -> LiveSettings:
    env = {"TOKEN": TOKEN} | said
    return settings_from({f"CERBERO_GATEWAY_{name}": text for name, text in env.items()}, secret_from_env)


def test_a_token_alone_is_enough_for_the_testnets_market() -> None:
    found = read()
    assert (found.environment, found.base_url, found.key) == ("testnet", "https://test.deribit.com", None)
    assert (found.host, found.port, found.others_url) == ("127.0.0.1", 8790, None)
    assert (found.funding_sources, found.liquidations) == (("binance", "okx", "bybit"), "okx")


def test_mainnet_is_meant_twice() -> None:
    assert read(**MAINNET).base_url == "https://www.deribit.com"


@pytest.mark.parametrize(
    ("said", "variable", "found"),
    [
        ({"ENVIRONMENT": "paper"}, "ENVIRONMENT", "'paper'"),
        ({"ENVIRONMENT": "mainnet"}, "MAINNET", "found something else"),
        ({"TOKEN": "short"}, "TOKEN", "found 5"),
        ({"TOKEN": "t" * 31 + " " + "t"}, "TOKEN", "without spaces"),
        ({"TOKEN": ""}, "TOKEN", "gateway token"),
        ({"DERIBIT_ID": "an-id"}, "DERIBIT_SECRET", "found one of them"),
        ({"DERIBIT_SECRET": "a-secret"}, "DERIBIT_ID", "found one of them"),
        (KEY | {"DERIBIT_ID": "a,b"}, "DERIBIT_ID", "found others"),
        ({"DERIBIT_URL": "https://evil.example"}, "DERIBIT_URL", "'https://evil.example'"),
        ({"DERIBIT_URL": "https://www.deribit.com"}, "DERIBIT_URL", "'https://www.deribit.com'"),
        ({"DERIBIT_URL": "http://127.0.0.1@evil.example"}, "DERIBIT_URL", "evil"),
        ({"DERIBIT_URL": "http://127.0.0.1:9/?a=b"}, "DERIBIT_URL", "a=b"),
        ({"DERIBIT_URL": "http://127.0.0.1:99999"}, "DERIBIT_URL", "99999"),
        (MAINNET | {"DERIBIT_URL": "http://127.0.0.1:9"}, "DERIBIT_URL", "SIMULATED=yes"),
        ({"OTHERS_URL": "https://api.binance.com"}, "OTHERS_URL", "'https://api.binance.com'"),
        ({"OTHERS_URL": "http://127.0.0.1:8791/others"}, "OTHERS_URL", "without a path"),
        ({"HOST": "192.0.2.1"}, "HOST", "EXPOSE=yes"),
        ({"EXPOSE": "maybe"}, "EXPOSE", "'maybe'"),
        ({"PORT": "70000"}, "PORT", "'70000'"),
        ({"PORT": "1e3"}, "PORT", "'1e3'"),
        ({"PORT": "inf"}, "PORT", "'inf'"),
        ({"FUNDING_SOURCES": "binance,mtgox"}, "FUNDING_SOURCES", "'mtgox'"),
        ({"FUNDING_SOURCES": "okx,okx"}, "FUNDING_SOURCES", "each exchange once"),
        ({"LIQUIDATIONS": "assume:huge"}, "LIQUIDATIONS", "'assume:huge'"),
        ({"LIQ_MEDIUM_USD": "0"}, "LIQ_MEDIUM_USD", "'0'"),
        ({"LIQ_MEDIUM_USD": "1e999"}, "LIQ_MEDIUM_USD", "'1e999'"),
        ({"LIQ_MEDIUM_USD": "60000000"}, "LIQ_HIGH_USD", "above LIQ_MEDIUM_USD"),
        ({"SIMULATE": "yes"}, "SIMULATE", "an unknown one"),
    ],
)
def test_what_can_not_be_is_named(said: dict[str, str], variable: str, found: str) -> None:
    with pytest.raises(InputError) as raised:
        read(**said)
    assert str(raised.value).startswith(f"CERBERO_GATEWAY_{variable}:")
    assert found in str(raised.value)


def test_a_simulated_venue_stands_on_this_machine() -> None:
    assert read(DERIBIT_URL="http://127.0.0.1:8791/").base_url == "http://127.0.0.1:8791"
    assert read(**MAINNET, DERIBIT_URL="http://[::1]:8791", SIMULATED="yes").base_url == "http://[::1]:8791"
    assert read(OTHERS_URL="http://localhost:8791").others_url == "http://localhost:8791"


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_comes_from_its_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / "secret"
    path.write_text("s" * 40 + "\n", "utf-8")
    path.chmod(0o600)
    said = KEY | {"TOKEN": TOKEN} | {name: "", f"{name}_FILE": str(path)}
    found = read(**said)
    assert found.key is not None
    held = {
        "TOKEN": found.token.get_secret_value(),
        "DERIBIT_ID": found.key.client_id.get_secret_value(),
        "DERIBIT_SECRET": found.key.secret.get_secret_value(),
    }
    assert held[name] == "s" * 40


def test_a_secret_in_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("s" * 40, "utf-8")
    path.chmod(0o644)
    with pytest.raises(InputError, match=r"CERBERO_GATEWAY_DERIBIT_SECRET_FILE: .*0644"):
        read(DERIBIT_ID="an-id", DERIBIT_SECRET_FILE=str(path))


def test_settings_show_no_secret() -> None:
    shown = repr(read(**KEY)) + str(read(**KEY))
    assert not [each for each in (*KEY.values(), TOKEN) if each in shown]


def test_every_secret_may_come_from_a_file() -> None:
    assert {f"{name}_FILE" for name in SECRETS} == {name for name in VARIABLES if name.endswith("_FILE")}
