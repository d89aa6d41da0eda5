"""Ratings and hints in the ledger, on both engines: folded from events, rebuilt to the byte, listed by rights."""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from gecit.core import events as e
from gecit.core.access import Reach
from gecit.core.order import ExamKey
from gecit.core.quality import Hint, Mender, QualitySearch, Rating, RatingSource
from gecit.core.ratings import ratings_of
from gecit.core.reading import Act, Signature
from gecit.core.report import RatingKind, Report, ReportPart, ReportStatus
from gecit.core.search import Place
from gecit.edges.store import SqlLedger

from .test_ledger import KEY, NOW, facts, order, placed

OTHER = ExamKey(institution="10002", accession="A1")
EVERYTHING = Reach(everything=True)
HINT = Hint(code="pixel-spacing-missing", where="(0028,0030)", mender=Mender.MODALITY, expected="> 0", found="-")


def rating(score: int, rater: str = "ayse", kind: RatingKind = RatingKind.IMAGE, key: ExamKey = KEY) -> Rating:
    return Rating(exam=key, kind=kind, score=score, rater=rater, source=RatingSource.ASSESSOR, at=NOW)


def rated(one: Rating, minutes: int = 0) -> e.ExamRated:
    at = NOW + timedelta(minutes=minutes)
    return e.ExamRated(at=at, exam=one.exam, rating=replace(one, at=at))


def report(request: int | None = 4, image: int | None = 1, **changes: object) -> Report:
    made = Report(
        key=KEY,
        patient=order().patient,
        status=ReportStatus.FINAL,
        parts={ReportPart.FINDINGS: "Olağan."},
        request_reason_rating=request,
        image_quality_rating=image,
    )
    return replace(made, **changes)


def received(one: Report, message: int = 2, minutes: int = 0) -> e.ReportReceived:
    return e.ReportReceived(at=NOW + timedelta(minutes=minutes), exam=KEY, report=one, message=message)


def signed(one: Report, by: str = "mehmet") -> e.ReportSigned:
    return e.ReportSigned(at=NOW, exam=KEY, report=one, signature=Signature(by=by, at=NOW), act=Act.SIGN, message=3)


def write(ledger: SqlLedger, *events: e.Event) -> None:
    for one in events:
        ledger.write(lambda tx, one=one: tx.append(one))


def said(ledger: SqlLedger, key: ExamKey = KEY) -> list[tuple[str, str, str, int]]:
    exam = ledger.read(lambda tx: tx.exam(key))
    assert exam is not None
    return [(one.kind.value, one.source.value, one.rater, one.score) for one in ratings_of(exam)]


def test_ratings_of_hl7_of_the_editor_and_of_assessors_stand_side_by_side_as_one_kind_of_value(
    ledger: SqlLedger,
) -> None:
    write(ledger, placed(), received(report(4, 1)), rated(rating(5)), rated(rating(3, "zeynep")))
    assert said(ledger) == [
        ("image", "assessor", "ayse", 5),
        ("image", "assessor", "zeynep", 3),
        ("image", "hl7", KEY.institution, 1),
        ("request", "hl7", KEY.institution, 4),
    ]
    rows = ledger.content()["rating"]
    assert [(row[2], row[3], row[4], row[5]) for row in rows] == said(ledger)


def test_the_same_raters_later_rating_supersedes_and_the_event_of_the_first_stays(ledger: SqlLedger) -> None:
    write(ledger, placed(), rated(rating(5)), rated(rating(2), minutes=5))
    assert said(ledger) == [("image", "assessor", "ayse", 2)]
    kept = [one.rating.score for _, one in ledger.events() if isinstance(one, e.ExamRated)]
    assert kept == [5, 2]


def test_a_version_that_supersedes_the_report_takes_its_ratings_along(ledger: SqlLedger) -> None:
    write(ledger, placed(), received(report(4, 1)), received(report(None, 3, status=ReportStatus.CORRECTED), 3, 9))
    assert said(ledger) == [("image", "hl7", KEY.institution, 3)]
    assert len(ledger.content()["rating"]) == 1


def test_what_was_signed_in_gecit_is_the_signers_and_has_its_reasons(ledger: SqlLedger) -> None:
    write(ledger, placed(), signed(report(None, 2, image_quality_reasons=("motion",))))
    assert said(ledger) == [("image", "editor", "mehmet", 2)]
    line = ledger.quality_lines(EVERYTHING, QualitySearch(), 10)[0]
    assert [(one.reasons, one.version) for one in line.ratings] == [(("motion",), 1)]


