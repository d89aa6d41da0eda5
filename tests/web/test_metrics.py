"""Metrics as Prometheus reads them, and as their page has them."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from gecit.edges.store import SqlLedger
from gecit.ports import Beat
from gecit.web.metrics import METRICS
from tests.fakes import StillClock
from tests.support.flow import OTHER_TCKN, START, TCKN
from tests.support.integrators import application, bearer, fill

PAGE = (Path(__file__).parents[2] / "docs/metrics.md").read_text("utf-8")
WORK = {
    "changes behind": 3, "open studies": 2, "last sweep": "2026-03-02T06:00:00+00:00", "disk free": 5, "disk total": 9,
    "delivered medula": 4, "delivery seconds medula": 1.5, "breaker medula": "open", "cannot be judged": 0,
    "certificate hl7": "2026-03-23T06:00:00+00:00", "certificate /a.pem": "unreadable", "backup due": "never",
}  # fmt: skip
TYPES = {"GaugeMetricFamily": "gauge", "CounterMetricFamily": "counter", "SummaryMetricFamily": "summary"}


@pytest.fixture
def client(ledger: SqlLedger) -> FlaskClient:
    fill(ledger)
    ledger.beat(Beat(node="N1", process="work", pid=1, at=START, detail=dict(WORK)))
    ledger.beat(
        Beat(node="N1", process="listen", pid=2, at=START, detail={"answered AA": 7, "answered AE": 1, "frames": 8})
    )
    made: FlaskClient = application(ledger, StillClock(START)).test_client()
    return made


def scraped(client: FlaskClient) -> dict[str, float]:
    answer = client.get("/gecit/metrics", headers=bearer("integrator"))
    assert answer.status_code == 200 and answer.content_type.startswith("text/plain")
    return {
        f"{one.name}{sorted(one.labels.items())}": one.value
        for family in text_string_to_metric_families(answer.text)
        for one in family.samples
    }


def test_what_the_ledger_holds_is_scraped(client: FlaskClient) -> None:
    found = scraped(client)
    assert found["gecit_exams[('outcome', 'submit')]"] == 1
    assert found["gecit_exams[('outcome', 'pending')]"] == 2
    assert found["gecit_outbox_deliveries[('destination', 'medula'), ('state', 'queued')]"] == 1
    oldest = found["gecit_outbox_oldest_timestamp_seconds[('destination', 'medula'), ('state', 'queued')]"]
    assert oldest == (START + timedelta(minutes=5)).timestamp()
    assert found["gecit_messages_total[('answer', 'AA'), ('home', ''), ('node', 'N1')]"] == 7
    assert (
        found["gecit_process_last_beat_timestamp_seconds[('home', ''), ('node', 'N1'), ('process', 'work')]"]
        == START.timestamp()
    )
    assert found["gecit_follower_behind_changes[('home', ''), ('node', 'N1')]"] == 3
    assert found["gecit_last_sweep_timestamp_seconds[('home', ''), ('node', 'N1')]"] == START.timestamp()
    assert found["gecit_delivery_seconds_count[('destination', 'medula'), ('home', ''), ('node', 'N1')]"] == 4
    assert found["gecit_delivery_seconds_sum[('destination', 'medula'), ('home', ''), ('node', 'N1')]"] == 1.5
    assert found["gecit_destination_up[('destination', 'medula'), ('home', ''), ('node', 'N1')]"] == 0
    assert found["gecit_disk_free_bytes[('home', ''), ('node', 'N1')]"] == 5
    end = (START + timedelta(days=21)).timestamp()
    certificates = {name: value for name, value in found.items() if name.startswith("gecit_certificate_end")}
    assert list(certificates.values()) == [end], "one that cannot be read has no end"
    assert found["gecit_backup_due_timestamp_seconds[('home', ''), ('node', 'N1')]"] == 0
    assert found["gecit_incidents_open[]"] == 0


def test_the_two_of_a_pair_are_told_of_each_for_itself(client: FlaskClient, ledger: SqlLedger) -> None:
    """Sums of counters that are reset apart from each other would look like millions of messages."""
    later = START + timedelta(seconds=30)
    for pid, process, said in ((1, "work", WORK), (2, "listen", {"answered AA": 7})):
        ledger.beat(Beat(node="N1", home="a", process=process, pid=pid, at=START, detail=dict(said)))
    detail = {"delivered medula": 6, "delivery seconds medula": 0.5, "disk free": 4, "breaker medula": "closed"}
    ledger.beat(Beat(node="N1", home="b", process="work", pid=3, at=later, detail=detail))
    ledger.beat(Beat(node="N1", home="b", process="listen", pid=4, at=later, detail={"answered AA": 5}))
    found = scraped(client)

    def told(metric: str, **more: str) -> list[float]:
        labels = [sorted({**more, "home": home, "node": "N1"}.items()) for home in ("a", "b")]
        return [found[f"{metric}{one}"] for one in labels]

    assert told("gecit_messages_total", answer="AA") == [7, 5]
    assert told("gecit_delivery_seconds_count", destination="medula") == [4, 6]
    assert told("gecit_process_last_beat_timestamp_seconds", process="work") == [START.timestamp(), later.timestamp()]
    assert told("gecit_disk_free_bytes") == [5, 4]
    assert told("gecit_destination_up", destination="medula") == [0, 1]


def test_no_label_names_a_patient_or_an_exam(client: FlaskClient) -> None:
    text = client.get("/gecit/metrics", headers=bearer("administrator")).text
    assert [one for one in (TCKN, OTHER_TCKN, "ŞAHİN", "A1", "B1") if one in text] == []


def test_only_who_may_see_health_scrapes(client: FlaskClient) -> None:
    for answer, status in (
        (client.get("/gecit/metrics"), 401),
        (client.get("/gecit/metrics", headers=bearer("citizen")), 403),
    ):
        assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
        assert answer.json and answer.json["status"] == status


def test_exams_are_counted_at_most_once_a_minute(ledger: SqlLedger) -> None:
    clock = StillClock(START)
    fresh = application(ledger, clock).test_client()
    assert "gecit_exams[('outcome', 'submit')]" not in scraped(fresh)
    fill(ledger)
    assert "gecit_exams[('outcome', 'submit')]" not in scraped(fresh)
    clock.advance(60)
    assert scraped(fresh)["gecit_exams[('outcome', 'submit')]"] == 1


def test_the_page_has_a_row_for_each_metric_and_no_other() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*?) \| (.*?) \|$", PAGE, re.M)
    wanted = [
        (name, TYPES[kind.__name__], ", ".join(f"`{one}`" for one in labels) or "-", text)
        for name, (kind, text, labels) in METRICS.items()
    ]
    assert rows == wanted
