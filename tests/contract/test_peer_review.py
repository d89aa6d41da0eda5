"""Peer review on both engines: the same seed gives the same exams, nobody reviews his own, what was said stands."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256

import pytest
from msgspec.structs import replace

from gecit.core.events import FeedbackAnswered, ReportReviewed
from gecit.core.feedback import About, Closing, Fault, Part
from gecit.core.peer_review import Per, Reviewer, ReviewView, Significance, Stratum
from gecit.edges.store import SqlLedger, open_ledger
from gecit.ports.reviews import FeedbackSearch
from gecit.steps.give_feedback import FeedbackRefused, answer, close, of_review, send
from gecit.steps.review_report import ReviewRefused, Said, Why, in_force, review_report
from gecit.steps.sample_reports import SampleRefused, close_round, draw_again, draw_round, plan
from tests.support.flow import HOSPITAL
from tests.support.reviews import ANY, NUMBERS, SCALE, SIGNED, asked, corrected, signed

NOW = SIGNED + timedelta(days=40)
HOUR = timedelta(hours=1)
CEM = Reviewer(account="cem", tckn=NUMBERS["cem"])
BORA = Reviewer(account="bora", tckn=NUMBERS["bora"])


def fill(ledger: SqlLedger, count: int = 40) -> None:
    for number in range(count):
        signed(ledger, f"A{number}", by=("ayse", "bora")[number % 2], modality=("CT", "MR")[number % 3 == 0])


def accessions(state: object) -> list[str]:
    return [one.exam.accession for one in state.round.picks]  # type: ignore[attr-defined]


# Samples


def test_seed_strata_and_position_give_the_same_exams_whatever_came_since(ledger: SqlLedger) -> None:
    fill(ledger)
    state = draw_round(ledger, asked(), (), "y", NOW)
    assert len(state.round.picks) == ANY.size
    assert draw_again(ledger, state.round)
    # Later reports, corrections of what was drawn and of what was not, and another round change nothing of it.
    for number in range(40, 60):
        signed(ledger, f"A{number}")
    for number in range(40):
        corrected(ledger, replace(state.round.picks[0].exam, accession=f"A{number}"), NOW + HOUR)
    draw_round(ledger, asked(id="r2", seed="başka"), (), "y", NOW + HOUR)
    kept = ledger.read_reviews(lambda tx: tx.review_round("r1"))
    assert kept
    assert kept.round == state.round
    assert draw_again(ledger, kept.round)
    assert not draw_again(ledger, replace(kept.round, seed="değişti"))


def test_a_sample_is_the_same_on_every_engine(ledger: SqlLedger) -> None:
    """Worked out by hand from the digests, and written down: neither engine nor a later release may draw otherwise."""
    fill(ledger)
    strata = (replace(ANY, id="mr", size=3, modalities=("MR",)), replace(ANY, per=Per.RADIOLOGIST, size=2))
    state = draw_round(ledger, asked(*strata), (), "y", NOW)
    assert accessions(state) == ["A36", "A3", "A9", "A12", "A4", "A11", "A31"]
    random = [sha256(f"tohum\0random\0{HOSPITAL.skrs}\0{one}".encode()).hexdigest() for one in ("A12", "A4")]
    assert random == sorted(random)


def test_no_exam_is_drawn_twice_in_rounds_of_one_time(ledger: SqlLedger) -> None:
    fill(ledger, 12)
    drawn = [accessions(draw_round(ledger, asked(id=f"r{one}"), (), "y", NOW + one * HOUR)) for one in range(3)]
    assert [len(one) for one in drawn] == [5, 5, 2]
    assert len({accession for one in drawn for accession in one}) == 12
    with pytest.raises(SampleRefused):
        draw_round(ledger, asked(id="r9"), (), "y", NOW)
    last = ledger.read_reviews(lambda tx: tx.review_round("r2"))
    assert last
    assert [(one.wanted, one.found) for one in last.round.short] == [(5, 2)]
    later = asked(id="r8", since=NOW, until=NOW + timedelta(days=1))
    with pytest.raises(SampleRefused):  # of another time, where nothing was reported
        plan(ledger, later, ())


def test_strata_narrow_by_institution_modality_radiologist_rating_and_rule(ledger: SqlLedger) -> None:
    signed(ledger, "A1", by="ayse")
    signed(ledger, "A2", by="bora", modality="MR")
    signed(ledger, "A3", by="ayse", image_quality_rating=2)
    signed(ledger, "A4", by="ayse", institution="910009")

    def drawn(**narrowed: object) -> list[str]:
        one = asked(replace(ANY, **narrowed))
        try:
            return sorted(pick.exam.accession for pick in plan(ledger, one, ()).picks)
        except SampleRefused:
            return []

    assert drawn() == ["A1", "A2", "A3", "A4"]
    assert drawn(modalities=("MR",)) == ["A2"]
    assert drawn(radiologists=("bora",)) == ["A2"]
    assert drawn(radiologists=(NUMBERS["bora"],)) == ["A2"]
    assert drawn(institutions=("910009",)) == ["A4"]
    assert drawn(rated_at_most=2) == ["A3"]
    assert drawn(rules=("*",)) == []  # none was judged
    assert drawn(critical=True) == []
    within = asked(institutions=(HOSPITAL.skrs,))
    assert sorted(one.exam.accession for one in plan(ledger, within, ()).picks) == ["A1", "A2", "A3"]


def test_nobody_is_given_his_own_report(ledger: SqlLedger) -> None:
    fill(ledger, 10)
    two = asked(replace(ANY, size=10), reviewers=(CEM, BORA))
    picks = draw_round(ledger, two, (), "y", NOW).round.picks
    assert len(picks) == 10
    own = [one for one in picks if one.reviewer == "bora" and int(one.exam.accession[1:]) % 2]
    assert own == []
    assert {one.reviewer for one in picks} == {"cem", "bora"}
    with pytest.raises(SampleRefused):  # whose reports nobody else can review are not drawn
        plan(ledger, asked(Stratum(id="b", title=ANY.title, size=5, radiologists=("bora",)), reviewers=(BORA,)), ())


# Reviews


def test_a_review_is_an_event_and_a_later_one_supersedes_it(ledger: SqlLedger) -> None:
    signed(ledger, "A1")
    draw_round(ledger, asked(), (), "y", NOW)
    first = review_report(ledger, "r1", 1, Said(account="cem", score=1), SCALE, NOW)
    worse = Said(account="cem", score=3, significance=Significance.LIKELY, note="Nodül atlanmış.")
    second = review_report(ledger, "r1", 1, worse, SCALE, NOW + HOUR)
    assert second.supersedes == first.id
    given = ledger.read_reviews(lambda tx: tx.reviews("r1"))
    assert [(one.review.score, one.superseded) for one in given] == [(1, True), (3, False)]
    stands = in_force(given, 1, "cem")
    assert stands and stands.review == second
    recorded = [one.review for _, one in ledger.events() if isinstance(one, ReportReviewed)]
    assert recorded == [first, second]  # what was said first still stands as it was said


def test_what_cannot_be_reviewed_is_refused(ledger: SqlLedger) -> None:
    exam = signed(ledger, "A1")
    draw_round(ledger, asked(), (), "y", NOW)

    def why(number: int = 1, **differs: object) -> Why:
        said = replace(Said(account="cem", score=2, note="Fark var."), **differs)
        with pytest.raises(ReviewRefused) as refused:
            review_report(ledger, "r1", number, said, SCALE, NOW)
        return refused.value.why

    assert why(account="bora") is Why.NOT_YOURS
    assert why(number=7) is Why.NOT_YOURS
    assert why(score=9) is Why.NO_SCORE
    assert why(note=" ") is Why.NO_NOTE
    assert why(note="x" * 2001) is Why.TOO_LONG
    assert why(note="Hasta 10000000146 için") is Why.NUMBER
    # Whoever signs a later version after the drawing reviews his own.
    corrected(ledger, exam, NOW)
    assert why(tckn=NUMBERS["bora"]) is Why.OWN_REPORT
    assert close_round(ledger, "r1", "y", NOW)
    assert not close_round(ledger, "r1", "y", NOW)
    assert why() is Why.CLOSED


# Doors


def test_a_blind_review_opens_pictures_alone_and_only_while_its_round_is_open(ledger: SqlLedger) -> None:
    exam = signed(ledger, "A1")
    uid = f"1.2.{HOSPITAL.skrs}.A1"
    assert ledger.views_of("cem", "N") == []
    record_study(ledger, uid)
    draw_round(ledger, asked(), (), "y", NOW)
    assert ledger.views_of("cem", "N") == [ReviewView(study=uid, series=(f"{uid}.1",))]
    assert ledger.views_of("cem", "N", "1.2.3") == []
    assert ledger.views_of("cem", "M") == []
    assert ledger.views_of("bora", "N") == []
    assert ledger.is_blind("cem", exam)
    assert not ledger.is_blind("bora", exam)
    close_round(ledger, "r1", "y", NOW)
    assert ledger.views_of("cem", "N") == []
    assert not ledger.is_blind("cem", exam)


def test_a_study_that_another_hospitals_order_names_is_opened_by_no_review(ledger: SqlLedger) -> None:
    """Whoever writes another hospital's accession number into an order gets a link, and no look at its images."""
    signed(ledger, "A1")
    record_study(ledger, f"1.2.{HOSPITAL.skrs}.A1", institution="910099")
    draw_round(ledger, asked(blind=False), (), "y", NOW)
    assert ledger.views_of("cem", "N") == []


