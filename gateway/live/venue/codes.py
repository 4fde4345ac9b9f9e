"""What Deribit's error numbers mean for whoever asked. A number that is in no set may mean anything.

Source: Deribit's documentation, "RPC Error Codes"; what each means for a request's outcome is ours.
"""

from __future__ import annotations

from typing import Final

TOO_MANY: Final = frozenset({10028, 10047, 10066})
"""Too many requests, here or before the matching engine: nothing was done."""
LATCHED: Final = frozenset({10000, 11042, 13004, 13009, 13012, 13021, 13403})
"""The key or its rights: no call will do better, so every tool of the venue refuses until a new start."""
UNAUTHORIZED: Final = 13009
SHUT: Final = frozenset({10040, 10041, 11051, 11098, 12998, 13025, 13503})
"""Settlement, maintenance, a lock: the venue takes nothing now, and nothing was done."""
OUR_FAULT: Final = frozenset({-32700, -32601, -32600, 11050})
"""We have said something that is no request."""
INVALID_PARAMS: Final = -32602
NOT_FOUND: Final = frozenset({10004, 10010, 10012, 11008, 11044, 13019, 13020})
"""An order, an option or a book that is not there, or no more."""
REFUSED: Final = frozenset(
    {10002, 10003, *range(10005, 10010), 10011, *range(10013, 10028), *range(10029, 10040), 10043}
    | {11029, 11030, *range(11036, 11042), 11043, *range(11045, 11050), 11054, 11055, 12005}
    | {13010, 13016, 13031, 13035, 13036, -32000}
)
"""The venue understood and refused: definitely nothing was done."""
