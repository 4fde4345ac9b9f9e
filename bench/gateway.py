"""The live gateway before a simulated Deribit: what a read adds, how long a chain takes to parse, and memory.

CPU is the process's own. What the simulated venue itself takes for a call is measured beside it and taken
off. The tries of a cold chain are counted in virtual time, under the venue's limits.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from bench.report import Row, add_rows, print_table, row_at_most
from bench.variables import kept_bytecode
from core.contract import Instruments, Router
from gateway.live.fields import exact_json
from gateway.live.market.tickers import quote_of
from gateway.paper.model_market import ModelMarket
from gateway.sim.server import make_app
from lab.gateway_venue import GatewayVenue
from lab.live_demo import demo_settings

ROOT = Path(__file__).resolve().parent.parent
NOW = datetime(2026, 1, 12, 14, tzinfo=UTC)
SEED, QUOTES, COLD = 7, 144, 220
ADDED_MS_MAX, PARSED_MS_MAX, RESIDENT_MB_MAX, TRIES_MAX = 5.0, 20.0, 90.0, 2.0
ROUNDS, CALLS = 41, 200
BUSY, ASKED_MAX = 429, 10
"""On a machine that does something else a chain may take more than one request."""
ENDS_S = 120
HEADERS = {"x-bot-tag": "bench"}
POSITIONS = b'{"currency": "ETH"}'
GATEWAY = "CERBERO_GATEWAY_"


def cpu_ms(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Milliseconds of CPU, the median of several rounds."""
    took = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        took.append((time.process_time() - began) * 1000)
    return statistics.median(took)


def parsed_row(venue: GatewayVenue) -> Row:
    """144 tickers as they came over the wire, read into quotes."""
    sim = venue.sim
    answer = venue.dispatch(NOW, Router.DERIBIT, "get_instruments", HEADERS, b'{"currency": "ETH"}')
    listed = Instruments.model_validate_json(answer.body).instruments[:QUOTES]
    raw = [
        json.dumps({"result": sim.call("public/ticker", {"instrument_name": each.instrument_name}, None)})
        for each in listed
    ]

    def parse() -> None:
        for text, instrument in zip(raw, listed, strict=True):
            found = exact_json(text.encode())
            assert isinstance(found, dict)
            quote_of(found["result"], instrument)

    return row_at_most(f"gateway: {QUOTES} tickers into quotes, CPU", cpu_ms(parse), "ms", PARSED_MS_MAX)


def added_row(venue: GatewayVenue) -> Row:
    """A read of the account through the gateway, less what the venue takes for its cheapest method."""

    def through() -> None:
        for _ in range(CALLS):
            answer = venue.dispatch(NOW, Router.DERIBIT, "get_positions", HEADERS, POSITIONS)
            assert answer.status == 200, answer

    whole = cpu_ms(through, 5) / CALLS
    own = asyncio.run(_own_ms(venue))
    return row_at_most("gateway: added to a read of the venue, CPU", whole - own, "ms", ADDED_MS_MAX)


async def _own_ms(venue: GatewayVenue) -> float:
    """The simulated venue's own time for one call, over the same kind of transport."""
    asked = {"jsonrpc": "2.0", "id": 1, "method": "public/get_time", "params": {}}
    transport = httpx.ASGITransport(make_app(venue.sim, SEED))
    async with httpx.AsyncClient(transport=transport, base_url="http://sim") as client:
        began = time.process_time()
        for _ in range(CALLS):
            await client.post("/api/v2/public/get_time", json=asked)
        return (time.process_time() - began) * 1000 / CALLS


def cold_row(folder: Path) -> Row:
    """How often a chain that nobody has asked for yet has to be asked for."""
    venue = GatewayVenue(ModelMarket(SEED), demo_settings(folder), NOW, SEED)
    try:
        now, tries = NOW, 0
        body, size = _range_of(venue)
        while True:
            tries += 1
            answer = venue.dispatch(now, Router.DERIBIT, "get_options_chain", HEADERS, body)
            if answer.status == 200:
                break
            assert answer.status == 429, answer
            now += timedelta(seconds=10.0 + float(answer.headers["retry-after"]))
        quotes = len(json.loads(answer.body)["quotes"])
        assert quotes == size >= COLD, (quotes, size)
    finally:
        venue.close()
    return row_at_most(f"gateway: tries of a cold chain of {size}", tries, "tries", TRIES_MAX)


