"""What a person says over the control socket, as it may be recorded."""

from __future__ import annotations

import json
from pathlib import Path

from actors.control.wire import ControlAnswer, answer_without_secrets
from core.messages.base import Refused
from core.messages.control import InjectMessage
from core.redaction import Redactor
from tests.actors.control.test_server import Client, Served


def test_what_a_person_types_comes_in_on_one_line_and_without_secrets(tmp_path: Path) -> None:
    served = Served(tmp_path, Redactor(["s3cret-token"]))
    client = Client(served.path)
    seen: list[object] = []

    def answer(inject: object) -> Refused:
        seen.append(inject)
        return Refused(request_id="r", reasons=("saw s3cret-token",))

    served.control.answers[InjectMessage] = answer
    body = {"reason": "s3cret-token\n\x1b[2J ⟪x⟫", "position_id": "p"}
    line = client.ask(request="inject", message="ClosePosition", body=body, who="ann\nbob")
    inject = seen[-1]
    assert isinstance(inject, InjectMessage)
    assert json.loads(inject.body) == {"reason": r"***\n\x1b[2J <<x>>", "position_id": "p"}
    assert inject.who == r"ann\nbob"
    assert line["error"] == "saw ***"
    client.close()
    served.server.close()


def test_a_token_that_is_an_ordinary_word_leaves_an_answer_readable() -> None:
    """`status` could not be read where the token of a venue of one's own was `paper`."""
    answer = ControlAnswer(ok=True, answer="EngineStatus", body={"environment": "paper"}, error="token paper")
    shown = answer_without_secrets(answer, Redactor(["paper"]))
    assert shown.body == {"environment": "paper"}
    assert shown.error == "token ***"
