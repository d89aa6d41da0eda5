"""An assessor's rating: whose exam, what it must hold, and that a second one supersedes the first."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from gecit.core.access import Person, Role
from gecit.core.events import ExamRated
from gecit.core.quality import LONGEST_NOTE, Rating
from gecit.core.ratings import ratings_of
from gecit.core.report import RatingKind
from gecit.edges.quality_files import read_quality
from gecit.edges.store import SqlLedger
from gecit.steps.rate_quality import WORDS, RatingRefused, Unrated, rate
from tests.support.flow import HOSPITAL, exam, incoming, key, order, send
from tests.support.reading import NOW, wait_for_reader

REASONS = read_quality(Path(__file__).parents[2] / "rules").reasons
ASSESSOR = Person(name="zeynep", roles=(Role.ASSESSOR,), institution=HOSPITAL.skrs)
IMAGE, REQUEST = RatingKind.IMAGE, RatingKind.REQUEST


def give(
    ledger: SqlLedger,
    score: int | None,
    *reasons: str,
    note: str = "",
    by: Person = ASSESSOR,
    kind: RatingKind = IMAGE,
    minutes: int = 0,
    accession: str = "A1",
) -> Rating:
    now = NOW + timedelta(minutes=minutes)
    return ledger.write(lambda tx: rate(tx, key(accession), by, kind, score, reasons, note, REASONS, now))


def test_a_second_rating_supersedes_the_first_and_the_same_again_is_nothing(ledger: SqlLedger) -> None:
    wait_for_reader(ledger)
    give(ledger, 2, "motion", "artefact")
    give(ledger, 2, "artefact", "motion", minutes=1)
    give(ledger, 4, note="İkinci bakış", minutes=2)
    assert [(one.score, one.note) for one in ratings_of(exam(ledger))] == [(4, "İkinci bakış")]
    kept = [one.rating for _, one in ledger.events() if isinstance(one, ExamRated)]
    assert [(one.score, one.reasons) for one in kept] == [(2, ("artefact", "motion")), (4, ())]


def test_ratings_of_two_assessors_and_of_both_kinds_stand_side_by_side(ledger: SqlLedger) -> None:
    wait_for_reader(ledger)
    other = Person(name="deniz", roles=(Role.ASSESSOR,), institution=HOSPITAL.skrs)
    give(ledger, 5)
    give(ledger, 1, "motion", by=other)
    give(ledger, 3, kind=REQUEST)
    said = [(one.kind, one.rater, one.score) for one in ratings_of(exam(ledger))]
    assert said == [(IMAGE, "deniz", 1), (IMAGE, "zeynep", 5), (REQUEST, "zeynep", 3)]


@pytest.mark.parametrize(
    ("score", "reasons", "note", "why"),
    [
        (None, (), "", Unrated.NO_SCORE),
        (0, (), "", Unrated.NO_SCORE),
        (6, (), "", Unrated.NO_SCORE),
        (2, (), "", Unrated.NO_REASON),
        (3, ("no-clinical-information",), "", Unrated.UNKNOWN_REASON),
        (3, ("yok",), "", Unrated.UNKNOWN_REASON),
        (3, ("other",), "  ", Unrated.NO_NOTE),
        (3, (), "x" * (LONGEST_NOTE + 1), Unrated.LONG_NOTE),
        (3, (), "hasta 10000000146 idi", Unrated.PERSON_NUMBER),
    ],
)
def test_what_is_not_whole_is_refused_in_both_languages_and_changes_nothing(
    ledger: SqlLedger, score: int | None, reasons: tuple[str, ...], note: str, why: Unrated
) -> None:
    wait_for_reader(ledger)
    with pytest.raises(RatingRefused) as refused:
        give(ledger, score, *reasons, note=note)
    assert refused.value.why is why
    assert (WORDS[why].tr != "", WORDS[why].en != "") == (True, True)
    assert ratings_of(exam(ledger)) == ()


def test_images_that_have_not_come_are_not_rated_but_the_request_is(ledger: SqlLedger) -> None:
    send(ledger, incoming(order(), "1"))
    with pytest.raises(RatingRefused, match="no images"):
        give(ledger, 4)
    give(ledger, 4, kind=REQUEST)
    assert [one.kind for one in ratings_of(exam(ledger))] == [REQUEST]


@pytest.mark.parametrize(
    ("role", "institution", "accession"),
    [
        (Role.ASSESSOR, "910009", "A1"),
        (Role.RADIOLOGIST, HOSPITAL.skrs, "A1"),
        (Role.ADMINISTRATOR, "", "A1"),
        (Role.MANAGER, HOSPITAL.skrs, "A1"),
        (Role.ASSESSOR, HOSPITAL.skrs, "YOK"),
    ],
)
def test_nobody_but_an_assessor_of_the_institution_rates(
    ledger: SqlLedger, role: Role, institution: str, accession: str
) -> None:
    wait_for_reader(ledger)
    with pytest.raises(RatingRefused, match="not allowed"):
        give(ledger, 4, by=Person(name="x", roles=(role,), institution=institution), accession=accession)
