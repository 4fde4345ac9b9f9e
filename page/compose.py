"""Puts a page together: for a data folder with or without an engine, or for a finished run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from time import monotonic

from core.errors import CerberoError
from page.app import ArmingTold, Page, Views
from page.door.access import Access, cookie_name
from page.door.hosts import Hosts
from page.sources.report_apart import report_apart
from page.view import Viewer
from reading.engine_status import engine_status
from reading.switch.arming import Patience, RealPatience, arm


def page_of_folder(data_dir: Path, name: str, now: Callable[[], datetime], hosts: Hosts) -> Page:
    """The page of an engine. It only reads, but for the arming; it begins at once."""
    views = Viewer(data_dir, name, partial(engine_status, data_dir), now, report_apart)
    views.begin()
    return _page(views, name, str(data_dir.resolve()), hosts, partial(armed, data_dir))


def page_of_run(views: Views, name: str, file: Path, hosts: Hosts) -> Page:
    """The page of a finished run, over which there is nothing to stop."""
    return _page(views, name, str(file.resolve()), hosts, None)


def page_of_sweep(folder: Path, hosts: Hosts) -> Page:
    """The page of a sweep's folder. Raises InputError that names the key if it is none."""
    # It takes memory, which the page of an engine keeps for its books.
    from page.sweep import SweepPages

    pages = SweepPages(folder)
    made = _page(None, pages.view.name, str(folder.resolve()), hosts, None)
    return replace(made, sweep=pages)


def armed(data_dir: Path, reason: str, patience: Patience | None = None) -> ArmingTold:
    """Arm as `kill-switch arm` does, and say what is true then; `patience` counts from now if it is None."""
    try:
        sentences = arm(data_dir, reason, lambda _: None, patience or RealPatience(monotonic()))
    except CerberoError as error:
        return ArmingTold(False, (str(error),))
    return ArmingTold(True, sentences)


def _page(
    views: Views | None, name: str, place: str, hosts: Hosts, arm: Callable[[str], ArmingTold] | None
) -> Page:
    secure = hosts.public_name is not None
    return Page(
        views=views,
        access=Access(),
        hosts=hosts,
        cookie=cookie_name(name, place, secure=secure),
        secure=secure,
        arm=arm,
    )
