"""Plays one hospital's day on a running node: real HL7 by MLLP, real DICOM by DCMTK, and what came of each exam."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import requests

from ..core.exam import Billing, Exam
from ..core.exemptiondraft import Stretch
from ..core.issue import issued
from ..core.order import Order
from ..core.values import Value, local
from ..core.verdict import Outcome, Status, Verdict
from ..edges import hl7_build
from ..edges.store import SqlLedger, open_ledger
from ..ports import Institution
from ..steps.attach_report import documents_of
from .announcing import announce, seconds_excused
from .day import CRITICAL, INSTITUTION, Act, ExamStory, cancelled, exams_of_the_day, exams_to_read
from .errands import find_critical, open_to_physician
from .imaging import build_study
from .node import Running
from .people import become_patient

Say = Callable[[str], None]
PATIENCE_SECONDS = 90.0
CALLED = "127.0.0.1"
TRIES_ABOVE = 20
"""More than the client of the service above asks for one query."""
SIGNS = {Outcome.SUBMIT: "✔", Outcome.HOLD: "✘", Outcome.PENDING: "…"}


class Result(Value):
    """What came of one story."""

    story: ExamStory
    exam: Exam | None

    @property
    def verdict(self) -> Verdict | None:
        """The last verdict."""
        return self.exam.verdict if self.exam else None

    @property
    def as_expected(self) -> bool:
        """Whether outcome, failing rules, the report's versions and what MEDULA knows are what the story says."""
        if self.exam is None or self.verdict is None:
            return False
        failing = {one.rule for one in self.verdict.findings if one.status is Status.FAILED}
        excused = {one.rule for one in self.verdict.findings if one.status is Status.EXCUSED}
        told = self.exam.billing is Billing.TOLD
        return (
            self.verdict.outcome is self.story.outcome
            and set(self.story.failing) <= failing
            and set(self.story.excused) <= excused
            and told == (self.story.outcome is Outcome.SUBMIT)
            and self._reported(self.exam)
        )

    def _reported(self, exam: Exam) -> bool:
        """Whether every version was accepted, or refused for who signed it, and the documents of each are attached."""
        wanted = () if "radiologist" in self.story.failing else self.story.versions
        with_images = {one.facts.study_instance_uid for one in exam.studies if one.facts.images}  # copies share theirs
        due = [documents_of(exam, number, study) for number in issued(exam) for study in with_images]
        attached = len(exam.attached) == sum(map(len, due))
        return attached and tuple(one.report.status for one in exam.reports) == wanted


def play_day(node: Running, say: Say) -> bool:
    """Play the day, print each exam's verdict with its reasons, and say whether all is as it should be."""
    now = datetime.now(UTC)
    stories = exams_of_the_day(now)
    say("Bir hastane günü oynatılıyor / playing one hospital's day\n")
    with tempfile.TemporaryDirectory(prefix="gecit-demo-") as folder:
        player = Player(node, Path(folder))
        for story in stories:
            player.play(story)
            say(f"  {story.order.key.accession}  {story.name.tr} / {story.name.en}")
        say("\nOkuma listesine / for the reading list (/gecit/reading)")
        unread = exams_to_read(now)
        for story in unread:
            player.play(story)
            say(f"  {story.order.key.accession}  {story.name.tr} / {story.name.en}")
    say("")
    ledger = open_ledger(node.settings.database)
    try:
        results = wait_for(ledger, stories)
        _give_work(ledger, stories[0].order, next(one.order for one in unread if one.id == CRITICAL), say)
        for one in results:
            _tell(one, say)
        freed = _announce(node, ledger, [one.story for one in results if one.story.announced], say)
    finally:
        ledger.close()
    for one in freed:
        _tell(one, say)
    results = [one for one in results if not one.as_expected or not one.story.announced] + freed
    good = sum(one.as_expected for one in results)
    say(f"{good}/{len(results)} tetkik beklendiği gibi / exams as expected")
    say(_told(node))
    return good == len(results)


