"""Runs the real process, with a person at it, until it kills itself at a named place."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from random import Random
from threading import Event

from actors.failpoints import Failpoint
from tests.cli.support import ROOT
from tests.fakes.telegram import FakeTelegram
from tests.power.crash_states import Acknowledged
from tests.power.person import Operator
from tests.scenarios.playing import MARKET

REACHED_WITHIN_S = 900.0
VENUE_GONE_WITHIN_S = 60.0
LOOK_S = 0.02
PAPER = ("paper", "--keep", "--days", "3650", "--seed", str(MARKET), "--no-ui")


class NotReachedError(AssertionError):
    """The run came to its end, or to the end of its time, without coming to the place."""


def killed_at(
    place: Failpoint, count: int, data_dir: Path, said: Acknowledged, arguments: tuple[str, ...] = PAPER
) -> Acknowledged:
    """Run on a paper folder until the `count`-th time at that place. Returns what had been acknowledged.

    Raises NotReachedError with what the process said.
    """
    note = data_dir.parent / "killed"
    note.unlink(missing_ok=True)
    with FakeTelegram() as telegram:
        engine = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.kills.killed", str(note), place, str(count)),
                *(*arguments, "--data-dir", str(data_dir)),
            ],
            cwd=ROOT,
            env=environment(telegram),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        operator = Operator(data_dir, Random(f"{place} {count}"), switch=said.switch, head=None)
        operator.start()
        try:
            code = ended_by(engine, operator)
        finally:
            engine.kill()
            said_last = engine.communicate()[1]
            operator.over.set()
            operator.join()
    if code != -signal.SIGKILL or not note.exists() or note.read_text("utf-8") != place:
        raise NotReachedError(f"{place} was not reached {count} times: exit {code}: {said_last[-2000:]}")
    wait_until_let_go(data_dir)
    return replace(
        said,
        switch=operator.switch,
        head=said.head if operator.head is None else (operator.head.seq, operator.head.hash),
        accepted=(*said.accepted, *operator.accepted),
        closing=(*said.closing, *operator.closing),
    )


def environment(telegram: FakeTelegram) -> dict[str, str]:
    """The tests' own without what is set for an engine, a channel for the alerts, and a record of
    the market."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("CERBERO_BITE_")}
    return ours | {
        "CERBERO_BITE_RECORD_DAYS": "1",
        "CERBERO_BITE_TELEGRAM_BOT_TOKEN": "1:token",
        "CERBERO_BITE_TELEGRAM_CHAT_ID": "2",
        "CERBERO_BITE_TELEGRAM_API_URL": telegram.url,
    }


def ended_by(engine: subprocess.Popen[str], operator: Operator) -> int | None:
    """Its exit code; None if it was not over in time."""
    for _ in range(int(REACHED_WITHIN_S / LOOK_S)):
        code = engine.poll()
        if code is not None:
            return code
        operator.over.wait(LOOK_S)
    return None


def wait_until_let_go(data_dir: Path) -> None:
    """Until the killed process's venue has noticed and ended: the next one serves its account."""
    account = data_dir / "venue"
    for _ in range(int(VENUE_GONE_WITHIN_S / LOOK_S)):
        if not any(has_open(process, account) for process in Path("/proc").glob("[0-9]*")):
            return
        Event().wait(LOOK_S)
    raise AssertionError("the venue of the killed process did not end")


def has_open(process: Path, folder: Path) -> bool:
    """Whether that process has a file of the folder open."""
    try:
        return any(handle.readlink().is_relative_to(folder) for handle in (process / "fd").iterdir())
    except OSError:
        return False
