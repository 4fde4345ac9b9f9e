"""The one door for what a server answers: no text behind it holds a secret or a control character."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic_core import from_json

from actors.http import Response
from core.redaction import Redactor
from core.venue_text import escaped

TEXT_BYTES_MAX = 64 * 1024
"""Of a body that is no JSON, more is not kept: no more of it is ever shown."""


@dataclass(frozen=True)
class CleanResponse(Response):
    """An answer of which each text, also a key, is printable ASCII without secrets; made by `clean`."""


def clean(response: Response, redact: Redactor) -> CleanResponse:
    """The answer without secrets, however they were spelled, and without characters that a terminal obeys.

    Almost every body is plain and passes unread.
    """
    body = response.body
    if not body.isascii() or redact.may_be_in(body):
        body = _cleaned(body, redact)
    return CleanResponse(status=response.status, headers=response.headers, body=body)


def _cleaned(body: bytes, redact: Redactor) -> bytes:
    try:
        found = from_json(body)
    except ValueError:
        return escaped(redact(body[:TEXT_BYTES_MAX].decode("utf-8", "replace"))).encode()
    return json.dumps(_clean(found, redact)).encode()


def _clean(value: object, redact: Redactor) -> object:
    match value:
        case str():
            return escaped(redact(value))
        case Mapping():
            return {_clean(key, redact): _clean(one, redact) for key, one in value.items()}
        case list():
            return [_clean(one, redact) for one in value]
        case _:
            return value
