"""The log: JSON lines in market time, without secrets, whatever is logged."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.logs import logging_to, masked
from core.redaction import Redactor
from reading.log_lines import LOG_FILE

SECRET = "s3cret-token-0123456789"
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10) | st.just(f"Bearer {SECRET} x"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_records_are_json_lines_with_the_markets_time(tmp_path: Path) -> None:
    with logging_to(tmp_path, Redactor()) as path:
        logging.getLogger("actors.x").info("hello %s", "you", extra={"market_time": "2026-01-05", "epoch": 2})
        logging.getLogger("other").warning("no market time")
    first, second = lines(path)
    assert (first["event"], first["at"], first["epoch"], first["level"]) == (
        "hello you",
        "2026-01-05",
        2,
        "info",
    )
    assert second["at"]


def test_an_exception_is_logged_whole_and_masked(tmp_path: Path) -> None:
    with logging_to(tmp_path, Redactor([SECRET])) as path:
        try:
            raise ValueError(f"https://x/bot{SECRET}/send")
        except ValueError:
            logging.getLogger("x").exception("failed with %s", SECRET)
    [line] = lines(path)
    assert "ValueError" in str(line["exception"])
    assert SECRET not in path.read_text("utf-8")


def test_http_clients_do_not_log_their_urls(tmp_path: Path) -> None:
    with logging_to(tmp_path, Redactor()) as path:
        logging.getLogger("httpx").info("POST https://api/bot1:x/sendMessage")
    assert path.read_text("utf-8") == ""


def test_a_log_on_a_full_disk_is_told_once_and_ends_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / LOG_FILE).symlink_to("/dev/full")
    with logging_to(tmp_path, Redactor()):
        for _ in range(3):
            logging.getLogger("x").error("nobody can read this")
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_the_former_handlers_come_back(tmp_path: Path) -> None:
    before = logging.getLogger().handlers[:]
    with logging_to(tmp_path, Redactor()):
        assert logging.getLogger().handlers != before
    assert logging.getLogger().handlers == before


@given(event=st.dictionaries(st.text(max_size=5), json_values, max_size=4))
def test_no_depth_hides_a_secret(event: Mapping[str, object]) -> None:
    shown = masked(dict(event), Redactor([SECRET]))
    assert SECRET not in json.dumps(shown)


@pytest.mark.parametrize("value", [1, 2.5, True, None])
def test_numbers_stay_numbers(value: object) -> None:
    assert masked({"x": value}, Redactor([SECRET])) == {"x": value}
