"""The DICOM callbacks without Orthanc: what they answer when something is wrong."""

from __future__ import annotations

import io
import logging
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from pydicom import Dataset, dcmread
from pydicom.datadict import keyword_for_tag

from gecit.app import register_dicom
from gecit.core.exam import Study
from gecit.core.worklist import Entry
from gecit.edges import orthanc_dicom
from gecit.edges.dicom_audit import DicomAudit
from gecit.edges.dicom_query import EMPTY, as_file, dataset_of, read_query
from gecit.edges.orthanc_dicom import ACCEPTED, Failed, FindDoor, ReceptionFilter, WorklistDoor
from gecit.ports import Institution, StudySearch, WorklistSearch
from gecit.settings import load
from gecit.settings.doors import ReceptionSettings
from gecit.steps import answer_dicom
from gecit.steps.answer_dicom import DicomAnswers
from tests.builders import DAY, facts, order
from tests.fake_accounts import FakeAudit
from tests.fakes import SAYS_TOO_MUCH, StillClock
from tests.support.dicom import picture
from tests.support.node import HOME

HERE = Institution(skrs="900001", name="Örnek", aets=("CT1", "TWICE"))
TWICE = Institution(skrs="900002", aets=("TWICE",))


class Views:
    """A ledger with one open entry."""

    def __init__(self) -> None:
        self.broken = False
        self.entries = [Entry(order=order(), scheduled_at=DAY)]
        self.searched: list[WorklistSearch] = []

    def read(self, work: Any) -> Any:
        if self.broken:
            raise OSError(SAYS_TOO_MUCH)
        return work(self)

    def institutions(self) -> list[Institution]:
        return [HERE, TWICE]

    def worklist(self, search: WorklistSearch) -> list[Entry]:
        self.searched.append(search)
        return self.entries

    def visible_studies(self, search: StudySearch) -> list[Study]:
        return []


class Answers:
    """`orthanc.WorklistAnswers` and `orthanc.WorklistQuery`."""

    def __init__(self, query: bytes = b"") -> None:
        self.query, self.found, self.incomplete = query, [], False

    def WorklistGetDicomQuery(self) -> bytes:
        return self.query

    def WorklistAddAnswer(self, query: object, dicom: bytes) -> None:
        self.found.append(dcmread(io.BytesIO(dicom)))

    def WorklistMarkIncomplete(self) -> None:
        self.incomplete = True


def doors(views: Views) -> DicomAnswers:
    return DicomAnswers(views, StillClock(DAY), "Gecit")


def query(**keys: object) -> bytes:
    made = Dataset()
    for name, value in keys.items():
        setattr(made, name, value)
    return as_file(made)


def ask(views: Views, aet: str = "CT1", data: bytes = b"") -> Answers:
    answers = Answers(data or query(PatientName=""))
    WorklistDoor(doors(views))(answers, answers, aet, "GECIT")
    return answers


def test_an_answer_has_every_attribute_that_a_worklist_must_have() -> None:
    """Types 1 and 2 of PS3.4 table K.6-1; those without a value in an order are there and empty."""
    [found] = ask(Views()).found
    step = found.ScheduledProcedureStepSequence[0]
    filled = ("PatientName", "PatientID", "StudyInstanceUID", "RequestedProcedureID", "AccessionNumber")
    in_step = ("ScheduledStationAETitle", "ScheduledProcedureStepStartDate", "ScheduledProcedureStepStartTime",
               "Modality", "ScheduledProcedureStepID")  # fmt: skip
    assert all(found[name].value for name in filled) and all(step[name].value for name in in_step)
    assert [name for name in EMPTY if name not in found] == []
    assert "ScheduledPerformingPhysicianName" in step
    assert found.SpecificCharacterSet == "ISO_IR 192" and str(found.PatientName) == "ÖRNEK^İpek"


def test_a_window_of_time_and_the_institution_narrow_the_search_itself() -> None:
    """A thousand orders of other days are not read to be thrown away."""
    views, step = Views(), Dataset()
    step.Modality, step.ScheduledProcedureStepStartDate = "CT", "20240514"
    ask(views, data=query(ScheduledProcedureStepSequence=[step], AccessionNumber="A*"))
    [search] = views.searched
    assert (search.performer, search.modality, search.accession) == ("900001", "CT", "")
    assert f"{search.since:%Y%m%d%H%M} {search.until:%Y%m%d%H%M}" == "202405140000 202405150000"


@pytest.mark.parametrize("days", ["20240514-99991231", "99991231", "*", "00010101-"])
def test_a_date_at_the_calendars_end_is_answered(days: str) -> None:
    """Stations write 99991231 for "open": it has no next day, and the query no fault."""
    views, step = Views(), Dataset()
    step.ScheduledProcedureStepStartDate = days
    found = ask(views, data=query(ScheduledProcedureStepSequence=[step]))
    assert (len(found.found), views.searched[0].until) == (int(days != "99991231"), None)