def _range_of(venue: GatewayVenue) -> tuple[bytes, int]:
    """The request that covers expiries, nearest first, until there are enough options."""
    source, size = venue.sim.source, 0
    for expiry in sorted(source.expiries(NOW)):
        size += len(source.instruments(NOW, expiry))
        if size >= COLD:
            asked = {
                "currency": "ETH",
                "expiry_from": NOW.isoformat(),
                "expiry_to": expiry.isoformat(),
            }
            return json.dumps(asked).encode(), size
    raise RuntimeError(f"bench: expected {COLD} listed options, found {size}")


def resident_row(folder: Path) -> Row:
    """The gateway's process once it has served a chain and the account."""
    with serving(folder) as (pid, url, token):
        headers = {"Authorization": f"Bearer {token}", "X-Bot-Tag": "bench"}
        index = httpx.post(
            f"{url}/mcp-deribit/tools/get_index_price", headers=headers, json={"currency": "ETH"}, timeout=20
        )
        now = datetime.fromisoformat(index.json()["timestamp"])
        asked = {
            "get_options_chain": {
                "currency": "ETH",
                "expiry_from": (now + timedelta(days=9)).isoformat(),
                "expiry_to": (now + timedelta(days=15)).isoformat(),
            },
            "get_positions": {"currency": "ETH"},
            "get_account_summary": {"currency": "ETH"},
        }
        for tool, body in asked.items():
            for _ in range(ASKED_MAX):
                answer = httpx.post(f"{url}/mcp-deribit/tools/{tool}", headers=headers, json=body, timeout=20)
                if answer.status_code != BUSY:
                    break
            assert answer.status_code == 200, answer.text
        status = Path(f"/proc/{pid}/status").read_text("utf-8")
    [kilobytes] = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")]
    return row_at_most("gateway: resident", int(kilobytes) / 1024, "MB", RESIDENT_MB_MAX)


@contextmanager
def serving(folder: Path) -> Iterator[tuple[int, str, str]]:
    """A simulated venue and a gateway on it. Gives the gateway's pid, address and token."""
    token = {f"{GATEWAY}TOKEN": "a-token-of-the-benchmark-of-the-gateway"}
    known = {f"{GATEWAY}DERIBIT_ID": "bench", f"{GATEWAY}DERIBIT_SECRET": "a-secret-of-the-benchmark"}
    with ExitStack() as ends:
        simulated = _started(ends, known, "gateway", "sim", "--port", "0")[1]
        own = {f"{GATEWAY}STATE_DIR": str(folder / "own"), f"{GATEWAY}PORT": "0"}
        pid, found = _started(ends, known | simulated | token | own, "gateway")
        yield pid, found["CERBERO_BITE_MCP_URL"], token[f"{GATEWAY}TOKEN"]


def _started(ends: ExitStack, variables: dict[str, str], *arguments: str) -> tuple[int, dict[str, str]]:
    process = subprocess.Popen(  # noqa: S603  (this project's own starter)
        [sys.executable, "run.py", *arguments],
        cwd=ROOT,
        env=os.environ | kept_bytecode() | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
    )

    def end() -> None:
        process.terminate()
        process.communicate(timeout=ENDS_S)

    ends.callback(end)
    assert process.stdout is not None
    found = {}
    for line in process.stdout:
        if line.startswith("#"):
            break
        name, _, value = line.strip().partition("=")
        found[name] = value
    return process.pid, found


def main() -> int:
    """Print the rows, keep them, and return 1 if one misses its target."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        venue = GatewayVenue(
            ModelMarket(SEED), demo_settings(folder / "warm"), NOW, SEED, unlimited=True, records=False
        )
        try:
            rows = [parsed_row(venue), added_row(venue)]
        finally:
            venue.close()
        rows += [cold_row(folder / "cold"), resident_row(folder / "served")]
    print_table(rows)
    add_rows(rows)
    return 0 if all(row.ok for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
