"""The records of cycles, decisions, the kill switch, the inbox, alerts and settings: what each makes."""

from __future__ import annotations

from core.audit.fold.books import FoldedBooks
from core.audit.fold.forms import ContradictionError, Detail, text, time, whole, words
from core.audit.fold.tables import Row


def cycle_opened(books: FoldedBooks, at: str, detail: Detail) -> None:
    """A cycle; one that is taken up again has its row already."""
    if detail.get("resumed"):
        books.row("cycles", text(detail, "cycle_id"))
        return
    books.insert(
        "cycles",
        {
            "cycle_id": text(detail, "cycle_id"),
            "job": text(detail, "job"),
            "slot": time(detail, "slot"),
            "opened_at": at,
            "closed_at": None,
            "outcome": None,
            "reasons": "[]",
        },
    )


def chain_broken(books: FoldedBooks, _: str, __: Detail) -> None:
    """A chain that begins anew: the rows of the books are to follow."""
    books.begin_anew()


def cycle_closed(books: FoldedBooks, at: str, detail: Detail) -> None:
    """The outcome of a cycle."""
    row, outcome = books.row("cycles", text(detail, "cycle_id")), text(detail, "outcome")
    if row["outcome"] is not None:
        raise ContradictionError(f"outcome: expected none after {row['outcome']}, found {outcome}")
    row |= {"closed_at": at, "outcome": outcome, "reasons": words(detail, "reasons")}


def decision(books: FoldedBooks, at: str, detail: Detail) -> None:
    """A decision, under its number."""
    books.insert(
        "decisions",
        {
            "decision_id": books.count("decisions") + 1,
            "cycle_id": text(detail, "cycle_id"),
            "at": at,
            "record": books.keep(text(detail, "record")),
        },
    )


def armed(books: FoldedBooks, at: str, detail: Detail) -> None:
    """The kill switch was armed, or armed for one more cause."""
    _switch(books, 1, at, detail)


def disarmed(books: FoldedBooks, at: str, detail: Detail) -> None:
    """A person has disarmed the kill switch."""
    _switch(books, 0, at, detail)


def entries_latched(books: FoldedBooks, at: str, detail: Detail) -> None:
    """A source blocks entries; one that did already has another reason, or a person's later word."""
    source, since, word = text(detail, "source"), time(detail, "since"), whole(detail, "word")
    row = books.tables["entry_latches"].get(source)
    expected = row["at"] if row is not None and row["latched"] else at
    if since != expected:
        raise ContradictionError(f"since: expected {expected}, found {since}")
    if row is not None and word < int(row["word"] or 0):
        raise ContradictionError(f"word: expected at least {row['word']}, found {word}")
    books.tables["entry_latches"][source] = {
        "source": source,
        "latched": 1,
        "reason": text(detail, "reason"),
        "who": text(detail, "who"),
        "at": since,
        "word": word,
        "resumed_at": None if row is None else row["resumed_at"],
    }


def entries_resumed(books: FoldedBooks, at: str, detail: Detail) -> None:
    """A person lets entries go on that a source had blocked."""
    row, word = books.row("entry_latches", text(detail, "source")), whole(detail, "word")
    if not row["latched"]:
        raise ContradictionError(f"source: expected one that blocks entries, found {row['source']}")
    if word <= int(row["word"] or 0):
        raise ContradictionError(f"word: expected one after {row['word']}, found {word}")
    row |= {"latched": 0, "reason": text(detail, "reason"), "who": text(detail, "who")}
    row |= {"at": at, "word": word, "resumed_at": at}


def operator(books: FoldedBooks, at: str, detail: Detail) -> None:
    """A person's message came in, or had its answer, of which the first one counts."""
    request_id = text(detail, "request_id")
    if "answer" not in detail:
        books.insert(
            "inbox",
            {
                "number": books.count("inbox") + 1,
                "request_id": request_id,
                "at": at,
                "message": text(detail, "message"),
                "body": text(detail, "body"),
                "who": text(detail, "who"),
                "done_at": None,
                "answer": None,
            },
        )
        return
    if request_id not in books.tables["inbox"] and books.final["inbox"].rows:
        return  # A row is let go of only when it has its answer.
    row = books.row("inbox", request_id)
    if row["done_at"] is None:
        row |= {"done_at": at, "answer": text(detail, "answer")}


def alert(books: FoldedBooks, _: str, detail: Detail) -> None:
    """An alert of HIGH or above."""
    row: Row = {name: text(detail, name) for name in ("alert_id", "severity", "code", "text", "cause")}
    books.insert("alerts", row | {"at": time(detail, "at")})


def account_bound(books: FoldedBooks, at: str, detail: Detail) -> None:
    """The books belong to this environment and account, and new labels bear a tag, once it is drawn, that was
    drawn for a folder."""
    for key in ("environment", "account"):
        _set(books, key, text(detail, key), at)
    for key in ("label_tag", "label_folder"):
        if key in detail:
            _set(books, key, text(detail, key), at)


def setting(books: FoldedBooks, at: str, detail: Detail) -> None:
    """A value that the engine keeps for itself."""
    _set(books, text(detail, "key"), text(detail, "value"), at)


def _switch(books: FoldedBooks, is_armed: int, at: str, detail: Detail) -> None:
    books.tables["kill_switch"][1] = {
        "one": 1,
        "armed": is_armed,
        "causes": words(detail, "causes"),
        "reason": text(detail, "reason"),
        "who": text(detail, "who"),
        "at": at,
        # A record from before disarmings named what they take away has none.
        "disarms": words(detail, "disarms") if "disarms" in detail else "[]",
    }


def _set(books: FoldedBooks, key: str, value: str, at: str) -> None:
    books.tables["system"][key] = {"key": key, "value": value, "at": at}
