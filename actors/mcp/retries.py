"""When a failed read is tried again: after 1, 5 and 30 s, then no more. tenacity supplies the policy only."""

from __future__ import annotations

from core.errors import McpError, McpRateLimitError, McpServerError, McpTimeoutError

_WAITS_S = (1.0, 5.0, 30.0)


def wait_before_next_s(attempts: int, error: McpError) -> float | None:
    """Seconds until the next attempt, or None if there is none.

    `attempts` have failed so far, the last with `error`. The wait is longer if a 429 requests a longer pause.
    """
    if not isinstance(error, McpRateLimitError | McpServerError | McpTimeoutError):
        return None
    # Here, because it brings asyncio along, and most processes never see a read fail.
    from tenacity import RetryCallState, Retrying, stop_after_attempt, wait_chain, wait_fixed

    stop = stop_after_attempt(len(_WAITS_S) + 1)
    wait = wait_chain(*(wait_fixed(seconds) for seconds in _WAITS_S))
    state = RetryCallState(retry_object=Retrying(stop=stop, wait=wait), fn=None, args=(), kwargs={})
    state.attempt_number = attempts
    if stop(state):
        return None
    wait_s = wait(state)
    return max(wait_s, error.retry_after_s) if isinstance(error, McpRateLimitError) else wait_s
