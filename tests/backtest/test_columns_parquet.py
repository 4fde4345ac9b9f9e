"""A Parquet file is read as the CSV file of the same rows, and refused for the same reasons, by row."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import InputError
from lab.backtest.columns import Columns, read_columns
from tests.backtest.mapped_file import HEADER, NAMES, csv_text, sound_rows

arrow: Any = pytest.importorskip("pyarrow", reason="the extra parquet is not installed")
parquet: Any = pytest.importorskip("pyarrow.parquet", reason="the extra parquet is not installed")

NUMBERS = HEADER[3:]
ROWS = len(sound_rows())


def sound_columns() -> dict[str, Any]:
    texts = dict(zip(HEADER, zip(*sound_rows(), strict=True), strict=True))
    return {
        "at": arrow.array(
            [datetime.fromisoformat(text) for text in texts["at"]], arrow.timestamp("us", "UTC")
        ),
        "expires": arrow.array([datetime.fromisoformat(text).date() for text in texts["expires"]]),
        "type": arrow.array(texts["type"]),
        **{name: arrow.array([float(text) for text in texts[name]]) for name in NUMBERS},
    }


def write(path: Path, **columns: Any) -> Path:
    parquet.write_table(arrow.table(sound_columns() | columns), path)
    return path


def plain(columns: Columns) -> list[list[float]]:
    return [list(column) for column in columns]


def refusal(path: Path, **columns: Any) -> str:
    with pytest.raises(InputError) as found:
        read_columns(write(path, **columns), NAMES)
    return str(found.value).removeprefix(str(path))


def texts(name: str) -> list[str]:
    return [row[HEADER.index(name)] for row in sound_rows()]


def moments(zone: str | None = "UTC", *, unit: str = "us", add: timedelta = timedelta(0)) -> Any:
    found = [datetime.fromisoformat(text) + add for text in texts("at")]
    return arrow.array([at.replace(tzinfo=None) for at in found], arrow.timestamp(unit)).cast(
        arrow.timestamp(unit, zone)
    )


FORMS: dict[str, Callable[[], dict[str, Any]]] = {
    "as it is": dict,
    "times without a zone": lambda: {"at": moments(None)},
    "nanoseconds": lambda: {"at": moments(unit="ns")},
    "a fraction of a second": lambda: {"at": moments(add=timedelta(seconds=0.5))},
    "times as texts": lambda: {"at": arrow.array(texts("at"))},
    "times as seconds": lambda: {"at": moments(unit="s").cast(arrow.int64())},
    "days as texts": lambda: {"expires": arrow.array(texts("expires")).dictionary_encode()},
    "days as midnights": lambda: {"expires": sound_columns()["expires"].cast(arrow.timestamp("ms"))},
    "types as a dictionary": lambda: {"type": arrow.array(texts("type")).dictionary_encode()},
    "types as bytes": lambda: {"type": arrow.array([text.encode() for text in texts("type")])},
    "strikes as texts": lambda: {"strike": arrow.array(texts("strike"))},
    "strikes as whole numbers": lambda: {"strike": arrow.array([int(text) for text in texts("strike")])},
    "strikes as decimals": lambda: {"strike": arrow.array([Decimal(text) for text in texts("strike")])},
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_column_is_read_as_the_csv_of_it(tmp_path: Path, form: str) -> None:
    csv = tmp_path / "chains.csv"
    csv.write_text(csv_text(sound_rows()), "utf-8")
    found = read_columns(write(tmp_path / "chains.parquet", **FORMS[form]()), NAMES)
    assert plain(found) == plain(read_columns(csv, NAMES))


def test_row_groups_are_read_as_one_column(tmp_path: Path) -> None:
    path = tmp_path / "chains.parquet"
    whole = plain(read_columns(write(path), NAMES))
    parquet.write_table(arrow.table(sound_columns()), path, row_group_size=7)
    assert plain(read_columns(path, NAMES)) == whole


def test_an_empty_price_is_no_quote(tmp_path: Path) -> None:
    found = read_columns(write(tmp_path / "chains.parquet", bid=arrow.nulls(ROWS, arrow.float64())), NAMES)
    assert set(found.bids_eth) == {0.0}
    assert set(found.asks_eth) == {0.0105}


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("at", None, "a day such as .*, found ''; the field is empty"),
        (
            "at",
            datetime(1999, 1, 1, tzinfo=UTC),
            "a day such as .*, between the years 2009 and 2100, found '1999-01-01",
        ),
        (
            "at",
            datetime(2026, 1, 5, 13, tzinfo=UTC),
            "a time not before 2026-01-05T14:00:00Z of the row above",
        ),
        ("type", None, "'p' for a put or another text for a call, found ''"),
        ("type", "X", "'p' for a put or 'c' for a call, found 'X'"),
        ("strike", float("nan"), "a strike in USD, a number from 1 to .*, found 'nan'"),
        ("strike", float("inf"), "a strike in USD, .*, found 'inf'"),
        ("strike", 2512.5, "a strike in whole USD, found '2512.5'"),
        ("strike", 2100.0, "each strike once in a side of an expiry of a snapshot, found '2100.0'"),
        ("index", None, "a number, found ''; the field is empty"),
        ("index", 0.0, "the index in USD"),
        ("bid", float("nan"), "a price in ETH, a number from 0 to 100, found 'nan'"),
        ("ask", float("inf"), "a price in ETH, a number from 0 to 100, found 'inf'"),
        ("bid", 0.5, "at most the ask price of 0.0105 ETH, found '0.5'"),
        ("mark", 31.5, "about 1 ETH at most"),
        ("iv", 65.0, "a fraction such as 0.65, .*; if the file has percent, divide by 100"),
        ("delta", None, "a number, found ''"),
        ("delta", -0.3, "a number from 0 to 1 for a call, found '-0.3'"),
    ],
)
def test_names_row_column_what_was_expected_and_found(
    tmp_path: Path, name: str, value: object, expected: str
) -> None:
    column = sound_columns()[name]
    values = column.to_pylist()
    values[9] = value
    told = refusal(tmp_path / "chains.parquet", **{name: arrow.array(values, column.type)})
    with pytest.raises(InputError, match=f"^, row 10: {name}: expected {expected}"):
        raise InputError(told)


@pytest.mark.parametrize(
    ("name", "column", "expected"),
    [
        ("type", [1] * ROWS, "expected text, found the type int64"),
        ("type", [True] * ROWS, "expected text, found the type bool"),
        ("bid", [[1.0]] * ROWS, "expected numbers, found the type list<"),
        ("bid", [True] * ROWS, "expected numbers, found the type bool"),
        ("strike", [timedelta(1)] * ROWS, r"expected numbers, found the type duration\[us\]"),
        ("at", [0.5] * ROWS, "expected a day such as .* found the type double"),
    ],
)
def test_names_the_column_that_is_of_another_type(
    tmp_path: Path, name: str, column: Sequence[object], expected: str
) -> None:
    told = refusal(tmp_path / "chains.parquet", **{name: arrow.array(column)})
    with pytest.raises(InputError, match=f"^: {name}: {expected}"):
        raise InputError(told)


@pytest.mark.parametrize("text", ["x", "", "1_0", " 2900", "2900,0"])
def test_a_text_that_is_no_number_is_told_by_row(tmp_path: Path, text: str) -> None:
    strikes = [*texts("strike")[:9], text, *texts("strike")[10:]]
    told = refusal(tmp_path / "chains.parquet", strike=arrow.array(strikes))
    assert told.startswith(f", row 10: strike: expected a number, found {text!r}")


def test_times_that_python_does_not_know_are_told_by_row(tmp_path: Path) -> None:
    for unit, value in (("s", 2**45), ("ns", 1)):
        column = arrow.array([value] * ROWS, arrow.int64()).cast(arrow.timestamp(unit))
        assert refusal(tmp_path / "chains.parquet", at=column).startswith(
            ", row 1: at: expected a day such as"
        )


def test_refuses_a_table_without_rows_or_with_a_column_twice(tmp_path: Path) -> None:
    path, table = tmp_path / "chains.parquet", arrow.table(sound_columns())
    for wrong, expected in (
        (table.slice(0, 0), "expected from 1 to 20,000,000 rows, found 0"),
        (table.append_column("bid", table["ask"]), "expected the column 'bid' once, found it 2 times"),
        (table.drop_columns(["iv"]), "expected columns iv, found at, expires"),
        (table.drop_columns(["type"]), "expected columns type, found at, expires"),
    ):
        parquet.write_table(wrong, path)
        with pytest.raises(InputError) as found:
            read_columns(path, NAMES)
        assert str(found.value).startswith(f"{path}: {expected}")


def problem_of(path: Path) -> str:
    """Why a file is refused; "" if it is not."""
    try:
        read_columns(path, NAMES)
    except InputError as error:
        return str(error)
    return ""


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_damage_is_read_or_refused_by_name(tmp_path: Path, data: st.DataObject) -> None:
    """Bytes replaced and cut: nothing but an `InputError` that names the file ever comes of it."""
    path = write(tmp_path / "chains.parquet")
    whole = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        begin = data.draw(st.integers(0, len(whole)))
        end = min(len(whole), begin + data.draw(st.integers(0, 4)))
        whole[begin:end] = data.draw(st.binary(max_size=4))
    path.write_bytes(whole)
    told = problem_of(path)
    assert not told or told.startswith(str(path))
    assert told.isprintable()
    assert len(told) < 1000


def test_shows_what_is_wrong_without_what_upsets_a_terminal(tmp_path: Path) -> None:
    path = tmp_path / "chains.parquet"
    parquet.write_table(arrow.table({"\x1b[2J" + "x" * 5000: [1]}), path)
    told = problem_of(path)
    assert told.startswith(f"{path}: expected columns at, expires")
    assert told.isprintable()
    assert len(told) < 1000


def test_says_how_to_get_what_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "chains.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InputError, match="Parquet needs the extra"):
        read_columns(path, NAMES)
