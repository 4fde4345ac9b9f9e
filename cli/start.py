"""Starts the command line. It imports nothing by itself, so that hardly any moment comes before it."""

from __future__ import annotations

from typing import Final

INTERRUPTED: Final = 130
"""The exit code of what a person ended: 128 and the number of SIGINT."""


def start() -> int:
    """Run one command and return its exit code; of a Ctrl-C that no command answers, because it comes while
    they are imported or when one has ended, `INTERRUPTED`."""
    try:
        from cli.main import main

        return main()
    except KeyboardInterrupt:
        return INTERRUPTED
