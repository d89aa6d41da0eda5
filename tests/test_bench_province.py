"""Several nodes on one ledger beside as many bare Orthancs run and have their figures. How fast, no test says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from bench import corpus, ingest, nodes, province
from bench.corpus import Case, Sent
from bench.province import Group

from .test_bench_way import told

TINY = Case(name="tiny", edge=16, studies=4, series=1, slices=2)


class Silent(nodes.Node):
    """Keeps what it is told to expect."""

    def __init__(self, records: bool) -> None:
        self.http = self.dicom = self.mllp = 0
        self.expected: list[str] = []
        self.waited: list[str] = []
        self._records = records

    @property
    def records(self) -> bool:
        return self._records

    def expect(self, studies: Sequence[Sent]) -> None:
        self.expected = [one.order.key.accession for one in studies]

    def wait_recorded(self, studies: Sequence[Sent]) -> None:
        self.waited = [one.order.key.accession for one in studies]


def test_each_node_waits_for_what_is_sent_to_it_and_every_study_goes_to_one(tmp_path: Path) -> None:
    studies = corpus.write(TINY, tmp_path)
    accessions = [one.order.key.accession for one in studies]
    members = [Silent(True), Silent(True), Silent(True)]
    group = Group(members, None)
    group.expect(studies)
    group.wait_recorded(studies)
    assert [one.expected for one in members] == [[accessions[0], accessions[3]], [accessions[1]], [accessions[2]]]
    assert [one.waited for one in members] == [one.expected for one in members]
    assert group.records
    assert not Group([Silent(False)], None).records
    assert group.ledger_cpu() == 0.0


def test_no_port_is_given_to_two_nodes_that_start_at_once() -> None:
    given = [nodes._free_ports(4) for _ in range(50)]
    assert len({port for some in given for port in some}) == 200


def test_rounds_change_their_order_and_keep_the_run_apart_from_its_anchor() -> None:
    seen: list[str] = []

    class Seen:
        elsewhere = 0.0

        def __init__(self, kind: str) -> None:
            self.kind = kind
            seen.append(kind)

    rounds = ingest.interleaved(3, Seen)
    assert "".join(seen) == "gbbbgbbbg"
    assert [[one.kind for one in three] for three in rounds] == [["g", "b", "b"]] * 3


@pytest.mark.system
@pytest.mark.postgres
def test_a_few_files_give_every_figure_of_two_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is not accepted ends the bench; so does a study that is not on record."""
    monkeypatch.setattr(ingest, "QUIET", 1.0)
    lines = told(province.images(2, 1, 0, TINY))
    assert_figures(lines, "2-nodes", {"rate", "rate-with-settle-wait", "rate-of-answers"}, {"cpu-all", "cpu-orthanc"})
    assert lines["2-nodes", "rate"]["anchor_is"] == "as many bare Orthancs, 2"


@pytest.mark.system
@pytest.mark.postgres
def test_a_few_messages_give_every_figure_of_two_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that is not accepted ends the bench."""
    monkeypatch.setattr(ingest, "QUIET", 1.0)
    monkeypatch.setattr(province, "WARM_UP", 4)
    lines = told(province.messages(2, 1, 0, 16))
    timed = {"messages", "messages-p99", "connections-at-rest", "connections-peak"}
    assert_figures(lines, "2-nodes", timed, {"messages-cpu-all", "messages-cpu-ledger"})
    at_rest, peak = (lines["2-nodes", f"connections-{one}"] for one in ("at-rest", "peak"))
    assert at_rest["value"]["median"] >= 2  # type: ignore[index]
    assert at_rest["value"]["median"] <= peak["value"]["median"] <= peak["anchor"]["median"] == 120  # type: ignore[index]
    assert lines["2-nodes", "messages"]["anchor_is"] == "one node, its ledger on PostgreSQL too"


def assert_figures(lines: dict[tuple[str, str], dict[str, object]], case: str, times: set[str], cpu: set[str]) -> None:
    """All that is timed is there; processor time of so little may be nothing, in hundredths of a second."""
    assert {one for one, _ in lines} == {case}
    assert times <= {figure for _, figure in lines} <= times | cpu
    assert all(one["value"]["median"] > 0 for one in lines.values())  # type: ignore[index]