def test_an_open_review_opens_all_of_the_study(ledger: SqlLedger) -> None:
    exam = signed(ledger, "A1")
    record_study(ledger, f"1.2.{HOSPITAL.skrs}.A1")
    draw_round(ledger, asked(blind=False), (), "y", NOW)
    assert [one.series for one in ledger.views_of("cem", "N")] == [None]
    assert not ledger.is_blind("cem", exam)


def record_study(ledger: SqlLedger, uid: str, institution: str = HOSPITAL.skrs) -> None:
    from gecit.core.events import StudyFactsRecorded
    from gecit.core.facts import SeriesFacts
    from tests.support.flow import study

    facts = study(uid.removeprefix("1.2."), "A1")
    document = SeriesFacts(series_instance_uid="1.9", modality="SR", instances=1, images=0)
    facts = replace(facts, series=(*facts.series, document), institution=institution)
    ledger.write(lambda tx: tx.append(StudyFactsRecorded(at=NOW, study=facts.key, facts=facts)))


# Feedback


def test_feedback_is_talked_about_and_closed_with_an_outcome(ledger: SqlLedger) -> None:
    exam = signed(ledger, "A1")
    state = draw_round(ledger, asked(), (), "y", NOW)
    review = review_report(ledger, "r1", 1, Said(account="cem", score=2, note="Fark."), SCALE, NOW)
    found = ledger.read(lambda tx: tx.exam(exam))
    assert found
    made = of_review(state.round, review, found, "cem", ledger)
    assert (made.radiologist, made.blind, made.about) == ("ayse", True, About.REVIEW)
    sent = send(ledger, made, "Sağ üst lobda nodül.", NOW)
    with pytest.raises(FeedbackRefused) as twice:
        send(ledger, of_review(state.round, review, found, "cem", ledger), "Yine.", NOW)
    assert twice.value.fault is Fault.TWICE
    answer(ledger, sent.id, "ayse", Part.RADIOLOGIST, "Katılıyorum, ek rapor yazdım.", NOW + HOUR)
    close(ledger, sent.id, "mudur", Closing.EDUCATION, "Olgu toplantısında konuşulacak.", NOW + 2 * HOUR)
    for late in (
        lambda: answer(ledger, sent.id, "ayse", Part.RADIOLOGIST, "Bir de şu var.", NOW),
        lambda: close(ledger, sent.id, "mudur", Closing.NONE, "", NOW),
    ):
        with pytest.raises(FeedbackRefused) as closed:
            late()
        assert closed.value.fault is Fault.CLOSED
    stands = ledger.read_reviews(lambda tx: tx.feedback(sent.id))
    assert stands
    assert [(one.by, one.part) for one in stands.messages] == [("cem", Part.SENDER), ("ayse", Part.RADIOLOGIST)]
    assert (stands.outcome, stands.closed_by, stands.open) == (Closing.EDUCATION, "mudur", False)
    assert len([one for _, one in ledger.events() if isinstance(one, FeedbackAnswered)]) == 1

    def reached(**ways: object) -> int:
        return len(ledger.read_reviews(lambda tx: tx.feedbacks(FeedbackSearch(**ways))))  # type: ignore[arg-type]

    assert reached() == 0
    assert reached(everything=True) == reached(institution=HOSPITAL.skrs) == reached(radiologist="ayse") == 1
    assert reached(sender="cem") == 1
    assert reached(institution="910009", radiologist="bora", sender="ayse") == 0


