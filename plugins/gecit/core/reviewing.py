"""A report under peer review: what the reviewer sees of it, whose it is, and how names are kept out of a blind one."""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec.structs import replace

from .exam import Exam, ReceivedReport
from .issue import Issue, issue, shown, signers
from .order import ExamKey
from .peer_review import Reviewer

HIDDEN = "●●●"
"""What stands in the place of a name."""

NO_EXAM = ExamKey(institution="", accession="–")
"""What stands in the place of an exam's key."""


def reviewed(exam: Exam, version: int) -> Issue | None:
    """Return the report as it is reviewed: the version drawn, with the addenda that it had then."""
    return issue(exam, version)


def accounts_of(received: Iterable[ReceivedReport]) -> tuple[str, ...]:
    """Return the accounts that signed versions in Geçit, each once, in the order of signing."""
    signatures = [one.signature for one in received if one.signature]
    return tuple(dict.fromkeys(name for one in signatures for name in (one.by, one.second) if name))


def numbers_of(received: Iterable[ReceivedReport]) -> tuple[str, ...]:
    """Return the TCKNs of those who signed, each once."""
    return tuple(
        dict.fromkeys(one.identifier for some in received for one in some.report.radiologists if one.identifier)
    )


def is_own(reviewer: Reviewer, exam: Exam) -> bool:
    """Whether the reviewer signed any version of the exam's report: nobody reviews his own."""
    return reviewer.account in accounts_of(exam.reports) or reviewer.tckn in numbers_of(exam.reports)


def unsigned(version: Issue, names: Iterable[str]) -> Issue:
    """Return the report as a blind review shows it: of no named exam, signed by nobody, names in its text hidden."""
    hidden = tuple(names)

    def bare(received: ReceivedReport) -> ReceivedReport:
        report = received.report
        parts = {part: without_names(text, hidden) for part, text in report.parts.items()}
        images = tuple(replace(one, caption=without_names(one.caption, hidden)) for one in report.key_images)
        report = replace(report, key=NO_EXAM, radiologists=(), parts=parts, key_images=images)
        return replace(received, report=report, registry=(), signature=None)

    return replace(
        version,
        own=bare(version.own),
        report=bare(version.report) if version.report else None,
        addenda=tuple(map(bare, version.addenda)),
        replaced=tuple(map(bare, version.replaced)),
    )


def names_of(version: Issue) -> tuple[str, ...]:
    """Return the names that must not be read inside a blind review: of all who signed what it shows or replaced."""
    people = [one for some in (*shown(version), *version.replaced, version.own) for one in signers(some)]
    both = [f"{one.given} {one.family}".strip() for one in people] + [
        f"{one.family} {one.given}".strip() for one in people
    ]
    return tuple(dict.fromkeys(name for name in both if " " in name))


def consulted(exam: Exam) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return who answered consultations of the exam, by name, and their institutions' SKRS codes.

    The paragraph of a consultation names both in the report (`consultation_paragraph`).
    """
    answers = [entry for one in exam.consultations for entry in one.answers]
    names = dict.fromkeys(entry.name.strip() or entry.by for entry in answers)
    return tuple(names), tuple(dict.fromkeys(entry.employer for entry in answers if entry.employer))


def without_names(text: str, names: Iterable[str]) -> str:
    """Return a text with names hidden, however they are written: Turkish capitals, any white space between."""
    for name in names:
        words = [_any_case(word) for word in name.split()]
        text = re.sub(r"(?<!\w)" + r"[\s.,]+".join(words) + r"(?!\w)", HIDDEN, text)
    return text


_CASES = {"i": "iİIı", "ı": "ıIiİ"}


def _any_case(word: str) -> str:
    """Return an expression for a word in capitals or not; a sender without Turkish letters writes I for İ."""
    return "".join(f"[{_CASES.get(low, re.escape(low) + re.escape(low.upper()))}]" for low in map(_low, word))


def _low(letter: str) -> str:
    return {"İ": "i", "I": "ı"}.get(letter, letter.lower())


def pictures(series: Iterable[tuple[str, int]]) -> tuple[str, ...]:
    """Return the series of a study that are pictures, by (UID, pictures): documents name who signed them."""
    return tuple(sorted(uid for uid, images in series if images))
