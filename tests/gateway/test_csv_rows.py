"""Files as people and machines leave them: read if they can mean one thing only, refused by name if not."""

from __future__ import annotations

import gzip
import os
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from gateway.paper import csv_rows
from gateway.paper.csv_rows import CsvRows, files_of
from gateway.paper.recorded import RecordedMarket
from gateway.paper.recorded_files import RecordedSnapshot, read_snapshots
from tests.gateway.record_folder import (
    CALL,
    CHAIN_FILE,
    HEADER,
    PUT,
    ROWS,
    SECOND,
    THIRD,
    row,
    write_record,
)

PLAIN = "\n".join([HEADER, *ROWS]) + "\n"
SPOILERS = (
    "٣".encode(),
    b"1e999",
    b"nan",
    b"-",
    b"\n",
    b"\r",
    b"\x00",
    b'"',
    b",",
    b"\xef\xbb\xbf",
    b"+14:00",
)
SOUND = row(THIRD, PUT, 3000.0, "0.0110", "0.0120")


@pytest.fixture
def chains(tmp_path: Path) -> Path:
    """A folder of chains without a file in it."""
    folder = write_record(tmp_path)
    (folder / CHAIN_FILE).unlink()
    return folder


def read(chains: Path, content: bytes, name: str = "a.csv") -> list[RecordedSnapshot]:
    (chains / name).write_bytes(content)
    return read_snapshots(chains)


def refusal(chains: Path, content: bytes, name: str = "a.csv") -> str:
    with pytest.raises(InputError) as caught:
        read(chains, content, name)
    return str(caught.value)


def changed(**fields: str) -> bytes:
    """One row with some fields written otherwise."""
    values = dict(zip(HEADER.split(","), SOUND.split(","), strict=True)) | fields
    return f"{HEADER}\n{','.join(values.values())}\n".encode()


@pytest.mark.parametrize(
    "content",
    [
        PLAIN.encode(),
        b"\xef\xbb\xbf" + PLAIN.encode(),
        PLAIN.replace("\n", "\r\n").encode(),
        PLAIN.replace("\n", "\r").encode(),
        PLAIN.encode() + b"\n\r\n\n",
        PLAIN.rstrip("\n").encode(),
        PLAIN.replace("ETH-16JAN26-2800-P", '"ETH-16JAN26-2800-P"').replace("0.0130", '"0.0130"').encode(),
        PLAIN.replace("2026-01-05T04:00:00Z", "2026-01-05T05:00:00+01:00").encode(),
    ],
    ids=["plain", "bom", "crlf", "cr", "blank end", "no last line end", "quoted", "another zone"],
)
def test_reads_what_can_only_be_meant_in_one_way(chains: Path, content: bytes) -> None:
    expected = read(chains, PLAIN.encode())
    assert [s[:3] for s in read(chains, content)] == [s[:3] for s in expected]
    assert expected[1].at == SECOND


@pytest.mark.parametrize("name", ["A.CSV", "A.Csv.GZ", "a.csv.gz"])
def test_reads_a_name_in_any_case(chains: Path, name: str) -> None:
    content = gzip.compress(PLAIN.encode()) if name.lower().endswith("gz") else PLAIN.encode()
    assert len(read(chains, content, name)) == 2


def test_leaves_out_what_a_mac_and_an_editor_leave_behind(chains: Path) -> None:
    for name in ("._a.csv", ".DS_Store", ".a.csv.swp", "README.md", "a.csv.bak"):
        (chains / name).write_bytes(b"\x00\x05\x16\x07")
    assert len(read(chains, PLAIN.encode())) == 2
    assert len(files_of(chains)[1]) == 5


@pytest.mark.parametrize("name", ["b.csv.zst", "b.parquet", "b.csv.xz", "b.zip", "b.XLSX", "b.gz", "b.tsv"])
def test_refuses_a_part_of_the_record_that_it_can_not_read(chains: Path, name: str) -> None:
    (chains / name).write_bytes(b"(\xb5/\xfd")
    assert refusal(chains, PLAIN.encode()).startswith(f"{name}: expected .csv or .csv.gz, found")


