"""What an alert looks like on the operator's screen."""

from __future__ import annotations

import html
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.alerting import Letter, Sender
from actors.alerting.telegram_text import LENGTH_MAX, render
from core.alerts import AlertCode, Severity
from core.messages.room_status import AlertRow
from core.values import Environment

AT = datetime(2026, 1, 5, 14, 0, 3, tzinfo=UTC)
SENDER = Sender(Environment.TESTNET, "my engine")
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=6000)


def row(text: str = "text", cause: str = "cause", code: str = "CODE") -> Letter:
    alert = AlertRow(alert_id="1", severity=Severity.HIGH, code=code, text=text, cause=cause, at=AT)
    return Letter((alert,))


def test_who_and_what_come_first_then_the_engines_words_then_what_to_do() -> None:
    alert = row("a < b & c", "state", "disk_low")
    assert render(alert, SENDER, markup=True) == (
        "<b>[TESTNET] my engine · HIGH</b>\n"
        "<b>The disk is nearly full</b>\n"
        "a &lt; b &amp; c\n"
        "→ Free some space; df -h shows where it is missing. Never delete audit/ or cerbero.db.\n"
        "disk_low · state · 2026-01-05 14:00:03Z"
    )


def test_plain_text_is_left_as_it_is() -> None:
    assert render(row("a < b", code="anchor_read"), SENDER, markup=False) == (
        "[TESTNET] my engine · HIGH\nThe anchor is read\na < b\nanchor_read · cause · 2026-01-05 14:00:03Z"
    )


def test_an_alert_of_another_version_has_its_code_as_its_title() -> None:
    assert render(row(), SENDER, markup=False).splitlines()[1] == "CODE"


@pytest.mark.parametrize("environment", Environment)
def test_every_message_begins_with_where_the_engine_trades(environment: Environment) -> None:
    sender = Sender(environment, "my engine")
    message = render(row(), sender, markup=False)
    assert message.startswith(f"[{environment.name}] my engine")


def test_an_instance_can_not_forge_a_line() -> None:
    sender = Sender(Environment.PAPER, "x\n[MAINNET] y")
    assert render(row(), sender, markup=False).splitlines()[0] == "[PAPER] x\\n[MAINNET] y · HIGH"


@pytest.mark.parametrize("code", AlertCode)
def test_the_whole_table_fits_a_phone(code: AlertCode) -> None:
    """Beside the engine's own words, which may be long, it is seven lines of a phone at most."""
    message = render(row("", "", code.value), SENDER, markup=False)
    assert len(message) <= 420


@given(text=words, cause=words, code=words, markup=st.booleans())
def test_no_message_is_longer_than_telegram_allows(text: str, cause: str, code: str, markup: bool) -> None:
    message = render(row(text, cause, code), SENDER, markup=markup)
    assert len(message.encode("utf-16-le")) // 2 <= LENGTH_MAX
    assert message.endswith("2026-01-05 14:00:03Z")


@given(text=words)
def test_cutting_never_tears_an_entity(text: str) -> None:
    message = render(row("&" * 3000 + text), SENDER, markup=True)
    assert html.unescape(message).replace("&", "").count("amp;") == text.replace("&", "").count("amp;") or (
        "…" in message
    )
    body = message.removeprefix("<b>[TESTNET] my engine · HIGH</b>\n<b>CODE</b>\n")
    assert "<" not in body
    assert all(part.startswith(("amp;", "lt;", "gt;")) for part in body.split("&")[1:])
