"""`run.py paper` with a server between engine and venue that misbehaves as a table says.

Run as `python -m tests.hostile.paper_between TABLE FILE paper …`; the table is one of `TABLES`, and the
file gets the names of what was told of it, as JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from unittest.mock import patch

from cli.main import main
from gateway.paper.launch import StartingVenue, VenueProcess
from tests.hostile.account_answers import Account
from tests.hostile.entry_answers import NOW_HEADER, Entries
from tests.hostile.misbehaviours import Act
from tests.hostile.server import Exchange, HostileServer

TABLES: dict[str, Account | Entries] = {"entries": Entries(), "account": Account()}


class VenueBehind(StartingVenue):
    """The venue's process, reached by way of the server."""

    def listening(self) -> VenueProcess:
        venue = super().listening()
        server = HostileServer(venue.url)
        server.choosing(chosen)
        server.__enter__()
        venue.url = server.url
        return venue


def chosen(asked: Exchange) -> Act | None:
    """How a request is answered; the report's own look at the account, without market time, is left alone."""
    return TABLES[sys.argv[1]](asked) if NOW_HEADER in asked.headers else None


if __name__ == "__main__":
    with patch("cli.paper.start.StartingVenue", VenueBehind):
        code = main(sys.argv[3:])
    Path(sys.argv[2]).write_text(json.dumps(sorted(TABLES[sys.argv[1]].told)), "utf-8")
    sys.exit(code)
