"""Turn-around times: what counts, and percentiles of what occurred."""

from datetime import timedelta

from msgspec.structs import replace

from gecit.core.exam import Exam, LinkedStudy
from gecit.core.reading_list import Urgency, urgency_of
from gecit.core.report import ReportStatus
from gecit.core.turnaround import percentile, summaries, turn_of
from tests.support.flow import START, key, order, study
from tests.support.reports import exam, version

HOUR = timedelta(hours=1)


def turned(*hours: int) -> list[Exam]:
    """Exams whose report came so many hours after their images."""
    linked = LinkedStudy(facts=study("A1"), path="p", linked_at=START)
    made = []
    for number in hours:
        received = replace(version("F", 1), received_at=START + number * HOUR)
        made.append(Exam(key=key(), order=order(), reports=(received,), studies=(linked,)))
    return made


def test_it_runs_from_the_first_pictures_to_the_first_final_report() -> None:
    [one] = turned(5)
    preliminary = replace(version("P", 1), received_at=START + HOUR)
    later = replace(version("C", 3), received_at=START + 9 * HOUR)
    turn = turn_of(replace(one, reports=(preliminary, *one.reports, later)))
    assert turn
    assert turn.took == 5 * HOUR


def test_without_pictures_or_final_report_there_is_none() -> None:
    [one] = turned(5)
    assert turn_of(replace(one, studies=())) is None
    assert turn_of(exam("P")) is None
    early = replace(version("F", 1), report=replace(version("F", 1).report, status=ReportStatus.ADDENDUM))
    assert turn_of(replace(one, reports=(early,))) is None


def test_percentiles_are_values_that_occurred() -> None:
    took = [number * HOUR for number in (1, 2, 3, 4, 5, 6, 7, 8, 9, 100)]
    assert percentile(took, 50) == 5 * HOUR
    assert percentile(took, 90) == 9 * HOUR
    assert percentile(took[:1], 90) == HOUR


def test_a_summary_counts_what_met_its_target() -> None:
    turns = [turn for one in turned(1, 2, 71, 72, 73) if (turn := turn_of(one))]
    [row] = summaries(turns, lambda turn: turn.modality)
    assert (row.name, row.count, row.median, row.ninetieth, row.within) == ("CT", 5, 71 * HOUR, 73 * HOUR, 4)


def test_the_more_urgent_of_priority_and_class_counts() -> None:
    said = {
        ("S", "O"): Urgency.AT_ONCE,
        ("", "E"): Urgency.AT_ONCE,
        ("A", "I"): Urgency.SOON,
        ("R", "I"): Urgency.INPATIENT,
        ("R", "O"): Urgency.ROUTINE,
        ("", ""): Urgency.ROUTINE,
        ("X", "N"): Urgency.ROUTINE,
    }
    found = {pair: urgency_of(order(priority=pair[0], patient_class=pair[1])) for pair in said}
    assert found == said
    assert urgency_of(None) is Urgency.ROUTINE
