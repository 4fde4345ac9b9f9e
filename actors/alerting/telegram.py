"""Telegram's Bot API by plain HTTP: https://core.telegram.org/bots/api#sendmessage."""

from __future__ import annotations

import json
from ssl import SSLContext

from pydantic import BaseModel, FiniteFloat, SecretStr, ValidationError

from actors.alerting.channel import NotTaken, Taken
from actors.alerting.telegram_text import render
from actors.http import HTTP_DEADLINE_S, HttpTransport, Response, TransportError, retry_after_s
from core.messages.alerting import AlertRow

DEFAULT_API_URL = "https://api.telegram.org"
RETRY_AFTER_MAX_S = 3600.0
ANSWER_BYTES_MAX = 256 * 1024
"""The API answers with the message that it took, of at most 4,096 characters."""


_HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}


class _Parameters(BaseModel):
    retry_after: FiniteFloat | None = None


class _Answer(BaseModel):
    """The part of the API's answer that is read; it answers errors with the same shape."""

    ok: bool
    description: str | None = None
    parameters: _Parameters = _Parameters()


class TelegramChannel:
    """One client, one chat. The token is part of the base URL, which no error of the transport repeats.

    An alert that was refused (400) is sent as plain text from then on: its HTML may be the reason.
    """

    name = "telegram"

    def __init__(
        self,
        token: SecretStr,
        chat_id: SecretStr,
        api_url: str = DEFAULT_API_URL,
        *,
        tls: SSLContext | None = None,
    ) -> None:
        self._chat_id = chat_id
        base_url = f"{api_url.rstrip('/')}/bot{token.get_secret_value()}"
        self._http = HttpTransport(base_url, tls=tls, answer_bytes_max=ANSWER_BYTES_MAX)
        self._refused_as_html: str | None = None

    def send(self, alert: AlertRow) -> Taken | NotTaken:
        """One POST. Whatever is not a clear yes counts as not taken: twice is better than never."""
        markup = alert.alert_id != self._refused_as_html
        body: dict[str, str | bool] = {
            "chat_id": self._chat_id.get_secret_value(),
            "text": render(alert, markup=markup),
            "disable_web_page_preview": True,
        }
        if markup:
            body["parse_mode"] = "HTML"
        content = json.dumps(body).encode()
        try:
            response = self._http.send("POST", "/sendMessage", _HEADERS, content, HTTP_DEADLINE_S)
        except TransportError as error:
            return NotTaken(f"Telegram was not reached: {error}")
        if response.status == 400:
            self._refused_as_html = alert.alert_id
        return _read(response)

    def close(self) -> None:
        self._http.close()


def _read(response: Response) -> Taken | NotTaken:
    status = response.status
    pause_s = retry_after_s(response.headers, max_s=RETRY_AFTER_MAX_S)
    try:
        answer = _Answer.model_validate_json(response.body)
    except ValidationError:
        return NotTaken(f"Telegram answered HTTP {status} without a readable body", pause_s)
    if status == 200 and answer.ok:
        return Taken()
    if answer.parameters.retry_after is not None:
        pause_s = min(max(answer.parameters.retry_after, 0.0), RETRY_AFTER_MAX_S)
    return NotTaken(f"Telegram answered HTTP {status}: {answer.description or 'no description'}", pause_s)
