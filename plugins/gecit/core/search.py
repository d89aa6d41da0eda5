"""What a person searches the list of exams for: pages, JSON, exports and saved views ask in these words."""

from __future__ import annotations

from datetime import datetime

from .access import Reach
from .values import Value

UNJUDGED = "unjudged"
"""Stands for no outcome where `ExamSearch.outcome` names one."""


class ExamSearch(Value):
    """Which exams are wanted; what is empty does not narrow. `reach` always does."""

    reach: Reach
    outcome: str = ""  # of `Outcome`, or `UNJUDGED`
    billing: str = ""  # of `Billing`
    rule: str = ""  # id of a rule that keeps the exam from being billed
    modality: str = ""
    device: str = ""  # as in `Device.name`
    institution: str = ""  # SKRS code
    since: datetime | None = None  # ordered then or later
    until: datetime | None = None  # ordered before
    tckn: str = ""
    accession: str = ""
    study_uid: str = ""
    parked: bool = False  # has a delivery that a person must look at


class Place(Value):
    """Where an exam stands in the list, newest order first."""

    listed_at: datetime
    institution: str
    accession: str


class Device(Value):
    """What made pictures of an exam, by serial number, else by station name, else by who sent them."""

    name: str
    modality: str
    label: str = ""  # manufacturer and model
    dose: bool = False  # a dose report stands with these pictures
