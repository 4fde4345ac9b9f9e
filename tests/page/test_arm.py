"""ARM on the page does what `kill-switch arm` does: with an engine, without one, and with one that hangs."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from actors.kill_switch import DiskKillFile
from core.kill_file import Arming
from page.compose import armed
from reading.engine_lock import LOCK
from tests.cli.test_arming import Passing, by_engine, engine_is_asked
from tests.fakes.held_folder import held_folder
from tests.page.browsing import BASE, Browser, form_token, inside, page_of, words


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that an engine has used."""
    (tmp_path / LOCK).touch()
    return tmp_path


def pressed(client: Browser, reason: str = "a strange fill") -> tuple[int, str]:
    """One press and one confirmation: what the page says then."""
    fields = {"token": form_token(client.get("/arm").text), "reason": reason}
    answer = client.post("/arm", data=fields, headers={"origin": BASE})
    return answer.status_code, words(answer.text)


def browser(folder: Path, patience: Passing) -> Browser:
    return inside(page_of(folder, arm=lambda reason: armed(folder, reason, patience)))


def test_the_running_engine_confirms_it_and_kill_is_laid(folder: Path) -> None:
    with held_folder(folder, by_engine()) as asked:
        status, said = pressed(browser(folder, Passing(engine_is_asked)))
    assert status == 200
    assert "Armed armed: no entry leaves any more; reduce-only exits still may" in said
    assert "a strange fill" in (folder / "KILL").read_text("utf-8")
    assert [request.request for request in asked][-1] == "inject"


def test_without_an_engine_kill_alone_arms(folder: Path) -> None:
    status, said = pressed(browser(folder, Passing(engine_is_asked)))
    assert status == 200
    assert "no running engine was found on this folder; KILL is on disk" in said


def test_a_switch_that_is_armed_already_is_said_to_be_and_gets_another_reason(folder: Path) -> None:
    assert "armed already" not in words(browser(folder, Passing(engine_is_asked)).get("/arm").text)
    for reason in ("the first", "the second"):
        status, _ = pressed(browser(folder, Passing(engine_is_asked)), reason)
        assert status == 200
        assert reason in (folder / "KILL").read_text("utf-8")
    assert "It is armed already" in words(browser(folder, Passing(engine_is_asked)).get("/arm").text)


def test_a_frozen_engine_does_not_keep_it_from_arming(folder: Path) -> None:
    with held_folder(folder, None):
        status, said = pressed(browser(folder, Passing()))
    assert status == 200
    assert "the engine has not confirmed it" in said
    assert (folder / "KILL").exists()


def test_what_is_not_certain_is_not_called_armed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where KILL can't be laid and no engine confirms, nothing is armed."""

    def full(file: DiskKillFile, arming: Arming) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(DiskKillFile, "add", full)
    status, said = pressed(browser(folder, Passing(engine_is_asked)))
    assert status == 500
    assert "Not certain to be armed" in said
    assert "No space left on device" in said


def test_a_reason_with_markup_is_text(folder: Path) -> None:
    with held_folder(folder, by_engine()):
        client = browser(folder, Passing(engine_is_asked))
        fields = {"token": form_token(client.get("/arm").text), "reason": "<script>alert(1)</script>"}
        html = client.post("/arm", data=fields, headers={"origin": BASE}).text
    assert "<script" not in html


def test_a_folder_that_no_engine_used_is_not_armed(tmp_path: Path) -> None:
    status, said = pressed(inside(page_of(tmp_path)))
    assert status == 500
    assert "nothing was armed" in said
    assert not (tmp_path / "KILL").exists()
