"""What `docs/conformance/medula.md` promises: on the pretend MEDULA itself, and through each adapter over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from gecit.core.billing import Notification, key_of
from gecit.core.facts import DoseValue
from gecit.core.order import Procedure
from gecit.core.values import to_json
from gecit.edges.medula_json import JsonMedula
from gecit.ports import Medula, MedulaAnswer, Refused
from gecit.sandbox.medula import PretendMedula, medula_app
from gecit.sandbox.server import running
from tests.support.billing import START
from tests.support.soap import ACCOUNT, soap_medula

WAYS = ("by itself", "JSON", "SOAP")


@pytest.fixture(params=WAYS)
def medula(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Medula]:
    yield from connected(request.param, tmp_path)


@pytest.fixture(params=("by itself", "JSON"))
def neutral(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Medula]:
    """The ways that carry the neutral notification whole, key and all."""
    yield from connected(request.param, tmp_path)


@pytest.fixture
def soap(tmp_path: Path) -> Iterator[Medula]:
    yield from connected("SOAP", tmp_path)


def connected(way: str, tmp_path: Path) -> Iterator[Medula]:
    pretend = PretendMedula()
    if way == "by itself":
        yield pretend
        return
    token = tmp_path / "token"
    token.write_text("a-secret\n")
    with running({"/medula": medula_app(pretend, token="a-secret", account=ACCOUNT)}) as url:
        if way == "JSON":
            yield JsonMedula(f"{url}/medula", token, timeout=5)
        else:
            yield soap_medula(f"{url}/medula/soap", tmp_path, timeout=5)


CLEAN = Notification(
    kind="notify",
    institution_skrs="999001",
    institution_medula="11999001",
    accession="GT1",
    generation=1,
    patient_tckn="10000000146",
    procedures=(
        Procedure(sut="R100250", sut_name="BT, Mandibula", loinc="36938-9", loinc_name="Yüz kemikleri"),
        Procedure(sut="R100260", sut_name="BT, Maksilla"),
    ),
    modality="CT",
    ordered_at=START,
    physician_tckn="10000090314",
    radiologist_tckn="10000090178",
    study_instance_uids=("1.2.3",),
    report_approved_at=START,
    images=20,
    dose=(DoseValue(code="113830", name="CTDIvol", value=12.5, unit="mGy"),),
    rulebook="r1",
    judged_at=START,
)


def payload(**differs: object) -> tuple[Notification, bytes]:
    content = msgspec.structs.replace(CLEAN, **differs)
    return content, to_json(content)


def send(medula: Medula, **differs: object) -> MedulaAnswer:
    """Send the clean notification with what differs, under its own key."""
    content, body = payload(**differs)
    answer = medula.send(content.kind, key_of(content), body)
    assert answer.accepted, answer
    return answer


def ask(medula: Medula, **differs: object) -> MedulaAnswer | None:
    content, body = payload(**differs)
    return medula.ask(key_of(content), body)


def refusal(medula: Medula, **differs: object) -> str:
    with pytest.raises(Refused) as refused:
        send(medula, **differs)
    return refused.value.code


def test_a_notification_is_accepted_and_can_be_asked_for(medula: Medula) -> None:
    assert ask(medula) is None
    told = send(medula)
    assert told.code == "0000"
    answer = ask(medula)
    assert answer is not None and (answer.accepted, answer.code, answer.rows) == (True, "0000", told.rows)


def test_the_same_again_is_carried_out_once_and_answered_alike(medula: Medula) -> None:
    assert send(medula).rows == send(medula).rows


def test_the_same_key_with_other_content_is_refused_and_changes_nothing(neutral: Medula) -> None:
    send(neutral)
    assert refusal(neutral, images=21) == "key-reused"
    assert send(neutral).code == "0000"


def test_a_withdrawal_ends_it_and_the_next_generation_is_told_anew(medula: Medula) -> None:
    told = send(medula)
    send(medula, kind="withdraw", reason="order cancelled", registered=told.rows or ())
    assert ask(medula) is None or told.rows is None  # JSON answers by key, SOAP by what stands
    again = send(medula, generation=2)
    assert again.code == "0000"
    assert told.rows is None or {one.number for one in again.rows or ()}.isdisjoint(one.number for one in told.rows)


def test_a_withdrawal_can_be_asked_for(medula: Medula) -> None:
    told = send(medula)
    withdrawal = {"kind": "withdraw", "registered": told.rows or ()}
    assert ask(medula, **withdrawal) is None
    send(medula, **withdrawal)
    answer = ask(medula, **withdrawal)
    assert answer is not None and answer.accepted and not answer.rows


def test_an_exam_has_one_notification_at_a_time(neutral: Medula) -> None:
    send(neutral)
    assert refusal(neutral, generation=2) == "already-notified"


def test_over_soap_an_exam_is_registered_once_whatever_its_generation(soap: Medula) -> None:
    numbers = [[row.number for row in send(soap, generation=one).rows or ()] for one in (1, 2)]
    assert numbers[0] == numbers[1] and len(numbers[0]) == 2


def test_the_same_accession_number_of_another_institution_is_another_exam(medula: Medula) -> None:
    send(medula)
    assert send(medula, institution_skrs="999002", institution_medula="11999002").code == "0000"


def test_what_was_never_told_cannot_be_withdrawn(medula: Medula) -> None:
    assert refusal(medula, kind="withdraw") == "nothing-to-withdraw"


def test_a_refusal_leaves_nothing_behind(medula: Medula) -> None:
    assert refusal(medula, institution_medula="") in ("field-missing", "GECIT-NO-FACILITY")
    assert ask(medula) is None
    assert send(medula).code == "0000"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"kind": "notify"}', b"\xff\x00"])
def test_what_is_no_notification_is_refused(medula: Medula, body: bytes) -> None:
    with pytest.raises(Refused, match="malformed"):
        medula.send("notify", "999001:GT1:1:notify", body)


def test_a_key_of_another_content_is_refused(medula: Medula) -> None:
    with pytest.raises(Refused, match="malformed"):
        medula.send("notify", "999001:GT2:1:notify", to_json(CLEAN))


@pytest.mark.parametrize("accession", ["Ğ 1/2:3", "a%20b", "q\"'", "<&>]]>", "x" * 16])
def test_any_accession_number_is_carried(medula: Medula, accession: str) -> None:
    assert send(medula, accession=accession).code == "0000"
    assert ask(medula, accession=accession) is not None


def test_what_was_told_one_way_is_not_told_the_other_way_too(tmp_path: Path) -> None:
    """Both doors of the pretend MEDULA lead to one store."""
    pretend = PretendMedula()
    with running({"/medula": medula_app(pretend, account=ACCOUNT)}) as url:
        neutral, rows = JsonMedula(f"{url}/medula"), soap_medula(f"{url}/medula/soap", tmp_path)
        send(neutral)
        content, body = payload()
        answer = rows.send("notify", key_of(content), body)
        assert (answer.accepted, answer.code) == (False, "1229")
        send(rows, accession="GT2")
        assert refusal(neutral, accession="GT2") == "already-notified"
        assert pretend.exams() == [("11999001", "GT1"), ("11999001", "GT2")]
