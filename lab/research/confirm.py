"""Repeats the best points through the actors: the last word before a strategy is traded."""

from __future__ import annotations

from core.errors import InputError


def require_actors() -> None:
    """Raises `InputError`: no road leads a backtest through the actors yet."""
    raise InputError(
        "--confirm: expected the road through the actors, which this version does not have; leave it out, "
        "and run the best point with run.py paper"
    )
