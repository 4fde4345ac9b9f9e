"""Which client of the venue this is: a report of what the venue does holds for the client that asked."""

from typing import Final

VERSION: Final = "2.0-live"
