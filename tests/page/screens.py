"""Photographs of the page in all states, light and dark, desk and phone: `make page-screens` takes them.

`python -m tests.page.screens [STATE …]` takes those of some states. They land in page-screens/; four of them,
`STANDING`, are those of docs/page.md, and are written to docs/pictures/ by `--documentation`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tests.page.chromium import DESK, PHONE, browsers, looking, why_not
from tests.page.served import served
from tests.page.states import STATES_OF_THE_PAGE, in_state

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "page-screens"
PICTURES = ROOT / "docs" / "pictures"
SIZES = {"desk": DESK, "phone": PHONE}
SCHEMES = ("light", "dark")
STANDING = (
    ("condor", "desk", "light"),
    ("trades", "desk", "dark"),
    ("armed", "phone", "light"),
    ("engine-dead", "phone", "dark"),
)


def photographs(browser: Browser, link: str, size: str, scheme: str, name: str) -> None:
    """The whole page; and of those of the documentation the first screen."""
    with looking(browser, link, SIZES[size], scheme=scheme) as looked:
        looked.scroll_through()
        looked.page.screenshot(path=FOLDER / f"{name}-{size}-{scheme}.png", full_page=True)
        if (name, size, scheme) in STANDING:
            looked.page.screenshot(path=FOLDER / f"page-{name}-{size}.png")


def main(arguments: Sequence[str]) -> None:
    """Of the states that are named, or of all."""
    problem = why_not()
    if problem is not None:
        sys.exit(f"no photographs: {problem}")
    FOLDER.mkdir(exist_ok=True)
    names = [name for name in arguments if not name.startswith("-")] or list(STATES_OF_THE_PAGE)
    with browsers() as browser, TemporaryDirectory() as folder:
        for name in names:
            with in_state(name, Path(folder) / name) as data_dir, served(data_dir) as page:
                for size in SIZES:
                    for scheme in SCHEMES:
                        photographs(browser, page.link(), size, scheme, name)
    if "--documentation" in arguments:
        for path in FOLDER.glob("page-*.png"):
            (PICTURES / path.name).write_bytes(path.read_bytes())


if __name__ == "__main__":
    main(sys.argv[1:])
