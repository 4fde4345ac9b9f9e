"""The client: headers out, and the contract's table of answers as the error tree."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from actors.http import ConnectionCut, NoAnswer, NotConnected, Response, TransportError
from actors.mcp.client import RETRY_AFTER_DEFAULT_S, RETRY_AFTER_MAX_S, McpClient
from actors.mcp.credentials import McpCredentials
from core.contract import CurrencyRequest, GetOptionsChain, IndexPrice, NoArguments, Router
from core.errors import (
    InputError,
    McpAuthError,
    McpDataAnomalyError,
    McpError,
    McpRateLimitError,
    McpRequestError,
    McpServerError,
    McpSoftError,
    McpTimeoutError,
    McpToolNotFoundError,
)
from core.market.option_chain import OptionChain
from core.strategy import Strategy
from tests.fakes.venue import FakeVenue

NOW = datetime(2026, 1, 5, 14, tzinfo=UTC)
TOKEN = "tok-3f9a"
CREDENTIALS = McpCredentials(token=TOKEN, bot_tag="BOT__TEST")


class OneAnswer:
    """A transport that answers, or raises, the same every time and keeps what was sent."""

    def __init__(self, answer: Response | TransportError) -> None:
        self.answer = answer
        self.sent: list[tuple[str, str, Mapping[str, str], bytes | None]] = []

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None, timeout_s: float
    ) -> Response:
        self.sent.append((method, path, headers, body))
        if isinstance(self.answer, TransportError):
            raise self.answer
        return self.answer

    def close(self) -> None:
        """Nothing is held."""


def client_of(router: Router, transport: OneAnswer | FakeVenue) -> McpClient:
    return McpClient(router=router, transport=transport, credentials=CREDENTIALS, strategy=Strategy())


def client(transport: OneAnswer | FakeVenue) -> McpClient:
    return client_of(Router.DERIBIT, transport)


def read_index(answer: Response | TransportError) -> object:
    return client(OneAnswer(answer)).read(
        "get_index_price", CurrencyRequest(), correlation="cycle-1", now=NOW
    )


def body(**fields: object) -> bytes:
    return json.dumps({"price": "3000.5", "timestamp": NOW.isoformat(), **fields}).encode()


def test_sound_answer_is_the_tools_model() -> None:
    assert isinstance(read_index(Response(200, {}, body())), IndexPrice)


def test_request_carries_token_tag_and_correlation() -> None:
    transport = OneAnswer(Response(200, {}, body()))
    client(transport).read("get_index_price", CurrencyRequest(), correlation="cycle-1", now=NOW)
    method, path, headers, sent = transport.sent[0]
    assert (method, path) == ("POST", "/mcp-deribit/tools/get_index_price")
    assert headers["Authorization"] == f"Bearer {TOKEN}"
    assert headers["X-Bot-Tag"] == "BOT__TEST"
    assert headers["X-Correlation-Id"] == "cycle-1"
    assert sent == b'{"currency":"ETH"}'


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Response(401, {}, b""), McpAuthError),
        (Response(403, {}, b""), McpAuthError),
        (Response(404, {}, b""), McpToolNotFoundError),
        (Response(422, {}, b'{"detail": "currency"}'), McpRequestError),
        (Response(418, {}, b""), McpRequestError),
        (Response(429, {}, b""), McpRateLimitError),
        (Response(408, {}, b""), McpServerError),
        (Response(500, {}, b"<html>"), McpServerError),
        (Response(503, {}, b""), McpServerError),
        (NotConnected("refused"), McpServerError),
        (ConnectionCut("cut"), McpServerError),
        (NoAnswer("late"), McpTimeoutError),
        (Response(200, {}, b'{"price": "30'), McpDataAnomalyError),
        (Response(200, {}, b"[]"), McpDataAnomalyError),
        (Response(200, {}, body()[:-1] + b', "price": "1"}'), McpDataAnomalyError),
        (Response(200, {}, body()[:-1] + b', "x": [{"a": 1, "a" : 1}]}'), McpDataAnomalyError),
        (Response(302, {"location": "http://elsewhere"}, b""), McpRequestError),
        (Response(200, {}, b"{}"), McpDataAnomalyError),
        (Response(200, {}, body(price=None)), McpDataAnomalyError),
        (Response(200, {}, body(price="NaN")), McpDataAnomalyError),
        (Response(200, {}, body(price="0")), McpDataAnomalyError),
        (Response(200, {}, body(price="-1")), McpDataAnomalyError),
        (Response(200, {}, body(price=3000.5)), McpDataAnomalyError),
        (Response(200, {}, body(error="13004 bad credentials")), McpSoftError),
    ],
)
def test_answer_means_what_the_contract_says(
    answer: Response | TransportError, error: type[McpError]
) -> None:
    with pytest.raises(error):
        read_index(answer)


def test_a_redirect_is_told_as_one_and_its_target_is_not_repeated() -> None:
    """It is the server's text, and may hold the token."""
    with pytest.raises(
        McpRequestError, match=r"HTTP 307: .* not followed; correct CERBERO_BITE_MCP_URL"
    ) as told:
        read_index(Response(307, {"location": f"http://elsewhere/{TOKEN}"}, b"go on"))
    assert "elsewhere/" not in str(told.value)


