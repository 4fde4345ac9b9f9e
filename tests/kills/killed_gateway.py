"""`run.py gateway` in a process that kills itself at a failpoint: `… NOTE WHERE COUNT ARGUMENTS…`.

NOTE is a file that the name of the place is written to right before the kill.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from cli.main import main
from gateway.live import process
from gateway.live.orders.placing import PlacingStep
from gateway.live.sources import LiveSources
from tests.kills.killed import Killer


def install(killer: Killer, wanted: PlacingStep) -> None:
    """Have it kill this process there."""

    def at(step: PlacingStep) -> None:
        if step is wanted:
            killer.passes(step)

    vars(process)["LiveSources"] = partial(LiveSources, reach=at)


if __name__ == "__main__":
    install(Killer(Path(sys.argv[1]), int(sys.argv[3])), PlacingStep(sys.argv[2]))
    sys.exit(main(sys.argv[4:]))
