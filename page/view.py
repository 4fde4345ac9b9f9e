"""The whole page at one moment, made once a second for all who look."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Final

from core.errors import CerberoError
from core.messages.engine_status import REFUSES, EngineStatus
from core.orders.books import CycleRow
from core.status.order_text import order_texts
from core.status.verdict import position_views
from page.drawn import DrawnChart
from page.figures import Drawings
from page.panels import health, money, position, verdict, why
from page.panels.shown import plain, time_text
from page.sources.engine import EngineSaid, EngineWatch
from page.sources.folder import FolderSaid, FolderWatch, MakeReport
from reading.entry_history import recorded_decisions
from reading.position_views import StoredViews, stored_views
from reading.switch.stored import stored_status
from reading.without_engine import folder_verdict

AGAIN_AFTER_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class View:
    """All five panels and their charts. `title` is of the browser's tab."""

    title: str
    name: str
    verdict: verdict.VerdictPanel
    position: position.PositionPanel
    money: money.MoneyPanel
    why: why.WhyPanel
    health: health.HealthPanel
    charts: dict[str, tuple[DrawnChart, ...]]
    rows: tuple[CycleRow, ...] = ()

    def chart(self, name: str) -> DrawnChart | None:
        """A chart by its name; None if there is none now."""
        return next((each for charts in self.charts.values() for each in charts if each.name == name), None)


@dataclass(frozen=True, slots=True)
class _Made:
    """A view, by when it was made, and whether the folder had been read by then."""

    at_s: float
    view: View
    is_read: bool

    def is_good(self, asked_s: float, now_s: float) -> bool:
        """For who asked then. As long as the folder is being read each one waits for it a while."""
        return self.at_s >= asked_s or (self.is_read and now_s - self.at_s < AGAIN_AFTER_S)


