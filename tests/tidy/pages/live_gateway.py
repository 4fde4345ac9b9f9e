"""docs/live-gateway.md: every variable of the gateway."""

from __future__ import annotations

from gateway.live.settings import PREFIX, VARIABLES
from tests.tidy.pages.marked import Page, code, table


def variables() -> str:
    rows = ((code(f"{PREFIX}{name}"), meaning) for name, meaning in VARIABLES.items())
    return table(("variable", "what it is"), rows)


PAGE = Page("live-gateway.md", {"Gateway": variables})
