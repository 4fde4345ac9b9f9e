"""Prints lines: with colours and to the width of the terminal there, in a pipe plain and unbroken."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable

from cli.views.lines import Line, Span, plain
from cli.views.say import put, say

PIPE_WIDTH = 400
"""Wide enough that no line of a pipe is broken, so that it can be searched."""
_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "white": "37", "on red": "41"}


def page_width() -> int:
    """The columns of the terminal, or those of a pipe."""
    return shutil.get_terminal_size().columns if _is_terminal() else PIPE_WIDTH


def show_lines(lines: Iterable[Line]) -> None:
    """Print lines whose texts are fit to be seen."""
    if not _is_terminal() or os.environ.get("NO_COLOR"):
        say(*plain(lines))
        return
    put("".join("".join(map(_painted, line)).rstrip() + "\n" for line in lines))


def _painted(span: Span) -> str:
    style = span.style.replace("on red", "on_red")
    codes = ";".join(_CODES[word.replace("_", " ")] for word in style.split())
    return f"\x1b[{codes}m{span.text}\x1b[0m" if codes else span.text


def _is_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()
