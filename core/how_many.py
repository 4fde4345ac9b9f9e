"""A number with what it counts, as people write it: `1 trade`, `2 trades`, `1,204 trades`."""

from __future__ import annotations

from decimal import Decimal


def how_many(number: float | Decimal, thing: str, form: str = ",") -> str:
    """`thing` is one of them, and takes an s. What the number is as written decides: 0.9 as `1` is one."""
    text = format(number, form)
    return f"{text} {thing}" if text == "1" else f"{text} {thing}s"
