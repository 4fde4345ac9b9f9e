"""From when a person's time counts: the start of the process."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from tests.cli.support import ROOT


def test_process_knows_when_it_was_started() -> None:
    code = "from cli.process_age import process_began_s as s; print(s())"
    before_s = time.monotonic()
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True, encoding="utf-8"
    )
    ticks_s = 2 / os.sysconf("SC_CLK_TCK")
    assert before_s - ticks_s <= float(ran.stdout) <= time.monotonic()
