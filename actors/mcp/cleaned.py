"""The one door for what a server answers: no text behind it holds a secret or a control character."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic_core import from_json

from actors.http import Response
from actors.mcp.json_keys import repeated_key
from core.redaction import Redactor
from core.venue_text import escaped

TEXT_BYTES_MAX = 64 * 1024
"""Of a body that is no JSON, more is not kept: no more of it is ever shown."""


@dataclass(frozen=True)
class CleanResponse(Response):
    """An answer of which each text, also a key, is printable ASCII without secrets; made by `clean`.

    What was no JSON is none of an object behind it either, and a key that stood twice is named.
    """

    repeated: str | None = None
    """A key that stood twice in one object and no longer does, because the body was written anew."""


def clean(response: Response, redact: Redactor) -> CleanResponse:
    """The answer without secrets, however they were spelled, and without characters that a terminal obeys.

    Almost every body is plain and passes unread.
    """
    body, repeated = response.body, None
    if not body.isascii() or redact.may_be_in(body):
        body, repeated = _cleaned(body, redact)
    return CleanResponse(status=response.status, headers=response.headers, body=body, repeated=repeated)


def _cleaned(body: bytes, redact: Redactor) -> tuple[bytes, str | None]:
    """The body, clean, and a key that stood twice in it."""
    try:
        found = from_json(body)
    except ValueError:
        # As one text: cleaning may make JSON of what was none, and it would be believed.
        text = escaped(redact(body[:TEXT_BYTES_MAX].decode("utf-8", "replace")))
        return json.dumps(text).encode(), None
    twice = repeated_key(body, found) if isinstance(found, dict) else None
    repeated = None if twice is None else escaped(redact(twice))
    return json.dumps(_clean(found, redact)).encode(), repeated


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
