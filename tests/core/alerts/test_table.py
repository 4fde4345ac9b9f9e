"""The table of alerts: looked up by what is recorded, and short enough for a phone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.alerts import ENTRIES, AlertCode, begins_of, code_of, entry_of, shown_code

TITLE_MAX = 50
"""About what a lock screen shows of one line."""
DO_MAX = 240


@pytest.mark.parametrize("code", AlertCode)
def test_an_entry_is_short_and_of_whole_sentences(code: AlertCode) -> None:
    entry = ENTRIES[code]
    assert 0 < len(entry.title) <= TITLE_MAX
    assert entry.title[0].isupper()
    assert not entry.title.endswith(".")
    for text in (entry.means, entry.do, entry.over):
        assert text[0].isupper() or text.startswith(("run.py ", "cerbero.db ", "market.db "))
        assert text.endswith((".", "?", '.".'))
        assert text.isprintable()
    assert len(entry.do) <= DO_MAX
    assert entry.severities
    assert len(set(entry.severities)) == len(entry.severities)


def test_an_end_is_an_alert_that_does_not_last_itself() -> None:
    ends = {entry.ends for entry in ENTRIES.values()} - {None}
    assert ends
    assert [end for end in ends if end is not None and ENTRIES[end].ends is not None] == []


def test_an_end_knows_all_its_beginnings() -> None:
    assert begins_of(AlertCode.DISK_BACK) == {
        AlertCode.DISK_LOW,
        AlertCode.COMMIT_FAILED,
        AlertCode.BALLAST_RELEASED,
    }
    assert begins_of(AlertCode.DISK_LOW) == frozenset()


@given(code=st.sampled_from(AlertCode), subject=st.text())
def test_a_recorded_code_is_found_whatever_its_subject(code: AlertCode, subject: str) -> None:
    if not code.value.startswith("armed:"):
        assert code_of(shown_code(code, subject)) is code
    assert code_of(code.value) is code
    assert entry_of(code.value) is ENTRIES[code]


@pytest.mark.parametrize("unknown", ["", "no_such", "armed", ":clock", "DISK_LOW"])
def test_a_code_of_another_version_has_no_entry(unknown: str) -> None:
    assert code_of(unknown) is None
    assert entry_of(unknown) is None
