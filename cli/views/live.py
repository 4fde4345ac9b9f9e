"""The live terminal view: the whole engine on one screen, drawn from its status."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from cli.result_files import text_beside, write_result
from cli.views.lines import Line, Span, sentence
from cli.views.screen import actors_lines, alerts_lines, jobs_lines, status_lines
from cli.views.status_page import book_line
from core.messages.engine_status import EngineStatus

ALERTS_SHOWN = 4
TALL = 32
"""From this many lines on there is room for more than one alert and for the messages."""
FEW_MESSAGES = 3
SVG_WIDTH, SVG_HEIGHT = 120, 40
"""Of a screen that is saved, in characters and lines."""


class LiveView:
    """Use as a context manager on a terminal; `draw` replaces the whole picture."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, screen=False, auto_refresh=False, transient=True)

    def __enter__(self) -> LiveView:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def draw(self, status: EngineStatus, told: Sequence[str], progress: str = "") -> None:
        """Draw the engine as large as the terminal is."""
        width, height = self._console.size
        # The last line stays free, or a terminal scrolls.
        drawn = picture(status, told, width=width, height=height - 1, progress=progress)
        self._live.update(drawn, refresh=True)


def picture(
    status: EngineStatus,
    told: Sequence[str],
    *,
    width: int,
    height: int,
    progress: str = "",
) -> RenderableType:
    """One screen of exactly this size: what matters most at the top, and whatever else there is room for."""
    return Group(*(_text(line) for line in screen_lines(status, told, width, height, progress)))


def screen_lines(
    status: EngineStatus, told: Sequence[str], width: int, height: int, progress: str = ""
) -> list[Line]:
    """The lines of the picture; `told` are the last messages, a line each, and the first to go.

    The positions and the last alert are never the ones that go.
    """
    lines = sentence(progress, width, style="bold") if progress else []
    lines += status_lines(status, width)
    if status.positions and height >= TALL:
        lines += sentence(book_line(status.positions, status.market), width, indent=2, style="dim")
    lines += alerts_lines(status, width, most=ALERTS_SHOWN if height >= TALL else 1)
    lines += jobs_lines(status, width)
    rows = height - len(lines) - 1
    if height >= TALL and told:
        rows -= FEW_MESSAGES + 1
    actors = actors_lines(status.cells, width, rows=rows)
    if actors:
        lines += [(Span(""),), *actors]
    left = height - len(lines) - 1
    if told and left > 0:
        lines += [(Span(""),), *((Span(text[:width], "dim"),) for text in told[-left:])]
    return lines[:height]


def save_svg(option: str, path: Path, status: EngineStatus, told: Sequence[str]) -> None:
    """Save the same screen as a drawing, and as text beside it, for the documentation.

    Raises `InputError`, naming the option.
    """
    text = StringIO()
    console = Console(record=True, width=SVG_WIDTH, height=SVG_HEIGHT, file=text, force_terminal=False)
    console.print(picture(status, told, width=SVG_WIDTH, height=SVG_HEIGHT))
    write_result(option, text_beside(path), text.getvalue())
    write_result(option, path, console.export_svg(title="run.py paper"))


def _text(line: Line) -> Text:
    text = Text(no_wrap=True, overflow="crop")
    for span in line:
        text.append(span.text, style=span.style)
    text.rstrip()
    return text
