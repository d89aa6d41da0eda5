"""Which of an exam's dates picks an edition or falls into a window: one table, name -> function of the exam."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from .exam import Exam
from .values import ISTANBUL, Text, Value, local


class DatedBy(Value):
    """One of an exam's dates: what people call it, and how it is read."""

    name: Text
    read: Callable[[Exam, datetime], datetime | None]


def order_date(exam: Exam) -> datetime | None:
    """Return the order date as rules know it: as ordered, else when the first order message came."""
    if exam.order is None:
        return None
    return exam.order.ordered_at or exam.order_received_at


def _order_date(exam: Exam, now: datetime) -> datetime | None:
    return order_date(exam)


def _order_message_time(exam: Exam, now: datetime) -> datetime | None:
    return exam.order_changed_at


def _report_received(exam: Exam, now: datetime) -> datetime | None:
    """Of the report in force, else of the one that was refused: a refusal is explained by the rule of its day."""
    received = exam.report or exam.refused_report
    return received.received_at if received else None


def _performed_date(exam: Exam, now: datetime) -> datetime | None:
    dates = (_dicom_moment(one.facts.study_date, one.facts.study_time) for one in exam.studies)
    return min((one for one in dates if one), default=None)


def _judged(exam: Exam, now: datetime) -> datetime | None:
    return now


def _dicom_moment(day: str, time: str) -> datetime | None:
    """Read (0008,0020) with (0008,0030), PS3.5 section 6.2 DA and TM; a time that cannot be read counts as 00:00."""
    clock = time.partition(".")[0].replace(":", "").ljust(6, "0")[:6]
    for text in (day + clock, day + "000000"):
        moment = _moment(text)
        if moment is not None:
            return moment
    return None


def _moment(text: str) -> datetime | None:
    """Read YYYYMMDDHHMMSS; by slices, since strptime costs ten times as much and this is asked of every exam."""
    if len(text) != 14 or not (text.isascii() and text.isdigit()):
        return None
    parts = text[:4], text[4:6], text[6:8], text[8:10], text[10:12], text[12:]
    try:
        return datetime(*map(int, parts), tzinfo=ISTANBUL)  # type: ignore[misc, arg-type]  # six numbers
    except ValueError:
        return None


DATED_BY: dict[str, DatedBy] = {
    # OBR-6, else ORC-9: "doktor istem tarihi"; the first order message's receipt where neither was sent.
    "order_date": DatedBy(name=Text(tr="istem tarihi", en="order date"), read=_order_date),
    "order_message_time": DatedBy(
        name=Text(tr="son istem mesajının alındığı an", en="receipt of the last order message"),
        read=_order_message_time,
    ),
    "report_received": DatedBy(name=Text(tr="raporun alındığı an", en="receipt of the report"), read=_report_received),
    "performed_date": DatedBy(name=Text(tr="çekim tarihi", en="study date"), read=_performed_date),
    "judged": DatedBy(name=Text(tr="değerlendirme anı", en="instant of judging"), read=_judged),
}


def date_of(exam: Exam, dated_by: str, now: datetime) -> datetime | None:
    """Return that date of the exam, in Europe/Istanbul; None while it is not known."""
    moment = DATED_BY[dated_by].read(exam, now)
    return None if moment is None else local(moment)
