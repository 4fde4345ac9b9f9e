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
from actors.mcp.client import parsed
from core.errors import McpDataAnomalyError
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
    assert json.loads(body_after(b"\xff\x1b[31m")) == r"\ufffd\x1b[31m"


@pytest.mark.parametrize(
    "body",
    [
        b'{"\xff": 1, "price": "1"}',
        b'{"note": "\xe9", "price": "1"}',
        b'{"note": "two\nlines %41", "price": "1"}',
        b'{"note": "\x7f\x00", "price": "1"}',
    ],
    ids=["no UTF-8 in a key", "Latin-1", "a raw line end beside an escape", "raw control characters"],
)
def test_cleaning_makes_no_object_of_what_is_none(body: bytes) -> None:
    """The escapes for what can't be shown would be good JSON, and the answer would be believed."""
    with pytest.raises(McpDataAnomalyError):
        parsed(clean(Response(200, {}, body), REDACT), "x")


@pytest.mark.parametrize("beside", ["\u00e9", "\\u0041", "50%", "a=b", TOKEN])
@pytest.mark.parametrize(
    "pairs", ['"price": "1", "price": "2"', '"a": [{"b": 1, "b": 1}]', '"a": 1, "\\u0061": 2']
)
def test_a_key_that_stands_twice_is_found_in_an_answer_that_is_cleaned(beside: str, pairs: str) -> None:
    body = f'{{"note": "{beside}", {pairs}}}'.encode()
    with pytest.raises(McpDataAnomalyError, match="expected each key once"):
        parsed(clean(Response(200, {}, body), REDACT), "x")
