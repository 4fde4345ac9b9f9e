"""What people and machines are shown of a run: report, view, valuation."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from rich.console import Console

from actors.control.injectable import check
from actors.control.wire import answer_of
from cli.commands.inject import fields_of
from cli.sending import under_way
from cli.views.live import picture
from cli.views.status_page import book_line, kill_switch_text, show_status
from core.contract import Router
from core.errors import InputError
from core.messages.arm_cause import ArmCause
from core.messages.control import InjectAccepted, InjectWaits
from core.messages.engine_status import CellView, EngineIdentity, EngineStatus
from core.messages.room_status import (
    AlertingStatus,
    ChannelStatus,
    HealthStatus,
    RouterHealth,
)
from core.orders.books import EntryLatch, Job, LatchSource
from core.pricing.greeks import option_greeks
from core.strategy import Strategy
from core.values import OptionType
from reading.valuation import book_value
from tests.cli.support import Cli
from tests.fakes.clear_switch import CLEAR
from tests.fakes.open_position import NOW, POSITION, mark, marks
from tests.fakes.trading import LONG, SHORT


def status(**changes: object) -> EngineStatus:
    cell = CellView(
        name="mcp.macro",
        path="root/feeds/mcp.macro",
        state="parked",
        restarts=6,
        epoch=7,
        mailbox_depth=3,
        overflowed=0,
        busy_with=None,
        busy_for_s=0.0,
        last_error="boom",
    )
    whole = EngineStatus(
        at=NOW,
        identity=EngineIdentity(
            version="0.1.0",
            mode="strategy",
            strategy_name="s",
            strategy_hash="ab",
            overrides=(),
            started_at=NOW,
            pid=7,
            strategy=Strategy(),
        ),
        cells=(cell,),
        dead_letters=0,
        kill_switch=CLEAR,
        execution=None,
        alerting=None,
        audit=None,
        recovery=None,
        market=marks(mark(SHORT, "0.0100"), mark(LONG, "0.0040")),
        decision=None,
        health=None,
        positions=(POSITION,),
        orders=(),
        next_runs={Job.ENTRY: NOW},
        unavailable={},
    )
    return whole.model_copy(update=changes)


def drawn(shown: EngineStatus) -> str:
    out = io.StringIO()
    Console(file=out, width=120, force_terminal=False).print(picture(shown, (), width=120, height=40))
    return out.getvalue()


def test_the_book_is_the_sum_of_its_positions_at_the_legs_own_volatility() -> None:
    """Each leg priced alone: 2 sold, 2 bought puts at a forward of 3010 and 60 %, to their expiry."""
    market = marks(mark(SHORT, "0.0100"), mark(LONG, "0.0040"))
    t_years = (POSITION.plan.expiration - NOW).total_seconds() / (365 * 86_400)
    sold, bought = (
        option_greeks(OptionType.PUT, 3010.0, leg.strike_usd, t_years, 0.6) for leg in POSITION.plan.legs
    )
    one = book_value((POSITION,), market).greeks
    for greek in ("delta", "net_delta", "gamma_per_usd", "vega_usd_per_point", "theta_usd_per_day"):
        assert getattr(one, greek) == pytest.approx(2 * (getattr(bought, greek) - getattr(sold, greek)))
    line = book_line((POSITION, POSITION), market)
    assert "P&L +0.01360000 ETH" in line
    assert f"net delta {2 * one.net_delta:+.3f} ETH" in line
    assert f"vega {2 * one.vega_usd_per_point:+.2f} USD/pt" in line
    assert one.net_delta > 0.0 > one.vega_usd_per_point
    assert one.theta_usd_per_day > 0.0 > one.gamma_per_usd
    assert "not marked" not in line


def test_a_book_says_what_it_could_not_value() -> None:
    assert book_value((POSITION,), marks(mark(SHORT, "0.0100"))).unmarked == 1
    line = book_line((POSITION,), None)
    assert "P&L +0.00000000 ETH" in line
    assert line.endswith("without 1 of 1, not marked yet")


def test_the_view_shows_positions_actors_and_jobs() -> None:
    screen = drawn(status())
    for word in (
        "p-1",
        "+0.00680000",
        "+20.40",
        "book: P&L +0.00680000 ETH",
        "mcp.macro",
        "parked",
        "entry",
        "2026-01-05 14:04:00Z",
    ):
        assert word in screen


def test_the_view_shows_an_engine_that_answers_nothing() -> None:
    bare = status(kill_switch=None, market=None, positions=(), next_runs={}, cells=())
    assert "positions    none open" in drawn(bare)


def test_an_armed_switch_says_why_and_what_exits_do() -> None:
    armed = CLEAR.model_copy(
        update={
            "armed": True,
            "causes": (ArmCause.OPERATOR,),
            "reason": "drill",
            "who": "ann",
            "since": NOW,
            "exits_blocked": True,
        }
    )
    text = kill_switch_text(armed)
    assert all(word in text for word in ("ARMED", "operator", "drill", "ann", "exits blocked"))
    assert kill_switch_text(CLEAR) == "clear"
    assert "feed: parked" in kill_switch_text(CLEAR.model_copy(update={"suspensions": {"feed": "parked"}}))
    latch = EntryLatch(source=LatchSource.OPERATOR, latched=True, reason="a look", who="ann", at=NOW)
    shown = kill_switch_text(CLEAR.model_copy(update={"latches": (latch,)}))
    assert shown.startswith("entries suspended: operator: a look (since ")
    assert shown.endswith('by ann; run.py resume --reason "…" lets entries go on)')


@pytest.mark.parametrize(
    ("arguments", "body"),
    [
        (["--position", "p", "--reason", "why so"], {"position_id": "p", "reason": "why so"}),
        (["--position-id=p", "--reason=a=b"], {"position_id": "p", "reason": "a=b"}),
    ],
)
def test_options_become_fields(arguments: list[str], body: dict[str, str]) -> None:
    assert fields_of("ClosePosition", arguments) == body


def test_a_bare_option_is_a_yes() -> None:
    assert fields_of("DisarmKillSwitch", ["--reason", "x", "--accept-audit-break"]) == {
        "reason": "x",
        "accept_audit_break": "true",
    }


def test_several_ids_have_commas_between_them() -> None:
    body = fields_of("DisarmKillSwitch", ["--reason", "x", "--armings", "a,b"])
    assert body["armings"] == ["a", "b"]
    check("DisarmKillSwitch", body)


def test_the_list_says_what_a_person_gives(cli: Cli) -> None:
    lines = [line.strip() for line in cli("inject", "--list").out.splitlines()]
    for line in (
        "--position-id ID",
        "[--accept-audit-break]",
        "[--source operator|protections]",
        "[--severity LOW|MEDIUM|HIGH|CRITICAL] MEDIUM if it is left out",
    ):
        assert line in lines


def test_a_word_without_an_option_is_refused() -> None:
    with pytest.raises(InputError, match="found 'p'"):
        fields_of("ClosePosition", ["p"])


HEALTH = HealthStatus(
    booted=True,
    routers=(),
    venue=None,
    disk_free_bytes=3 * 2**30,
    disk_low=False,
    last_backup_at=NOW,
    last_backup_error=None,
)


def probe(router: Router, **changes: object) -> RouterHealth:
    answered = RouterHealth(
        router=router,
        ok=True,
        maintenance=False,
        version="2",
        environment="testnet",
        error=None,
        latency_s=0.1,
        at=NOW,
        failures_in_a_row=0,
    )
    return answered.model_copy(update=changes)


def page(shown: EngineStatus, capsys: pytest.CaptureFixture[str]) -> str:
    show_status(shown)
    return capsys.readouterr().out


def test_the_status_page_says_what_works(capsys: pytest.CaptureFixture[str]) -> None:
    well = HEALTH.model_copy(update={"routers": (probe(Router.DERIBIT), probe(Router.MACRO))})
    text = page(status(health=well), capsys)
    assert "market data  seen at 2026-01-05 14:04:00Z, 0 failures since the start" in text
    assert "venue        all 2 routers answer, last probe 2026-01-05 14:04:00Z" in text
    assert "disk, backup 3.0 GiB free, last backup 2026-01-05 14:04:00Z\n" in text
    assert "book: P&L +0.00680000 ETH" in text


def test_the_status_page_says_what_does_not(capsys: pytest.CaptureFixture[str]) -> None:
    silent = probe(Router.DERIBIT, ok=False, error="timeout", failures_in_a_row=2)
    resting = probe(Router.MACRO, ok=False, maintenance=True)
    ill = HEALTH.model_copy(
        update={"routers": (silent, resting), "disk_low": True, "last_backup_error": "no space left"}
    )
    stale = marks().model_copy(update={"stale_reason": "chain_missing", "failures": 4, "last_failure": "cut"})
    text = page(status(health=ill, market=stale), capsys)
    assert "STALE: chain_missing; seen at" in text
    assert "4 failures since the start, last: cut" in text
    assert "NO ANSWER from deribit: timeout (2 in a row); macro: maintenance (0 in a row)" in text
    assert "LOW: 3.0 GiB free, last backup 2026-01-05 14:04:00Z, FAILED since: no space left" in text


def test_the_status_page_shows_each_alert_channel(capsys: pytest.CaptureFixture[str]) -> None:
    one = ChannelStatus(channel="telegram", queued=2, delivered=3, overflowed=0, last_error="HTTP 502")
    two = ChannelStatus(channel="pager", queued=0, delivered=5, overflowed=0, last_error=None)
    alerting = AlertingStatus(channels=(one, two), unrecorded=1, last_error="too many", recent=())
    text = page(status(alerting=alerting), capsys)
    assert (
        "by telegram, 3 delivered, 2 waiting, last error: HTTP 502; by pager, 5 delivered, 0 waiting; "
        "1 not in the books, last error: too many"
    ) in text
    dead = one.model_copy(
        update={"failing_since": datetime(2026, 1, 5, 14, tzinfo=UTC), "parked": ("HIGH x of 14:00",)}
    )
    text = page(status(alerting=alerting.model_copy(update={"channels": (dead,)})), capsys)
    assert "2 waiting, DEAD since 2026-01-05 14:00:00Z: HTTP 502, refused for good: HIGH x of 14:00" in text
    alone = AlertingStatus(channels=(), unrecorded=0, last_error=None, recent=())
    assert "to the log alone" in page(status(alerting=alone), capsys)


def test_the_status_page_takes_silence_for_no_good_news(capsys: pytest.CaptureFixture[str]) -> None:
    text = page(status(market=None, health=None, positions=()), capsys)
    for name in ("market data", "venue", "disk, backup", "audit", "alerts"):
        assert any(line.startswith(name) and line.endswith("no answer") for line in text.splitlines())
    assert "positions    none open" in text
    assert "book:" not in text
    assert "venue        not probed yet" in page(status(health=HEALTH), capsys)


@pytest.mark.parametrize("on_disk", [True, False])
def test_on_disk_is_said_only_of_what_is_on_disk(on_disk: bool) -> None:
    accepted = InjectAccepted(request_id="i", message="M", on_disk=on_disk)
    assert ("on disk" in under_way(answer_of(accepted, more=True))) is on_disk


def test_what_a_message_waits_for_is_shown() -> None:
    word = InjectWaits(request_id="i", number=1, text="it begins at 08:05 UTC")
    assert under_way(answer_of(word, more=True)) == "under way: it begins at 08:05 UTC"
