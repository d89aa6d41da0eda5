"""Alerts and metrics of a real node: what its processes know of themselves reaches people and Prometheus."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from gecit.core.webhooks import new_secret
from gecit.sandbox.server import running
from tests.support.certificates import Authority, showing
from tests.support.hospital import Hospital, hospital
from tests.support.node import until
from tests.support.receiver import Receiver

pytestmark = pytest.mark.system
SECRET = new_secret(b"n" * 32)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Hospital, Receiver]]:
    """A node for whose alerts every disk is too full, and who is told of it."""
    receiver = Receiver()
    receiver.secrets.append(SECRET)
    secret: Path = tmp_path_factory.mktemp("secret") / "alerts"
    secret.write_text(SECRET)
    authority = Authority(secret.parent)
    certificate(secret.parent).write_bytes(authority.sign("old.example").certificate.read_bytes())
    public = authority.sign("gecit.example", days=90)
    with running({"/duty": receiver.faults}) as url, showing(public) as port:
        environ = {
            "ORTHANC__GECIT__ALERTS__WEBHOOK_URL": f"{url}/duty",
            "ORTHANC__GECIT__ALERTS__WEBHOOK_SECRET_FILE": str(secret),
            "ORTHANC__GECIT__ALERTS__EVERY_SECONDS": "1",
            "ORTHANC__GECIT__ALERTS__DISK_PERCENT": "99",
            "ORTHANC__GECIT__ALERTS__CERTIFICATE_FILES": str(certificate(secret.parent)),
            "ORTHANC__GECIT__ALERTS__BACKUP_HOURS": "36",
            "ORTHANC__GECIT__SIGN_IN__PUBLIC_URL": f"https://127.0.0.1:{port}",
        }
        with hospital(tmp_path_factory.mktemp("node"), environ) as node:
            yield node, receiver


def certificate(folder: Path) -> Path:
    """A certificate that the node is told to watch."""
    return folder / "web.pem"


def keys(receiver: Receiver) -> list[str]:
    return [f"{one['type']} {one['key']}" for one in receiver.got.values()]


def test_a_disk_that_fills_up_is_told_once_though_two_processes_look(told: tuple[Hospital, Receiver]) -> None:
    node, receiver = told
    name = node.ledger.beats()[0].node
    wanted = f"incident.opened disk:{name}"
    until(lambda: wanted in keys(receiver), 40, "the alert arrives")
    assert keys(receiver).count(wanted) == 1 and receiver.refused == 0
    assert [one.key for one in node.ledger.incidents(10)].count(f"disk:{name}") == 1
    shown = node.gecit("alerts", "list")
    assert f"disk:{name}" in shown.stdout


def test_a_certificate_that_ends_is_told_until_it_is_renewed(told: tuple[Hospital, Receiver]) -> None:
    """The first one has two days to go."""
    node, receiver = told
    kept = Path(node.node.environ["ORTHANC__GECIT__ALERTS__CERTIFICATE_FILES"])
    key = f"certificate:{node.ledger.beats()[0].node}/{kept}"
    until(lambda: f"incident.opened {key}" in keys(receiver), 60, "its end is told")
    kept.write_bytes(Authority(kept.parent / "next").sign("new.example", days=60).certificate.read_bytes())
    until(lambda: f"incident.closed {key}" in keys(receiver), 60, "it is over")
    assert not [one for one in keys(receiver) if " expired:" in one]


def test_a_node_without_a_backup_says_so_until_one_is_made(told: tuple[Hospital, Receiver], tmp_path: Path) -> None:
    node, receiver = told
    key = f"backup:{node.ledger.beats()[0].node}"
    until(lambda: f"incident.opened {key}" in keys(receiver), 60, "that there is none is told")
    done = node.gecit("backup", str(tmp_path / "backup"))
    assert done.returncode == 0, done.stderr
    until(lambda: f"incident.closed {key}" in keys(receiver), 60, "it is over")


def test_incidents_are_listed_by_the_clock_on_the_wall(told: tuple[Hospital, Receiver]) -> None:
    node, _ = told
    until(lambda: node.ledger.incidents(10), 60, "the disk is too full")
    shown = json.loads(node.gecit("alerts", "list", "--json").stdout)
    assert shown and {one["opened"][-6:] for one in shown} == {"+03:00"}


def test_a_trial_reaches_who_is_on_duty(told: tuple[Hospital, Receiver]) -> None:
    node, receiver = told
    done = node.gecit("alerts", "test")
    assert (done.returncode, done.stdout.strip()) == (0, "webhook: gönderildi / sent"), done.stderr
    assert "incident.opened trial:0" in keys(receiver)


def test_metrics_of_every_process_are_scraped_through_orthanc(told: tuple[Hospital, Receiver]) -> None:
    node, _ = told
    token = node.gecit("tokens", "add", "prometheus", "--institution", "999001").stdout.split()[-1]

    def scrape() -> dict[str, set[str]]:
        address = f"{node.node.url}/gecit/metrics"
        answer = requests.get(address, headers={"Authorization": f"Bearer {token}"}, timeout=30)
        assert answer.status_code == 200, answer.text
        families = text_string_to_metric_families(answer.text)
        return {one.name: {str(sorted(s.labels.items())) for s in one.samples} for one in families}

    until(lambda: len(scrape()["gecit_process_last_beat_timestamp_seconds"]) == 4, 40, "all four processes gave a sign")
    always = (
        "gecit_disk_free_bytes", "gecit_follower_behind_changes", "gecit_last_sweep_timestamp_seconds",
        "gecit_certificate_end_timestamp_seconds", "gecit_backup_due_timestamp_seconds",
    )  # fmt: skip
    until(lambda: all(scrape()[name] for name in always), 40, "work has looked at all of it")
    found = scrape()
    assert len(found["gecit_messages"]) == 3, "AA, AE and AR"
    assert {one.split("'")[3] for one in found["gecit_destination_up"]} == {
        "archive",
        "critical",
        "hbys",
        "medula",
        "webhook",
    }
    watched = node.node.environ["ORTHANC__GECIT__ALERTS__CERTIFICATE_FILES"]
    assert {one.split("'")[3] for one in found["gecit_certificate_end_timestamp_seconds"]} == {"public", watched}
    assert found["gecit_incidents_open"] == {"[]"}
