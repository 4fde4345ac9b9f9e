"""Both parsers of PyYAML read a file alike, and none of it ends the process."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from core import lined_yaml
from core.errors import ConfigError
from core.lined_yaml import DEPTH_MAX, LinedYaml, parse_lined_yaml

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
