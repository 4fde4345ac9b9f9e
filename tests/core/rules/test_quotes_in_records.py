"""What somebody else said is kept beside a decision's record, not in it."""

from __future__ import annotations

import json

from core.rules.entry.decision import decide_entry
from core.rules.record import record
from core.venue_text import digest, quoted
from tests.core.example_market import STRATEGY, entry_facts


def test_a_quoted_text_is_recorded_by_its_digest_and_handed_out() -> None:
    facts, texts = entry_facts(suspended_reasons=(f"deribit failed: {quoted('no margin')}",)), list[str]()
    recorded = record(facts, decide_entry(facts, STRATEGY), "1.0", texts.append)
    assert set(texts) == {"no margin"}
    assert "no margin" not in recorded
    [reason] = json.loads(recorded)["facts"]["engine"]["suspended_reasons"]
    assert reason == f"deribit failed: ⟪sha256:{digest('no margin')}⟫"
