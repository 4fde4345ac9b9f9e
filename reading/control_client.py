"""The client of the control socket: sends requests to the running engine from outside."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import TypeVar

from pydantic import BaseModel, JsonValue, ValidationError

from actors.control.lines import Lines
from actors.control.trust import peer_uid, require_own
from actors.control.wire import LINE_BYTES_MAX, ControlAnswer, ControlRequest, RequestName, encode
from core.errors import CerberoError, EngineNotRunningError, FoundWrongError, InputError, NoAnswerError
from reading.engine_folder import require_no_file
from reading.engine_lock import running_engine
from reading.operator import operator_name
from reading.refused_start import why_refused

ANSWER_S = 40.0

_Model = TypeVar("_Model", bound=BaseModel)


def ask_engine(
    data_dir: Path, request: ControlRequest, expected: type[_Model], *, answer_s: float = ANSWER_S
) -> _Model:
    """Send one request and return its first answer, awaited for `answer_s` at most, as an `expected`.

    Raises EngineNotRunningError if nobody listens, FoundWrongError if the engine refuses or the answer is
    missing or of another kind.
    """
    for answer in exchange(data_dir, request, answer_s=answer_s):
        if answer.answer != expected.__name__:
            raise FoundWrongError(f"engine: expected {expected.__name__}, found {answer.answer}")
        try:
            return expected.model_validate_json(json.dumps(answer.body))
        except ValidationError as error:
            raise FoundWrongError(
                f"engine: an answer that this version can't read ({_first(error)}): is the engine of another"
                " version? Stop it and start it with this one"
            ) from None
    raise FoundWrongError("engine: the connection ended without an answer")


def exchange(
    data_dir: Path, request: ControlRequest, *, answer_s: float = ANSWER_S
) -> Iterator[ControlAnswer]:
    """Send a request and yield its answers, as many as there are, all within `answer_s` + `wait_s`.

    The last one has no `more`.

    Raises EngineNotRunningError if nobody listens, FoundWrongError if the engine refuses, NoAnswerError if
    the answers end before the last one.
    """
    timeout_s = answer_s + request.wait_s
    connection, process = _connected(data_dir)
    with connection:
        lines, ends_at_s = Lines(connection), monotonic() + timeout_s
        try:
            connection.settimeout(timeout_s)
            unsent = _send(connection, encode(request))
            while line := _next(lines, ends_at_s):
                answer = _parsed(line)
                if not answer.ok:
                    raise FoundWrongError(answer.error)
                yield answer
                if not answer.more:
                    return
            if unsent is not None:
                raise unsent
        except TimeoutError:
            raise NoAnswerError(
                f"engine ({process}): no answer within {timeout_s:g} s: docs/runbook.md, 'The engine does not"
                " answer'"
            ) from None
        except OSError as error:
            raise NoAnswerError(f"engine: the connection broke: {error.strerror or error}") from None
    raise NoAnswerError("engine: the connection ended without an answer; the engine may be stopping")


def is_refusal(error: CerberoError) -> bool:
    """Whether an engine is there, and its own word or who it is keeps it from answering. It may be well."""
    return isinstance(error, FoundWrongError) and not isinstance(error, NoAnswerError)


def request_of(name: RequestName, **fields: JsonValue) -> ControlRequest:
    """A request on behalf of the user who runs this process."""
    return ControlRequest.model_validate({"request": name, "who": operator_name(), **fields})


def _send(connection: socket.socket, request: bytes) -> OSError | None:
    """Send it; why nobody reads it, if so: an engine that closes at once has said why before."""
    try:
        connection.sendall(request)
    except (BrokenPipeError, ConnectionResetError) as error:
        return error
    return None


def _next(lines: Lines, ends_at_s: float) -> bytes:
    """The next line of an answer. Raises FoundWrongError if it is too long, OSError."""
    line = lines.next(ends_at_s)
    if len(line) >= LINE_BYTES_MAX and not line.endswith(b"\n"):
        raise FoundWrongError(f"engine: expected an answer of at most {LINE_BYTES_MAX:,} bytes")
    return line


def _connected(data_dir: Path) -> tuple[socket.socket, str]:
    """A connection to the engine, and its process for a person."""
    require_no_file(data_dir)
    engine = running_engine(data_dir)
    if engine is None:
        refused = why_refused(data_dir)
        why = "" if refused is None else f": its start is refused: {refused}"
        if not data_dir.is_dir():
            why = f"{why}; there is no such folder here, so name it by --data-dir or make it by run.py start"
        raise EngineNotRunningError(f"no engine runs on {data_dir}{why}")
    try:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    except OSError as error:
        raise NoAnswerError(f"engine ({engine.named}): it can't be asked: {error.strerror}") from None
    connection.settimeout(5.0)
    try:
        require_own(engine.socket.parent)
        require_own(engine.socket)
        connection.connect(str(engine.socket))
        peer = peer_uid(connection)
    except OSError:
        connection.close()
        raise EngineNotRunningError(
            f"an engine ({engine.named}) holds {data_dir} but does not listen: it is starting or stopping, "
            "or its socket was taken away; then it listens again within a minute"
        ) from None
    except InputError as error:
        connection.close()
        raise FoundWrongError(
            f"engine: the control socket is not trusted, nothing was sent: {error}"
        ) from None
    if peer != os.getuid():
        connection.close()
        raise FoundWrongError(
            f"engine: {engine.socket} is served by uid {peer}, expected uid {os.getuid()}; nothing was sent"
        )
    return connection, engine.named


def _parsed(line: bytes) -> ControlAnswer:
    try:
        return ControlAnswer.model_validate_json(line)
    except ValidationError as error:
        raise FoundWrongError(f"engine: an answer that can't be read: {error.errors()[0]['msg']}") from None


def _first(error: ValidationError) -> str:
    """Which field is wrong first, and why."""
    found = error.errors(include_input=False, include_url=False)[0]
    return f"{'.'.join(map(str, found['loc']))}: {found['msg']}"
