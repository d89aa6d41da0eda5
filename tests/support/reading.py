"""An exam that waits to be read, who may read it, and what a signature needs. Made up, every one."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from gecit.core import order as o
from gecit.core.access import Person, Role
from gecit.core.draft import Draft
from gecit.core.events import OrderPlaced, RegistryAnswer, StudyLinked
from gecit.core.judge import Compiled
from gecit.core.order import ExamKey
from gecit.core.profile import Profile
from gecit.core.reading import Act, Limits
from gecit.core.report import ReportPart
from gecit.edges import hl7_profile
from gecit.edges.store import SqlLedger
from gecit.ports import Institution, Receiver
from gecit.steps import read_exam, sign_report
from gecit.steps.sign_report import Judged, Signing

from .flow import FINDINGS, HOSPITAL, JUDGING, START, key, order, study

RULES = Path(__file__).parents[2] / "rules"
PROFILES: dict[str, Profile] = {one.stem: hl7_profile.load(one) for one in sorted((RULES / "profiles").glob("*.toml"))}
NOW = START + timedelta(hours=2)
LIMITS = Limits()
AYSE = Person(name="ayse", roles=(Role.RADIOLOGIST,), institution=HOSPITAL.skrs)
BORA = Person(name="bora", roles=(Role.RADIOLOGIST,), institution=HOSPITAL.skrs)
FAR = Person(name="uzak", roles=(Role.RADIOLOGIST,), institution="910009")
NUMBERS = {"ayse": "10000090178", "bora": "10000090246", "uzak": "10000090314"}
JUDGED = Judged(PROFILES["ministry"], Compiled(JUDGING.rulebook, JUDGING.context))
CONCLUSION = "Patolojik bulgu saptanmadı. Klinik bulgularla birlikte değerlendirilmesi önerilir."


def registry() -> dict[str, RegistryAnswer]:
    return {one: RegistryAnswer(identifier=one, known=True, radiologist=True) for one in NUMBERS.values()}


def signer(person: Person) -> o.Person:
    return o.Person(identifier=NUMBERS[person.name], family=person.name.upper(), given="Deneme")


def wait_for_reader(ledger: SqlLedger, accession: str = "A1", **differs: Any) -> ExamKey:
    """Put an exam with its order and pictures there."""
    one = order(accession, **{"clinical_information": "Baş ağrısı", **differs})

    def work(tx: Any) -> None:
        tx.append(OrderPlaced(at=START, exam=one.key, order=one, message=1))
        facts = study(accession, accession)
        tx.append(StudyLinked(at=START, exam=one.key, facts=facts, path="accession"))

    ledger.write(work)
    return one.key


def take(ledger: SqlLedger, person: Person, exam: ExamKey | None = None, act: Act = Act.TAKE, at: Any = NOW) -> Any:
    return ledger.write(lambda tx: read_exam.take(tx, exam or key(), person, LIMITS, at, act))


def write(
    ledger: SqlLedger, person: Person, findings: str = FINDINGS, exam: ExamKey | None = None, at: Any = NOW
) -> Draft:
    """Save what a report needs, over what was saved before."""
    exam = exam or key()
    before = ledger.read(lambda tx: tx.draft(exam, person.name))
    parts = {ReportPart.FINDINGS: findings, ReportPart.CONCLUSION: CONCLUSION}
    draft = replace(before or Draft(exam=exam, author=person.name), parts=parts)
    draft = replace(draft, request_reason_rating=4, image_quality_rating=5)
    return ledger.write(lambda tx: read_exam.save(tx, draft, person, at))


def sign(
    ledger: SqlLedger, person: Person, act: Act = Act.SIGN, exam: ExamKey | None = None, at: Any = NOW, **differs: Any
) -> int:
    exam = exam or key()
    draft = ledger.read(lambda tx: tx.draft(exam, person.name))
    signing = Signing(key=exam, act=act, revision=draft.revision if draft else 0, signer=signer(person))
    asked = differs.get("registry", registry())
    return ledger.write(lambda tx: sign_report.sign(tx, signing, person, asked, differs.get("judged", JUDGED), at))


def hospital_at(port: int, *, tls: bool = False, **differs: Any) -> Institution:
    """The hospital with a receiver on loopback."""
    return replace(HOSPITAL, receiver=Receiver(host="127.0.0.1", port=port, tls=tls), **differs)
