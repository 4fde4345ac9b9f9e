"""How the simulated venue refuses: a number, a word, and what it says of it."""

from __future__ import annotations


class RpcError(Exception):
    """One error of the venue; all of them leave as HTTP 400 with a JSON-RPC body."""

    def __init__(self, code: int, message: str, **details: object) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message
        self.details = details

    def as_json(self) -> dict[str, object]:
        """The member `error` of the envelope; `data` is null where the venue has nothing to say."""
        return {"code": self.code, "message": self.message, "data": self.details or None}


def invalid_params(param: str, reason: str) -> RpcError:
    """A parameter that is missing or makes no sense."""
    return RpcError(-32602, "Invalid params", param=param, reason=reason)


def unauthorized(reason: str) -> RpcError:
    """A signature or a token that does not hold."""
    return RpcError(13009, "unauthorized", reason=reason)
