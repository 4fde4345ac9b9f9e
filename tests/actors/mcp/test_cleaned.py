"""Behind the door, no text of an answer holds a secret or a character that a terminal obeys."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from actors.http import Response
from actors.mcp.cleaned import clean
from core.redaction import Redactor

TOKEN = "s3cret-token-0123456789"
REDACT = Redactor([TOKEN])
ESCAPED = "".join(f"\\u{ord(one):04x}" for one in TOKEN)

texts = st.text() | st.sampled_from([TOKEN, f"x{TOKEN.upper()}", base64.b64encode(TOKEN.encode()).decode()])
json_values: st.SearchStrategy[JsonValue] = st.recursive(
    texts | st.integers() | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


def body_after(body: bytes) -> bytes:
    return clean(Response(200, {}, body), REDACT).body


@given(value=json_values, in_ascii=st.booleans())
def test_every_text_of_an_answer_is_plain_and_without_secrets(value: JsonValue, in_ascii: bool) -> None:
    body = json.dumps(value, ensure_ascii=in_ascii).encode("utf-8", "replace")
    found = json.dumps(json.loads(body_after(body)), ensure_ascii=False)
    assert found.isascii()
    assert "\\u" not in found.replace("\\\\u", "")
    assert TOKEN not in found.lower()


@pytest.mark.parametrize(
    "body",
    [
        f'{{"error": "{ESCAPED}"}}',
        f'{{"{ESCAPED}": 1}}',
        f"<html>{TOKEN}</html>",
        f"not json {ESCAPED}",
        f'{{"a": [{{"b": "Bearer {TOKEN}"}}]}}',
    ],
)
def test_an_escaped_token_is_masked_after_decoding(body: str) -> None:
    found = body_after(body.encode()).decode()
    assert "***" in found
    assert TOKEN not in found
    assert ESCAPED not in found


def test_a_plain_answer_passes_byte_for_byte() -> None:
    body = b'{"price" : "3000.50", "n": 1e5, "n": 2}'
    assert body_after(body) is body


def test_bytes_that_are_no_text_are_shown_as_escapes() -> None:
    assert body_after(b"\xff\x1b[31m") == b"\\ufffd\\x1b[31m"
