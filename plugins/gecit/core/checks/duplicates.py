"""Checks of the duplicate (mükerrer) query: was it asked, and is there an earlier exam of the same patient and SUT."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta

from ..background import Answering, DuplicateQuery, EarlierExam
from ..exam import Exam
from ..identifiers import Kind
from ..order import Order
from ..values import Text, local
from .answers import Answer, Context, Params, failed, no_order, passed, whole
from .orders import kind_of_patient

# Without a number nobody can be asked for; a wrong number is the business of rule patient-identifier.
_UNASKABLE = frozenset({Kind.MISSING, Kind.NEWBORN, Kind.NAMELESS})
_WHY_UNASKABLE = Text(
    tr="Hastanın kimlik numarası olmadığından mükerrer sorgusu yapılamaz.",
    en="The patient has no identity number, so no duplicate query can be made.",
)


def duplicate_queried(exam: Exam, context: Context, params: Params) -> Answer:
    """Every SUT code of the order was asked for, in time, by the same institution and for the same patient."""
    if exam.order is None:
        return no_order()
    codes = {one.sut for one in exam.order.procedures}
    ordered = exam.order.ordered_at or exam.order_received_at
    counting = [one for one in _of_patient(exam) if _counts(one, exam.order, ordered, params)]
    asked = {code for one in counting for code in one.sut}
    missing = codes - asked
    if codes and not missing:
        return passed(f"{local(counting[-1].at):%d.%m.%Y %H:%M}")
    if kind_of_patient(exam, context) in _UNASKABLE:
        return passed("unaskable", _WHY_UNASKABLE)
    return _not_asked(exam, sorted(missing), ordered, params)


def _of_patient(exam: Exam) -> Iterator[DuplicateQuery]:
    """The queries of the exam's own institution and patient; the background may be older than the order's last XO."""
    tckn = exam.patient.tckn
    return (one for one in exam.background.queries if one.tckn == tckn and one.institution == exam.key.institution)


_ANSWERS = {False: (Answering.ANSWERED,), True: (Answering.ANSWERED, Answering.FAILED)}


def _counts(query: DuplicateQuery, order: Order, ordered: datetime | None, params: Params) -> bool:
    if query.state not in _ANSWERS[bool(params["failed_counts"])]:
        return False
    if params["same_physician"] and query.physician != order.physician.identifier:
        return False
    return ordered is None or _in_time(query.at, ordered, params)


def _in_time(asked: datetime, ordered: datetime, params: Params) -> bool:
    """Whether the query lies in the stretch that counts, both ends included."""
    earliest = ordered - timedelta(hours=whole(params, "before_hours"))
    return earliest <= asked <= ordered + timedelta(minutes=whole(params, "after_minutes"))


def _not_asked(exam: Exam, missing: list[str], ordered: datetime | None, params: Params) -> Answer:
    code = missing[0] if missing else ""
    if not code:
        return failed(
            "İstemde SUT kodu yok; mükerrer sorgusuyla eşleştirilemez.",
            "The order has no SUT code, so no duplicate query can belong to it.",
            where="OBR-4.1",
        )
    last = next((one for one in reversed(list(_of_patient(exam))) if code in one.sut), None)
    tr, en = _why(last, exam, ordered, params)
    around = f"-{params['before_hours']} h .. +{params['after_minutes']} min"
    expected = f"{local(ordered):%d.%m.%Y %H:%M} {around}" if ordered else around
    found = f"{local(last.at):%d.%m.%Y %H:%M} {last.state}" if last else "0"
    return failed(f"SUT {code}: {tr}", f"SUT {code}: {en}", expected=expected, found=found)


def _why(query: DuplicateQuery | None, exam: Exam, ordered: datetime | None, params: Params) -> tuple[str, str]:
    if query is None:
        return "mükerrer sorgusu yapılmadı.", "no duplicate query was made."
    if query.state not in _ANSWERS[bool(params["failed_counts"])]:
        return "mükerrer sorgusu yanıtlanamadı.", "the duplicate query was not answered."
    if ordered and not _in_time(query.at, ordered, params):
        return "mükerrer sorgusu istem zamanına uymuyor.", "the duplicate query is too early or too late for the order."
    return "mükerrer sorgusu başka bir hekim adına yapıldı.", "the duplicate query was made for another physician."


def no_earlier_exam(exam: Exam, context: Context, params: Params) -> Answer:
    """No exam of the same patient and SUT code lies within the months or days before the order date."""
    if exam.order is None:
        return no_order()
    ordered = exam.order.ordered_at or exam.order_received_at
    if ordered is None:
        return no_order()
    found = [one for one in _candidates(exam) if _is_earlier(one, exam, ordered, params)]
    if not found:
        return passed("0")
    shown = "; ".join(f"{one.institution}/{one.accession} {_day(one, params)}" for one in found)
    if params["justified_passes"] and exam.order.repeat_reason:
        return passed(f"{shown} | OBR-31: {exam.order.repeat_reason}", _JUSTIFIED)
    since = _since(local(ordered).date(), params)
    return failed(
        f"Aynı hastaya aynı SUT koduyla daha önce tetkik yapılmış: {shown}.",
        f"The same patient has had an exam with the same SUT code before: {shown}.",
        expected=f"0 ({since:%d.%m.%Y} - {local(ordered):%d.%m.%Y})",
        found=shown,
    )


_JUSTIFIED = Text(
    tr="Önceki tetkik var; tekrar gerekçesi bildirilmiş (OBR-31).",
    en="There is an earlier exam; a reason for the repeat is given (OBR-31).",
)


def _candidates(exam: Exam) -> Iterator[EarlierExam]:
    """What the ledger knows and what upstream services answered, each exam once; of the ledger as it stands now."""
    seen = {(exam.key.institution, exam.key.accession)}
    for one in _all(exam):
        key = (one.institution, one.accession)
        if key not in seen:
            seen.add(key)
            yield one


def _all(exam: Exam) -> Iterable[EarlierExam]:
    codes = {one.sut for one in exam.order.procedures} if exam.order else set()
    upstream = (one for query in _of_patient(exam) for one in query.found if one.source != "ledger")
    return (one for known in (exam.background.earlier, upstream) for one in known if one.sut in codes)


def _is_earlier(one: EarlierExam, exam: Exam, ordered: datetime, params: Params) -> bool:
    if params["performed_only"] and not (one.images or one.report):
        return False
    moment = _moment(one, params)
    if moment is None:  # the upstream service returned it without dates: it has applied the period itself
        return one.source != "ledger"
    begun = one.ordered_at or moment
    return begun <= ordered and local(moment).date() >= _since(local(ordered).date(), params)


def _moment(one: EarlierExam, params: Params) -> datetime | None:
    """The date by which an earlier exam counts; where it is not known, the nearest that is."""
    if params["dated"] == "performed":
        return one.performed_at or one.ordered_at or one.scheduled_at
    return one.ordered_at or one.performed_at or one.scheduled_at


def _day(one: EarlierExam, params: Params) -> str:
    moment = _moment(one, params)
    return f"{local(moment):%d.%m.%Y}" if moment else one.source


def _since(day: date, params: Params) -> date:
    """The first day that counts: `days` before, or as many calendar months; 31 August less six is 28 or 29 February."""
    days, months = whole(params, "days"), whole(params, "months")
    return day - timedelta(days=days) if days else _months_before(day, months)


def _months_before(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
