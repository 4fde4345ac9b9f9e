"""Pastes the report of the recorded months into `docs/strategy.md`.

    python -m tests.recorded.pasted_report CHAINS

It is what `run.py backtest --chains CHAINS --resume-after-days 30` prints, between two marks of the page.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = ROOT / "docs" / "strategy.md"
BEGIN: Final = "<!-- recorded months: python -m tests.recorded.pasted_report $CHAINS -->"
END: Final = "<!-- end of the recorded months -->"
COMMAND: Final = ("run.py", "backtest", "--resume-after-days", "30", "--chains")


def printed(chains: Path) -> str:
    """What the backtest prints, with the folder as the documentation names it."""
    command = [sys.executable, *COMMAND, str(chains)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    text = ended.stdout.replace(str(chains), "$CHAINS").replace(f"{ROOT}/", "")
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def pasted(page: str, report: str) -> str:
    """The page with this report between its marks. Raises `ValueError` if they are not there once each."""
    if page.count(BEGIN) != 1 or page.count(END) != 1:
        raise ValueError(f"expected {BEGIN} and {END} once each")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n```\n$ {' '.join(COMMAND)} $CHAINS\n{report}\n```\n{END}{after}"


def main(chains: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(pasted(page, printed(chains)), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
