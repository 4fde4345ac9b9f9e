"""Who may ask: the simulated venue's own check of signatures and tokens.

Source: Deribit's documentation, "Authentication". A signature is HMAC-SHA256 of timestamp, nonce, method,
URI and body (`deri-hmac-sha256`), or of timestamp, nonce and data (`client_signature`), each ended by a
line feed but the last of the latter.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from gateway.sim.errors import invalid_params, unauthorized

SIGNED_FOR_MS: Final = 60_000
TOKEN_LIFE_S: Final = 900
SCOPE: Final = "account:read trade:read_write wallet:none"
NONCES_MAX: Final = 100_000


class SimKey(NamedTuple):
    """A key of the simulated account."""

    client_id: str
    secret: str
    scope: str = SCOPE


@dataclass
class _Token:
    key: SimKey
    refresh: str
    ends_ms: int


@dataclass
class Keys:
    """The keys that exist, the nonces that were used, and the tokens that were given out."""

    known: Mapping[str, SimKey]
    _nonces: dict[tuple[str, str], int] = field(default_factory=dict)
    _tokens: dict[str, _Token] = field(default_factory=dict)

    def caller(self, header: str, verb: str, uri: str, body: str, now_ms: int) -> SimKey | None:
        """Whose request it is; None for a stranger. Raises `RpcError` for one that pretends."""
        scheme, _, rest = header.partition(" ")
        match scheme.lower():
            case "":
                return None
            case "deri-hmac-sha256":
                return self._signed(rest, f"{verb}\n{uri}\n{body}\n", now_ms)
            case "bearer":
                token = self._tokens.get(rest.strip())
                if token is None or token.ends_ms <= now_ms:
                    raise unauthorized("invalid_token")
                return token.key
            case _:
                raise unauthorized("invalid_credentials")

    def log_in(self, params: Mapping[str, object], now_ms: int) -> dict[str, object]:
        """`public/auth`: a token for a secret, a signature or an older token, which ends with it."""
        match params.get("grant_type"):
            case "client_credentials":
                key = self._key(params.get("client_id"))
                if not hmac.compare_digest(key.secret, str(params.get("client_secret", ""))):
                    raise unauthorized("invalid_credentials")
            case "client_signature":
                key = self._key(params.get("client_id"))
                at_ms, nonce = params.get("timestamp"), str(params.get("nonce", ""))
                text = f"{at_ms}\n{nonce}\n{params.get('data', '')}"
                self._check(key, at_ms, nonce, text, str(params.get("signature", "")), now_ms)
            case "refresh_token":
                old = next(
                    (each for each, it in self._tokens.items() if it.refresh == params.get("refresh_token")),
                    None,
                )
                if old is None:
                    raise unauthorized("invalid_token")
                key = self._tokens.pop(old).key
            case other:
                raise invalid_params("grant_type", f"unknown value {other!r}")
        token = _Token(key, secrets.token_hex(16), now_ms + TOKEN_LIFE_S * 1000)
        name = secrets.token_hex(16)
        self._tokens[name] = token
        return {
            "access_token": name,
            "expires_in": TOKEN_LIFE_S,
            "refresh_token": token.refresh,
            "scope": f"connection mainaccount {key.scope}",
            "enabled_features": [],
            "token_type": "bearer",
        }

    def _signed(self, rest: str, request: str, now_ms: int) -> SimKey:
        parts = dict(part.strip().split("=", 1) for part in rest.split(",") if "=" in part)
        if parts.keys() < {"id", "ts", "nonce", "sig"}:
            raise unauthorized("invalid_signature")
        key = self._key(parts["id"])
        text = f"{parts['ts']}\n{parts['nonce']}\n{request}"
        self._check(key, parts["ts"], parts["nonce"], text, parts["sig"], now_ms)
        return key

    def _key(self, client_id: object) -> SimKey:
        key = self.known.get(str(client_id))
        if key is None:
            raise unauthorized("invalid_credentials")
        return key

    def _check(self, key: SimKey, at: object, nonce: str, text: str, found: str, now_ms: int) -> None:
        wanted = hmac.new(key.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(wanted, found):
            raise unauthorized("invalid_signature")
        if not str(at).isdigit() or abs(now_ms - int(str(at))) > SIGNED_FOR_MS:
            raise unauthorized("timestamp_expired")
        if (key.client_id, nonce) in self._nonces:
            raise unauthorized("nonce_used")
        if len(self._nonces) >= NONCES_MAX:
            self._nonces = {
                each: used for each, used in self._nonces.items() if now_ms - used <= SIGNED_FOR_MS
            }
        self._nonces[key.client_id, nonce] = now_ms
