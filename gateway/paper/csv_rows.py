"""Reads every CSV file of a record, plain or gzipped, row by row with bounded memory, and corrects nothing.

What can only be meant in one way is read: a byte order mark, CRLF, quoted fields, empty lines at the end,
an upper-case file name. Whatever else is not as expected raises `InputError` with file, line, column, what
was expected, what was found and, where it is known, what to do.
"""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from io import TextIOWrapper
from operator import itemgetter
from pathlib import Path
from typing import Final, NoReturn

from core.errors import InputError
from core.plain_number import number_advice, plain_number
from files.plain import read_plain

YEARS: Final = (2009, 2100)
"""The first and the last year of a time that is believed."""
LINE_CHARACTERS_MAX: Final = 65_536
ROWS_MAX: Final = 5_000_000
"""Rows of one file: more than a year of hourly snapshots with 500 contracts."""
EMPTY_LINES_MAX: Final = 100
_FOUND_LENGTH_MAX: Final = 60
_ENDINGS: Final = (".csv", ".csv.gz")
_GZIP_MAGIC: Final = b"\x1f\x8b"
_PACKED: Final = ("gz", "zst", "zstd", "xz", "bz2", "br", "lz4", "zip", "7z", "tar", "tgz")
_FOREIGN_ENDINGS: Final = frozenset((*_PACKED, "parquet", "feather", "arrow", "xls", "xlsx", "ods", "tsv"))
"""Endings of files that may well hold a part of a record, in a form that is not read."""


def is_csv(path: Path) -> bool:
    """Whether a file is one to be read by its name. Hidden ones (`._a.csv` of a Mac) never are."""
    return path.name.lower().endswith(_ENDINGS) and not path.name.startswith(".")


def files_of(folder: Path) -> tuple[list[Path], list[Path]]:
    """The CSV files of a folder in the order of their names, and what else there is, which is not read.

    Raises `InputError` if the folder can't be read, or holds a file that may be a part of the record in
    another form: to leave it out would be a hole that nobody sees.
    """
    try:
        found = sorted(folder.iterdir())
    except OSError as error:
        raise InputError(f"{_shown(folder)}: expected a folder that can be read: {error.strerror}") from error
    others = [path for path in found if not is_csv(path)]
    for path in others:
        if path.name.lower().rpartition(".")[2] in _FOREIGN_ENDINGS and not path.name.startswith("."):
            raise InputError(
                f"{_shown(path.name)}: expected .csv or .csv.gz, found a file in another form; "
                "convert it to one of them, or move it out of the folder"
            )
    return [path for path in found if is_csv(path)], others


def series_file(folder: Path, stem: str) -> Path:
    """The one file `STEM.csv` or `STEM.csv.gz` of a folder.

    Raises `InputError` if there is none, or more than one.
    """
    named = [path for path in files_of(folder)[0] if stem_of(path) == stem]
    if not named:
        raise InputError(f"{stem}.csv.gz: expected this file (or {stem}.csv) in {_shown(folder)}, found none")
    if len(named) > 1:
        raise InputError(
            f"{_shown(folder)}: expected one file {stem}, found "
            f"{' and '.join(_shown(path.name) for path in named)}; move one of them out of the folder"
        )
    return named[0]


def content_of(path: Path) -> bytes:
    """The bytes of a file of a record. Raises `InputError` unless it is a plain file that can be read."""
    rows = CsvRows(path, ())
    try:
        with read_plain(path) as file:
            return file.read()
    except OSError as error:
        if not path.is_file():
            raise rows.not_a_file() from None
        raise rows.broken(f"can't be read: {error.strerror or error}") from error


def stem_of(path: Path) -> str:
    """The name in lower case without `.csv` or `.csv.gz`."""
    return path.name.lower().removesuffix(".gz").removesuffix(".csv")


