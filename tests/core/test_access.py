"""The access table, a second time by hand, and what is asked of it."""

import pytest

from gecit.core.access import TABLE, Action, Person, Reach, Role, Whose, may, may_with, reach, whose
from gecit.core.order import ExamKey

OWN, FOREIGN, SELF, NOBODY = Whose.OWN, Whose.FOREIGN, Whose.SELF, Whose.NOBODY
GRANTED, DISCLOSED = Whose.GRANTED, Whose.DISCLOSED

# Written from the duties of each role, not from the table: o own institution's, g granted, d disclosed,
# f foreign, s self, n nobody's.
SECOND = {
    "list exams": "administrator:nogdf manager:o radiologist:og clinician:o assessor:o service:o",
    "see an exam": "administrator:nogdf manager:o radiologist:og clinician:o assessor:o service:o",
    "see a report": "administrator:nogdf manager:o radiologist:ogd consultant:d clinician:od"
    " assessor:o citizen:s service:o visitor:d",
    "see images": "administrator:nogdf manager:o radiologist:ogd consultant:d clinician:od"
    " assessor:on citizen:s service:o visitor:d",
    "store images": "administrator:nogdf manager:o service:o",
    "query duplicates": "administrator:nogdf manager:o radiologist:o clinician:o service:o",
    "retry a delivery": "administrator:nogdf manager:o service:o",
    "approve a withdrawal": "administrator:nogdf",
    "export": "administrator:nogdf manager:o service:o",
    "see the rules": "administrator:nogdf manager:n radiologist:n consultant:n clinician:n assessor:n service:n",
    "work on the rules": "administrator:nogdf",
    "see health": "administrator:nogdf manager:n service:n",
    "see the audit": "administrator:nogdf",
    "manage institutions": "administrator:nogdf",
    "manage users": "administrator:nogdf",
    "manage tokens": "administrator:nogdf manager:o",
    "manage webhooks": "administrator:nogdf manager:o service:o",
    "use Orthanc": "administrator:nogdf",
    "own account": "administrator:nogdf manager:n radiologist:n consultant:n clinician:n assessor:n citizen:n",
    "write a report": "radiologist:og",
    "assign a reading": "administrator:nogdf manager:o",
    "see turn-around times": "administrator:nogdf manager:o radiologist:o",
    "manage grants": "administrator:nogdf",
    "confirm a critical finding": "manager:o radiologist:o clinician:o",
    "manage templates": "administrator:nogdf manager:o",
    "see quality": "administrator:nogdf manager:o radiologist:og assessor:o service:o",
    "review a report": "radiologist:n assessor:n",
    "manage peer reviews": "administrator:nogdf",
    "see quality figures": "administrator:nogdf manager:o radiologist:o",
    "compare radiologists": "administrator:nogdf manager:o",
    "discuss quality": "administrator:nogdf manager:o radiologist:n assessor:n",
    "rate quality": "assessor:o",
    "see own exams": "citizen:s",
    "ask for a missing exam": "citizen:s",
    "answer patients": "administrator:nogdf manager:o",
    "ask for a consultation": "radiologist:og",
    "answer a consultation": "radiologist:nd consultant:nd clinician:nd",
    "share own exams": "citizen:s",
    "run the self-test": "administrator:nogdf manager:o service:o",
    "manage retention": "administrator:nogdf",
    "record care relations": "administrator:nogdf manager:o",
    "open in an emergency": "radiologist:n clinician:n",
    "review emergency access": "administrator:nogdf manager:o",
    "see what is shared": "radiologist:n consultant:n clinician:n visitor:n",
}
LETTERS = {"o": OWN, "g": GRANTED, "d": DISCLOSED, "f": FOREIGN, "s": SELF, "n": NOBODY}


def second(role: Role, action: Action) -> set[Whose]:
    row = dict(one.split(":") for one in SECOND[action].split())
    return {LETTERS[letter] for letter in row.get(role, "")}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("action", Action)
def test_table_says_what_the_second_transcription_says(role: Role, action: Action) -> None:
    assert set(TABLE[role].get(action, ())) == second(role, action)


def test_nobody_may_anything() -> None:
    nobody = Person(name="")
    assert not any(may(nobody, action, one) for action in Action for one in Whose)


