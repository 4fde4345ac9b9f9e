"""Writes every table that is made from the code anew: `python -m tests.tidy.pages`."""

from __future__ import annotations

from tests.tidy.pages.all_pages import PAGES, written

for page in PAGES:
    page.path.write_text(written(page), "utf-8")
