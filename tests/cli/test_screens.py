"""The screens: as the documentation shows them, fitting their terminals, with no money and no id cut."""

from __future__ import annotations

import re

import pytest

from cli.views.lines import Span, packed, plain
from cli.views.live import screen_lines
from cli.views.position_lines import position_lines
from cli.views.status_page import status_page
from core.messages.engine_status import EngineStatus
from core.status.verdict import position_views
from tests.cli.screens import PICTURES, SIZES, pictures
from tests.fakes.engine_status import CONDOR, STATES, state


def test_the_pictures_are_what_make_screens_writes() -> None:
    stale = [
        name
        for name, content in pictures()
        if not (PICTURES / name).exists() or (PICTURES / name).read_text("utf-8") != content
    ]
    assert stale == [], "run: make screens"


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("shown", STATES.values(), ids=STATES)
def test_a_screen_fits_its_terminal(shown: EngineStatus, width: int, height: int) -> None:
    lines = plain(screen_lines(shown, (), width, height - 1))
    assert len(lines) <= height - 1
    assert max(map(len, lines)) <= width
    assert lines[0].split()[0] in ("OK", "LOOK", "ACT")


@pytest.mark.parametrize("width", [40, 60, 80, 118])
def test_nothing_of_money_or_an_id_is_cropped(width: int) -> None:
    """Every piece stands whole on one line, however narrow the screen."""
    for lines in (
        plain(screen_lines(STATES["condor"], (), width, 60)),
        plain(status_page(STATES["condor"], width)),
    ):
        for piece in (
            "p-entry-20260105T140000Z",
            "2800/2600P 3400/3600C",
            "+0.01840000",
            "+54.31",
            "max loss 360.00 USD",
            "margin 0.3276 ETH",
            "8.7 days",
            "balance 10.31300000 ETH",
            "costs 59% (profit at 50%)",
        ):
            assert sum(piece in line for line in lines) >= 1, (width, piece)


def test_a_figure_that_rounds_to_nothing_has_no_minus() -> None:
    """A new position stands a hair beside where it was entered."""
    [view] = position_views(STATES["put-spread"])
    near = [
        rule.model_copy(
            update={"checks": tuple(check.model_copy(update={"value": -0.0001}) for check in rule.checks)}
        )
        for rule in view.exits
        if rule.rule not in ("margin", "expiry")
    ]
    text = "\n".join(plain(position_lines(view.model_copy(update={"exits": tuple(near)}), 118)))
    assert "way to strike 0% (at 65%)" in text
    assert "4 h +0.0% (at +5.0%)" in text


def test_positions_and_the_last_alert_stand_above_the_actors_even_with_many_findings() -> None:
    loud = STATES["feed-parked"].model_copy(update={"dead_letters": 4})
    lines = plain(screen_lines(loud, (), 80, 23))
    place = {
        word: next(number for number, line in enumerate(lines) if word in line)
        for word in ("p-entry", "last alert", "mcp.macro       parked")
    }
    assert place["p-entry"] < place["last alert"] < place["mcp.macro       parked"]


def test_actors_that_are_not_well_come_first_and_the_rest_are_counted() -> None:
    lines = plain(screen_lines(STATES["feed-parked"], (), 80, 23))
    first = lines[lines.index("") + 1]
    assert first.startswith("mcp.macro       parked 6 restarts")
    assert re.search(r"and (\d+) more, \1 of them up$", lines[-1])


def test_what_is_longer_than_a_line_goes_on_below_its_label() -> None:
    lines = plain(packed([Span("one two three " * 6)], 40, label="label", indent=8))
    assert lines[0].startswith("label   one two")
    assert lines[1].startswith("        ")
    assert max(map(len, lines)) <= 40
    assert "".join(lines).replace(" ", "") == "label" + "onetwothree" * 6


def test_a_status_page_of_a_held_position_is_one_screen() -> None:
    assert len(status_page(STATES["put-spread"], 80)) <= 25
    assert len(status_page(state(), 80)) <= 24
    assert len(status_page(state(positions=(CONDOR,)), 120)) <= 24
