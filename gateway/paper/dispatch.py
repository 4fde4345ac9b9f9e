"""One request to the venue: (now, router, tool, headers, body) -> (status, headers, body).

Pure but for the venue it holds, synchronous, and free of HTTP: the server and the in-process transport are
shells over it. The clock and the account are saved before the answer is returned. It never sleeps: timing
faults are reported in the headers `X-Paper-Fault` and `X-Paper-Took` (seconds) for the caller to play.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, Protocol

from core.contract import (
    CHANGING_TOOLS,
    EnvironmentName,
    HealthAnswer,
    NoArguments,
    OrderAnswer,
    OrderIdRequest,
    PlaceComboOrder,
    Router,
)
from core.errors import InputError
from gateway.paper import orders as desk
from gateway.paper.account import Account
from gateway.paper.fault_bodies import broken_body, zeroed_body
from gateway.paper.faults import BODY_KINDS, FaultKind, Faults, PlayedFault
from gateway.paper.played import play_on_account
from gateway.paper.refusals import Reason
from gateway.paper.toolbox import TOOLBOX
from gateway.paper.trading_tools import environment_info
from gateway.paper.venue import Venue
from gateway.shell.bodies import HttpAnswer, answer_json, answered, failure, parse_request, soft
from gateway.shell.door import HEALTH, Door
from gateway.shell.refusals import LabelTakenError, MalformedRequestError, SoftRefusalError

VERSION: Final = "2.0-paper"
FAULT_HEADER: Final = "X-Paper-Fault"
TOOK_HEADER: Final = "X-Paper-Took"
TIMEOUT_TOOK_S: Final = 30.0
LATENCY_S: Final = (0.2, 6.0)
RETRY_AFTER_S: Final = 2
ENVIRONMENT: Final[EnvironmentName] = "paper"
WRONG_ENVIRONMENT: Final[EnvironmentName] = "testnet"


class Keeper(Protocol):
    """The store of clock, account and fault counts; a port."""

    def save(self, clock: datetime, account: Account, fault_counts: Mapping[str, int]) -> None:
        """Write the changes since the last call; they survive a kill once this returns."""

    def load(self) -> tuple[datetime, Account, dict[str, int]] | None:
        """The state as last saved, None if nothing was."""


class Dispatch:
    """Answers requests to the venue: checks them, plays faults, runs the tool and saves the new state."""

    def __init__(self, venue: Venue, token: str, faults: Faults, keeper: Keeper) -> None:
        self.venue = venue
        self._door = Door(token, TOOLBOX)
        self._faults = faults
        self._keeper = keeper

    def __call__(
        self, now: datetime, router: str, tool: str, headers: Mapping[str, str], body: bytes
    ) -> HttpAnswer:
        """Answer one call at `now`, or at the venue's clock if that is later.

        `tool` is `health` for a router's health page. Header names are lower case.
        """
        refused = self._door.refused(router, tool, headers)
        if refused is not None:
            return refused
        end = self.venue.source.end
        if end is not None and now > end:
            return failure(503, f"the record ends at {end.isoformat()}, asked at {now.isoformat()}")
        known = Router(router)
        try:
            self.venue.advance(now)
            played = self._faults.draw(known, tool, headers.get("x-correlation-id", ""))
            if played is None:
                answer = self._plain(known, tool, body)
            else:
                answer = self._faulty(played, known, tool, body)
            self._keeper.save(self.venue.clock, self.venue.account, self._faults.counts)
        except Exception:
            # A request that fails half way must leave no trace: go back to the state as last saved.
            kept = self._keeper.load()
            if kept is not None:
                self.venue.clock, self.venue.account, self._faults.counts = kept
            raise
        return answer

    def is_authorised(self, headers: Mapping[str, str]) -> bool:
        """Whether the bearer token is the venue's."""
        return self._door.is_authorised(headers)

    def _plain(self, router: Router, tool: str, body: bytes) -> HttpAnswer:
        return self._guarded(lambda: self._call(router, tool, body))

    def _call(self, router: Router, tool: str, body: bytes) -> bytes:
        if tool == HEALTH:
            return answer_json(HealthAnswer(status="ok", version=VERSION, environment=ENVIRONMENT))
        return TOOLBOX[router, tool](self.venue, body)

    def _guarded(self, call: Callable[[], bytes]) -> HttpAnswer:
        """Run a call and turn its refusals into answers."""
        try:
            return answered(call())
        except MalformedRequestError as error:
            return failure(422, str(error))
        except SoftRefusalError as error:
            return soft(str(error))
        except LabelTakenError as error:
            return HttpAnswer(409, {}, answer_json(OrderAnswer(order=error.order)))
        except InputError as error:
            return failure(422, str(error))

    def _faulty(self, played: PlayedFault, router: Router, tool: str, body: bytes) -> HttpAnswer:
        answer = self._played(played, router, tool, body)
        return answer._replace(headers={FAULT_HEADER: played.kind.value, **answer.headers})

    def _played(self, played: PlayedFault, router: Router, tool: str, body: bytes) -> HttpAnswer:
        kind, rng = played
        match kind:
            case FaultKind.HTTP_401:
                return failure(401, "played: token refused")
            case FaultKind.HTTP_429:
                return failure(429, "played: too many requests", {"Retry-After": str(RETRY_AFTER_S)})
            case FaultKind.HTTP_503:
                return failure(503, "played: unavailable")
            case FaultKind.HTTP_500:
                if rng.random() < 0.5:
                    self._plain(router, tool, body)
                return failure(500, "played: internal error")
            case FaultKind.TIMEOUT_BEFORE:
                return _unanswered()
            case FaultKind.TIMEOUT_AFTER:
                self._plain(router, tool, body)
                return _unanswered()
            case FaultKind.PARTIAL_SILENT:
                self._guarded(lambda: self._place_partly(body))
                return _unanswered()
            case FaultKind.SOFT_ERROR:
                return self._soft_error(router, tool, body)
            case FaultKind.REJECT:
                return self._guarded(lambda: self._place_rejected(body))
            case FaultKind.FILL_AFTER_CANCEL:
                return self._guarded(lambda: self._cancel_too_late(body))
            case FaultKind.WRONG_ENVIRONMENT:
                return self._wrong_environment(tool, body)
            case FaultKind.ALIEN_POSITION | FaultKind.VENUE_RESTART:
                play_on_account(kind, self.venue, rng)
                return self._plain(router, tool, body)
            case FaultKind.LATENCY:
                took = {TOOK_HEADER: f"{rng.uniform(*LATENCY_S):.3f}"}
                return self._plain(router, tool, body)._replace(headers=took)
            case _:
                answer = self._plain(router, tool, body)
                if kind in BODY_KINDS and answer.status == 200:
                    return answer._replace(body=broken_body(kind, answer.body, rng))
                return answer

    def _soft_error(self, router: Router, tool: str, body: bytes) -> HttpAnswer:
        error = f"{Reason.BAD_CREDENTIALS}: played"
        if tool in CHANGING_TOOLS:
            return soft(error)
        answer = self._plain(router, tool, body)
        return answer._replace(body=zeroed_body(answer.body, error)) if answer.status == 200 else answer

    def _place_partly(self, body: bytes) -> bytes:
        order = desk.place_silent(self.venue, parse_request(PlaceComboOrder, body))
        return answer_json(OrderAnswer(order=order.order))

    def _place_rejected(self, body: bytes) -> bytes:
        order = desk.place(self.venue, parse_request(PlaceComboOrder, body), played_reject=True)
        return answer_json(OrderAnswer(order=order.order))

    def _cancel_too_late(self, body: bytes) -> bytes:
        order_id = parse_request(OrderIdRequest, body).order_id
        return answer_json(OrderAnswer(order=desk.cancel(self.venue, order_id, fills_late=True).order))

    def _wrong_environment(self, tool: str, body: bytes) -> HttpAnswer:
        if tool == HEALTH:
            health = HealthAnswer(status="ok", version=VERSION, environment=WRONG_ENVIRONMENT)
            return answered(answer_json(health))
        parse_request(NoArguments, body)
        return answered(answer_json(environment_info(self.venue, WRONG_ENVIRONMENT)))


def _unanswered() -> HttpAnswer:
    """A timeout: for a client that ignores the header a 504, which leaves the outcome as open as silence."""
    return failure(504, "played: no answer", {TOOK_HEADER: str(TIMEOUT_TOOK_S)})
