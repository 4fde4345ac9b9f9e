"""Secrets never come through the redactor."""

from __future__ import annotations

import base64
import json
import re
from html import unescape
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.redaction import MASK, Redactor, secret_files_of, secrets_in_url, secrets_of

secrets = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=12, max_size=40)


@given(secret=secrets, before=st.text(max_size=20), after=st.text(max_size=20))
def test_a_secret_is_masked_wherever_it_stands(secret: str, before: str, after: str) -> None:
    if secret.isdigit():
        before, after = f"{before} ", f" {after}"
    assert secret not in Redactor([secret])(f"{before}{secret}{after}")


def test_an_authorization_header_is_masked_also_when_the_token_is_unknown() -> None:
    assert Redactor()("Authorization: Bearer abc.def-ghi") == "Authorization: Bearer ***"


def test_a_bot_url_is_masked_also_when_the_token_is_unknown() -> None:
    assert Redactor()("POST https://x/bot123:AA-bb_/sendMessage") == "POST https://x/bot***/sendMessage"


def test_the_url_quoted_form_is_masked() -> None:
    assert "abc%2F" not in Redactor(["abc/def+1234"])("at /x?token=abc%2Fdef%2B1234")


def test_a_chat_id_is_masked_as_a_number_but_not_inside_another() -> None:
    redact = Redactor(["987654"])
    assert redact("chat 987654 and 19876543") == "chat *** and 19876543"


def test_short_values_and_ordinary_text_stay() -> None:
    assert Redactor(["", "no"])("nothing to hide, bearer of news") == "nothing to hide, bearer of news"


def test_a_secret_of_four_characters_is_the_shortest_that_is_masked() -> None:
    assert Redactor(["abcd", "xyz"])("abcd xyz") == "*** xyz"


def test_a_secret_that_begins_as_another_is_masked_to_its_end() -> None:
    assert Redactor(["abcd", "abcdefgh"])("abcdefgh and abcd") == "*** and ***"


TOKEN = "Qx7-plantedTOKEN/9+z=Zk"
SPELLINGS = {
    "plain": TOKEN,
    "upper": TOKEN.upper(),
    "lower": TOKEN.lower(),
    "json": "".join(f"\\u{ord(one):04x}" for one in TOKEN),
    "json, some of it": TOKEN.replace("T", "\\u0054").replace("/", "\\/"),
    "json in json": "".join(f"\\\\u{ord(one):04X}" for one in TOKEN),
    "python": "".join(f"\\x{ord(one):02x}" for one in TOKEN),
    "octal": "".join(f"\\{ord(one):03o}" for one in TOKEN),
    "javascript": "".join(f"\\u{{{ord(one):x}}}" for one in TOKEN),
    "percent": "".join(f"%{ord(one):02X}" for one in TOKEN),
    "percent, what must be": quote(TOKEN, safe=""),
    "percent twice": quote(quote(TOKEN, safe=""), safe=""),
    "html": "".join(f"&#{ord(one)};" for one in TOKEN),
    "html with zeros": "".join(f"&#{ord(one):08};" for one in TOKEN),
    "html in hex with zeros": "".join(f"&#x{ord(one):08x};" for one in TOKEN),
    "html without its end": "".join(f"&#{ord(one)}" for one in TOKEN),
    "percent in javascript": "".join(f"%u{ord(one):04X}" for one in TOKEN),
    "folded": f"{TOKEN[:9]}\r\n {TOKEN[9:]}",
    "hex of upper": TOKEN.upper().encode().hex(),
    "base64 of lower": base64.b64encode(TOKEN.lower().encode()).decode(),
    "base64 of upper, in a text": base64.b64encode(f"is {TOKEN.upper()}!".encode()).decode(),
    "base64 for mail": base64.encodebytes(f"{'x' * 50}{TOKEN}{'y' * 50}".encode()).decode(),
    "html in hex": "".join(f"&#x{ord(one):X};" for one in TOKEN),
    "quoted-printable": "".join(f"={ord(one):02X}" for one in TOKEN),
    "quoted-printable, folded": f"{TOKEN[:9]}=\r\n{TOKEN[9:]}",
    "hex": TOKEN.encode().hex(),
    "hex, upper": TOKEN.encode().hex().upper(),
    "base64": base64.b64encode(TOKEN.encode()).decode(),
    "base64 for urls": base64.urlsafe_b64encode(TOKEN.encode()).decode(),
    "base64 after a user": base64.b64encode(f"user:{TOKEN}".encode()).decode(),
    "base64 after one": base64.b64encode(f"x{TOKEN}yy".encode()).decode(),
    "base64, percent": quote(base64.b64encode(TOKEN.encode()).decode(), safe=""),
    "json of base64": json.dumps(base64.b64encode(TOKEN.encode()).decode()).replace("=", "\\u003d"),
}
"""The same secret as servers may echo it."""


def undone(text: str) -> set[str]:
    """What somebody who knows the spellings can make of a text."""
    found = {text}
    for _ in range(3):
        found |= {unquote(one) for one in found} | {unescape(one) for one in found}
        found |= {
            re.sub(r"\\+u\{?([0-9a-fA-F]{2,4})\}?|\\+x([0-9a-fA-F]{2})", _character, one) for one in found
        }
    return {one.lower() for one in found}


