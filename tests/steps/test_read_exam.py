"""Taking, holding, giving back, time-out, drafts and signing on both engines; two people at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from gecit.core.access import Person, Role
from gecit.core.draft import LONGEST_PART
from gecit.core.events import OrderCancelled, RegistryAnswer, ReportReceived, ReportSigned
from gecit.core.exam import reading_of
from gecit.core.issue import issued
from gecit.core.order import Control
from gecit.core.reading import Act, State
from gecit.core.reading_list import Urgency
from gecit.core.report import ReportPart, ReportStatus
from gecit.core.verdict import Status
from gecit.edges.store import SqlLedger, open_ledger
from gecit.ports import ListSearch
from gecit.steps import read_exam
from gecit.steps.judge_exam import judge_due
from gecit.steps.read_exam import ReadingRefused, Why
from tests.support.flow import FINDINGS, HOSPITAL, JUDGING, key, order, report
from tests.support.reading import (
    AYSE,
    BORA,
    FAR,
    LIMITS,
    NOW,
    NUMBERS,
    registry,
    sign,
    take,
    wait_for_reader,
    write,
)

HOUR = timedelta(hours=1)


def state(ledger: SqlLedger, accession: str = "A1") -> tuple[State, str]:
    exam = ledger.read(lambda tx: tx.exam(key(accession)))
    assert exam
    reading = reading_of(exam)
    return reading.state, reading.reader


def lines(ledger: SqlLedger, **search: Any) -> list[tuple[str, str]]:
    asked = ListSearch(institutions=search.pop("institutions", None), **search)
    return [(one.key.accession, one.state.value) for one in ledger.read(lambda tx: tx.reading_lines(asked))]


def refused(why: Why) -> Any:
    return pytest.raises(ReadingRefused, match=f"^{why.value}$")


# The list


def test_what_waits_longest_is_first_and_emergencies_are_before_all(ledger: SqlLedger) -> None:
    wait_for_reader(ledger, "A2")
    wait_for_reader(ledger, "A1")
    wait_for_reader(ledger, "A3", patient_class="I")
    wait_for_reader(ledger, "A4", patient_class="E")
    wait_for_reader(ledger, "A5", priority="A")
    assert [one for one, _ in lines(ledger)] == ["A4", "A5", "A3", "A1", "A2"]
    found = ledger.read(lambda tx: tx.reading_lines(ListSearch(institutions=(HOSPITAL.skrs,), limit=1)))
    assert [one.urgency for one in found] == [Urgency.AT_ONCE]


def test_the_list_is_narrowed_to_institutions_states_and_readers(ledger: SqlLedger) -> None:
    wait_for_reader(ledger, "A1")
    wait_for_reader(ledger, "A2")
    take(ledger, AYSE, key("A2"))
    assert lines(ledger, institutions=()) == []
    assert lines(ledger, institutions=("910009",)) == []
    assert lines(ledger, states=(State.UNREAD,)) == [("A1", "unread")]
    assert lines(ledger, reader="ayse") == [("A2", "taken")]
    assert lines(ledger, modality="MR") == []


def test_without_pictures_or_with_a_report_or_cancelled_it_is_not_on_the_list(ledger: SqlLedger) -> None:
    for accession in ("A1", "A2", "A3"):
        wait_for_reader(ledger, accession)
    cancelled = replace(order("A1"), control=Control.CANCEL)
    ledger.write(lambda tx: tx.append(OrderCancelled(at=NOW, exam=key("A1"), order=cancelled, message=2)))
    ledger.write(lambda tx: tx.append(ReportReceived(at=NOW, exam=key("A2"), report=report("A2"), message=3)))
    early = report("A3", ReportStatus.PRELIMINARY)
    ledger.write(lambda tx: tx.append(ReportReceived(at=NOW, exam=key("A3"), report=early, message=4)))
    assert lines(ledger) == [("A3", "unread")]


def test_a_rebuilt_ledger_has_the_same_list(ledger: SqlLedger) -> None:
    for accession in ("A1", "A2", "A3"):
        wait_for_reader(ledger, accession)
    take(ledger, AYSE)
    take(ledger, BORA, key("A2"))
    write(ledger, BORA, exam=key("A2"))
    sign(ledger, BORA, exam=key("A2"))
    before = lines(ledger)
    assert before == [("A1", "taken"), ("A3", "unread")]
    _, same = ledger.rebuild()
    assert same
    assert lines(ledger) == before


# Two people never take the same exam


def at_once(works: list[Callable[[], object]]) -> list[object]:
    """Do all of them in threads that begin together; an exception is a result."""
    barrier, results = threading.Barrier(len(works)), [None] * len(works)

    def run(place: int, work: Callable[[], object]) -> None:
        barrier.wait()
        try:
            results[place] = work()
        except Exception as fault:  # noqa: BLE001 -- whatever it is, the test looks at it
            results[place] = fault

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    return results


def test_of_many_who_take_one_exam_at_the_same_moment_one_has_it(ledger: SqlLedger, ledger_url: str) -> None:
    readers = [Person(name=f"r{n}", roles=(Role.RADIOLOGIST,), institution=HOSPITAL.skrs) for n in range(8)]
    own = [open_ledger(ledger_url) for _ in readers]  # each as a process of its own
    for round_ in range(5):
        exam = wait_for_reader(ledger, f"A{round_}")
        found = at_once(
            [lambda one=one, by=by, exam=exam: take(one, by, exam) for one, by in zip(own, readers, strict=True)]
        )  # type: ignore[misc]
        winners = [by.name for by, one in zip(readers, found, strict=True) if not isinstance(one, Exception)]
        others = [one for one in found if isinstance(one, Exception)]
        assert len(winners) == 1
        assert all(isinstance(one, ReadingRefused) and one.why is Why.TAKEN for one in others), others
        assert state(ledger, f"A{round_}") == (State.TAKEN, winners[0])
        events = [type(one).__name__ for one in ledger.timeline(exam)]
        assert events.count("ReadingTaken") == 1
    for one in own:
        one.close()


def test_each_of_many_gets_another_exam_when_all_take_the_next_one(ledger: SqlLedger, ledger_url: str) -> None:
    for number in range(12):
        wait_for_reader(ledger, f"A{number:02}")
    readers = [Person(name=f"r{n}", roles=(Role.RADIOLOGIST,), institution=HOSPITAL.skrs) for n in range(6)]
    own = [open_ledger(ledger_url) for _ in readers]

    def next_two(one: SqlLedger, by: Person) -> list[str]:
        taken: list[str] = []
        while len(taken) < 2:
            open_ = one.read(lambda tx: tx.reading_lines(ListSearch(institutions=None, states=(State.UNREAD,))))
            for line in open_:
                try:
                    take(one, by, line.key)
                except ReadingRefused:
                    continue
                taken.append(line.key.accession)
                break
        return taken

    found = at_once([lambda one=one, by=by: next_two(one, by) for one, by in zip(own, readers, strict=True)])  # type: ignore[misc]
    got = sorted(accession for some in found for accession in some)  # type: ignore[attr-defined]
    assert got == [f"A{number:02}" for number in range(12)]
    for one in own:
        one.close()


# Take, hold, give back, time-out


def test_who_has_it_may_open_it_again_and_nobody_else_may(ledger: SqlLedger) -> None:
    wait_for_reader(ledger)
    take(ledger, AYSE)
    assert take(ledger, AYSE).reader == "ayse"
    with refused(Why.TAKEN):
        take(ledger, BORA)
    assert len([one for one in ledger.timeline(key()) if type(one).__name__ == "ReadingTaken"]) == 1


def test_of_another_institution_nothing_can_be_taken_and_nobody_learns_that_it_is_there(ledger: SqlLedger) -> None:
    wait_for_reader(ledger)
    with refused(Why.NOT_ALLOWED):
        take(ledger, FAR)
    with refused(Why.NOT_ALLOWED):
        take(ledger, FAR, key("none"))
    take(ledger, replace(FAR, granted=(HOSPITAL.skrs,)))
    assert state(ledger) == (State.TAKEN, "uzak")


def test_when_a_grant_ends_the_open_draft_cannot_be_saved_or_signed_and_the_exam_is_free_again(
    ledger: SqlLedger,
) -> None:
    wait_for_reader(ledger)
    granted = replace(FAR, granted=(HOSPITAL.skrs,))
    take(ledger, granted)
    write(ledger, granted)
    with refused(Why.NOT_ALLOWED):
        write(ledger, FAR)
    with refused(Why.NOT_ALLOWED):
        sign(ledger, FAR)
    freed = ledger.write(lambda tx: read_exam.release_due(tx, LIMITS, NOW, lambda reader, skrs: reader != "uzak"))
    assert freed == 1
    assert state(ledger) == (State.UNREAD, "")
    assert ledger.read(lambda tx: tx.draft(key(), "uzak"))


class Older:
    """A transaction whose list was read before another node changed what stands in it."""

    def __init__(self, tx: Any, lines: list[Any]) -> None:
        self._tx, self._lines = tx, lines

    def reading_lines(self, search: ListSearch) -> list[Any]:
        return self._lines

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)


def test_what_another_node_gave_back_and_somebody_took_since_is_not_taken_from_him(ledger: SqlLedger) -> None:
    wait_for_reader(ledger)
    take(ledger, replace(FAR, granted=(HOSPITAL.skrs,)))
    before = ledger.read(lambda tx: tx.reading_lines(ListSearch(institutions=None)))

    def free(tx: Any) -> int:
        return read_exam.release_due(tx, LIMITS, NOW, lambda reader, skrs: reader != "uzak")

    assert ledger.write(free) == 1
    take(ledger, AYSE)
    assert ledger.write(lambda tx: free(Older(tx, before))) == 0
    assert state(ledger) == (State.TAKEN, "ayse")


def test_what_is_held_stays_and_is_taken_up_again(ledger: SqlLedger) -> None:
    wait_for_reader(ledger)
    take(ledger, AYSE)
    ledger.write(lambda tx: read_exam.hold(tx, key(), AYSE, "Eski tetkik istendi", NOW))
    assert state(ledger) == (State.HELD, "ayse")
    with refused(Why.TAKEN):
        take(ledger, BORA, at=NOW + 2 * HOUR)
    take(ledger, AYSE, at=NOW + 3 * HOUR)
    assert state(ledger) == (State.TAKEN, "ayse")


def test_what_is_given_back_is_the_next_ones_and_the_draft_stays_its_authors(ledger: SqlLedger) -> None:
    wait_for_reader(ledger)
    take(ledger, AYSE)
    write(ledger, AYSE)
    ledger.write(lambda tx: read_exam.give_back(tx, key(), AYSE, NOW))
    take(ledger, BORA)
    with refused(Why.NOT_YOURS):
        write(ledger, AYSE)
    assert ledger.read(lambda tx: tx.draft(key(), "bora")) is None
    kept = ledger.read(lambda tx: tx.draft(key(), "ayse"))
    assert kept
    assert kept.parts[ReportPart.FINDINGS] == FINDINGS


def test_who_saves_nothing_for_long_loses_it_and_who_saves_keeps_it(ledger: SqlLedger) -> None:
    wait_for_reader(ledger)
    take(ledger, AYSE)
    write(ledger, AYSE, at=NOW + timedelta(minutes=25))
    with refused(Why.TAKEN):
        take(ledger, BORA, at=NOW + timedelta(minutes=54))
    take(ledger, BORA, at=NOW + timedelta(minutes=55))
    assert state(ledger) == (State.TAKEN, "bora")
    with refused(Why.NOT_YOURS):
        write(ledger, AYSE, at=NOW + timedelta(minutes=56))


def test_what_timed_out_is_on_the_list_again_though_nobody_asks_for_it(ledger: SqlLedger) -> None:
    for accession in ("A1", "A2"):
        wait_for_reader(ledger, accession)
        take(ledger, AYSE, key(accession))
    write(ledger, AYSE, exam=key("A2"), at=NOW + timedelta(minutes=20))

    def free(at: Any) -> int:
        return ledger.write(lambda tx: read_exam.release_due(tx, LIMITS, at, lambda reader, skrs: True))

    assert free(NOW + timedelta(minutes=29)) == 0
    assert free(NOW + timedelta(minutes=31)) == 1
    assert lines(ledger) == [("A1", "unread"), ("A2", "taken")]


def test_a_pushed_exam_is_its_readers_until_he_lets_it_lie(ledger: SqlLedger) -> None:
    wait_for_reader(ledger)
    ledger.write(lambda tx: read_exam.assign(tx, key(), "bora", "yonetici", (), LIMITS, NOW))
    with refused(Why.TAKEN):
        take(ledger, AYSE)
    take(ledger, AYSE, at=NOW + HOUR)
    assert state(ledger) == (State.TAKEN, "ayse")


def test_of_a_cancelled_order_nothing_is_read(ledger: SqlLedger) -> None:
    wait_for_reader(ledger)
    cancelled = replace(order(), control=Control.CANCEL)
    ledger.write(lambda tx: tx.append(OrderCancelled(at=NOW, exam=key(), order=cancelled, message=2)))
    with refused(Why.CANCELLED):
        take(ledger, AYSE)


# Drafts


def test_a_draft_survives_its_process(ledger: SqlLedger, ledger_url: str) -> None:
    wait_for_reader(ledger)
    take(ledger, AYSE)
    saved = write(ledger, AYSE)
    other = open_ledger(ledger_url)
    assert other.read(lambda tx: tx.draft(key(), "ayse")) == saved
    other.close()


def test_an_older_window_does_not_write_over_a_newer_one(ledger: SqlLedger) -> None:
    wait_for_reader(ledger)
    take(ledger, AYSE)
    first = write(ledger, AYSE)
    second = write(ledger, AYSE, FINDINGS + " Ek cümle.")
    with refused(Why.CHANGED):
        ledger.write(lambda tx: read_exam.save(tx, first, AYSE, NOW))
    assert ledger.read(lambda tx: tx.draft(key(), "ayse")) == second


def test_a_button_stands_over_what_the_same_page_saved_by_itself_and_over_no_other_pages(ledger: SqlLedger) -> None:
    wait_for_reader(ledger)
    take(ledger, AYSE)
    first = replace(write(ledger, AYSE), window="bir")
    ledger.write(lambda tx: read_exam.save(tx, first, AYSE, NOW))
    pressed = replace(first, parts={ReportPart.FINDINGS: "Son hâli."})
    kept = ledger.write(lambda tx: read_exam.save(tx, pressed, AYSE, NOW, pressed=True))
    assert kept.revision == first.revision + 2
    with refused(Why.CHANGED):  # what was on its way comes too late
        ledger.write(lambda tx: read_exam.save(tx, first, AYSE, NOW))
    for window in ("iki", ""):
        other = replace(first, window=window)
        with refused(Why.CHANGED):
            ledger.write(lambda tx, other=other: read_exam.save(tx, other, AYSE, NOW, pressed=True))  # type: ignore[misc]
    assert ledger.read(lambda tx: tx.draft(key(), "ayse")) == kept


def test_a_part_beyond_all_measure_is_not_kept(ledger: SqlLedger) -> None:
    wait_for_reader(ledger)
    take(ledger, AYSE)
    with refused(Why.TOO_LONG):
        write(ledger, AYSE, "x" * (LONGEST_PART + 1))


# Signing


def test_what_is_signed_is_the_report_and_the_judge_lets_the_exam_pass(ledger: SqlLedger) -> None:
    wait_for_reader(ledger)
    take(ledger, AYSE)
    write(ledger, AYSE)
    assert sign(ledger, AYSE) == 1
    ledger.write(lambda tx: tx.record_institution(HOSPITAL, NOW))
    ledger.write(lambda tx: judge_due(tx, JUDGING, NOW, "Node"))
    exam = ledger.read(lambda tx: tx.exam(key()))
    assert exam
    assert exam.report
    assert exam.report.report.status is ReportStatus.FINAL
    assert exam.report.report.radiologists[0].identifier == NUMBERS["ayse"]
    assert exam.report.signature
    assert exam.report.signature.by == "ayse"
    assert exam.verdict
    failed = {one.rule for one in exam.verdict.findings if one.status is Status.FAILED}
    assert not failed & {"radiologist", "report-present", "smart-imaging"}
    assert lines(ledger) == []
    assert ledger.read(lambda tx: tx.draft(key(), "ayse")) is None
    kinds = [(one.destination, one.kind) for one in ledger.deliveries()]
    assert ("hbys", "report") in kinds
    assert kinds.count(("archive", "attach-report")) == 2


def test_a_short_report_is_not_signed_and_nothing_is_lost(ledger: SqlLedger) -> None:
    wait_for_reader(ledger)
    take(ledger, AYSE)
    draft = write(ledger, AYSE, "Olağan.")
    with pytest.raises(ReadingRefused) as fault:
        sign(ledger, AYSE)
    assert fault.value.why is Why.UNFIT
    assert any("Bulgular" in one.tr for one in fault.value.more)
    assert ledger.read(lambda tx: tx.draft(key(), "ayse")) == draft
    assert ledger.deliveries() == []
    assert state(ledger) == (State.TAKEN, "ayse")


def test_who_is_no_radiologist_signs_nothing_and_neither_does_anybody_while_the_registry_is_silent(
    ledger: SqlLedger,
) -> None:
    wait_for_reader(ledger)
    take(ledger, AYSE)
    write(ledger, AYSE)
    number = NUMBERS["ayse"]
    surgeon = {number: RegistryAnswer(identifier=number, known=True, radiologist=False)}
    with refused(Why.NO_RADIOLOGIST):
        sign(ledger, AYSE, registry=surgeon)
    with refused(Why.REGISTRY):
        sign(ledger, AYSE, registry={})
    assert sign(ledger, AYSE, registry=registry()) == 1


def test_only_what_its_author_saw_is_signed(ledger: SqlLedger) -> None:
    wait_for_reader(ledger)
    take(ledger, AYSE)
    with refused(Why.NO_DRAFT):
        sign(ledger, AYSE)
    write(ledger, AYSE)
    with refused(Why.NOT_YOURS):
        sign(ledger, BORA)


def test_preliminary_then_final(ledger: SqlLedger) -> None:
    wait_for_reader(ledger)
    take(ledger, AYSE)
    write(ledger, AYSE)
    assert sign(ledger, AYSE, Act.SIGN_PRELIMINARY) == 1
    assert lines(ledger) == [("A1", "preliminary")]
    take(ledger, BORA)
    write(ledger, BORA, FINDINGS + " Uzman tarafından gözden geçirildi.")
    assert sign(ledger, BORA) == 2
    exam = ledger.read(lambda tx: tx.exam(key()))
    assert exam
    assert [one.report.status.value for one in exam.reports] == ["P", "F"]
    assert exam.standing.report == 2
    assert issued(exam) == (1, 2)


def test_two_signatures_of_two_people_and_nobody_hears_of_the_first_alone(ledger: SqlLedger) -> None:
    wait_for_reader(ledger)
    take(ledger, AYSE)
    write(ledger, AYSE)
    assert sign(ledger, AYSE, Act.SIGN_FIRST) == 0
    assert ledger.deliveries() == []
    exam = ledger.read(lambda tx: tx.exam(key()))
    assert exam
    assert exam.report is None
    with refused(Why.OWN_SIGNATURE):
        take(ledger, AYSE)
    take(ledger, BORA)
    write(ledger, BORA)
    assert sign(ledger, BORA) == 1
    exam = ledger.read(lambda tx: tx.exam(key()))
    assert exam
    assert exam.report
    assert [one.identifier for one in exam.report.report.radiologists] == [NUMBERS["bora"], NUMBERS["ayse"]]
    assert exam.report.signature
    assert exam.report.signature.second == "ayse"


def test_what_is_signed_never_changes_and_later_versions_stand_beside_it(ledger: SqlLedger) -> None:
    wait_for_reader(ledger)
    take(ledger, AYSE)
    write(ledger, AYSE)
    sign(ledger, AYSE)
    first = next(one for one in ledger.timeline(key()) if isinstance(one, ReportSigned))
    with refused(Why.NOT_OPEN):
        take(ledger, BORA)
    take(ledger, AYSE, act=Act.CORRECT)
    write(ledger, AYSE, FINDINGS + " Düzeltme: sol taraf.")
    sign(ledger, AYSE, at=NOW + HOUR)
    take(ledger, BORA, act=Act.ADD, at=NOW + 2 * HOUR)
    write(ledger, BORA, "Ek: eski tetkikle karşılaştırıldı.", at=NOW + 2 * HOUR)
    sign(ledger, BORA, at=NOW + 2 * HOUR)
    exam = ledger.read(lambda tx: tx.exam(key()))
    assert exam
    assert [one.report.status.value for one in exam.reports] == ["F", "C", "B"]
    assert exam.standing.numbers == (2, 3)
    signed = [one for one in ledger.timeline(key()) if isinstance(one, ReportSigned)]
    assert signed[0] == first
    assert exam.reports[0].report.parts[ReportPart.FINDINGS] == FINDINGS


def test_a_report_of_the_hospital_that_comes_meanwhile_is_not_written_over(ledger: SqlLedger) -> None:
    wait_for_reader(ledger)
    take(ledger, AYSE)
    write(ledger, AYSE)
    ledger.write(lambda tx: tx.append(ReportReceived(at=NOW, exam=key(), report=report(), message=9)))
    with refused(Why.OVERTAKEN):
        sign(ledger, AYSE)
    take(ledger, AYSE, act=Act.CORRECT)
    assert sign(ledger, AYSE) == 2
    exam = ledger.read(lambda tx: tx.exam(key()))
    assert exam
    assert [one.report.status.value for one in exam.reports] == ["F", "C"]
