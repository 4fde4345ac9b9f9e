"""The screens of the documentation, drawn from made-up states of an engine: `make screens` writes them.

`python -m tests.cli.screens` puts them into docs/pictures/; `test_screens.py` finds out whether they are what
it would write now.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from cli.views.lines import plain
from cli.views.live import picture
from cli.views.screen import verdict_lines
from cli.views.status_page import status_page
from core.messages.engine_status import EngineStatus
from core.status.folder_verdict import verdict_without_engine
from tests.fakes.engine_status import STATES

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "pictures"
SIZES = ((80, 24), (120, 40))


def screen(shown: EngineStatus, width: int, height: int) -> str:
    """What the live view draws on a terminal of this size, without colours."""
    out = io.StringIO()
    console = Console(file=out, width=width, height=height, force_terminal=False)
    console.print(picture(shown, (), width=width, height=height - 1))
    return out.getvalue()


def drawing(shown: EngineStatus, width: int, height: int) -> str:
    """The same as SVG."""
    console = Console(record=True, width=width, height=height, file=io.StringIO(), force_terminal=True)
    console.print(picture(shown, (), width=width, height=height - 1))
    return console.export_svg(title="run.py top")


def pictures() -> Iterator[tuple[str, str]]:
    """Each file of docs/pictures/ that is made here, and what it holds."""
    for name, shown in STATES.items():
        for width, height in SIZES:
            yield f"top-{name}-{width}x{height}.txt", screen(shown, width, height)
        yield f"status-{name}-80.txt", "\n".join(plain(status_page(shown, 80))) + "\n"
    dead = verdict_without_engine(
        why="no engine runs on data",
        silent_pid=None,
        is_paper=False,
        open_positions=1,
        armed_by=None,
        damage=None,
        has_log=True,
        data_dir="data",
    )
    yield "status-engine-dead-80.txt", "\n".join(plain(verdict_lines(dead, 80))) + "\n"
    for width, height in SIZES:
        yield f"top-put-spread-{width}x{height}.svg", drawing(STATES["put-spread"], width, height)


def main() -> None:
    """Write all of them."""
    for name, content in pictures():
        (PICTURES / name).write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
