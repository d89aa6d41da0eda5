"""Every route of a running node, times every role, times own and foreign institution; and the traps between them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby, pairwise
from pathlib import Path

import pytest
import requests
from dicomweb_client.api import DICOMwebClient
from pydicom.uid import ExplicitVRLittleEndian

from gecit.core import events as e
from gecit.core.access import Role
from gecit.core.accounts import Account
from gecit.core.audit_chain import AuditRow
from gecit.core.order import Control, ExamKey, Order, Patient, Procedure
from gecit.edges.audit_book import AuditBook
from gecit.edges.doors import new_token, token_digest
from gecit.edges.image_doors import REFUSAL_SECONDS, SESSION_SECONDS
from gecit.edges.store import open_ledger
from gecit.edges.system_clock import SystemClock
from gecit.ports import AuditSearch, Institution
from gecit.processes.web import application
from gecit.settings import load
from gecit.web.audit import VIEW_SECONDS
from tests.support.dicom import picture, store
from tests.support.node import ORTHANC, Node, until
from tests.support.routes import ALL, DICOM_WEB, OWN, RIGHTS, SELF, WAYS, Way, at_all, reaches

pytestmark = pytest.mark.system

HERE, THERE = "900001", "900002"
CITIZEN, SOMEBODY = "10000000146", "10000000214"
NOW = datetime.now(UTC)
STUDIES = {"own": "1.2.276.1", "foreign": "1.2.276.2", "self": "1.2.276.3"}  # the citizen's is of a third institution
SCRIPT = "<script>alert(1)</script>"
SESSION = requests.Session()


def order(skrs: str, accession: str, tckn: str) -> e.OrderPlaced:
    key = ExamKey(institution=skrs, accession=accession)
    made = Order(
        key=key, control=Control.NEW, patient=Patient(tckn=tckn, family=SCRIPT, given="Işıl"), modality="CT",
        procedures=(Procedure(sut="R100250", sut_name="Beyin BT"),), ordered_at=NOW,
    )  # fmt: skip
    return e.OrderPlaced(at=NOW, exam=key, order=made, message=1)


@pytest.fixture(scope="module")
def tokens() -> dict[str, str]:
    return {role.value: new_token() for role in Role}


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory, tokens: dict[str, str]) -> Iterator[Node]:
    """A node with three institutions, an account and a token for each role, and a study of each kind."""
    made = Node(tmp_path_factory.mktemp("doors"), environ={"ORTHANC__GECIT__SETTLE_SECONDS": "0.2"})
    made.add_administrator()
    ledger = open_ledger(made.database)

    def fill(tx) -> None:
        for skrs, aet in ((HERE, "HEREPACS"), (THERE, "THEREPACS"), ("900003", "THIRDPACS")):
            tx.record_institution(Institution(skrs=skrs, name=f"Hastane {skrs}", aets=(aet,)), NOW)
        tx.append(order(HERE, "A1", SOMEBODY))
        tx.append(order(THERE, "FOREIGN1", SOMEBODY))
        tx.append(order("900003", "C1", CITIZEN))

    ledger.write(fill)
    for role in Role:
        citizen = role is Role.CITIZEN
        account = Account(
            name=role.value, roles=(role,), institution="" if citizen else HERE, tckn=CITIZEN if citizen else ""
        )
        ledger.save_account(account, NOW)
        ledger.add_token(token_digest(tokens[role.value]), role.value, NOW, None)
    ledger.close()
    try:
        made.start().wait_live()
        until(lambda: len(made.get("/modalities").json()) == 3, 30, "Orthanc knows the AE titles")
        send(made)
        yield made
    finally:
        made.end()
        sys.stdout.write(f"--- log of the node\n{made.log_text()}")


def send(node: Node) -> None:
    aets = {"own": "HEREPACS", "foreign": "THEREPACS", "self": "THIRDPACS"}
    for kind, uid in STUDIES.items():
        patient = CITIZEN if kind == "self" else SOMEBODY
        name = f"{SCRIPT}^Işıl" if kind == "own" else "ŞIĞÖÇÜİ^Ilgıt"
        sent = picture(uid, PatientID=patient, PatientName=name, AccessionNumber=f"N{kind[0].upper()}")
        assert store(node.dicom, sent, aets[kind]) == 0
    until(lambda: len(searched(node, None, "/studies")) == 3, 30, "the ledger has the studies")


def bearer(token: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def ask(node: Node, method: str, path: str, token: str | None, **more: object) -> requests.Response:
    return SESSION.request(
        method, node.url + path, headers={**bearer(token), **more.pop("headers", {})},
        allow_redirects=False, timeout=20, **more,
    )  # fmt: skip


def searched(node: Node, token: str | None, path: str, **more: object) -> list[dict]:
    """Search with a token, None = as administrator with a password; returns what is found."""
    answer = (
        ask(node, "GET", f"/gecit/dicom-web{path}", token, **more) if token else node.get(f"/gecit/dicom-web{path}")
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def uids(found: list[dict]) -> list[str]:
    return sorted({one["0020000D"]["Value"][0] for one in found})


# The walk


def filled(path: str, whose: str) -> str:
    uid = STUDIES[whose]
    places = {"institution": {"own": HERE, "foreign": THERE, "self": "900003"}[whose], "study": uid,
              "accession": {"own": "A1", "foreign": "FOREIGN1", "self": "C1"}[whose], "series": f"{uid}.1",
              "instance": f"{uid}.1.1", "filename": "gecit.css"}  # fmt: skip
    path = re.sub(r"<int:\w+>", "7", path)
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: places.get(found[1], "x"), path)


def passed(answer: requests.Response) -> bool:
    return answer.status_code not in (401, 403)


def expected(role: str, way: Way, whose: str) -> bool:
    """Whether a door is to open; a view of somebody's exam answers 404 to others, which is no opening."""
    if way.about == "study":
        return reaches(role, way.action, whose)
    if way.about == "whole study":  # from outside, series by series: reports of every version stand among them
        return RIGHTS[role].get(way.action) != SELF and reaches(role, way.action, whose)
    if way.about == "no study":
        return False
    return at_all(role, way.action)