def test_answers_that_were_left_out_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Orthanc then ends with 0xFE00 instead of Success."""
    monkeypatch.setattr(answer_dicom, "LIMIT", 1)
    assert ask(Views()).incomplete is True


@pytest.mark.parametrize("aet", ["NOBODY", "TWICE", ""])
def test_who_is_nobodys_or_two_institutions_is_refused(aet: str) -> None:
    """A door that cannot tell whose patients these are tells nobody's."""
    with pytest.raises(Failed, match="of no institution, or of several"):
        ask(Views(), aet)


def test_a_key_of_many_patterns_is_refused() -> None:
    """Each pattern costs a look at each entry; a list of exact values costs one."""
    assert ask(Views(), data=query(AccessionNumber=["A1", *(f"X{one}" for one in range(900))])).found
    with pytest.raises(Failed, match="too many values with wildcards"):
        ask(Views(), data=query(AccessionNumber=["A1", *(f"X{one}*" for one in range(17))]))


@pytest.mark.parametrize("door", [WorklistDoor, FindDoor])
def test_a_ledger_that_fails_refuses_and_says_no_patient(door: Any, caplog: pytest.LogCaptureFixture) -> None:
    """An empty list would say that nobody waits."""
    views = Views()
    views.broken = True
    with caplog.at_level(logging.ERROR, "gecit.dicom"), pytest.raises(Failed) as raised:
        door(doors(views))(Answers(query(PatientName="")), Empty(), "CT1\n", "GECIT")
    assert raised.value.__cause__ is None and raised.value.__suppress_context__
    assert "10000000146" not in f"{caplog.text}{raised.value}"
    assert "CT1?" in caplog.text


class Empty:
    """A query without keys, of either kind."""

    def GetFindQuerySize(self) -> int:
        return 0

    def WorklistGetDicomQuery(self) -> bytes:
        return query(PatientName="")


def test_an_order_with_an_odd_modality_costs_nobody_the_worklist() -> None:
    """OBR-24 is free text of the HBYS; a CS holds ASCII capitals (PS3.5 6.2), and pydicom writes nothing else."""
    views = Views()
    views.entries.append(Entry(order=order(modality="BİLG TOMO/ığü"), scheduled_at=DAY))
    answered = ask(views)
    assert [one.ScheduledProcedureStepSequence[0].Modality for one in answered.found] == ["CT", "BILG TOMOIGU"]
    assert answered.incomplete is False


def test_an_answer_that_cannot_be_written_is_left_out_and_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The others are answered, the status says that one is missing, and the log names no patient."""
    views = Views()
    views.entries.append(Entry(order=order(modality="MR"), scheduled_at=DAY))
    build = orthanc_dicom.worklist_item

    def choosy(entry: Entry, *rest: Any) -> bytes:
        if entry.order.modality == "CT":
            raise TypeError(SAYS_TOO_MUCH)
        return build(entry, *rest)

    monkeypatch.setattr(orthanc_dicom, "worklist_item", choosy)
    with caplog.at_level(logging.ERROR, "gecit.dicom"):
        answered = ask(views)
    assert [one.ScheduledProcedureStepSequence[0].Modality for one in answered.found] == ["MR"]
    assert answered.incomplete is True
    assert "answer is left out: TypeError" in caplog.text and "10000000146" not in caplog.text


@pytest.mark.parametrize(
    ("name", "sent", "said"),
    [
        ("ModalitiesInStudy", "İŞ\\ct", ["IS", "CT"]),
        ("Modality", "Ö" * 20, "O" * 16),
        ("StudyTime", "10:15:00Ş", "101500"),
        ("StudyDate", "2026.03.02", "20260302"),
        ("StudyDate", "bugün", None),
        ("StationName", "Ş", "Ş"),
    ],
)
def test_values_without_letters_are_written_as_their_representation_has_them(name: str, sent: str, said: Any) -> None:
    """A CS, DA, TM or AE has no character set (PS3.5 6.2)."""
    data = as_file(dataset_of({name: sent, "PatientName": "A"}, "turkish"))
    found = dcmread(io.BytesIO(data))[name].value
    assert (list(found) if isinstance(said, list) else found or None) == said


def test_a_uid_is_never_mended() -> None:
    """Another UID would name another study."""
    with pytest.raises(ValueError, match="UID"):
        dataset_of({"StudyInstanceUID": "1.2.ı"}, "turkish")


class Studies(Views):
    """A ledger with studies, the first of which has a UID that cannot be written."""

    def visible_studies(self, search: StudySearch) -> list[Study]:
        told = facts(institution="900001")
        found = [replace(told, study_instance_uid=one) for one in ("1.2.ı", "1.2.4")]
        return [Study(key=one.key, facts=one, first_seen_at=DAY, read_at=DAY) for one in found]


class Finding:
    """`orthanc.FindAnswers` and `orthanc.FindQuery` at level STUDY."""

    KEYS = ((0x0008, 0x0052, "STUDY"), (0x0020, 0x000D, ""))

    def __init__(self) -> None:
        self.found: list[Dataset] = []
        self.incomplete = False

    def GetFindQuerySize(self) -> int:
        return len(self.KEYS)

    def GetFindQueryTagGroup(self, index: int) -> int:
        return self.KEYS[index][0]

    def GetFindQueryTagElement(self, index: int) -> int:
        return self.KEYS[index][1]

    def GetFindQueryValue(self, index: int) -> str:
        return self.KEYS[index][2]

    def FindAddAnswer(self, dicom: bytes) -> None:
        self.found.append(dcmread(io.BytesIO(dicom)))

    def FindMarkIncomplete(self) -> None:
        self.incomplete = True


def test_a_study_that_cannot_be_written_costs_nobody_the_others() -> None:
    """As in the worklist."""
    asked = Finding()
    FindDoor(doors(Studies()))(asked, asked, "CT1", "GECIT")
    assert ([one.StudyInstanceUID for one in asked.found], asked.incomplete) == (["1.2.4"], True)


def test_who_asked_and_who_was_refused_is_audited() -> None:
    """Each query; the same refusal once a minute; a worklist's answers never, modalities ask for them all day."""
    audit = FakeAudit()
    told = DicomAudit(audit, StillClock(DAY), lambda: 0.0)
    asked = Finding()
    for _ in range(2):
        FindDoor(doors(Studies()), told)(asked, asked, "CT1", "GECIT")
    for _ in range(2):
        with pytest.raises(Failed):
            FindDoor(doors(Studies()), told)(asked, asked, "STRANGER", "GECIT")
    answers = Answers(query(PatientName=""))
    WorklistDoor(doors(Views()), told)(answers, answers, "CT1", "GECIT")
    with pytest.raises(Failed):
        WorklistDoor(doors(Views()), told)(answers, answers, "STRANGER", "GECIT")
    assert [(one.who, one.outcome, one.detail["door"]) for one in audit.entries] == [
        ("CT1", "done", "C-FIND"),
        ("CT1", "done", "C-FIND"),
        ("STRANGER", "refused", "C-FIND"),
        ("STRANGER", "refused", "worklist"),
    ]


