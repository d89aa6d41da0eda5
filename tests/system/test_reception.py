"""Reception rules at C-STORE on a real node."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from gecit.core import events as e
from gecit.core.order import Control, ExamKey, Order, Patient, Procedure
from gecit.core.reception import RULES
from gecit.edges.store import open_ledger
from gecit.ports import Institution
from tests.support.dicom import picture, store
from tests.support.node import Node, until

pytestmark = pytest.mark.system
NOW = datetime.now(UTC)
ALL = ",".join(sorted(RULES))


def test_an_instance_that_breaks_a_rule_is_refused_with_a_failure_and_it_shows(make_node: Callable[..., Node]) -> None:
    node = make_node(environ={"ORTHANC__GECIT__RECEPTION__RULES": ALL})
    node.add_administrator()
    ledger = open_ledger(node.database)
    key = ExamKey(institution="900001", accession="A1")
    order = Order(key=key, control=Control.NEW, patient=Patient(tckn="10000000146"), procedures=(Procedure(sut="1"),))

    def fill(tx) -> None:
        tx.record_institution(Institution(skrs="900001", aets=("HERECT",)), NOW)
        tx.append(e.OrderPlaced(at=NOW, exam=key, order=order, message=1))

    ledger.write(fill)
    ledger.close()
    node.start().wait_live()
    until(lambda: node.get("/modalities").json(), 30, "Orthanc knows the AE title")

    def sent(number: int, **changes: object) -> int | None:
        return store(node.dicom, picture(f"1.2.3.{number}", **changes), "HERECT")

    assert sent(1, AccessionNumber="A1") == 0x0000
    assert sent(2, AccessionNumber="") == RULES["accession-missing"].status
    assert sent(3, AccessionNumber="A1", PatientID="") == RULES["patient-id-missing"].status
    assert sent(4, AccessionNumber="A9") == RULES["accession-unknown"].status
    assert sent(5, AccessionNumber="A1", StudyDate="29990101") == RULES["study-date-in-future"].status
    assert len(node.get("/instances").json()) == 1
    until(lambda: "refused.accession-missing" in node.get("/gecit/api/health").text, 30, "the health page says so")
    assert "refused with 0xc103: accession-unknown" in node.log_text()
    assert "10000000146" not in node.log_text() and "A9" not in node.log_text().split("Orthanc has started")[1]


def test_without_a_rule_nothing_is_refused_and_no_hook_is_registered(orthanc_node: Node) -> None:
    ledger = open_ledger(orthanc_node.database)
    ledger.write(lambda tx: tx.record_institution(Institution(skrs="900001", aets=("HERECT",)), NOW))
    ledger.close()
    until(lambda: orthanc_node.get("/modalities").json(), 30, "Orthanc knows the AE title")
    assert store(orthanc_node.dicom, picture("1.2.3.1", AccessionNumber="", PatientID=""), "HERECT") == 0
    assert "refused" not in orthanc_node.get("/gecit/api/health").text
