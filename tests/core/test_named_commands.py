"""Commands that a text names, for an engine whose data folder is not the default."""

from __future__ import annotations

import pytest

from core.named_commands import typeable

FOLDER = "/srv/my engine"


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("look: run.py status", "look: run.py status --data-dir '/srv/my engine'"),
        (
            'run.py resume --reason "…" lets entries go on',
            "run.py resume --data-dir '/srv/my engine' --reason \"…\" lets entries go on",
        ),
        (
            'run.py kill-switch disarm --accept-audit-break --reason "…".',
            "run.py kill-switch disarm --data-dir '/srv/my engine' --accept-audit-break --reason \"…\".",
        ),
        ("run.py trace ID, with the cause", "run.py trace --data-dir '/srv/my engine' ID, with the cause"),
        ("run.py ping shows it; run.py config validate", None),
        (
            "run.py state rebuild --from-audit data/audit",
            "run.py state rebuild --data-dir '/srv/my engine' --from-audit '/srv/my engine/audit'",
        ),
    ],
)
def test_each_command_names_the_folder_once(text: str, typed: str | None) -> None:
    typed = typed or "run.py ping --data-dir '/srv/my engine' shows it; run.py config validate"
    assert typeable(text, FOLDER) == typed
    assert typeable(typed, FOLDER) == typed, "a text that was placed is not placed again"


def test_a_folder_that_a_command_names_among_its_options_stays() -> None:
    text = "run.py state rebuild --from-audit data/audit --data-dir there"
    assert typeable(text, FOLDER) == text


def test_commands_that_take_the_folder_by_themselves_do_not_name_it() -> None:
    assert typeable("run.py status", "") == "run.py status"


def test_a_folder_with_a_quotation_mark_stays_one_word() -> None:
    assert typeable("run.py status", "/a'b") == """run.py status --data-dir '/a'"'"'b'"""
