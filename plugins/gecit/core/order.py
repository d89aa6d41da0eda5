"""The order (istem): what an HL7 ORM^O01 asks for. Field comments cite HL7 v2.3.1 as the Ministry profile uses it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from .values import Value


class Control(StrEnum):
    """ORC-1, order control (HL7 table 0119), as far as the profile uses it."""

    NEW = "NW"
    CHANGE = "XO"
    CANCEL = "CA"


class ExamKey(Value, order=True):
    """What identifies an exam: the institution's SKRS code and the accession number."""

    institution: str
    accession: str

    def __str__(self) -> str:
        return f"{self.institution}/{self.accession}"


class Person(Value):
    """Somebody with a number: ordering physician (ORC-12), radiologist (OBX-16)."""

    identifier: str = ""  # TCKN; empty where the sender gave none
    family: str = ""
    given: str = ""


class Patient(Value):
    """Whom the exam is of: a TCKN, or a file number within one institution, never a bare file number."""

    tckn: str = ""  # PID-4
    file_number: str = ""  # PID-3
    family: str = ""  # PID-5.1
    given: str = ""  # PID-5.2
    birth_date: str = ""  # PID-7, YYYYMMDD
    sex: str = ""  # PID-8


class Procedure(Value):
    """One OBR group: what is to be done, in the two code systems of OBR-4."""

    sut: str = ""  # OBR-4.1, undotted
    sut_name: str = ""
    loinc: str = ""  # OBR-4.4
    loinc_name: str = ""


class RegisteredRow(Value):
    """A procedure as MEDULA has registered it, where it gives numbers of its own (SGK's `kayitliIslemBilgisiDVO`)."""

    number: str  # islemSiraNo: what it is read and withdrawn by
    reference: str  # hizmetSunucuRefNo: our own number of the row
    sut: str = ""


class Order(Value):
    """An order as it stands after its last message."""

    key: ExamKey
    control: Control
    patient: Patient
    procedures: tuple[Procedure, ...]
    ordered_at: datetime | None = None  # OBR-6, else ORC-9: "doktor istem tarihi"
    message_at: datetime | None = None  # MSH-7
    scheduled_at: datetime | None = None  # OBR-36: appointment or acceptance, the 40-minute rule
    modality: str = ""  # OBR-24
    physician: Person = Person()  # ORC-12 = OBR-16
    department: str = ""  # ORC-17
    admission: str = ""  # PV1-19
    tracking_number: str = ""  # OBR-20, SYSTakipNo of e-Nabız
    reference: str = ""  # OBR-21
    performing_institution: str = ""  # OBR-15, SKRS code where another institution performs
    clinical_information: str = ""  # OBR-13
    repeat_reason: str = ""  # OBR-31, why a repeat falls inside the duplicate period
    diagnoses: tuple[str, ...] = ()  # DG1-3, ICD-10
    patient_class: str = ""  # PV1-2, HL7 table 0004: E emergency, I inpatient, O outpatient
    priority: str = ""  # OBR-27.6, else ORC-7.6: S at once, A soon, R routine (HL7 v2.3.1 4.4.6)
