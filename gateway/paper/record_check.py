"""What a recorded market holds and what it lacks: every part is read and held against the others.

The parts are read as for a replay. Where one can't be read, its error is a problem and the rest is examined.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, pstdev
from typing import Final, NamedTuple, TypeVar

from core.errors import InputError
from core.how_many import how_many
from gateway.paper.csv_rows import files_of
from gateway.paper.engine_defaults import ENTRY_AT, IV_OVER_DVOL, forward_off_max
from gateway.paper.record_found import (
    AgainstFound,
    FundingFound,
    HoleFound,
    IndexFound,
    RecordFound,
    ReplayFound,
    SpanFound,
)
from gateway.paper.recorded import HISTORY, holes_between, replayed_span
from gateway.paper.recorded_chains_check import ChainsFound, atm_iv, examined_chains, nearest_expiry
from gateway.paper.recorded_files import CHAINS_FOLDER, RecordedSnapshot, chain_files, read_snapshots
from gateway.paper.recorded_index import IndexPath
from gateway.paper.recorded_series import (
    DAY,
    HOUR,
    FundingSeries,
    HourlySeries,
    ToldFunding,
    is_told,
    read_dvol,
    read_events,
    read_funding,
    read_index,
    read_told,
)
from gateway.paper.source import Hole, ScheduledRelease, hole_at

INDEX_OFF_MAX: Final = 0.01
FUNDING_ANNUAL_MAX: Final = 2.0
"""A median rate beyond 200 % a year is a unit mistaken for another."""
HOURS_MOVED_MAX: Final = 12
SNAPSHOTS_TO_JUDGE: Final = 20
BETTER_FIT: Final = 0.7
FEW_CONTRACTS: Final = 0.5
IV_WITHIN_QUOTES_MIN: Final = 0.5
HOLES_MAX: Final = 0.1
"""The share of the replay that may be without quotes before it is worth a warning."""
CONTRADICTIONS_MAX: Final = 0.1
"""The share of snapshots that may contradict a series; beyond, the files don't belong together."""

T = TypeVar("T")


class _Parts(NamedTuple):
    snapshots: list[RecordedSnapshot] | None
    hourly: HourlySeries | None
    dvol: HourlySeries | None
    funding: list[FundingSeries] | None
    events: list[ScheduledRelease] | None
    told: list[ToldFunding] | None


def examined(folder: Path, max_gap_h: float) -> RecordFound:
    """Read a folder of chains and the series beside it. Raises `InputError` if it is no folder of chains."""
    if (folder / CHAINS_FOLDER).is_dir():
        folder = folder / CHAINS_FOLDER
    files = chain_files(folder)
    beside, problems = folder.resolve().parent, list[str]()
    snapshots = _tried(lambda: read_snapshots(folder), problems)
    not_before = snapshots[0].at - HISTORY if snapshots else datetime(2010, 1, 1, tzinfo=UTC)
    parts = _Parts(
        snapshots,
        _tried(lambda: read_index(beside, not_before), problems),
        _tried(lambda: read_dvol(beside, not_before), problems),
        _tried(lambda: read_funding(beside, not_before), problems),
        _tried(lambda: read_events(beside), problems),
        _tried(lambda: read_told(beside, not_before), problems),
    )
    return _Examination(folder, len(files), parts, max_gap_h, problems).found()


def _tried(read: Callable[[], T], problems: list[str]) -> T | None:
    try:
        return read()
    except InputError as error:
        problems.append(str(error))
        return None


