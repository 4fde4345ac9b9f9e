"""Every page that has parts made from the code."""

from __future__ import annotations

from tests.tidy.pages import configuration, going_live, live_gateway, operation, risk_controls, upstream
from tests.tidy.pages.marked import Page, replaced

PAGES = (
    configuration.PAGE,
    going_live.PAGE,
    live_gateway.PAGE,
    operation.PAGE,
    risk_controls.PAGE,
    upstream.PAGE,
)


def written(page: Page) -> str:
    """The page with its parts as the code makes them."""
    return replaced(page.path.read_text("utf-8"), page)