def url_map(node: Node) -> list[str]:
    settings = load(environ=node.environ)
    ledger, clock = open_ledger(node.database), SystemClock()
    app = application(settings, ledger, AuditBook(ledger, b"k" * 32, "test", clock), clock)
    ledger.close()
    return sorted(
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    )


def test_every_route_of_the_web_process_stands_in_the_table(node: Node) -> None:
    assert sorted(WAYS) == url_map(node)


def walk(node: Node, ways: dict[str, Way], tokens: dict[str, str]) -> list[str]:
    wrong = []
    for line, way in ways.items():
        method, path = line.split(" ", 1)
        if not way.action:  # it asks nobody who he is; a password that is wrong is 401 there
            if ask(node, method, filled(path, "own"), None).status_code == 403:
                wrong.append(f"{line} is shut")
            continue
        for role, token in tokens.items():
            # an address that names nobody's data is one address: it is asked once
            for address, whose in {filled(path, whose): whose for whose in reversed(STUDIES)}.items():
                answer = ask(node, method, address, token)
                if passed(answer) != expected(role, way, whose):
                    wrong.append(f"{line} by {role} of {whose}: {answer.status_code}")
                elif way.about == "exam" and at_all(role, way.action):
                    seen = answer.status_code == 200
                    if seen != reaches(role, way.action, whose):
                        wrong.append(f"{line} by {role} of {whose}: {answer.status_code}")
    return wrong


def test_every_route_of_the_web_process_does_as_the_table_says(node: Node, tokens: dict[str, str]) -> None:
    assert walk(node, WAYS, tokens) == []


def test_dicomweb_and_wado_do_as_the_table_says(node: Node, tokens: dict[str, str]) -> None:
    quiet = {line: way for line, way in DICOM_WEB.items() if not line.startswith(("DELETE", "PUT"))}
    assert walk(node, quiet, tokens) == []
    changing = {line: way for line, way in DICOM_WEB.items() if line not in quiet}
    assert walk(node, changing, {role: token for role, token in tokens.items() if role != "administrator"}) == []


def test_nothing_opens_to_whoever_did_not_sign_in(node: Node) -> None:
    opened = []
    for line, way in {**WAYS, **DICOM_WEB}.items():
        method, path = line.split(" ", 1)
        for token in (None, "wrong"):
            if way.action and passed(ask(node, method, filled(path, "own"), token)):
                opened.append(f"{line} with {token}")
    assert opened == []


@pytest.fixture(scope="module")
def orthanc_routes(node: Node, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str]]:
    """What Orthanc's own REST interface has, as this very program says it."""
    page = tmp_path_factory.mktemp("openapi") / "orthanc.json"
    config = page.with_name("empty.json")
    config.write_text(json.dumps({"StorageDirectory": str(page.parent), "IndexDirectory": str(page.parent)}))
    subprocess.run([ORTHANC, f"--openapi={page}", str(config)], check=True, capture_output=True, timeout=60)
    paths = json.loads(page.read_text())["paths"]
    return sorted((method.upper(), path) for path, methods in paths.items() for method in methods)