def test_blank_error_is_no_soft_error() -> None:
    assert isinstance(read_index(Response(200, {}, body(error="  "))), IndexPrice)


def test_soft_error_is_seen_before_any_other_field_is_read() -> None:
    with pytest.raises(McpSoftError, match="13004"):
        read_index(Response(200, {}, b'{"error": "13004", "price": "0"}'))


@pytest.mark.parametrize(("age_s", "sound"), [(60.0, True), (60.001, False), (-5.0, True), (-5.001, False)])
def test_price_of_now_must_be_from_now(age_s: float, sound: bool) -> None:
    answer = Response(200, {}, body(timestamp=(NOW - timedelta(seconds=age_s)).isoformat()))
    if sound:
        assert isinstance(read_index(answer), IndexPrice)
    else:
        with pytest.raises(McpDataAnomalyError):
            read_index(answer)


@pytest.mark.parametrize(
    ("text", "expected_s"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        ("", RETRY_AFTER_DEFAULT_S),
        ("soon", RETRY_AFTER_DEFAULT_S),
        ("999999", RETRY_AFTER_MAX_S),
    ],
)
def test_pause_after_429_is_what_the_server_asks_within_bounds(text: str, expected_s: float) -> None:
    with pytest.raises(McpRateLimitError) as raised:
        read_index(Response(429, {"retry-after": text}, b""))
    assert raised.value.retry_after_s == expected_s


def test_a_pause_until_a_date_counts_from_the_answers_own_date() -> None:
    headers = {"retry-after": "Mon, 05 Jan 2026 14:00:40 GMT", "date": "Mon, 05 Jan 2026 14:00:00 GMT"}
    with pytest.raises(McpRateLimitError) as raised:
        read_index(Response(429, headers, b""))
    assert raised.value.retry_after_s == 40.0


def test_servers_words_are_told_without_the_token() -> None:
    with pytest.raises(McpAuthError) as raised:
        read_index(Response(401, {}, json.dumps({"detail": f"bad token {TOKEN}"}).encode()))
    assert TOKEN not in str(raised.value)
    assert "bad token" in str(raised.value)


def test_words_of_a_soft_error_and_of_data_are_told_without_the_token() -> None:
    """They go into books, audit records and alerts."""
    for body in ({"error": f"bad header: Bearer {TOKEN}"}, {"price": TOKEN, "timestamp": TOKEN}):
        with pytest.raises((McpSoftError, McpDataAnomalyError)) as caught:
            read_index(Response(200, {}, json.dumps(body).encode()))
        assert TOKEN not in str(caught.value)


def test_token_is_not_shown_by_the_credentials() -> None:
    assert TOKEN not in repr(CREDENTIALS)


def test_tool_outside_the_contract_is_not_sent() -> None:
    transport = OneAnswer(Response(200, {}, b"{}"))
    with pytest.raises(McpToolNotFoundError):
        client(transport).read("no_such", NoArguments(), correlation="c", now=NOW)
    assert transport.sent == []


def test_request_of_another_tool_is_not_sent() -> None:
    transport = OneAnswer(Response(200, {}, b"{}"))
    with pytest.raises(McpRequestError, match="expected CurrencyRequest"):
        client(transport).read("get_index_price", NoArguments(), correlation="c", now=NOW)
    assert transport.sent == []


def test_chain_is_decoded_into_columns() -> None:
    venue = FakeVenue(lambda: NOW)
    venue.quotes = {"ETH-16JAN26-2800-P": ("0.0060", "0.0070", "0.0065")}
    chain = client(venue).read("get_options_chain", GetOptionsChain(), correlation="c", now=NOW)
    assert isinstance(chain, OptionChain)
    quote = chain.quote("ETH-16JAN26-2800-P")
    assert quote is not None
    assert quote.faults == ()


@pytest.mark.parametrize("tag", ["", "   ", "x" * 65, "a\nb"])
def test_bad_bot_tag_is_refused_before_anything_is_sent(tag: str) -> None:
    with pytest.raises(InputError, match="BOT_TAG"):
        McpCredentials(token="t", bot_tag=tag)


def test_missing_token_is_refused() -> None:
    with pytest.raises(InputError, match="TOKEN"):
        McpCredentials(token=" ")


def test_correlation_that_is_not_ascii_can_be_sent() -> None:
    assert CREDENTIALS.headers("zyklus-ü\n")["X-Correlation-Id"].isascii()
