"""Orthanc's own doors by the access table: what each request needs, what is remembered, what is audited."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from gecit.core.access import Action, Person, Role
from gecit.core.belonging import Belonging
from gecit.core.order import ExamKey
from gecit.core.orthanc_doors import Method, Need, need_of
from gecit.core.peer_review import ReviewView
from gecit.edges.image_doors import ANSWER_SECONDS, REFUSAL_SECONDS, REMEMBERED, SESSION_SECONDS, ImageDoors, Request
from tests.fake_accounts import FakeAudit
from tests.fake_studies import FakeReviewDoors, FakeStudyDoors
from tests.fakes import StillClock

MANAGER = Person(name="m", roles=(Role.MANAGER,), institution="10001")
SERVICE = Person(name="s", roles=(Role.SERVICE,), institution="10001")
CITIZEN = Person(name="c", roles=(Role.CITIZEN,), tckn="10000000146")
ADMINISTRATOR = Person(name="a", roles=(Role.ADMINISTRATOR,))
SENT = "1.2.3.1"
MINE = [Belonging(institutions=("10001",), patients=("10000000146",), sent=(SENT,))]
THEIRS = [Belonging(institutions=("10002",))]
IMAGES = "/dicom-web/studies/1.2.3/metadata"


class Ticks:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def studies() -> FakeStudyDoors:
    return FakeStudyDoors(**{"1.2.3": MINE, "1.2.4": THEIRS})


@pytest.fixture
def audit() -> FakeAudit:
    return FakeAudit()


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


@pytest.fixture
def doors(studies: FakeStudyDoors, audit: FakeAudit, ticks: Ticks) -> ImageDoors:
    return ImageDoors(studies, audit, StillClock(), "N1", ticks)


def request(
    path: str = IMAGES, method: Method | None = Method.GET, address: str = "192.0.2.7", **query: str
) -> Request:
    return Request(method=method, path=path, query=query, address=address)


SEE = Need(action=Action.SEE_IMAGES, study="1.2.3", of_study=True)
NO_STUDY = Need(action=Action.SEE_IMAGES, of_study=True)
ADMINISTRATION = Need(action=Action.USE_ORTHANC)


@pytest.mark.parametrize(
    ("method", "path", "query", "need"),
    [
        (Method.GET, "/dicom-web/studies/1.2.3", {}, SEE),
        (Method.GET, "/dicom-web/studies/1.2.3/series/1/instances/2/frames/1", {}, SEE),
        (Method.GET, "/dicom-web//studies/1.2.3/", {}, SEE),
        (Method.GET, "/dicom-web/studies/1.2.3,1.2.4", {}, NO_STUDY),
        (Method.GET, "/dicom-web/studies/1.2.3 ", {}, NO_STUDY),
        (Method.GET, "/dicom-web/studies/" + "1." * 100 + "1", {}, NO_STUDY),
        (Method.GET, "/dicom-web/studies/1.2.٣", {}, NO_STUDY),
        (Method.GET, "/dicom-web/studies", {}, ADMINISTRATION),
        (Method.GET, "/dicom-web/series/1.2.3", {}, ADMINISTRATION),
        (Method.GET, "/DICOM-WEB/studies/1.2.3", {}, ADMINISTRATION),
        (Method.DELETE, "/dicom-web/studies/1.2.3", {}, ADMINISTRATION),
        (Method.PUT, "/dicom-web/studies", {}, ADMINISTRATION),
        (Method.POST, "/dicom-web/studies/1.2.3/series/1", {}, ADMINISTRATION),
        (None, "/dicom-web/studies/1.2.3", {}, ADMINISTRATION),
        (Method.POST, "/dicom-web/studies", {}, Need(action=Action.STORE_IMAGES, new=True)),
        (Method.POST, "/dicom-web/studies/1.2.3", {},
         Need(action=Action.STORE_IMAGES, study="1.2.3", of_study=True, new=True)),
        (Method.GET, "/wado", {"studyUID": "1.2.3", "objectUID": "9"}, SEE),
        (Method.GET, "/wado", {"studyuid": "1.2.3"}, NO_STUDY),
        (Method.GET, "/wado", {"studyUID": "1%2E2.3"}, NO_STUDY),
        (Method.GET, "/wado/x", {"studyUID": "1.2.3"}, ADMINISTRATION),
        (Method.POST, "/wado", {}, ADMINISTRATION),
        (Method.GET, "/", {}, ADMINISTRATION),
        (Method.GET, "/studies/1.2.3", {}, ADMINISTRATION),
        (Method.POST, "/tools/find", {}, ADMINISTRATION),
    ],
)  # fmt: skip
def test_what_a_request_needs(method: Method | None, path: str, query: dict[str, str], need: Need) -> None:
    assert need_of(method, path, query) == need


@pytest.mark.parametrize(
    ("person", "path", "passes"),
    [
        (MANAGER, IMAGES, True),
        (CITIZEN, f"/dicom-web/studies/1.2.3/series/{SENT}/metadata", True),
        (ADMINISTRATOR, IMAGES, True),
        (MANAGER, "/dicom-web/studies/1.2.4", False),
        (CITIZEN, "/dicom-web/studies/1.2.4", False),
        (ADMINISTRATOR, "/dicom-web/studies/1.2.4", True),
        (MANAGER, "/dicom-web/studies/1.2.5", False),  # nobody knows it: it may be arriving
        (ADMINISTRATOR, "/dicom-web/studies/1.2.5", True),
        (MANAGER, "/system", False),
        (ADMINISTRATOR, "/system", True),
        (Person(name="n"), IMAGES, False),
        (Person(name="t", roles=(Role.MANAGER,), institution="10001", only=(Action.SEE_EXAM,)), IMAGES, False),
    ],
)
def test_who_may_do_it(doors: ImageDoors, person: Person, path: str, passes: bool) -> None:
    assert doors.passes(person, request(path)) is passes


@pytest.mark.parametrize(
    ("person", "path", "passes"),
    [
        (SERVICE, "/dicom-web/studies", True),
        (SERVICE, "/dicom-web/studies/1.2.3", True),
        (SERVICE, "/dicom-web/studies/1.2.5", True),
        (SERVICE, "/dicom-web/studies/1.2.4", False),
        (CITIZEN, "/dicom-web/studies", False),
        (ADMINISTRATOR, "/dicom-web/studies/1.2.4", True),
    ],
)
def test_who_may_store(doors: ImageDoors, person: Person, path: str, passes: bool) -> None:
    assert doors.passes(person, request(path, Method.POST)) is passes


def test_an_answer_is_believed_for_its_seconds(doors: ImageDoors, studies: FakeStudyDoors, ticks: Ticks) -> None:
    for _ in range(5):
        assert doors.passes(MANAGER, request())
    assert studies.asked == 1
    studies.known["1.2.3"] = THEIRS
    ticks.now += ANSWER_SECONDS - 0.1
    assert doors.passes(MANAGER, request())
    ticks.now += 0.1
    assert not doors.passes(MANAGER, request())


def test_an_opening_is_one_row_for_each_person_study_and_session(
    doors: ImageDoors, audit: FakeAudit, ticks: Ticks
) -> None:
    for _ in range(3):
        doors.passes(MANAGER, request())
        doors.passes(MANAGER, request("/dicom-web/studies/1.2.3/series/1/instances/2/frames/7"))
        ticks.now += ANSWER_SECONDS
    doors.passes(CITIZEN, request(f"/dicom-web/studies/1.2.3/series/{SENT}/metadata"))
    assert audit.said() == [("m", "see images", "done"), ("c", "see images", "done")]
    first = audit.entries[0]
    assert (first.institution, first.patient, first.address) == ("10001", "10000000146", "192.0.2.7")
    assert first.detail == {"door": "dicom-web", "study": "1.2.3"}
    ticks.now += SESSION_SECONDS - 2 * ANSWER_SECONDS
    doors.passes(MANAGER, request())
    assert len(audit.entries) == 2, "the session goes on"
    ticks.now += SESSION_SECONDS
    doors.passes(MANAGER, request())
    assert len(audit.entries) == 3


def test_each_change_is_a_row(doors: ImageDoors, audit: FakeAudit) -> None:
    for _ in range(2):
        doors.passes(SERVICE, request("/dicom-web/studies", Method.POST))
    doors.passes(ADMINISTRATOR, request("/studies/x", Method.DELETE))
    assert audit.said() == [("s", "store images", "done")] * 2 + [("a", "use Orthanc", "done")]
    assert audit.entries[0].institution == "10001"
    assert audit.entries[2].detail == {"door": "studies", "method": "DELETE"}


def test_a_refusal_is_a_row_once_a_minute(doors: ImageDoors, audit: FakeAudit, ticks: Ticks) -> None:
    for _ in range(3):
        doors.passes(MANAGER, request("/dicom-web/studies/1.2.4"))
        doors.turned_away(request("/patients/10000000146"), "wrong")
    doors.turned_away(request("/10000000146"), "wrong")
    assert audit.said() == [
        ("m", "see images", "refused"), ("", "use Orthanc", "refused"), ("", "use Orthanc", "refused")
    ]  # fmt: skip
    assert audit.entries[0].institution == "10002"
    assert "10000000146" not in repr(audit.entries), "what a stranger writes is not kept"
    ticks.now += REFUSAL_SECONDS
    doors.passes(MANAGER, request("/dicom-web/studies/1.2.4"))
    assert len(audit.entries) == 4


def test_whoever_did_not_sign_in_cannot_fill_the_audit(doors: ImageDoors, audit: FakeAudit) -> None:
    for number in range(20):
        doors.turned_away(request(f"/dicom-web/studies/1.2.{number}/metadata"), "missing")
    assert len(audit.entries) == 1
    for number in range(3):
        doors.passes(MANAGER, request(f"/dicom-web/studies/1.2.8.{number}/metadata"))
    assert len(audit.entries) == 4, "who is known is told of with each study"


def test_without_the_audit_nothing_opens_and_with_it_everything_does_again(doors: ImageDoors, audit: FakeAudit) -> None:
    audit.broken = True
    for _ in range(2):
        with pytest.raises(OSError, match="10000000146"):
            doors.passes(MANAGER, request())
    audit.broken = False
    assert doors.passes(MANAGER, request())
    assert audit.said() == [("m", "see images", "done")]


def test_a_ledger_that_fails_is_not_remembered(doors: ImageDoors, studies: FakeStudyDoors) -> None:
    studies.broken = True
    with pytest.raises(OSError, match="10000000146"):
        doors.passes(MANAGER, request())
    studies.broken = False
    assert doors.passes(MANAGER, request())


def test_memory_has_an_end(doors: ImageDoors, studies: FakeStudyDoors) -> None:
    for number in range(REMEMBERED + 10):
        studies.known[f"1.{number}"] = MINE
        doors.passes(MANAGER, request(f"/dicom-web/studies/1.{number}"))
    asked = studies.asked
    doors.passes(MANAGER, request(f"/dicom-web/studies/1.{REMEMBERED}"))
    assert studies.asked == asked
    doors.passes(MANAGER, request("/dicom-web/studies/1.0"))
    assert studies.asked == asked + 1, "the oldest is forgotten"


# From outside: of each series that was sent, and of no document that Geçit attached

KEY = ExamKey(institution="10001", accession="A1")
OUTSIDERS = [
    CITIZEN,
    Person(name="link:1", roles=(Role.VISITOR,), disclosed=(KEY,)),
    Person(name="l", roles=(Role.CLINICIAN,), institution="10002", disclosed=(KEY,)),
    Person(name="p", roles=(Role.RADIOLOGIST,), institution="10002", disclosed_patients=("10000000146",)),
    Person(name="k", roles=(Role.CONSULTANT,), disclosed=(KEY,)),
]


@pytest.mark.parametrize("who", OUTSIDERS, ids=lambda one: one.name)
@pytest.mark.parametrize(
    ("path", "passes"),
    [
        (f"/series/{SENT}", True),
        (f"/series/{SENT}/instances/5/frames/1", True),
        ("/series/1.2.3.9/metadata", False),  # Geçit's own, or not in the ledger yet: a report is attached any moment
        ("/series/1.2.3.9/instances/5/bulk/00420011", False),
        (f"/series/{SENT},1.2.3.9/metadata", False),
        ("/metadata", False),
        ("/series", False),
        ("/instances", False),
        ("", False),
    ],
)
def test_from_outside_a_study_opens_by_the_series_that_were_sent(
    doors: ImageDoors, studies: FakeStudyDoors, who: Person, path: str, passes: bool
) -> None:
    studies.known["1.2.3"] = [replace(MINE[0], exams=(KEY,))]
    assert doors.passes(who, request(f"/dicom-web/studies/1.2.3{path}")) is passes
    assert not doors.passes(who, request("/wado", studyUID="1.2.3", seriesUID=SENT, objectUID="9"))


@pytest.mark.parametrize("whose", [{"exams": (KEY,)}, {"patients": ("10000000146",)}], ids=["exam", "patient"])
def test_whoever_treats_the_patient_keeps_all_of_it_when_it_is_opened_to_him_too(
    doors: ImageDoors, studies: FakeStudyDoors, whose: dict[str, tuple[object, ...]]
) -> None:
    studies.known["1.2.3"] = [Belonging(institutions=("10001",), sent=(SENT,), **whose)]
    both = {"tckn": "10000000146", "disclosed": (KEY,), "disclosed_patients": ("10000000146",)}
    assert doors.passes(Person(name="h", roles=(Role.CLINICIAN, Role.CITIZEN), institution="10001", **both), request())


# Peer review

ASSESSOR = Person(name="d", roles=(Role.ASSESSOR,))
RADIOLOGIST = Person(name="r", roles=(Role.RADIOLOGIST,), institution="10001")
PICTURES, DOCUMENTS = "1.2.3.1", "1.2.3.9"


def reviewing(studies: FakeStudyDoors, audit: FakeAudit, ticks: Ticks, series: tuple[str, ...] | None) -> ImageDoors:
    views = [ReviewView(study="1.2.3", series=series)]
    return ImageDoors(studies, audit, StillClock(), "N1", ticks, FakeReviewDoors(d=views, r=views))


@pytest.mark.parametrize("who", [ASSESSOR, RADIOLOGIST])
@pytest.mark.parametrize(
    ("path", "passes"),
    [
        (f"/series/{PICTURES}/metadata", True),
        (f"/series/{PICTURES}/instances/5/frames/1", True),
        (f"/series/{DOCUMENTS}/metadata", False),
        ("/series/1.2.3.77/metadata", False),  # nobody has read it yet: it may be the report that has just come
        ("/metadata", False),
        ("", False),
        ("/series", False),
        ("/instances", False),
    ],
)
def test_a_blind_review_opens_pictures_alone_whatever_else_the_reviewer_may(
    studies: FakeStudyDoors, audit: FakeAudit, ticks: Ticks, who: Person, path: str, passes: bool
) -> None:
    doors = reviewing(studies, audit, ticks, (PICTURES,))
    assert doors.passes(who, request(f"/dicom-web/studies/1.2.3{path}")) is passes
    assert not doors.passes(who, request("/wado", studyUID="1.2.3", seriesUID=PICTURES, objectUID="9"))


@pytest.mark.parametrize(
    ("institution", "series", "path", "passes"),
    [
        ("10001", (PICTURES,), f"/series/{PICTURES}/metadata", True),
        ("10001", (PICTURES,), f"/series/{DOCUMENTS}/metadata", False),
        ("10001", (PICTURES,), "/metadata", False),
        ("10001", None, "/metadata", True),
        ("10002", (PICTURES,), f"/series/{PICTURES}/metadata", False),  # a token reviews nothing
        ("10002", None, "/metadata", False),
    ],
)
def test_a_token_of_a_blind_reviewer_sees_no_more_than_he(
    studies: FakeStudyDoors,
    audit: FakeAudit,
    ticks: Ticks,
    institution: str,
    series: tuple[str, ...] | None,
    path: str,
    passes: bool,
) -> None:
    token = Person(name="r", roles=(Role.SERVICE,), institution=institution)
    doors = reviewing(studies, audit, ticks, series)
    assert doors.passes(token, request(f"/dicom-web/studies/1.2.3{path}")) is passes


def test_a_review_opens_its_study_alone_and_to_who_may_review(
    studies: FakeStudyDoors, audit: FakeAudit, ticks: Ticks
) -> None:
    doors = reviewing(studies, audit, ticks, None)
    assert doors.passes(ASSESSOR, request())
    assert not doors.passes(ASSESSOR, request("/dicom-web/studies/1.2.4"))
    assert not doors.passes(Person(name="d", roles=(Role.CONSULTANT,)), request())
    assert not doors.passes(ASSESSOR, request(method=Method.POST, path="/dicom-web/studies/1.2.3"))
    studies.known["1.2.3"] = [*MINE, *THEIRS]  # somebody else's study under the same UID
    ticks.now += ANSWER_SECONDS
    assert not doors.passes(ASSESSOR, request())
