"""What the site made of what was sent: verdicts, documents, the JSON interface; and that nobody was told."""

from __future__ import annotations

from typing import Any

from gecit.core.values import Text

from .checking import Check, failed, said, wait_for
from .kit import BAD, GOOD, Kit

DOSE = "dose-report"


def exam_of(kit: Kit, number: int) -> dict[str, Any] | None:
    """Return what the JSON interface says of an exam; None where it knows none."""
    answer = kit.ask("GET", f"/gecit/api/exams/{kit.site.institution.skrs}/{kit.accession(number)}")
    found: dict[str, Any] | None = answer.json() if answer.status_code == 200 else None
    return found


def _outcome(found: dict[str, Any] | None) -> str:
    return str(((found or {}).get("exam") or {}).get("outcome") or "")


def _failing(found: dict[str, Any] | None) -> list[str]:
    return [
        one["rule"] for one in (found or {}).get("findings", []) if one.get("status") != "passed" and one.get("counts")
    ]


def listed(kit: Kit) -> Text:
    """The JSON interface lists the exam, with the patient's number masked."""
    answer = kit.ask("GET", f"/gecit/api/exams?accession={kit.accession(GOOD)}")
    found = answer.json().get("exams", []) if answer.status_code == 200 else []
    if [one.get("accession") for one in found] != [kit.accession(GOOD)]:
        raise failed(
            f"HTTP {answer.status_code}, {len(found)} tetkik", f"HTTP {answer.status_code}, {len(found)} exams"
        )
    if kit.order(GOOD).patient.tckn in answer.text:
        raise failed("hasta numarası açık yazıyor", "the patient's number stands in the clear")
    return said("tetkik listede, numarası maskeli", "the exam is listed, its number masked")


def good(kit: Kit) -> Text:
    """The good exam passes."""

    def passed() -> dict[str, Any] | None:
        found = exam_of(kit, GOOD)
        return found if _outcome(found) == "submit" else None

    if wait_for(passed, kit.options.patience, 1.0) is None:
        found = exam_of(kit, GOOD)
        why = f"{_outcome(found) or '-'}: {', '.join(_failing(found)) or '-'}"
        raise failed(why, why)
    return said("gönderilebilir (submit)", "submit")


def bad(kit: Kit) -> Text:
    """The exam without a dose report does not, and the site says why."""

    def judged() -> dict[str, Any] | None:
        found = exam_of(kit, BAD)
        return found if _outcome(found) in ("hold", "pending") and DOSE in _failing(found) else None

    found = wait_for(judged, kit.options.patience, 1.0)
    if found is None:
        last = exam_of(kit, BAD)
        why = f"{_outcome(last) or '-'}: {', '.join(_failing(last)) or '-'}"
        raise failed(why, why)
    return said(f"{_outcome(found)}; {DOSE} söylüyor", f"{_outcome(found)}; {DOSE} says so")


def told_nobody(kit: Kit) -> Text:
    """Nothing of it was told to MEDULA, now or later."""
    for number in (GOOD, BAD):
        found = exam_of(kit, number)
        billing = str(((found or {}).get("exam") or {}).get("billing") or "")
        if billing != "untold":
            raise failed(f"{kit.accession(number)}: {billing or '?'}", f"{kit.accession(number)}: {billing or '?'}")
    return said("hiçbir şey bildirilmedi", "nothing was told")


def attached(kit: Kit) -> Text:
    """The report stands in the study as a document."""

    def there() -> int | None:
        return int((exam_of(kit, GOOD) or {}).get("attached", 0)) or None

    count = wait_for(there, kit.options.patience, 1.0)
    if not count:
        raise failed("rapor çalışmaya eklenmedi", "the report was not attached to the study")
    return said(f"{count} belge eklendi", f"{count} documents attached")


CHECKS = (
    Check(
        id="api-list", run=listed, after=("hl7-order",),
        title=said("JSON: tetkik listesi", "JSON: list of exams"),
        expected=said("istem listede, numara maskeli", "the order is listed, its number masked"),
    ),
    Check(
        id="verdict-good", run=good, after=("hl7-report", "dicom-store", "rulebook"),
        title=said("Karar: eksiksiz BT", "Verdict: a clean CT"), expected=said("gönderilebilir", "submit"),
        fix=said(
            "Adı geçen kuralların neden geçmediğini kural sayfası söyler.",
            "The page of rules says what the named rules want.",
        ),
    ),
    Check(
        id="verdict-bad", run=bad, after=("stow", "rulebook"),
        title=said("Karar: doz raporu olmayan BT", "Verdict: a CT without a dose report"),
        expected=said(f"gönderilmez; {DOSE}", f"not submitted; {DOSE}"),
    ),
    Check(
        id="report-attached", run=attached, after=("verdict-good",),
        title=said("Rapor çalışmada", "Report in the study"),
        expected=said("belge olarak eklenir", "attached as a document"),
    ),
    Check(
        id="told-nobody", run=told_nobody, after=("hl7-order",),
        title=said("MEDULA'ya bildirim", "Told to MEDULA"), expected=said("hiçbir şey", "nothing"),
    ),
)  # fmt: skip
