"""Alert rules and dashboard: they parse, they fire, and they ask for nothing that the node does not tell.

What a node tells is read off its own exposition, made from a ledger in which each metric has a value.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from gecit.edges.store import SqlLedger
from gecit.ports import Beat
from gecit.settings.telling import AlertSettings
from gecit.web.front.source import SECRETS
from gecit.web.metrics import METRICS
from tests.fakes import StillClock
from tests.support.flow import START
from tests.support.integrators import application, bearer, fill
from tests.web.test_metrics import WORK

HOME = Path(__file__).parents[2]
PROMETHEUS = HOME / "deploy/prometheus"
RULES = yaml.safe_load((PROMETHEUS / "gecit.rules.yml").read_text("utf-8"))
DASHBOARD = json.loads((HOME / "deploy/grafana/gecit.json").read_text("utf-8"))
TESTS = Path(__file__).parent / "gecit.rules.test.yml"

SELECTOR = re.compile(r"\b(up|gecit[a-z0-9_:]+)\b(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)\s*(?:=~|!=|!~|=)\s*"')
GROUPED = re.compile(r"\bby \(([^)]*)\) \(")
FROM_PROMETHEUS = {"up": {"job", "instance"}}
"""Of every target, by Prometheus itself."""


ELSEWHERE = {"gecit_node_silent_seconds"}
"""Not asked for: a node's silence is that of its processes, whose last beats are."""


def rules() -> Iterator[dict[str, str]]:
    for group in RULES["groups"]:
        yield from group["rules"]


RECORDED = {one["record"]: one["expr"] for one in rules() if "record" in one}


def queries() -> Iterator[tuple[str, str]]:
    """Every query of rules and dashboard, with a name for it."""
    for one in rules():
        yield one.get("alert") or one["record"], one["expr"]
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The samples of a node's exposition with the labels that they carry."""
    from gecit.edges.store import open_ledger

    ledger: SqlLedger = open_ledger(f"sqlite:///{tmp_path_factory.mktemp('told')}/ledger.db")
    fill(ledger)
    ledger.beat(Beat(node="N1", process="work", pid=1, at=START, detail=dict(WORK)))
    ledger.beat(Beat(node="N1", process="listen", pid=2, at=START, detail={"answered AA": 7}))
    answer = application(ledger, StillClock(START)).test_client().get("/gecit/metrics", headers=bearer("integrator"))
    assert answer.status_code == 200
    samples = [one for family in text_string_to_metric_families(answer.text) for one in family.samples]
    ledger.close()
    return {one.name: set(one.labels) for one in samples}


