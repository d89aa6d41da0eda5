"""What people keep and what is counted for them, on both engines."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from bench.million import WINDOW, fill
from msgspec.structs import replace

from gecit.core import events as e
from gecit.core.access import Reach
from gecit.core.search import ExamSearch
from gecit.edges.store import SqlLedger, schema
from gecit.edges.store.tracking_desk import Export, SavedView
from gecit.ports import NewMessage
from tests.fakes import NOON
from tests.support.exams import CLEAN, HELD, facts, order, record

ALL, OWN = Reach(everything=True), Reach(institution=HELD.institution)
DAY = timedelta(days=1)


def test_views_are_of_their_owner_replaced_by_name_and_deleted(ledger: SqlLedger) -> None:
    first, second = SavedView(name="a", fields={"outcome": "hold"}), SavedView(name="a", fields={"rule": "x"})
    ledger.save_view("ayşe", first, NOON)
    ledger.save_view("ayşe", second, NOON)
    ledger.save_view("veli", first, NOON)
    ledger.delete_view("veli", "b")
    assert (ledger.saved_views("ayşe"), ledger.saved_views("veli")) == ([second], [first])
    ledger.delete_view("ayşe", "a")
    assert (ledger.saved_views("ayşe"), ledger.saved_views("veli")) == ([], [first])


def export(number: str, **more: object) -> Export:
    values = {"node": "N1", "owner": "ayşe", "kind": "csv", "language": "tr", "search": ExamSearch(reach=OWN)}
    return Export(**{"id": number, "asked_at": NOON, "touched_at": NOON, **values, **more})  # type: ignore[arg-type]


def test_an_export_moves_and_is_forgotten_by_its_node_alone(ledger: SqlLedger) -> None:
    ledger.add_export(export("1"))
    ledger.add_export(export("2", node="N2"))
    ledger.add_export(export("3", asked_at=NOON + DAY))
    ledger.move_export("1", NOON + timedelta(seconds=5), state="running", done=3, total=9)
    one = ledger.export("1")
    assert one and (one.state, one.done, one.total, one.touched_at) == ("running", 3, 9, NOON + timedelta(seconds=5))
    assert one.search == ExamSearch(reach=OWN) and not one.finished
    assert {one.id for one in ledger.exports_of("ayşe", NOON)} == {"1", "2", "3"}
    assert ledger.exports_of("veli", NOON) == []
    assert ledger.forget_exports("N1", NOON + DAY) == ["1"]
    assert ledger.export("1") is None and ledger.export("2") and ledger.export("3")


def test_parked_deliveries_of_chosen_exams_go_back_to_where_they_were(ledger: SqlLedger) -> None:
    record(ledger)
    for number, (key, state, resume) in enumerate(
        [(CLEAN, "parked", "unknown"), (CLEAN, "done", "queued"), (HELD, "parked", "queued")]
    ):
        ledger.write(lambda tx, key=key, number=number: tx.queue("medula", "notify", f"k{number}", key, b"", NOON))  # type: ignore[misc]
        with ledger.engine.begin() as connection:
            mine = sa.update(schema.outbox).where(schema.outbox.c.key == f"k{number}")
            connection.execute(mine.values(state=state, resume=resume))
    assert ledger.parked_of([CLEAN, HELD]) == {CLEAN, HELD}
    assert ledger.retry_of([CLEAN], NOON + DAY) == 1
    assert [one.state for one in ledger.deliveries_of(CLEAN)] == ["unknown", "done"]
    assert ledger.parked_of([CLEAN, HELD]) == {HELD} and ledger.retry_of([], NOON) == 0


def test_a_day_is_counted_as_its_exams_are(ledger: SqlLedger) -> None:
    fill(ledger, 240, held=40)
    start = WINDOW[0].replace(hour=0)
    inside = list(ledger.all_exams(ExamSearch(reach=ALL, since=start, until=start + DAY)))
    counts = ledger.count_day(ALL, start, start + DAY)
    assert sum(counts.outcome.values()) == sum(counts.hour.values()) == len(inside) >= 40
    assert counts.rule == {"duplicate-query-missing": 40} and counts.outcome["hold"] == 40
    assert set(counts.hour) <= set(range(24)) and sum(counts.hour.get(one, 0) for one in (9, 10, 11)) >= 40
    own = ledger.count_day(Reach(institution="900103"), start, start + DAY)
    assert sum(own.modality.values()) == sum(one.key.institution == "900103" for one in inside) > 0
    assert ledger.count_day(Reach(), start, start + DAY).outcome == {}


def test_what_waits_is_told_by_rule_device_and_institution(ledger: SqlLedger) -> None:
    fill(ledger, 240, held=40)
    [all_of_them] = ledger.waiting(ALL, WINDOW[0] - DAY, "")
    assert (all_of_them.rule, all_of_them.count) == ("duplicate-query-missing", 40)
    assert WINDOW[0] <= all_of_them.oldest <= all_of_them.mean <= WINDOW[1] + timedelta(minutes=1)
    by_device = {one.of: one.count for one in ledger.waiting(ALL, WINDOW[0] - DAY, "device")}
    assert by_device == {"OLC-CT": 20, "OLC-MR": 20}
    by_sender = ledger.waiting(ALL, WINDOW[0] - DAY, "institution")
    assert sum(one.count for one in by_sender) == 40 and len(by_sender) == 20
    assert [one.of for one in ledger.waiting(Reach(institution="900103"), WINDOW[0] - DAY, "institution")] == ["900103"]
    assert ledger.waiting(ALL, WINDOW[1] + DAY, "") == []


def test_a_device_is_silent_until_its_first_dose_report(ledger: SqlLedger) -> None:
    record(ledger)
    assert ledger.silent_devices(ALL, NOON - DAY, ("CT",)) == [], "the same device sent one with another exam"
    new = HELD.__class__(institution=HELD.institution, accession="YENI")
    study = facts(new)
    series = tuple(one.__class__(**{**_fields(one), "device_serial": "S-9"}) for one in study.series)
    silent = study.__class__(**{**_fields(study), "series": series})
    ledger.write(lambda tx: tx.append(e.OrderPlaced(exam=new, at=NOON, order=order(new), message=4)))
    ledger.write(lambda tx: tx.append(e.StudyLinked(exam=new, at=NOON, facts=silent, path="p")))
    [one] = ledger.silent_devices(ALL, NOON - DAY, ("CT",))
    assert (one.device, one.exams, one.institution, one.last_at) == ("S-9", 1, HELD.institution, NOON)
    assert ledger.silent_devices(ALL, NOON - DAY, ("MG",)) == []
    assert ledger.silent_devices(Reach(institution="999999"), NOON - DAY, ("CT",)) == []
    assert ledger.silent_devices(ALL, NOON + DAY, ("CT",)) == []


def _fields(value: object) -> dict[str, object]:
    return {name: getattr(value, name) for name in value.__struct_fields__}  # type: ignore[attr-defined]


def test_senders_are_counted_by_their_messages_and_exams(ledger: SqlLedger) -> None:
    record(ledger)
    for number, code in enumerate(["AA", "AA", "AE", "AR"]):
        ledger.write(lambda tx, number=number, code=code: tx.add_message(message(number, code)))  # type: ignore[misc]
    unknown = replace(message(9, "AR"), institution="")
    ledger.write(lambda tx: tx.add_message(unknown))
    assert ledger.senders(Reach(patient="10000000146"), NOON - DAY, NOON + DAY) == [], "nor what is of nobody known"
    [own] = ledger.senders(OWN, NOON - DAY, NOON + DAY)
    assert (own.institution, own.answers, own.exams) == (HELD.institution, {"AA": 2, "AE": 1, "AR": 1}, 2)
    assert own.rules == {"dose-report": 1}
    assert {one.institution for one in ledger.senders(ALL, NOON - DAY, NOON + DAY)} > {HELD.institution}
    assert ledger.last_accepted(HELD.institution) == NOON + timedelta(minutes=1)
    assert ledger.last_accepted("999999") is None
    assert ledger.refusals(HELD.institution, NOON - DAY, NOON + DAY) == [b"answer 3", b"answer 2"]


def message(number: int, code: str) -> NewMessage:
    return NewMessage(
        received_at=NOON + timedelta(minutes=number),
        peer="::1",
        institution=HELD.institution,
        sender=("HBYS", "H"),
        control_id=str(number),
        digest=str(number),
        raw=b"MSH",
        answer=f"answer {number}".encode(),
        answer_code=code,
    )


def test_the_outbox_is_told_by_destination_and_state(ledger: SqlLedger) -> None:
    record(ledger)
    for number in range(3):
        at = NOON + timedelta(hours=number)
        ledger.write(lambda tx, n=number, at=at: tx.queue("medula", "notify", f"k{n}", CLEAN, b"", at))  # type: ignore[misc]
    with ledger.engine.begin() as connection:
        connection.execute(sa.update(schema.outbox).where(schema.outbox.c.key == "k0").values(state="done"))
    [one] = ledger.queues()
    assert (one.destination, one.state, one.count, one.oldest) == ("medula", "queued", 2, NOON + timedelta(hours=1))


@pytest.mark.parametrize(("institution", "count"), [("", 1), (HELD.institution, 0)])
def test_studies_without_an_order_are_narrowed_to_their_sender(ledger: SqlLedger, institution: str, count: int) -> None:
    record(ledger)
    assert len(ledger.unlinked_since(NOON, institution, 10)) == count
    assert ledger.unlinked_since(NOON + DAY, institution, 10) == []


def test_the_day_counts_granted_institutions_for_who_reaches_them(ledger: SqlLedger) -> None:
    fill(ledger, 240, held=40)
    start = WINDOW[0].replace(hour=0)
    both = Reach(institution="900103", granted=("900104",))
    alone = [ledger.count_day(Reach(institution=one), start, start + DAY) for one in ("900103", "900104")]
    together = ledger.count_day(both, start, start + DAY)
    assert sum(together.outcome.values()) == sum(sum(one.outcome.values()) for one in alone) > 0
    assert all(alone[1].outcome.values()), "the granted one has some of its own"
    waiting = {one.of for one in ledger.waiting(both, WINDOW[0] - DAY, "institution")}
    assert waiting <= {"900103", "900104"} and "900104" in waiting
    granted = Reach(granted=(HELD.institution,))
    record(ledger)
    assert [one.institution for one in ledger.senders(granted, NOON - DAY, NOON + DAY)] == [HELD.institution]
