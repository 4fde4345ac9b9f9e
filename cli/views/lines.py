"""Lines of text that fit a screen: items are packed into them, and none is ever cropped.

A line that is too long for the screen is broken between items, an item between its words, and a word that is
longer than a whole line goes over to the next: money and ids are always there to the last character.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeAlias

GAP = "  "
WIDTH_MIN = 40
"""Narrower terminals get lines of this width, which they break themselves."""


class Span(NamedTuple):
    """A piece of text, and how it is drawn where there are colours."""

    text: str
    style: str = ""


Line: TypeAlias = tuple[Span, ...]


def packed(items: Iterable[Span | str], width: int, *, label: str = "", indent: int = 0) -> list[Line]:
    """The items on as many lines as they need, the first behind `label`, the others indented as far."""
    width = max(width, WIDTH_MIN)
    lines: list[list[Span]] = []
    room = 0
    for item in _pieces(items, width - indent):
        if lines and len(GAP) + len(item.text) <= room:
            lines[-1] += [Span(GAP), item]
            room -= len(GAP) + len(item.text)
        else:
            begin = f"{label:<{indent}}" if not lines else " " * indent
            lines.append([Span(begin, "bold" if not lines else ""), item] if indent else [item])
            room = width - max(indent, len(begin)) - len(item.text)
    return [tuple(line) for line in lines]


def sentence(text: str, width: int, *, label: str = "", indent: int = 0, style: str = "") -> list[Line]:
    """A sentence, broken between its words; `label` stands before its first line."""
    return packed([Span(text, style)], width, label=label, indent=indent)


def plain(lines: Iterable[Line]) -> list[str]:
    """The lines without their styles."""
    return ["".join(span.text for span in line).rstrip() for line in lines]


def _pieces(items: Iterable[Span | str], width: int) -> Iterator[Span]:
    """Each item, in parts of at most `width` characters if it is longer."""
    for item in items:
        span = Span(item) if isinstance(item, str) else item
        for part in textwrap.wrap(span.text, width, break_on_hyphens=False) or [""]:
            yield Span(part, span.style)
