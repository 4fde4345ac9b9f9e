"""The highs of a curve within a window of time: as few points as are needed to know its highest one later.

A low point before a higher one can never be the highest of a window that ends later, so each point that is
kept is above all after it. There is at most one for each day, or thirtieth of a window below thirty days.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from core.errors import FoundWrongError
from core.values import Value

HIGHS_KEY: Final = "pnl_highs"
APART: Final = timedelta(days=1)
"""Of highs so near to each other only the higher is kept."""
APART_OF_WINDOW: Final = 1 / 30
"""The same as a share of a short window, in which a day may be all there is."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class PnlHigh(Value):
    """The P&L at one time, in USD."""

    at: datetime
    pnl_usd: float


def highs_text(highs: Sequence[PnlHigh]) -> str:
    """As the books keep them, under `HIGHS_KEY`."""
    return json.dumps([[high.at.isoformat(), high.pnl_usd] for high in highs], separators=(",", ":"))


def highs_of(text: str | None) -> tuple[PnlHigh, ...]:
    """The highs that the books keep; none if they keep none. Raises `FoundWrongError`."""
    try:
        kept = [] if text is None else json.loads(text)
        return tuple(PnlHigh(at=datetime.fromisoformat(at), pnl_usd=pnl_usd) for at, pnl_usd in kept)
    except (ValueError, TypeError) as error:
        raise FoundWrongError(
            f"the highs of the P&L in the books (system {HIGHS_KEY}): expected a list of times and amounts"
        ) from error


def highs_with(
    highs: Sequence[PnlHigh], now: PnlHigh, *, window: timedelta, since: datetime | None
) -> tuple[PnlHigh, ...]:
    """The highs, oldest first, with the point of now if it may be the highest of a later window.

    Points before `since` and those that are older than the window are left out. One after now was seen by a
    clock that ran ahead: it counts as one of now, or neither time nor a resumption would ever end it.
    """
    known = (high if high.at <= now.at else PnlHigh(at=now.at, pnl_usd=high.pnl_usd) for high in highs)
    kept = within(tuple(known), now.at, window=window, since=since)
    if kept and adds_nothing(kept[-1], now, window=window):
        return kept
    return (*(point for point in kept if point.pnl_usd > now.pnl_usd), now)


def adds_nothing(last: PnlHigh, now: PnlHigh, *, window: timedelta) -> bool:
    """Whether a point leaves the highs as they are: it is no higher than the last one, and near it."""
    apart = _apart(window)
    return last.pnl_usd >= now.pnl_usd and _part(last.at, apart) == _part(now.at, apart)


def part_end(at: datetime, window: timedelta) -> datetime:
    """The end of the day, or of the shorter part of time, that a moment lies in: of its points only the
    highest stays."""
    apart = _apart(window)
    return _EPOCH + (_part(at, apart) + 1) * apart


def _apart(window: timedelta) -> timedelta:
    return min(APART, window * APART_OF_WINDOW)


def _part(at: datetime, length: timedelta) -> int:
    """The number of the day, or of the shorter part of time, that a moment lies in."""
    return (at - _EPOCH) // length


def realised_highs(
    closed: Iterable[tuple[datetime, float]], *, window: timedelta, since: datetime | None
) -> tuple[PnlHigh, ...]:
    """The highs of closed trades alone, each with the time of its close and its P&L, oldest first.

    They are what is known where no highs were kept: in books from before they were, or while the protection
    was off.
    """
    highs: tuple[PnlHigh, ...] = ()
    total_usd = 0.0
    for at, pnl_usd in closed:
        for point in (PnlHigh(at=at, pnl_usd=total_usd), PnlHigh(at=at, pnl_usd=total_usd + pnl_usd)):
            highs = highs_with(highs, point, window=window, since=since)
        total_usd += pnl_usd
    return highs


def within(
    highs: Sequence[PnlHigh], at: datetime, *, window: timedelta, since: datetime | None
) -> tuple[PnlHigh, ...]:
    """The highs that count at a time."""
    first = at - window if since is None else max(at - window, since)
    return tuple(point for point in highs if point.at >= first)
