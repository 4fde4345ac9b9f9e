"""What a key may do, as the venue says it; one that may do more than the gateway needs is refused.

Source: Deribit's documentation, `public/auth` with `client_signature`: HMAC-SHA256 with the secret over
timestamp (ms), nonce and data, so that the secret itself never leaves. The token of the answer is dropped.
"""

from __future__ import annotations

import secrets
from typing import Final

from core.errors import InputError
from gateway.live.deadline import Deadline
from gateway.live.fields import AnswerFields
from gateway.live.venue.limits import Priority
from gateway.live.venue.methods import Method
from gateway.live.venue.reads import DeribitReads
from gateway.live.venue.signing import ApiKey, signature

WANTED: Final = "account:read trade:read_write wallet:none"
TOO_MUCH: Final = frozenset(
    f"{right}:read_write" for right in ("wallet", "account", "block_trade", "block_rfq", "custody")
)
"""It could pay out, make keys, or trade elsewhere than in the books."""


async def rights_of(key: ApiKey, reads: DeribitReads, deadline: Deadline) -> frozenset[str]:
    """The scope of a key, each part such as `trade:read_write`. Raises an `OutsideError`."""
    at_ms, nonce = reads.wire.clock.now_ms(), secrets.token_hex(8)
    asked = {
        "grant_type": "client_signature",
        "client_id": key.client_id.get_secret_value(),
        "timestamp": at_ms,
        "nonce": nonce,
        "data": "",
        "signature": signature(key, f"{at_ms}\n{nonce}\n"),
    }
    answer = await reads.read(Method.AUTH, asked, deadline, Priority.ACCOUNT)
    return frozenset(AnswerFields(answer.result, "auth").text("scope").split())


def require_narrow(rights: frozenset[str]) -> None:
    """Raises `InputError` naming the rights that are too many."""
    found = sorted(rights & TOO_MUCH)
    if found:
        raise InputError(f"the key: expected {WANTED}, found {', '.join(found)}; make a narrower one")
