"""Other people's words are quoted, and stand in a record by their digests only."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from core.contract.base import ToolAnswer
from core.contract.registry import TOOLS
from core.redaction import Redactor
from core.venue_text import (
    CLOSE,
    LENGTH_MAX,
    OPEN,
    VenueText,
    digest,
    escaped,
    named,
    own_words,
    quoted,
    spoken,
    with_texts,
    without_texts,
)

HOSTILE = "a\nb\x1b[31m\u202e\u200b[/x] ⟪⟫ \ud800 é"


def unknown(_: str) -> None:
    """No text is kept."""


@given(text=st.text())
def test_whatever_is_quoted_is_one_short_line_of_plain_ascii(text: str) -> None:
    found = quoted(text)
    assert found[0] == OPEN
    assert found[-1] == CLOSE
    assert re.fullmatch(r"[\x20-\x7e]*", found[1:-1])
    assert len(found) <= LENGTH_MAX + 2
    assert quoted(found) == found


@given(text=st.text())
def test_a_quoted_text_goes_out_of_a_value_and_comes_back(text: str) -> None:
    value = {"reasons": [f"HTTP 422: {quoted(text)} twice {quoted(text)}", 1], "k": None}
    kept: dict[str, str] = {}
    recorded = without_texts(value, kept.__setitem__)
    assert quoted(text) not in str(recorded) or not text
    assert list(kept) == [digest(one) for one in kept.values()]
    assert without_texts(recorded, unexpected) == recorded
    assert with_texts(recorded, kept.get) == value
    assert with_texts(recorded, unknown) == recorded


def unexpected(*found: str) -> None:
    raise AssertionError(found)


def test_a_quote_that_was_cut_is_taken_out_all_the_same() -> None:
    kept: list[str] = []
    cut = f"it said {quoted('the whole long story')}"[:20]
    assert "the whole" not in without_texts(cut, lambda _, text: kept.append(text))
    assert kept == ["the whole lo"[: len(kept[0])]]


def test_a_text_that_names_a_digest_is_not_taken_for_that_text() -> None:
    forged = quoted(f"sha256:{'0' * 64}")
    kept: dict[str, str] = {}
    recorded = without_texts(forged, kept.__setitem__)
    assert "0" * 64 not in recorded
    assert with_texts(forged, lambda _: "another text") == forged


def test_a_name_stays_unless_it_is_none() -> None:
    for name in ("ETH-16JAN26-2800-P", "p-1:ab12cd:e1", "", "US"):
        assert named(name) == name
    for text in ("two words", "x" * 101, HOSTILE, "a\n", "<b>", "[red]"):
        assert named(text).startswith(OPEN)


def test_what_is_quoted_is_spoken_without_its_signs_and_anything_else_as_it_is() -> None:
    assert spoken(quoted("two words")) == "two words"
    assert spoken("two words") == "two words"


def test_texts_of_a_tuple_are_taken_out_and_put_back_in_their_places() -> None:
    kept: dict[str, str] = {}
    recorded = without_texts((quoted("one"), 2), kept.__setitem__)
    assert quoted("one") not in recorded
    assert with_texts(recorded, kept.get) == (quoted("one"), 2)


def test_a_persons_text_quotes_nothing() -> None:
    assert without_texts(own_words("⟪mine⟫"), unexpected) == "<<mine>>"


def test_a_venue_text_comes_out_quoted_and_without_secrets_only() -> None:
    text = VenueText("echo s3cret-token\n" + "x" * 400, Redactor(["s3cret-token"]))
    shown = str(text)
    assert shown == repr(text) == f"{text}" == format(text)
    assert shown.startswith(r"⟪echo ***\nxxx")
    assert len(shown) == LENGTH_MAX + 2
    assert not hasattr(text, "raw")
    assert not hasattr(text, "__dict__")


def test_a_secret_at_the_cut_is_masked_before_it_is_cut() -> None:
    padding = "y" * (LENGTH_MAX - 8)
    assert "s3cret" not in str(VenueText(f"{padding}s3cret-token", Redactor(["s3cret-token"])))


def test_what_is_escaped_says_what_it_was() -> None:
    assert escaped("a\n\x1b\u202e\U0001f600") == r"a\n\x1b\u202e\U0001f600"


ANSWERS = sorted(
    {tool.answer for tool in TOOLS.values()} | set(ToolAnswer.__subclasses__()), key=lambda one: one.__name__
)
OWN_WORDS = {("Failure", "detail"), ("UnreadRow", "problem")}
"""Made by our own code, of quoted parts; the first by the paper venue, and read as free text."""


def bare_texts(model: type[BaseModel]) -> list[str]:
    """The fields of a model that take any text as it comes."""
    return [
        name
        for name, field in model.model_fields.items()
        if _takes_text(field)
        and not field.metadata
        and not _is_quoted(field.annotation)
        and (model.__name__, name) not in OWN_WORDS
    ]


def _takes_text(field: FieldInfo) -> bool:
    annotation: Any = field.annotation
    return str in (annotation, *get_args(annotation))


def _is_quoted(annotation: Any) -> bool:
    return any(getattr(one, "__metadata__", ()) for one in get_args(annotation))


@pytest.mark.parametrize("model", ANSWERS, ids=lambda model: model.__name__)
def test_no_answer_has_a_text_field_that_takes_any_text(model: type[BaseModel]) -> None:
    """`Named`, `Titled` or `FreeText` (core/contract/scalars.py) is the type of a text in an answer."""
    assert bare_texts(model) == []


def test_only_one_module_makes_clean_answers() -> None:
    """Whoever made one elsewhere would have a second door."""
    root = Path(__file__).parents[2]
    makers = [
        path.relative_to(root).as_posix()
        for path in sorted((root / "actors").rglob("*.py"))
        if "CleanResponse(" in path.read_text(encoding="utf-8")
    ]
    assert makers == ["actors/mcp/cleaned.py"]
