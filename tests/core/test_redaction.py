"""Secrets never come through the redactor."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.redaction import Redactor

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
