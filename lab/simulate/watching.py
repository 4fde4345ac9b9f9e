"""Watches what reaches the venue: each placement and edit, and what it has done there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from core.contract import OrderAnswer
from core.orders.lifecycle import OrderState
from gateway.paper.account import VenueOrder
from gateway.shell.bodies import HttpAnswer
from lab.in_process import TOKEN
from lab.invariants.effects import Effect, effects
from lab.invariants.folder import FolderBooks
from lab.invariants.seen import EngineSeen, Request, SeenOutside, VenueSeen
from lab.simulate.venue import LabVenue
from reading.books import has_books, live_books

PLACE: Final = "place_combo_order"
EDIT: Final = "edit_order"
CANCEL: Final = "cancel_order"


class RequestWatch:
    """Of one simulation. `folders` are the data folders of its engines."""

    def __init__(self, venue: LabVenue, folders: Callable[[], Iterable[Path]]) -> None:
        self._venue = venue
        self._folders = folders
        self._before: dict[str, VenueOrder] = {}
        self._cancelled: set[str] = set()
        self.requests: list[Request] = []
        self.effects: list[Effect] = []

    def answered(self, tool: str, body: bytes, answer: HttpAnswer) -> bool:
        """A request was answered; whether it is one after which all is looked at."""
        if tool == CANCEL:
            self._note_cancelled(answer)
        if tool not in (PLACE, EDIT):
            return False
        orders = self._venue.venue.account.orders
        request = self._request(tool, json.loads(body))
        if request is not None:
            self.requests.append(request)
        until = None if request is None else request.valid_until
        self.effects += effects(tool, until, orders, self._before)
        self._before = dict(orders)
        return True

    def seen(
        self,
        now: datetime,
        engines: Sequence[EngineSeen],
        *,
        has_alien: bool,
        books: Mapping[str, FolderBooks],
    ) -> SeenOutside:
        """What an outsider sees at the true time `now`."""
        venue = self._venue.venue
        return SeenOutside(
            now=now,
            venue=VenueSeen.of(venue.account, self._venue.began_with, venue.index_usd()),
            engines=engines,
            requests=self.requests,
            effects=self.effects,
            cancelled=self._cancelled,
            has_alien=has_alien,
            secrets=(TOKEN,),
            books_read=dict(books),
        )

    def _request(self, tool: str, body: Mapping[str, object]) -> Request | None:
        account = self._venue.venue.account
        if tool == PLACE:
            label = str(body["label"])
        else:
            order = account.orders.get(str(body["order_id"]))
            if order is None:
                return None
            label = order.order.label
        return Request.model_validate(
            {
                "at": self._venue.venue.clock,
                "tool": tool,
                "label": label,
                "amount": int(str(body["amount"])),
                "price": body["price"],
                "reduce_only": bool(body.get("reduce_only", False)),
                "valid_until": body.get("valid_until"),
                "was_in_doubt": self._was_in_doubt(label),
            }
        )

    def _note_cancelled(self, answer: HttpAnswer) -> None:
        if answer.status != HTTPStatus.OK:
            return
        try:
            order = OrderAnswer.model_validate_json(answer.body).order
        except ValidationError:
            return  # A fault has broken it.
        if order.state == "cancelled" and not order.filled_amount:
            self._cancelled.add(order.label)

    def _was_in_doubt(self, label: str) -> bool:
        now = self._venue.venue.clock
        books = [live_books(folder, now) for folder in self._folders() if has_books(folder)]
        mine = [each for each in books if any(i.label == label for i in each.instructions)]
        return any(o.state is OrderState.UNKNOWN and o.label != label for each in mine for o in each.orders)
