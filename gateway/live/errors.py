"""What can go wrong between the gateway and a host outside, and how much is known of the outcome then."""

from __future__ import annotations

from core.errors import CerberoError


class OutsideError(CerberoError):
    """Base: a host outside did not answer as it should."""


class NotSentError(OutsideError):
    """Nothing was written to the connection, so nothing was done there: no name, no connection, no TLS."""


class UnknownOutcomeError(OutsideError):
    """The request may have been read, and no whole answer came: what it did is unknown."""


class EdgeRefusedError(OutsideError):
    """An HTTP status of the edge in front of the venue, without an answer of the venue itself."""

    def __init__(self, host: str, status: int) -> None:
        super().__init__(f"{host}: expected an answer, found HTTP {status}")
        self.status = status


class BusyError(OutsideError):
    """The venue's limits, or ours below them, leave no room now. `retry_after_s` says when to ask again."""

    def __init__(self, text: str, retry_after_s: int = 1) -> None:
        super().__init__(text)
        self.retry_after_s = retry_after_s


class WarmingError(BusyError):
    """Part of what was asked for is there already; the same request again finishes it."""


class AnomalyError(OutsideError):
    """An answer that contradicts what the venue publishes of itself; names the field."""


class StaleError(OutsideError):
    """What is asked for is known only up to a time that is too old."""


class DoubtError(OutsideError):
    """What a changing request did is unknown: 504, and whoever asked has to look."""

    def __init__(self, text: str) -> None:
        super().__init__(f"unknown: {text}")


class VenueError(OutsideError):
    """The venue answered with an error of its own: `code`, `message`, and the field or reason it names."""

    def __init__(self, code: int, message: str, reason: str = "") -> None:
        super().__init__(f"{code} {message}" + (f": {reason}" if reason else ""))
        self.code = code
        self.message = message
        self.reason = reason
