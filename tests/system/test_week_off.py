"""A node that was off for a week catches up: images, messages, deliveries, judging, an exemption, what nobody read.

When it has stopped, all that it knows is made a week older. Then Orthanc runs without Geçit, and takes images.
"""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from gecit.core.events import CriticalMarked
from gecit.core.exam import Billing
from gecit.core.values import local
from gecit.core.verdict import Outcome, Status
from gecit.edges import hl7_build
from gecit.sandbox.day import INSTITUTION, Act, ExamStory, exams_of_the_day
from gecit.sandbox.imaging import build_study
from tests.support.hospital import Hospital, as_it_should, hospital, order_of, ready
from tests.support.node import ORTHANC, until
from tests.support.older import make_older

pytestmark = pytest.mark.system

WEEK = 7


def by_id(stories: list[ExamStory]) -> dict[str, ExamStory]:
    return {one.id: one for one in stories}


@contextmanager
def orthanc_alone(made: Hospital, folder: Path) -> Iterator[None]:
    """Run the node's Orthanc without the plugin: its index, its files, its ports."""
    place = str(made.folder / "orthanc")
    configuration = {
        "Name": "Gecit", "StorageDirectory": place, "IndexDirectory": place, "HttpPort": made.node.http,
        "DicomPort": made.node.dicom, "DicomAet": "GECIT", "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False, "DicomAlwaysAllowStore": True, "DicomModalitiesInDatabase": True,
    }  # fmt: skip
    file = folder / "alone.json"
    file.write_text(json.dumps(configuration))
    with (folder / "alone.log").open("wb") as log:
        process = subprocess.Popen([ORTHANC, str(file)], env=made.node.environ, stdout=log, stderr=log)
    try:
        until(lambda: made.node.get("/system", signed_in=False).ok if _answers(made) else False, 30, "Orthanc answers")
        yield
    finally:
        process.terminate()
        process.wait(30)


def _answers(made: Hospital) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", made.node.http)) == 0


def announce(made: Hospital, ordered_at: datetime) -> None:
    """Put an exemption into the site's rules and in force, as a person does on a node that is off."""
    hour = timedelta(hours=1)
    first, last = (local(ordered_at + shift).strftime("%Y-%m-%dT%H:%M:00") for shift in (-hour, hour))
    (made.folder / "site-rules" / "exemptions" / "loinc-week.toml").write_text(
        'id = "loinc-week"\nexcuses = ["loinc-code"]\ndated_by = "order_date"\n'
        'title.tr = "Deneme muafiyeti"\ntitle.en = "A trial exemption"\nreading = "trial"\n'
        f"[[window]]\nfrom = {first}\nlast = {last}\npublished = {local(ordered_at).date()}\n"
        'source = { kind = "notice", title = "Deneme" }\n',
        encoding="utf-8",
    )
    done = made.gecit("rules", "activate")
    assert done.returncode == 0, done.stderr


def pictures(story: ExamStory, folder: Path) -> list[Path]:
    return build_study(
        story.images, order=story.order, institution=INSTITUTION, folder=folder, slices=story.slices,
        with_dose=story.with_dose,
    )  # fmt: skip


def test_a_node_that_was_off_for_a_week_catches_up(tmp_path: Path) -> None:
    begun = datetime.now(UTC)
    stories = by_id(exams_of_the_day(begun))
    done = [stories[one] for one in ("clean-ct", "ultrasound", "x-ray")]
    late_images, late_report, new_exam = stories["mammography"], stories["mr"], stories["images-before-order"]
    excused, untold = stories["order-without-loinc"], stories["corrected-report"]
    with hospital(tmp_path / "data") as made:
        # A week ago
        made.play([*done, excused], tmp_path / "then")
        as_it_should(made.results([*done, excused], 90), made.ledger)
        medula = made.world["/medula"]
        medula.spoil(1.0, ["503"])
        made.play([untold], tmp_path / "untold")
        made.play([replace(late_images, acts=(Act.ORDER, Act.REPORT))], tmp_path / "no images")
        made.play([replace(late_report, acts=(Act.ASK, Act.ORDER, Act.IMAGES))], tmp_path / "no report")
        until(lambda: billing(made, untold) is Billing.QUEUED, 60, "a notification waits for MEDULA")
        until(lambda: (found := made.exam(late_report.order.key)) and found.images, 60, "the images are there")
        until(lambda: all((found := made.exam(one.order.key)) and found.verdict for one in (late_images, late_report)),
              60, "both are judged")  # fmt: skip
        marked = CriticalMarked(at=begun, exam=done[0].order.key, text="Deneme", by="ayse")
        made.ledger.write(lambda tx: tx.append(marked))
        made.node.stop()
        make_older(made.folder, WEEK)
        assert judged_at(made, late_report) < begun - timedelta(days=WEEK - 1)

        # Meanwhile
        with orthanc_alone(made, tmp_path):
            for story in (late_images, new_exam):
                assert made.store(*pictures(story, tmp_path / f"late {story.id}")) == 0
        ordered = made.exam(excused.order.key)
        assert ordered and ordered.order and ordered.order.ordered_at
        announce(made, ordered.order.ordered_at)
        told_before = made.effective()

        # Today
        medula.stop()
        made.node.start()
        ready(made)
        assert new_exam.report and late_report.report
        queue = [
            order_of(new_exam.order),
            *(hl7_build.report_message(one.report, hl7_build.Envelope(control_id=f"W{one.id}"))
              for one in (new_exam, late_report) if one.report),
        ]  # fmt: skip
        for message in queue:  # what the HBYS had kept back
            assert made.say(message).code == "AA"
        freed = replace(excused, outcome=Outcome.SUBMIT, failing=(), excused=("loinc-code",))
        everything = [*done, late_images, late_report, untold, freed, new_exam]
        results = made.results(everything, 120)
        as_it_should([one for one in results if one.story.id != new_exam.id], made.ledger)
        last = made.exam(new_exam.order.key)
        assert last and last.verdict and last.images == new_exam.slices and last.reports
        assert judged_at(made, late_report) > begun
        until(lambda: critical_incidents(made), 60, "what nobody read for a week is an incident")
        keys = [one["key"] for one in made.inspect()["carried_out"]]
        assert len(keys) == len(set(keys)) and set(told_before) < set(made.effective())
        with_loinc = [one for one in made.exam(excused.order.key).verdict.findings if one.rule == "loinc-code"]  # type: ignore[union-attr]
        assert [one.status for one in with_loinc] == [Status.EXCUSED]
        assert made.gecit("ledger", "rebuild").returncode == 0
        assert made.gecit("audit", "verify").returncode == 0


def billing(made: Hospital, story: ExamStory) -> Billing | None:
    found = made.exam(story.order.key)
    return found.billing if found else None


def judged_at(made: Hospital, story: ExamStory) -> datetime:
    found = made.exam(story.order.key)
    assert found and found.verdict
    return found.verdict.judged_at


def critical_incidents(made: Hospital) -> list[str]:
    found = made.ledger.read(lambda tx: tx.open_incidents())
    return [one.key for one in found if one.key.startswith("critical:")]
