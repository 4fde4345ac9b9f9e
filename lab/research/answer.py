"""The answer of a sweep: what the screen shows, and the document that programs and the page read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue, TypeAdapter

from lab.research.axes import SettingAxis
from lab.research.confirm import Confirmed
from lab.research.figures import KindFigures, PointFigures, best_of, figures_of, kinds_of
from lab.research.folder import REPORTS, report_name
from lab.research.identity import bench_version
from lab.research.matrix import matrix_of
from lab.research.null_rate import NullRate
from lab.research.points import Impossible, Point
from lab.research.sensitivity import Change, HeatMap, Neighbourhood, Places, changes, heat_maps, neighbourhood
from lab.research.sweep import Swept
from lab.research.verdict import SweepVerdict, verdict_of
from lab.research.walk import Walked
from reading.json_forms import money, utc

_ANY: TypeAdapter[JsonValue] = TypeAdapter(JsonValue)


@dataclass(frozen=True)
class Answer:
    """`chosen` is what sensitivity and neighbourhood are about: the judged best, else the best mean."""

    verdict: SweepVerdict
    figures: tuple[PointFigures, ...]
    kinds: tuple[KindFigures, ...]
    chosen: int
    changes: tuple[Change, ...]
    heat_maps: tuple[HeatMap, ...]
    neighbourhood: Neighbourhood | None


def answer_of(
    axes: Sequence[SettingAxis], points: Sequence[Point], swept: Swept, tried: int
) -> Answer | None:
    """None if no point was run over all its markets."""
    by_point = swept.by_point
    if not by_point:
        return None
    verdict, figures = verdict_of(by_point, tried), figures_of(by_point, matrix_of(by_point))
    chosen = verdict.best or best_of(figures).number
    places = Places(axes, {point.number: point.values for point in points})
    return Answer(
        verdict=verdict,
        figures=figures,
        kinds=kinds_of(by_point),
        chosen=chosen,
        changes=changes(places, by_point, chosen),
        heat_maps=heat_maps(places, figures),
        neighbourhood=neighbourhood(places, figures, chosen),
    )


def answer_json(
    answer: Answer | None,
    *,
    axes: Sequence[SettingAxis],
    points: Sequence[Point],
    impossible: Sequence[Impossible],
    swept: Swept,
    rate: NullRate | None,
    reports: bool,
    walks: Sequence[Walked] = (),
    confirmed: Sequence[Confirmed] = (),
) -> dict[str, JsonValue]:
    """The whole answer (docs/research.md). Money is text, times are in UTC."""
    document: dict[str, JsonValue] = {
        "code": bench_version(),
        "runs": {"asked": swept.asked, "known": swept.known, "ran": swept.ran, "whole": swept.is_whole},
        "sentence": "no point was run" if answer is None else answer.verdict.sentence,
        "told": [] if answer is None else list(answer.verdict.told(rate)),
        "verdict": None if answer is None else _plain(answer.verdict),
        "axes": [{"keys": list(axis.keys), "steps": [list(step) for step in axis.steps]} for axis in axes],
        "points": [] if answer is None else _points(answer, points, swept, reports=reports),
        "impossible": [
            {"number": each.number, "values": dict(each.values), "why": each.why} for each in impossible
        ],
        "failed": [
            {"values": dict(each.task.values), "market": each.task.plan.market.name, "why": each.why}
            for each in swept.failed
        ],
    }
    if answer is not None:
        document |= {
            "chosen": answer.chosen,
            "kinds": [
                {**_fields(each), "kind": each.kind.value, "pnl_usd": money(each.pnl_usd)}
                for each in answer.kinds
            ],
            "sensitivity": [{**_fields(each), "values": dict(each.values)} for each in answer.changes],
            "heat_maps": [_plain(each) for each in answer.heat_maps],
            "walks": [{**_fields(each), "sentence": each.sentence} for each in walks],
            "confirmed": [_plain(each) for each in confirmed],
            "neighbourhood": None if answer.neighbourhood is None else _plain(answer.neighbourhood),
        }
    return document


def _points(answer: Answer, points: Sequence[Point], swept: Swept, *, reports: bool) -> list[JsonValue]:
    values = {point.number: point.values for point in points}
    return [
        {
            **_fields(each),
            "pnl_usd": money(each.pnl_usd),
            "values": dict(values[each.number]),
            "runs": [
                {
                    "market": found.market,
                    "began": utc(found.began),
                    "ended": utc(found.ended),
                    "trades": len(found.trades),
                    "pnl_usd": money(found.pnl_usd),
                    "report": f"{REPORTS}/{report_name(found.key)}" if reports else None,
                }
                for found in swept.by_point[each.number]
            ],
        }
        for each in answer.figures
    ]


def _fields(of: object) -> dict[str, JsonValue]:
    found = _plain(of)
    assert isinstance(found, dict)
    return found


def _plain(of: object) -> JsonValue:
    """A record as JSON has it."""
    return _ANY.validate_python(TypeAdapter(type(of)).dump_python(of, mode="json"))
