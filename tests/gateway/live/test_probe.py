"""The probe asks every question of a simulated venue and leaves nothing behind; mainnet wants its report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import InputError
from gateway.live.probe.report import (
    WANTED,
    ProbeAnswer,
    ProbeOutcome,
    ProbeReport,
    read_report,
    why_not_enough,
)
from gateway.live.probe.run import probe
from gateway.live.version import VERSION
from gateway.sim.ways import Ways
from tests.gateway.live.desk import settings
from tests.gateway.live.trading_desk import Engine, traded

REPORT = "report.json"
ALL = {f"P{number}" for number in range(1, 15)}


def asked(folder: Path, *, waits: bool = True, **also: Any) -> tuple[ProbeReport, list[str]]:
    """The report, and the numbers as they were told."""
    told: list[str] = []

    async def play(engine: Engine) -> ProbeReport:
        report = await probe(
            engine.desk.sources, folder / "out", waits=waits, tell=lambda each: told.append(each.number)
        )
        assert [
            order["order_state"] for order in engine.orders_at_venue if order["order_state"] == "open"
        ] == []
        assert engine.desk.venue.books.account.positions == {}
        return report

    return traded(folder, play, **also), told


def test_every_question_is_answered_by_a_venue_with_makers_but_for_deliveries(tmp_path: Path) -> None:
    report, told = asked(tmp_path)
    assert set(told) == ALL
    assert [each.number for each in report.answers] == sorted(ALL, key=lambda each: int(each[1:]))
    assert (report.numbered(ProbeOutcome.OPEN), report.numbered(ProbeOutcome.FAILED)) == (("P11",), ())
    seen = {each.number: each.seen for each in report.answers}
    assert {seen["P1"][name]["became"] for name in ("PS", "CS")} == {"active"}  # type: ignore[index,call-overload]
    assert (seen["P2"]["tick"], seen["P2"]["lowest_price"]) == (0.0001, "taken")
    assert str(seen["P2"]["between_ticks"]).startswith("-32602")
    assert str(seen["P3"]["without_position"]).startswith("11030")
    assert (seen["P4"]["code"], seen["P4"]["rests"]) == (13888, 0)
    assert seen["P5"]["open"] == {"open_by_label": ["open"], "state_by_label": ["open"], "by_id": "open"}
    assert seen["P6"]["at_once"] == {"recent": True, "historical": False}
    assert seen["P6"]["later"] == {"recent": False, "historical": True}
    assert len(seen["P7"]["legs"]) == 2  # type: ignore[arg-type]
    assert (seen["P8"]["amount"], seen["P8"]["same_id"], seen["P8"]["same_label"]) == (2.0, True, True)
    assert seen["P10"]["reduce_only_with_position"] == "taken"
    assert seen["P13"]["hours"] == seen["P13"]["points"]
    assert seen["P14"]["two_sided"] == 2


def test_report_and_answers_are_files_without_a_secret(tmp_path: Path) -> None:
    report, _ = asked(tmp_path)
    assert read_report(tmp_path / "out" / REPORT) == report
    answers = json.loads((tmp_path / "out" / "answers.json").read_text("utf-8"))
    assert {each["question"] for each in answers} == {*ALL, "the start", "the end"}
    text = (tmp_path / "out" / "answers.json").read_text("utf-8")
    assert "key-secret" not in text
    assert "key-id" not in text


def test_a_testnet_without_makers_leaves_open_what_wants_a_fill(tmp_path: Path) -> None:
    report, _ = asked(tmp_path, waits=False, ways=Ways(counterparty=False))
    assert report.numbered(ProbeOutcome.OPEN) == ("P6", "P7", "P10", "P11")
    assert report.numbered(ProbeOutcome.FAILED) == ()


def test_an_account_in_which_somebody_trades_is_not_probed(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        await engine.place()
        with pytest.raises(InputError, match="without orders and positions, found 1 and 0"):
            await probe(engine.desk.sources, tmp_path, waits=False, tell=lambda _: None)

    traded(tmp_path, play)


def test_mainnet_is_never_probed(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        engine.desk.sources.settings = engine.desk.sources.settings.model_copy(
            update={"environment": "mainnet"}
        )
        with pytest.raises(InputError, match="expected the testnet, found mainnet"):
            await probe(engine.desk.sources, tmp_path, waits=False, tell=lambda _: None)

    traded(tmp_path, play)


def a_report(*numbers: str, **changed: object) -> ProbeReport:
    answers = tuple(ProbeAnswer(number=each, question="?", outcome=ProbeOutcome.ANSWERED) for each in numbers)
    plain: dict[str, object] = {
        "client": VERSION,
        "environment": "testnet",
        "simulated": False,
        "account": "deribit:testnet:1",
        "asked_at": "2026-12-01T00:00:00+00:00",
        "answers": answers,
    }
    return ProbeReport.model_validate(plain | changed)


@pytest.mark.parametrize(
    ("report", "why"),
    [
        (a_report(*WANTED), None),
        (a_report(*WANTED, "P9"), None),
        (a_report(*(WANTED - {"P7", "P2"})), "P2, P7 not answered"),
        (a_report(*WANTED, client="1.0"), "expected a report of client"),
        (a_report(*WANTED, simulated=True), "expected the report of the real testnet"),
        (a_report(*WANTED, environment="mainnet"), "expected the report of the real testnet"),
    ],
)
def test_orders_go_to_mainnet_with_a_report_of_the_real_testnet_alone(
    tmp_path: Path, report: ProbeReport, why: str | None
) -> None:
    path = tmp_path / REPORT
    path.write_text(report.model_dump_json(), "utf-8")
    mainnet = settings(tmp_path, environment="mainnet", base_url="https://www.deribit.com", probed=path)
    if why is None:
        assert (why_not_enough(path), mainnet.why_no_trading) == (None, None)
    else:
        assert why in str(mainnet.why_no_trading)


def test_without_a_report_no_order_goes_to_mainnet(tmp_path: Path) -> None:
    mainnet = settings(tmp_path, environment="mainnet", base_url="https://www.deribit.com")
    assert "CERBERO_GATEWAY_PROBED" in str(mainnet.why_no_trading)
    (tmp_path / REPORT).write_text('{"client": 1}', "utf-8")
    with pytest.raises(InputError, match="client: Input should be a valid string"):
        read_report(tmp_path / REPORT)
    with pytest.raises(InputError, match="No such file"):
        read_report(tmp_path / "none.json")
