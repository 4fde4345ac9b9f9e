"""Both parsers of PyYAML read a file alike, and none of it ends the process."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from core import lined_yaml
from core.errors import ConfigError
from core.lined_yaml import DEPTH_MAX, LinedYaml, Place, parse_lined_value, parse_lined_yaml

ROOT = Path(__file__).resolve().parents[2]
FILE = Path("strategy.yaml")
KEYS = st.text("abé_ -:#'\"\n😀", max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | KEYS | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


@pytest.fixture(autouse=True)
def _both() -> None:
    if lined_yaml._QUICK is None:
        pytest.skip("PyYAML was built without libyaml")


def found(text: str) -> LinedYaml | str:
    try:
        return parse_lined_yaml(text, FILE)
    except ConfigError as error:
        return str(error)


def found_slowly(text: str) -> LinedYaml | str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lined_yaml, "_QUICK", None)
        return found(text)


@pytest.mark.parametrize("path", ["strategy.yaml", "lab/workloads/w1.yaml"])
def test_a_file_of_ours_is_the_same_by_both(path: str) -> None:
    text = (ROOT / path).read_text("utf-8")
    assert isinstance(found(text), LinedYaml)
    assert found(text) == found_slowly(text)


@given(st.dictionaries(KEYS, VALUES, max_size=4), st.booleans(), st.booleans())
def test_what_yaml_writes_is_the_same_by_both(values: dict[str, object], flow: bool, plain: bool) -> None:
    text = yaml.safe_dump(values, default_flow_style=flow, allow_unicode=plain)
    assert found(text) == found_slowly(text)


@given(st.text("ab:-[]{}'\"&*|>%@`#, \n\r\\0é", max_size=25))
def test_any_text_is_the_same_by_both(text: str) -> None:
    assert found(text) == found_slowly(text)


@pytest.mark.parametrize(
    "text", ["a: 1\t\n", "a: !\n", "\n\ufeff\\n^)a: ~e\n", "a: ...\n\ufeff", "a: >-#b\n", "{?a}"]
)
def test_what_libyaml_reads_otherwise_is_left_to_the_other(text: str) -> None:
    assert found(text) == found_slowly(text)


@pytest.mark.parametrize("depth", [DEPTH_MAX - 1, DEPTH_MAX, 20_000])
def test_brackets_of_any_depth_are_read_or_refused(depth: int) -> None:
    read = found(f"a: {'[' * depth}{']' * depth}")
    if depth < DEPTH_MAX:  # The file itself is one more.
        assert isinstance(read, LinedYaml)
    else:
        assert str(read).startswith("strategy.yaml: expected settings, found brackets nested too deeply")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (f"0x{'f' * 5000}", "expected a decimal number, found 0xff"),
        ("0x_", "expected a valid int, found '0x_'"),
        ("0b_", "expected a valid int, found '0b_'"),
        (f"1{'_0' * 3000}", "expected a decimal number, found 1_0_0"),
        (f"1{':00' * 3000}", "expected a "),
        (f"!{'t' * 5000} 1", "expected "),
        (f"!{'t' * 5000} [1]", "expected plain values, found the tag !tt"),
    ],
)
def test_a_number_or_tag_of_any_length_is_refused_in_few_words(value: str, told: str) -> None:
    line = str(found(f"a: {value}\n"))
    assert line.startswith(f"strategy.yaml:1: {told}")
    assert len(line) < 500
    assert line == found_slowly(f"a: {value}\n")


def test_what_an_option_gives_for_a_key_has_the_option_for_its_place() -> None:
    given_as = Place.of_option("--set a.b=…")
    read = parse_lined_value("{c: [1]}", ("a", "b"), given_as)
    assert read.values == {"a": {"b": {"c": [1]}}}
    assert set(read.places) == {("a",), ("a", "b"), ("a", "b", "c"), ("a", "b", "c", 0)}
    assert str(read.place_of(("a", "b", "c", 0))) == str(given_as) == "--set a.b=…"


def test_what_has_no_place_stands_where_it_would_stand() -> None:
    read = parse_lined_yaml("a:\n  b: 1\n", FILE)
    assert [str(read.place_of(path)) for path in (("a", "b"), ("a", "x"), ("y",))] == [
        "strategy.yaml:2",
        "strategy.yaml:1",
        "strategy.yaml:1",
    ]


def test_a_key_of_too_many_parts_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"^--set: expected a key of at most 50 parts, found 51$"):
        parse_lined_value("1", ("a",) * (DEPTH_MAX + 1), Place.of_option("--set"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[1]", "strategy.yaml:1: expected keys and values, found list"),
        ("a: 1\na: 2\n", "strategy.yaml:2: a: expected once, found again"),
        ("a: 1\n2: 3\n", "strategy.yaml:2: expected a key of text, found 2"),
        ("a: &b 1\nc: *b\n", "strategy.yaml:2: expected YAML: expected plain values, found an alias"),
        ("a: \0", "strategy.yaml: expected YAML: unacceptable character"),
        ("a: [", "strategy.yaml:1: expected YAML: "),
    ],
)
def test_what_settings_may_not_hold_is_told_with_its_line(text: str, told: str) -> None:
    assert str(found(text)).startswith(told)


def test_an_empty_text_is_an_empty_mapping() -> None:
    assert found("") == LinedYaml({}, {(): Place(FILE, 1)})
