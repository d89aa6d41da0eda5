"""What a blind review hides, whose report is one's own, and what the figures count."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from gecit.core.consultation import Addressee, Consultation, Entry, EntryKind, Whom
from gecit.core.consultation_paragraph import paragraph
from gecit.core.critical import Critical, State
from gecit.core.key_images import KeyImage
from gecit.core.order import Person
from gecit.core.peer_review import Per, Reviewer, Stratum
from gecit.core.quality_figures import FEWEST, Measure, Share, counted, figures, summed
from gecit.core.reading import Signature
from gecit.core.report import ReportPart, ReportStatus
from gecit.core.reviewing import HIDDEN, consulted, is_own, names_of, reviewed, unsigned, without_names
from gecit.core.sampling import candidate_of, fits
from gecit.core.values import Text
from tests.builders import DAY, RADIOLOGIST, clean, received

NAMES = ("Ayşe Nur Örnekçi", "Örnekçi Ayşe Nur")


@pytest.mark.parametrize(
    "written",
    ["Ayşe Nur Örnekçi", "AYŞE NUR ÖRNEKÇİ", "ayşe  nur\nörnekçi", "ÖRNEKÇİ, AYŞE NUR", "AYŞE NUR ÖRNEKÇI"],
)
def test_a_name_is_hidden_however_it_is_written(written: str) -> None:
    assert without_names(f"Dr. {written}.", NAMES) == f"Dr. {HIDDEN}."


def test_what_is_no_name_stays() -> None:
    for text in ("Ayşe yakınması", "Örnekçilik (Ayşe Nur Örnekçioğlu)", "İnce ışık, 6 mm.", ""):
        assert without_names(text, NAMES) == text
    assert without_names("a.b c+d", ("a.b c+d",)) == HIDDEN  # a name is no expression


def test_a_report_is_shown_unsigned() -> None:
    who = Person(identifier=RADIOLOGIST, family="Örnekçi", given="Ayşe Nur")
    image = KeyImage(study="1", series="1.1", instance="1.1.1", sop_class="1.2", caption="Nodül (Ayşe Nur Örnekçi)")
    one = received(radiologists=(who,), parts={ReportPart.FINDINGS: "Bulgu. Ayşe Nur Örnekçi"}, key_images=(image,))
    exam = replace(clean(), reports=(replace(one, signature=Signature(by="ayse", at=DAY)),))
    version = reviewed(exam, 1)
    assert version
    assert NAMES[0] in names_of(version)
    bare = unsigned(version, names_of(version))
    assert bare.report
    assert bare.report.report.radiologists == ()
    assert (bare.report.signature, bare.report.registry) == (None, ())
    assert bare.report.report.parts[ReportPart.FINDINGS] == f"Bulgu. {HIDDEN}"
    assert [one.caption for one in bare.report.report.key_images] == [f"Nodül ({HIDDEN})"]
    assert exam.key.accession not in str(bare.report.report.key)
    assert "Örnekçi" not in repr(bare)


@pytest.mark.parametrize(
    ("reviewer", "own"),
    [
        (Reviewer(account="ayse"), True),
        (Reviewer(account="ikinci"), True),  # signed first
        (Reviewer(account="baska", tckn=RADIOLOGIST), True),  # by his number, as reports by HL7 name him
        (Reviewer(account="baska", tckn="10000000214"), False),
        (Reviewer(account="baska"), False),
    ],
)
def test_whose_report_is_ones_own(reviewer: Reviewer, own: bool) -> None:
    signature = Signature(by="ayse", at=DAY, second="ikinci")
    assert is_own(reviewer, replace(clean(), reports=(replace(received(), signature=signature),))) is own


def test_a_candidate_has_a_final_report_and_pictures() -> None:
    exam = clean()
    assert candidate_of(exam, ())
    assert candidate_of(replace(exam, reports=()), ()) is None
    assert candidate_of(replace(exam, studies=()), ()) is None
    assert candidate_of(replace(exam, reports=(received(status=ReportStatus.PRELIMINARY),)), ()) is None


def test_a_critical_finding_that_stands_makes_a_candidate_critical() -> None:
    stratum = Stratum(id="c", title=Text(tr="k", en="c"), size=1, critical=True)
    exam, at = clean(), datetime(2026, 3, 2, tzinfo=UTC)
    found = Critical(text="pnömotoraks", by="ayse", at=at)
    for mark, wanted in ((None, False), (replace(found, state=State.TAKEN_BACK), False), (found, True)):
        one = candidate_of(replace(exam, critical=mark), ())
        assert one
        assert (one.critical, fits(one, stratum)) == (wanted, wanted)
    assert not Per.ALL


def test_a_share_of_few_is_no_percentage() -> None:
    assert Share(count=2, of=FEWEST - 1).percent is None
    assert Share(count=2, of=FEWEST).percent == 20
    assert Share().percent is None


def test_figures_are_counted_by_name() -> None:
    one = Measure(
        institution="1", month="2026-03", devices=("A", "B"), images=(2, 4), requests=(5,), reasons=("motion",)
    )
    other = Measure(institution="1", month="2026-04", devices=("B",), images=(1,), hints=("h",), reviews=(True, False))
    other = replace(other, significant=1)
    by_device = figures([one, other], lambda each: each.devices)
    assert [(each.name, each.exams) for each in by_device] == [("A", 1), ("B", 2)]
    both = summed("", [one, other])
    assert both.image_mean == 2.33
    assert both.images == Share(count=2, of=3)
    assert (both.request_mean, both.requests) == (5.0, Share(count=0, of=1))
    assert (both.hinted, both.differing) == (Share(count=1, of=2), Share(count=1, of=2))
    assert both.significant == 1
    assert summed("", []).image_mean is None
    assert counted([one, other, one], lambda each: each.reasons) == (("motion", 2),)


def test_who_was_consulted_is_hidden_with_the_institution() -> None:
    answer = Entry(kind=EntryKind.ANSWER, by="uzman", at=DAY, text="Kist.", name="Ulaş Kurgusal", employer="910009")
    to = Addressee(whom=Whom.PERSON, name="Ulaş Kurgusal")
    made = Consultation(
        id="c1", asker="ayse", employer="900001", to=to, asked=(), asked_at=DAY, until=DAY, thread=(answer,)
    )
    assert consulted(replace(clean("CT"), consultations=(made,))) == (("Ulaş Kurgusal",), ("910009",))
    text = paragraph(made, {"910009": "Komşu Hastane"})
    assert "Kurgusal" not in without_names(text, ("Ulaş Kurgusal", "Komşu Hastane"))
    assert f"{HIDDEN} ({HIDDEN})" in without_names(text, ("Ulaş Kurgusal", "Komşu Hastane"))
