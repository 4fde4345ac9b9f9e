"""ARM in a browser arms a real engine; what only looks like it does not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.messages.engine_status import EngineStatus
from reading.engine_status import engine_status
from tests.cli.test_live import House, running
from tests.page.chromium import browsers, looking, why_not
from tests.page.seen import serious
from tests.page.served import Served, served, served_files

pytestmark = [pytest.mark.browser, pytest.mark.skipif(why_not() is not None, reason=why_not() or "")]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with running(tmp_path) as house:
        yield house


@pytest.fixture
def page(house: House) -> Iterator[Served]:
    with served(house.data) as page:
        yield page


def status_of(house: House) -> EngineStatus:
    return engine_status(house.data, answer_s=20.0)


def is_armed(house: House) -> bool:
    switch = status_of(house).kill_switch
    assert switch is not None
    return switch.armed


def test_one_press_and_one_confirmation_arm_the_engine(house: House, page: Served) -> None:
    with browsers() as browser, looking(browser, page.link()) as looked:
        assert not is_armed(house)
        looked.page.locator("#arm").click()
        looked.page.locator("#reason").fill("tried in the browser")
        assert serious(looked) == []
        assert not (house.data / "KILL").exists()
        looked.page.locator("#confirm").click()
        looked.page.locator("#h-armed").wait_for(timeout=15_000)
        assert looked.page.locator("#h-armed").inner_text() == "Armed"
        assert (house.data / "KILL").exists()
        assert is_armed(house)
        assert serious(looked) == []
        looked.page.goto(page.origin)
        assert "tried in the browser" in looked.page.locator("#verdict").inner_text()
        assert looked.page.locator("#arm").count() == 0
        assert looked.complaints == []


def test_going_back_arms_nothing(house: House, page: Served) -> None:
    with browsers() as browser, looking(browser, page.link()) as looked:
        looked.page.locator("#arm").click()
        looked.page.get_by_role("link", name="Go back").click()
        looked.page.locator("#arm").focus()
        looked.page.keyboard.press("Space")
        looked.page.locator("#reason").wait_for()
        assert not is_armed(house)


def test_the_keyboard_alone_arms(house: House, page: Served) -> None:
    with browsers() as browser, looking(browser, page.link()) as looked:
        looked.page.locator("#arm").focus()
        looked.page.keyboard.press("Enter")
        looked.page.locator("#reason").focus()
        looked.page.keyboard.press("Enter")
        looked.page.locator("#h-armed").wait_for(timeout=15_000)
        assert is_armed(house)


def test_a_form_of_another_page_arms_nothing(house: House, page: Served, tmp_path: Path) -> None:
    """Another port of this machine, whose cookies the browser would share, posts what ARM posts."""
    forged = tmp_path / "forged"
    forged.mkdir()
    (forged / "index.html").write_text(
        f'<form method="post" action="{page.origin}/arm"><input name="token" value="guessed">'
        "<button>win a prize</button></form>",
        "utf-8",
    )
    with served_files(forged) as elsewhere, browsers() as browser, looking(browser, page.link()) as looked:
        looked.page.goto(elsewhere)
        with looked.page.expect_response(f"{page.origin}/arm") as answer:
            looked.page.get_by_role("button").click()
        assert answer.value.status in (401, 403)
        assert not is_armed(house)
        assert not (house.data / "KILL").exists()


@pytest.mark.parametrize("token", [None, "guessed"])
def test_a_request_without_the_token_of_a_shown_form_arms_nothing(
    house: House, page: Served, token: str | None
) -> None:
    """Sent by the page itself, with its cookie and its Origin."""
    with browsers() as browser, looking(browser, page.link()) as looked:
        status = looked.page.evaluate(
            """async (token) => (await fetch("/arm", {
                method: "POST",
                headers: { "Content-Type": "application/x-www-form-urlencoded" },
                body: token === null ? "reason=x" : `reason=x&token=${token}`,
            })).status""",
            token,
        )
        assert status == 403
        assert not is_armed(house)


def test_a_foreign_host_is_refused_in_the_browser(house: House, page: Served) -> None:
    """A name that leads to this machine, as after DNS rebinding: the page answers it nothing."""
    port = page.origin.rsplit(":", 1)[1]
    with browsers("--host-resolver-rules=MAP evil.example 127.0.0.1") as browser:
        context = browser.new_context()
        try:
            answer = context.new_page().goto(f"http://evil.example:{port}/")
            assert answer is not None
            assert answer.status in (400, 403, 421)
        finally:
            context.close()
    assert not is_armed(house)


def test_a_link_lets_one_browser_in_once(house: House, page: Served) -> None:
    link = page.link()
    with browsers() as browser:
        with looking(browser, link) as looked:
            assert "token" not in looked.page.url
            assert looked.page.locator("#verdict").count() == 1
        with looking(browser, link) as second:
            assert second.page.locator("#verdict").count() == 0
