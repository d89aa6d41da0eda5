"""MEDULA over SOAP on a real node: told, withdrawn, mended from the command line, whatever dies meanwhile."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
from msgspec.structs import replace

from gecit.core.exam import Billing
from gecit.core.order import ExamKey
from gecit.sandbox.day import OTHER_PHYSICIAN, ExamStory, cancelled
from gecit.sandbox.node import PHYSICIANS
from tests.support.hospital import Hospital, hospital, order_of, read_json, stories_at
from tests.support.node import until

pytestmark = pytest.mark.system

SECONDS = 40
QUICK = {"ORTHANC__GECIT__MEDULA__TIMEOUT_SECONDS": "0.7"}  # a lease outlasts eight of them
hours = count(1)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    with hospital(tmp_path_factory.mktemp("soap"), QUICK, protocol="Soap") as made:
        yield made


@pytest.fixture
def story() -> ExamStory:
    """An ultrasound that passes, hours away from every other."""
    return next(one for one in stories_at(next(hours) * 180) if one.id == "ultrasound")


def stands(node: Hospital, key: ExamKey, billing: Billing) -> None:
    def now() -> bool:
        exam = node.exam(key)
        return exam is not None and exam.billing is billing

    until(now, SECONDS, f"{key} stands as {billing.value}")


def rows(node: Hospital, key: ExamKey) -> list[dict[str, object]]:
    return [one for one in node.inspect()["rows"] if one["accession"] == key.accession]


def test_an_exam_is_told_by_its_row_and_withdrawn_by_its_number_when_the_order_is_cancelled(
    node: Hospital, story: ExamStory, tmp_path: Path
) -> None:
    key = story.order.key
    node.play([story], tmp_path)
    stands(node, key, Billing.TOLD)
    exam, (row,) = node.exam(key), rows(node, key)
    assert exam and [one.number for one in exam.registered] == [str(row["number"])]
    assert (row["modality"], row["sut"]) == ("US", story.order.procedures[0].sut)
    assert node.say(order_of(cancelled(story.order, datetime.now(UTC)), f"C{key.accession}")).code == "AA"
    stands(node, key, Billing.WITHDRAWN)
    assert rows(node, key) == []


def test_a_physician_who_is_missing_parks_it_until_the_list_is_imported_and_it_is_retried(
    node: Hospital, story: ExamStory, tmp_path: Path
) -> None:
    without = tmp_path / "physicians.csv"
    with PHYSICIANS.open(encoding="utf-8") as file, without.open("w", encoding="utf-8") as shorter:
        lines = list(csv.reader(file))
        csv.writer(shorter).writerows(one for one in lines if one[0] != OTHER_PHYSICIAN.identifier)
    assert node.gecit("codes", "import", "physicians", str(without)).returncode == 0
    order = replace(story.order, physician=OTHER_PHYSICIAN)
    key = order.key
    node.play([replace(story, order=order)], tmp_path / "images")
    stands(node, key, Billing.REFUSED)
    (parked,) = read_json(node.gecit("outbox", "list", "--state", "parked", "--json").stdout)
    shown = node.gecit("outbox", "show", str(parked["id"])).stdout  # type: ignore[index]
    assert "GECIT-NO-PHYSICIAN" in shown and "gecit codes import physicians" in shown
    assert OTHER_PHYSICIAN.identifier not in shown and order.patient.tckn not in shown
    assert node.gecit("codes", "import", "physicians", str(PHYSICIANS)).returncode == 0
    assert node.gecit("outbox", "retry", "--code", "GECIT-NO-PHYSICIAN").returncode == 0
    stands(node, key, Billing.TOLD)
    assert len(rows(node, key)) == 1


@pytest.mark.parametrize("fault", ["hang-before", "hang-after"])
def test_work_killed_while_the_answer_is_out_tells_it_once(
    node: Hospital, story: ExamStory, tmp_path: Path, fault: str
) -> None:
    key = story.order.key
    before = node.inspect()["rows"]
    node.world["/medula"].plan(fault)
    spoilt = len(node.world["/medula"].spoilt)
    node.play([story], tmp_path)
    until(lambda: len(node.world["/medula"].spoilt) > spoilt, SECONDS, "the fault is played")
    node.node.children()["work"].kill()
    stands(node, key, Billing.TOLD)
    assert len(rows(node, key)) == 1 and len(node.inspect()["rows"]) == len(before) + 1


def test_neither_patient_physician_nor_password_stands_in_the_log(node: Hospital) -> None:
    log = node.node.log_text()
    password = (node.folder / "medula-password.secret").read_text()
    assert log and not [one for one in (password, OTHER_PHYSICIAN.identifier, "70278") if one in log]
