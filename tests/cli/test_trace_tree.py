"""The tree of a trace: causes above their effects, times since the first, nothing lost."""

from __future__ import annotations

from cli.views.trace_tree import tree_lines


def line(second: str, own: str, cause: str, way: str, message: str) -> str:
    sender, to = way.split(">")
    return f"2026-01-05T14:00:{second}+00:00 {own} {cause} entry-1 {sender} tell {to} {message}"


TRACE = (
    line("00.000000", "1", "0", "root/desk/scheduler>root/desk/decision", "JobDue(slot=1, job='entry')"),
    line("00.010000", "2", "1", "root/desk/decision>root/books/state", "OpenCycle()"),
    line("00.020000", "3", "2", "root/books/state>root/desk/decision", "CycleOpened(a='x y')"),
    line("00.030000", "4", "1", "root/desk/decision>root/alerting", "RaiseAlert()"),
    line("01.500000", "9", "-", "->root/kill_switch", "BooksChanged()"),
)


def test_effects_stand_below_their_causes_with_the_seconds_since_the_first() -> None:
    assert list(tree_lines(TRACE)) == [
        "envelopes since 2026-01-05 14:00:00.000000Z, in seconds",
        "    +0.000  scheduler tell decision  JobDue",
        "    +0.010  ├─ decision tell state  OpenCycle",
        "    +0.020  │  └─ state tell decision  CycleOpened",
        "    +0.030  └─ decision tell alerting  RaiseAlert",
        "    +1.500  outside tell kill_switch  BooksChanged",
    ]


def test_what_is_no_envelope_stays_and_a_long_chain_is_no_problem() -> None:
    chain = [line("00.000000", str(n), str(n - 1), "a>b", "M()") for n in range(1, 3000)]
    found = list(tree_lines(["odd", "no time at all 1 2 3 4 5", *chain]))
    assert found[:2] == ["odd", "no time at all 1 2 3 4 5"]
    assert len(found) == 3 + len(chain)


def test_an_envelope_that_names_itself_or_a_lost_cause_is_shown_once() -> None:
    own = line("00.000000", "5", "5", "a>b", "M()")
    assert len(list(tree_lines([own]))) == 2
    assert list(tree_lines([])) == []