class _Examination:
    """Holds the parts against each other, and collects what is wrong, odd or missing."""

    def __init__(
        self, folder: Path, files: int, parts: _Parts, max_gap_h: float, problems: list[str]
    ) -> None:
        self.folder, self.files, self.max_gap_h = folder, files, max_gap_h
        self.problems = problems
        self.warnings: list[str] = []
        sized = bool(parts.snapshots) and all(each.has_sizes for each in parts.snapshots or ())
        self.lacks = [
            *(() if sized else ("sizes at the touch (assumed)",)),
            "delivery prices (the mean of the index over 07:30 to 08:00)",
        ]
        self.snapshots, self.hourly, self.dvol, self.funding, self.events, told = parts
        self.told_at = [each.told_at for each in told or ()]
        times = [snapshot.at for snapshot in self.snapshots or ()]
        self.holes = holes_between(times, timedelta(hours=max_gap_h))
        self.index: IndexPath | None = None
        if self.hourly is not None and self.snapshots is not None:
            hourly, snapshots = self.hourly, self.snapshots
            self.index = _tried(lambda: IndexPath(hourly, snapshots), problems)

    def found(self) -> RecordFound:
        replay = self._replay()
        chains = examined_chains(self.snapshots, self.files) if self.snapshots else None
        values = {
            "replay": replay,
            "chains": chains,
            "holes": tuple(map(_hole, self.holes)),
            "index_hourly": _bars(self.hourly),
            "index": self._own_index(),
            "forwards": self._forwards(),
            "dvol_hourly": _bars(self.dvol),
            "iv_over_dvol": self._iv_over_dvol(),
            "funding": tuple(map(_funding, self.funding or ())),
            "funding_missing_days": self._funding_missing_days(replay),
            "events": self._events(replay),
        }
        self._judge_funding()
        self._judge_chains(chains)
        self._judge_contracts(chains)
        self._judge_holes(replay)
        return RecordFound(
            folder=str(self.folder),
            usable=not self.problems,
            problems=tuple(self.problems),
            warnings=tuple(self.warnings),
            lacks=tuple(self.lacks),
            not_read=tuple(path.name for path in files_of(self.folder)[1]),
            max_gap_h=self.max_gap_h,
            **values,
        )

    def _replay(self) -> ReplayFound | None:
        if self.snapshots is None or self.hourly is None or self.dvol is None:
            return None
        times, hourly, dvol = [snapshot.at for snapshot in self.snapshots], self.hourly, self.dvol
        max_gap = timedelta(hours=self.max_gap_h)
        span = _tried(lambda: replayed_span(times, hourly, dvol, max_gap), self.problems)
        if span is None:
            return None
        start, end = span
        first, week = start + ENTRY_AT, timedelta(days=7)
        slots = [first + week * number for number in range((end - first) // week + 1)]
        quoted = sum(hole_at(self.holes, slot) is None for slot in slots)
        if not quoted:
            self.problems.append(f"no Monday {first:%H:%M} UTC of the record has quotes")
        return ReplayFound(start=start, end=end, mondays=len(slots), mondays_with_quotes=quoted)

    def _own_index(self) -> IndexFound | None:
        if self.index is None or self.hourly is None:
            return None
        alone, index, covered = IndexPath(self.hourly, ()), self.index, self._covered()
        own = [s for s in covered if s.index_usd is not None]
        if len(own) < len(covered):
            self.lacks.append(
                f"the index in {how_many(len(covered) - len(own), 'snapshot')} (column index_price): "
                "between two hours only their closes are known"
            )
        off = [(abs(alone.between(s.at) / (s.index_usd or 1.0) - 1.0), s.at) for s in own]
        worst = max(off, default=None)
        off_median = median(share for share, _ in off) if off else None
        if off_median is not None and off_median > INDEX_OFF_MAX:
            self.warnings.append(
                f"the hourly index file lies {off_median:.1%} off the snapshots' own index at the median: "
                "is it the same index?"
            )
        self._judge_hours(own, alone)
        return IndexFound(
            snapshots_with_own=len(own),
            off_median=off_median,
            off_worst=worst[0] if worst else None,
            off_worst_at=worst[1] if worst else None,
            basis_noise_hourly=_basis_noise(covered, alone),
            basis_noise=_basis_noise(covered, index),
        )

    def _judge_hours(self, own: Sequence[RecordedSnapshot], alone: IndexPath) -> None:
        """Warn if the index file fits the snapshots far better with its times moved by whole hours."""
        hourly = self.hourly
        if hourly is None:
            return
        off: dict[int, float] = {}
        for hours in range(-HOURS_MOVED_MAX, HOURS_MOVED_MAX + 1):
            moved = HOUR * hours
            inside = [s for s in own if hourly.first_close <= s.at + moved <= hourly.last_close]
            if len(inside) >= SNAPSHOTS_TO_JUDGE:
                shares = (abs(alone.between(s.at + moved) / (s.index_usd or 1.0) - 1.0) for s in inside)
                off[hours] = median(shares)
        best = min(off, key=lambda hours: off[hours], default=0)
        if best and off[best] < BETTER_FIT * off.get(0, 0.0):
            self.warnings.append(
                f"the hourly index file fits the snapshots better with its times {-best:+d} h "
                f"(off by {off[best]:.2%} instead of {off[0]:.2%}): "
                "does it have the starts of the bars, in UTC?"
            )

    def _covered(self) -> list[RecordedSnapshot]:
        """The snapshots within the span of the index."""
        hourly = self.hourly
        if hourly is None or self.snapshots is None:
            return []
        return [s for s in self.snapshots if hourly.first_close <= s.at <= hourly.last_close]

    def _forwards(self) -> AgainstFound | None:
        if self.index is None:
            return None
        worst = []
        for snapshot in self._covered():
            spot = self.index.between(snapshot.at)
            shares = [
                abs(forward / spot - 1.0) / forward_off_max(expiry - snapshot.at)
                for expiry, part in snapshot.slices.items()
                for forward in set(part.forwards_usd)
            ]
            if shares:
                worst.append(max(shares))
        return self._judged(worst, 0.0, 1.0, "forwards that the index file can't explain")

    def _iv_over_dvol(self) -> AgainstFound | None:
        if self.dvol is None:
            return None
        ratios = []
        for snapshot in self.snapshots or ():
            expiry = nearest_expiry(snapshot)
            if expiry is not None and self.dvol.first_close <= snapshot.at <= self.dvol.last_close:
                iv = atm_iv(snapshot.slices[expiry])
                ratios.append(100.0 * iv / self.dvol.last_known(snapshot.at))
        return self._judged(ratios, *IV_OVER_DVOL, "an at-the-money IV that DVOL can't explain")

    def _judged(self, values: Sequence[float], low: float, high: float, what: str) -> AgainstFound | None:
        if not values:
            return None
        beyond = sum(not low <= value <= high for value in values)
        if beyond:
            told = f"{beyond} of {len(values)} snapshots have {what}; the engine blocks entries there"
            contradicts = beyond > CONTRADICTIONS_MAX * len(values)
            (self.problems if contradicts else self.warnings).append(told)
        return AgainstFound(
            least=min(values), median=median(values), most=max(values), snapshots=len(values), beyond=beyond
        )

    def _funding_missing_days(self, replay: ReplayFound | None) -> float | None:
        if replay is None or self.funding is None:
            return None
        hours = [replay.start + HOUR * hour for hour in range((replay.end - replay.start) // HOUR)]
        missing = sum(
            not is_told(self.told_at, at) and all(series.last_day(at) is None for series in self.funding)
            for at in hours
        )
        if missing:
            self.lacks.append(f"funding on {missing / 24:.1f} of {len(hours) / 24:.1f} days (assumed)")
        return missing / 24

    def _judge_chains(self, chains: ChainsFound | None) -> None:
        within = None if chains is None else chains.iv_within_quotes
        if within is not None and within < IV_WITHIN_QUOTES_MIN:
            self.warnings.append(
                f"only {within:.0%} of the IVs 9 to 15 days out agree with the quotes beside them: "
                "are prices in ETH, IVs fractions, and both of the same moment?"
            )

    def _judge_contracts(self, chains: ChainsFound | None) -> None:
        if chains is None or self.snapshots is None:
            return
        few = [s for s in self.snapshots if s.contracts < FEW_CONTRACTS * chains.contracts_median]
        if few:
            self.warnings.append(
                f"{len(few)} of {len(self.snapshots)} snapshots have less than half the usual contracts, the "
                f"first at {few[0].at:%Y-%m-%d %H:%MZ} ({few[0].place}): were they cut off?"
            )

    def _judge_holes(self, replay: ReplayFound | None) -> None:
        if replay is None:
            return
        inside = sum(
            max(0.0, (min(hole.following, replay.end) - max(hole.last, replay.start)) / HOUR)
            for hole in self.holes
        )
        share = inside / ((replay.end - replay.start) / HOUR)
        if share > HOLES_MAX:
            self.warnings.append(
                f"{share:.0%} of the replay is without quotes; its cycles end as data_failed"
            )

    def _judge_funding(self) -> None:
        for series in map(_funding, self.funding or ()):
            if abs(series.annual_median) > FUNDING_ANNUAL_MAX:
                self.warnings.append(
                    f"funding of {series.exchange}: {series.annual_median:.0%} a year at the median; "
                    "are the rates in percent?"
                )

    def _events(self, replay: ReplayFound | None) -> SpanFound | None:
        if not self.events:
            return None
        first, last = self.events[0].scheduled_at, self.events[-1].scheduled_at
        if replay is not None and (first > replay.start + 31 * DAY or last < replay.end):
            self.lacks.append(
                f"events before {first:%Y-%m-%d} and after {last:%Y-%m-%d}: none refuses an entry there"
            )
        return SpanFound(first=first, last=last, rows=len(self.events))


def _basis_noise(snapshots: Sequence[RecordedSnapshot], index: IndexPath) -> float | None:
    bases = [
        median(snapshot.slices[expiry].forwards_usd) / index.between(snapshot.at) - 1.0
        for snapshot in snapshots
        if (expiry := nearest_expiry(snapshot)) is not None
    ]
    return pstdev(bases) if bases else None


def _hole(hole: Hole) -> HoleFound:
    return HoleFound(
        last_snapshot=hole.last, next_snapshot=hole.following, hours=(hole.following - hole.last) / HOUR
    )


def _bars(series: HourlySeries | None) -> SpanFound | None:
    if series is None:
        return None
    first = series.first_close - HOUR
    return SpanFound(first=first, last=series.last_close, rows=(series.last_close - first) // HOUR)


def _funding(series: FundingSeries) -> FundingFound:
    return FundingFound(
        exchange=series.exchange,
        first=series.first,
        last=series.last,
        rows=series.rows,
        annual_median=series.annual_median,
    )
