"""QIDO-RS as a table: what is asked in a URL, and what is found of it (PS3.18 8.3.4 and 10.6)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace

from gecit.core.access import Person, Role
from gecit.core.accounts import Account, Session
from gecit.core.belonging import Belonging
from gecit.core.exam import Study
from gecit.core.facts import MAKER, SeriesFacts, StudyFacts, StudyKey
from gecit.core.peer_review import ReviewView
from gecit.core.qido import Level, Search
from gecit.edges.credentials import COOKIE
from gecit.edges.doors import Doors, token_digest
from gecit.ports import OwnedStudy, Unavailable
from gecit.steps.search_images import ImageSearches
from gecit.web.app import create_app
from tests.fake_studies import FakeReviewDoors, FakeStudyDoors
from tests.fakes import NOON, FakeAccounts, FakeViews, FakeVitals, StillClock

HERE, THERE = "10001", "10002"


def study(number: int, name: str, **changes: object) -> StudyFacts:
    series = (SeriesFacts(series_instance_uid=f"1.{number}.1", modality="CT", instances=2, images=2),)
    made = StudyFacts(
        key=StudyKey(node="N1", orthanc_id=f"o{number}"), study_instance_uid=f"1.{number}", accession=f"A{number}",
        patient_id=f"P{number}", patient_name=name, study_date=f"2026030{number}", study_time="101500",
        description="Beyin BT, kontrastlı", institution=HERE, series=series, settled=True,
    )  # fmt: skip
    return replace(made, **changes)


STUDIES = [
    study(1, "ŞIĞÖÇÜİ^Ilgıt"),
    study(2, "ılıca^İnci"),
    study(3, "DENEME^Ayşe", study_date="20260301", series=(SeriesFacts(
        series_instance_uid="1.3.1", modality="MR", instances=1, images=1), SeriesFacts(
        series_instance_uid="1.3.2", modality="SR", instances=1, images=0))),
    study(4, "BAŞKA^Biri", institution=THERE),
]  # fmt: skip


class FakeTags:
    """What Orthanc would say of these studies."""

    def __init__(self) -> None:
        self.opened = 0
        self.down = False

    def studies(self, orthanc_ids: Sequence[str], uids: Sequence[str]) -> dict[str, dict[str, str]]:
        if self.down:
            raise Unavailable("Orthanc does not answer")
        return {
            one: {"PatientBirthDate": f"1970010{one[1:]}", "PatientSex": "F", "StudyID": one} for one in orthanc_ids
        }

    def series(self, study: str) -> list[tuple[str, dict[str, str]]]:
        facts = next(one for one in STUDIES if one.key.orthanc_id == study)
        return [
            (one.series_instance_uid, {
                "SeriesInstanceUID": one.series_instance_uid, "Modality": one.modality, "SeriesNumber": "7",
                "NumberOfSeriesRelatedInstances": str(one.instances),
            })
            for one in facts.series
        ]  # fmt: skip

    def instances(self, series: str) -> list[tuple[str, dict[str, str]]]:
        return [(f"{series}/{n}", {"SOPInstanceUID": f"{series}.{n}", "InstanceNumber": str(n)}) for n in (1, 2)]

    def all_of(self, instance: str) -> dict[str, str]:
        self.opened += 1
        return {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.2", "Rows": "512", "Columns": "512", "SliceThickness": "1.25",
                "PatientWeight": "", "ReferringPhysicianName": "DENEME^Işıl", "KVP": "yüz yirmi"}  # fmt: skip

    def one_of_study(self, study: str) -> str:
        return f"{study}/1"


@pytest.fixture
def tags() -> FakeTags:
    return FakeTags()


@pytest.fixture
def accounts() -> FakeAccounts:
    return FakeAccounts()


@pytest.fixture
def client(tags: FakeTags, accounts: FakeAccounts) -> FlaskClient:
    clock = StillClock()
    accounts.save_account(Account(name="okur", roles=(Role.RADIOLOGIST,), institution=HERE), NOON)
    accounts.save_account(Account(name="yönetici", roles=(Role.ADMINISTRATOR,)), NOON)
    accounts.save_account(Account(name="danışman", roles=(Role.CONSULTANT,), institution=HERE), NOON)
    for name, token in (("okur", "reads"), ("yönetici", "all"), ("danışman", "asked")):
        accounts.add_token(token_digest(token), name, NOON, None)
    doors = FakeStudyDoors()
    doors.found = [
        OwnedStudy(
            study=Study(key=one.key, facts=one, first_seen_at=NOON, read_at=NOON),
            whose=Belonging(institutions=(one.institution,)),
        )
        for one in STUDIES
    ]
    app = create_app(
        doors=Doors(accounts, "inside", clock), views=FakeViews(), vitals=FakeVitals(), clock=clock, node="N1",
        images=ImageSearches(doors, tags, "N1"),
    )  # fmt: skip
    return app.test_client()


def get(client: FlaskClient, path: str, who: str = "reads") -> Any:
    return client.get(f"/gecit/dicom-web{path}", headers={"Authorization": f"Bearer {who}"})


def found(client: FlaskClient, path: str, tag: str = "0020000D", who: str = "reads") -> list[str]:
    answer = get(client, path, who)
    assert answer.status_code == 200, answer.text
    return [one[tag]["Value"][0] for one in answer.get_json(force=True)]


ALL = ["1.2", "1.3", "1.1"]  # newest day first, then by time and UID


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", ALL),
        ("?PatientName=", ALL),
        ("?PatientName=*", ALL),
        ("?PatientName=%C5%9F%C4%B1%C4%9F*", ["1.1"]),  # şığ*
        ("?PatientName=SIG*", ["1.1"]),
        ("?PatientName=%C4%B1LICA%5E%C4%B0NC%C4%B0", ["1.2"]),  # ıLICA^İNCİ
        ("?00100010=deneme%5Eay%3Fe", ["1.3"]),  # deneme^ay?e
        ("?PatientName=deneme", []),
        ("?PatientName=BA*", []),
        ("?PatientID=P2", ["1.2"]),
        ("?PatientID=P%3F", ALL),
        ("?PatientID=P4", []),
        ("?AccessionNumber=A1", ["1.1"]),
        ("?00080050=A1", ["1.1"]),
        ("?StudyDate=20260302", ["1.2"]),
        ("?StudyDate=20260302-", ["1.2"]),
        ("?StudyDate=-20260301", ["1.3", "1.1"]),
        ("?StudyDate=20260301-20260302", ALL),
        ("?StudyInstanceUID=1.1,1.3,1.4", ["1.3", "1.1"]),
        ("?StudyInstanceUID=1.1%5C1.2", ["1.2", "1.1"]),
        ("?ModalitiesInStudy=SR", ["1.3"]),
        ("?ModalitiesInStudy=SR,CT", ALL),
        ("?StudyDescription=beyin%20bt%2C%20kontrastl%C4%B1", ALL),
        ("?PatientBirthDate=19700103", ["1.3"]),
        ("?PatientSex=M", []),
        ("?StudyID=o1", ["1.1"]),
        ("?ReferringPhysicianName=deneme*", []),  # not in the index, and not looked for in every image
        ("?SliceThickness=1.25", ALL),
        ("?limit=1", ["1.2"]),
        ("?limit=1&offset=1", ["1.3"]),
        ("?limit=5&offset=2", ["1.1"]),
        ("?offset=9", []),
        ("?limit=0", []),
        ("?limit=999999", ALL),
        ("?unknown=1&lang=en", ALL),
    ],
)
def test_a_search_of_studies(client: FlaskClient, query: str, wanted: list[str]) -> None:
    assert found(client, f"/studies{query}") == wanted


@pytest.mark.parametrize(
    ("path", "tag", "wanted"),
    [
        ("/series", "0020000E", ["1.2.1", "1.3.1", "1.3.2", "1.1.1"]),
        ("/series?Modality=SR", "0020000E", ["1.3.2"]),
        ("/series?Modality=MR,SR&limit=1&offset=1", "0020000E", ["1.3.2"]),
        ("/series?PatientID=P1", "0020000E", ["1.1.1"]),
        ("/studies/1.3/series", "0020000E", ["1.3.1", "1.3.2"]),
        ("/studies/1.3/series?SeriesInstanceUID=1.3.2", "0020000E", ["1.3.2"]),
        ("/studies/1.3/series?StudyInstanceUID=1.1", "0020000E", ["1.3.1", "1.3.2"]),
        ("/studies/1.3/series?KVP=", "0020000E", ["1.3.1", "1.3.2"]),
        ("/studies/1.4/series", "0020000E", []),
        ("/studies/9.9/series", "0020000E", []),
        ("/instances?limit=3", "00080018", ["1.2.1.1", "1.2.1.2", "1.3.1.1"]),
        ("/instances?PatientID=P1&InstanceNumber=2", "00080018", ["1.1.1.2"]),
        ("/studies/1.3/instances?SeriesInstanceUID=1.3.2", "00080018", ["1.3.2.1", "1.3.2.2"]),
        ("/studies/1.3/instances?Rows=512&SOPInstanceUID=1.3.1.1", "00080018", ["1.3.1.1"]),
        ("/studies/1.3/instances?Rows=256", "00080018", []),
        ("/studies/1.3/series/1.3.2/instances", "00080018", ["1.3.2.1", "1.3.2.2"]),
        ("/studies/1.1/series/1.3.2/instances", "00080018", []),
    ],
)
def test_a_search_of_series_and_instances(client: FlaskClient, path: str, tag: str, wanted: list[str]) -> None:
    assert found(client, path, tag) == wanted


def test_an_answer_is_dicom_json_in_utf_8_without_a_host(client: FlaskClient) -> None:
    answer = get(client, "/studies?PatientID=P1")
    assert answer.content_type == "application/dicom+json"
    (one,) = answer.get_json(force=True)
    assert one["00080005"] == {"vr": "CS", "Value": ["ISO_IR 192"]}
    assert one["00100010"] == {"vr": "PN", "Value": [{"Alphabetic": "ŞIĞÖÇÜİ^Ilgıt"}]}
    assert one["00081030"] == {"vr": "LO", "Value": ["Beyin BT, kontrastlı"]}
    assert one["00080061"] == {"vr": "CS", "Value": ["CT"]}
    assert one["00201208"] == {"vr": "IS", "Value": [2]}
    assert one["00081190"] == {"vr": "UR", "Value": ["/dicom-web/studies/1.1"]}
    assert one["00080090"] == {"vr": "PN"}, "known to be asked for, and empty"
    assert list(one) == sorted(one)
    (instance, *_) = get(client, "/studies/1.1/instances").get_json(force=True)
    assert instance["00081190"]["Value"] == ["/dicom-web/studies/1.1/series/1.1.1/instances/1.1.1.1"]
    assert instance["00280010"] == {"vr": "US", "Value": [512]}


def test_fields_are_added_as_they_are_asked_for(client: FlaskClient, tags: FakeTags) -> None:
    plain = get(client, "/studies?PatientID=P1").get_json(force=True)[0]
    assert "00180050" not in plain and tags.opened == 0, "no image is opened for what the index has"
    for query in ("includefield=00180050", "includefield=SliceThickness,KVP", "includefield=all"):
        one = get(client, f"/studies?PatientID=P1&{query}").get_json(force=True)[0]
        assert one["00180050"] == {"vr": "DS", "Value": [1.25]}
    assert one["00180060"] == {"vr": "DS"}, "what is no number is not written as one"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("fuzzymatching=true", ["fuzzymatching"]),
        ("fuzzymatching=false", []),
        ("limit=2", ["maximum"]),
        ("limit=3", []),
        ("nothing=1&00081140=x", ["not supported"]),
        ("fuzzymatching=true&limit=1", ["fuzzymatching", "maximum"]),
    ],
)
def test_warnings_say_what_was_not_done(client: FlaskClient, query: str, said: list[str]) -> None:
    headers = get(client, f"/studies?{query}").headers.getlist("Warning")
    assert len(headers) == len(said)
    assert all(word in header and header.startswith("299 ") for word, header in zip(said, headers, strict=True))


@pytest.mark.parametrize("path", ["/studies?limit=-1", "/studies?offset=x", "/studies?limit=1e3", "/studies/x/series",
                                  "/studies/1.1/series/*/instances",
                                  "/studies?PatientName=" + "%5C".join(f"a{n}*" for n in range(17))])  # fmt: skip
def test_what_cannot_be_understood_is_said(client: FlaskClient, path: str) -> None:
    answer = get(client, path)
    assert answer.status_code == 400
    assert answer.content_type == "application/problem+json"
    assert "limit" in answer.get_json(force=True)["detail"]["tr"]


def test_a_reach_narrows_before_the_page_is_cut(client: FlaskClient) -> None:
    assert found(client, "/studies?limit=4", who="all") == ["1.4", *ALL]
    assert "Warning" not in get(client, "/studies?limit=3").headers, "nobody hears of what is not shown"
    assert get(client, "/studies", "asked").status_code == 403
    assert get(client, "/studies", "nobody").status_code == 401


def test_without_orthanc_the_search_is_not_answered(client: FlaskClient, tags: FakeTags) -> None:
    tags.down = True
    assert get(client, "/studies").status_code == 503


def test_plain_json_is_given_to_who_asks_for_it(client: FlaskClient) -> None:
    headers = {"Authorization": "Bearer reads", "Accept": "application/json"}
    assert client.get("/gecit/dicom-web/studies", headers=headers).content_type == "application/json"


def test_a_search_ends_however_much_there_is_to_look_into(
    client: FlaskClient, tags: FakeTags, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gecit.steps.search_images.QUESTIONS", 6)
    answer = get(client, "/instances?PatientComments=nowhere")
    assert answer.get_json(force=True) == []
    assert tags.opened < 6
    assert "Additional results" in answer.headers["Warning"], "nobody takes it for all there is"
    assert get(client, "/studies").headers.get("Warning") is None, "each search has its own measure"


# Whose number a list shows


@pytest.fixture
def numbered(monkeypatch: pytest.MonkeyPatch) -> None:
    """One study's patient has a TCKN in both places where senders put it."""
    found = [replace(STUDIES[0], patient_id="10000000146", other_patient_ids=("10000000146",)), *STUDIES[1:]]
    monkeypatch.setattr("tests.web.test_dicomweb.STUDIES", found)


