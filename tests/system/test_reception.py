"""Reception rules at C-STORE on a real node."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gecit.core import events as e
from gecit.core.order import Control, ExamKey, Order, Patient, Procedure
from gecit.core.reception import RULES
from gecit.edges.store import open_ledger
from gecit.ports import Institution, Station
from tests.support.dicom import picture, store
from tests.support.node import HOME, Node, until

pytestmark = pytest.mark.system
NOW = datetime.now(UTC)
ALL = ",".join(sorted(set(RULES) - {"study-of-others"}))


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


def two_hospitals(node: Node) -> None:
    """Record two institutions whose modalities stand at addresses of their own."""
    ledger = open_ledger(node.database)
    for skrs, aet, host in (("900001", "HERECT", "127.0.0.1"), ("900002", "THERECT", "127.0.0.2")):
        one = Institution(skrs=skrs, aets=(aet,), stations=(Station(aet=aet, host=host, port=104),))
        ledger.write(lambda tx, one=one: tx.record_institution(one, NOW))
    ledger.close()


def test_a_second_study_under_the_uid_of_another_institutions_is_refused(make_node: Callable[..., Node]) -> None:
    """Else the images of both would be shut to the owner: nobody can say out of which of them a request is answered."""
    environ = {"ORTHANC__GECIT__RECEPTION__RULES": "study-of-others", "ORTHANC__GECIT__SETTLE_SECONDS": "0.2"}
    node = make_node(environ=environ)
    node.add_administrator()
    two_hospitals(node)
    node.start().wait_live()
    until(lambda: len(node.get("/modalities").json()) == 2, 30, "Orthanc knows the AE titles")
    assert store(node.dicom, picture("1.2.3.1"), "HERECT") == 0
    ledger = open_ledger(node.database)
    until(lambda: ledger.belongings("Gecit", "1.2.3.1"), 30, "the study was read")
    ledger.close()
    twin = picture("1.2.3.1", PatientID="10000000214", SOPInstanceUID="1.2.3.1.1.9")
    assert store(node.dicom, twin, "THERECT") == RULES["study-of-others"].status
    assert store(node.dicom, twin, "HERECT") == 0, "its own institution may: it answers for it"
    assert store(node.dicom, picture("1.2.3.2"), "THERECT") == 0
    assert "10000000214" not in node.log_text()


def test_where_hosts_are_checked_a_title_is_let_in_from_its_own_address_only(
    make_node: Callable[..., Node], tmp_path: Path
) -> None:
    config = tmp_path / "config"
    config.mkdir()
    for file in (HOME / "orthanc-config").glob("*.json"):
        line = r'("DicomCheckModalityHost": )[^,]+'
        (config / file.name).write_text(re.sub(line, r"\g<1>true", file.read_text()))
    node = make_node(config=config)
    node.add_administrator()
    two_hospitals(node)
    node.start().wait_live()
    until(lambda: len(node.get("/modalities").json()) == 2, 30, "Orthanc knows the AE titles")
    assert store(node.dicom, picture("1.2.3.1"), "THERECT", source="127.0.0.2") == 0
    assert store(node.dicom, picture("1.2.3.2"), "THERECT", source="127.0.0.1") is None
    assert store(node.dicom, picture("1.2.3.3"), "HERECT", source="127.0.0.2") is None
    assert len(node.get("/instances").json()) == 1
