"""Nodes on one PostgreSQL ledger: HL7 comes to A and images to B, and A dies in mid-traffic.

Two of them; `NODES=4` has two more share the work.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import requests
import sqlalchemy as sa

from gecit.core.disclosures import Disclosure, Ground
from gecit.core.events import ReportAttached
from gecit.core.exam import Exam
from gecit.core.order import ExamKey
from gecit.core.share_links import Channel, ShareLink, Visit, account_of
from gecit.edges.audit_book import key_name
from gecit.edges.credentials import VISIT, new_token, token_digest
from gecit.edges.store import SqlLedger, open_ledger
from gecit.edges.store.schema import node as node_table
from gecit.ports.nodes import SILENT
from gecit.sandbox.day import ExamStory
from gecit.sandbox.play import Player
from gecit.steps.disclosing import disclose
from gecit.steps.watch_alike import CODE_LIST, SETTINGS
from tests.support.hospital import Hospital, as_it_should, billable, ready, stories_at
from tests.support.node import until
from tests.support.postgres import Cluster
from tests.support.province import KEY, Province, across, province

pytestmark = [pytest.mark.system, pytest.mark.postgres]

FIRST: list[str] = []  # accession number of an exam whose images lie at B
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


def followed(a: Hospital, b: Hospital, method: str, path: str) -> requests.Response:
    """Ask A, which leads to B, and return what B answers."""
    led = a.node.ask(method, path)
    assert led.status_code == 303
    assert led.headers["Location"].startswith(f"{b.node.url}/gecit/")
    answer = b.node.get(led.headers["Location"].removeprefix(b.node.url))
    assert answer.status_code == 200
    return answer


def by_link(ledger: SqlLedger, exam: Exam) -> str:
    """Return the cookie of somebody who showed a patient's link of that exam, and its code, a moment ago."""
    now, value, number = ledger.database_time(), new_token(), "a" * 16
    until = now + timedelta(hours=1)
    opened = Disclosure(
        id=number, ground=Ground.CONSENT, reference=number, since=now - timedelta(minutes=1), until=until,
        account=account_of(number), patient=exam.patient.tckn, exams=(exam.key,),
    )  # fmt: skip
    ledger.write(lambda tx: disclose(tx, opened, "hasta", now))
    link = ShareLink(
        id=number, digest=token_digest("x"), patient=exam.patient.tckn, disclosure=number, channel=Channel.EMAIL,
        address="yakin@ornek.example", made_at=now,
    )  # fmt: skip
    ledger.write(lambda tx: tx.add_share_link(link))
    ledger.write(lambda tx: tx.add_visit(Visit(digest=token_digest(value), link=number, expires_at=until), now))
    return value


def found(pattern: str, text: str) -> str:
    one = re.search(pattern, text)
    assert one, pattern
    return one.group(1)


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


def test_a_study_that_lies_at_both_nodes_counts_once(both: Province, tmp_path: Path) -> None:
    """A PACS that sends to a second node as well: as many images as before, the same verdict, and both are named."""
    a, b = both["A"], both["B"]
    played = stories(45)[1:2]
    Player(across(hl7=a, images=b), tmp_path).play(played[0])
    [before] = a.results(played)
    assert before.exam
    key = before.exam.key
    files = sorted((tmp_path / played[0].id).rglob("*.dcm"))
    assert len(files) >= before.exam.images > 0
    assert a.store(*files) == 0

    def twice() -> bool:
        exam = a.ledger.read(lambda tx: tx.exam(key))
        return bool(exam) and {one.facts.key.node for one in exam.studies} == {"A", "B"}

    until(twice, 60, "the exam knows the study at both nodes")
    [after] = b.results(played)
    assert after.exam
    assert after.exam.images == before.exam.images
    uids = [one.series_instance_uid for one in after.exam.series]
    assert len(uids) == len(set(uids)), "reports have become series meanwhile; each stands there once"
    as_it_should([after], b.ledger)
    assert told(a, played) == {accession: 1 for _, accession in billable([after])}
    page = a.node.get(f"/gecit/exams/{key.institution}/{key.accession}", headers={"Accept": "text/html"}).text
    assert set(re.findall(r"<dt>Düğüm</dt>\s*<dd[^>]*>([AB])</dd>", page)) == {"A", "B"}


