"""ORU^R01 of a version that was signed here, in the layout of the hospital's profile."""

from __future__ import annotations

from collections.abc import Mapping

from gecit.core.exam import Exam, ReceivedReport
from gecit.core.order import Procedure
from gecit.core.profile import Profile
from gecit.core.report import Report
from gecit.ports import Institution

from .hl7_build import Envelope, encode, new_message, report_observation, segment, time_of, written_people
from .hl7_layout import Layout
from .hl7_reader import LABELS, UTF8, codec_of


def character_set(institution: Institution, profile: Profile) -> str:
    """Return the character set that the institution's HBYS is written to in: as agreed, else UTF8."""
    return institution.character_set or profile.character_set or LABELS[UTF8]


def unwritable(text: str, charset: str) -> str:
    """Return the characters that a character set does not have, each once."""
    codec = codec_of(charset) or UTF8

    def lacks(letter: str) -> bool:
        try:
            letter.encode(codec)
        except UnicodeEncodeError:
            return True
        return False

    return "".join(dict.fromkeys(one for one in text if lacks(one)))


class ReportWriter:
    """Writes versions; equal arguments give equal bytes. `application` and `facility` are our own MSH-3 and MSH-4."""

    def __init__(self, profiles: Mapping[str, Profile], application: str = "GECIT", facility: str = "") -> None:
        self._profiles = profiles
        self._application = application
        self._facility = facility

    def profile_of(self, institution: Institution) -> Profile:
        """Return the layout of an institution; the Ministry's where its own is gone."""
        return self._profiles.get(institution.profile) or self._profiles["ministry"]

    def __call__(self, exam: Exam, version: ReceivedReport, institution: Institution, control_id: str) -> bytes:
        """Write one version."""
        profile, report = self.profile_of(institution), version.report
        envelope = Envelope(
            control_id=control_id,
            application=self._application,
            facility=self._facility,
            character_set=character_set(institution, profile),
            receiver="HBYS",
        )
        message = new_message("ORU_R01", "ORU^R01", envelope, report.message_at, profile.versions[0])
        groups = [_layout(exam, version, profile, one) for one in report.procedures or (Procedure(),)]
        for name in ("PID", "PV1"):
            if fields := dict(groups[0].fields(name)):
                segment(message, name, {**fields, **({1: "1"} if name == "PID" else {2: "O"})})
        for number, group in enumerate(groups, 1):
            segment(message, "ORC", {**group.fields("ORC"), 1: "RE"})
            segment(message, "OBR", {**group.fields("OBR"), 1: str(number), 25: _status(report, profile)})
        observation = report_observation(report, envelope, _status(report, profile))
        if report.critical and profile.critical_flag:
            observation[8] = profile.critical_flag
        segment(message, "OBX", {**observation, **groups[0].fields("OBX")})
        return encode(message, envelope)


def _layout(exam: Exam, version: ReceivedReport, profile: Profile, procedure: Procedure) -> Layout:
    report, order, layout = version.report, exam.order, Layout(profile)
    layout.put("accession", report.key.accession, everywhere=True)
    layout.put("institution", report.key.institution)
    for fact in ("tckn", "file_number", "family", "given", "birth_date", "sex"):
        layout.put(fact, getattr(report.patient, fact))
    for fact in ("sut", "sut_name", "loinc", "loinc_name"):
        layout.put(fact, getattr(procedure, fact))
    layout.put("modality", report.modality)
    layout.put("approved_at", time_of(report.approved_at))
    if order:
        layout.put("admission", order.admission)
        layout.put("ordered_at", time_of(order.ordered_at))
        layout.put("tracking_number", order.tracking_number)
        layout.put("reference", order.reference)
        layout.put_field("physician", written_people((order.physician,)))
    _name_reporter(version, layout)
    layout.put_field("radiologists", written_people(report.radiologists))
    return layout


def _name_reporter(version: ReceivedReport, layout: Layout) -> None:
    """Say in OBR-15 whose radiologist reported, where it is another institution's."""
    employer = version.signature.employer if version.signature else ""
    if employer and employer != version.report.key.institution:
        layout.put("performing_institution", employer)


def _status(report: Report, profile: Profile) -> str:
    """Return OBX-11 as the profile reads it back; its first value where several mean the same."""
    return next((sent for sent, meant in profile.statuses.items() if meant is report.status), report.status.value)
