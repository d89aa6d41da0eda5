"""Queries: DICOMweb searches, paths at Orthanc's door, and the duplicate query."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from urllib.parse import parse_qs

import msgspec

from gecit.core.access import Role
from gecit.core.accounts import Account
from gecit.core.belonging import Belonging
from gecit.core.duplicate_question import Question, QuestionRefused, parse_order_id
from gecit.core.qido import LONGEST_PAGE, Level, SearchRefused, fits, searchable
from gecit.edges.doors import Doors, token_digest
from gecit.edges.image_doors import ImageDoors
from gecit.edges.orthanc_host import HttpFilter
from gecit.web.dicomweb.wire import answer_of, read_search
from gecit.web.duplicates import wire
from tests.fake_accounts import FakeAudit
from tests.fake_studies import FakeStudyDoors
from tests.fakes import NOON, FakeAccounts, StillClock

from ..draw import Draw
from ..target import Target, must

ENTITY = {
    "StudyInstanceUID": "1.2.3",
    "SeriesInstanceUID": "1.2.3.4",
    "SOPInstanceUID": "1.2.3.4.5",
    "PatientID": "10000000146",
    "PatientName": "ŞAHİN^ÇİĞDEM",
    "StudyDate": "20260105",
    "StudyTime": "093000",
    "ModalitiesInStudy": "CT\\SR",
    "NumberOfStudyRelatedSeries": "2",
    "StudyDescription": "Beyin, kontrastsız",
    "Modality": "CT",
}


def qido(data: bytes) -> object:
    level = list(Level)[(data[0] if data else 0) % 3]
    given = parse_qs(data[1:].decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=None)
    path = {"StudyInstanceUID": "1.2.3"} if level is not Level.STUDY else {}
    try:
        search = read_search(level, given, path)
    except SearchRefused as refused:
        return refused.parameter
    must(0 <= search.limit <= LONGEST_PAGE and search.offset >= 0, "a page beyond measure")
    must(all(search.keys[name] == value for name, value in path.items()), "the query won over the address")
    answer = json.loads(json.dumps(answer_of(ENTITY, search), ensure_ascii=False, allow_nan=False))
    must(all(set(one) <= {"vr", "Value"} for one in answer.values()), "no DICOM JSON")
    return searchable(search), searchable(search) and fits(search, ENTITY), answer


def qido_seeds() -> list[bytes]:
    asked = [
        "PatientName=%C5%9EA*&limit=5",
        "00100020=10000000146&includefield=all",
        "StudyDate=20260101-20260201&offset=3",
        "ModalitiesInStudy=CT,MR&includefield=00081030,StudyDescription",
        "fuzzymatching=true&PatientID=?*?*",
        "limit=²",
        "StudyDate=-&StudyTime=09-10&a=b",
        "limit=99999999999&limit=1",
        "PatientName=*%2A*?\\*",
    ]
    return [bytes([number]) + one.encode() for one in asked for number in range(3)]


def question(data: bytes) -> object:
    """Every form of the duplicate query, and the name of an exam in a link."""
    found = []
    for kind in (wire.SutQuestion, wire.SutListQuestion):
        try:
            found.append(msgspec.json.decode(data, type=kind).read())
        except (QuestionRefused, msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as fault:
            found.append(type(fault).__name__)
    for one in found:
        if isinstance(one, Question):
            must(0 < len(one.suts) <= 20 and len(set(one.suts)) == len(one.suts), "codes beyond measure")
    try:
        number, place = parse_order_id(data.decode("utf-8", "replace"))
        must(place >= 0 and number.isalnum(), "no name")
    except QuestionRefused:
        number = ""
    return repr(found), number


def question_seeds() -> list[bytes]:
    asked = {"MedulaInstitutionId": "11900001", "PatientCitizenId": 10000000146, "SutCode": "801.590"}
    many = {**asked, "SutCodeList": ["R100250", 801590, " "], "DoctorCitizenId": None}
    return [json.dumps(asked).encode(), json.dumps(many).encode(), b"abc123.4", b"a.\xc2\xb2", b"[" * 1500]


OWN, FOREIGN = "1.2.3", "1.2.4"
HOSPITAL, OTHER = "910001", "910002"
HEADERS = ("origin", "host", "x-forwarded-for", "sec-fetch-site", "x-csrf-token", "cookie")
ROOTS = ("/dicom-web/studies", "/wado", "/studies", "/gecit", "/system", "/instances", "/app", "/dicom-web/servers")


@cache
def _door() -> HttpFilter:
    """A filter with one study of each of two institutions, and a program of the first."""
    accounts, clock = FakeAccounts(), StillClock()
    accounts.save_account(Account(name="pacs", roles=(Role.SERVICE,), institution=HOSPITAL), NOON)
    accounts.add_token(token_digest("t"), "pacs", NOON, None)
    whose = {OWN: [Belonging(institutions=(HOSPITAL,))], FOREIGN: [Belonging(institutions=(OTHER,))]}
    images = ImageDoors(FakeStudyDoors(**whose), FakeAudit(), clock, "N1")
    return HttpFilter(Doors(accounts, "inside", clock, audit=FakeAudit()), images)


def door(data: bytes) -> object:
    """A stranger comes to nothing but our own pages; an institution's program to nothing of another's."""
    draw = Draw(data)
    method = draw.pick((1, 2, 3, 4, "GET", "POST", "PUT", "DELETE", "PATCH", 0, None))
    known = draw.pick((OWN, FOREIGN, "", "1.2.3/../1.2.4", "1.2.3%2f", "1.2.3 "))
    path = draw.pick((draw.pick(ROOTS), "")) + draw.pick(("", f"/{known}", f"//{known}/", draw.text(24)))
    path += draw.text(48) if draw.flag() else ""
    query = {draw.pick(("studyUID", "StudyInstanceUID", draw.text(8))): draw.pick((OWN, FOREIGN, draw.text(24)))}
    headers = {draw.pick(HEADERS): draw.header(40)}
    asked = {"method": method, "get": query, "ip": draw.pick(("10.1.1.1", "127.0.0.1", draw.text(12)))}
    stranger = _door()(path, **asked, headers=headers)
    must(stranger in (True, False), "neither yes nor no")
    ours = path == "/gecit" or path.startswith("/gecit/")
    must(not stranger or ours, "a stranger passes")
    program = _door()(path, **asked, headers={**headers, "authorization": "Bearer t"})
    must(not program or ours or _may(method, path, query), f"{method} {path!r} passes")
    return stranger, program


def _may(method: object, path: str, query: Mapping[str, str]) -> bool:
    """A second reading of what the program of one institution may do."""
    parts = path.strip("/").split("/")
    while "" in parts:
        parts.remove("")
    if method in (1, "GET"):
        return (parts[:2] == ["dicom-web", "studies"] and parts[2:3] == [OWN]) or (
            parts == ["wado"] and query.get("studyUID") == OWN
        )
    return method in (2, "POST") and parts[:2] == ["dicom-web", "studies"] and parts[2:] != [FOREIGN] and len(parts) < 4


TARGETS = (
    Target(
        name="qido",
        reads="DICOMweb searches",
        holds="a search within bounds or a refusal that names the parameter; the address wins; answers are DICOM JSON",
        one=qido,
        seeds=qido_seeds,
        tokens=(
            b"&includefield=",
            b"&limit=",
            b"&offset=",
            b"PatientName=",
            b"StudyDate=",
            b"%5C",
            b"*?",
            b"00100010=",
            b"FFFFFFFF=",
            b"&fuzzymatching=true",
            b"StudyTime=",
            b"-",
            b"%00",
        ),
        longest=1024,
    ),
    Target(
        name="duplicate-query",
        reads="the duplicate query",
        holds="a question of at most 20 codes, each once, or a refusal",
        one=question,
        seeds=question_seeds,
        tokens=(
            b'"SutCode":',
            b'"SutCodeList":[',
            b'"MedulaInstitutionId":',
            b'"PatientCitizenId":',
            b"null",
            b"[" * 1100,
            b"1e400",
            b'"\\ud800"',
            b"9" * 40,
        ),
        longest=2048,
    ),
    Target(
        name="image-door",
        reads="paths and queries at Orthanc's own interface (DICOMweb, WADO, REST)",
        holds="never raises; a stranger opens nothing, an institution's program nothing of another's",
        one=door,
        seeds=lambda: [
            bytes([m, k, r, p]) + b"\x00" * 3 + b"\xff\x02ab"
            for m in range(5)
            for k in range(6)
            for r in range(3)
            for p in range(2)
        ],
        tokens=(b"1.2.4", b"1.2.3", b"/series/", b"..", b"%2e%2e", b"studyUID"),
        longest=256,
    ),
)
