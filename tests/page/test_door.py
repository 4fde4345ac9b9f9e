"""Who gets in, and what a request from elsewhere can't do."""

from __future__ import annotations

import asyncio
import errno
from pathlib import Path
from threading import Event

import httpx
import pytest

from page import static_files
from page.app import ArmingTold, Page
from page.door.access import FORM_S, LINK_S, SESSIONS_MAX, Access, cookie_name
from page.door.hosts import Hosts
from page.view import View
from tests.page.browsing import BASE, form_token, inside, outside, page_of


class Clock:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def armings() -> list[str]:
    """The reasons with which something was armed."""
    return []


@pytest.fixture
def page(tmp_path: Path, clock: Clock, armings: list[str]) -> Page:
    def arm(reason: str) -> ArmingTold:
        armings.append(reason)
        return ArmingTold(True, ("armed: no entry leaves any more",))

    return page_of(tmp_path, access=Access(clock=clock), arm=arm)


PRIVATE = ("/", "/live", "/chart/gates.json", "/arm", "/?cycle=entry-20260105T140000Z")


@pytest.mark.parametrize("path", PRIVATE)
def test_without_a_cookie_nothing_is_shown(page: Page, path: str) -> None:
    answer = outside(page).get(path)
    assert answer.status_code == 401
    assert "This page is closed" in answer.text
    assert "of-the-test" not in answer.text


def test_a_link_lets_one_browser_in_once_and_leaves_the_address(page: Page) -> None:
    token = page.access.new_link()
    first, second = outside(page), outside(page)
    answer = first.get(f"/enter?token={token}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert first.get("/").status_code == 200
    assert second.get(f"/enter?token={token}").status_code == 401
    assert second.get("/").status_code == 401


def test_a_link_is_too_old_after_ten_minutes(page: Page, clock: Clock) -> None:
    token = page.access.new_link()
    clock.now_s += LINK_S
    assert outside(page).get(f"/enter?token={token}").status_code == 401


@pytest.mark.parametrize("token", ["", "x", "%00", "a" * 5000])
def test_another_token_lets_nobody_in(page: Page, token: str) -> None:
    page.access.new_link()
    answer = outside(page).get(f"/enter?token={token}")
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


def test_sessions_are_bounded() -> None:
    access = Access()
    assert all(access.enter(access.new_link()) for _ in range(SESSIONS_MAX))
    assert access.enter(access.new_link()) is None


def test_the_cookie_is_for_this_site_and_no_script(page: Page) -> None:
    said = outside(page).get(f"/enter?token={page.access.new_link()}").headers["set-cookie"]
    name, _, rest = said.partition("=")
    assert name == page.cookie
    assert "HttpOnly" in rest
    assert "samesite=strict" in rest.lower()
    assert "Secure" not in rest


def test_behind_a_tls_proxy_the_cookie_is_secure(tmp_path: Path) -> None:
    hosts = Hosts(public_name="bite.example.org")
    made = page_of(tmp_path, hosts=hosts)
    cookie = cookie_name("x", "y", secure=True)
    secure = Page(made.views, made.access, hosts, cookie, True, made.arm)
    answer = outside(secure, "https://bite.example.org").get(f"/enter?token={secure.access.new_link()}")
    assert "Secure" in answer.headers["set-cookie"]
    assert cookie.startswith("__Host-")


def test_each_instance_has_a_cookie_of_its_own(tmp_path: Path) -> None:
    names = {
        cookie_name(instance, folder, secure=False)
        for instance in ("testnet", "mainnet", "ä ö", "")
        for folder in ("/a", "/b")
    }
    assert len(names) == 8
    assert all(name.isascii() and not set(name) & set(' ;,="') for name in names)


def test_a_cookie_of_another_page_does_not_count(page: Page, tmp_path: Path) -> None:
    other = page_of(tmp_path)
    client = outside(page)
    session = other.access.enter(other.access.new_link())
    assert session is not None
    client.cookies[page.cookie] = session
    assert client.get("/").status_code == 401


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "bite.example.org",
        "",
        "a@127.0.0.1",
        "192.0.2.1",
        "[::ffff:192.0.2.1]",
        "127.0.0.1:x",
        "127.0.0.1?x",
        "localhost#x",
        "localhost\\x",
        "localhost.",
        "127.1",
        "2130706433",
        "[::1",
    ],
)
def test_a_name_of_somebody_else_leads_nowhere(page: Page, host: str) -> None:
    client = inside(page)
    for path in ("/", "/live", "/health", f"/enter?token={page.access.new_link()}"):
        answer = client.get(path, headers={"host": host})
        assert answer.status_code == 421
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1", "[::1]:9470", "LOCALHOST", "127.1.2.3:80"])
def test_any_name_of_this_machine_counts(page: Page, host: str) -> None:
    assert outside(page).get("/health", headers={"host": host}).status_code == 200