def _give_work(ledger: SqlLedger, first: Order, bleeding: Order, say: Say) -> None:
    """Leave something to do to the people of the demo: the citizen is the patient of `first`."""
    now = datetime.now(UTC)
    become_patient(ledger, first.patient.tckn, now)
    open_to_physician(ledger, first.key, first.patient.tckn, now)
    if find_critical(ledger, bleeding.key, now):
        say(f"Kritik bulgu / a critical finding: {bleeding.key.accession} (klinisyen)\n")


class Player:
    """Sends what a story says, as a hospital's systems would."""

    def __init__(self, node: Running, folder: Path, institution: Institution = INSTITUTION) -> None:
        """`institution`: the hospital, with the address that its HBYS speaks from and its PACS's AE title."""
        self._node, self._folder, self.institution = node, folder, institution
        speaks_from = institution.hl7_peers[0].partition("/")[0]
        self._source = "" if speaks_from == CALLED else speaks_from  # bound to where it calls, it may call itself

    def play(self, story: ExamStory) -> None:
        """Do everything of one story, in its order."""
        for act in story.acts:
            match act:
                case Act.ASK:
                    self.ask(story.order)
                case Act.ASK_IN_VAIN:
                    time.sleep(seconds_excused(self._node.settings, datetime.now(UTC)))
                    self._spoil({"next": ["500"] * TRIES_ABOVE})
                    self.ask(story.order)
                    self._spoil({})
                    story = ordered_now(story)
                case Act.ORDER:
                    self._send(hl7_build.order_message(story.order, self._envelope(story, "O")))
                case Act.CANCEL:
                    taken_back = cancelled(story.order, datetime.now(UTC))
                    self._send(hl7_build.order_message(taken_back, self._envelope(story, "C")))
                case Act.REPORT if story.report:
                    self._send(hl7_build.report_message(story.report, self._envelope(story, "R")))
                case Act.PRELIMINARY | Act.CORRECT | Act.ADD:
                    self._send(
                        hl7_build.report_message(story.others[act], self._envelope(story, act.value[:3].upper()))
                    )
                case Act.IMAGES:
                    self._store(story)

    def ask(self, order: Order) -> None:
        """Ask for earlier exams, as HBYS does before it orders; again where nobody answers."""
        question = {
            "MedulaInstitutionId": self.institution.medula_code,
            "PatientCitizenId": order.patient.tckn,
            "SutCode": order.procedures[0].sut,
            "DoctorCitizenId": order.physician.identifier,
        }
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self._answered(question):
            if time.monotonic() > deadline:
                raise RuntimeError("nobody answers duplicate queries")
            time.sleep(0.3)

    def _answered(self, question: dict[str, str]) -> bool:
        address = f"{self._node.settings.orthanc_url}/gecit/api/duplicates/previous-studies"
        head = {"Authorization": f"Bearer {self._node.token}"}
        try:
            return requests.post(address, json=question, headers=head, timeout=20).ok
        except requests.RequestException:
            return False

    def _spoil(self, how: dict[str, object]) -> None:
        requests.post(f"{self._node.sandbox}/duplicates/faults", json=how, timeout=10).raise_for_status()

    def _envelope(self, story: ExamStory, kind: str) -> hl7_build.Envelope:
        return hl7_build.Envelope(control_id=f"{kind}{story.order.key.accession}")

    def _send(self, message: bytes) -> bytes:
        port = self._node.settings.mllp_port
        [answer] = hl7_build.send(CALLED, port, [message], timeout=30, source=self._source)
        return answer

    def _store(self, story: ExamStory) -> None:
        files = build_study(
            story.images,
            order=story.order,
            institution=self.institution,
            folder=self._folder / story.id,
            with_dose=story.with_dose,
            slices=story.slices,
            serial=story.serial,
        )
        settings = self._node.settings
        store(files, settings.dicom_port, settings.dicom_aet, self.institution.aets[0])


def ordered_now(story: ExamStory) -> ExamStory:
    """Return the story with its order dated at this instant: inside the outage that has just been recorded."""
    return msgspec.structs.replace(story, order=msgspec.structs.replace(story.order, ordered_at=datetime.now(UTC)))