def test_orthancs_own_rest_interface_is_for_administrators_only(
    node: Node, tokens: dict[str, str], orthanc_routes: list[tuple[str, str]]
) -> None:
    """Every path and method that it has; administrators are tried with what changes nothing."""
    assert len(orthanc_routes) > 150
    wrong = []
    for method, path in orthanc_routes:
        real = re.sub(r"\{\w+\}", "x", path)
        for role, token in tokens.items():
            if role == "administrator":
                if method == "GET" and "{" not in path and not passed(ask(node, method, real, token)):
                    wrong.append(f"{method} {path} shut to {role}")
            elif ask(node, method, real, token).status_code != 403:
                wrong.append(f"{method} {path} open to {role}")
    assert wrong == []


# The traps between routes

OTHERS = STUDIES["foreign"]
MINE = STUDIES["own"]


@pytest.mark.parametrize(
    "path",
    [
        f"/dicom-web/studies/{MINE}/../{OTHERS}/metadata",
        f"/dicom-web/studies/{MINE}%2f..%2f{OTHERS}/metadata",
        f"/dicom-web//studies//{OTHERS}/metadata",
        f"/dicom-web/studies/{MINE}/series/{OTHERS}.1/metadata",
        f"/dicom-web/studies/{MINE}/series/{OTHERS}.1/instances/{OTHERS}.1.1",
        f"/dicom-web/studies/{MINE}/series/{OTHERS}.1/instances/{OTHERS}.1.1/frames/1",
        f"/dicom-web/studies/{MINE}/series/{MINE}.1/instances/{OTHERS}.1.1/rendered",
        f"/dicom-web/studies/{MINE}/series/{MINE}.1/instances/{OTHERS}.1.1/bulk/7fe00010",
        f"/wado?requestType=WADO&studyUID={MINE}&seriesUID={OTHERS}.1&objectUID={OTHERS}.1.1",
        f"/wado?requestType=WADO&studyUID={OTHERS}&studyUID={MINE}&seriesUID={OTHERS}.1&objectUID={OTHERS}.1.1",
        f"/wado?requestType=WADO&studyUID={MINE}&studyUID={OTHERS}&seriesUID={OTHERS}.1&objectUID={OTHERS}.1.1",
        f"/wado?requestType=WADO&studyUID={MINE}&objectUID={MINE}.1.1&objectUID={OTHERS}.1.1",
        f"/wado?requestType=WADO&studyuid={MINE}&objectUID={OTHERS}.1.1",
        f"/wado?requestType=WADO&studyUID={MINE.replace('.', '%2E')}&objectUID={OTHERS}.1.1",
        f"/wado?requestType=WADO&studyUID=&objectUID={OTHERS}.1.1",
        "/dicom-web/studies/*/metadata",
        f"/gecit/../dicom-web/studies/{OTHERS}/metadata",
        "/gecit/%2e%2e/studies",
        f"/dicom-web/studies/{OTHERS}%00{MINE}/metadata",
    ],
)
def test_another_institutions_images_are_reached_by_no_way_round(node: Node, tokens: dict[str, str], path: str) -> None:
    """The address goes out as it stands here: no client tidies it."""
    request = requests.Request("GET", node.url, headers=bearer(tokens["manager"])).prepare()
    request.url = node.url + path
    answer = SESSION.send(request, allow_redirects=False, timeout=20)
    assert answer.status_code in (400, 403, 404), answer.status_code
    assert b"DICM" not in answer.content and OTHERS not in answer.headers.get("Content-Type", "")


@pytest.mark.parametrize("query", [f"StudyInstanceUID={OTHERS}", f"0020000D={OTHERS}", f"PatientID={SOMEBODY}"])
@pytest.mark.parametrize("root", ["/dicom-web", "/gecit/dicom-web"])
def test_a_search_inside_a_study_stays_inside_it(node: Node, tokens: dict[str, str], root: str, query: str) -> None:
    answer = ask(node, "GET", f"{root}/studies/{MINE}/series?{query}", tokens["manager"])
    assert answer.status_code == 200
    assert OTHERS not in answer.text


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        (f"/dicom-web/studies/{MINE}?_method=delete", {}),
        (f"/dicom-web/studies/{MINE}", {"X-HTTP-Method-Override": "DELETE"}),
    ],
)
def test_a_faked_method_is_the_method(node: Node, tokens: dict[str, str], path: str, headers: dict[str, str]) -> None:
    assert ask(node, "GET", path, tokens["manager"], headers=headers).status_code == 403


