"""What is shipped around the series fits them: their page, Prometheus's rules and Grafana's dashboard."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
import yaml

from cli.commands.metrics import DEFAULT_PORT
from reading.metrics.series import Series
from reading.metrics.table import TABLE
from tests.tidy.metrics_page import PAGE, replaced
from tests.tidy.sources import ROOT

MONITORING = ROOT / "packaging" / "monitoring"
BY_NAME = {series.name: series for series in TABLE}
NAME = re.compile(r"\b(?:cerbero_bite_\w+|up)\b")
SELECTOR = re.compile(r"\b(?P<name>cerbero_bite_\w+|up)\s*(?:\{(?P<matchers>[^}]*)\})?")
MATCHER = re.compile(r'^(?P<label>\w+)\s*(?P<op>=~|!~|!=|=)\s*"(?P<value>[^"]*)"$')
GROUPING = re.compile(r"\b(?:by|on|without|ignoring)\s*\(([^)]*)\)")
OF_PROMETHEUS = frozenset({"job", "instance"})
"""The labels that Prometheus itself gives to whatever it scrapes."""


class Query(NamedTuple):
    """One query, where it stands, and the texts beside it that may name its labels."""

    where: str
    text: str
    beside: str


def rules() -> list[dict[str, Any]]:
    content = yaml.safe_load((MONITORING / "prometheus" / "alerts.yml").read_text("utf-8"))
    return [rule for group in content["groups"] for rule in group["rules"]]


def dashboard() -> dict[str, Any]:
    path = MONITORING / "grafana" / "dashboards" / "cerbero-bite.json"
    read: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return read


def queries() -> Iterator[Query]:
    """Every query that is shipped."""
    for rule in rules():
        yield Query(rule["alert"], rule["expr"], " ".join(rule["annotations"].values()))
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", ()):
            yield Query(panel["title"], target["expr"], target["legendFormat"])
    for variable in dashboard()["templating"]["list"]:
        if variable["type"] == "query":
            assert variable["definition"] == variable["query"]["query"]
            yield Query(variable["name"], variable["definition"], "")


QUERIES = tuple(queries())


def faults(query: Query) -> list[str]:
    """What a query names that there is not, and counters that are read as gauges or the other way round."""
    found = []
    labels = set(OF_PROMETHEUS)
    for match in SELECTOR.finditer(query.text):
        name = match["name"]
        if name == "up":
            continue
        series = BY_NAME.get(name)
        if series is None:
            found.append(f"no series {name}")
            continue
        if series.label is not None:
            labels.add(series.label.name)
        found += _selector_faults(series, match["matchers"] or "")
        before = query.text[: match.start()].rstrip()
        if before.endswith("increase(") != (series.kind == "counter") and "label_values" not in before:
            found.append(f"{name} is a {series.kind}")
    named = {word.strip() for part in GROUPING.findall(query.text) for word in part.split(",")}
    named |= set(re.findall(r"\$labels\.(\w+)", query.beside)) | set(
        re.findall(r"\{\{(\w+)\}\}", query.beside)
    )
    found += [f"no label {label}" for label in sorted(named - labels)]
    if query.text.count("(") != query.text.count(")"):
        found.append("parentheses do not match")
    return found


def _selector_faults(series: Series, matchers: str) -> Iterator[str]:
    for text in filter(None, (part.strip() for part in matchers.split(","))):
        match = MATCHER.match(text)
        if match is None:
            yield f"{series.name}: {text} is no matcher"
        elif match["label"] not in OF_PROMETHEUS:
            if series.label is None or match["label"] != series.label.name:
                yield f"{series.name} has no label {match['label']}"
            else:
                values = match["value"].split("|") if "~" in match["op"] else [match["value"]]
                yield from (
                    f"{series.name}: no value {value}" for value in values if value not in series.keys
                )


def test_no_label_is_one_that_prometheus_gives_itself() -> None:
    """It would keep its own and call ours `exported_job`, and no query would find it."""
    ours = {series.label.name for series in TABLE if series.label is not None}
    assert ours & OF_PROMETHEUS == set()


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.where)
def test_a_query_names_only_what_there_is(query: Query) -> None:
    assert NAME.search(query.text), "a query of nothing"
    assert faults(query) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("cerbero_bite_upp == 0", "no series cerbero_bite_upp"),
        ('cerbero_bite_orders{state="lost"} > 0', "cerbero_bite_orders: no value lost"),
        ('cerbero_bite_orders{state=~"open|sent"}', "cerbero_bite_orders: no value open"),
        ('cerbero_bite_up{actor="state"}', "cerbero_bite_up has no label actor"),
        ("sum by (actor) (cerbero_bite_up)", "no label actor"),
        ("increase(cerbero_bite_orders[1h])", "cerbero_bite_orders is a gauge"),
        ("cerbero_bite_alerts_total > 5", "cerbero_bite_alerts_total is a counter"),
        ("sum(cerbero_bite_up", "parentheses do not match"),
    ],
)
def test_a_query_that_names_something_else_is_found(text: str, fault: str) -> None:
    assert faults(Query("", text, "")) == [fault]


def test_a_label_that_only_a_sentence_names_is_found() -> None:
    assert faults(Query("", "cerbero_bite_up == 0", "{{ $labels.router }}")) == ["no label router"]


def test_each_rule_says_what_happened_and_what_to_do() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(set(names)) == len(names)
    for rule in rules():
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert set(rule["annotations"]) == {"summary", "description"}
        assert all(text.endswith(".") for text in rule["annotations"].values()), rule["alert"]


def test_panels_do_not_cover_each_other_and_each_says_what_it_shows() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard()["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (place["x"] + across, place["y"] + down)
            for across in range(place["w"])
            for down in range(place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
        assert panel["type"] == "row" or panel["description"].endswith(".")


def test_prometheus_looks_where_metrics_listen() -> None:
    folder = MONITORING / "prometheus"
    config = yaml.safe_load((folder / "prometheus.yml").read_text("utf-8"))
    (job,) = config["scrape_configs"]
    named = [*config["rule_files"], *(name for each in job["file_sd_configs"] for name in each["files"])]
    assert [name for name in named if not (folder / name).is_file()] == []
    assert job["job_name"] in rules()[0]["expr"]
    (group,) = yaml.safe_load((folder / "targets.yml").read_text("utf-8"))
    assert [target.rpartition(":")[2] for target in group["targets"]] == [str(DEFAULT_PORT)]


def test_grafana_finds_its_dashboard() -> None:
    folder = MONITORING / "grafana"
    (provider,) = yaml.safe_load((folder / "dashboards" / "cerbero-bite.yml").read_text("utf-8"))["providers"]
    assert provider["options"]["path"] == "/etc/grafana/provisioning/dashboards"
    (source,) = yaml.safe_load((folder / "datasources" / "prometheus.yml").read_text("utf-8"))["datasources"]
    assert source["type"] == "prometheus"


def test_the_page_is_as_the_table_makes_it() -> None:
    page = PAGE.read_text("utf-8")
    assert page == replaced(page), "run: make metrics-page"
    assert replaced(page.replace("| gauge |", "| counter |")) == page
