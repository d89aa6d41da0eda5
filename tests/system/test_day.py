"""The demo's day on a real node: verdicts, MEDULA, the report in the archive, the ledger's folding."""

import re
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
import requests

from gecit.core.exam import Billing
from gecit.core.facts import StudyKey
from gecit.core.verdict import Outcome, Status
from gecit.core.versions import Standing
from gecit.sandbox.day import PLOTS, exams_of_the_day
from gecit.sandbox.play import Result
from tests.support.hospital import Hospital, as_it_should, billable, hospital, read_json
from tests.support.node import HOME, free_ports
from tests.support.postgres import cluster

pytestmark = pytest.mark.system


class Day(NamedTuple):
    hospital: Hospital
    results: dict[str, Result]


def played(made: Hospital, folder: Path) -> Day:
    stories = exams_of_the_day(datetime.now(UTC))
    made.play(stories, folder)
    return Day(made, {one.story.id: one for one in made.results(stories)})


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def day(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    data = tmp_path_factory.mktemp(f"day-{request.param}")
    if request.param == "sqlite":
        with hospital(data) as made:
            yield played(made, data / "sent")
        return
    with cluster() as postgres, hospital(data, database=postgres.new_database()) as made:
        yield played(made, data / "sent")


def test_each_exam_ends_as_its_story_says(day: Day) -> None:
    assert len(day.results) == len(PLOTS) == 17
    as_it_should(list(day.results.values()), day.hospital.ledger)


@pytest.mark.parametrize(
    ("story", "failing"),
    [
        ("ct-without-dose", {"dose-report"}),
        ("report-by-non-radiologist", {"radiologist", "report-present"}),
        ("order-without-loinc", {"loinc-code"}),
        ("cancelled-order", {"order-active"}),
    ],
)
def test_an_exam_is_held_for_its_own_reason_only_and_says_who_mends_it(day: Day, story: str, failing: set[str]) -> None:
    verdict = day.results[story].verdict
    assert verdict
    found = [one for one in verdict.findings if one.status is Status.FAILED]
    assert verdict.outcome is Outcome.HOLD and {one.rule for one in found} == failing
    assert all(one.who and one.fix and one.fix.tr and one.fix.en for one in found)


def test_medula_knows_each_billable_exam_once_and_no_other(day: Day) -> None:
    assert day.hospital.effective() == billable(list(day.results.values()))
    told = day.hospital.inspect()["carried_out"]
    assert len(told) == len({str(one["key"]) for one in told})


def test_medula_was_never_told_of_an_exam_that_is_held(day: Day) -> None:
    held = {key for key, one in day.results.items() if one.story.outcome is Outcome.HOLD and key != "cancelled-order"}
    numbers = {day.results[one].story.order.key.accession for one in held}
    assert not numbers & {one["content"]["accession"] for one in day.hospital.inspect()["carried_out"]}
    assert {day.results[one].exam.billing for one in held if day.results[one].exam} == {Billing.UNTOLD}  # type: ignore[union-attr]


PDF, SR = "1.2.840.10008.5.1.4.1.1.104.1", "1.2.840.10008.5.1.4.1.1.88.11"


def of_class(made: Hospital, study: StudyKey, sop_class: str) -> list[str]:
    """The Orthanc ids of a study's instances of one class, in the order of their series numbers."""
    instances = made.node.get(f"/studies/{study.orthanc_id}/instances").json()
    ids = [one["ID"] for one in instances]
    found = [one for one in ids if made.node.get(f"/instances/{one}/metadata/SopClassUid").text == sop_class]
    return sorted(found, key=lambda one: int(made.node.get(f"/instances/{one}/simplified-tags").json()["SeriesNumber"]))


def pdf_of(made: Hospital, study: StudyKey) -> bytes:
    documents = of_class(made, study, PDF)
    assert len(documents) == 1, "one report, attached once"
    return made.node.get(f"/instances/{documents[0]}/pdf").content


def dumped(made: Hospital, instance: str) -> str:
    """A structured report as DCMTK reads it."""
    file = made.node.get(f"/instances/{instance}/file").content
    return subprocess.run(["dsrdump", "+Pl", "-"], input=file, capture_output=True, check=True).stdout.decode()


@pytest.mark.parametrize("story", ["clean-ct", "mr", "images-before-order", "ultrasound"])
def test_the_report_stands_in_the_study_with_all_its_turkish_letters(day: Day, story: str) -> None:
    result = day.results[story]
    assert result.exam and result.exam.studies and len(result.exam.attached) == 2
    pdf = pdf_of(day.hospital, result.exam.studies[0].facts.key)
    text = subprocess.run(
        ["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True
    ).stdout.decode()
    patient = result.story.order.patient
    shown = " ".join(text.split())
    assert patient.family in shown and patient.given in shown
    for signer in result.story.report.radiologists if result.story.report else ():
        assert signer.family in shown
    assert set("ğışçöü") <= set(shown.lower())
    [report] = of_class(day.hospital, result.exam.studies[0].facts.key, SR)
    read = dumped(day.hospital, report)
    assert f"{patient.family}^{patient.given}" in read
    assert "Verification Flag   : VERIFIED" in read and "Bulgular" in read


def test_a_corrected_report_stands_in_its_study_with_the_versions_before_it(day: Day) -> None:
    exam = day.results["corrected-report"].exam
    assert exam and [one.report.status.value for one in exam.reports] == ["P", "F", "C"]
    assert exam.standing == Standing(report=3) and exam.billing is Billing.TOLD
    study = exam.studies[0].facts.key
    read = [dumped(day.hospital, one) for one in of_class(day.hospital, study, SR)]
    flags = [re.findall(r"(?:Preliminary|Verification) Flag +: (\w+)", one) for one in read]
    assert flags == [["PRELIMINARY", "UNVERIFIED"], ["FINAL", "VERIFIED"], ["FINAL", "VERIFIED"]]
    assert ["Predecessor Docs" in one for one in read] == [False, True, True]
    assert "litik alan" in read[2] and "litik alan" not in read[1]
    pdfs = of_class(day.hospital, study, PDF)
    assert len(pdfs) == 3
    last = day.hospital.node.get(f"/instances/{pdfs[-1]}/pdf").content
    shown = subprocess.run(["pdftotext", "-", "-"], input=last, capture_output=True, check=True).stdout.decode()
    assert "tarihli kesin raporun yerine geçer" in " ".join(shown.split())


def test_an_addendum_is_read_together_with_its_report(day: Day) -> None:
    exam = day.results["addendum"].exam
    assert exam and exam.standing == Standing(report=1, addenda=(2,))
    study = exam.studies[0].facts.key
    added = dumped(day.hospital, of_class(day.hospital, study, SR)[-1])
    assert "tek lezyon izlendi" in added and "değişmemiştir" in added and "Ek rapor" in added
    uid = exam.studies[0].facts.study_instance_uid
    found = day.hospital.node.get(f"/dicom-web/studies/{uid}/series?Modality=SR").json()
    assert len(found) == 2, "QIDO finds both versions"


def test_our_own_reports_are_no_evidence_and_nothing_is_attached_twice(day: Day) -> None:
    for result in day.results.values():
        exam = result.exam
        assert exam
        assert len(exam.attached) == len(set(exam.attached))
        for one in exam.studies:
            tags = day.hospital.node.get(f"/studies/{one.facts.key.orthanc_id}/series").json()
            ours = [series for series in tags if series["MainDicomTags"].get("Manufacturer") == "Geçit"]
            assert len(ours) == len(exam.attached)
            assert not one.facts.unreadable


def test_a_refused_report_is_attached_nowhere(day: Day) -> None:
    exam = day.results["report-by-non-radiologist"].exam
    assert exam and exam.studies and not exam.attached and exam.refused_report
    assert exam.refused_report.refused_by == ("radiologist",)


def test_a_rebuilt_ledger_is_the_same(day: Day) -> None:
    done = day.hospital.gecit("ledger", "rebuild")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "identical state" in done.stdout


def test_the_node_says_that_it_is_well(day: Day) -> None:
    done = day.hospital.gecit("health", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    told = read_json(done.stdout)
    assert told["ok"] is True
    processes = {one["process"] for one in told["processes"]}  # type: ignore[attr-defined]
    assert processes == {"orthanc", "web", "listen", "work"}


def test_the_json_shows_the_verdict_to_who_signs_in_only(day: Day) -> None:
    key = day.results["ct-without-dose"].story.order.key
    path = f"/gecit/api/exams/{key.institution}/{key.accession}"
    assert day.hospital.node.get(path, signed_in=False).status_code == 401
    shown = day.hospital.node.get(path).json()["exam"]
    assert shown["outcome"] == "hold"
    [missing] = [one for one in shown["missing"] if one["rule"] == "dose-report"]
    assert missing["reason"]["tr"] and missing["reason"]["en"]


def test_no_patient_stands_in_the_log(day: Day) -> None:
    log = day.hospital.node.log_text()
    for one in day.results.values():
        patient = one.story.order.patient
        assert patient.tckn not in log
        assert not re.search(rf"\b{patient.family}\b", log)


@pytest.fixture
def ports() -> Callable[[], dict[str, str]]:
    names = ("GECIT_HTTP_PORT", "GECIT_DICOM_PORT", "GECIT_MLLP_PORT", "GECIT_WEB_PORT")
    return lambda: dict(zip(names, map(str, free_ports(4)), strict=True))


@pytest.mark.parametrize("protocol", ["Json", "Soap"])
def test_the_demo_plays_the_day_and_leaves_nothing_running(
    tmp_path: Path, ports: Callable[[], dict[str, str]], protocol: str
) -> None:
    chosen = ports()
    environ = {"PATH": f"{HOME}/.venv/bin:/usr/sbin:/usr/bin:/bin", "HOME": str(tmp_path), "DEMO_EXIT": "1", **chosen}
    environ["GECIT_DATA"] = str(tmp_path / "demo")
    environ["DEMO_MEDULA"] = protocol.lower()
    done = subprocess.run(
        [str(HOME / ".venv/bin/gecit"), "demo"],
        env=environ, cwd=HOME, capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("Durduruldu / stopped.\n")
    for story in exams_of_the_day(datetime.now(UTC)):
        assert story.name.tr in done.stdout and story.name.en in done.stdout
    assert done.stdout.count("karar / verdict") == len(PLOTS) + 1  # one exam before and after its exemption
    assert f"{len(PLOTS)}/{len(PLOTS)}" in done.stdout
    assert "duplicate-query-missing (failed)" in done.stdout and "duplicate-query-missing (excused)" in done.stdout
    assert "dose-report (failed)" in done.stdout
    assert "Kritik bulgu / a critical finding: D" in done.stdout, "something to do for the clinician"
    told = len([one for one in exams_of_the_day(datetime.now(UTC)) if one.outcome is Outcome.SUBMIT or one.announced])
    assert f"at the pretend MEDULA: {told} ({protocol})" in done.stdout
    for port in chosen.values():
        with pytest.raises(requests.ConnectionError):
            requests.get(f"http://127.0.0.1:{port}/", timeout=2)
