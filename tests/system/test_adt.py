"""ADT on a real node, by a real MLLP client: a physician reads an exam of another hospital until his patient leaves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from gecit.core import events as e
from gecit.core.access import Role
from gecit.core.accounts import Account, Session
from gecit.core.encounters import EncounterTold, Trigger
from gecit.core.order import Control, ExamKey, Order, Patient, Person, Procedure
from gecit.edges import hl7_build
from gecit.edges.credentials import COOKIE
from gecit.edges.doors import new_token, token_digest
from gecit.edges.store import open_ledger
from gecit.ports import Institution
from tests.processes.test_reception import said
from tests.support.dicom import picture, store
from tests.support.flow import report
from tests.support.node import Node, until

pytestmark = pytest.mark.system
NOW = datetime.now(UTC)
PATIENT, DOCTOR = "10000000146", "10000090178"
KEY = ExamKey(institution="900001", accession="D1")
REPORT = f"/gecit/shared/report/{KEY.institution}/{KEY.accession}"
UID = "1.2.276.91"
IMAGES = f"/dicom-web/studies/{UID}/series/{UID}.1/metadata"


def fill(tx: Any) -> None:
    order = Order(
        key=KEY, control=Control.NEW, patient=Patient(tckn=PATIENT), modality="CT",
        procedures=(Procedure(sut="R100250", sut_name="Beyin BT"),), ordered_at=NOW,
    )  # fmt: skip
    for skrs, aet, peer in (("900001", "HEREPACS", "192.0.2.1"), ("900002", "THEREPACS", "127.0.0.1")):
        tx.record_institution(Institution(skrs=skrs, aets=(aet,), hl7_peers=(peer,)), NOW)
    tx.append(e.OrderPlaced(at=NOW, exam=KEY, order=order, message=1))
    tx.append(e.ReportReceived(at=NOW, exam=KEY, report=replace(report(KEY.accession), key=KEY), message=2))


def visit(trigger: Trigger, number: int, at: datetime, **differs: Any) -> bytes:
    told = EncounterTold(
        trigger=trigger, institution="900002", number="YATIS-1", patient=Patient(tckn=PATIENT), patient_class="I",
        attending=(Person(identifier=DOCTOR, family="ÖRNEKÇİ"),), told_at=at,
    )  # fmt: skip
    envelope = hl7_build.Envelope(control_id=f"ADT{number}", application="FIRMA")
    return hl7_build.encounter_message(replace(told, **differs), envelope, at)


def test_a_discharged_patients_physician_loses_report_and_images(make_node: Callable[..., Node]) -> None:
    node = make_node(environ={"ORTHANC__GECIT__SETTLE_SECONDS": "0.2"})
    node.add_administrator()
    ledger, token = open_ledger(node.database), new_token()
    ledger.write(fill)
    ledger.save_account(Account(name="doktor", roles=(Role.CLINICIAN,), institution="900002", tckn=DOCTOR), NOW)
    session = Session(
        digest=token_digest(token), account="doktor", created_at=NOW, seen_at=NOW, expires_at=NOW + timedelta(days=1)
    )
    ledger.add_session(session)
    cookie = {"Cookie": f"{COOKIE}={token}"}
    node.start().wait_live()
    until(lambda: len(node.get("/modalities").json()) == 2, 30, "Orthanc knows the AE titles")
    assert store(node.dicom, picture(UID, PatientID=PATIENT, AccessionNumber="D1"), "HEREPACS") == 0

    def opened() -> tuple[int, int]:
        ways = (REPORT, "text/html"), (IMAGES, "application/dicom+json")
        first, second = (
            node.get(path, signed_in=False, headers={**cookie, "Accept": kind}).status_code for path, kind in ways
        )
        return first, second

    def tell(*frames: bytes) -> list[str]:
        return [said(one) for one in hl7_build.send("127.0.0.1", node.mllp, frames, timeout=20)]

    assert opened()[0] == 404
    assert opened()[1] in (403, 404)
    assert tell(visit(Trigger.ADMIT, 1, NOW)) == ["AA"]
    until(lambda: opened() == (200, 200), 30, "report and images are open to who treats")
    assert tell(visit(Trigger.DISCHARGE, 2, NOW, institution="900001")) == ["AR institution-not-of-peer"]
    assert opened() == (200, 200)
    discharge = visit(Trigger.DISCHARGE, 3, NOW + timedelta(seconds=5))
    assert tell(discharge, discharge, visit(Trigger.UPDATE, 4, NOW + timedelta(seconds=9))) == ["AA", "AA", "AA"]
    until(lambda: opened()[0] == 404 and opened()[1] in (403, 404), 30, "neither is, after the discharge")
    (one,) = ledger.read(lambda tx: tx.openings(patient=PATIENT))
    assert one.ended_by.startswith("hl7:") and one.message
    ledger.close()
    assert PATIENT not in node.log_text() and DOCTOR not in node.log_text()