def promtool(*arguments: str, cwd: Path) -> str:
    done = subprocess.run(["promtool", *arguments], cwd=cwd, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_node_tells_every_metric_of_its_table(told: dict[str, set[str]]) -> None:
    assert {re.sub("_(total|count|sum)$", "", one) for one in told} - ELSEWHERE == set(METRICS) - ELSEWHERE


@pytest.mark.parametrize(("name", "expr"), list(queries()))
def test_a_query_asks_for_what_a_node_tells(name: str, expr: str, told: dict[str, set[str]]) -> None:
    asked = SELECTOR.findall(re.sub(r"\bby \([^)]*\)", "", expr))
    assert asked, name
    labels: set[str] = set()
    for metric, matchers in asked:
        known = FROM_PROMETHEUS.get(metric) or told.get(metric)
        if metric in RECORDED:
            known = {label.strip() for one in GROUPED.findall(RECORDED[metric]) for label in one.split(",")}
        assert known is not None, f"{name}: a node tells no {metric}"
        assert set(MATCHER.findall(matchers)) <= known, f"{name}: {metric} has only {sorted(known)}"
        labels |= known
    grouped = {label.strip() for one in GROUPED.findall(expr) for label in one.split(",")}
    assert grouped <= labels, name


def test_every_metric_is_on_the_dashboard(told: dict[str, set[str]]) -> None:
    shown = " ".join(target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"])
    assert [one for one in METRICS if one not in shown and one not in ELSEWHERE] == []


def test_the_dashboards_choice_of_nodes_is_by_a_metric_that_has_nodes(told: dict[str, set[str]]) -> None:
    [node] = [one for one in DASHBOARD["templating"]["list"] if one["name"] == "node"]
    found = re.fullmatch(r"label_values\((\w+), (\w+)\)", node["query"]["query"])
    assert found and found[2] in told[found[1]]


def test_panels_lie_beside_each_other_and_have_numbers_of_their_own() -> None:
    panels = DASHBOARD["panels"]
    assert len({one["id"] for one in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for at in (one["gridPos"] for one in panels):
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken and at["x"] + at["w"] <= 24
        taken |= cells


def test_promtool_reads_configuration_and_rules(tmp_path: Path) -> None:
    shutil.copytree(PROMETHEUS, tmp_path / "prometheus")
    (tmp_path / "prometheus/gecit.token").write_text("token")
    said = promtool("check", "config", "prometheus.yml", cwd=tmp_path / "prometheus")
    assert "1 rule files found" in said and "FAILED" not in said


def test_promtool_reads_every_query_of_the_dashboard(tmp_path: Path) -> None:
    asked = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    made = [
        {"record": f"dashboard:{n}", "expr": one.replace("$__rate_interval", "2m").replace("$node", ".*")}
        for n, one in enumerate(asked)
    ]
    (tmp_path / "dashboard.yml").write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": made}]}))
    assert f"{len(asked)} rules found" in promtool("check", "rules", "dashboard.yml", cwd=tmp_path)


def test_alerts_fire_when_they_should_and_not_before() -> None:
    promtool("test", "rules", TESTS.name, cwd=TESTS.parent)


def test_every_alert_is_tried_on_both_sides_and_told_in_both_languages() -> None:
    tried = [
        one for test in yaml.safe_load(TESTS.read_text("utf-8"))["tests"] for one in test.get("alert_rule_test", ())
    ]
    alerts = [one for one in rules() if "alert" in one]
    for one in alerts:
        outcomes = [bool(case["exp_alerts"]) for case in tried if case["alertname"] == one["alert"]]
        assert outcomes == [False, True], one["alert"]
        assert one["labels"]["severity"] in ("critical", "warning", "info")  # type: ignore[index]
        assert " / " in one["annotations"]["summary"], one["alert"]  # type: ignore[index]


def test_every_alert_stands_in_the_how_to_with_its_severity() -> None:
    page = (HOME / "docs/howto/alerts.md").read_text("utf-8")
    rows = {
        name: row
        for row in page.splitlines()
        if row.startswith("| `Gecit")
        for name in re.findall(r"`(Gecit\w+)`", row)
    }
    alerts = {one["alert"]: one["labels"]["severity"] for one in rules() if "alert" in one}  # type: ignore[index]
    assert rows.keys() == alerts.keys()
    assert [name for name, severity in alerts.items() if severity not in rows[name]] == []


def test_limits_are_those_of_the_settings() -> None:
    alerts = {one["alert"]: one["expr"] for one in rules() if "alert" in one}
    limits = AlertSettings()
    assert f"> {limits.silent_seconds:g}" in alerts["GecitProcessSilent"]
    assert f"> {limits.outbox_minutes * 60:g}" in alerts["GecitDeliveryWaits"]
    assert f"< {limits.disk_percent / 100:.2f}" in alerts["GecitDiskFull"]
    assert f"> {limits.behind_changes:g}" in alerts["GecitFollowerBehind"]
    assert f"< {limits.certificate_days:g} * 86400" in alerts["GecitCertificateEnds"]


def test_a_token_that_lies_beside_the_files_is_not_handed_out_with_the_source() -> None:
    configured = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text("utf-8"))
    [named] = [
        one["authorization"]["credentials_file"] for one in configured["scrape_configs"] if "authorization" in one
    ]
    assert named.endswith(SECRETS)
    assert f"/deploy/prometheus/{named}" in (HOME / ".gitignore").read_text("utf-8").splitlines()
