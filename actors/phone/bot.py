"""The port of the phone, and Telegram's side of it: https://core.telegram.org/bots/api#getupdates.

Telegram keeps an update until it is confirmed, by a request with an `offset` above its id. The ids go on from
one to the next only while there is an update a week; after that they begin anywhere. So an offset is sent to
confirm, and never again: one that is kept could confirm, unread, the `/arm` that comes next.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from actors.http import HTTP_DEADLINE_S, Response, TransportError, retry_after_s
from core.redaction import Redactor
from core.venue_text import VenueText

if TYPE_CHECKING:
    from ssl import SSLContext

LONG_POLL_S = 5
"""How long Telegram holds the request while there is nothing; inside the 8 s of one attempt."""
ANSWER_BYTES_MAX = 4 * 1024 * 1024
"""A hundred updates, each with a text of 4,096 characters. With what they quote and link they may be longer:
then fewer are asked for, because anybody may write to a bot, and what is not read comes again."""
UPDATES_MAX = 100
RETRY_AFTER_MAX_S = 3600.0
_HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}


@dataclass(frozen=True)
class Said:
    """A text that the person sent. `at` is when, by Telegram's clock."""

    update_id: int
    at: datetime
    text: str


@dataclass(frozen=True)
class Updates:
    """What came. `ids` are the lowest and the highest id among all of them, also of what is not the person's;
    None if nothing came. `ignored` counts what is not theirs, or no text."""

    said: tuple[Said, ...] = ()
    ids: tuple[int, int] | None = None
    ignored: int = 0


@dataclass(frozen=True)
class SomebodyElseReads:
    """Another program polls with this token, or a webhook is set: what it takes never arrives here."""

    text: str


@dataclass(frozen=True)
class NotReached:
    """The question or the answer was lost, or refused. `text` holds no secret."""

    text: str
    retry_after_s: float | None = None


class PhoneBot(Protocol):
    """One chat with one person."""

    def updates(self, confirm: int | None) -> Updates | SomebodyElseReads | NotReached:
        """What was sent and not confirmed yet, the oldest first; `confirm` forgets all up to that id."""

    def reply(self, text: str) -> NotReached | None:
        """Send a plain text to the chat. One attempt."""

    def close(self) -> None: ...


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True)


class _Chat(_Strict):
    id: int
    type: str


class _User(_Strict):
    id: int


class _Message(_Strict):
    date: int
    chat: _Chat
    sender: _User | None = None
    text: str | None = None


class _BotAnswer(BaseModel):
    ok: bool
    description: str | None = None
    result: Any = None
    parameters: dict[str, Any] = {}


class TelegramBot:
    """Reads only texts of the private chat `chat_id`, sent by the person it belongs to."""

    def __init__(
        self, token: SecretStr, chat_id: SecretStr, api_url: str, *, tls: SSLContext | None = None
    ) -> None:
        # Here, because rooms read this file for what a bot says, and reach no host.
        from actors.http import HttpTransport

        self._chat_id = int(chat_id.get_secret_value())
        self._redact = Redactor([token.get_secret_value(), chat_id.get_secret_value()])
        base_url = f"{api_url.rstrip('/')}/bot{token.get_secret_value()}"
        self._http = HttpTransport(base_url, tls=tls, answer_bytes_max=ANSWER_BYTES_MAX)
        self.limit = UPDATES_MAX
        """How many updates are asked for next: fewer while an answer can't be read, which may be too long."""

    def updates(self, confirm: int | None) -> Updates | SomebodyElseReads | NotReached:
        body: dict[str, Any] = {
            "timeout": LONG_POLL_S,
            "limit": self.limit,
            "allowed_updates": ["message"],
        }
        if confirm is not None:
            body |= {"offset": confirm + 1, "timeout": 0}
        answer = self._ask("/getUpdates", body)
        found = self._read(answer.result) if isinstance(answer, _BotAnswer) else answer
        if isinstance(found, NotReached):
            self.limit = max(1, self.limit // 2)
        else:
            self.limit = min(2 * self.limit, UPDATES_MAX)
        return found

    def reply(self, text: str) -> NotReached | None:
        body = {"chat_id": self._chat_id, "text": text, "disable_web_page_preview": True}
        answer = self._ask("/sendMessage", body)
        match answer:
            case _BotAnswer():
                return None
            case SomebodyElseReads():
                return NotReached(answer.text)
            case NotReached():
                return answer

    def other_reader(self) -> str | None:
        """Why commands would not arrive, as far as it shows without taking one: a webhook, or no answer.

        A second program that polls can't be seen so; the engine notices it.
        """
        answer = self._ask("/getWebhookInfo", {})
        if not isinstance(answer, _BotAnswer):
            return answer.text
        url = answer.result.get("url") if isinstance(answer.result, dict) else None
        return "a webhook is set, which takes the commands (deleteWebhook ends that)" if url else None

    def close(self) -> None:
        self._http.close()

    def _ask(self, path: str, body: dict[str, Any]) -> _BotAnswer | SomebodyElseReads | NotReached:
        try:
            response = self._http.send("POST", path, _HEADERS, json.dumps(body).encode(), HTTP_DEADLINE_S)
        except TransportError as error:
            return NotReached(f"Telegram was not reached: {error}")
        return self._judged(response)

    def _judged(self, response: Response) -> _BotAnswer | SomebodyElseReads | NotReached:
        pause_s = retry_after_s(response.headers, max_s=RETRY_AFTER_MAX_S)
        try:
            answer = _BotAnswer.model_validate_json(response.body)
        except ValidationError:
            return NotReached(f"Telegram answered HTTP {response.status} without a readable body", pause_s)
        if response.status == 200 and answer.ok:
            return answer
        said = VenueText(answer.description or "no description", self._redact)
        if response.status == 409:
            return SomebodyElseReads(f"Telegram answered HTTP 409: {said}")
        asked = answer.parameters.get("retry_after")
        if isinstance(asked, int) and not isinstance(asked, bool):
            pause_s = float(min(max(asked, 0), RETRY_AFTER_MAX_S))
        return NotReached(f"Telegram answered HTTP {response.status}: {said}", pause_s)

    def _read(self, result: Any) -> Updates | NotReached:
        """Each update by itself: one that can't be read is passed over, and confirmed like the others."""
        if not isinstance(result, list):
            return NotReached("Telegram answered without a list of updates")
        said: list[Said] = []
        ids: list[int] = []
        for update in result:
            number = update.get("update_id") if isinstance(update, dict) else None
            if not isinstance(number, int) or isinstance(number, bool):
                return NotReached("Telegram answered with an update without an id")
            ids.append(number)
            found = self._said(number, update.get("message"))
            if found is not None:
                said.append(found)
        return Updates(tuple(said), (min(ids), max(ids)) if ids else None, len(ids) - len(said))

    def _said(self, number: int, raw: Any) -> Said | None:
        if not isinstance(raw, dict):
            return None
        try:
            message = _Message.model_validate({**raw, "sender": raw.get("from")})
            at = datetime.fromtimestamp(message.date, UTC)
        except (ValidationError, ValueError, OverflowError, OSError):
            return None
        if message.text is None or message.sender is None or message.chat.type != "private":
            return None
        if not message.chat.id == message.sender.id == self._chat_id:
            return None
        return Said(number, at, message.text)