def looked(client: FlaskClient, accounts: FakeAccounts, path: str) -> list[str]:
    """Read PatientID as a browser that is signed in."""
    value = "v" * 43
    accounts.add_session(
        Session(
            digest=token_digest(value),
            account="okur",
            created_at=NOON,
            seen_at=NOON,
            expires_at=NOON + timedelta(hours=9),
        )
    )
    client.set_cookie(COOKIE, value)
    answer = client.get(f"/gecit/dicom-web{path}")
    assert answer.status_code == 200, answer.text
    return [one["00100020"]["Value"][0] for one in answer.get_json(force=True)]


def test_a_browser_s_list_hides_the_number_and_an_opened_study_has_it(
    numbered: None, accounts: FakeAccounts, client: FlaskClient
) -> None:
    assert looked(client, accounts, "/studies") == ["P2", "P3", "********146"]
    assert looked(client, accounts, "/studies?PatientName=%C5%9F*") == ["********146"]
    assert looked(client, accounts, "/studies?PatientID=10000000146") == ["********146"], "found by it all the same"
    assert looked(client, accounts, "/studies?StudyInstanceUID=1.1") == ["10000000146"], (
        "the viewer looks for others by it"
    )
    answer = client.get("/gecit/dicom-web/studies?includefield=OtherPatientIDs")
    assert "10000000146" not in answer.text


