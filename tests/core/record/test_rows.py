"""The rows of a record: plain text that any reader of CSV takes."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest

from core.messages.recorder import KeepReading, ReadFor, RecordSeries, SeriesRow
from core.record.rows import CHAIN_COLUMNS, SERIES_COLUMNS, chain_rows, csv_text, plain, series_rows
from core.values import OptionType
from tests.core.example_market import NOW, SPOT_USD, chain_of, wire_quote

READ_AT = NOW + timedelta(seconds=1)


def rows_of(*quotes: dict[str, object]) -> list[dict[str, str]]:
    reading = KeepReading(
        reader=ReadFor.ENTRY,
        slot=NOW,
        at=READ_AT,
        cycle_id="entry-20260112T140000Z",
        spot_usd=3000.5,
        dvol=65.25,
        chain=chain_of(list(quotes)),
        inputs={},
    )
    text = csv_text((CHAIN_COLUMNS, *chain_rows(reading))).decode()
    return list(csv.DictReader(io.StringIO(text)))


def test_a_row_holds_a_quote_with_the_prices_as_they_came() -> None:
    wire = wire_quote(OptionType.PUT, 2700.0, bid_size=12.5, ask_size=7)
    (row,) = rows_of(wire)
    assert row["instrument_name"] == wire["instrument_name"]
    assert (row["bid_price"], row["ask_price"]) == (wire["bid"], wire["ask"])
    assert (row["bid_size"], row["ask_size"]) == ("12.5", "7")
    assert float(row["implied_volatility"]) == pytest.approx(wire["mark_iv"] / 100.0, abs=1e-8)
    assert (row["underlying"], row["index_price"], row["dvol"]) == (f"{SPOT_USD:g}", "3000.5", "65.25")
    assert (row["timestamp"], row["read_at"]) == ("2026-01-12T14:00:00Z", "2026-01-12T14:00:01Z")
    assert (row["reader"], row["faults"]) == ("entry", "")


def test_an_empty_side_is_empty() -> None:
    (row,) = rows_of(wire_quote(OptionType.PUT, 2700.0, bid=None))
    assert row["bid_price"] == ""


def test_a_broken_quote_is_kept_with_its_faults_and_what_is_no_number_is_empty() -> None:
    (row,) = rows_of(wire_quote(OptionType.CALL, 3300.0, ask="NaN", mark_iv=float("nan")))
    assert row["ask_price"] == row["implied_volatility"] == row["delta"] == ""
    assert "not_finite" in row["faults"].split("+")


def test_quotes_stand_by_expiry_puts_first_then_by_strike() -> None:
    names = [
        row["instrument_name"]
        for row in rows_of(
            wire_quote(OptionType.CALL, 3300.0),
            wire_quote(OptionType.PUT, 2800.0),
            wire_quote(OptionType.PUT, 2700.0),
        )
    ]
    assert names == ["ETH-23JAN26-2700-P", "ETH-23JAN26-2800-P", "ETH-23JAN26-3300-C"]


def test_a_series_has_a_row_a_figure_and_leaves_out_what_it_has_not() -> None:
    bar = SeriesRow(series=RecordSeries.DVOL, at=NOW, open=60.0, high=61.5, low=59.0, close=60.5)
    event = SeriesRow(series=RecordSeries.EVENT, at=NOW, label='CPI, "core"', country="US")
    text = csv_text((SERIES_COLUMNS, *series_rows(READ_AT, (bar, event)))).decode()
    first, second = csv.DictReader(io.StringIO(text))
    assert (first["series"], first["high"], first["volume"]) == ("dvol_1h", "61.5", "")
    assert (second["label"], second["country"], second["close"]) == ('CPI, "core"', "US", "")


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (3000.0, "3000"),
        (0.08683044676279197, "0.08683044676279197"),
        (1e-05, "0.00001"),
        (1e22, "10000000000000000000000"),
        (-0.5, "-0.5"),
        (0.0, "0"),
        (float("inf"), ""),
    ],
)
def test_numbers_stand_in_plain_digits(number: float, text: str) -> None:
    assert plain(number) == text
