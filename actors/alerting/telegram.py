"""Telegram's Bot API by plain HTTP: https://core.telegram.org/bots/api#sendmessage."""

from __future__ import annotations

import httpx
from pydantic import BaseModel, SecretStr, ValidationError

from actors.alerting.channel import NotTaken, Taken
from actors.alerting.telegram_text import render
from core.messages.alerting import AlertRow
from core.redaction import Redactor
from core.venue_text import VenueText

DEFAULT_API_URL = "https://api.telegram.org"
RETRY_AFTER_MAX_S = 3600.0
# Together at most 8 s: a handler must not be busy for longer than an attempt may take.
_TIMEOUT = httpx.Timeout(connect=3.0, write=1.0, read=3.0, pool=1.0)


class _Parameters(BaseModel):
    retry_after: float | None = None


class _Answer(BaseModel):
    """The part of the API's answer that is read; it answers errors with the same shape."""

    ok: bool
    description: str | None = None
    parameters: _Parameters = _Parameters()


class TelegramChannel:
    """One client, one chat. The token is part of the URL, so no error of httpx is passed on or chained.

    An alert that was refused (400) is sent as plain text from then on: its HTML may be the reason.
    """

    name = "telegram"

    def __init__(self, token: SecretStr, chat_id: SecretStr, api_url: str = DEFAULT_API_URL) -> None:
        self._url = f"{api_url.rstrip('/')}/bot{token.get_secret_value()}/sendMessage"
        self._chat_id = chat_id
        self._redact = Redactor([token.get_secret_value(), chat_id.get_secret_value()])
        self._client = httpx.Client(timeout=_TIMEOUT, follow_redirects=False, trust_env=False)
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
        try:
            response = self._client.post(self._url, json=body)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return NotTaken(f"Telegram was not reached: {type(error).__name__}")
        if response.status_code == 400:
            self._refused_as_html = alert.alert_id
        return _read(response.status_code, response.content, self._redact)

    def close(self) -> None:
        self._client.close()


def _read(status: int, content: bytes, redact: Redactor) -> Taken | NotTaken:
    try:
        answer = _Answer.model_validate_json(content)
    except ValidationError:
        return NotTaken(f"Telegram answered HTTP {status} without a readable body")
    if status == 200 and answer.ok:
        return Taken()
    retry_after_s = answer.parameters.retry_after
    said = VenueText(answer.description or "no description", redact)
    return NotTaken(
        f"Telegram answered HTTP {status}: {said}",
        retry_after_s=None if retry_after_s is None else min(max(retry_after_s, 0.0), RETRY_AFTER_MAX_S),
    )
