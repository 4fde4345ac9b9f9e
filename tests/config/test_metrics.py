"""Where `metrics` listens: an address, this machine's own unless another is named."""

from __future__ import annotations

import pytest

from config.metrics import METRICS_HOST, metrics_host, stays_here
from core.errors import InputError


@pytest.mark.parametrize("text", ["", "  "])
def test_without_a_word_it_is_this_machine_alone(text: str) -> None:
    assert metrics_host({}) == metrics_host({METRICS_HOST: text}) == "127.0.0.1"


@pytest.mark.parametrize(
    ("text", "host", "local"),
    [
        (" 0.0.0.0 ", "0.0.0.0", False),  # noqa: S104
        ("10.1.2.3", "10.1.2.3", False),
        ("::1", "::1", True),
        ("::", "::", False),
    ],
)
def test_an_address_is_taken(text: str, host: str, local: bool) -> None:
    assert metrics_host({METRICS_HOST: text}) == host
    assert stays_here(host) is local


@pytest.mark.parametrize("text", ["s3cret", "localhost:9", "0.0.0.0:9464", "10.1.2", "[::1]"])
def test_anything_else_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(InputError, match=f"{METRICS_HOST}: expected an address") as raised:
        metrics_host({METRICS_HOST: text})
    assert text not in str(raised.value)
