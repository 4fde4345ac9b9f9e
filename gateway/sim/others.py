"""The keyless hosts beside the simulated venue, each below its own name: `/okx/api/v5/…` and so on.

Funding is the market's own at all of them; a day's forced closes are drawn from the seed; a euro costs the
same on every working day.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.paper.source import MarketSource
from gateway.sim.venue import EURO_USD

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PAYMENT_EVERY: Final = timedelta(hours=8)
HYPERLIQUID_ROWS_MAX: Final = 500
OKX_PAGE: Final = 100
CLOSES_AN_HOUR: Final = 12
CONTRACT: Final = {"ETH-USDT-SWAP": "0.1", "ETH-USD-SWAP": "10"}
"""ETH, and USD, of one contract."""


def _ms(at: datetime) -> int:
    return round(at.timestamp()) * 1000


def _floor_hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


class SimOthers:
    """Hyperliquid, Binance, OKX, Bybit and the European Central Bank."""

    def __init__(
        self, source: MarketSource, wall_s: Callable[[], float], seed: int = 7, euro_usd: float = EURO_USD
    ) -> None:
        self._source = source
        self._wall_s = wall_s
        self._seed = seed
        self._euro_usd = euro_usd

    def routes(self) -> list[Route]:
        """What is served, by path."""
        return [
            Route("/hyperliquid/info", self._hyperliquid, methods=["POST"]),
            Route("/binance/fapi/v1/fundingRate", self._binance),
            Route("/okx/api/v5/public/funding-rate-history", self._okx_funding),
            Route("/okx/api/v5/public/liquidation-orders", self._okx_closes),
            Route("/okx/api/v5/public/instruments", self._okx_instruments),
            Route("/bybit/v5/market/funding/history", self._bybit),
            Route("/ecb/stats/eurofxref/eurofxref-daily.xml", self._ecb),
        ]

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._wall_s(), UTC)

    def _hourly(self, start: datetime, end: datetime) -> list[tuple[datetime, float]]:
        found = self._source.funding_history(start, min(end, self._now()))
        return [(point.at, point.hourly_rate) for point in found]

    def _payments(self, days: int) -> list[tuple[int, float]]:
        """When the market's funding was paid and how much, every eight hours, oldest first."""
        at = _floor_hour(self._now())
        at -= timedelta(hours=at.hour % 8)
        found = []
        for back in range(days * 3):
            paid = at - back * PAYMENT_EVERY
            rates = [rate for _, rate in self._hourly(paid - PAYMENT_EVERY + HOUR, paid)]
            found.append((_ms(paid), sum(rates)))
        return found[::-1]

    async def _hyperliquid(self, request: Request) -> Response:
        asked: Any = json.loads(await request.body())
        if asked.get("type") != "fundingHistory" or asked.get("coin") != "ETH":
            return JSONResponse("Failed to deserialize the JSON body into the target type", 422)
        start, end = (
            datetime.fromtimestamp(asked.get(name, _ms(self._now())) / 1000, UTC)
            for name in ("startTime", "endTime")
        )
        rows = []
        for at, rate in self._hourly(start - HOUR, end):
            # It is settled some milliseconds after the hour.
            late_ms = Random(f"{self._seed}:late:{_ms(at)}").randrange(1, 90)
            row = {"coin": "ETH", "fundingRate": f"{rate:.12f}", "time": _ms(at) + late_ms}
            if late_ms % 5:
                row["premium"] = f"{rate * 8:.10f}"
            if _ms(start) <= _ms(at) + late_ms <= asked.get("endTime", _ms(self._now())):
                rows.append(row)
        return JSONResponse(rows[:HYPERLIQUID_ROWS_MAX])

    async def _binance(self, request: Request) -> Response:
        since = int(request.query_params.get("startTime", 0))
        return JSONResponse(
            [
                {"symbol": "ETHUSDT", "fundingTime": at, "fundingRate": f"{rate:.8f}", "markPrice": "1"}
                for at, rate in self._payments(7)
                if at >= since
            ][: int(request.query_params.get("limit", 100))]
        )

    async def _okx_funding(self, request: Request) -> Response:
        rows = [
            {
                "instType": "SWAP",
                "instId": request.query_params.get("instId"),
                "fundingRate": f"{rate * 1.1:.12f}",
                "realizedRate": f"{rate:.12f}",
                "fundingTime": str(at),
            }
            for at, rate in self._payments(7)[::-1]
        ]
        return JSONResponse({"code": "0", "msg": "", "data": rows})

    async def _bybit(self, request: Request) -> Response:
        if "startTime" in request.query_params and "endTime" not in request.query_params:
            return JSONResponse({"retCode": 10001, "retMsg": "params error", "result": {}, "time": 0})
        rows = [
            {"symbol": "ETHUSDT", "fundingRate": f"{rate:.8f}", "fundingRateTimestamp": str(at)}
            for at, rate in self._payments(7)[::-1]
        ]
        result = {"category": "linear", "list": rows}
        return JSONResponse({"retCode": 0, "retMsg": "OK", "result": result, "time": _ms(self._now())})

    async def _okx_instruments(self, request: Request) -> Response:
        name = request.query_params.get("instId", "")
        rows = [{"instId": name, "ctVal": CONTRACT[name]}] if name in CONTRACT else []
        return JSONResponse({"code": "0", "msg": "", "data": rows})

    async def _okx_closes(self, request: Request) -> Response:
        family = request.query_params.get("instFamily", "")
        before = int(request.query_params.get("after", _ms(self._now()) + 1))
        closes = [each for each in self._closes(family) if int(each["ts"]) < before][:OKX_PAGE]
        group = {"instType": "SWAP", "instFamily": family, "instId": f"{family}-SWAP", "details": closes}
        return JSONResponse({"code": "0", "msg": "", "data": [group] if closes else []})

    def _closes(self, family: str) -> list[dict[str, str]]:
        """The forced closes of the last day, newest first."""
        now, found = self._now(), []
        hour = _floor_hour(now)
        for back in range(25):
            began = hour - back * HOUR
            chance = Random(f"{self._seed}:{family}:{began.isoformat()}")
            for _ in range(CLOSES_AN_HOUR):
                at = began + timedelta(milliseconds=chance.randrange(3_600_000))
                side, size = chance.choice(("buy", "sell")), chance.randrange(1, 2000)
                if now - DAY <= at <= now:
                    found.append(
                        {
                            "side": side,
                            "posSide": "net",
                            "sz": str(size),
                            "bkPx": f"{self._source.index_usd(at):.2f}",
                            "bkLoss": "0",
                            "ts": str(int(at.timestamp() * 1000)),
                        }
                    )
        return sorted(found, key=lambda each: int(each["ts"]), reverse=True)

    async def _ecb(self, _: Request) -> Response:
        day = (self._now() - timedelta(hours=15)).date()
        day -= timedelta(days=max(0, day.weekday() - 4))
        return Response(
            '<?xml version="1.0" encoding="UTF-8"?>'
            '<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" '
            'xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">'
            f'<Cube><Cube time="{day.isoformat()}"><Cube currency="USD" rate="{self._euro_usd:.4f}"/>'
            '<Cube currency="JPY" rate="165.20"/></Cube></Cube></gesmes:Envelope>',
            media_type="text/xml",
        )
