"""Decision 0016, transcribed a second time: what each version of a report does to the one in force."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from msgspec.structs import replace

from gecit.core.events import RegistryAnswer
from gecit.core.exam import Exam, ReceivedReport
from gecit.core.order import Person
from gecit.core.report import Contrast, ReportPart, ReportStatus, contrasts
from gecit.core.report_said import said_of_signers, said_of_version
from gecit.core.values import Text
from gecit.core.verdict import Effect as RuleEffect
from gecit.core.verdict import Finding, Status
from gecit.core.versions import EFFECTS, Effect, Standing, fold
from tests.builders import KEY, received

# Lines: what is in force. Columns: what comes. b = stands as the first, > = supersedes, + = adds, . = set aside,
# w = waits for a report.
TABLE = """
            P   F   C   B
nothing     b   b   b   w
P           >   >   >   +
F           .   >   >   +
C           .   >   >   +
"""
SIGNS = {"b": Effect.STANDS, ">": Effect.SUPERSEDES, "+": Effect.ADDS, ".": Effect.SET_ASIDE, "w": Effect.WAITS}
STATUS = {one.value: one for one in ReportStatus}


def transcribed() -> dict[tuple[ReportStatus | None, ReportStatus], Effect]:
    head, *lines = TABLE.strip("\n").splitlines()
    rows = [line.split() for line in lines]
    return {
        (STATUS.get(row[0]), STATUS[column]): SIGNS[sign]
        for row in rows
        for column, sign in zip(head.split(), row[1:], strict=True)
    }


def test_every_effect_is_as_transcribed() -> None:
    assert transcribed() == EFFECTS


def test_the_table_knows_every_pair() -> None:
    in_force = [None, *(one for one in ReportStatus if one is not ReportStatus.ADDENDUM)]
    assert set(EFFECTS) == set(product(in_force, ReportStatus))


@pytest.mark.parametrize(
    ("sent", "report", "addenda"),
    [
        ("", 0, ()),
        ("P", 1, ()),
        ("PF", 2, ()),
        ("FP", 1, ()),
        ("FC", 2, ()),
        ("FB", 1, (2,)),
        ("FBB", 1, (2, 3)),
        ("FBC", 3, ()),
        ("FBCB", 3, (4,)),
        ("PBF", 3, ()),
        ("FBP", 1, (2,)),
        ("B", 0, (1,)),
        ("BF", 2, (1,)),
        ("BFB", 2, (1, 3)),
        ("CF", 2, ()),
        ("CP", 1, ()),
    ],
)
def test_what_is_in_force_after_these_were_sent(sent: str, report: int, addenda: tuple[int, ...]) -> None:
    found = fold(enumerate(map(STATUS.__getitem__, sent), start=1))
    assert (found[-1].after if found else Standing()) == Standing(report=report, addenda=addenda)


def exam(sent: str, messages: str = "") -> Exam:
    """Accepted in this order; `messages`: their numbers, where they were sent in another."""
    numbers = map(int, messages or "".join(str(one) for one in range(1, len(sent) + 1)))
    reports = tuple(
        replace(received(status=STATUS[status]), message=number) for status, number in zip(sent, numbers, strict=True)
    )
    return Exam(key=KEY, reports=reports)


def test_the_order_of_sending_counts_whenever_the_registry_let_them_in() -> None:
    late = exam("CF", "32")  # the correction was accepted first; the final before it waited for the registry
    assert late.report is late.reports[0]
    assert late.standing == Standing(report=1)
    addendum_first = exam("BF", "32")
    assert addendum_first.standing == Standing(report=2, addenda=(1,))


@pytest.mark.parametrize(
    ("sent", "report", "addenda"),
    [
        ("F:a C:b F:a", 2, ()),
        ("F:a C:b F:a F:a", 2, ()),
        ("F:a C:b C:a", 3, ()),  # a correction that says what the first one said is sent as one
        ("P:a P:b P:a", 2, ()),
        ("F:a F:b F:a C:b", 4, ()),
        ("F:a B:b C:c B:b", 3, ()),
        ("F:a B:b B:b", 1, (2, 3)),  # kept by older releases; what is sent now is no version
        ("F:a F:a", 2, ()),
    ],
)
def test_what_was_superseded_does_not_come_back_by_being_sent_again(
    sent: str, report: int, addenda: tuple[int, ...]
) -> None:
    reports = tuple(said(one, number) for number, one in enumerate(sent.split(), start=1))
    assert Exam(key=KEY, reports=reports).standing == Standing(report=report, addenda=addenda)


def said(written: str, number: int) -> ReceivedReport:
    """Make a version `status:text`, sent as the `number`-th; MSH-7 is another in every message."""
    status, text = written.split(":")
    sent_at = datetime(2026, 3, 2, 9, number, tzinfo=UTC)
    made = received(status=STATUS[status])
    report = replace(made.report, parts={ReportPart.FINDINGS: text}, message_at=sent_at)
    return replace(made, report=report, message=number)


def test_an_addendum_alone_is_no_report() -> None:
    alone = exam("B")
    assert alone.report is None
    assert alone.standing == Standing(addenda=(1,))
    assert alone.standing.latest == 1


@pytest.mark.parametrize(
    ("before", "comes", "code"),
    [
        ("", "B", "addendum-without-report"),
        ("", "C", "correction-without-report"),
        ("F", "P", "preliminary-after-final"),
        ("", "F", None),
        ("F", "B", None),
        ("P", "C", None),
    ],
)
def test_the_sender_is_told_what_it_may_not_expect(before: str, comes: str, code: str | None) -> None:
    candidate = replace(received(status=STATUS[comes]), message=9)
    said = said_of_version(exam(before), candidate)
    assert [one.code for one in said] == ([code] if code else [])
    assert all(str(one.where) == "OBX-11" for one in said)


@pytest.mark.parametrize(("hours", "code"), [(-1, "report-approved-earlier"), (0, None), (1, None), (None, None)])
def test_a_report_approved_before_the_one_in_force_takes_its_place_and_is_remarked(
    hours: int | None, code: str | None
) -> None:
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    first = replace(received(), report=replace(received().report, approved_at=at), message=1)
    approved = None if hours is None else at + timedelta(hours=hours)
    candidate = said("C:başka", 2)
    candidate = replace(candidate, report=replace(candidate.report, approved_at=approved))
    remarks = said_of_version(Exam(key=KEY, reports=(first,)), candidate)
    assert [(one.code, str(one.where)) for one in remarks] == ([(code, "OBR-7")] if code else [])


def signed(*, radiologist: bool) -> ReceivedReport:
    report = replace(received().report, radiologists=(Person(identifier="1"), Person(identifier="2")))
    asked = (
        RegistryAnswer(identifier="1", known=True, radiologist=True),
        RegistryAnswer(identifier="2", known=True, radiologist=radiologist),
    )
    return replace(received(), report=report, registry=asked)


def finding(status: Status) -> Finding:
    return Finding(rule="radiologist", status=status, effect=RuleEffect.REFUSE_REPORT, title=Text(tr="t", en="t"))


def test_a_second_signer_who_is_no_radiologist_is_remarked_where_the_rule_counts() -> None:
    passed, elsewhere = [finding(Status.PASSED)], [finding(Status.NOT_IN_FORCE)]
    assert [one.code for one in said_of_signers(signed(radiologist=False), passed)] == ["second-signer-no-radiologist"]
    assert said_of_signers(signed(radiologist=True), passed) == []
    assert said_of_signers(signed(radiologist=False), elsewhere) == []


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("", ()),
        ("IV^Iohexol^300", (Contrast(route="IV", agent="Iohexol", concentration="300"),)),
        ("iv^Gadobutrol", (Contrast(route="IV", agent="Gadobutrol"),)),
        ("IV", (Contrast(route="IV"),)),
        (
            "IV^Iohexol^300 mg/ml~O^Baryum sülfat^",
            (
                Contrast(route="IV", agent="Iohexol", concentration="300 mg/ml"),
                Contrast(route="O", agent="Baryum sülfat"),
            ),
        ),
        ("damardan Iohexol^300", (Contrast(agent="damardan Iohexol 300"),)),
        ("^^", ()),
    ],
)
def test_contrast_is_read_into_its_three_facts(written: str, read: tuple[Contrast, ...]) -> None:
    assert contrasts(written) == read