class CsvRows:
    """The rows of one file; knows the line that is being read, for errors."""

    def __init__(
        self, path: Path, columns: Sequence[str], optional: Sequence[str] = (), rows_max: int | None = None
    ) -> None:
        """`columns` have to be there; a field of a missing `optional` one reads as "". `rows_max`: another
        limit than that of a record's files."""
        self.path = path
        self.line = 0
        self.optional_found: frozenset[str] = frozenset()
        """The optional columns that the file has, known once its first row is read."""
        self._columns = columns
        self._optional = optional
        self._rows_max = ROWS_MAX if rows_max is None else rows_max

    def __iter__(self) -> Iterator[Sequence[str]]:
        """Each row's fields in the order of `columns`, then of the optional ones."""
        self.line, count, empty_from = 0, 0, 0
        try:
            with self._opened() as file:
                # A longer line ends as one of too few or too many fields, without having been held in memory.
                lines = iter(partial(file.readline, LINE_CHARACTERS_MAX), "")
                reader = csv.reader(lines, strict=True)
                header = next(reader, [])
                self.line = 1
                places = self._places(header)
                width, pick = len(header), _picker(places)
                for row in reader:
                    self.line = reader.line_num
                    if not row:
                        empty_from = empty_from or self.line
                        if self.line - empty_from >= EMPTY_LINES_MAX:
                            raise self.broken(f"expected an end, found {EMPTY_LINES_MAX} empty lines")
                        continue
                    if empty_from:
                        self.line = empty_from
                        raise self.broken("expected a row, found an empty line with rows below it")
                    if len(row) != width:
                        raise self.broken(
                            f"expected {width} fields as in the header, found {len(row)}; "
                            "a field may hold a comma, or the line may be cut or very long"
                        )
                    count += 1
                    if count > self._rows_max:
                        raise self.broken(f"expected at most {self._rows_max:,} rows in one file; split it")
                    yield pick(row)
        except UnicodeDecodeError as error:
            found = f"0x{error.object[error.start]:02x}"
            raise self.broken(f"expected UTF-8, found the byte {found}; save the file as UTF-8") from error
        except csv.Error as error:
            raise self.broken(f"can't be read as CSV: {error}; a quote may be missing") from error
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise self.broken(f"can't be read: {error}; it was cut off or damaged, fetch it anew") from error
        except OSError as error:
            raise self.broken(f"can't be read: {error.strerror or error}") from error
        if count == 0:
            raise self.broken("expected rows below the header, found none")

    def broken(self, reason: str) -> InputError:
        """The error that names this file and the line being read."""
        return InputError(f"{_shown(self.path.name)}, line {self.line}: {reason}")

    def not_a_file(self) -> InputError:
        """The error about what stands in a file's place: reading a pipe or a device may never end."""
        return self.broken(f"expected a file, found {self._what_it_is()}")

    def wrong(self, column: str, expected: str, text: str, advice: str = "") -> InputError:
        """The error about one field of the line being read."""
        todo = f"; {advice}" if advice else ""
        return self.broken(f"{column}: expected {expected}, found {found_text(text)}{todo}")

    def number(
        self, column: str, text: str, low: float, high: float, *, of: str = "", advice: str = ""
    ) -> float:
        """`text` as a number in [low, high], in plain decimal digits.

        `of` says what it is and in which unit, `advice` what to do if it lies outside.
        """
        value = plain_number(text)
        if value is None:
            raise self.wrong(column, of or "a number", text, number_advice(text))
        if not low <= value <= high:
            within = f"a number from {low:g} to {high:g}"
            raise self.wrong(column, f"{of}, {within}" if of else within, text, advice)
        return value

    def time(self, column: str, text: str) -> datetime:
        """`text`, a time with its zone, in UTC."""
        if text.isdecimal():
            raise self.wrong(
                column,
                "a time such as 2026-01-05T14:00:00Z",
                text,
                "a number doesn't say whether it counts seconds, milliseconds or microseconds",
            )
        try:
            value = datetime.fromisoformat(text)
        except ValueError as error:
            raise self.wrong(column, "an ISO-8601 time such as 2026-01-05T14:00:00Z", text) from error
        if value.tzinfo is None:
            raise self.wrong(column, "a time with its zone", text, "add Z to it if it is in UTC")
        if not YEARS[0] < value.year < YEARS[1]:
            raise self.wrong(column, f"a time between the years {YEARS[0]} and {YEARS[1]}", text)
        return value.astimezone(UTC)

    def full_hour(self, column: str, text: str) -> datetime:
        """`text`, the beginning of an hour in UTC."""
        value = self.time(column, text)
        if value.minute or value.second or value.microsecond:
            raise self.wrong(column, "a full hour in UTC", text)
        return value

    def _opened(self) -> TextIOWrapper:
        if not self.path.is_file():
            raise self.not_a_file()
        gzipped = self.path.name.lower().endswith(".gz")
        with self.path.open("rb") as file:
            begin = file.read(len(_GZIP_MAGIC))
        if not begin:
            raise self.broken("expected a header, found an empty file")
        if gzipped and begin != _GZIP_MAGIC:
            raise self.broken("expected a gzipped file, found another; call it .csv if it is plain text")
        if not gzipped and begin == _GZIP_MAGIC:
            raise self.broken("expected plain text, found a gzipped file; call it .csv.gz")
        opener = gzip.open if gzipped else open
        return TextIOWrapper(opener(self.path, "rb"), encoding="utf-8-sig", newline="")

    def _what_it_is(self) -> str:
        if self.path.is_dir():
            return "a folder"
        return "no plain file" if self.path.exists() else "none; it may be a link that leads nowhere"

    def _places(self, header: list[str]) -> list[int]:
        """Where each column stands in the file; -1 for an optional one that is not there."""
        for name in (*self._columns, *self._optional):
            if header.count(name) > 1:
                raise self.broken(f"expected the column {name!r} once, found it {header.count(name)} times")
            if name not in header:
                self._refuse_lack(name, header)
        self.optional_found = frozenset(self._optional) & frozenset(header)
        return [header.index(name) if name in header else -1 for name in (*self._columns, *self._optional)]

    def _refuse_lack(self, name: str, header: list[str]) -> None:
        """Raise if the column has to be there, or is there in another spelling."""
        alike = [column for column in header if column.strip().lower() == name]
        if alike:
            raise self.broken(f"expected the column {name!r}, found {found_text(alike[0])}; rename it")
        if name in self._optional:
            return
        if len(header) == 1 and any(mark in header[0] for mark in ";\t|"):
            self._refuse_separator(header[0])
        raise self.broken(f"expected the column {name!r}, found {found_text(','.join(header), 200)}")

    def _refuse_separator(self, header: str) -> NoReturn:
        raise self.broken(f"expected columns separated by commas, found {found_text(header)}")


def _picker(places: list[int]) -> Callable[[list[str]], Sequence[str]]:
    """Takes the fields at these places out of a row; "" for a place below 0."""
    if len(places) > 1 and min(places) >= 0:
        return itemgetter(*places)
    return lambda row: ["" if place < 0 else row[place] for place in places]


def found_text(text: str, length_max: int = _FOUND_LENGTH_MAX) -> str:
    """What a file holds, fit for a message: quoted, escaped, and cut if it is long."""
    return repr(text) if len(text) <= length_max else f"{text[:length_max]!r}… ({len(text)} characters)"


def _shown(name: str | Path) -> str:
    """A file's name; one that would upset a terminal is escaped."""
    text = str(name)
    return text if text.isprintable() else repr(text)
