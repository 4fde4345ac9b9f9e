"""`make bench`: every benchmark in turn; exit code 1 if a figure misses its target."""

from __future__ import annotations

import sys

from bench import backtest, books, boot, chain, commands, research, runtime


def main() -> int:
    """Run each; it prints its rows and puts them into `bench.json`."""
    ended = [each.main() for each in (runtime, chain, books, boot, commands, backtest, research)]
    return max(ended)


if __name__ == "__main__":
    sys.exit(main())