def test_who_asks_at_one_node_for_images_of_another_is_led_there(both: Province, tmp_path: Path) -> None:
    """The zip, the viewer by UID, and whoever came by a patient's link, up to a picture's metadata at B's own door."""
    a, b = both["A"], both["B"]
    played = stories(90)[1:2]
    Player(across(hl7=a, images=b), tmp_path).play(played[0])
    [result] = a.results(played)
    exam = result.exam
    assert exam
    FIRST.append(exam.key.accession)
    uid, path = exam.studies[0].facts.study_instance_uid, f"{exam.key.institution}/{exam.key.accession}"
    followed(a, b, "GET", f"/gecit/ohif/viewer?StudyInstanceUIDs={uid}")
    page = followed(a, b, "POST", f"/gecit/own/images/{path}")
    assert f'action="/gecit/own/images/{path}"' in page.text, "its button stands there"

    visit = by_link(a.ledger, exam)
    shown: dict[str, Any] = {"signed_in": False, "headers": {"Accept": "text/html", "Cookie": f"{VISIT}={visit}"}}
    led = a.node.get(f"/gecit/viewer/{path}", **shown)
    there = unescape(found(r'http-equiv="refresh" content="0; url=([^"]+)"', led.text)).removeprefix(b.node.url)
    back = b.node.get(there, signed_in=False, headers={"Accept": "text/html"})
    assert back.headers["Location"].startswith(f"{a.node.url}/gecit/link/over?")
    over = a.node.get(back.headers["Location"].removeprefix(a.node.url), **shown).text
    form = {name: unescape(found(f'name="{name}" value="([^"]+)"', over)) for name in ("ticket", "until", "next")}
    taken = b.node.ask("POST", "/gecit/link/over", signed_in=False, data=form, headers={"Origin": a.node.url})
    assert taken.headers["Location"] == f"/gecit/viewer/{path}"
    cookie = {"Cookie": f"{VISIT}={taken.cookies[VISIT]}"}
    assert taken.cookies[VISIT] != visit
    opened = b.node.get(taken.headers["Location"], signed_in=False, headers=cookie)
    assert opened.headers["Location"].startswith(f"/gecit/ohif/viewer?StudyInstanceUIDs={uid}")
    series = exam.studies[0].facts.series[0].series_instance_uid
    metadata = f"/dicom-web/studies/{uid}/series/{series}/metadata"
    assert b.node.get(metadata, signed_in=False, headers=cookie).status_code == 200
    assert b.node.get("/gecit/api/exams", signed_in=False, headers=cookie).status_code == 403


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
    keys = {(one.node, one.detail.get("audit key")) for one in a.ledger.beats() if one.process == "work"}
    assert keys == {("A", key_name(KEY)), ("B", key_name(KEY))}
    alike = [
        {key: value for key, value in one.detail.items() if key.startswith(CODE_LIST) or key == SETTINGS}
        for one in a.ledger.beats()
        if one.process == "work"
    ]
    assert {f"{CODE_LIST}loinc", SETTINGS} <= alike[0].keys()
    assert all(one == alike[0] for one in alike)


def test_a_ledger_that_is_lost_is_put_back_at_either_node_and_the_images_of_both_stay(
    both: Province, postgres: Cluster, tmp_path: Path
) -> None:
    """The runbook's "Database lost": of the newest backup of any node, the ledger alone."""
    a, b = both["A"], both["B"]
    early, late = stories(540)[1:2], stories(720)[1:2]
    Player(across(hl7=a, images=b), tmp_path / "early").play(early[0])
    a.results(early)
    done = a.gecit("backup", str(tmp_path / "backup"))
    assert done.returncode == 0, done.stderr
    Player(across(hl7=a, images=b), tmp_path / "late").play(late[0])
    once = {accession: 1 for _, accession in billable([*a.results(early), *a.results(late)])}
    assert told(a, [*early, *late]) == once

    empty = postgres.new_database()
    for one in both.nodes.values():
        one.node.end()
        one.ledger.close()
        one.node.database = one.node.environ["ORTHANC__GECIT__DATABASE"] = empty
    pictures = sorted(path.name for path in (b.folder / "orthanc").rglob("*") if path.is_file())
    restored = b.gecit("restore", "--ledger-only", str(tmp_path / "backup"))
    assert restored.returncode == 0, restored.stderr
    assert sorted(path.name for path in (b.folder / "orthanc").rglob("*") if path.is_file()) == pictures
    for one in both.nodes.values():
        one.ledger = open_ledger(empty)
        one.node.start()
    for one in both.nodes.values():
        ready(one)
    Player(across(hl7=a, images=b), tmp_path / "again").play(late[0])  # what is there already counts once
    results = [*a.results(early, 90), *a.results(late, 90)]
    as_it_should(results, a.ledger)
    until(lambda: a.ledger.deliveries(state="unknown") == [], 90, "what was in doubt is asked for")
    assert told(a, [*early, *late]) == once
    for one in both.nodes.values():
        assert one.gecit("audit", "verify").returncode == 0
        assert one.gecit("ledger", "verify").returncode == 0


def test_a_second_node_of_a_name_does_not_start(both: Province) -> None:
    a, b = both["A"], both["B"]
    b.node.stop()
    b.node.environ["GECIT_NAME"] = "A"
    b.node.start()
    assert b.node.process
    assert b.node.process.wait(60) == 1, "else systemd takes it for one that was stopped"
    assert not list((b.node.data / "orthanc").glob("index-*")), "Orthanc closed its index before"
    assert "Not started: another node called A runs on this ledger" in b.node.log_text()
    assert a.node.get("/gecit/api/live").status_code == 200
    old = a.ledger.database_time() - SILENT - timedelta(seconds=5)
    with a.ledger.engine.begin() as connection:  # B is not there, and a minute is long
        connection.execute(sa.update(node_table).where(node_table.c.name == "B").values(beat_at=old))
    exam = next(one for one in a.ledger.find_exams(FIRST[0]) if one.studies)
    uid, path = exam.studies[0].facts.study_instance_uid, f"{exam.key.institution}/{exam.key.accession}"
    asked = (
        ("GET", f"/gecit/viewer/{path}"),
        ("GET", f"/gecit/ohif/viewer?StudyInstanceUIDs={uid}"),
        ("POST", f"/gecit/own/images/{path}"),
    )
    for method, address in asked:
        answer = a.node.ask(method, address)
        assert answer.status_code == 503, address
        assert "B düğümü yanıt vermiyor" in answer.text, address
