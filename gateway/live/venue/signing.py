"""How a request to Deribit is signed: the secret itself never leaves.

Source: Deribit's documentation, "Authentication", `deri-hmac-sha256`: HMAC-SHA256 with the secret over
timestamp (ms), nonce, method, URI and body, each ended by a line feed.
"""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import Final, NamedTuple

from pydantic import SecretStr

SCHEME: Final = "deri-hmac-sha256"


class ApiKey(NamedTuple):
    """A key of one account: its id, which opens nothing but names the account, and its secret."""

    client_id: SecretStr
    secret: SecretStr


def signature(key: ApiKey, text: str) -> str:
    """HMAC-SHA256 of the text in lower-case hex."""
    return hmac.new(key.secret.get_secret_value().encode(), text.encode(), sha256).hexdigest()


def authorization(key: ApiKey, *, at_ms: int, nonce: str, method: str, uri: str, body: str) -> str:
    """The header `Authorization` of a request, over the very bytes that are sent.

    `uri` is the path with its query; `at_ms` the venue's time; `nonce` is used once.
    """
    signed = signature(key, f"{at_ms}\n{nonce}\n{method}\n{uri}\n{body}\n")
    return f"{SCHEME} id={key.client_id.get_secret_value()},ts={at_ms},nonce={nonce},sig={signed}"