def test_without_the_audit_a_query_is_not_answered() -> None:
    audit, asked = FakeAudit(), Finding()
    audit.broken = True
    told = DicomAudit(audit, StillClock(DAY))
    with pytest.raises(Failed):
        FindDoor(doors(Studies()), told)(asked, asked, "CT1", "GECIT")
    assert asked.found == []
    with pytest.raises(Failed):
        FindDoor(doors(Studies()), told)(asked, asked, "STRANGER", "GECIT")


def test_a_query_without_a_character_set_is_read_as_turkish() -> None:
    """Devices that declare none mean Latin-5."""
    raw = query(PatientName="X*").replace(b"X*", "Ş*".encode("iso8859_9"))
    assert read_query(raw).keys["PatientName"] == "Ş*"
    assert keyword_for_tag(0x00080005) not in read_query(raw).keys


class Instance:
    def __init__(self, dataset: Dataset | None) -> None:
        self.dataset = dataset

    def GetInstanceRemoteAet(self) -> str:
        return "CT1"

    def GetInstanceData(self) -> bytes:
        if self.dataset is None:
            raise RuntimeError(SAYS_TOO_MUCH)
        written = io.BytesIO()
        self.dataset.save_as(written, enforce_file_format=True)
        return written.getvalue()


def test_a_reception_filter_that_errs_stores() -> None:
    """A fault of ours costs no patient an image; a rule that is broken is counted."""
    door = ReceptionFilter(("accession-missing",), Views(), StillClock(DAY), Views(), "n1")  # type: ignore[arg-type]
    assert door(Instance(None)) == ACCEPTED
    assert door(Instance(picture("1.2.3", AccessionNumber="A1"))) == ACCEPTED
    assert door.counts() == {}
    assert door(Instance(picture("1.2.3", AccessionNumber=" "))) == 0xC101
    assert door.counts() == {"refused.accession-missing": 1}


class Module:
    """The registrations of `orthanc`."""

    def __init__(self) -> None:
        self.registered: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return lambda callback: self.registered.append(name)


@pytest.mark.parametrize("rules", [(), ("accession-missing",)])
def test_the_hook_for_each_instance_is_registered_only_for_a_rule(rules: tuple[str, ...], tmp_path: Path) -> None:
    """An empty one costs processor time too (measured)."""
    settings = load(HOME / "orthanc-config", {"GECIT_HOME": str(HOME), "GECIT_DATA": str(tmp_path)})
    settings = replace(settings, reception=ReceptionSettings(rules=rules))
    module = Module()
    register_dicom(module, settings, Views(), FakeAudit(), StillClock(DAY))  # type: ignore[arg-type]
    assert module.registered[:2] == ["RegisterWorklistCallback", "RegisterFindCallback"]
    assert (module.registered[2:] == ["RegisterIncomingCStoreInstanceFilter"]) is bool(rules)
