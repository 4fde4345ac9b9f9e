"""Every row of a mapped file is looked at, and what is wrong is told with line, column and what is there."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigError, InputError
from core.values import OptionType
from gateway.paper.instruments import option
from lab.backtest.column_map import ColumnMap, read_map
from tests.backtest.mapped_file import (
    HEADER,
    NAMES,
    STRIKES,
    changed_rows,
    csv_text,
    market_of,
    sound_rows,
)

SPOILERS = (b"\n", b",", b'"', b"\x00", b"-", b"e9", b"\xff", b"nan", b"\n\n", b"Z")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "chains.csv"


def refusal(path: Path, text: str, names: ColumnMap = NAMES) -> str:
    """Why the file is refused; nothing of it may be kept then. Fails if it is taken."""
    path.write_text(text, "utf-8")
    with pytest.raises(InputError) as found:
        market_of(path, names)
    assert not list(path.parent.glob("cache/*"))
    return str(found.value)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("at", "2026-01-04T14:00:00Z"),
        ("at", "2026-01-05T16:00:00Z"),
        ("expires", "2025-12-26"),
        ("type", "x"),
        ("strike", "2512.5"),
        ("index", "3300"),
        ("bid", "0.02"),
        ("bid", "-0.01"),
        ("delta", "9"),
    ],
)
def test_one_wrong_field_is_told_in_whichever_row_it_stands(path: Path, field: str, text: str) -> None:
    """In all but the first and the last of each run: a time there may be that of a snapshot of its own."""
    for row in range(len(sound_rows())):
        if row % len(STRIKES) in (0, len(STRIKES) - 1):
            continue
        told = refusal(path, csv_text(changed_rows(row, **{field: text})))
        # A time between two snapshots is wrong by the row below it.
        assert told.startswith((f"chains.csv, line {row + 2}: {field}", f"chains.csv, line {row + 3}: at")), (
            told
        )


def test_a_row_of_the_other_side_within_a_side_is_told(path: Path) -> None:
    told = refusal(path, csv_text(changed_rows(4, type="p", delta="-0.3")))
    assert told == (
        "chains.csv, line 7: type: expected the rows of one side of an expiry of a snapshot together, "
        "found 'c'; sort the rows by time, expiration, kind and strike"
    )


def test_a_row_of_another_time_within_a_side_is_told(path: Path) -> None:
    told = refusal(path, csv_text(changed_rows(4, at="2026-01-05T13:00:00Z")))
    assert told.startswith(
        "chains.csv, line 6: at: expected a time not before 2026-01-05T14:00:00Z of the row above, "
        "found '2026-01-05T13:00:00Z'; rows have to be in the order of their times"
    )


@pytest.mark.parametrize(
    ("field", "text", "expected"),
    [
        ("at", "yesterday", "a day such as 2026-01-05 or a time such as 2026-01-05T14:00:00Z, found 'yest"),
        ("at", "1767607200", "a day such as .* or a time"),
        ("at", "", "a day such as .*, found ''; the field is empty"),
        ("at", "9999-12-31", "a day such as .*, between the years 2009 and 2100, found '9999"),
        ("at", "2026-01-05T14:00:30Z", "2026-01-05T14:00:00Z as in the row above, or a minute later"),
        (
            "expires",
            "2020-01-01",
            "an option that has not expired by 2026-01-05T14:00:00Z, found '2020-01-01'",
        ),
        ("expires", "2026-01-16T00:00:00Z", "a day, or 08:00 UTC of it, when options expire, found"),
        ("type", "P", "'p' for a put or 'c' for a call, found 'P'"),
        ("type", "", "'p' for a put or 'c' for a call, found ''"),
        ("strike", "2512.5", "a strike in whole USD, found '2512.5'"),
        ("strike", "-100", r"a strike in USD, a number from 1 to 1e\+06, found '-100'"),
        ("strike", "0", "a strike in USD"),
        ("strike", "", "a number, found ''; the field is empty"),
        ("strike", "2100", "each strike once in a side of an expiry of a snapshot, found '2100'"),
        ("index", "0", "the index in USD, a number from 1 to"),
        ("index", "", "a number, found ''; the field is empty"),
        ("index", "-3000", "the index in USD"),
        ("index", "3200", "within 5% of 3000 of the snapshot's first row, found '3200'"),
        ("bid", "0.5", "at most the ask price of 0.0105 ETH, found '0.5'"),
        ("bid", "-0.01", "a price in ETH, a number from 0 to 100, found '-0.01'"),
        ("ask", "-0.01", "a price in ETH, a number from 0 to 100, found '-0.01'"),
        ("ask", "310.5", "a price in ETH, .*, found '310.5'; if the file has prices in USD, divide them"),
        ("bid", "1_0", "a number, found '1_0'; write it without marks between groups of digits"),
        ("bid", "٠.١", "a number, found '٠.١'; write it in the digits 0 to 9"),
        ("bid", " 0.01", "a number, found ' 0.01'; write it without spaces"),
        ("bid", "nan", "a number, found 'nan'"),
        ("ask", "inf", "a number, found 'inf'"),
        ("ask", "1e999", "a price in ETH, a number from 0 to 100, found '1e999'"),
        ("mark", "31.5", "about 1 ETH at most, more than which the option can't be worth, found '31.5'; if"),
        ("mark", "-5", "a price in ETH"),
        ("mark", "", "a number, found ''; the field is empty"),
        ("iv", "65", "a fraction such as 0.65, .*, found '65'; if the file has percent, divide by 100"),
        ("iv", "-0.5", "a fraction such as 0.65, a number from 0 to 10, found '-0.5'$"),
        ("delta", "9", "a number from 0 to 1 for a call, found '9'"),
        ("delta", "-0.3", "a number from 0 to 1 for a call, found '-0.3'"),
        ("delta", "", "a number, found ''; the field is empty"),
    ],
)
def test_names_line_column_what_was_expected_and_found(
    path: Path, field: str, text: str, expected: str
) -> None:
    told = refusal(path, csv_text(changed_rows(9, **{field: text})))
    with pytest.raises(InputError, match=f"^chains.csv, line 11: {field}: expected {expected}"):
        raise InputError(told)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "line 0: expected a header, found an empty file"),
        (csv_text([]), "line 1: expected rows below the header, found none"),
        (csv_text(sound_rows(), (*HEADER[:-1], "bid")), "line 1: expected the column 'bid' once, found it 2"),
        (
            csv_text(sound_rows(), (*HEADER[:-1], "Delta")),
            "line 1: expected the column 'delta', found 'Delta'",
        ),
        (
            csv_text([*sound_rows()[:9], [], *sound_rows()[9:]]),
            "line 11: expected a row, found an empty line",
        ),
        (csv_text([*sound_rows(), ["2026-01-06"]]), "line 82: expected 10 fields as in the header, found 1"),
        (csv_text([[*row, "x"] for row in sound_rows()]), "line 2: expected 10 fields .* found 11"),
        (csv_text(changed_rows(9, bid="1" * 200_000)), "line 11: expected 10 fields as in the header"),
        (csv_text(sound_rows()[::-1]), "line 42: at: expected a time not before 2026-01-05T18:00:00Z of"),
        (csv_text([row for row in sound_rows() for _ in "ab"]), "line 3: strike: expected each strike once"),
    ],
)
def test_refuses_a_file_that_is_not_what_it_seems(path: Path, text: str, expected: str) -> None:
    with pytest.raises(InputError, match=f"^chains.csv, {expected}"):
        raise InputError(refusal(path, text))


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.csv.gz", b"no archive", "a.csv.gz, line 0: expected a gzipped file, found another"),
        ("a.csv", csv_text(sound_rows()).encode("utf-16"), "a.csv, line 0: expected UTF-8, found the byte"),
        ("a.csv", b"\x1f\x8b", "a.csv, line 0: expected plain text, found a gzipped file"),
    ],
)
def test_names_the_file_whose_bytes_are_none_of_its_form(
    tmp_path: Path, name: str, content: bytes, expected: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=f"^{expected}"):
        market_of(tmp_path / name)


@pytest.mark.parametrize("damaged", [lambda whole: whole[:-9], lambda whole: whole[:-6] + bytes(6)])
def test_names_an_archive_that_is_damaged(tmp_path: Path, damaged: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(damaged(gzip.compress(csv_text(sound_rows()).encode(), mtime=0)))
    with pytest.raises(
        InputError, match=r"^a.csv.gz, line \d+: can't be read: .*; it was cut off or damaged"
    ):
        market_of(path)


@given(st.data())
def test_any_damage_is_read_or_refused_by_name(data: st.DataObject) -> None:
    """Bytes replaced, inserted and cut: nothing but an `InputError` that names the file ever comes of it."""
    whole = bytearray(csv_text(sound_rows()).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        begin = data.draw(st.integers(0, len(whole)))
        end = min(len(whole), begin + data.draw(st.integers(0, 4)))
        whole[begin:end] = data.draw(st.one_of(st.binary(max_size=4), st.sampled_from(SPOILERS)))
    with TemporaryDirectory() as folder:
        path = Path(folder, "a.csv")
        path.write_bytes(whole)
        told = problem_of(path)
    assert not told or told.startswith("a.csv, line ")
    assert told.isprintable()


def problem_of(path: Path) -> str:
    """Why a file is refused; "" if it is not."""
    try:
        market_of(path)
    except InputError as error:
        return str(error)
    return ""


def test_takes_what_can_only_be_meant_in_one_way(path: Path) -> None:
    sound = csv_text(sound_rows())
    shuffled = sound_rows()
    shuffled[0], shuffled[5] = shuffled[5], shuffled[0]
    for text in ("\ufeff" + sound, sound.replace("\n", "\r\n"), sound + "\n", csv_text(shuffled)):
        path.write_text(text, "utf-8", newline="")
        market = market_of(path)
        expiry = market.expiries(market.start)[0]
        for kind in OptionType:
            assert sorted(market.side(market.start, expiry, kind)) == list(STRIKES)
        quote = market.quote(market.start, option(expiry, 2500, OptionType.PUT))
        assert quote is not None
        assert (quote.bid_units, quote.ask_units) == (100, 105)


def test_a_file_of_one_side_is_taken_if_its_text_is_known(path: Path) -> None:
    puts, calls = ([row for row in sound_rows() if row[2] == kind] for kind in "pc")
    path.write_text(csv_text(puts), "utf-8")
    assert market_of(path).last > market_of(path).start
    path = path.with_name("calls.csv")
    path.write_text(csv_text(calls), "utf-8")
    with pytest.raises(
        InputError, match=r"line 2: type: expected 'p' for a put in at least one row, found 'c'"
    ):
        market_of(path)
    market = market_of(path, NAMES.model_copy(update={"call": "c"}))
    expiry = market.expiries(market.start)[0]
    assert not market.side(market.start, expiry, OptionType.PUT)
    assert len(market.side(market.start, expiry, OptionType.CALL)) == len(STRIKES)


def test_a_text_that_is_neither_side_is_told_where_both_are_named(path: Path) -> None:
    names = NAMES.model_copy(update={"call": "call"})
    told = refusal(path, csv_text(sound_rows()), names)
    assert told == "chains.csv, line 2: type: expected 'p' for a put or 'call' for a call, found 'c'"
    told = refusal(path, csv_text(sound_rows()), NAMES.model_copy(update={"put": "zzz"}))
    assert told == "chains.csv, line 22: type: expected 'zzz' for a put or 'c' for a call, found 'p'"


def test_a_column_that_is_of_two_fields_is_told_with_its_line(tmp_path: Path) -> None:
    lines = [f"{field}: {column}" for field, column in NAMES.model_dump().items() if isinstance(column, str)]
    lines = [line for line in lines if not line.startswith(("time_of_day", "dvol"))]
    number = next(number for number, line in enumerate(lines, start=1) if line.startswith("ask:"))
    lines[number - 1] = "ask: bid"
    path = tmp_path / "map.yaml"
    path.write_text("\n".join(lines), "utf-8")
    with pytest.raises(ConfigError) as found:
        read_map(path)
    assert str(found.value) == (
        f"{path}:{number}: ask: expected a column of its own, found 'bid', which holds bid"
    )
