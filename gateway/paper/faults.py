"""Draws the faults that the venue plays, from a seed: which call is hit by which kind.

`TARGET:KIND[:RATE]`: TARGET is a router, `venue` or `all`; RATE is the probability per call (default 0.02).
`venue` means the private tools of the deribit router. A kind that only certain tools can show hits just
those, whatever the target.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from random import Random
from typing import Final, NamedTuple

from core.contract import CHANGING_TOOLS, TOOLS, Router
from core.contract.deribit_trading import TRADING_TOOLS
from core.errors import InputError
from core.plain_number import plain_number
from gateway.shell.door import HEALTH

DEFAULT_RATE: Final = 0.02
ENTRY_CORRELATION: Final = "entry"
"""A request belongs to an entry cycle if its correlation id contains this word."""


class FaultKind(StrEnum):
    LATENCY = "latency"
    TIMEOUT_BEFORE = "timeout_before"
    TIMEOUT_AFTER = "timeout_after"
    CUT = "cut"
    HTTP_429 = "http_429"
    HTTP_500 = "http_500"
    HTTP_503 = "http_503"
    HTTP_401 = "http_401"
    SOFT_ERROR = "soft_error"
    TRUNCATED = "truncated"
    MISSING = "missing"
    NULL = "null"
    WRONG_TYPE = "wrong_type"
    NAN = "nan"
    NEGATIVE = "negative"
    STALE = "stale"
    CROSSED = "crossed"
    EMPTY_BOOK = "empty_book"
    IV_7 = "iv_7"
    REJECT = "reject"
    PARTIAL_SILENT = "partial_silent"
    FILL_AFTER_CANCEL = "fill_after_cancel"
    ALIEN_POSITION = "alien_position"
    VENUE_RESTART = "venue_restart"
    WRONG_ENVIRONMENT = "wrong_environment"
    CRASH = "crash"


BODY_KINDS: Final = frozenset(
    {
        FaultKind.TRUNCATED,
        FaultKind.MISSING,
        FaultKind.NULL,
        FaultKind.WRONG_TYPE,
        FaultKind.NAN,
        FaultKind.NEGATIVE,
        FaultKind.STALE,
        FaultKind.CROSSED,
        FaultKind.EMPTY_BOOK,
        FaultKind.IV_7,
    }
)
_DERIBIT_TOOLS: Final = frozenset(tool for router, tool in TOOLS if router is Router.DERIBIT) | {HEALTH}
_TOOLS_OF_KIND: Final = {
    FaultKind.CROSSED: frozenset({"get_options_chain", "get_order_book"}),
    FaultKind.EMPTY_BOOK: frozenset({"get_options_chain", "get_order_book"}),
    FaultKind.IV_7: frozenset({"get_options_chain"}),
    FaultKind.REJECT: frozenset({"place_combo_order"}),
    FaultKind.PARTIAL_SILENT: frozenset({"place_combo_order"}),
    FaultKind.FILL_AFTER_CANCEL: frozenset({"cancel_order"}),
    FaultKind.WRONG_ENVIRONMENT: frozenset({"environment_info", HEALTH}),
    FaultKind.ALIEN_POSITION: _DERIBIT_TOOLS,
    FaultKind.VENUE_RESTART: _DERIBIT_TOOLS,
}
"""Kinds that need a tool of the deribit router; all others hit any call."""
_TRADING: Final = frozenset(tool.name for tool in TRADING_TOOLS)
_NEVER_CRASHED: Final = CHANGING_TOOLS | {HEALTH}
"""A crash hits a router's actor while it reads; changing tools are another actor's, a probe is not a read."""


class FaultSpec(NamedTuple):
    """One `TARGET:KIND:RATE`."""

    target: str
    kind: FaultKind
    rate: float

    @classmethod
    def parse(cls, text: str) -> FaultSpec:
        """Read `TARGET:KIND[:RATE]`. Raises `InputError` saying what was found and expected."""
        target, _, rest = text.partition(":")
        kind_text, _, rate_text = rest.partition(":")
        targets = (*Router, "venue", "all")
        if target not in targets:
            raise InputError(f"--fault: expected a target of {', '.join(targets)}; found {text!r}")
        if kind_text not in set(FaultKind):
            raise InputError(f"--fault: expected a kind of {', '.join(FaultKind)}; found {text!r}")
        kind = FaultKind(kind_text)
        if kind in _TOOLS_OF_KIND and target not in (Router.DERIBIT, "venue", "all"):
            raise InputError(f"--fault: {kind} needs the target deribit, venue or all; found {text!r}")
        rate = plain_number(rate_text) if rate_text else DEFAULT_RATE
        if rate is None or not 0.0 <= rate <= 1.0:
            raise InputError(f"--fault: expected a rate from 0 to 1, found {text!r}")
        return cls(target, kind, rate)

    def covers(self, router: Router, tool: str) -> bool:
        """Whether this fault may hit a call of that tool."""
        tools = _TOOLS_OF_KIND.get(self.kind)
        if tools is not None:
            return router is Router.DERIBIT and tool in tools
        if self.target == "venue":
            return router is Router.DERIBIT and tool in _TRADING
        return self.target in ("all", router)


class PlayedFault(NamedTuple):
    """A fault that hits this call, with a random generator of its own."""

    kind: FaultKind
    rng: Random


class Faults:
    """Draws, for each call, the fault that hits it. The same calls in the same order draw the same faults."""

    def __init__(self, specs: Sequence[FaultSpec], seed: int, counts: dict[str, int]) -> None:
        """`counts`: the calls seen so far by tool, as loaded from the store; updated in place."""
        self._specs = tuple(specs)
        self._seed = seed
        self.counts = counts

    def draw(self, router: Router, tool: str, correlation: str) -> PlayedFault | None:
        """The first fault, in the order of the specs, that hits this call; None if none does."""
        if not self._specs:
            return None
        key = f"{router}/{tool}"
        call = self.counts[key] = self.counts.get(key, 0) + 1
        rng = Random(f"{self._seed}:fault:{key}:{call}")
        for spec in self._specs:
            if not spec.covers(router, tool):
                continue
            if spec.kind is FaultKind.CRASH:
                if self._first_of_entry(spec, router, tool, correlation):
                    return PlayedFault(spec.kind, rng)
            elif rng.random() < spec.rate:
                return PlayedFault(spec.kind, rng)
        return None

    def _first_of_entry(self, spec: FaultSpec, router: Router, tool: str, correlation: str) -> bool:
        """Whether this is a router's first read for an entry cycle; a crash hits just that, at any rate."""
        if ENTRY_CORRELATION not in correlation or tool in _NEVER_CRASHED:
            return False
        key = f"crash/{spec.target}/{router}"
        self.counts[key] = self.counts.get(key, 0) + 1
        return self.counts[key] == 1
