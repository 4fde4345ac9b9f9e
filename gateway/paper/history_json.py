"""Histories as JSON, formatted by hand for speed: every entry cycle reads a month of hourly candles.

Tests read them back with the contract's models.
"""

from __future__ import annotations

from collections.abc import Iterable

from core.contract import iso_utc
from gateway.paper.source import Bar


def historical_json(bars: Iterable[Bar], decimals: int) -> bytes:
    """The `get_historical` answer; prices are text with that many decimals."""
    candles = [
        f'{{"timestamp":"{iso_utc(start)}","open":"{opened:.{decimals}f}","high":"{high:.{decimals}f}"'
        f',"low":"{low:.{decimals}f}","close":"{close:.{decimals}f}","volume":{volume!r}}}'
        for start, opened, high, low, close, volume in bars
    ]
    return f'{{"candles":[{",".join(candles)}]}}'.encode()


def dvol_history_json(bars: Iterable[Bar]) -> bytes:
    """The `get_dvol_history` answer, percent points with two decimals."""
    points = [
        f'{{"timestamp":"{iso_utc(start)}","open":{opened:.2f},"high":{high:.2f},"low":{low:.2f}'
        f',"close":{close:.2f}}}'
        for start, opened, high, low, close, _ in bars
    ]
    return f'{{"points":[{",".join(points)}]}}'.encode()