def test_names_and_addresses_that_were_allowed_count() -> None:
    assert Hosts(public_name="bite.example.org").allows("bite.example.org")
    assert Hosts(exposed=True).allows("192.0.2.1:9470")
    assert not Hosts(exposed=True).allows("evil.example")


def test_every_answer_carries_the_policy(page: Page) -> None:
    client = inside(page)
    for path in ("/", "/live", "/arm", "/health", "/nothing", "/chart/none.json", "/static/x/page.js"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "//" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["origin-agent-cluster"] == "?1"


def test_who_opened_the_window_has_no_hold_of_it_where_arming_is_asked_for_or_told(page: Page) -> None:
    client = inside(page)
    for answer in (client.get("/arm"), client.post("/arm", data={"token": "none"})):
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"


def test_an_answer_that_nobody_meant_carries_the_policy_too(tmp_path: Path) -> None:
    class Broken:
        def view(self, cycle_id: str | None = None) -> View:
            raise RuntimeError(f"of {cycle_id}")

        def forget(self) -> None:
            raise RuntimeError

    answer = inside(page_of(tmp_path, views=Broken())).get("/")
    assert answer.status_code == 500
    assert "RuntimeError" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "DELETE", "TRACE", "PATCH"])
def test_only_a_get_uses_a_link_up(page: Page, method: str) -> None:
    """A preview that looks whether there is anything does not keep its owner out."""
    client, token = outside(page), page.access.new_link()
    answer = client.send(method, f"/enter?token={token}")
    assert answer.status_code == 405
    assert "set-cookie" not in answer.headers
    assert client.get(f"/enter?token={token}").status_code == 303


def test_what_a_proxy_may_say_of_the_host_is_not_believed(page: Page) -> None:
    client = inside(page)
    said = {"x-forwarded-host": "127.0.0.1", "forwarded": "host=127.0.0.1", "host": "evil.example"}
    assert client.get("/", headers=said).status_code == 421
    assert client.get("/", headers={"x-forwarded-host": "evil.example"}).status_code == 200


def test_the_name_of_an_instance_can_not_hide_what_it_says(tmp_path: Path) -> None:
    name = "main\u202enet</title><script>alert(1)</script>"
    html = inside(page_of(tmp_path, instance=name)).get("/").text
    assert "<script>" not in html
    assert "\u202e" not in html


def test_nothing_in_the_page_comes_from_elsewhere_or_runs_inline(page: Page) -> None:
    html = inside(page).get("/").text
    assert "http://" not in html
    assert "https://" not in html
    assert "<script>" not in html
    assert " onclick" not in html


def confirmed(page: Page, **changes: str | None) -> tuple[int, str]:
    """The form of ARM as a browser sends it, with changes to its headers or fields; None leaves one out."""
    client = inside(page)
    headers = {"origin": BASE, "content-type": "application/x-www-form-urlencoded"}
    fields = {"token": form_token(client.get("/arm").text), "reason": "a strange fill"}
    for name, value in changes.items():
        into = headers if name in ("origin", "host", "content_type", "cookie") else fields
        key = name.replace("_", "-")
        if value is None:
            into.pop(key, None)
        else:
            into[key] = value
    body = "&".join(f"{name}={value}" for name, value in fields.items())
    answer = client.post("/arm", content=body, headers=headers)
    return answer.status_code, answer.text


def test_one_press_and_one_confirmation_arm(page: Page, armings: list[str]) -> None:
    status, text = confirmed(page)
    assert (status, armings) == (200, ["a strange fill"])
    assert "armed: no entry leaves any more" in text


