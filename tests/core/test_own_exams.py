"""What of an exam its patient is shown."""

from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from gecit.core.exam import Exam, LinkedStudy, ReceivedReport
from gecit.core.order import Control
from gecit.core.own_exams import is_shown, own_report, performed_on
from gecit.core.report import ReportStatus
from tests.support.flow import START, key, order, report, study

P, F, C, B = ReportStatus.PRELIMINARY, ReportStatus.FINAL, ReportStatus.CORRECTED, ReportStatus.ADDENDUM


def exam(*statuses: ReportStatus, images: bool = False, control: Control = Control.NEW) -> Exam:
    versions = tuple(
        ReceivedReport(
            report=replace(report(status=status), approved_at=START + timedelta(hours=number)),
            received_at=START + timedelta(hours=number, minutes=5),
            message=number,
        )
        for number, status in enumerate(statuses, 1)
    )
    linked = LinkedStudy(facts=study("S", study_date="20260228"), path="accession", linked_at=START)
    return Exam(key=key(), order=order(control=control), reports=versions, studies=(linked,) if images else ())


@pytest.mark.parametrize("statuses", [(), (P,), (P, P), (P, B), (B,)])
def test_what_is_not_final_is_not_shown(statuses: tuple[ReportStatus, ...]) -> None:
    assert own_report(exam(*statuses)) is None


@pytest.mark.parametrize(
    ("statuses", "number", "latest", "replaced"),
    [
        ((F,), 1, 1, ()),
        ((P, F), 2, 2, ()),  # that there was a preliminary one is not even said
        ((F, B), 1, 2, ()),
        ((F, C), 2, 2, (1,)),
        ((F, C, B), 2, 3, (1,)),
        ((F, C, C), 3, 3, (1, 2)),
        ((F, P), 1, 1, ()),
    ],
)
def test_the_final_report_in_force_is_shown_and_what_it_took_the_place_of_is_named(
    statuses: tuple[ReportStatus, ...], number: int, latest: int, replaced: tuple[int, ...]
) -> None:
    found = own_report(exam(*statuses))
    assert found is not None
    assert (found.number, found.latest) == (number, latest)
    assert found.replaced == tuple(START + timedelta(hours=one) for one in replaced)
    assert found.at == START + timedelta(hours=latest)
    assert found.corrected is (statuses[number - 1] is C)


def test_a_cancelled_exam_is_shown_where_something_came_of_it() -> None:
    assert not is_shown(exam(control=Control.CANCEL))
    assert is_shown(exam(control=Control.CANCEL, images=True)) and is_shown(exam(F, control=Control.CANCEL))
    assert is_shown(exam())


def test_the_day_is_that_of_the_images_else_of_the_appointment() -> None:
    assert performed_on(exam(images=True)) == date(2026, 2, 28)
    assert performed_on(exam()) == date(2026, 3, 2)
