"""Alarms, their pages and the dashboard name metrics that there are."""

import json
import re

import pytest

from gateway import errors
from gateway.metrics.metrics import ANSWERED, Metrics
from tests.deploy.containers import PROJECT, document_in

ALERTS = PROJECT / "deploy" / "prometheus" / "alerts.yaml"
DASHBOARD = PROJECT / "deploy" / "grafana" / "gateway.json"
RUNBOOK = PROJECT / "docs" / "runbook"
_SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}


def alarms():
    return [rule for group in document_in(ALERTS)["groups"] for rule in group["rules"]]


def expressions():
    panels = json.loads(DASHBOARD.read_text())["panels"]
    asked = {rule["alert"]: rule["expr"] for rule in alarms()}
    for panel in panels:
        asked |= {f"{panel['title']} {target['refId']}": target["expr"] for target in panel.get("targets", [])}
    return asked


def series():
    """The labels of every series that a gateway can have, by its name in an expression."""
    there = {}
    for metric in Metrics().registry._collector_to_names:
        for suffix in _SUFFIXES[metric._type]:
            there[f"{metric.describe()[0].name}{suffix}"] = set(metric._labelnames)
    return there


@pytest.mark.parametrize("name", sorted(expressions()))
def test_every_series_that_is_asked_for_exists_with_its_labels(name):
    expression, there = expressions()[name], series()

    asked = re.findall(r"\b(gateway_[a-z_]+)(?:\{([^}]*)\})?", expression)

    assert asked or expression.startswith("up{")
    for metric, selectors in asked:
        assert metric in there
        assert set(re.findall(r"([a-z]+)=?[=!~]", selectors)) <= there[metric] | {"instance"}
    for labels in re.findall(r"by \(([^)]*)\)", expression):
        known = {label for metric, _ in asked for label in there[metric]} | {"le", "instance"}
        assert {label.strip() for label in labels.split(",")} <= known


def test_whatever_an_alarm_looks_at_is_on_the_dashboard():
    looked_at = {metric for rule in alarms() for metric in re.findall(r"\bgateway_[a-z_]+", rule["expr"])}
    shown = {metric for metric in re.findall(r"\bgateway_[a-z_]+", DASHBOARD.read_text())}

    assert looked_at
    assert looked_at <= shown


def test_every_outcome_that_an_alarm_waits_for_can_come_about():
    codes = {kind.code for kind in vars(errors).values() if isinstance(kind, type) and hasattr(kind, "code")}
    awaited = {
        outcome
        for rule in alarms()
        if "gateway_requests_total" in rule["expr"]
        for outcomes in re.findall(r'outcome=~?"([^"]*)"', rule["expr"])
        for outcome in outcomes.split("|")
    }

    assert awaited
    assert awaited <= codes | {ANSWERED, "500"}


def test_every_alarm_has_its_page_and_every_page_its_alarm():
    named = {rule["annotations"]["runbook"]: rule["alert"] for rule in alarms()}
    pages = {f"docs/runbook/{path.name}": path for path in RUNBOOK.glob("*.md") if path.name != "README.md"}
    index = (RUNBOOK / "README.md").read_text()

    assert named.keys() == pages.keys()
    for page, alarm in named.items():
        text = pages[page].read_text()
        assert text.startswith(f"# {alarm}\n")
        assert [line for line in text.splitlines() if line.startswith("## ")] == [
            "## What it means", "## What practitioners notice", "## Where to look", "## What to do"
        ]  # fmt: skip
        assert f"| {alarm} |" in index


@pytest.mark.parametrize("page", sorted(RUNBOOK.glob("*.md")), ids=lambda page: page.stem)
def test_every_link_of_a_page_leads_somewhere(page):
    assert [link for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text()) if not (RUNBOOK / link).exists()] == []


def test_prometheus_scrapes_the_port_that_the_gateway_tells_its_metrics_on():
    services = document_in(PROJECT / "deploy" / "compose.yaml")["services"]
    config = document_in(PROJECT / "deploy" / "prometheus" / "prometheus.yaml")
    settings = services["gateway"]["environment"]

    (job,) = config["scrape_configs"]
    assert job["job_name"] == "gateway"
    assert job["static_configs"][0]["targets"] == [f"gateway:{settings['GATEWAY_METRICS_PORT']}"]
    assert settings["GATEWAY_METRICS_HOST"] == "0.0.0.0"  # noqa: S104 - in a container, on a network of its own
