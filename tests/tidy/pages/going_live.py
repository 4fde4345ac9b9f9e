"""docs/going-live.md: what `run.py preflight` looks at."""

from __future__ import annotations

from cli.preflight.line import IN_ORDER, PreflightCheck
from tests.tidy.pages.marked import Page, table


def checks() -> str:
    return table(("line", "in order if"), ((check.value, IN_ORDER[check]) for check in PreflightCheck))


PAGE = Page("going-live.md", {"Preflight": checks})
