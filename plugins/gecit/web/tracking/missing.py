"""What is missing of an exam, in one sentence each: what, where, expected, found, who must mend it, by which source."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from gecit.core.exam import Exam
from gecit.core.rulebook import Rulebook
from gecit.core.values import Text, Value, local
from gecit.core.verdict import Finding, Status

from .. import phrases
from ..masking import mask_text
from ..shown import MISSING_ORDER, OPEN, ShownFinding, show_finding
from ..words import PAGE
from .rulebooks import edition_of, rule_of


class Missing(Value):
    """One thing that keeps the exam back, or that a sender should mend."""

    finding: ShownFinding
    sentence: Text | None  # where, expected and found as one sentence
    source: str = ""
    published: date | None = None
    since: datetime | None = None  # the edition's first day; None = no source gives one
    reading: str = ""


def missing_of(exam: Exam, book: Rulebook | None) -> tuple[Missing, ...]:
    """Return what is missing, what holds the exam first."""
    findings = exam.verdict.findings if exam.verdict else ()
    open_ones = [one for one in findings if one.status in OPEN]
    rank = {status: number for number, status in enumerate(OPEN)}
    ordered = sorted(open_ones, key=lambda one: (MISSING_ORDER[one.effect], rank[one.status]))
    return tuple(_missing(one, findings, book) for one in ordered)


def _missing(one: Finding, findings: Iterable[Finding], book: Rulebook | None) -> Missing:
    edition = edition_of(rule_of(book, one.rule), one.edition)
    return Missing(
        finding=show_finding(one),
        sentence=mask_text(sentence(one, findings)),
        source=edition.source.title if edition else "",
        published=(edition.published or edition.source.published) if edition else None,
        since=local(edition.start) if edition and edition.start else None,
        reading=edition.reading if edition else "",
    )


def sentence(one: Finding, findings: Iterable[Finding] = ()) -> Text | None:
    """Say where something is expected and what was found; None where the finding says nothing of it."""
    said = [
        _valued(word, phrases.in_words(value, findings))
        for word, value in (("expected-there", one.expected), ("found-there", one.found))
        if value
    ]
    if not said:
        return Text(tr=f"{one.where}.", en=f"{one.where}.") if one.where else None
    place = f"{one.where}: " if one.where else ""
    tr, en = ", ".join(text.tr for text in said), ", ".join(text.en for text in said)
    return Text(tr=f"{place}{tr}.", en=f"{place}{en}.")


def _valued(word: str, value: Text) -> Text:
    return Text(tr=PAGE[word].tr.format(value=value.tr), en=PAGE[word].en.format(value=value.en))


def excused_of(exam: Exam) -> tuple[ShownFinding, ...]:
    """Return what exemptions excuse."""
    findings = exam.verdict.findings if exam.verdict else ()
    return tuple(show_finding(one) for one in findings if one.status is Status.EXCUSED)