def _announce(node: Running, ledger: SqlLedger, stories: Sequence[ExamStory], say: Say) -> list[Result]:
    """Announce an exemption for today's outage, as the Ministry would, and wait for what it frees."""
    windows = announce(node.settings, ledger, datetime.now(UTC)) if stories else []
    if not windows:
        return []
    say(f"Muafiyet duyuruldu / an exemption is announced: {', '.join(_shown(one) for one in windows)}")
    revision = ledger.active_revision()[:12]
    say(f"Kural kitabı / rulebook {revision} yürürlükte; tetkikler yeniden değerlendiriliyor / re-judging\n")
    freed = [msgspec.structs.replace(one, outcome=Outcome.SUBMIT, failing=(), excused=one.failing) for one in stories]
    return wait_for(ledger, freed)


def _shown(stretch: Stretch) -> str:
    start, last = map(local, stretch)
    return f"{start:%d.%m.%Y %H:%M}-{last:%H:%M}"


def store(files: Sequence[Path], port: int, called: str, calling: str = INSTITUTION.aets[0]) -> None:
    """Send files by DCMTK's storescu; CalledProcessError where one was not stored."""
    command = ["storescu", "-aet", calling, "-aec", called, "127.0.0.1", str(port), *map(str, files)]
    environ = {**os.environ, "TCP_NODELAY": "1"}
    subprocess.run(command, check=True, env=environ, capture_output=True, timeout=120)


def wait_for(ledger: SqlLedger, stories: Sequence[ExamStory], patience: float = PATIENCE_SECONDS) -> list[Result]:
    """Wait until each story ended as expected and nothing moves any more, or patience ends."""
    deadline = time.monotonic() + patience
    while True:
        results = [Result(story=one, exam=ledger.read(lambda tx, one=one: tx.exam(one.order.key))) for one in stories]  # type: ignore[misc]
        if time.monotonic() > deadline or all(one.as_expected and not _moving(one.exam) for one in results):
            return results
        time.sleep(0.3)


def _moving(exam: Exam | None) -> bool:
    soon = datetime.now(UTC) + timedelta(minutes=10)
    return exam is not None and (exam.unsettled or (exam.judge_at is not None and exam.judge_at < soon))


def _tell(result: Result, say: Say) -> None:
    story, exam, verdict = result.story, result.exam, result.verdict
    mark = "" if result.as_expected else "   <-- BEKLENMEDİK / UNEXPECTED"
    if exam is None or verdict is None:
        say(f"? {story.order.key.accession}  {story.name.tr}: karar yok / no verdict{mark}\n")
        return
    say(f"{SIGNS[verdict.outcome]} {exam.key.accession}  {story.name.tr} / {story.name.en}{mark}")
    say(f"    karar / verdict : {verdict.outcome.value}")
    for one in verdict.findings:
        if one.status in (Status.FAILED, Status.EXCUSED, Status.CANNOT_TELL):
            reason = one.reason or one.title
            say(f"    {one.rule} ({one.status.value}): {reason.tr} / {reason.en}")
            if one.fix:
                say(f"        ne yapmalı / fix ({one.who}): {one.fix.tr} / {one.fix.en}")
    answer = f"{exam.medula_code} {exam.medula_message}".strip() or "-"
    say(f"    MEDULA          : {exam.billing.value} ({answer})")
    say(f"    rapor / report  : {_reports(exam)}\n")


def _reports(exam: Exam) -> str:
    """The versions with what is in force, and how many documents were made of them."""
    number = len(exam.reports)
    told = f"{number} kabul / accepted, {len(exam.attached)} belge / documents (PDF, SR)"
    if number < 2:
        return told
    status = [one.report.status.value for one in exam.reports]
    in_force = " + ".join(status[one - 1] for one in (exam.standing.report, *exam.standing.addenda) if one)
    return f"{' → '.join(status)}, yürürlükte / in force: {in_force}; {told}"


def _told(node: Running) -> str:
    answer = requests.get(f"{node.sandbox}/medula/inspect", timeout=10)
    exams = msgspec.json.decode(answer.content, type=dict).get("exams", [])
    return (
        "Taklit MEDULA'da geçerli bildirimi olan tetkik / exams with a notification in force at the pretend MEDULA: "
        f"{len(exams)} ({node.settings.medula.protocol})"
    )