def test_a_token_narrows_and_never_widens() -> None:
    token = Person(name="hbys", roles=(Role.SERVICE,), institution="910001", only=(Action.SEE_EXAM, Action.SEE_AUDIT))
    assert may(token, Action.SEE_EXAM, OWN)
    assert not may(token, Action.LIST_EXAMS, OWN)
    assert not may(token, Action.SEE_AUDIT)


def test_without_an_institution_nothing_is_own() -> None:
    manager = Person(name="m", roles=(Role.MANAGER,))
    assert whose(manager, ("",)) == {FOREIGN}
    assert not reach(manager, Action.LIST_EXAMS)


def test_without_a_known_number_nothing_is_self() -> None:
    citizen = Person(name="c", roles=(Role.CITIZEN,))
    assert whose(citizen, ("910001",), tckn="") == {FOREIGN}
    assert not reach(citizen, Action.SEE_IMAGES)


def test_a_citizen_who_works_as_a_clinician_reaches_both() -> None:
    both = Person(name="d", roles=(Role.CLINICIAN, Role.CITIZEN), institution="910001", tckn="10000000146")
    assert reach(both, Action.SEE_IMAGES) == Reach(institution="910001", patient="10000000146")
    assert may_with(both, Action.SEE_IMAGES, ("910002",), "10000000146")
    assert not may_with(both, Action.SEE_IMAGES, ("910002",), "10000000078")


def test_an_administrator_reaches_everything() -> None:
    assert reach(Person(name="a", roles=(Role.ADMINISTRATOR,)), Action.SEE_IMAGES) == Reach(everything=True)


def test_a_grant_opens_the_granted_institutions_alone() -> None:
    reader = Person(name="r", roles=(Role.RADIOLOGIST,), institution="910001", granted=("910002",))
    assert may_with(reader, Action.WRITE_REPORT, ("910002",))
    assert may_with(reader, Action.SEE_IMAGES, ("910002",))
    assert not may_with(reader, Action.WRITE_REPORT, ("910003",))
    assert not may_with(reader, Action.QUERY_DUPLICATES, ("910002",))
    assert reach(reader, Action.WRITE_REPORT) == Reach(institution="910001", granted=("910002",))


def test_a_grant_of_somebody_who_is_no_radiologist_opens_nothing() -> None:
    manager = Person(name="m", roles=(Role.MANAGER,), institution="910001", granted=("910002",))
    assert not may_with(manager, Action.SEE_EXAM, ("910002",))
    assert reach(manager, Action.LIST_EXAMS) == Reach(institution="910001")


def test_what_is_disclosed_opens_that_exam_or_that_patient_alone() -> None:
    key, other = ExamKey(institution="910002", accession="A1"), ExamKey(institution="910002", accession="A2")
    asked = Person(name="k", roles=(Role.CONSULTANT,), disclosed=(key,), disclosed_patients=("10000000146",))
    assert may_with(asked, Action.SEE_IMAGES, ("910002",), "", (key,))
    assert may_with(asked, Action.SEE_REPORT, ("910002",), "10000000146", (other,))
    assert not may_with(asked, Action.SEE_IMAGES, ("910002",), "10000000078", (other,))
    assert not may_with(asked, Action.SEE_IMAGES, ("910002",))
    assert not may_with(asked, Action.SEE_EXAM, ("910002",), "10000000146", (key,))
    assert reach(asked, Action.SEE_IMAGES) == Reach(disclosed=(key,), disclosed_patients=("10000000146",))
    assert not reach(asked, Action.LIST_EXAMS)


@pytest.mark.parametrize("role", [Role.MANAGER, Role.ASSESSOR, Role.SERVICE, Role.CITIZEN])
def test_what_is_disclosed_to_somebody_who_is_no_physician_opens_nothing(role: Role) -> None:
    key = ExamKey(institution="910002", accession="A1")
    person = Person(name="m", roles=(role,), institution="910001", disclosed=(key,), disclosed_patients=("1",))
    assert not any(may_with(person, action, ("910002",), "1", (key,)) for action in Action)


def test_an_administrator_signs_no_report() -> None:
    administrator = Person(name="a", roles=(Role.ADMINISTRATOR,), institution="910001")
    assert not may_with(administrator, Action.WRITE_REPORT, ("910001",))
    assert not reach(administrator, Action.WRITE_REPORT)
