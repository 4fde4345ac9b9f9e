"""Numbers as a person or a file writes them: in the digits 0 to 9, and in one way only.

Python's own `float` and `int` also take `1_0`, the digits of every script, spaces around, `nan` and `inf`.
Whoever wrote `1_0` meant 1.0 or 10, and nobody can tell which, so it is no number here.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,30}")
_GROUPS: Final = re.compile(r"[+-]?[0-9]{1,3}(?:[_ ,.'’\u00a0\u202f][0-9]{3})+(?:[.,][0-9]*)?")
_DECIMAL_COMMA: Final = re.compile(r"[+-]?[0-9]+,[0-9]+")
_NUMBERS_KEPT: Final = 65_536


@lru_cache(maxsize=_NUMBERS_KEPT)
def plain_number(text: str) -> float | None:
    """The number in plain decimal digits, infinite if it is beyond every double; None for any other text."""
    return float(text) if NUMBER.fullmatch(text) else None


def plain_whole(text: str) -> int | None:
    """The whole number in at most 30 plain decimal digits; None for any other text."""
    return int(text) if _WHOLE.fullmatch(text) else None


def number_advice(text: str) -> str:
    """How to write what is no plain number, if that can be told; else nothing."""
    if not text:
        return "the field is empty"
    if text != text.strip():
        return "write it without spaces"
    if any(character.isdecimal() and not character.isascii() for character in text):
        return "write it in the digits 0 to 9"
    if _GROUPS.fullmatch(text) or "_" in text:
        return "write it without marks between groups of digits"
    if _DECIMAL_COMMA.fullmatch(text):
        return "write a point in place of the comma"
    if text.endswith("%"):
        return "write it as a fraction, without the percent sign"
    return ""
