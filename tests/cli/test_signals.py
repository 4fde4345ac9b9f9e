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


def ran(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=60,
    )


def test_every_signal_that_would_end_the_process_asks_for_the_stop_and_a_second_changes_nothing() -> None:
    done = ran(IN_A_PROCESS_OF_ITS_OWN.format(before=""))
    assert done.stdout.splitlines() == ["[] []", "still here"]
    assert done.stderr.startswith("actors at ")


def test_nohup_stays_nohup() -> None:
    done = ran(IN_A_PROCESS_OF_ITS_OWN.format(before="signal.signal(signal.SIGHUP, signal.SIG_IGN)"))
    assert done.stdout.splitlines() == ["['SIGHUP'] []", "still here"]


AT_EACH_LINE_OF_A_WAIT = """
import signal, sys, threading
from actors.runtime import ActorSystem, SupervisorSpec, ThreadRuntime
from cli.signals import signals_to

WAITING = {threading.Event.wait.__code__, threading.Condition.wait.__code__}
line, asked = 0, threading.Event()

def trace(frame, event, _argument):
    global seen
    if frame.f_code not in WAITING:
        return None
    if event == "line":
        seen += 1
        if seen == line:
            signal.raise_signal(signal.SIGTERM)
    return trace

with signals_to(ActorSystem(ThreadRuntime(), SupervisorSpec("root", ())), lambda _reason: asked.set()):
    seen = line
    while seen >= line:
        line, seen = line + 1, 0
        asked.clear()
        sys.settrace(trace)
        asked.wait(0.001)
        sys.settrace(None)
        if seen >= line:
            assert asked.wait(10)
print(line)
"""


def test_a_signal_may_come_at_each_line_of_the_main_threads_wait() -> None:
    """There the main thread may hold the lock that a stop takes: a handler that takes it waits for ever."""
    assert int(ran(AT_EACH_LINE_OF_A_WAIT).stdout) > 10


def test_the_lists_are_those_of_the_manual() -> None:
    """Each class named as signal(7) does; what is in none of the lists would end the process."""
    known = {signal_name(number) for number in ending_signals() if number < signal.SIGRTMIN}
    assert {"SIGHUP", "SIGINT", "SIGTERM", "SIGQUIT", "SIGALRM", "SIGUSR2", "SIGXCPU", "SIGPWR"} <= known
    for number in (*FAULTS, *HARMLESS, *UNCATCHABLE, DUMP):
        assert number.name not in known


@pytest.mark.long
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