@pytest.mark.parametrize(
    "changes",
    [
        {"origin": None},
        {"origin": "null"},
        {"origin": "https://evil.example"},
        {"origin": "http://127.0.0.1:9471"},
        {"origin": "https://127.0.0.1:9470"},
        {"token": None},
        {"token": "x"},
        {"token": ""},
        {"content_type": "text/plain"},
        {"content_type": "application/json"},
        {"host": "evil.example"},
        {"cookie": "none=1"},
        {"reason": "x" * 9000},
    ],
    ids=str,
)
def test_a_forged_request_arms_nothing(
    page: Page, armings: list[str], changes: dict[str, str | None]
) -> None:
    status, _ = confirmed(page, **changes)
    assert status in (401, 403, 421)
    assert armings == []


def test_asking_does_not_arm(page: Page, armings: list[str]) -> None:
    client = inside(page)
    client.get("/arm")
    client.get("/arm?token=x&reason=y")
    assert client.send("PUT", "/arm").status_code == 405
    assert armings == []


def test_a_form_is_sent_once_by_who_was_shown_it_in_time(
    page: Page, armings: list[str], clock: Clock
) -> None:
    one, two = inside(page), inside(page)
    token = form_token(one.get("/arm").text)
    fields = {"token": token, "reason": "r"}
    assert two.post("/arm", data=fields, headers={"origin": BASE}).status_code == 403
    assert one.post("/arm", data=fields, headers={"origin": BASE}).status_code == 200
    assert one.post("/arm", data=fields, headers={"origin": BASE}).status_code == 403
    late = {"token": form_token(one.get("/arm").text), "reason": "r"}
    clock.now_s += FORM_S
    assert one.post("/arm", data=late, headers={"origin": BASE}).status_code == 403
    assert armings == ["r"]


def test_two_presses_at_once_arm_once_and_are_told_the_same(tmp_path: Path, armings: list[str]) -> None:
    """A browser shows the answer to the second press of a double click."""
    begun, may_end = Event(), Event()

    def arm(reason: str) -> ArmingTold:
        armings.append(reason)
        begun.set()
        assert may_end.wait(30.0)
        return ArmingTold(True, ("armed: no entry leaves any more",))

    page = page_of(tmp_path, arm=arm)
    client = inside(page)
    fields = {"token": form_token(client.get("/arm").text), "reason": "r"}

    async def both() -> list[httpx.Response]:
        async with client.opened() as sending:
            first = asyncio.ensure_future(sending.post("/arm", data=fields, headers={"origin": BASE}))
            await asyncio.to_thread(begun.wait, 30.0)
            second = asyncio.ensure_future(sending.post("/arm", data=fields, headers={"origin": BASE}))
            for _ in range(100):
                await asyncio.wait({second}, timeout=0)
            may_end.set()
            return [await first, await second]

    answers = asyncio.run(both())
    assert [answer.status_code for answer in answers] == [200, 200]
    assert all("armed: no entry leaves any more" in answer.text for answer in answers)
    assert armings == ["r"]
    again = client.post("/arm", data=fields, headers={"origin": BASE})
    assert again.status_code == 403
    assert "nothing was armed" not in again.text


def test_a_chart_that_is_known_is_not_sent_again(one_trade: Path) -> None:
    client = inside(page_of(one_trade))
    first = client.get("/chart/months.json")
    assert first.status_code == 200
    known = client.get("/chart/months.json", headers={"if-none-match": first.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")
    assert client.get("/chart/months.json", headers={"if-none-match": '"other"'}).status_code == 200


def test_without_room_for_the_packed_script_it_is_sent_as_it_is(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full() -> object:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(static_files, "TemporaryFile", full)
    client = inside(page)
    url = client.get("/").text.split('data-plotly="')[1].split('"')[0]
    answer = client.get(url)
    assert answer.status_code == 200
    assert "content-encoding" not in answer.headers
    assert len(answer.content) > 4_000_000


def test_scripts_are_kept_for_ever_and_compressed_once(page: Page) -> None:
    client = inside(page)
    html = client.get("/").text
    urls = [part.split('"')[0] for part in html.split('"/static/')[1:]]
    assert {url.split("/")[1] for url in urls} == {"plotly.min.js", "page.js", "charts.js"}
    for url in urls:
        answer = client.get(f"/static/{url}")
        assert answer.status_code == 200
        assert answer.headers["cache-control"].endswith("immutable")
        assert answer.headers["content-encoding"] == "gzip"
        assert len(answer.content) > 1000
    assert client.get(f"/static/{'0' * 16}/page.js").status_code == 404
    assert client.get("/static/x/../../app.py").status_code == 404
