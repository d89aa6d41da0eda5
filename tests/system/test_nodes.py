"""Nodes on one PostgreSQL ledger: HL7 comes to A and images to B, and A dies in mid-traffic.

Two of them; `NODES=4` has two more share the work.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from gecit.core.events import ReportAttached
from gecit.core.order import ExamKey
from gecit.sandbox.day import ExamStory
from gecit.sandbox.play import Player
from tests.support.hospital import Hospital, as_it_should, billable, ready, stories_at
from tests.support.node import until
from tests.support.postgres import Cluster
from tests.support.province import Province, across, province

pytestmark = [pytest.mark.system, pytest.mark.postgres]

CHOSEN = ("ct-without-dose", "ultrasound", "x-ray")


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, postgres: Cluster) -> Iterator[Province]:
    names = tuple("ABCDEFGH"[: int(os.environ.get("NODES", "2"))])
    with province(tmp_path_factory.mktemp("province"), postgres, names) as made:
        yield made


def stories(minutes_ago: int) -> list[ExamStory]:
    return [one for one in stories_at(minutes_ago) if one.id in CHOSEN]


def told(made: Hospital, wanted: Sequence[ExamStory]) -> Counter[str]:
    """Count what the pretend MEDULA has carried out, by accession number."""
    numbers = {one.order.key.accession for one in wanted}
    done = (str(one["content"]["accession"]) for one in made.inspect()["carried_out"])
    return Counter(one for one in done if one in numbers)


def attached(made: Hospital, key: ExamKey) -> list[ReportAttached]:
    return [one for one in made.ledger.timeline(key) if isinstance(one, ReportAttached)]


def test_orders_at_one_node_and_images_at_another_are_one_exam(both: Province, tmp_path: Path) -> None:
    a, b = both["A"], both["B"]
    played = stories(0)
    player = Player(across(hl7=a, images=b), tmp_path)
    for one in played:
        player.play(one)
    results = a.results(played)
    as_it_should(results, a.ledger)
    once = {accession: 1 for _, accession in billable(results)}
    assert told(a, played) == once
    for one in results:
        assert one.exam
        assert {linked.facts.key.node for linked in one.exam.studies} == {"B"}
        assert attached(a, one.exam.key)
    assert b.ledger.deliveries(state="parked") == []
    here = a.node.get(f"/gecit/viewer/{results[0].story.order.key.institution}/{results[0].story.order.key.accession}")
    assert here.status_code == 303
    assert here.headers["Location"].startswith(f"{b.node.url}/gecit/viewer/")
    there = b.node.get(here.headers["Location"].removeprefix(b.node.url))
    assert there.headers["Location"].startswith("/gecit/ohif/viewer?StudyInstanceUIDs=")


def test_a_dead_nodes_work_is_done_by_the_other_and_nothing_is_told_twice(both: Province, tmp_path: Path) -> None:
    a, b = both["A"], both["B"]
    played = stories(180)
    a.world["/medula"].spoil(1.0, ["hang-after"])  # MEDULA carries out and does not answer: who waited dies
    player = Player(across(hl7=a, images=b), tmp_path)
    for one in played:
        player.play(one)
    until(lambda: told(a, played), 60, "MEDULA has carried something out")
    work = a.node.children()["work"]
    assert a.node.process
    a.node.process.kill()
    work.kill()
    a.node.process.wait()
    a.world["/medula"].stop()
    results = b.results(played, 90)
    as_it_should(results, b.ledger)
    once = {accession: 1 for _, accession in billable(results)}
    assert told(b, played) == once
    assert b.ledger.deliveries(state="parked") == []
    a.node.start()
    ready(a)
    back = stories(360)[1:2]
    Player(across(hl7=b, images=a), tmp_path / "back").play(back[0])
    results = b.results(back)
    as_it_should(results, b.ledger)
    assert told(b, [*played, *back]) == {**once, **{accession: 1 for _, accession in billable(results)}}
    until(lambda: all(one.up for one in a.ledger.nodes()), 30, "both nodes are seen")


def test_a_second_node_of_a_name_does_not_start(both: Province) -> None:
    a, b = both["A"], both["B"]
    b.node.stop()
    b.node.environ["GECIT_NAME"] = "A"
    b.node.start()
    assert b.node.process
    b.node.process.wait(60)
    assert "Not started: another node called A runs on this ledger" in b.node.log_text()
    assert a.node.get("/gecit/api/live").status_code == 200