def test_ratings_and_hints_are_rebuilt_from_the_events_to_the_byte(ledger: SqlLedger) -> None:
    found = e.HintsFound(at=NOW, exam=KEY, hints=(HINT, replace(HINT, code="series-too-few")), data="r1")
    gone = e.HintsFound(at=NOW, exam=OTHER, data="r1")
    write(ledger, placed(), placed(OTHER), received(report()), rated(rating(5)), rated(rating(2)), found)
    write(ledger, e.HintsFound(at=NOW, exam=OTHER, hints=(HINT,), data="r1"), gone)
    before = ledger.content()
    assert (len(before["rating"]), len(before["hint"])) == (3, 2)
    assert ledger.rebuild() == (8, True)
    assert ledger.content() == before


def test_a_rating_follows_the_order_to_its_place_in_the_list(ledger: SqlLedger) -> None:
    """Modality and date stand beside it to count by: an order that comes later, or changes, moves them."""
    write(ledger, rated(rating(1)), placed())
    assert [row[7] for row in ledger.content()["rating"]] == ["CT"]
    changed = replace(order(), modality="MR")
    write(ledger, e.OrderChanged(at=NOW, exam=KEY, order=changed, message=5))
    assert [row[7] for row in ledger.content()["rating"]] == ["MR"]


def test_the_list_has_exams_with_hints_or_low_ratings_once_newest_first_page_by_page(ledger: SqlLedger) -> None:
    keys = [ExamKey(institution="10001", accession=f"L{number}") for number in range(4)]
    for number, key in enumerate(keys):
        at = NOW + timedelta(days=number)
        write(ledger, e.OrderPlaced(at=at, exam=key, order=replace(order(key), ordered_at=at), message=1))
    write(ledger, rated(rating(2, key=keys[0])), rated(rating(4, key=keys[1])))
    write(ledger, e.HintsFound(at=NOW, exam=keys[2], hints=(HINT, HINT), data="r"))
    write(ledger, e.HintsFound(at=NOW, exam=keys[3], hints=(HINT,), data="r"), rated(rating(1, key=keys[3])))
    first = ledger.quality_lines(EVERYTHING, QualitySearch(), 2)
    assert [one.exam for one in first] == [keys[3], keys[2]]
    assert (len(first[0].hints), len(first[0].ratings), len(first[1].hints)) == (1, 1, 2)
    last = first[-1]
    place = Place(listed_at=last.listed_at, institution=last.exam.institution, accession=last.exam.accession)
    assert [one.exam for one in ledger.quality_lines(EVERYTHING, QualitySearch(), 2, place)] == [keys[0]]


def test_the_list_is_narrowed_by_rights_kind_device_institution_modality_and_dates(ledger: SqlLedger) -> None:
    write(ledger, placed(), placed(OTHER), e.StudyLinked(at=NOW, exam=KEY, facts=facts(), path="p"))
    write(ledger, e.HintsFound(at=NOW, exam=KEY, hints=(HINT,), data="r"), rated(rating(1, key=OTHER)))
    write(ledger, rated(rating(2, kind=RatingKind.REQUEST, key=OTHER)))

    def found(reach: Reach = EVERYTHING, **search: object) -> list[ExamKey]:
        lines = ledger.quality_lines(reach, QualitySearch(**search), 10)  # type: ignore[arg-type]
        return [one.exam for one in lines]

    assert found() == [OTHER, KEY]
    assert found(Reach()) == []
    assert found(Reach(institution="10002")) == [OTHER]
    assert found(Reach(granted=("10001",))) == [KEY]
    assert found(Reach(patient=order().patient.tckn)) == [OTHER, KEY]
    assert found(kind="pixel-spacing-missing") == [KEY]
    assert (found(kind="image"), found(kind="request"), found(kind="dose-high")) == ([OTHER], [OTHER], [])
    assert (found(institution="10001"), found(modality="MR")) == ([KEY], [])
    devices = ledger.content()["exam_device"]
    assert found(device=str(devices[0][2])) == [KEY]
    assert found(device="none") == []
    listed = ledger.quality_lines(EVERYTHING, QualitySearch(), 10)[0].listed_at
    assert found(since=listed, until=listed + timedelta(seconds=1)) == [OTHER, KEY]
    assert found(until=listed) == []
