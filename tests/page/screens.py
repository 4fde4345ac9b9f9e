"""Photographs of the page in all states, light and dark, desk and phone: `make page-screens` takes them.

`python -m tests.page.screens [STATE …]` puts those of some states into page-screens/; with `--documentation`
it takes the four of docs/page.md alone, the first screen of each, and puts them into docs/pictures/.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import groupby, product
from operator import itemgetter
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
    ("condor", "desk", "light", "#verdict"),
    ("trades", "desk", "dark", "#money .charts"),
    ("armed", "phone", "light", "#verdict"),
    ("engine-dead", "phone", "dark", "#figure-of-payoff-usd"),
)
"""Those of the documentation: state, size, scheme, and what stands at the top."""


def photograph(
    browser: Browser, link: str, size: str, scheme: str, path: Path, top: str | None, words: str | None
) -> None:
    """The whole page, or one screen of it, once its verdict says the words."""
    with looking(browser, link, SIZES[size], scheme=scheme) as looked:
        if words is not None:
            looked.wait_for_words(words)
        if top is None:
            looked.scroll_through()
        else:
            looked.wait_for_books()
            looked.page.locator(top).first.evaluate("(it) => it.scrollIntoView({ behavior: 'instant' })")
        looked.page.screenshot(path=path, full_page=top is None)


def main(arguments: Sequence[str]) -> None:
    """Of the states that are named, or of all; or those of the documentation."""
    problem = why_not()
    if problem is not None:
        sys.exit(f"no photographs: {problem}")
    standing = "--documentation" in arguments
    names = [name for name in arguments if not name.startswith("-")] or list(STATES_OF_THE_PAGE)
    wanted = STANDING if standing else tuple(product(names, SIZES, SCHEMES, (None,)))
    FOLDER.mkdir(exist_ok=True)
    with browsers() as browser, TemporaryDirectory() as folder:
        for name, shots in groupby(wanted, key=itemgetter(0)):
            with in_state(name, Path(folder) / name) as data_dir, served(data_dir) as page:
                for _, size, scheme, top in shots:
                    path = (
                        PICTURES / f"page-{name}-{size}.png"
                        if standing
                        else FOLDER / f"{name}-{size}-{scheme}.png"
                    )
                    photograph(browser, page.link(), size, scheme, path, top, STATES_OF_THE_PAGE[name].hangs)


if __name__ == "__main__":
    main(sys.argv[1:])
