"""What a drill reads from the runbook is what stands there, and nothing is left to be guessed."""

from __future__ import annotations

import pytest

from tests.runbook.page import Step, section, steps, words

PAGE = """# Runbook
## One
1. `run.py stop`, then move `cerbero.db`.
2. `run.py start`: then `run.py kill-switch
   disarm --reason "…"`.

## Two
Nothing to type.
"""


def test_the_steps_of_a_section_are_those_that_are_numbered() -> None:
    first, second = steps("One", PAGE)
    assert (first.commands, first.spans) == (("run.py stop",), ("run.py stop", "cerbero.db"))
    assert second.commands == ("run.py start", 'run.py kill-switch disarm --reason "…"')


def test_a_section_that_is_not_there_or_has_no_steps_is_an_error() -> None:
    with pytest.raises(LookupError, match="found 0"):
        section("Three", PAGE)
    with pytest.raises(LookupError, match="expected numbered steps"):
        steps("Two", PAGE)


def test_what_a_person_fills_in_is_filled_in_or_an_error() -> None:
    command = "run.py state restore --from data/backups/UTC --dry-run"
    filled = ["state", "restore", "--from", "data/backups/20260105T130000Z", "--dry-run"]
    assert words(command, {"UTC": "20260105T130000Z"}) == filled
    with pytest.raises(LookupError, match="UTC"):
        words(command, {})
    assert words("run.py audit tail --kind ALERT", {}) == ["audit", "tail", "--kind", "ALERT"]


def test_a_text_without_a_command_has_none() -> None:
    assert Step("look at `log/`").commands == ()
