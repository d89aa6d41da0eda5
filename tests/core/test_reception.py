import pytest

from gecit.core.reception import CHECKS, RULES, Received, broken
from tests.builders import DAY

GOOD = {"AccessionNumber": "A1", "PatientID": "10000000146", "StudyDate": "20240514"}


@pytest.mark.parametrize(
    ("changes", "known", "expected"),
    [
        ({}, True, None),
        ({}, None, None),  # nobody's AE title: not asked
        ({"AccessionNumber": ""}, False, "accession-missing"),
        ({"PatientID": ""}, True, "patient-id-missing"),
        ({}, False, "accession-unknown"),
        ({"StudyDate": "20240515"}, True, None),  # a clock may go a day wrong
        ({"StudyDate": "20240516"}, True, "study-date-in-future"),
        ({"StudyDate": "unknown"}, True, None),
    ],
)
def test_a_rule_refuses_what_it_names(changes: dict[str, str], known: bool | None, expected: str | None) -> None:
    """The first broken rule of those switched on answers."""
    found = broken(tuple(RULES), Received(attributes={**GOOD, **changes}, at=DAY, accession_known=known))
    assert (found.id if found else None) == expected


@pytest.mark.parametrize(("others", "expected"), [(True, "study-of-others"), (False, None), (None, None)])
def test_a_study_of_others_is_refused_and_one_that_nobody_asked_about_is_not(
    others: bool | None, expected: str | None
) -> None:
    received = Received(attributes=GOOD, at=DAY, accession_known=True, study_of_others=others)
    found = broken(tuple(RULES), received)
    assert (found.id if found else None) == expected


def test_a_rule_that_is_off_refuses_nothing() -> None:
    """None is on by default."""
    assert broken((), Received(attributes={}, at=DAY)) is None


def test_every_rule_has_its_check_and_a_failure_of_its_own() -> None:
    """0xBxxx would read as a warning and store nothing (measured): only Cxxx or A7xx (PS3.4 B.2.3)."""
    assert set(RULES) == set(CHECKS)
    statuses = [one.status for one in RULES.values()]
    assert len(set(statuses)) == len(statuses)
    assert all(0xC000 <= one <= 0xCFFF or 0xA700 <= one <= 0xA7FF for one in statuses)