def test_a_uid_that_somebody_else_takes_up_too_is_shown_to_neither(node: Node, tokens: dict[str, str]) -> None:
    """Orthanc has two studies under one UID then, and would answer out of either."""
    uid = "1.2.276.9"
    assert store(node.dicom, picture(uid, PatientID="F1", AccessionNumber="N9"), "HEREPACS") == 0
    path = f"/dicom-web/studies/{uid}/metadata"
    until(lambda: ask(node, "GET", path, tokens["manager"]).status_code == 200, 30, "the own study is shown")
    twin = picture(uid, PatientID="F2", AccessionNumber="N9", SOPInstanceUID=f"{uid}.1.2")
    twin.file_meta.MediaStorageSOPInstanceUID = twin.SOPInstanceUID
    assert store(node.dicom, twin, "THEREPACS") == 0
    until(lambda: ask(node, "GET", path, tokens["manager"]).status_code == 403, 30, "the twin closes the door")
    assert uids(searched(node, tokens["manager"], f"/studies?StudyInstanceUID={uid}")) == [uid], "by its own PatientID"


# STOW-RS


def stow(node: Node, token: str, uid: str, path: str = "/dicom-web/studies", **changes: object) -> requests.Response:
    from io import BytesIO

    from pydicom import dcmwrite

    made, file = picture(uid, **changes), BytesIO()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dcmwrite(file, made, enforce_file_format=True)
    body = b"--x\r\nContent-Type: application/dicom\r\n\r\n" + file.getvalue() + b"\r\n--x--\r\n"
    kind = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=x'}
    return ask(node, "POST", path, token, data=body, headers=kind)


def test_a_stored_study_is_its_institutions_where_it_says_so(node: Node, tokens: dict[str, str]) -> None:
    """Orthanc 1.10.1 keeps neither account nor address of a STOW: (0008,0080) is what tells whose a study is."""
    named, unnamed = "1.2.276.31", "1.2.276.32"
    mine = f"Hastane^^^SKRS{HERE}^^^FK1"
    assert stow(node, tokens["service"], named, InstitutionName=mine, AccessionNumber="S1").status_code == 200
    assert stow(node, tokens["service"], unnamed, AccessionNumber="S2").status_code == 200
    until(lambda: len(searched(node, None, f"/studies?StudyInstanceUID={named},{unnamed}")) == 2, 30, "both are read")
    found = searched(node, tokens["manager"], f"/studies?StudyInstanceUID={named},{unnamed}")
    assert uids(found) == [named]
    assert ask(node, "GET", f"/dicom-web/studies/{named}/metadata", tokens["manager"]).status_code == 200
    assert ask(node, "GET", f"/dicom-web/studies/{unnamed}/metadata", tokens["manager"]).status_code == 403


def test_nobody_stores_into_another_institutions_study_by_its_address(node: Node, tokens: dict[str, str]) -> None:
    assert stow(node, tokens["service"], OTHERS, f"/dicom-web/studies/{OTHERS}").status_code == 403
    assert stow(node, tokens["radiologist"], "1.2.276.33").status_code == 403


# Searches


def test_a_search_finds_what_the_role_reaches(node: Node, tokens: dict[str, str]) -> None:
    wanted = f"/studies?StudyInstanceUID={','.join(STUDIES.values())}"
    for role, rights in RIGHTS.items():
        reach = rights.get("see images")
        if reach is None:
            assert ask(node, "GET", f"/gecit/dicom-web{wanted}", tokens[role]).status_code == 403
            continue
        kinds = {ALL: ("own", "foreign", "self"), OWN: ("own",), SELF: ("self",)}[reach]
        assert uids(searched(node, tokens[role], wanted)) == sorted(STUDIES[one] for one in kinds), role


def test_an_independent_client_searches_our_route_and_retrieves_from_orthanc(
    node: Node, tokens: dict[str, str]
) -> None:
    """dicomweb-client encodes names and lists as RFC 3986 has it, which Orthanc's own route would not decode."""
    session = requests.Session()
    session.headers.update(bearer(tokens["radiologist"]))
    client = DICOMwebClient(node.url, session=session, qido_url_prefix="gecit/dicom-web", wado_url_prefix="dicom-web")
    found = client.search_for_studies(search_filters={"PatientName": "<SCRIPT>*^ışıl", "StudyDate": "20260302"})
    assert uids(found) == [MINE]
    assert found[0]["00081190"]["Value"] == [f"/dicom-web/studies/{MINE}"]
    assert client.search_for_studies(search_filters={"PatientName": "ŞIĞ*", "PatientID": SOMEBODY}) == []
    series = client.search_for_series(MINE, fields=["SeriesDescription", "00080070"])
    assert [one["0020000E"]["Value"] for one in series] == [[f"{MINE}.1"]]
    (instance,) = client.search_for_instances(MINE, series_instance_uid=f"{MINE}.1")
    assert instance["00080016"]["Value"] == ["1.2.840.10008.5.1.4.1.1.7"]
    assert instance["00280010"]["Value"] == [2]
    (image,) = client.retrieve_study(MINE)
    assert image.StudyInstanceUID == MINE
    with pytest.raises(requests.HTTPError, match="403"):
        client.retrieve_study(OTHERS)