def test_a_program_gets_the_number_whole(numbered: None, client: FlaskClient) -> None:
    assert found(client, "/studies", tag="00100020") == ["P2", "P3", "10000000146"]


def test_a_blind_review_finds_the_pictures_of_its_study_and_no_document(tags: FakeTags) -> None:
    accounts, clock, doors = FakeAccounts(), StillClock(), FakeStudyDoors()
    accounts.save_account(Account(name="hakem", roles=(Role.ASSESSOR,)), NOON)
    accounts.add_token(token_digest("reviews"), "hakem", NOON, None)
    facts = STUDIES[0]
    doors.found = [
        OwnedStudy(study=Study(key=facts.key, facts=facts, first_seen_at=NOON, read_at=NOON), whose=Belonging())
    ]
    first, *others = [one.series_instance_uid for one in facts.series]
    for series, seen in (((first,), [first]), (None, [first, *others]), ((), [])):
        views = FakeReviewDoors(hakem=[ReviewView(study=facts.study_instance_uid, series=series)])
        app = create_app(
            doors=Doors(accounts, "inside", clock), views=FakeViews(), vitals=FakeVitals(), clock=clock, node="N1",
            images=ImageSearches(doors, tags, "N1", views),
        )  # fmt: skip
        client = app.test_client()
        assert found(client, "/studies", who="reviews") == [facts.study_instance_uid]
        path = f"/studies/{facts.study_instance_uid}/series"
        assert found(client, path, "0020000E", who="reviews") == seen
    without = create_app(
        doors=Doors(accounts, "inside", clock), views=FakeViews(), vitals=FakeVitals(), clock=clock, node="N1",
        images=ImageSearches(doors, tags, "N1", FakeReviewDoors()),
    )  # fmt: skip
    assert found(without.test_client(), "/studies", who="reviews") == []