@pytest.mark.parametrize(
    ("text", "fault"), [(" ", Fault.EMPTY), ("x" * 2001, Fault.TOO_LONG), ("10000000146", Fault.NUMBER)]
)
def test_a_message_that_is_none_is_refused(ledger: SqlLedger, text: str, fault: Fault) -> None:
    with pytest.raises(FeedbackRefused) as refused:
        answer(ledger, "yok", "ayse", Part.RADIOLOGIST, text, NOW)
    assert refused.value.fault is fault


def test_what_was_folded_is_the_same_made_again(ledger: SqlLedger) -> None:
    exam = signed(ledger, "A1")
    state = draw_round(ledger, asked(), (), "y", NOW)
    review_report(ledger, "r1", 1, Said(account="cem", score=1), SCALE, NOW)
    review = review_report(ledger, "r1", 1, Said(account="cem", score=4, note="Kitle."), SCALE, NOW)
    found = ledger.read(lambda tx: tx.exam(exam))
    assert found
    sent = send(ledger, of_review(state.round, review, found, "cem", ledger), "Kitle.", NOW)
    answer(ledger, sent.id, "ayse", Part.RADIOLOGIST, "Bakıyorum.", NOW)
    close(ledger, sent.id, "mudur", Closing.AGREED, "", NOW)
    close_round(ledger, "r1", "y", NOW)
    before = ledger.content()
    assert [len(before[name]) for name in ("review_round", "review_pick", "peer_review", "feedback")] == [1, 1, 2, 1]
    _, same = ledger.rebuild()
    assert same
    assert ledger.content() == before


def test_two_that_draw_at_once_share_no_exam(ledger_url: str) -> None:
    """The second one finds that a round was drawn since it looked, and draws anew."""
    ledger = open_ledger(ledger_url)
    fill(ledger, 12)
    real, once = ledger.position, []

    def meanwhile() -> int:
        found = real()
        if not once:
            once.append(True)
            draw_round(ledger, asked(id="first"), (), "z", NOW)
        return found

    ledger.position = meanwhile  # type: ignore[method-assign]
    second = draw_round(ledger, asked(id="second"), (), "y", NOW)
    first = ledger.read_reviews(lambda tx: tx.review_round("first"))
    assert first
    assert not set(accessions(first)) & set(accessions(second))
    assert draw_again(ledger, second.round)
    ledger.close()
