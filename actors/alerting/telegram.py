"""Telegram's Bot API by plain HTTP: https://core.telegram.org/bots/api#sendmessage."""

from __future__ import annotations

import json
from dataclasses import replace
from ssl import SSLContext

from pydantic import BaseModel, FiniteFloat, SecretStr, ValidationError

from actors.alerting.answered import is_broken, is_perhaps_taken, is_refused
from actors.alerting.channel import NotTaken, Taken
from actors.alerting.letter import Letter
from actors.alerting.sender import Sender
from actors.alerting.telegram_text import render
from actors.http import (
    HTTP_DEADLINE_S,
    HttpTransport,
    NotConnected,
    Response,
    TransportError,
    retry_after_s,
)
from core.redaction import Redactor
from core.venue_text import VenueText

DEFAULT_API_URL = "https://api.telegram.org"
RETRY_AFTER_MAX_S = 3600.0
ANSWER_BYTES_MAX = 256 * 1024
"""The API answers with the message that it took, of at most 4,096 characters."""
_HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}


class _Parameters(BaseModel):
    retry_after: FiniteFloat | None = None
    migrate_to_chat_id: int | None = None


class _Answer(BaseModel):
    """The part of the API's answer that is read; it answers errors with the same shape."""

    ok: bool
    description: str | None = None
    parameters: _Parameters = _Parameters()


class TelegramChannel:
    """One client, one chat. The token is part of the base URL, which no error of the transport repeats.

    A letter that was refused (400) is sent as plain text from then on: its HTML may be the reason. If the
    chat has become a supergroup, which has another id, letters go to that one from then on, and the first of
    them says so: nowhere else would the id be shown.
    """

    name = "telegram"

    def __init__(
        self,
        token: SecretStr,
        chat_id: SecretStr,
        sender: Sender,
        api_url: str = DEFAULT_API_URL,
        *,
        tls: SSLContext | None = None,
    ) -> None:
        self._chat_id = chat_id
        self._sender = sender
        self._redact = Redactor([token.get_secret_value(), chat_id.get_secret_value()])
        base_url = f"{api_url.rstrip('/')}/bot{token.get_secret_value()}"
        self._http = HttpTransport(base_url, tls=tls, answer_bytes_max=ANSWER_BYTES_MAX)
        self._refused_as_html: str | None = None
        self._moved_to: int | None = None
        self._moved_for: str | None = None
        self._told_of_move = True

    def send(self, letter: Letter) -> Taken | NotTaken:
        """One POST. Whatever is not a clear yes counts as not taken: twice is better than never."""
        markup = letter.letter_id != self._refused_as_html
        shown = letter if self._told_of_move else self._with_move(letter)
        body: dict[str, str | bool] = {
            "chat_id": self._chat,
            "text": render(shown, self._sender, markup=markup),
            "disable_web_page_preview": True,
        }
        if markup:
            body["parse_mode"] = "HTML"
        if letter.silent:
            body["disable_notification"] = True
        try:
            response = self._post("/sendMessage", body)
        except TransportError as error:
            sent = not isinstance(error, NotConnected)
            return NotTaken(f"Telegram was not reached: {error}", perhaps=sent, late=sent)
        answer = _answer(response)
        if answer is not None and answer.parameters.migrate_to_chat_id is not None:
            return self._move(answer.parameters.migrate_to_chat_id, letter)
        if is_refused(response.status):
            self._refused_as_html = letter.letter_id
        outcome = _outcome(response, answer, self._redact)
        self._told_of_move = self._told_of_move or isinstance(outcome, Taken)
        return outcome

    def probe(self) -> str | None:
        """Read the chat, which needs a token that holds and a chat that the bot is in."""
        try:
            response = self._post("/getChat", {"chat_id": self._chat})
        except TransportError as error:
            return f"Telegram was not reached: {error}"
        outcome = _outcome(response, _answer(response), self._redact)
        return outcome.error if isinstance(outcome, NotTaken) else None

    def close(self) -> None:
        self._http.close()

    @property
    def _chat(self) -> str:
        return self._chat_id.get_secret_value() if self._moved_to is None else str(self._moved_to)

    def _post(self, path: str, body: dict[str, str | bool]) -> Response:
        return self._http.send("POST", path, _HEADERS, json.dumps(body).encode(), HTTP_DEADLINE_S)

    def _move(self, chat_id: int, letter: Letter) -> NotTaken:
        """Use the chat's new id. A second move of one letter is a refusal like any other, with its pause."""
        pause_s = None if letter.letter_id == self._moved_for else 0.0
        self._moved_for = letter.letter_id
        self._moved_to, self._told_of_move = chat_id, False
        return NotTaken("Telegram has given the chat another id, which is used from now on", pause_s)

    def _with_move(self, letter: Letter) -> Letter:
        note = f"This chat has a new id: set CERBERO_BITE_TELEGRAM_CHAT_ID to {self._moved_to}."
        return replace(letter, note=note)


def _answer(response: Response) -> _Answer | None:
    """The API's answer, or None if the body holds none."""
    try:
        return _Answer.model_validate_json(response.body)
    except ValidationError:
        return None


def _outcome(response: Response, answer: _Answer | None, redact: Redactor) -> Taken | NotTaken:
    pause_s = retry_after_s(response.headers, max_s=RETRY_AFTER_MAX_S)
    if response.status == 200 and answer is not None and answer.ok:
        return Taken()
    if answer is None:
        error = f"Telegram answered HTTP {response.status} without a readable body"
    else:
        if answer.parameters.retry_after is not None:
            pause_s = min(max(answer.parameters.retry_after, 0.0), RETRY_AFTER_MAX_S)
        said = VenueText(answer.description or "no description", redact)
        error = f"Telegram answered HTTP {response.status}: {said}"
    return NotTaken(
        error,
        pause_s,
        refused=is_refused(response.status),
        perhaps=is_perhaps_taken(response.status),
        broken=is_broken(response.status),
    )