@pytest.mark.parametrize(
    ("person", "wanted"),
    [
        (Person(name="v", roles=(Role.CITIZEN,), tckn="10000000146"), ["1.9.1", "1.9.3"]),
        (Person(name="r", roles=(Role.RADIOLOGIST,), institution=HERE), ["1.9.1", "1.9.2", "1.9.3"]),
        (
            Person(name="b", roles=(Role.RADIOLOGIST, Role.CITIZEN), institution=HERE, tckn="10000000146"),
            ["1.9.1", "1.9.2", "1.9.3"],
        ),
        (
            Person(name="ö", roles=(Role.RADIOLOGIST, Role.CITIZEN), institution=THERE, tckn="10000000146"),
            ["1.9.1", "1.9.3"],
        ),
    ],
)
def test_reports_that_we_attached_are_no_images_of_a_patient(
    monkeypatch: pytest.MonkeyPatch, person: Person, wanted: list[str]
) -> None:
    """Preliminary and superseded versions stand among them; a patient reads the final one on a page of his own."""
    kinds = (("1.9.1", "CT", "Scanner"), ("1.9.2", "SR", MAKER), ("1.9.3", "SR", "Scanner"))
    series = tuple(
        SeriesFacts(series_instance_uid=uid, modality=modality, instances=1, images=0, manufacturer=maker)
        for uid, modality, maker in kinds
    )
    one = study(9, "ŞAHİN^Çiğdem", series=series)
    doors, tags = FakeStudyDoors(), FakeTags()
    whose = Belonging(institutions=(HERE,), patients=("10000000146",))
    doors.found = [OwnedStudy(study=Study(key=one.key, facts=one, first_seen_at=NOON, read_at=NOON), whose=whose)]
    listed = [(uid, {"SeriesInstanceUID": uid, "Modality": kind, "Manufacturer": maker}) for uid, kind, maker in kinds]
    monkeypatch.setattr(tags, "series", lambda _: listed)
    search = Search(level=Level.SERIES, keys={"StudyInstanceUID": "1.9"}, limit=10)
    answers = ImageSearches(doors, tags, "N1").find(person, search)
    assert [found["SeriesInstanceUID"] for found in answers.entities] == wanted
