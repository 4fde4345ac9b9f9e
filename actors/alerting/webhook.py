"""A webhook: each letter is posted as JSON, as an object of its own or as Discord wants it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from ssl import SSLContext
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, FiniteFloat, JsonValue, SecretStr, ValidationError

from actors.alerting.answered import is_broken, is_perhaps_taken, is_refused
from actors.alerting.channel import NotTaken, Taken
from actors.alerting.letter import Letter
from actors.alerting.letter_text import text_of
from actors.alerting.message_text import CAUSE_UNITS_MAX, CODE_UNITS_MAX, TITLE_UNITS_MAX, plain
from actors.alerting.sender import Sender
from actors.alerting.words import words_of
from actors.http import (
    HTTP_DEADLINE_S,
    HttpTransport,
    NotConnected,
    Response,
    TransportError,
    retry_after_s,
)
from core.messages.room_status import AlertRow
from core.redaction import Redactor, secrets_in_url

MESSAGE_UNITS_MAX = 4096
DISCORD_UNITS_MAX = 2000
"""Of `content`: https://discord.com/developers/docs/resources/webhook#execute-webhook."""
DISCORD_SILENT = 1 << 12
"""SUPPRESS_NOTIFICATIONS: https://discord.com/developers/docs/resources/message#message-object-message-flags."""
_SHUT = frozenset({401, 403, 410})
_TOO_MANY = 429
RETRY_AFTER_MAX_S = 3600.0
ANSWER_BYTES_MAX = 256 * 1024
_HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}
_DISCORD_MARKS = frozenset("\\`*_~|<>#-()@:")
"""What may begin markup, a link or a mention there; after a backslash it stands for itself."""

WebhookForm = Literal["json", "discord"]


class _Limited(BaseModel):
    """The part of Discord's answer to too many requests that is read."""

    retry_after: FiniteFloat | None = None


class WebhookChannel:
    """One URL, which is secret as a whole: whoever has it can post. No error repeats a part of it."""

    name = "webhook"

    def __init__(
        self, url: SecretStr, form: WebhookForm, sender: Sender, *, tls: SSLContext | None = None
    ) -> None:
        parts = urlsplit(url.get_secret_value())
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._redact = Redactor([self._path, *secrets_in_url(url.get_secret_value())])
        self._form = form
        self._sender = sender
        base_url = f"{parts.scheme}://{parts.netloc}"
        self._http = HttpTransport(base_url, tls=tls, answer_bytes_max=ANSWER_BYTES_MAX)

    def send(self, letter: Letter) -> Taken | NotTaken:
        """One POST. An answer other than 2xx counts as not taken; a redirect is not followed."""
        content = json.dumps(self._body(letter)).encode()
        try:
            response = self._http.send("POST", self._path, _HEADERS, content, HTTP_DEADLINE_S)
        except TransportError as error:
            sent = not isinstance(error, NotConnected)
            return NotTaken(self._not_reached(error), perhaps=sent, late=sent)
        if 200 <= response.status < 300:
            return Taken()
        return NotTaken(
            f"the webhook answered HTTP {response.status}",
            _pause_s(response),
            refused=is_refused(response.status),
            perhaps=is_perhaps_taken(response.status),
            broken=is_broken(response.status),
        )

    def probe(self) -> str | None:
        """Discord describes the webhook to a GET. Of others only OPTIONS is sure to post nothing: many know
        only POST and say so, so that it shows whether the host is there and lets this URL in."""
        method = "GET" if self._form == "discord" else "OPTIONS"
        try:
            status = self._http.send(method, self._path, _HEADERS, None, HTTP_DEADLINE_S).status
        except TransportError as error:
            return self._not_reached(error)
        gone = status not in range(200, 300) if self._form == "discord" else status in _SHUT or status >= 500
        return f"the webhook answered HTTP {status}" if gone and status != _TOO_MANY else None

    def close(self) -> None:
        self._http.close()

    def _not_reached(self, error: TransportError) -> str:
        return self._redact(f"the webhook was not reached: {error}")

    def _body(self, letter: Letter) -> Mapping[str, JsonValue]:
        """`message` is all of the letter; the parts of its alerts stand beside it, one object each."""
        if self._form == "discord":
            text = text_of(letter, self._sender, units_max=DISCORD_UNITS_MAX, escape=_escaped, strong=_bold)
            body: dict[str, JsonValue] = {"content": text, "allowed_mentions": {"parse": []}}
            return body | ({"flags": DISCORD_SILENT} if letter.silent else {})
        text = text_of(letter, self._sender, units_max=MESSAGE_UNITS_MAX, escape=str, strong=str)
        return {
            "message": text,
            "environment": self._sender.environment_name,
            "instance": self._sender.instance,
            "severity": letter.severity.value,
            "silent": letter.silent,
            "alerts": [self._parts(letter, alert) for alert in letter.alerts],
        }

    def _parts(self, letter: Letter, alert: AlertRow) -> dict[str, JsonValue]:
        words = words_of(alert, self._sender)
        return {
            "alert_id": alert.alert_id,
            "severity": alert.severity.value,
            "code": plain(words.code, CODE_UNITS_MAX),
            "title": plain(words.title, TITLE_UNITS_MAX),
            "text": plain(words.text, MESSAGE_UNITS_MAX),
            "do": words.do,
            "cause": plain(words.cause, CAUSE_UNITS_MAX),
            "at": words.at,
            "repeated": alert.alert_id in letter.repeats,
        }


def _escaped(character: str) -> str:
    return f"\\{character}" if character in _DISCORD_MARKS else character


def _bold(line: str) -> str:
    return f"**{line}**"


def _pause_s(response: Response) -> float | None:
    """How long the service asks to be left alone: the header's word, or Discord's own."""
    try:
        limited = _Limited.model_validate_json(response.body)
    except ValidationError:
        limited = _Limited()
    if limited.retry_after is not None:
        return min(max(limited.retry_after, 0.0), RETRY_AFTER_MAX_S)
    return retry_after_s(response.headers, max_s=RETRY_AFTER_MAX_S)