class Viewer:
    """Makes views of one data folder. Used by several threads."""

    def __init__(
        self,
        data_dir: Path,
        name: str,
        ask: Callable[[], EngineStatus],
        now: Callable[[], datetime],
        report: MakeReport,
        *,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._data_dir = data_dir
        self._name = plain(name)
        self._now = now
        self._clock = clock
        self._engine = EngineWatch(ask, clock=clock)
        self._folder = FolderWatch(data_dir, report, clock=clock)
        self._figures = Drawings()
        self._lock = Lock()
        self._made: _Made | None = None

    def begin(self) -> None:
        """Read the folder before anybody looks."""
        self._folder.begin()

    def view(self, cycle_id: str | None = None) -> View:
        """The page now, at most a second old; with the decisions of a cycle, or of the last entry."""
        asked_s = self._clock()
        with self._lock:
            if self._made is None or not self._made.is_good(asked_s, self._clock()):
                view, is_read = self._make()
                self._made = _Made(self._clock(), view, is_read)
            view = self._made.view
        return view if cycle_id is None else self._with_cycle(view, cycle_id)

    def forget(self) -> None:
        """After an arming the next view is made anew."""
        with self._lock:
            self._made = None
            self._engine.forget()

    def _with_cycle(self, view: View, cycle_id: str) -> View:
        chosen = replace(
            view.why,
            dots=why.dots(view.rows, cycle_id),
            decisions=self._decisions(view.rows, cycle_id),
        )
        return replace(view, why=chosen)

    def _decisions(self, rows: tuple[CycleRow, ...], cycle_id: str) -> tuple[why.DecisionShown, ...]:
        row = next((each for each in rows if each.cycle_id == cycle_id), None)
        try:
            found = recorded_decisions(self._data_dir, cycle_id)
        except CerberoError as error:
            return (why.DecisionShown(plain(cycle_id), "", "", "", (), plain(str(error))),)
        return why.decisions(cycle_id, row, found)

    def _make(self) -> tuple[View, bool]:
        """The page now, and whether the folder has been read."""
        engine, folder = self._engine.look(), self._folder.look()
        now = self._now()
        if engine.status is not None:
            first = verdict.from_status(engine.status, engine.age_s, engine.problem)
        else:
            first = self._without_engine(engine, folder, now)
        second = self._positions(engine.status, folder, now)
        third = _money(engine, folder)
        fourth = self._why(engine.status, folder)
        fifth = (
            health.without_engine(folder.alerts, engine.problem or "no engine answers")
            if engine.status is None
            else health.from_status(engine.status, folder.alerts)
        )
        made = View(
            title=f"{first.level} {self._name}",
            name=self._name,
            verdict=first,
            position=second,
            money=third,
            why=fourth,
            health=fifth,
            charts=self._figures.of(second, third, fourth),
            rows=folder.entries,
        )
        return made, folder.read

    def _without_engine(self, engine: EngineSaid, folder: FolderSaid, now: datetime) -> verdict.VerdictPanel:
        armed, why_armed = None, ""
        try:
            switch = stored_status(self._data_dir)
            armed = switch.armed
            why_armed = (
                f"{', '.join(switch.causes)}; since {time_text(switch.at)} by {switch.who}: {switch.reason}"
            )
        except CerberoError as error:
            why_armed = str(error)
        why = engine.problem or "no engine answers"
        found = folder_verdict(self._data_dir, why, refuses=engine.refuses)
        return verdict.without_engine(
            found, armed=armed, why_armed=why_armed, has_books=folder.has_books or not folder.read, now=now
        )

    def _positions(
        self, status: EngineStatus | None, folder: FolderSaid, now: datetime
    ) -> position.PositionPanel:
        if status is not None:
            market = status.market
            unread = status.unavailable.get("state")
            execution = status.identity.strategy.execution
            return position.PositionPanel(
                positions=tuple(
                    position.held(
                        view,
                        market,
                        folder.paths.get(view.position.position_id, ()),
                        status.at,
                        "",
                        orders=order_texts(view.position.position_id, status.orders, execution),
                    )
                    for view in position_views(status)
                ),
                empty="no position is open"
                if unread is None
                else plain(f"the books do not answer: {unread.removeprefix(REFUSES)}"),
                marked="" if market is None else f"marks of {time_text(market.as_of)}",
                is_broken=unread is not None,
            )
        if folder.books_problem is not None:
            return position.PositionPanel((), plain(folder.books_problem), "", is_broken=True)
        try:
            stored = stored_views(self._data_dir, folder.positions, None)
        except CerberoError as error:
            return position.PositionPanel((), plain(str(error)), "", is_broken=True)
        note = "without a running engine its exit rules are not known, and nobody looks at them"
        return position.PositionPanel(
            positions=tuple(
                position.held(
                    view,
                    stored.market,
                    folder.paths.get(view.position.position_id, ()),
                    stored.marked_at or now,
                    note,
                )
                for view in stored.views
            ),
            empty="no position is open",
            marked=_marked(stored),
        )

    def _why(self, status: EngineStatus | None, folder: FolderSaid) -> why.WhyPanel:
        last = folder.entries[-1].cycle_id if folder.entries else None
        strategy = None if status is None else status.identity.strategy
        held = folder.positions if status is None else status.positions
        points, spot_usd, note = why.smile(folder.newest, held)
        empty = folder.books_problem or ("" if folder.entries else _no_cycle(folder))
        return why.WhyPanel(
            dots=why.dots(folder.entries, last or ""),
            decisions=() if last is None else self._decisions(folder.entries, last),
            gates=why.gates(folder.levels, folder.seen, strategy),
            smile=points,
            smile_spot_usd=spot_usd,
            smile_note=plain(folder.market_problem or note),
            empty=plain(empty),
            is_broken=folder.books_problem is not None,
        )


def _no_cycle(folder: FolderSaid) -> str:
    return "no entry cycle has run yet" if folder.read else "the books are being read"


def _marked(stored: StoredViews) -> str:
    """Of when the marks are; empty where nothing is open."""
    if stored.problem is not None:
        return plain(stored.problem)
    return "" if stored.marked_at is None else f"stored marks of {time_text(stored.marked_at)}"


def _money(engine: EngineSaid, folder: FolderSaid) -> money.MoneyPanel:
    market = None if engine.status is None else engine.status.market
    rows = money.balances(market, folder.seen, books_read=folder.books_problem is None)
    if folder.report is None:
        return money.without_trades(rows, _no_trading(folder), is_broken=folder.report_problem is not None)
    return money.money(folder.report, rows)


def _no_trading(folder: FolderSaid) -> str:
    if not folder.read:
        return "the books are being read"
    if not folder.has_books:
        return "there are no books yet: an engine makes them at its first start"
    return folder.report_problem or "no trade was closed yet"
