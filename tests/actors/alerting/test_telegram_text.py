"""What an alert looks like on the operator's screen."""

from __future__ import annotations

import html
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from actors.alerting.telegram_text import LENGTH_MAX, render
from core.messages.alerting import AlertRow, Severity

AT = datetime(2026, 1, 5, 14, 0, 3, tzinfo=UTC)
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=6000)


def row(text: str = "text", cause: str = "cause", code: str = "CODE") -> AlertRow:
    return AlertRow(alert_id="1", severity=Severity.HIGH, code=code, text=text, cause=cause, at=AT)


def test_markup_of_the_text_is_escaped_and_the_head_is_bold() -> None:
    assert render(row("a < b & c"), markup=True) == (
        "<b>HIGH CODE</b>\na &lt; b &amp; c\ncause: cause\n2026-01-05 14:00:03Z"
    )


def test_plain_text_is_left_as_it_is() -> None:
    assert render(row("a < b"), markup=False) == "HIGH CODE\na < b\ncause: cause\n2026-01-05 14:00:03Z"


@given(text=words, cause=words, code=words, markup=st.booleans())
def test_no_message_is_longer_than_telegram_allows(text: str, cause: str, code: str, markup: bool) -> None:
    message = render(row(text, cause, code), markup=markup)
    assert len(message.encode("utf-16-le")) // 2 <= LENGTH_MAX
    assert message.endswith("2026-01-05 14:00:03Z")


@given(text=words)
def test_cutting_never_tears_an_entity(text: str) -> None:
    message = render(row("&" * 3000 + text), markup=True)
    assert html.unescape(message).replace("&", "").count("amp;") == text.replace("&", "").count("amp;") or (
        "…" in message
    )
    body = message.removeprefix("<b>HIGH CODE</b>\n")
    assert "<" not in body
    assert all(part.startswith(("amp;", "lt;", "gt;")) for part in body.split("&")[1:])
