"""The error tree. Each message says what was expected, what was found and, if it helps, what to do.

CerberoError
├── InputError              arguments, environment or files that can't be used (exit code 2)
│   └── ConfigError         strategy.yaml: unknown key, wrong unit, impossible combination
├── EngineNotRunningError   a command that needs the engine found none (exit code 3)
├── FoundWrongError         a check ran and found something wrong (exit code 1)
│   ├── ReadingGivenUpError reading took too long; nothing is known to be wrong
│   └── NoAnswerError       a request was sent to the engine and not answered: it may be carried out
├── IllegalEdgeError        a state machine was asked for an edge that it does not have
└── McpError                the upstream tool servers
    ├── McpAuthError            401, 403: the token is refused; not retried
    ├── McpToolNotFoundError    404 on a tool; not retried
    ├── McpRequestError         422 with the server's detail; not retried
    ├── McpSoftError            200 with a non-blank `error`: the venue refused
    ├── McpDataAnomalyError     an answer that fails the schema or is broken as a whole; not retried
    ├── McpRateLimitError       429; retried after `retry_after_s`
    ├── McpServerError          5xx or refused connection; retried
    └── McpTimeoutError         no answer in time; retried
"""

from __future__ import annotations


class CerberoError(Exception):
    """Root of every error that the engine raises on purpose.

    Each argument is one complaint, which is shown on a line of its own.
    """

    def __str__(self) -> str:
        return "\n".join(map(str, self.args))


class InputError(CerberoError):
    """Arguments, environment or an input file can't be used."""


class ConfigError(InputError):
    """`strategy.yaml` is malformed; the message names the line, the key, what was found and expected."""


class EngineNotRunningError(CerberoError):
    """The command needs a running engine on this data folder and found none."""


class FoundWrongError(CerberoError):
    """A check ran and found something wrong."""


class ReadingGivenUpError(FoundWrongError):
    """Reading took longer than whoever reads may take. Nothing is known to be wrong; try again."""


class NoAnswerError(FoundWrongError):
    """A request was sent to the engine and not answered in full: it may have been or still be carried out."""


class IllegalEdgeError(CerberoError):
    """A position or an order was asked to move along an edge that its machine does not have."""


class McpError(CerberoError):
    """An upstream tool server did not give a usable answer.

    `reason` is the venue's own word for a pause of its own, such as `system_maintenance`, where it gave one.
    """

    def __init__(self, message: str, *, reason: str | None = None) -> None:
        super().__init__(message)
        self.reason = reason


class McpAuthError(McpError):
    """The server refused the token (401, 403)."""


class McpToolNotFoundError(McpError):
    """The server has no such tool (404)."""


class McpRequestError(McpError):
    """The server refused the request as malformed (422)."""


class McpSoftError(McpError):
    """The server answered 200 with a non-blank `error`: it reached the venue and the venue refused."""


class McpDataAnomalyError(McpError):
    """The answer fails its schema or is broken as a whole."""


class McpRateLimitError(McpError):
    """The server asked for a pause (429)."""

    def __init__(self, message: str, retry_after_s: float, *, reason: str | None = None) -> None:
        super().__init__(message, reason=reason)
        self.retry_after_s = retry_after_s


class McpServerError(McpError):
    """The server failed (5xx) or refused the connection."""


class McpTimeoutError(McpError):
    """No answer arrived in time."""
