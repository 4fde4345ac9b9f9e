"""Clients of the real venue trade at `run.py gateway sim`, each in a process and an environment of its own.

What one of them takes for wrong is mended in the simulated venue, with a test in the default suite
(`tests/gateway/sim/test_strangers_found.py`), or stands here with a reason.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.gateway.served import serving

ROOT: Final = Path(__file__).resolve().parents[2]
PYTHON: Final = ROOT / ".venv-strangers" / "bin" / "python"
KEY: Final = ("stranger", "hidden")
DIFFERS: Final = {
    "ticker: stats.volume": "null where nothing was traded, as seen on the venue",
    "get_order_book: stats.volume": "the same",
    "ticker: underlying_index": "a name on the venue; the stranger takes it for a number",
    "get_order_book: underlying_index": "the same",
    "get_account_summary: fees": "a list where the venue was seen, an object where it is documented",
    "mark_price": "absent in trades of combos that were seen, and so now and then here",
}
"""What typed-deribit expects otherwise, by method and field, or by the field alone; and why it stays."""

pytestmark = [
    pytest.mark.strangers,
    pytest.mark.skipif(not PYTHON.exists(), reason="needs .venv-strangers (make crosscheck)"),
]


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[str]:
    """The address of a simulated venue that knows the key."""
    names = ("CERBERO_GATEWAY_DERIBIT_ID", "CERBERO_GATEWAY_DERIBIT_SECRET")
    known = dict(zip(names, KEY, strict=True))
    with serving("gateway", "sim", "--port", "0", "--data-dir", str(tmp_path), **known) as simulated:
        yield simulated["CERBERO_GATEWAY_DERIBIT_URL"]


def seen_by(name: str, *arguments: str) -> dict[str, Any]:
    """What one stranger saw."""
    script = Path(__file__).with_name(f"with_{name}.py")
    ran = subprocess.run(
        [PYTHON, script, *arguments], capture_output=True, encoding="utf-8", check=False, timeout=100
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def unexplained(differs: list[str]) -> list[str]:
    """What differs without a reason."""
    return [each for each in differs if each not in DIFFERS and each.rsplit(".", 1)[1] not in DIFFERS]


def close(found: float, wanted: float) -> bool:
    """Alike but for the noise of a float."""
    return abs(found - wanted) < 1e-9


@pytest.mark.parametrize("auth", ["token", "hmac"])
def test_typed_deribit_makes_a_combo_trades_it_and_reads_its_trades(venue: str, auth: str) -> None:
    seen = seen_by("typed_deribit", venue, *KEY, auth)
    assert seen["listed"] > 100
    assert seen["combo"]["state"] == "active"
    legs = {leg["instrument_name"]: leg["amount"] for leg in seen["combo"]["legs"]}
    assert legs == {seen["high"]: 1, seen["low"]: -1}
    for traded in (seen["traded"], seen["single"]):
        assert [close(*each) for each in zip(traded["quoted"], traded["book"], strict=True)] == [True, True]
        assert (traded["is_found"], traded["cancelled"], traded["refused"]) == (True, "cancelled", 11044)
        same_id, amount, _, replaced = traded["edited"]
        assert (same_id, amount, replaced) == (True, 3, True)
        assert traded["filled"] == ["filled", 1]
    assert seen["traded"]["edited"][2] < 0, "a combo may be bid for below nothing"
    combo = seen["combo"]["id"]
    prices = {name: price for name, _, _, price, _ in seen["traded"]["trades_of_order"]}
    assert prices.keys() == {combo, *legs}
    assert close(prices[combo], prices[seen["high"]] - prices[seen["low"]])
    assert [each[0] for each in seen["single"]["trades_of_order"]] == [seen["high"]]
    assert sorted(seen["single"]["history"]) == ["cancelled", "cancelled", "filled", "filled"]
    assert {name: (side, size) for name, side, size in seen["positions"]} == {
        seen["high"]: ("buy", 2),
        seen["low"]: ("sell", 1),
    }
    assert 9 < seen["equity"] < 10
    assert "13009" in seen["stranger"]
    assert unexplained(seen["differs"]) == []


def test_ccxt_trades_an_option_and_the_combo_that_it_finds(venue: str) -> None:
    made = seen_by("typed_deribit", venue, *KEY, "hmac")["combo"]["id"]
    seen = seen_by("ccxt", venue, *KEY)
    assert seen["markets"] > 100
    assert seen["combo"]["symbol"] == made
    for traded in (seen["option"], seen["combo"]):
        assert [close(*each) for each in zip(traded["quoted"], traded["book"], strict=True)] == [True, True]
        assert (traded["is_found"], traded["rested"][:2]) == (True, ["open", 2])
        assert traded["edited"][:2] == [True, 3]
        assert (traded["cancelled"], traded["refused"]) == ("canceled", "InvalidOrder")
        assert (traded["filled"][:2], traded["closed"]) == (["closed", 1], True)
        assert traded["trades_of_order"] != []
        assert traded["trades_of_market"] != []
    assert len(seen["combo"]["trades_of_order"]) == 3
    assert {side for _, side in seen["positions"]} == {"long", "short"}
    assert seen["stranger"] == "AuthenticationError"
