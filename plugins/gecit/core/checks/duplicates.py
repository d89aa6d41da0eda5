"""Checks of the duplicate (mükerrer) query: was it asked, and is there an earlier exam of the same patient and SUT."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from ..background import Answering, DuplicateQuery, EarlierExam
from ..duplicates import LEDGER, counts, dated_at, first_day
from ..exam import Exam
from ..identifiers import Kind
from ..order import Order
from ..values import Text, local
from ..verdict import Status
from .answers import Answer, Context, Params, failed, no_order, passed, whole
from .orders import kind_of_patient

# Without a number nobody can be asked for; a wrong number is the business of rule patient-identifier.
_UNASKABLE = frozenset({Kind.MISSING, Kind.NEWBORN, Kind.NAMELESS})
_WHY_UNASKABLE = Text(
    tr="Hastanın kimlik numarası olmadığından mükerrer sorgusu yapılamaz.",
    en="The patient has no identity number, so no duplicate query can be made.",
)

# What stands beside an order that was taken back is not looked up any more, so nothing is said of it.
_TAKEN_BACK = Answer(
    status=Status.NOT_IN_FORCE,
    reason=Text(
        tr="İstem iptal edildi; mükerrer sorgusu aranmaz.",
        en="The order was cancelled, so no duplicate query is looked for.",
    ),
)


def duplicate_queried(exam: Exam, context: Context, params: Params) -> Answer:
    """Every SUT code of the order was asked for, in time, by the same institution and for the same patient."""
    if exam.order is None:
        return no_order()
    if exam.cancelled:
        return _TAKEN_BACK
    codes = {one.sut for one in exam.order.procedures}
    ordered = exam.order.ordered_at or exam.order_received_at
    counting = [one for one in _of_patient(exam) if _counts(one, exam.order, ordered, params)]
    asked = {code for one in counting for code in one.sut}
    missing = codes - asked
    if codes and not missing:
        return passed(counting[-1].id)  # under this id the query stands in the ledger
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
    if exam.cancelled:
        return _TAKEN_BACK
    ordered = exam.order.ordered_at or exam.order_received_at
    if ordered is None:
        return no_order()
    found = [one for one in _candidates(exam) if counts(one, ordered, **_period(params))]
    if not found:
        return passed("0")
    shown = "; ".join(f"{one.institution}/{one.accession} {_day(one, params)}" for one in found)
    if params["justified_passes"] and exam.order.repeat_reason:
        return passed(f"{shown} | OBR-31: {exam.order.repeat_reason}", _JUSTIFIED)
    since = first_day(local(ordered).date(), whole(params, "months"), whole(params, "days"))
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
    upstream = (one for query in _of_patient(exam) for one in query.found if one.source != LEDGER)
    return (one for known in (exam.background.earlier, upstream) for one in known if one.sut in codes)


def _period(params: Params) -> dict[str, Any]:
    """The parameters by which `duplicates.counts` decides; the query that HBYS asks goes by the same arithmetic."""
    return {name: params[name] for name in ("months", "days", "dated", "performed_only")}


def _day(one: EarlierExam, params: Params) -> str:
    moment = dated_at(one, str(params["dated"]))
    return f"{local(moment):%d.%m.%Y}" if moment else one.source
