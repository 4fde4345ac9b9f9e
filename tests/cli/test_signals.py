"""No signal that can be caught ends an engine without an orderly stop."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cli.signals import DUMP, FAULTS, HARMLESS, UNCATCHABLE, ending_signals, signal_name
from tests.cli.paper.test_paper import running, wait_for_audit
from tests.cli.support import ROOT, ended

IN_A_PROCESS_OF_ITS_OWN = """
import signal
from cli.signals import ending_signals, signal_name, signals_to
from actors.runtime import ActorSystem, SupervisorSpec, ThreadRuntime

{before}
system = ActorSystem(ThreadRuntime(), SupervisorSpec("root", ()))
asked = []
with signals_to(system, asked.append):
    for number in sorted(ending_signals()):
        signal.raise_signal(number)
    signal.raise_signal(signal.SIGUSR1)
    wanted = [signal_name(number) for number in sorted(ending_signals())]
print(sorted(set(wanted) - set(asked)), sorted(set(asked) - set(wanted)))
signal.raise_signal(signal.SIGTERM)
print("still here")
"""


def ran(before: str = "") -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", IN_A_PROCESS_OF_ITS_OWN.format(before=before)],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=60,
    )
    return done.stdout.splitlines()


def test_every_signal_that_would_end_the_process_asks_for_the_stop_and_a_second_changes_nothing() -> None:
    assert ran() == ["[] []", "still here"]


def test_nohup_stays_nohup() -> None:
    assert ran("signal.signal(signal.SIGHUP, signal.SIG_IGN)") == ["['SIGHUP'] []", "still here"]


def test_the_lists_are_those_of_the_manual() -> None:
    """Each class named as signal(7) does; what is in none of the lists would end the process."""
    known = {signal_name(number) for number in ending_signals() if number < signal.SIGRTMIN}
    assert {"SIGHUP", "SIGINT", "SIGTERM", "SIGQUIT", "SIGALRM", "SIGUSR2", "SIGXCPU", "SIGPWR"} <= known
    for number in (*FAULTS, *HARMLESS, *UNCATCHABLE, DUMP):
        assert number.name not in known


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGQUIT])
def test_a_closed_terminal_ends_a_run_in_order(tmp_path: Path, number: signal.Signals) -> None:
    with running(tmp_path / "data") as process:
        wait_for_audit(tmp_path / "data", b"CYCLE_CLOSED")
        process.send_signal(number)
        done = ended(process, timeout_s=20)
    assert done.code == 0, done.err
    assert f"({number.name})" in done.out
    assert "verified" in done.out
    assert b"ENGINE_STOP" in b"".join(
        path.read_bytes() for path in (tmp_path / "data" / "audit").glob("*.jsonl")
    )
