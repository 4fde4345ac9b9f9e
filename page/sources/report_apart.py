"""The report, made by a process of its own: it ends, and gives back all that the making took.

A report over years takes memory for a moment that a process which lives for weeks would hold for good: pieces
of it lie between what is still needed.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Final

from core.errors import CerberoError, FoundWrongError
from reading.trading import TradingReport
from reading.trading_books import trading_report

MADE_S_MAX: Final = 60.0
"""Three years take half a second."""


def report_apart(data_dir: Path) -> TradingReport:
    """The report of a folder's books. Raises the same errors as `trading_report`."""
    asked = [sys.executable, "-m", __name__, str(data_dir)]
    try:
        # In a session of its own, so that a Ctrl-C in the terminal is the page's alone.
        made = subprocess.run(  # noqa: S603  (this module itself)
            asked,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            timeout=MADE_S_MAX,
            check=False,
            start_new_session=True,
        )
    except subprocess.TimeoutExpired:
        raise FoundWrongError(f"the report was not made within {MADE_S_MAX:.0f} s") from None
    except OSError as error:
        raise FoundWrongError(f"the report can't be made: no process can be started: {error}") from None
    if made.returncode != 0:
        raise FoundWrongError(f"the report was not made: its process ended with code {made.returncode}")
    found = pickle.loads(made.stdout)  # noqa: S301  (what this module's own process wrote)
    if isinstance(found, CerberoError):
        raise found
    if not isinstance(found, TradingReport):
        raise TypeError(f"expected a report, found {type(found).__name__}")
    return found


def main(data_dir: Path) -> None:
    """Write the report, or the error that there is in its place."""
    made: TradingReport | CerberoError
    try:
        made = trading_report(data_dir, from_copy=True)
    except CerberoError as error:
        made = error
    sys.stdout.buffer.write(pickle.dumps(made))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
