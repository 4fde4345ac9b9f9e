"""`explain` on logs that a person altered: exit code 1, the field by its name, never a traceback."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from pydantic import JsonValue

from config import code_version
from core.audit.hash_chain import canonical_json
from core.rules.entry.decision import decide_entry
from core.rules.record import canonical, record
from tests.cli.support import Cli
from tests.core.example_market import NOW, STRATEGY, entry_facts

Record = dict[str, Any]
SETTINGS: JsonValue = STRATEGY.model_dump(mode="json")


def write_log(
    folder: Path, recorded: object, version: str | None = None, config: JsonValue = SETTINGS
) -> None:
    """An engine's start and one decision, whose own digest fits what is written."""
    text = canonical(recorded)
    details: dict[str, JsonValue] = {
        "ENGINE_START": {"config": config, "code_version": version or code_version()},
        "DECISION": {"cycle_id": "c1", "record": text, "sha256": sha256(text.encode()).hexdigest()},
    }
    lines = [
        canonical_json(
            {
                "seq": seq,
                "prev": "0" * 64,
                "at": NOW.isoformat(),
                "kind": kind,
                "correlation": None,
                "detail": detail,
                "hash": "0" * 64,
            }
        )
        for seq, (kind, detail) in enumerate(details.items(), 1)
    ]
    (folder / "audit").mkdir()
    (folder / "audit" / f"audit-{NOW:%Y-%m-%d}.jsonl").write_text(
        "".join(f"{line}\n" for line in lines), "utf-8"
    )


def recorded_entry() -> Record:
    facts = entry_facts()
    decision = decide_entry(facts, STRATEGY)
    made: Record = json.loads(record(facts, decision, code_version(), lambda _: None))
    return made


def test_an_unaltered_log_is_the_same_to_the_byte(cli: Cli, tmp_path: Path) -> None:
    write_log(tmp_path, recorded_entry())
    ran = cli("explain", "c1", "--data-dir", str(tmp_path))
    assert (ran.code, ran.err) == (0, "")


@pytest.mark.parametrize(
    ("alter", "named"),
    [
        (lambda r: r["facts"]["market"].update(dvol=99.0), "facts.market.dvol"),
        (lambda r: r["facts"]["market"].update(chain=None), "facts.market.chain"),
        (lambda r: r["facts"]["market"]["chain"].update(quotes=[1]), "facts.market.chain"),
        (lambda r: r["facts"]["market"].pop("chain"), "facts.market.chain"),
        (lambda r: r.update(facts="none"), "facts"),
        (lambda r: r.pop("digests"), "digests"),
        (lambda r: r["decision"].update(forced_kind="butterfly"), "decision.forced_kind"),
        (lambda r: r.update(decided="exit"), "facts.position"),
        (lambda r: r.update(decided=None), "decided"),
        (lambda r: r.update(code_version="2.0"), "code_version"),
    ],
)
def test_an_altered_record_is_named(
    cli: Cli, tmp_path: Path, alter: Callable[[Record], object], named: str
) -> None:
    recorded = recorded_entry()
    alter(recorded)
    write_log(tmp_path, recorded)
    ran = cli("explain", "c1", "--data-dir", str(tmp_path))
    assert ran.code == 1
    assert f"differs from its recomputation in {named}" in ran.err
    assert ("whose rules may differ" in ran.err) == (named == "code_version")


def test_a_record_that_is_no_object_is_refused(cli: Cli, tmp_path: Path) -> None:
    write_log(tmp_path, [1])
    ran = cli("explain", "c1", "--data-dir", str(tmp_path))
    assert ran.code == 1
    assert "expected a decision's record" in ran.err


def test_a_record_of_a_shape_to_come_is_refused_by_its_number(cli: Cli, tmp_path: Path) -> None:
    write_log(tmp_path, recorded_entry() | {"shape": 3})
    ran = cli("explain", "c1", "--data-dir", str(tmp_path))
    assert ran.code == 1
    assert "audit record 2: decision record: expected shape 1 or 2, found 3" in ran.err


def test_a_configuration_that_is_none_is_refused_with_field_and_value(cli: Cli, tmp_path: Path) -> None:
    write_log(tmp_path, recorded_entry(), config={"exits": {"expiry_dte": -1}})
    ran = cli("explain", "c1", "--data-dir", str(tmp_path))
    assert ran.code == 1
    assert "audit record 1: config.exits.expiry_dte: found -1: Input should be greater than" in ran.err


def test_the_code_version_is_held_against_the_start_of_the_engine(cli: Cli, tmp_path: Path) -> None:
    write_log(tmp_path, recorded_entry(), version="0.9")
    ran = cli("explain", "c1", "--data-dir", str(tmp_path))
    assert ran.code == 1
    assert ran.err.strip().endswith("differs from its recomputation in code_version")


def test_a_difference_that_another_version_of_the_rules_may_explain_is_told_so(
    cli: Cli, tmp_path: Path
) -> None:
    recorded = recorded_entry() | {"code_version": "0.1.0+0123456789ab"}
    recorded["decision"]["rules"].pop()
    write_log(tmp_path, recorded, version="0.1.0+0123456789ab")
    ran = cli("explain", "c1", "--data-dir", str(tmp_path))
    assert ran.code == 1
    assert "differs from its recomputation in decision.rules" in ran.err
    assert "it was decided by 0.1.0+0123456789ab and recomputed by " in ran.err


def test_a_decision_of_an_older_version_that_is_still_the_same_is_the_same(cli: Cli, tmp_path: Path) -> None:
    write_log(tmp_path, recorded_entry() | {"code_version": "0.0.1"}, version="0.0.1")
    ran = cli("explain", "c1", "--data-dir", str(tmp_path))
    assert (ran.code, ran.err) == (0, "")


def test_a_configuration_from_before_the_protections_is_read_without_them(cli: Cli, tmp_path: Path) -> None:
    """Today's bounds would refuse it: a fifth of equity on one trade, and margin up to nine tenths."""
    config = json.loads(STRATEGY.model_dump_json())
    del config["protections"], config["exits"]["margin_warn"], config["exits"]["margin_exit"]
    config["sizing"] |= {"risk_per_trade": 0.2, "risk_total": 0.25, "margin_use_max": 0.9}
    facts = entry_facts(trading=None, armed=True)
    decision = decide_entry(facts, STRATEGY)
    made = json.loads(record(facts, decision, code_version(), lambda _: None))
    write_log(tmp_path, made, config=config)
    ran = cli("explain", "c1", "--data-dir", str(tmp_path))
    assert (ran.code, ran.err) == (0, "")
