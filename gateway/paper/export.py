"""From what an engine recorded to a folder of chains that `--chains` takes, with the series beside it."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from core.contract import iso_utc
from core.errors import InputError
from core.market.funding import REFERENCE
from core.messages.recorder import ReadFor, RecordSeries
from core.record.names import RecordFile
from core.record.rows import plain
from core.values import Value
from gateway.paper.export_readings import (
    KeptReading,
    days_of,
    inputs_of,
    moments_of,
    readings_of,
    record_folder,
    stands_at,
)
from gateway.paper.export_series import Hourly, ToldSeries, bar_text, hourly_bars, told_series
from gateway.paper.new_folder import new_folder, packed, write_part
from gateway.paper.record_found import HoleFound
from gateway.paper.recorded import HISTORY, holes_between
from gateway.paper.recorded_files import (
    CHAIN_COLUMNS,
    CHAINS_FOLDER,
    DVOL_RANGE_PCT,
    OPTIONAL_COLUMNS,
    PRICE_MAX_USD,
    SNAPSHOTS_APART_MIN,
    SnapshotRows,
)
from gateway.paper.recorded_series import DVOL_FILE, EVENTS_FILE, FUNDING_PREFIX, HOUR, INDEX_FILE, TOLD_FILE
from gateway.paper.source import Bar, VenueFunding

INPUTS_FILE: Final = "decisions/inputs.jsonl.gz"
_COLUMNS: Final = (*CHAIN_COLUMNS, *OPTIONAL_COLUMNS)
_SAME: Final = _COLUMNS[1:]

Table = Callable[[Path, str, Sequence[str], Sequence[tuple[str, ...]]], None]
"""Writes a table once more: folder, name without an ending, columns, rows as text."""


class Filled(Value):
    """Hours that were not told: `made` of the readings of the hour, or `flat` without any."""

    made: int
    flat: int


class Exported(Value):
    """What was written, and what of the record is not in it."""

    chains: str
    first: datetime
    last: datetime
    snapshots: int
    quotes: int
    decisions: int
    """Readings for a cycle, whose inputs stand in `INPUTS_FILE`."""
    left_out: Mapping[str, int]
    """Quotes that a reader would refuse, by the column or fault, and readings too close to another."""
    holes: tuple[HoleFound, ...]
    index_hours: Filled
    dvol_hours: Filled
    cut: tuple[str, ...]
    """Files that end with something else than what was written whole."""
    assume: tuple[str, ...]
    """The account at the first entry, as `--assume` takes it."""


def export(
    data_dir: Path,
    folder: Path,
    *,
    began: datetime | None,
    ended: datetime | None,
    max_gap: timedelta,
    also: Table | None = None,
) -> Exported:
    """Write the record of [began, ended) into a new folder, whole or not at all. `also` gets each table,
    too.

    Raises `InputError` if the folder holds something, or the record has nothing of that time.
    """
    with new_folder(folder, "an export") as draft:
        found = _Export(record_folder(data_dir), draft, began, ended, also).written(max_gap)
    return found.model_copy(update={"chains": str(folder / CHAINS_FOLDER)})


class _Export:
    """One export under way."""

    def __init__(
        self, record: Path, out: Path, began: datetime | None, ended: datetime | None, also: Table | None
    ) -> None:
        self._record, self._out, self._also = record, out, also
        self._began, self._ended = began, ended
        self._left_out: Counter[str] = Counter()
        self._cut: list[str] = []
        self._index: list[tuple[datetime, float]] = []
        self._dvol: list[tuple[datetime, float]] = []
        self._quotes = 0

    def written(self, max_gap: timedelta) -> Exported:
        readings: list[KeptReading] = []
        for day in days_of(self._record, RecordFile.CHAIN):
            if day.lost:
                self._cut.append(day.path.name)
            readings += (one for one in readings_of(day) if self._is_asked_for(one.at))
        self._write_chains(readings)
        if not self._index:
            raise InputError(f"{self._record}: expected quotes of the time that is asked for, found none")
        inputs = self._write_inputs()
        index, dvol = self._write_series(told_series(days_of(self._record, RecordFile.SERIES)), inputs)
        times = [at for at, _ in self._index]
        return Exported(
            chains=str(self._out / CHAINS_FOLDER),
            first=times[0],
            last=times[-1],
            snapshots=len(times),
            quotes=self._quotes,
            decisions=len(inputs),
            left_out=dict(sorted(self._left_out.items())),
            holes=tuple(
                HoleFound(
                    last_snapshot=hole.last,
                    next_snapshot=hole.following,
                    hours=(hole.following - hole.last) / HOUR,
                )
                for hole in holes_between(times, max_gap)
            ),
            index_hours=Filled(made=index.made, flat=index.flat),
            dvol_hours=Filled(made=dvol.made, flat=dvol.flat),
            cut=tuple(self._cut),
            assume=_assumed(inputs),
        )

    def _is_asked_for(self, at: datetime) -> bool:
        return (self._began is None or self._began <= at) and (self._ended is None or at < self._ended)

    def _write_chains(self, readings: list[KeptReading]) -> None:
        day: date | None = None
        rows: list[tuple[str, ...]] = []
        last: datetime | None = None
        for at, group in moments_of(readings):
            if last is not None and at - last < SNAPSHOTS_APART_MIN:
                self._left_out["readings within a minute of another"] += len(group)
                continue
            snapshot = list(self._snapshot(at, group))
            if not snapshot:
                continue
            last = at
            if day is not None and at.date() != day:
                self._write_chain(day, rows)
                rows = []
            day = at.date()
            rows += snapshot
        if day is not None:
            self._write_chain(day, rows)

    def _write_chain(self, day: date, rows: list[tuple[str, ...]]) -> None:
        self._quotes += len(rows)
        self._write(f"{CHAINS_FOLDER}/eth_option_chain_{day.isoformat()}", _COLUMNS, rows)

    def _snapshot(self, at: datetime, group: list[KeptReading]) -> Iterator[tuple[str, ...]]:
        """A row for each option that any reading of the moment has; the first reading's goes before."""
        stamp, checked, taken = iso_utc(at), SnapshotRows("chain", at), set[str]()
        index = dvol = ""
        for reading in group:
            for row in reading.rows():
                if not index:
                    index, dvol = row["index_price"], row["dvol"]
                name = row["instrument_name"]
                if name in taken:
                    continue
                taken.add(name)
                if row["faults"]:
                    self._left_out[f"quotes: {row['faults']}"] += 1
                    continue
                told = {**row, "index_price": index, "dvol": dvol}
                fields = (stamp, *(told[column] for column in _SAME))
                refused = checked.refused(fields)
                if refused is None:
                    yield fields
                else:
                    self._left_out[f"quotes: {refused}"] += 1
        if checked.has_rows:
            self._index.append((at, float(index)))
            self._dvol.append((at, float(dvol)))

    def _write_inputs(self) -> list[tuple[datetime, Mapping[str, Any]]]:
        """The inputs of decisions, as they were recorded; returns them, each at its moment."""
        found: list[tuple[datetime, Mapping[str, Any]]] = []
        for day in days_of(self._record, RecordFile.INPUTS):
            if day.lost:
                self._cut.append(day.path.name)
            for line in inputs_of(day):
                at = stands_at(line)
                if line["reader"] != ReadFor.SNAPSHOT.value and self._is_asked_for(at):
                    found.append((at, line))
        found.sort(key=lambda each: each[0])
        lines = [json.dumps(line, separators=(",", ":")).encode() + b"\n" for _, line in found]
        write_part(self._out / INPUTS_FILE, packed(b"".join(lines)))
        return found

    def _write_series(
        self, told: ToldSeries, inputs: Sequence[tuple[datetime, Mapping[str, Any]]]
    ) -> tuple[Hourly, Hourly]:
        if not told.events:
            raise InputError(
                f"{self._record}: expected the series of an hour at least, found none; an engine reads them "
                "some minutes after its first snapshot"
            )
        not_before = self._index[0][0] - HISTORY
        until = self._ended
        index, dvol = (
            hourly_bars(_from(told.bars[series], not_before, until), seen, bounds)
            for series, seen, bounds in (
                (RecordSeries.INDEX, _with_end(self._index), (1.0, PRICE_MAX_USD)),
                (RecordSeries.DVOL, _with_end(self._dvol), DVOL_RANGE_PCT),
            )
        )
        header = ("timestamp", "open", "high", "low", "close")
        self._write(
            INDEX_FILE,
            (*header, "volume"),
            [(iso_utc(bar.start), *bar_text(bar), plain(bar.volume)) for bar in index.bars],
        )
        self._write(DVOL_FILE, header, [(iso_utc(bar.start), *bar_text(bar)) for bar in dvol.bars])
        if told.funding:
            self._write(
                f"{FUNDING_PREFIX}{REFERENCE}_1h",
                ("timestamp", "hourly_rate"),
                [(iso_utc(at), plain(rate)) for at, rate in sorted(told.funding.items())],
            )
        rates = {at: tuple(each.values()) for at, each in told.told.items()}
        rates |= {at: _entry_rates(line) for at, line in inputs if line["reader"] == ReadFor.ENTRY.value}
        rows = [
            (iso_utc(at), rate.name, plain(rate.annualized_rate), iso_utc(rate.at))
            for at, each in sorted(rates.items())
            for rate in each
        ]
        if rows:
            self._write(TOLD_FILE, ("told_at", "exchange", "annual_rate", "timestamp"), rows)
        self._write(
            EVENTS_FILE,
            ("scheduled_at", "name", "country", "importance"),
            [
                (iso_utc(event.scheduled_at), event.name, event.country, event.importance)
                for event in told.events
            ],
        )
        return index, dvol

    def _write(self, name: str, header: Sequence[str], rows: Sequence[tuple[str, ...]]) -> None:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows((header, *rows))
        write_part(self._out / f"{name}.csv.gz", packed(text.getvalue().encode()))
        if self._also is not None:
            self._also(self._out, name, header, rows)


