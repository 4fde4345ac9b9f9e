"""A record that was read once, kept as columns: the next run decodes only the expiries that rules look at.

A file is named by a digest of every file of the record, so another record never finds it, and ends with a
digest of its own: one that is damaged is made anew. Deleting the folder loses nothing but time.
"""

from __future__ import annotations

import hashlib
import json
import math
from array import array
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

from core.values import OptionType
from gateway.paper.csv_rows import content_of, files_of
from gateway.paper.instruments import option
from gateway.paper.recorded import Record, read_record
from gateway.paper.recorded_files import RecordedSnapshot, Slice, chain_files
from gateway.paper.recorded_series import FundingSeries, HourlySeries, ToldFunding
from gateway.paper.source import Bar, ScheduledRelease, VenueFunding
from lab.backtest.kept_file import DIGEST_LENGTH, mapped_kept, read_at_rest, write_kept

FORM: Final = b"cerbero-bite record 2\n"
"""The first line; another form has another number."""
COLUMNS: Final[tuple[tuple[str, Literal["d", "i", "b"]], ...]] = (
    ("forwards_usd", "d"),
    ("ivs", "d"),
    ("open_interests", "d"),
    ("volumes", "d"),
    ("bid_sizes", "d"),
    ("ask_sizes", "d"),
    ("bid_units", "i"),
    ("ask_units", "i"),
    ("strikes_usd", "i"),
    ("are_calls", "b"),
)
"""Widest first, so that each column begins at a multiple of its width."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_US: Final = timedelta(microseconds=1)


def kept_record(chains: Path, cache: Path) -> Record:
    """The record of a folder of chains. A cache that can't be written is done without.

    Raises `InputError` naming file, line and reason if the record is broken or missing, or does not rest.
    """
    digest = record_digest(chains)
    kept = _kept(_place(cache, digest))
    if kept is not None:
        return kept
    digest, record = read_at_rest(chains, digest, lambda: record_digest(chains), lambda: read_record(chains))
    _keep(_place(cache, digest), record)
    return record


def _place(cache: Path, digest: str) -> Path:
    return cache / f"{digest}.columns"


def record_digest(chains: Path) -> str:
    """A digest of the names and bytes of every file that a record is read from. Raises `InputError`."""
    digest = hashlib.sha256(FORM)
    for path in (*chain_files(chains), *files_of(chains.resolve().parent)[0]):
        content = content_of(path)
        digest.update(f"{path.name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


class _KeptSlices(Mapping[datetime, Slice]):
    """The expiries of one snapshot, each decoded when it is first looked at."""

    def __init__(self, columns: list[memoryview[Any]], places: dict[datetime, tuple[int, int]]) -> None:
        self._columns = columns
        self._places = places
        self._decoded: dict[datetime, Slice] = {}

    def __getitem__(self, expiry: datetime) -> Slice:
        known = self._decoded.get(expiry)
        if known is None:
            first, last = self._places[expiry]
            forwards, ivs, interests, volumes, bid_sizes, ask_sizes, bids, asks, strikes, calls = (
                column[first:last] for column in self._columns
            )
            kinds = (OptionType.CALL if call else OptionType.PUT for call in calls)
            instruments = tuple(
                option(expiry, strike, kind) for strike, kind in zip(strikes, kinds, strict=True)
            )
            known = Slice(
                instruments,
                forwards,
                bids,
                asks,
                ivs,
                interests,
                volumes,
                _sizes(bid_sizes),
                _sizes(ask_sizes),
            )
            self._decoded[expiry] = known
        return known

    def __iter__(self) -> Iterator[datetime]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def _kept(path: Path) -> Record | None:
    """The record in the file; None if there is none, or if it is not whole."""
    content = mapped_kept(path)
    if content is None:
        return None
    whole = memoryview(content)
    body, digest = whole[:-DIGEST_LENGTH], whole[-DIGEST_LENGTH:]
    if bytes(body[: len(FORM)]) != FORM or hashlib.sha256(body).digest() != digest:
        return None
    head_end = content.find(b"\n", len(FORM)) + 1
    head = json.loads(content[len(FORM) : head_end])
    rows, offset = head["rows"], head_end
    columns: list[memoryview[Any]] = []
    for _, code in COLUMNS:
        size = array(code).itemsize * rows
        columns.append(body[offset : offset + size].cast(code))
        offset += size
    return Record(
        list(_snapshots(head["snapshots"], columns)),
        _series(head["index"]),
        _series(head["dvol"]),
        [_funding(each) for each in head["funding"]],
        [ScheduledRelease(name, country, level, _time(at)) for name, country, level, at in head["events"]],
        [
            ToldFunding(
                _time(told_at), tuple(VenueFunding(name, rate, _time(at)) for name, rate, at in rates)
            )
            for told_at, rates in head["told"]
        ],
    )


def _snapshots(rows: list[Any], columns: list[memoryview[Any]]) -> Iterator[RecordedSnapshot]:
    first = 0
    for at_us, index_usd, dvol_pts, place, slices in rows:
        places = {}
        for expiry_us, count in slices:
            places[_time(expiry_us)] = (first, first + count)
            first += count
        yield RecordedSnapshot(_time(at_us), _KeptSlices(columns, places), index_usd, place, dvol_pts)


def _keep(path: Path, record: Record) -> None:
    """Write it whole or not at all."""
    arrays = [array(code) for _, code in COLUMNS]
    snapshots = []
    for snapshot in record.snapshots:
        slices = []
        for expiry, part in snapshot.slices.items():
            slices.append((_us(expiry), len(part.instruments)))
            _add(arrays, part)
        snapshots.append((_us(snapshot.at), snapshot.index_usd, snapshot.dvol_pts, snapshot.place, slices))
    head = {
        "rows": len(arrays[0]),
        "snapshots": snapshots,
        "index": _bars(record.hourly),
        "dvol": _bars(record.dvol),
        "funding": [
            (
                each.exchange,
                each.period / timedelta(hours=1),
                [(_us(point.at), point.hourly_rate) for point in each.all_points()],
            )
            for each in record.funding
        ],
        "told": [
            (_us(told.told_at), [(rate.name, rate.annualized_rate, _us(rate.at)) for rate in told.rates])
            for told in record.told
        ],
        "events": [(*event[:3], _us(event.scheduled_at)) for event in record.events],
    }
    text = json.dumps(head, separators=(",", ":")).encode()
    # Columns begin at a multiple of eight.
    padding = -(len(FORM) + len(text) + 1) % 8
    begin = FORM + text + b" " * padding + b"\n"
    write_kept(path, (begin, *(memoryview(values).cast("B") for values in arrays)))


def _add(arrays: list[array[Any]], part: Slice) -> None:
    forwards, ivs, interests, volumes, bid_sizes, ask_sizes, bids, asks, strikes, calls = arrays
    forwards.extend(part.forwards_usd)
    ivs.extend(part.ivs)
    interests.extend(part.open_interests)
    volumes.extend(part.volumes)
    none = [math.nan] * len(part.volumes)
    bid_sizes.extend(none if part.bid_sizes is None else part.bid_sizes)
    ask_sizes.extend(none if part.ask_sizes is None else part.ask_sizes)
    bids.extend(part.bid_units)
    asks.extend(part.ask_units)
    strikes.extend(instrument.strike_usd for instrument in part.instruments)
    calls.extend(instrument.is_call for instrument in part.instruments)


def _sizes(kept: memoryview[Any]) -> memoryview[Any] | None:
    """Not a number is what stands there if the record has none."""
    return None if math.isnan(kept[0]) else kept


def _bars(series: HourlySeries) -> list[tuple[int, float, float, float, float, float]]:
    return [(_us(bar.start), *bar[1:]) for bar in series.all_bars()]


def _series(bars: list[Any]) -> HourlySeries:
    return HourlySeries([Bar(_time(start), *rest) for start, *rest in bars])


def _funding(kept: Any) -> FundingSeries:
    exchange, hours, points = kept
    times, hourly = [_time(at) for at, _ in points], [rate for _, rate in points]
    return FundingSeries.of_hourly(exchange, timedelta(hours=hours), times, hourly)


def _us(at: datetime) -> int:
    return (at - _EPOCH) // _US


def _time(us: int) -> datetime:
    return _EPOCH + us * _US