def _character(found: re.Match[str]) -> str:
    return chr(int(found[1] or found[2], 16))


@pytest.mark.parametrize("spelling", SPELLINGS, ids=str)
@pytest.mark.parametrize("frame", ["{}", "see {} here", '{{"detail": "x={}&y=100%25"}}', "Ünïcode İ {} ⟪{}⟫"])
def test_a_secret_is_masked_in_every_spelling(spelling: str, frame: str) -> None:
    text = frame.replace("{}", SPELLINGS[spelling]).replace("{{", "{").replace("}}", "}")
    masked = Redactor([TOKEN])(text)
    assert MASK in masked
    assert not any(TOKEN.lower() in one for one in undone(masked))
    core = base64.b64encode(TOKEN.encode()).decode()[4:-6].lower()
    assert core not in masked.lower()
    assert TOKEN.encode().hex() not in masked.lower()
    assert Redactor([TOKEN])(masked) == masked


@given(text=st.text(max_size=80))
def test_any_text_passes_and_is_masked_once_and_for_all(text: str) -> None:
    redact = Redactor([TOKEN, "987654"])
    assert redact(redact(text)) == redact(text)


def test_a_text_without_secrets_is_not_touched() -> None:
    plain = r"50 % of \d+ &amp; C:\temp\x41 a=b%20c \u00e9 [bold]"
    assert Redactor([TOKEN])(plain) == plain


def test_a_text_that_is_escaped_without_an_end_is_looked_at_some_rounds_and_no_more() -> None:
    deep = "%25" * 3 + "25" * 40
    assert Redactor([TOKEN])(deep) == deep


def test_the_files_of_secrets_are_known_by_their_variables() -> None:
    env = {
        "CERBERO_BITE_MCP_TOKEN_FILE": " /run/token ",
        "CERBERO_BITE_WEBHOOK_URL_FILE": "",
        "CERBERO_BITE_MCP_TOKEN": "a-token",
        "OTHER_TOKEN_FILE": "/run/other",
    }
    assert secret_files_of(env) == (("CERBERO_BITE_MCP_TOKEN", "/run/token"),)


def test_a_password_in_a_url_is_masked_also_when_nobody_knows_it() -> None:
    assert Redactor()("GET https://ann:hunter2@host/x") == "GET https://***@host/x"
    assert Redactor()("postgres://hunter2@host") == "postgres://***@host"


def test_a_secret_that_may_be_an_ordinary_value_is_left_among_data() -> None:
    redact = Redactor([TOKEN, "987654", "paper"])
    assert redact("987654 paper") == "*** ***"
    assert redact.of_unmistakable(f"987654 paper {TOKEN}") == "987654 paper ***"


@pytest.mark.parametrize("spelling", SPELLINGS, ids=str)
def test_a_body_that_holds_a_secret_is_always_looked_at(spelling: str) -> None:
    assert Redactor([TOKEN]).may_be_in(b'{"a": "' + SPELLINGS[spelling].encode() + b'"}')


def test_a_plain_body_is_not_looked_at() -> None:
    assert not Redactor([TOKEN]).may_be_in(b'{"price": "3000.5", "instrument_name": "ETH-16JAN26-2800-P"}')


def test_the_secrets_of_an_environment_are_known_by_their_names() -> None:
    env = {
        "CERBERO_BITE_MCP_TOKEN": "a-token",
        "CERBERO_BITE_TELEGRAM_CHAT_ID": " 12345 ",
        "CERBERO_BITE_MCP_URL": "http://h",
        "OTHER_TOKEN": "not ours",
    }
    assert set(secrets_of(env)) == {"a-token", "12345"}


@pytest.mark.parametrize(
    ("url", "secrets"),
    [
        (
            "https://h/api/webhooks/123456789012345678/AbCdEf1-longer",
            ["123456789012345678", "AbCdEf1-longer"],
        ),
        ("https://h/services/T0123456/B9876543/hidden1", ["T0123456", "B9876543"]),
        ("https://h/x?token=opensesame123&wait=true", ["opensesame123"]),
        ("https://h/a%2Fb-with-a-digit-1", ["a/b-with-a-digit-1"]),
        ("https://h/only-words-but-very-long-ones", ["only-words-but-very-long-ones"]),
        ("https://[x/y", []),
    ],
)
def test_of_a_url_that_is_a_key_what_looks_drawn_is_secret_and_words_are_not(
    url: str, secrets: list[str]
) -> None:
    found = secrets_in_url(url)
    assert found[0] == url
    assert set(secrets) <= set(found)
    assert not {"api", "webhooks", "services", "true", "x"} & set(found)


def test_the_parts_of_a_secret_url_are_masked_by_the_variables_name() -> None:
    url = "https://h/api/webhooks/123456789012345678/AbCdEf0123456789"
    redact = Redactor(secrets_of({"CERBERO_BITE_WEBHOOK_URL": url}))
    assert redact(f"POST /api/webhooks/123456789012345678/AbCdEf0123456789: no; {url}") == (
        "POST /api/webhooks/***/***: no; ***"
    )
