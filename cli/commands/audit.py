"""`audit verify|tail|show`: the audit chain, read from its files."""

from __future__ import annotations

import shlex
from collections import deque
from typing import Annotated

import typer

from cli.options import DEFAULT_DATA_DIR, ROWS_MAX, AsJson, DataDir, whole_argument, whole_option
from cli.sentences import SentenceGroup
from cli.views.say import say
from core.how_many import how_many

app = typer.Typer(
    cls=SentenceGroup,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Verify and read the audit log; works with and without an engine. Example: run.py audit verify",
)


@app.command()
def verify(
    data_dir: DataDir = DEFAULT_DATA_DIR,
    head: Annotated[
        str | None,
        typer.Option(
            metavar="SEQ:HASH", help="Prove that this head, which was told to you before, is in the log."
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Check the canonical form of every record too.")
    ] = False,
    books: Annotated[
        bool,
        typer.Option("--books", help="Recompute the books from the log and compare them row by row."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Follow the chain over every byte; exit code 1 if acknowledged bytes are missing or changed.

    Without the books (cerbero.db), or if they can't be read, nothing says where the chain ends, and the
    verdict says so: the log is then judged by itself. With --books every row of the books must also be the
    one that the log makes; a difference names table, row and field.

    Example: run.py audit verify --strict
    """
    from actors.audit.files import AUDIT_FOLDER
    from cli.views.output import show_json
    from core.audit.hash_chain import parse_head
    from core.errors import FoundWrongError
    from core.status.finding import DAMAGED
    from reading.audit import NOT_ACCEPTED, require_audit_log, verified, verified_alone
    from reading.books import has_books
    from reading.json_forms import proof_json
    from reading.proof import NotYetInLogError, books_proved, break_compared

    with_books = has_books(data_dir)
    if not with_books:
        # With books a missing log counts as broken: `verified` knows from them how long it was.
        require_audit_log(data_dir)
    told_head = None if head is None else parse_head(head)
    damage = not_yet = proof = after_break = None
    try:
        result = verified(data_dir, told_head=told_head, strict=strict)
    except FoundWrongError as error:
        damage = str(error)
        result = verified_alone(data_dir, told_head=told_head, strict=strict)
    # Who is to accept a break needs to see what it did to the books.
    unaccepted = result.problem == NOT_ACCEPTED
    if books and damage is None and (result.ok or unaccepted):
        try:
            proof = books_proved(data_dir)
            after_break = break_compared(data_dir) if unaccepted else None
        except NotYetInLogError as error:
            not_yet = str(error)
        except FoundWrongError as error:
            damage = str(error)
    if as_json:
        show_json(
            {
                "ok": result.ok and (damage or not_yet) is None and (proof is None or proof.ok),
                "log_ok": result.ok,
                "records": result.records,
                "head": str(result.head),
                "problem": result.problem,
                "compared_with_books": with_books and damage is None,
                "books_problem": damage or not_yet,
                "books": None if proof is None else proof_json(proof),
                "broken_log": None if after_break is None else list(after_break),
            }
        )
    elif result.ok:
        say(f"whole: {how_many(result.records, 'record')}, head {result.head}")
        if not with_books or damage is not None:
            where = "at the end" if head is None else "after the head that was told"
            say(f"without the books (cerbero.db) records that are missing {where} can't be seen")
    if proof is not None and not as_json:
        for line in (*(after_break or ()), *proof.lines()):
            say(line)
        if proof.ok:
            say(f"the books are what {proof.records} records make of them")
    wrong = [] if result.ok else [f"audit: {result.problem}"]
    if damage is not None:
        wrong.append(f"{damage}: {DAMAGED}" if result.ok else damage)
    if not_yet is not None:
        wrong.append(not_yet)
    if wrong:
        raise FoundWrongError(*wrong)
    if proof is not None and not proof.ok:
        places = f"{how_many(len(proof.lines()), 'place')} where they differ"
        log = shlex.quote(str(data_dir / AUDIT_FOLDER))
        raise FoundWrongError(
            f"audit: expected the books that the log makes, found {places};"
            f" `run.py state rebuild --from-audit {log}` writes them anew from the log"
        )


@app.command()
def tail(
    data_dir: DataDir = DEFAULT_DATA_DIR,
    count: Annotated[
        int, whole_option(1, ROWS_MAX, "-n", "--lines", text="How many records to show, the newest.")
    ] = 20,
    kind: Annotated[str | None, typer.Option(help="Show only records of this kind, such as ORDER.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the last records.

    Example: run.py audit tail -n 50 --kind ORDER
    """
    from cli.views.output import detail_text, show_json, show_table
    from core.errors import InputError
    from core.messages.audit import AuditKind
    from reading.audit import records, require_audit_log
    from reading.json_forms import record_json, utc

    require_audit_log(data_dir)
    if kind is not None and kind not in AuditKind.__members__:
        raise InputError(f"--kind: expected one of {', '.join(AuditKind)}, found {kind!r}")
    last = deque((record for record in records(data_dir) if kind in (None, record.kind)), maxlen=count)
    if as_json:
        show_json([record_json(record) for record in last])
        return
    show_table(
        ("seq", "at", "kind", "correlation", "detail"),
        (
            (
                str(record.seq),
                utc(record.at),
                record.kind,
                record.correlation or "",
                detail_text(record.detail),
            )
            for record in last
        ),
        empty="no records",
    )


@app.command()
def show(
    seq: Annotated[int, whole_argument(1, ROWS_MAX, name="SEQ", text="The number of the record to show.")],
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Show one record whole, as JSON.

    Example: run.py audit show 1
    """
    from cli.views.output import show_json
    from core.errors import FoundWrongError
    from reading.audit import records, require_audit_log
    from reading.json_forms import record_json

    require_audit_log(data_dir)
    for record in records(data_dir):
        if record.seq == seq:
            show_json(record_json(record))
            return
    raise FoundWrongError(f"audit: there is no record {seq}")
