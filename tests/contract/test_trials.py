"""Trial exams on both engines: told to nobody, removed without a trace, and nothing else with them."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from gecit.cli.selftest.site_checks import at_its_node
from gecit.core.facts import StudyKey
from gecit.core.identifiers import is_tckn
from gecit.core.order import Patient
from gecit.core.trials import Left, accession_of, is_trial_accession, is_trial_patient, patient_of
from gecit.core.webhooks import Subscription
from gecit.edges import hl7_build
from gecit.edges.store import SqlLedger, schema
from gecit.ports import Unavailable
from gecit.ports.nodes import NewNode
from gecit.processes.reception import Raw, Reception
from gecit.steps.trials import remove, trial_institution
from tests.processes.test_reception import PROFILES, CountingRegistry, said
from tests.support.billing import HandClock
from tests.support.everything import fill, rows_of
from tests.support.flow import HOSPITAL, JUDGING, TCKN, arrive, incoming, judge, order, send, study
from tests.support.trials import NOW, OTHER, RUN, TRIAL, Images, mine, play


@pytest.fixture
def trial(ledger: SqlLedger) -> SqlLedger:
    """A ledger with everything a node can do, and a trial institution."""
    fill(ledger)
    judge(ledger, NOW)
    ledger.write(lambda tx: tx.record_institution(TRIAL, NOW))
    return ledger


def test_numbers_of_a_trial_are_known_again_and_nobody_elses_are() -> None:
    assert is_trial_accession(accession_of(RUN, 1))
    assert is_trial_accession(accession_of(RUN, 1), RUN)
    assert not is_trial_accession(accession_of(RUN, 1), OTHER)
    assert not any(map(is_trial_accession, ("", "A1", "GST-", "GST-0A1B2C", "GST-0a1b2c-01", "XGST-0A1B2C-01")))
    assert all(is_tckn(patient_of(one)) and is_trial_patient(patient_of(one)) for one in range(1000))
    assert not any(map(is_trial_patient, ("", TCKN, "10000700000", "1000070000x", "١٠٠٠٠٧٠٠٠٠٠")))
    assert len(accession_of(RUN, 99)) <= 16


def test_what_a_trial_institution_sends_is_judged_and_told_to_nobody(trial: SqlLedger) -> None:
    everyone = Subscription(id="wh-1", institution="", url="https://a.example/", secret="s", created_at=NOW, by="y")
    trial.write(lambda tx: tx.add_webhook(everyone))
    [clean, _] = play(trial)
    exam = trial.read(lambda tx: tx.exam(clean))
    assert exam
    assert exam.verdict
    assert exam.verdict.outcome.value == "submit", exam.verdict.findings
    with trial.engine.connect() as connection:
        told = connection.execute(schema.outbox.select().where(schema.outbox.c.institution == TRIAL.skrs)).all()
    assert {one.destination for one in told} <= {"archive"}

    trial.write(lambda tx: tx.record_institution(replace(TRIAL, skrs="990002", trial=False), NOW))
    play(trial, OTHER, replace(TRIAL, skrs="990002"), patient_of(8))
    with trial.engine.connect() as connection:
        told = connection.execute(schema.outbox.select().where(schema.outbox.c.institution == "990002")).all()
    assert {one.destination for one in told} >= {"medula", "webhook"}, "the same exam of a hospital is told"


def test_what_came_to_another_node_is_left_for_it_and_its_node_is_named(trial: SqlLedger) -> None:
    """Each node deletes images of its own index alone: without its record nobody would know of them."""
    for name in ("N", "M"):
        assert trial.claim_node(NewNode(name=name, mark=name, home=name)) is None
    play(trial)
    there = Images()
    there.node = "M"  # asked at M, while the studies lie at N
    removed, left = remove(trial, there, TRIAL.skrs, RUN, "deneme", lambda: NOW)
    assert removed.studies == 0 and len(removed.exams) == 2
    assert left.held_by == "N" and left.studies >= 1 and left.exams == 0
    advice = at_its_node(left)
    assert advice and "N" in advice.tr and "--only clean" in advice.en
    _, left = remove(trial, Images(), TRIAL.skrs, RUN, "deneme", lambda: NOW)
    assert left == Left() and at_its_node(left) is None


def test_studies_of_a_node_that_was_forgotten_are_removed_with_the_rest(trial: SqlLedger) -> None:
    play(trial)
    there = Images()
    there.node = "M"
    assert remove(trial, there, TRIAL.skrs, RUN, "deneme", lambda: NOW)[1] == Left()


def test_removed_nothing_is_left_and_nothing_else_is_gone(trial: SqlLedger) -> None:
    before = rows_of(trial, schema.FOLDED)
    keys = play(trial)
    assert rows_of(trial, schema.FOLDED) != before
    images = Images(StudyKey(node="N", orthanc_id=f"t{RUN}"), StudyKey(node="N", orthanc_id=f"d{RUN}"))
    assert trial.read(lambda tx: tx.trial_left(TRIAL.skrs)).exams == 2
    removed, left = remove(trial, images, TRIAL.skrs, RUN, "deneme", lambda: NOW)
    assert removed.exams == tuple(keys)
    assert left == Left()
    assert not left
    assert len(images.deleted) == 2
    assert rows_of(trial, schema.FOLDED) == before
    with trial.engine.connect() as connection:
        kept = connection.execute(schema.outbox.select().where(schema.outbox.c.institution == TRIAL.skrs)).all()
    assert kept == []
    assert trial.rebuild()[1], "the events alone say so too"
    assert rows_of(trial, schema.FOLDED) == before
    again, left = remove(trial, images, TRIAL.skrs, RUN, "deneme", lambda: NOW)
    assert not again.exams
    assert not left


def test_a_run_is_removed_alone(trial: SqlLedger) -> None:
    play(trial)
    others = play(trial, OTHER)
    _, left = remove(trial, Images(), TRIAL.skrs, RUN, "deneme", lambda: NOW)
    assert left.exams == len(others)
    assert all(trial.read(lambda tx, key=key: tx.exam(key)) for key in others)  # type: ignore[misc]
    _, left = remove(trial, Images(), TRIAL.skrs, "", "deneme", lambda: NOW)
    assert not left


def test_exams_of_a_hospital_stay_whatever_number_they_have(trial: SqlLedger) -> None:
    made = order(accession_of(RUN, 1))
    send(trial, incoming(made, "H1"))
    before = rows_of(trial, schema.FOLDED)
    assert trial_institution(trial, HOSPITAL.skrs) is None
    removed, _ = remove(trial, Images(), HOSPITAL.skrs, RUN, "deneme", lambda: NOW)
    assert not removed.exams
    remove(trial, Images(), TRIAL.skrs, "", "deneme", lambda: NOW)
    assert rows_of(trial, schema.FOLDED) == before
    foreign = mine("A-REAL-NUMBER")
    send(trial, incoming(order(foreign.accession, key=foreign), "H2"))
    remove(trial, Images(), TRIAL.skrs, "", "deneme", lambda: NOW)
    assert trial.read(lambda tx: tx.exam(foreign)), "a number that no self-test gave"


def test_a_hospitals_study_of_a_patient_stays_whatever_accession_number_its_sender_wrote(trial: SqlLedger) -> None:
    arrive(trial, study("h1", accession_of(RUN, 1), patient_id=TCKN, settled=True))
    before = rows_of(trial, schema.FOLDED)
    removed, left = remove(trial, Images(), TRIAL.skrs, "", "deneme", lambda: NOW)
    assert (removed.studies, left.studies) == (0, 0)
    assert rows_of(trial, schema.FOLDED) == before


def test_a_trial_institution_cannot_send_a_patient_whom_nobody_would_bill(trial: SqlLedger) -> None:
    at_trial = replace(TRIAL, hl7_peers=("192.0.2.99",))
    trial.write(lambda tx: tx.record_institution(at_trial, NOW))
    reception = Reception(trial, CountingRegistry(), HandClock(NOW), lambda: JUDGING, PROFILES)
    key = mine(accession_of(RUN, 9))

    def tell(patient: Patient) -> str:
        made = order(key.accession, key=key, patient=patient, admission="K1")
        frame = hl7_build.order_message(made, hl7_build.Envelope(control_id=patient.tckn or "none"))
        return said(reception.receive([Raw(frame, "192.0.2.99", NOW)])[0])

    for somebody in (Patient(tckn=TCKN), Patient(file_number="D7")):
        assert tell(somebody) == "AE trial-with-patient"
        assert trial.read(lambda tx: tx.exam(key)) is None
    assert tell(Patient(tckn=patient_of(9))).startswith("AA")
    assert trial.read(lambda tx: tx.exam(key))


def test_what_is_on_its_way_stays_for_the_next_call(trial: SqlLedger) -> None:
    [clean, _] = play(trial)
    leased = trial.lease("archive", "courier", NOW, NOW.replace(hour=10), 50, "N")
    assert any(one.exam == clean for one in leased)
    removed, left = remove(trial, Images(), TRIAL.skrs, RUN, "deneme", lambda: NOW)
    assert removed.busy == 1
    assert left.exams == 1
    assert left.deliveries


def test_the_same_number_can_come_again(trial: SqlLedger) -> None:
    play(trial)
    remove(trial, Images(), TRIAL.skrs, RUN, "deneme", lambda: NOW)
    send(trial, incoming(order(accession_of(RUN, 1), key=mine(accession_of(RUN, 1))), "again"))
    exam = trial.read(lambda tx: tx.exam(mine(accession_of(RUN, 1))))
    assert exam
    assert not exam.studies
    assert not exam.reports


def test_a_silent_trial_institution_is_no_news(trial: SqlLedger) -> None:
    play(trial)
    with trial.engine.begin() as connection:
        connection.execute(schema.message.update().values(institution=TRIAL.skrs))
    assert TRIAL.skrs not in trial.last_messages()


def test_a_removal_that_broke_off_after_the_images_goes_on(trial: SqlLedger) -> None:
    before = rows_of(trial, schema.FOLDED)
    play(trial)

    class Breaking(Images):
        def remove_study(self, orthanc_id: str) -> bool:
            super().remove_study(orthanc_id)
            raise Unavailable("orthanc")

    with pytest.raises(Unavailable):
        remove(trial, Breaking(StudyKey(node="N", orthanc_id=f"t{RUN}")), TRIAL.skrs, RUN, "deneme", lambda: NOW)
    assert trial.read(lambda tx: tx.trial_left(TRIAL.skrs)).exams == 2
    _, left = remove(trial, Images(), TRIAL.skrs, RUN, "deneme", lambda: NOW)
    assert not left
    assert rows_of(trial, schema.FOLDED) == before
