"""Live positions as a person looks at them, from the books and the newest stored snapshot of the market."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from math import isfinite
from pathlib import Path

from pydantic import ValidationError

from actors.state.stored import last_market_snapshot
from core.errors import FoundWrongError
from core.messages.room_status import LegMark, Marks
from core.orders.books import Position
from core.status.position_view import PositionView, position_view
from core.strategy import ExitsSection
from reading.audit import last_recorded_at


@dataclass(frozen=True)
class StoredViews:
    """Each live position at the stored marks; `problem` says why there are none, if so."""

    views: tuple[PositionView, ...]
    marked_at: datetime | None
    problem: str | None
    market: Marks | None = None


def stored_views(data_dir: Path, positions: Iterable[Position], exits: ExitsSection | None) -> StoredViews:
    """The live ones among the positions. Their time is that of the marks, which is the market's own.

    Without a stored snapshot it is that of the last record of the log, and what needs a mark is not known.
    """
    live = [position for position in positions if position.is_live]
    names = {leg.instrument_name for position in live for leg in position.plan.legs}
    marks, problem = _stored_marks(data_dir, names) if live else (None, None)
    at = None if marks is None else marks.as_of
    now = at or (last_recorded_at(data_dir) if live else None)
    return StoredViews(
        views=tuple(
            position_view(position, marks, exits, now or position.entered_at or position.plan.expiration)
            for position in live
        ),
        marked_at=at,
        problem=problem,
        market=marks,
    )


def _stored_marks(data_dir: Path, names: set[str]) -> tuple[Marks | None, str | None]:
    """The marks of these instruments in the newest snapshot, or why there are none.

    A snapshot holds no forwards: the index stands for them, which differ by a percent at most. Only what a
    missing ask would cost is computed from it.
    """
    try:
        snapshot = last_market_snapshot(data_dir)
        if snapshot is None:
            return None, "no snapshot of the market is stored"
        rows = [row for row in json.loads(snapshot.quotes) if row[0] in names]
        legs = [_leg_mark(row, snapshot.spot_usd, snapshot.at) for row in rows]
    except FoundWrongError as error:
        return None, str(error)
    except (ValueError, TypeError, LookupError, ArithmeticError, ValidationError) as error:
        return None, f"the newest snapshot of the market can't be read: {type(error).__name__}"
    marks = Marks(
        as_of=snapshot.at,
        spot_usd=snapshot.spot_usd,
        dvol=snapshot.dvol,
        funding_frac=snapshot.funding,
        legs=tuple(leg for leg in legs if leg is not None),
        last_snapshot_at=snapshot.at,
        stale_reason=None,
        fetches_under_way=0,
        failures=0,
        last_failure=None,
        failed_routers=(),
    )
    return marks, None


def _leg_mark(row: list[str | float | None], spot_usd: float, at: datetime) -> LegMark | None:
    """One stored quote as a mark; None if it is broken, as which it is stored all the same."""
    name, bid, ask, mark, iv_pct, delta = row[:6]
    if iv_pct is None or delta is None or not isfinite(Decimal(str(mark))):
        return None
    return LegMark(
        instrument_name=str(name),
        bid_eth=None if bid is None else Decimal(str(bid)),
        ask_eth=None if ask is None else Decimal(str(ask)),
        mark_eth=Decimal(str(mark)),
        mark_iv_pct=float(iv_pct),
        forward_usd=spot_usd,
        delta=float(delta),
        at=at,
    )
