"""What every request to the upstream host carries."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.errors import InputError
from core.redaction import Redactor

REDIRECTED = "the host sends requests elsewhere, which is not followed; correct CERBERO_BITE_MCP_URL"
BOT_TAG_LENGTH_MAX = 64


@dataclass(frozen=True)
class McpCredentials:
    """What every request carries. The token is never shown.

    `redact` masks what must not come back in an answer: the token, unless all secrets are given.
    """

    token: str = field(repr=False)
    bot_tag: str = "BOT__CERBERO_BITE"
    redact: Redactor = field(default_factory=Redactor, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.redact.has_secrets:
            object.__setattr__(self, "redact", Redactor([self.token]))
        if not self.token.strip():
            raise InputError("CERBERO_BITE_MCP_TOKEN: expected a bearer token, found none")
        if not self.bot_tag.strip() or not self.bot_tag.isprintable():
            raise InputError("CERBERO_BITE_MCP_BOT_TAG: expected printable text, found something else")
        if len(self.bot_tag) > BOT_TAG_LENGTH_MAX:
            raise InputError(
                f"CERBERO_BITE_MCP_BOT_TAG: expected at most {BOT_TAG_LENGTH_MAX} characters, "
                f"found {len(self.bot_tag)}"
            )

    def headers(self, correlation: str) -> dict[str, str]:
        """The headers of one request. Non-ASCII characters in the correlation are escaped for HTTP."""
        return {
            "Authorization": f"Bearer {self.token}",
            "X-Bot-Tag": self.bot_tag,
            "X-Correlation-Id": correlation.encode("ascii", "backslashreplace").decode("ascii"),
            "Content-Type": "application/json",
            "Accept": "application/json",
        }
