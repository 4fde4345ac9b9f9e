"""`make bench`: every benchmark in turn; exit code 1 if a figure misses its target."""

from __future__ import annotations

import sys

from bench import backtest, books, boot, chain, commands, gateway, research, runtime


def main() -> int:
    """Run each; it prints its rows and puts them into `bench.json`."""
    return max(
        runtime.main(),
        chain.main(),
        books.main(),
        boot.main(),
        commands.main(),
        gateway.main(),
        backtest.main(),
        research.main(),
    )


if __name__ == "__main__":
    sys.exit(main())
