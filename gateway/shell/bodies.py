"""The bodies of the contract: a request as its model, an answer as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from pydantic import ValidationError

from core.contract import Failure, SoftError, ToolAnswer
from core.contract.base import RequestT
from gateway.shell.refusals import MalformedRequestError


class HttpAnswer(NamedTuple):
    """A gateway's answer to one request."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def parse_request(model: type[RequestT], body: bytes) -> RequestT:
    """The body as its model. Raises `MalformedRequestError` naming each field that is wrong."""
    try:
        return model.model_validate_json(body or b"{}")
    except ValidationError as error:
        details = (
            f"{'.'.join(str(part) for part in item['loc']) or 'body'}: {item['msg']}"
            for item in error.errors()
        )
        raise MalformedRequestError("; ".join(details)) from error


def answer_json(answer: ToolAnswer) -> bytes:
    """The body of an HTTP answer."""
    return answer.model_dump_json().encode()


def answered(body: bytes) -> HttpAnswer:
    """200 with what the tool found."""
    return HttpAnswer(200, {}, body)


def soft(error: str) -> HttpAnswer:
    """200 with `error`: the venue was reached and refused."""
    return answered(answer_json(SoftError(error=error)))


def failure(status: int, detail: str, headers: Mapping[str, str] | None = None) -> HttpAnswer:
    """Any other status, with what is wrong in words."""
    return HttpAnswer(status, headers or {}, answer_json(Failure(detail=detail)))