def test_another_institutions_exam_is_in_nobodys_answer(node: Node, tokens: dict[str, str]) -> None:
    """Whatever a role may open, what stands in it is its own."""
    leaks = []
    for line, way in WAYS.items():
        method, path = line.split(" ", 1)
        if method != "GET" or not way.action:
            continue
        for role, token in tokens.items():
            if RIGHTS[role].get(way.action) in (OWN, SELF):
                answer = ask(node, method, filled(path, "own"), token)
                if answer.status_code == 200 and any(one in answer.text for one in ("FOREIGN1", OTHERS)):
                    leaks.append(f"{line} by {role}")
    assert leaks == []


# Audit


def subject(row: AuditRow) -> str:
    return row.detail.get("study", row.accession)


def door_of(row: AuditRow) -> tuple[str, ...]:
    """Which door wrote it: the same within a while is one row of it, where nothing is changed."""
    return row.detail.get("route", ""), row.detail.get("door", ""), row.address


def test_what_was_done_and_refused_is_audited_without_a_tckn(node: Node, tokens: dict[str, str]) -> None:
    for _ in range(3):
        ask(node, "GET", f"/dicom-web/studies/{MINE}/metadata", tokens["radiologist"])
        ask(node, "GET", f"/dicom-web/studies/{OTHERS}/metadata", tokens["radiologist"])
        ask(node, "GET", f"/gecit/exams/{THERE}/FOREIGN1", tokens["radiologist"])
        ask(node, "GET", f"/gecit/exams/{HERE}/A1", tokens["radiologist"])
    ledger = open_ledger(node.database)
    rows = ledger.audit_rows(AuditSearch(who="radiologist", limit=1000))
    dump = repr(ledger.audit_rows(AuditSearch(limit=10_000)))
    ledger.close()
    wanted = {
        ("see images", "done", HERE, MINE): SESSION_SECONDS,
        ("see images", "refused", THERE, OTHERS): REFUSAL_SECONDS,
        ("see an exam", "refused", THERE, "FOREIGN1"): REFUSAL_SECONDS,
        ("see an exam", "done", HERE, "A1"): VIEW_SECONDS,
    }
    for said, seconds in wanted.items():
        found = [one for one in rows if said == (one.what, one.outcome, one.institution, subject(one))]
        assert found, said
        # The walk asked the same minutes before, however long that took: what counts is what lies between two rows.
        # An opened editor is a row each time, and names no door.
        looks = [one for one in found if not one.detail.get("payload") and not one.detail.get("method")]
        looks = [one for one in looks if any(door_of(one)[:2])]
        assert looks, said
        for _, same in groupby(sorted(looks, key=lambda one: (door_of(one), one.at)), key=door_of):
            gaps = [(later.at - one.at).total_seconds() for one, later in pairwise(same)]
            assert all(gap > seconds / 2 for gap in gaps), (said, gaps)
    assert SOMEBODY not in dump and CITIZEN not in dump


def test_the_audit_is_whole_and_an_edit_is_found(node: Node) -> None:
    def verify() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "gecit.cli", "audit", "verify"]
        environ = {**node.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "plugins")}
        return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60)

    whole = verify()
    assert whole.returncode == 0, whole.stdout + whole.stderr
    assert "bozulmamış / whole" in whole.stdout


# A name that is a script


def test_a_name_that_is_a_script_is_text_everywhere(node: Node) -> None:
    shown = [f"/gecit/exams/{HERE}/A1", "/gecit/", f"/gecit/api/exams/{HERE}/A1", "/gecit/audit"]
    for path in shown:
        answer = node.get(path)
        assert answer.status_code == 200, path
        if answer.headers["Content-Type"].startswith("text/html"):
            assert SCRIPT not in answer.text, path
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe" not in policy and "default-src 'none'" in policy, path
    found = node.get(f"/gecit/dicom-web/studies?StudyInstanceUID={MINE}")
    assert found.headers["Content-Type"].startswith("application/dicom+json")
    assert found.headers["X-Content-Type-Options"] == "nosniff"
    assert found.json()[0]["00100010"]["Value"][0]["Alphabetic"].startswith(SCRIPT)
