"""Metrics for Prometheus, read from the ledger when they are asked for; no label names a patient.

`METRICS` is what `docs/metrics.md` documents. All of it is of the installation, not of the process that answers.
`home` marks the installations of one node's name, which are two where it is a pair.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from flask import Blueprint, Response, make_response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0
from prometheus_client.registry import Collector

from gecit.core.access import Action
from gecit.ports import Beat, Clock, Conditions, Vitals
from gecit.steps.watch_ends import CERTIFICATE, NEVER, UNREADABLE

from .access import needs

LAST_BEAT = "gecit_process_last_beat_timestamp_seconds"
COUNT_AGAIN = timedelta(seconds=60)
"""Counting exams reads an index from end to end, so scrapes that follow each other share one count."""

METRICS = {
    "gecit_exams": (GaugeMetricFamily, "Exams by the outcome of their last verdict.", ["outcome"]),
    "gecit_exams_billing": (GaugeMetricFamily, "Exams by what MEDULA knows of them.", ["billing"]),
    "gecit_outbox_deliveries": (GaugeMetricFamily, "Deliveries that are not done.", ["destination", "state"]),
    "gecit_outbox_oldest_timestamp_seconds": (
        GaugeMetricFamily,
        "Since when the oldest delivery that is not done waits.",
        ["destination", "state"],
    ),
    "gecit_delivery_seconds": (
        SummaryMetricFamily,
        "From being queued to being carried out, since the start of the process.",
        ["node", "home", "destination"],
    ),
    "gecit_destination_up": (
        GaugeMetricFamily,
        "1 while the destination is tried, 0 while its breaker leaves it alone.",
        ["node", "home", "destination"],
    ),
    "gecit_messages": (
        CounterMetricFamily,
        "HL7 messages by answer (MSA-1), since the start of `listen`.",
        ["node", "home", "answer"],
    ),
    "gecit_institution_last_message_timestamp_seconds": (
        GaugeMetricFamily,
        "When an institution last sent an HL7 message.",
        ["institution"],
    ),
    LAST_BEAT: (
        GaugeMetricFamily,
        "When a process last gave a sign of life.",
        ["node", "home", "process"],
    ),
    "gecit_node_silent_seconds": (GaugeMetricFamily, "For how long a node gave no sign of life.", ["node"]),
    "gecit_follower_behind_changes": (GaugeMetricFamily, "Changes of Orthanc that are not yet read.", ["node", "home"]),
    "gecit_follower_open_studies": (GaugeMetricFamily, "Studies that are still arriving.", ["node", "home"]),
    "gecit_last_sweep_timestamp_seconds": (GaugeMetricFamily, "When inventories were last compared.", ["node", "home"]),
    "gecit_disk_free_bytes": (GaugeMetricFamily, "Free space where the node keeps its data.", ["node", "home"]),
    "gecit_disk_total_bytes": (GaugeMetricFamily, "Size of that disk.", ["node", "home"]),
    "gecit_certificate_end_timestamp_seconds": (
        GaugeMetricFamily,
        "When a certificate in use ends.",
        ["node", "home", "certificate"],
    ),
    "gecit_backup_due_timestamp_seconds": (
        GaugeMetricFamily,
        "By when the newest backup must be followed by another; 0 = there is none.",
        ["node", "home"],
    ),
    "gecit_incidents_open": (GaugeMetricFamily, "Incidents that are open.", []),
}

Labels = list[str]
Values = dict[str, list[tuple[Labels, Any]]]
"""By metric: labels and number; of a summary count and sum."""


class LedgerCollector(Collector):
    """Reads the ledger anew at each scrape, all but the counts of exams."""

    def __init__(self, conditions: Conditions, vitals: Vitals, clock: Clock) -> None:
        self._conditions, self._vitals, self._clock = conditions, vitals, clock
        self._lock = Lock()
        self._counted: tuple[datetime, dict[str, int]] | None = None

    def collect(self) -> Iterator[Metric]:
        """Yield every metric, those without a value too."""
        beats = self._conditions.beats()
        values = {**self._exams(), **self._outbox(), **_of_nodes(beats), **self._others()}
        for name, (kind, text, labels) in METRICS.items():
            family = kind(name, text, labels=labels)
            for at, value in values.get(name, ()):
                if isinstance(family, SummaryMetricFamily):
                    family.add_metric(at, *value)
                else:
                    family.add_metric(at, value)
            yield family

    def _exams(self) -> Values:
        counts = self._counts()
        found: Values = {"gecit_exams": [], "gecit_exams_billing": []}
        for name, number in sorted(counts.items()):
            what, _, value = name.partition(".")
            if what in ("exam", "billing") and value:
                found["gecit_exams" if what == "exam" else "gecit_exams_billing"].append(([value], number))
        return found

    def _counts(self) -> dict[str, int]:
        now = self._clock.now()
        with self._lock:
            if self._counted is None or now - self._counted[0] >= COUNT_AGAIN:
                self._counted = now, self._vitals.counts()
            return self._counted[1]

    def _outbox(self) -> Values:
        rows = self._conditions.backlog()
        return {
            "gecit_outbox_deliveries": [([one.destination, one.state], one.count) for one in rows],
            "gecit_outbox_oldest_timestamp_seconds": [
                ([one.destination, one.state], one.oldest.timestamp()) for one in rows
            ],
        }

    def _others(self) -> Values:
        still = [one for one in self._conditions.incidents(1000) if one.closed_at is None]
        heard = self._conditions.last_messages()
        return {
            "gecit_incidents_open": [([], len(still))],
            "gecit_node_silent_seconds": [([one.name], one.silent.total_seconds()) for one in self._conditions.nodes()],
            "gecit_institution_last_message_timestamp_seconds": [
                ([institution], at.timestamp()) for institution, at in sorted(heard.items())
            ],
        }


def _of_nodes(beats: Iterable[Beat]) -> Values:
    """Tell of each installation: the two of a pair have one name, and counters that are reset each for itself."""
    found: Values = {}
    for beat in beats:
        found.setdefault(LAST_BEAT, []).append(([beat.node, beat.home, beat.process], beat.at.timestamp()))
        for key, value in beat.detail.items():
            for name, labels, number in _detail(key, value, beat):
                found.setdefault(name, []).append(([beat.node, beat.home, *labels], number))
    return found


def _instant(text: str) -> float:
    return 0.0 if text == NEVER else datetime.fromisoformat(text).timestamp()


PLAIN: dict[str, tuple[str, Callable[[str], float]]] = {
    "changes behind": ("gecit_follower_behind_changes", float),
    "open studies": ("gecit_follower_open_studies", float),
    "last sweep": ("gecit_last_sweep_timestamp_seconds", _instant),
    "backup due": ("gecit_backup_due_timestamp_seconds", _instant),
    "disk free": ("gecit_disk_free_bytes", float),
    "disk total": ("gecit_disk_total_bytes", float),
}


def _detail(key: str, value: str | float, beat: Beat) -> Iterator[tuple[str, Labels, Any]]:
    """Say which metrics a detail of a sign of life is (`processes/work.py`, `processes/listen.py`)."""
    if key in PLAIN and value != "":
        name, read = PLAIN[key]
        yield name, [], read(str(value))
    elif key.startswith("answered "):
        yield "gecit_messages", [key.removeprefix("answered ")], value
    elif key.startswith("breaker "):
        yield "gecit_destination_up", [key.removeprefix("breaker ")], float(value == "closed")
    elif key.startswith(CERTIFICATE) and value != UNREADABLE:
        yield "gecit_certificate_end_timestamp_seconds", [key.removeprefix(CERTIFICATE)], _instant(str(value))
    elif key.startswith("delivered "):
        destination = key.removeprefix("delivered ")
        took = beat.detail.get(f"delivery seconds {destination}", 0.0)
        yield "gecit_delivery_seconds", [destination], (value, took)


def metrics(conditions: Conditions, vitals: Vitals, clock: Clock) -> Blueprint:
    """Build the route that Prometheus scrapes."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(LedgerCollector(conditions, vitals, clock))
    routes = Blueprint("metrics", __name__, url_prefix="/gecit")

    @routes.get("/metrics")
    @needs(Action.SEE_HEALTH)
    def scrape() -> Response:
        response = make_response(generate_latest(registry))
        response.content_type = CONTENT_TYPE_PLAIN_1_0_0
        return response

    return routes
