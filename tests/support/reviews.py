"""Exams with signed reports to draw from, and a round. Made up, every one."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from gecit.core.events import OrderPlaced, ReportReceived, ReportSigned, StudyLinked
from gecit.core.order import ExamKey
from gecit.core.peer_review import Reviewer, ReviewRound, Stratum
from gecit.core.reading import Act, Signature
from gecit.core.values import Text
from gecit.edges.peer_files import read_sampling, read_scale
from gecit.edges.store import SqlLedger

from .flow import HOSPITAL, START, order, report, study

RULES = Path(__file__).parents[2] / "rules"
SCALE, STRATA = read_scale(RULES), read_sampling(RULES)
NUMBERS = {"ayse": "10000090178", "bora": "10000090246", "cem": "10000090314"}
SIGNED = START + timedelta(hours=3)
ANY = Stratum(id="random", title=Text(tr="rastgele", en="random"), size=5)


def signed(ledger: SqlLedger, accession: str, by: str = "ayse", *, at: datetime = SIGNED, **differs: Any) -> ExamKey:
    """An exam with pictures whose report was signed here by an account."""
    institution = differs.pop("institution", HOSPITAL.skrs)
    modality = differs.pop("modality", "CT")
    exam = ExamKey(institution=institution, accession=accession)
    ordered = replace(order(accession), key=exam, modality=modality)
    facts = study(f"{institution}.{accession}", accession)
    written = replace(report(accession, by=NUMBERS[by]), key=exam, modality=modality, **differs)
    signature = Signature(by=by, at=at, employer=institution)
    events = [
        OrderPlaced(at=START, exam=exam, order=ordered, message=1),
        StudyLinked(at=START, exam=exam, facts=facts, path="accession"),
        ReportSigned(at=at, exam=exam, report=written, signature=signature, act=Act.SIGN),
    ]
    ledger.write(lambda tx: [tx.append(one) for one in events])
    return exam


def corrected(ledger: SqlLedger, exam: ExamKey, at: datetime) -> None:
    """A later version that came by HL7."""
    written = replace(report(exam.accession, by=NUMBERS["bora"]), key=exam)
    ledger.write(lambda tx: tx.append(ReportReceived(at=at, exam=exam, report=written, message=9)))


def asked(*strata: Stratum, **differs: Any) -> ReviewRound:
    """A round that is to be drawn."""
    made = ReviewRound(
        id="r1",
        title="Mart",
        since=START,
        until=START + timedelta(days=30),
        strata=strata or (ANY,),
        seed="tohum",
        position=0,
        reviewers=(Reviewer(account="cem", tckn=NUMBERS["cem"]),),
    )
    return replace(made, **differs)