@pytest.mark.parametrize(
    ("field", "text", "expected"),
    [
        ("ask_price", "300000", "a price in ETH, a number from 0 to 100, found '300000'"),
        ("bid_price", "1e400", "a price in ETH, a number from 0 to 100"),
        (
            "bid_price",
            "30.5",
            "at most 0.9333 ETH, more than which the option can't be worth, found '30.5'; if",
        ),
        ("bid_price", "0.0125", "at most the ask price of 0.0120 ETH, found '0.0125'"),
        ("bid_price", "0", "a price above 0, found '0'; leave the field empty if nobody quotes"),
        ("bid_price", "0.00001", "a price on the tick grid"),
        ("bid_price", "-0.01", "a price in ETH, a number from 0 to 100"),
        ("bid_price", "1_0", "a price in ETH, found '1_0'"),
        ("implied_volatility", "65.0", "a fraction such as 0.65, a number from 0.01 to 10, found '65.0'; if"),
        ("implied_volatility", "0", "a fraction such as 0.65, a number from 0.01 to 10, found '0'"),
        ("implied_volatility", "65%", "a fraction such as 0.65, found '65%'; write it as a fraction"),
        ("implied_volatility", "nan", "a fraction such as 0.65, found 'nan'"),
        ("implied_volatility", "Infinity", "a fraction such as 0.65, found 'Infinity'"),
        ("implied_volatility", "", "a fraction such as 0.65, found ''; the field is empty"),
        ("implied_volatility", "0x1p-1", "a fraction such as 0.65, found '0x1p-1'"),
        ("underlying", "3_000.5", "a forward in USD, found '3_000.5'; write it without marks between groups"),
        ("underlying", '"3,000.5"', "a forward in USD, found '3,000.5'; write it without marks between"),
        ("underlying", '"3000,5"', "a forward in USD, found '3000,5'; write a point in place of the comma"),
        ("underlying", "3 000", "a forward in USD, found '3 000'; write it without marks between groups"),
        ("underlying", "3.000.000", "a forward in USD, found '3.000.000'; write it without marks"),
        ("underlying", "3.000", "a forward of 0.5 to 2 times the index of 3000.0 USD, found '3.000'"),
        ("underlying", " 3000", "a forward in USD, found ' 3000'; write it without spaces"),
        ("underlying", "٣٠٠٠", "a forward in USD, found '٣٠٠٠'; write it in the digits 0 to 9"),
        ("underlying", "３０００", "a forward in USD, found '３０００'; write it in the digits 0 to 9"),
        ("underlying", "1e300", "a forward in USD, a number from 1 to 1e\\+06, found '1e300'"),
        ("underlying", "0.0312", "a forward in USD, a number from 1 to 1e\\+06"),
        ("index_price", "", "the index in USD, found ''"),
        ("index_price", "95000", "underlying: expected a forward of 0.5 to 2 times the index of 95000 USD"),
        ("open_interest", "-1", "a number from 0 to 1e\\+09, found '-1'"),
        ("volume", "1e12", "a number from 0 to 1e\\+09"),
        ("volume", "1'000", 'a number, found "1\'000"; write it without marks'),
        ("instrument_name", "BTC-16JAN26-90000-C", "an ETH option such as ETH-6JUL25-1500-P, found 'BTC-"),
        ("instrument_name", "ETH_USDC-16JAN26-2800-P", "an ETH option such as"),
        ("instrument_name", "ETH-16JAN26-2801-P", "a strike in steps of 5 USD, found 'ETH-16JAN26-2801-P'"),
        ("instrument_name", "ETH-16JAN26-2800.5-P", "an ETH option such as"),
        ("instrument_name", "ETH-16JAN26-٢٨٠٠-P", "an ETH option such as"),
        ("instrument_name", "eth-16jan26-2800-p", "an ETH option such as"),
        ("instrument_name", "ETH-30FEB26-2800-P", "an ETH option such as"),
        ("instrument_name", "ETH-2JAN26-2800-P", "an option that has not expired by 2026-01-05T10"),
        ("timestamp", "1767607200", "a time such as .*; a number doesn't say whether it counts seconds"),
        ("timestamp", "1767607200000000", "a time such as .*; a number doesn't say"),
        ("timestamp", "1767607200.5", "an ISO-8601 time such as"),
        ("timestamp", "2026-01-05T10:00:00", "a time with its zone, found .*; add Z to it"),
        ("timestamp", "2026-01-05", "a time with its zone"),
        ("timestamp", "05/01/2026 10:00", "an ISO-8601 time"),
        ("timestamp", "0001-01-01T00:00:00+14:00", "a time between the years 2009 and 2100"),
        ("timestamp", "9999-12-31T23:59:59-14:00", "a time between the years 2009 and 2100"),
        ("timestamp", "20٢6-01-05T10:00:00Z", "an ISO-8601 time"),
    ],
)
def test_names_line_column_value_and_what_was_expected(
    chains: Path, field: str, text: str, expected: str
) -> None:
    told = refusal(chains, changed(**{field: text}))
    if field == "index_price" and expected.startswith("underlying"):
        field, expected = "underlying", expected.partition("expected ")[2]
    with pytest.raises(InputError, match=f"^a.csv, line 2: {field}: expected {expected}"):
        raise InputError(told)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "line 0: expected a header, found an empty file"),
        (HEADER.encode() + b"\n", "line 1: expected rows below the header, found none"),
        (b"\n" + PLAIN.encode(), "line 1: expected the column 'timestamp', found ''"),
        (PLAIN.replace(",bid_price", ",bid").encode(), "line 1: expected the column 'bid_price', found"),
        (PLAIN.replace(",bid_price", ",Bid_Price").encode(), "'bid_price', found 'Bid_Price'; rename it"),
        (
            PLAIN.replace(",index_price", ", index_price").encode(),
            "'index_price', found ' index_price'; rename",
        ),
        (PLAIN.replace("mark_price", "ask_price").encode(), "the column 'ask_price' once, found it 2 times"),
        (PLAIN.replace(",", ";").encode(), "line 1: expected columns separated by commas, found 'timestamp;"),
        (
            PLAIN.replace("0.0130,", "0.0130").encode(),
            "line 2: expected 14 fields as in the header, found 13",
        ),
        (f"{HEADER}\n\n{ROWS[0]}\n".encode(), "line 2: expected a row, found an empty line with rows below"),
        (PLAIN.encode() + b"\n" * 200, "expected an end, found 100 empty lines"),
        (PLAIN.encode() + b"," * 13 + b"\n", "line 6: timestamp: expected an ISO-8601 time"),
        (PLAIN.replace("ETH-16JAN26-2800-P", '"ETH-16JAN26', 1).encode(), "can't be read as CSV"),
        (PLAIN.encode("utf-16"), "expected UTF-8, found the byte 0xff; save the file as UTF-8"),
        (PLAIN.replace("ETH-16JAN26,", "ÉTH,").encode("latin-1"), "expected UTF-8, found the byte 0xc9"),
        (gzip.compress(PLAIN.encode()), "line 0: expected plain text, found a gzipped file; call it .csv.gz"),
        (f"{HEADER}\n{'x' * 70_000},{SOUND}\n".encode(), "expected 14 fields as in the header"),
        (
            f"{HEADER}\n{ROWS[2]}\n{ROWS[0]}\n".encode(),
            r"later than 2026-01-05T04.* \(a.csv, line 2\), found",
        ),
        (f"{HEADER}\n{ROWS[0]}\n{ROWS[2]}\n{ROWS[1]}\n".encode(), "line 4: timestamp: expected a time later"),
        (f"{HEADER}\n{ROWS[0]}\n{ROWS[0]}\n".encode(), "line 3: .*stands twice"),
    ],
)
def test_refuses_a_file_that_is_not_what_it_seems(chains: Path, content: bytes, expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        read(chains, content)


def test_refuses_times_of_rows_where_a_snapshot_has_one(chains: Path) -> None:
    later = row(THIRD + timedelta(seconds=2), CALL, 3000.0, "0.0050", "0.0060")
    with pytest.raises(InputError, match=r"line 3: timestamp: .*a.csv, line 2, or one a minute later, found"):
        read(chains, f"{HEADER}\n{SOUND}\n{later}\n".encode())


def test_refuses_an_index_that_jumps_within_a_snapshot(chains: Path) -> None:
    jumped = row(THIRD, CALL, 3000.0, "0.0050", "0.0060", index=3200.0)
    with pytest.raises(
        InputError, match=r"line 3: index_price: expected within 5% of 3000 of the snapshot's"
    ):
        read(chains, f"{HEADER}\n{SOUND}\n{jumped}\n".encode())


def test_refuses_the_same_snapshots_in_two_files(chains: Path) -> None:
    (chains / "a.csv.gz").write_bytes(gzip.compress(PLAIN.encode()))
    told = refusal(chains, PLAIN.encode())
    assert "a.csv.gz, line 2: timestamp: expected a time later than" in told
    assert "(a.csv, line 4)" in told


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        (lambda whole: whole[:-9], "cut off or damaged"),
        (lambda whole: whole[:20], "cut off or damaged|expected rows"),
        (lambda whole: whole[:30] + b"\x00\xff" + whole[32:], "cut off or damaged"),
        (lambda whole: whole + b"garbage", "cut off or damaged"),
        (lambda whole: PLAIN.encode(), "expected a gzipped file, found another; call it .csv"),
    ],
)
def test_refuses_a_damaged_archive(chains: Path, broken: Callable[[bytes], bytes], expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        read(chains, broken(gzip.compress(PLAIN.encode(), mtime=0)), "a.csv.gz")


def test_refuses_what_is_no_file_without_waiting_for_it(chains: Path) -> None:
    (chains / "a.csv").mkdir()
    with pytest.raises(InputError, match=r"a.csv, line 0: expected a file, found a folder"):
        read_snapshots(chains)
    (chains / "a.csv").rmdir()
    os.mkfifo(chains / "a.csv")
    with pytest.raises(InputError, match=r"expected a file, found no plain file"):
        read_snapshots(chains)
    (chains / "a.csv").unlink()
    (chains / "a.csv").symlink_to("a.csv")
    with pytest.raises(InputError, match=r"a.csv, line 0: "):
        read_snapshots(chains)
    (chains / "a.csv").unlink()
    (chains / "a.csv").symlink_to("nowhere")
    with pytest.raises(InputError, match=r"a link that leads nowhere"):
        read_snapshots(chains)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_refuses_what_it_may_not_read(chains: Path) -> None:
    (chains / "a.csv").write_text(PLAIN, "utf-8")
    (chains / "a.csv").chmod(0)
    with pytest.raises(InputError, match=r"a.csv, line 0: can't be read: Permission denied"):
        read_snapshots(chains)


def test_shows_a_name_and_a_value_without_what_upsets_a_terminal(chains: Path) -> None:
    told = refusal(chains, changed(timestamp="\x1b[2J\u202e" + "9" * 5000), "a\nb\x1b.csv")
    assert told.isprintable()
    assert len(told) < 300


def test_takes_no_more_memory_than_its_limits_for_a_file_that_never_ends(tmp_path: Path) -> None:
    """An archive of 0.1 MB that holds 100 MB in one line."""
    path = tmp_path / "a.csv.gz"
    with gzip.open(path, "wb", compresslevel=9) as file:
        for _ in range(100):
            file.write(b"9" * 1_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=r"line 1: expected the column 'timestamp', found '9999"):
            list(CsvRows(path, ("timestamp",)))
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def problem_of(chains: Path) -> str:
    """Why a record is refused; "" if it is not."""
    try:
        RecordedMarket(chains, "move", 25.0, 0.05)
    except InputError as error:
        return str(error)
    return ""


@given(st.data())
def test_any_damage_to_any_file_is_read_or_refused_by_name(data: st.DataObject) -> None:
    """Bytes replaced, inserted and cut: nothing but an `InputError` that names the file ever comes of it."""
    with TemporaryDirectory() as folder:
        chains = write_record(Path(folder))
        path = data.draw(st.sampled_from(sorted(p for p in Path(folder).rglob("*.csv*") if p.is_file())))
        packed = path.read_bytes()
        whole = bytearray(gzip.decompress(packed) if path.suffix == ".gz" else packed)
        for _ in range(data.draw(st.integers(1, 3))):
            begin = data.draw(st.integers(0, len(whole)))
            end = min(len(whole), begin + data.draw(st.integers(0, 4)))
            whole[begin:end] = data.draw(st.one_of(st.binary(max_size=4), st.sampled_from(SPOILERS)))
        path.write_bytes(gzip.compress(bytes(whole), 1) if path.suffix == ".gz" else bytes(whole))
        told = problem_of(chains)
        assert told.isprintable()
        assert len(told) < 1000


def test_refuses_more_rows_than_it_is_made_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_rows, "ROWS_MAX", 2)
    (tmp_path / "a.csv").write_text("x\n1\n2\n3\n", "utf-8")
    with pytest.raises(InputError, match=r"line 4: expected at most 2 rows in one file; split it"):
        list(CsvRows(tmp_path / "a.csv", ("x",)))
