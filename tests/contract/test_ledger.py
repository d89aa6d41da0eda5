"""What the ledger promises, on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from gecit.core import events as e
from gecit.core.exam import Billing
from gecit.core.facts import SeriesFacts, StudyFacts, StudyKey
from gecit.core.order import Control, ExamKey, Order, Patient, Procedure
from gecit.core.report import Report, ReportPart, ReportStatus
from gecit.edges.store import SqlLedger, open_ledger
from gecit.edges.store.migrate import LedgerTooNewError
from gecit.edges.store.schema import exam as exam_rows
from gecit.ports import Beat, Institution, NewMessage, Transaction, Unavailable

NOW = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
KEY = ExamKey(institution="10001", accession="A1")
STUDY = StudyKey(node="n1", orthanc_id="s1")


def order(key: ExamKey = KEY, *, tckn: str = "10000000146", control: Control = Control.NEW) -> Order:
    procedures = (Procedure(sut="801950", loinc="36643-5"),)
    patient = Patient(tckn=tckn, file_number="F7", family="ŞIĞÖÇÜ", given="İıJâ")
    return Order(key=key, control=control, patient=patient, procedures=procedures, ordered_at=NOW, modality="CT")


def placed(key: ExamKey = KEY, at: datetime = NOW, **changes: str) -> e.OrderPlaced:
    return e.OrderPlaced(at=at, exam=key, order=order(key, **changes), message=1)


def facts(key: StudyKey = STUDY, **changes: object) -> StudyFacts:
    series = (SeriesFacts(series_instance_uid="1.2.3.1", modality="CT", instances=3, images=3),)
    study = StudyFacts(key=key, study_instance_uid="1.2.3", accession="A1", patient_id="10000000146", series=series)
    return msgspec.structs.replace(study, **changes)


def recorded(at: datetime = NOW, **changes: object) -> e.StudyFactsRecorded:
    found = facts(**changes)
    return e.StudyFactsRecorded(at=at, study=found.key, facts=found)


def new_message(control_id: str = "M1", raw: bytes = b"MSH|...") -> NewMessage:
    return NewMessage(
        received_at=NOW, peer="127.0.0.1", institution="10001", sender=("HBYS", "FIRM"), control_id=control_id,
        digest="d" + control_id, raw=raw, answer=b"ACK", answer_code="AA",
    )  # fmt: skip


def test_an_exam_is_what_its_events_say(ledger: SqlLedger) -> None:
    ledger.write(lambda tx: tx.append(placed()))
    exam = ledger.read(lambda tx: tx.exam(KEY))
    assert exam is not None
    assert exam.order == order()
    assert exam.judge_at == NOW
    assert ledger.timeline(KEY) == [placed()]


def test_a_transaction_that_raises_leaves_nothing(ledger: SqlLedger) -> None:
    def work(tx) -> None:
        tx.append(placed())
        tx.add_message(new_message())
        tx.queue("medula", "notify", "k", KEY, b"{}", NOW)
        tx.exams_of_accession("A1")
        raise RuntimeError("the process dies here")

    with pytest.raises(RuntimeError):
        ledger.write(work)
    assert ledger.recent_exams(10) == []
    assert ledger.timeline(KEY) == []
    assert ledger.deliveries() == []
    assert ledger.counts()["message"] == 0


def test_a_transaction_sees_its_own_events_in_searches(ledger: SqlLedger) -> None:
    def work(tx) -> list[str]:
        tx.append(placed())
        tx.append(recorded())
        tx.append(e.StudyLinked(at=NOW, exam=KEY, facts=facts(), path="accession+patient-id"))
        return [
            *(str(one.key) for one in tx.exams_of_accession("A1")),
            *(str(one.key) for one in tx.exams_of_patient("10000000146", "", "")),
            *(str(one.key) for one in tx.exams_of_patient("", "10001", "F7")),
            *(str(one.key) for one in tx.exams_of_study(STUDY)),
            *(str(one.key) for one in tx.studies_of_accession("A1")),
            *(str(one.key) for one in tx.studies_of_patient(["x", "10000000146"])),
            *(str(one.key) for one in tx.study_by_uid("1.2.3")),
        ]

    assert ledger.write(work) == ["10001/A1"] * 4 + ["n1/s1"] * 3


def test_a_file_number_finds_nobody_in_another_institution(ledger: SqlLedger) -> None:
    ledger.write(lambda tx: tx.append(placed()))
    assert ledger.read(lambda tx: tx.exams_of_patient("", "20002", "F7")) == []
    assert ledger.read(lambda tx: tx.exams_of_patient("", "", "F7")) == []


def test_an_exam_is_due_until_it_is_judged(ledger: SqlLedger) -> None:
    later = ExamKey(institution="10001", accession="A2")
    ledger.write(lambda tx: [tx.append(placed()), tx.append(placed(later, NOW + timedelta(hours=1)))])
    due = ledger.read(lambda tx: tx.exams_due(NOW + timedelta(minutes=1), 10))
    assert [one.key for one in due] == [KEY]
    both = ledger.read(lambda tx: tx.exams_due(NOW + timedelta(hours=2), 10))
    assert [one.key for one in both] == [KEY, later]


def test_a_reader_keeps_its_view_while_others_write(ledger: SqlLedger) -> None:
    later = ExamKey(institution="10001", accession="A2")

    def look(tx: Transaction) -> tuple[int, int]:
        first = len(tx.exams_due(NOW, 10))
        writer = threading.Thread(target=lambda: ledger.write(lambda other: other.append(placed(later))))
        writer.start()
        writer.join()
        return first, len(tx.exams_due(NOW, 10))

    ledger.write(lambda tx: tx.append(placed()))
    assert ledger.read(look) == (1, 1)
    assert ledger.read(lambda tx: len(tx.exams_due(NOW, 10))) == 2


def test_an_error_of_the_database_quotes_nothing_of_what_it_was_given(sqlite_ledger: SqlLedger) -> None:
    bad = {"institution": "10001", "accession": "A1", "tckn": "10000000146"}
    with pytest.raises(IntegrityError) as fault, sqlite_ledger.engine.begin() as connection:
        connection.execute(sa.insert(exam_rows).values(bad))
    assert "10000000146" not in str(fault.value)


def test_an_instant_of_any_year_is_read_as_it_was_written(ledger: SqlLedger) -> None:
    old = datetime(900, 1, 1, tzinfo=UTC)
    event = e.OrderPlaced(at=NOW, exam=KEY, order=msgspec.structs.replace(order(), ordered_at=old), message=1)
    ledger.write(lambda tx: tx.append(event))
    (row,) = ledger.content()["exam"]
    assert old in row
    assert ledger.rebuild() == (1, True)


def test_rebuilding_gives_the_identical_state(ledger: SqlLedger) -> None:
    report = Report(
        key=KEY, patient=Patient(tckn="10000000146"), status=ReportStatus.FINAL, parts={ReportPart.FINDINGS: "Olağan."}
    )
    other = ExamKey(institution="10001", accession="A2")
    events: list[e.Event] = [
        placed(),
        recorded(),
        e.StudyLinked(at=NOW, exam=KEY, facts=facts(), path="accession+patient-id"),
        e.StudyLinked(at=NOW, exam=other, facts=facts(), path="acquisition-group"),
        e.ReportReceived(at=NOW, exam=KEY, report=report, message=2),
        e.NotificationQueued(at=NOW, exam=KEY, generation=1, key="10001:A1:1:notify"),
        e.NotificationAnswered(at=NOW, exam=KEY, key="10001:A1:1:notify", accepted=True, code="0000"),
        e.StudyUnlinked(at=NOW, exam=other, study=STUDY, reason="identifiers changed"),
        recorded(at=NOW + timedelta(seconds=1), patient_id="99"),
        e.StudyDeleted(at=NOW + timedelta(seconds=2), study=STUDY),
    ]
    for one in events:
        ledger.write(lambda tx, one=one: tx.append(one))
    before = ledger.content()
    assert len(before["exam"]) == 2
    assert [row[0] for row in before["study_identifier"]] == ["99"]
    assert ledger.rebuild() == (len(events), True)
    assert ledger.content() == before
    exam = ledger.read(lambda tx: tx.exam(KEY))
    assert exam is not None
    assert exam.billing is Billing.TOLD


def test_a_deleted_study_is_found_no_more_but_its_exam_keeps_its_past(ledger: SqlLedger) -> None:
    ledger.write(lambda tx: [tx.append(recorded()), tx.append(e.StudyDeleted(at=NOW, study=STUDY))])
    assert ledger.read(lambda tx: tx.studies_of_accession("A1")) == []
    assert ledger.read(lambda tx: tx.study_ids("n1")) == set()
    study = ledger.read(lambda tx: tx.study(STUDY))
    assert study is not None
    assert study.deleted


def test_an_unlinked_study_is_listed_until_an_exam_has_it(ledger: SqlLedger) -> None:
    ledger.write(lambda tx: tx.append(recorded()))
    assert [one.key for one in ledger.unlinked_studies(10)] == [STUDY]
    ledger.write(lambda tx: tx.append(e.StudyLinked(at=NOW, exam=KEY, facts=facts(), path="p")))
    assert ledger.unlinked_studies(10) == []


def test_messages_are_kept_to_the_byte_and_found_by_sender_and_control_id(ledger: SqlLedger) -> None:
    raw = bytes(range(256))
    number = ledger.write(lambda tx: tx.add_message(new_message(raw=raw)))
    ledger.write(lambda tx: tx.add_message(new_message("M2")))
    found = ledger.read(lambda tx: tx.message_with(("HBYS", "FIRM"), "M1"))
    assert [one.id for one in found] == [number]
    assert ledger.read(lambda tx: tx.message_with(("HBYS", "OTHER"), "M1")) == []
    ledger.write(lambda tx: tx.answer_message(number, b"ACK2", "AE", transient=True))
    kept = ledger.read(lambda tx: tx.message(number))
    assert kept is not None
    assert (kept.raw, kept.answer, kept.answer_code, kept.transient) == (raw, b"ACK2", "AE", True)


def test_a_key_stands_once_in_the_outbox(ledger: SqlLedger) -> None:
    first = ledger.write(lambda tx: tx.queue("medula", "notify", "k", KEY, b"1", NOW))
    again = ledger.write(lambda tx: tx.queue("medula", "notify", "k", KEY, b"2", NOW))
    other = ledger.write(lambda tx: tx.queue("archive", "attach-report", "k", KEY, b"3", NOW))
    assert (first, again, other) == (True, False, True)


def test_a_lease_keeps_others_away_until_it_ends_and_the_next_owner_asks_first(ledger: SqlLedger) -> None:
    ledger.write(lambda tx: tx.queue("medula", "notify", "k", KEY, b"1", NOW))
    until = NOW + timedelta(seconds=30)
    [mine] = ledger.lease("medula", "a", NOW, until, 10)
    assert (mine.state, mine.attempts) == ("queued", 1)
    assert ledger.lease("medula", "b", NOW, until, 10) == []
    [taken] = ledger.lease("medula", "b", until, until + timedelta(seconds=30), 10)
    assert (taken.state, taken.attempts) == ("unknown", 2)
    told = e.NotificationAnswered(at=NOW, exam=KEY, key="k", accepted=True)
    assert ledger.settle(mine, "a", "done", events=[told]) is False
    assert ledger.timeline(KEY) == []
    assert ledger.settle(taken, "b", "done", events=[told]) is True
    assert ledger.timeline(KEY) == [told]
    assert ledger.lease("medula", "c", until + timedelta(days=1), until + timedelta(days=2), 10) == []


def test_two_couriers_never_lease_the_same_row(ledger: SqlLedger) -> None:
    ledger.write(lambda tx: [tx.queue("medula", "notify", f"k{n}", KEY, b"", NOW) for n in range(60)])
    leased: dict[str, list[int]] = {"a": [], "b": [], "c": []}

    def work(owner: str) -> None:
        while found := ledger.lease("medula", owner, NOW, NOW + timedelta(minutes=5), 7):
            leased[owner] += [one.id for one in found]

    threads = [threading.Thread(target=work, args=(owner,)) for owner in leased]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    everything = [number for found in leased.values() for number in found]
    assert len(everything) == len(set(everything)) == 60


def test_an_order_and_its_images_at_the_same_moment_see_each_other(ledger: SqlLedger) -> None:
    """Two transactions at once: whichever commits second must see the first, or the link is never made."""
    seen: list[str] = []
    lock = threading.Barrier(2)

    def order_comes(number: int) -> None:
        lock.wait(20)
        key = ExamKey(institution="10001", accession=f"R{number}")

        def work(tx) -> int:
            tx.append(placed(key))
            return len(tx.studies_of_accession(key.accession))

        if ledger.write(work):
            seen.append(key.accession)

    def images_come(number: int) -> None:
        lock.wait(20)

        def work(tx) -> int:
            tx.append(recorded(key=StudyKey(node="n1", orthanc_id=f"o{number}"), accession=f"R{number}"))
            return len(tx.exams_of_accession(f"R{number}"))

        if ledger.write(work):
            seen.append(f"R{number}")

    for number in range(15):
        pair = [threading.Thread(target=one, args=(number,)) for one in (order_comes, images_come)]
        for one in pair:
            one.start()
        for one in pair:
            one.join(60)
    assert set(seen) == {f"R{number}" for number in range(15)}


def test_concurrent_events_of_one_exam_are_all_folded(ledger: SqlLedger) -> None:
    ledger.write(lambda tx: tx.append(placed()))

    def work(number: int) -> None:
        study = StudyKey(node="n1", orthanc_id=f"s{number}")
        for _ in range(5):
            linked = e.StudyLinked(at=NOW, exam=KEY, facts=facts(key=study), path="p")
            ledger.write(lambda tx, linked=linked: tx.append(linked))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    exam = ledger.read(lambda tx: tx.exam(KEY))
    assert exam is not None
    assert [one.facts.key.orthanc_id for one in exam.studies] == ["s0", "s1", "s2", "s3"]
    before = ledger.content()
    ledger.rebuild()
    assert ledger.content() == before


def test_the_rulebook_in_force_depends_on_the_instant_known(ledger: SqlLedger) -> None:
    assert ledger.active_rulebook() is None
    assert ledger.activate_rulebook("r1", b'{"a":1}', NOW)
    assert not ledger.activate_rulebook("r1", b'{"a":1}', NOW)
    assert ledger.activate_rulebook("r2", b'{"a":2}', NOW + timedelta(days=1))
    assert ledger.active_rulebook() == ("r2", b'{"a":2}')
    assert ledger.active_rulebook(NOW + timedelta(hours=1)) == ("r1", b'{"a":1}')
    assert ledger.active_rulebook(NOW - timedelta(hours=1)) is None
    assert ledger.active_revision() == "r2"


def test_institutions_cursors_and_beats_keep_their_last_value(ledger: SqlLedger) -> None:
    first = Institution(skrs="10001", medula_code="11010001", aets=("CT1",))
    second = Institution(skrs="10001", medula_code="11010001", aets=("CT1", "MR1"))
    for one in (first, second):
        ledger.write(lambda tx, one=one: tx.record_institution(one, NOW))
    assert ledger.read(lambda tx: tx.institutions()) == [second]
    assert ledger.read(lambda tx: tx.cursor("n1")) is None
    for number in (5, 9):
        ledger.write(lambda tx, number=number: tx.move_cursor("n1", number))
    assert ledger.read(lambda tx: tx.cursor("n1")) == 9
    for pid in (1, 2):
        ledger.beat(Beat(node="n1", process="work", pid=pid, at=NOW, detail={"lag": 0}))
    assert [one.pid for one in ledger.beats()] == [2]


def test_the_two_of_a_pair_have_signs_of_life_of_their_own(ledger: SqlLedger) -> None:
    one, other = (Beat(node="n1", home=home, process="work", pid=pid, at=NOW) for home, pid in (("a", 1), ("b", 2)))
    ledger.beat(one)
    ledger.beat(other)
    assert ledger.beats() == [one, other]
    late = msgspec.structs.replace(other, at=NOW + timedelta(days=31))
    ledger.beat(late)
    assert ledger.beats() == [late]  # nobody comes back from the folder of `one`


def test_a_ledger_of_a_newer_release_is_not_touched(ledger: SqlLedger, ledger_url: str) -> None:
    with ledger.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(LedgerTooNewError, match="9999"):
        open_ledger(ledger_url)


def test_a_ledger_that_is_locked_is_unavailable_and_recovers(tmp_path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    ledger = open_ledger(url)
    ledger.write(lambda tx: tx.append(placed()))
    from sqlalchemy import event

    event.listen(ledger.engine, "connect", lambda connection, _: connection.execute("PRAGMA busy_timeout=50"))
    ledger.engine.dispose()
    blocker = open_ledger(url)
    with blocker.engine.begin(), pytest.raises(Unavailable):
        ledger.write(lambda tx: tx.append(placed()))
    ledger.write(lambda tx: tx.append(placed()))
    assert len(ledger.timeline(KEY)) == 2


@pytest.mark.postgres
def test_a_postgresql_that_is_gone_is_unavailable_and_recovers(tmp_path) -> None:
    from tests.support.postgres import cluster

    with cluster() as running:
        ledger = open_ledger(running.new_database())
        ledger.write(lambda tx: tx.append(placed()))
        running.stop()
        with pytest.raises(Unavailable):
            ledger.write(lambda tx: tx.append(placed()))
        running.start()
        ledger.write(lambda tx: tx.append(placed()))
        assert len(ledger.timeline(KEY)) == 2
        ledger.close()


def test_rebuilding_mends_and_tells_a_state_that_was_not_what_the_events_say(ledger: SqlLedger) -> None:
    ledger.write(lambda tx: tx.append(placed()))
    good = ledger.content()
    with ledger.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE exam SET modality = 'XX'")
    assert ledger.rebuild() == (1, False)
    assert ledger.content() == good
    assert ledger.rebuild() == (1, True)


def test_the_version_is_another_one_once_somebody_has_committed(ledger: SqlLedger, ledger_url: str) -> None:
    """Whoever it was, this process or another; what was undone counts for nothing on SQLite."""
    other = open_ledger(ledger_url)
    first = ledger.version()
    ledger.write(lambda tx: tx.append(placed()))
    second = ledger.version()
    other.write(lambda tx: tx.append(placed(ExamKey(institution="10001", accession="A2"))))
    third = ledger.version()
    other.close()
    assert len({first, second, third}) == 3


def test_the_version_stands_while_nobody_commits(sqlite_ledger: SqlLedger) -> None:
    """On SQLite, where nothing else writes; asking for it changes nothing."""
    sqlite_ledger.write(lambda tx: tx.append(placed()))
    first = sqlite_ledger.version()
    sqlite_ledger.read(lambda tx: tx.exam(KEY))
    assert sqlite_ledger.version() == first
