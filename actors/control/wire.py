"""Requests and answers on the control socket, each one line of JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, FiniteFloat, JsonValue, ValidationError

from core.redaction import Redactor
from core.text import visible
from core.venue_text import each_text, own_words

LINE_BYTES_MAX = 1 << 20


class RequestName(StrEnum):
    STATUS = "status"
    PING = "ping"
    STOP = "stop"
    HEALTHCHECK = "healthcheck"
    JOBS = "jobs"
    DUMP = "dump"
    TRACE = "trace"
    INJECT = "inject"
    TRY_CHANNELS = "try_channels"


class ControlRequest(BaseModel):
    """`message`, `body` and `wait_s` belong to inject, `reason` to stop, `correlation` to trace."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    request: RequestName
    who: str = "operator"
    reason: str = ""
    correlation: str = ""
    message: str = ""
    body: dict[str, JsonValue] = {}
    wait_s: FiniteFloat = 0.0


class ControlAnswer(BaseModel):
    """`answer` names the message, `body` holds it. `more` says that another line follows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ok: bool
    answer: str = ""
    body: JsonValue = None
    error: str = ""
    more: bool = False


def encode(line: ControlRequest | ControlAnswer) -> bytes:
    """One line, ended by a newline; JSON escapes every newline inside."""
    return line.model_dump_json().encode() + b"\n"


def without_secrets(request: ControlRequest, redact: Callable[[str], str]) -> ControlRequest:
    """What a person asks, as it may be recorded: without secrets, on one line each, their own words."""

    def kept(text: str) -> str:
        return visible(own_words(redact(text)))

    words = {"who": kept(request.who), "reason": kept(request.reason), "body": each_text(request.body, kept)}
    return request.model_copy(update=words)


def answer_without_secrets(answer: ControlAnswer, redact: Redactor) -> ControlAnswer:
    """An answer as it may be shown. Its body is data: a token `paper` does not mask an environment there."""
    body = each_text(answer.body, redact.of_unmistakable)
    return answer.model_copy(update={"body": body, "error": redact(answer.error)})


def answer_of(message: BaseModel, *, more: bool = False) -> ControlAnswer:
    """A message as an answer line."""
    body: JsonValue = json.loads(message.model_dump_json())
    return ControlAnswer(ok=True, answer=type(message).__name__, body=body, more=more)


def read_request(line: bytes) -> ControlRequest:
    """The request in a line. Raises ValueError with one clear sentence if it holds none."""
    try:
        return ControlRequest.model_validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the line"
        raise ValueError(f"control request: {where}: {first['msg']}") from None