def _from(bars: Mapping[datetime, Bar], not_before: datetime, until: datetime | None) -> dict[datetime, Bar]:
    return {at: bar for at, bar in bars.items() if not_before <= at and (until is None or at < until)}


def _with_end(seen: list[tuple[datetime, float]]) -> list[tuple[datetime, float]]:
    """A bar more, so that the last snapshot is replayed, too."""
    at, value = seen[-1]
    return [*seen, (at + timedelta(hours=1), value)]


def _entry_rates(line: Mapping[str, Any]) -> tuple[VenueFunding, ...]:
    """The funding that an entry's decision read."""
    return tuple(
        VenueFunding(mean["venue"], mean["annualised_frac"], datetime.fromisoformat(mean["as_of"]))
        for mean in line["inputs"]["market"]["funding"]
    )


def _assumed(inputs: Iterable[tuple[datetime, Mapping[str, Any]]]) -> tuple[str, ...]:
    """What the first entry knew of the account."""
    for _, line in inputs:
        if line["reader"] == ReadFor.ENTRY.value:
            account, market = line["inputs"]["account"], line["inputs"]["market"]
            beside_usd = account["equity_usd"] - account["venue_equity_eth"] * line["index_price"]
            return (
                f"balance_eth={plain(account['venue_equity_eth'])}",
                f"beside_eur={max(0.0, beside_usd / account['eur_usd']):.2f}",
                f"eur_usd={plain(account['eur_usd'])}",
                f"liquidation_pressure={market['liquidation_level']}",
            )
    return ()
