"""What `docs/conformance/medula.md` promises, on the pretend MEDULA itself and through JSON over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from gecit.core.billing import Notification
from gecit.core.facts import DoseValue
from gecit.core.order import Procedure
from gecit.core.values import to_json
from gecit.edges.medula_json import JsonMedula
from gecit.ports import Medula, Refused
from gecit.sandbox.medula import PretendMedula, medula_app
from gecit.sandbox.server import running
from tests.support.billing import START


@pytest.fixture(params=["by itself", "over HTTP"])
def medula(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Medula]:
    pretend = PretendMedula()
    if request.param == "by itself":
        yield pretend
        return
    token = tmp_path / "token"
    token.write_text("a-secret\n")
    with running({"/medula": medula_app(pretend, token="a-secret")}) as url:
        yield JsonMedula(f"{url}/medula", token, timeout=5)


CLEAN = Notification(
    kind="notify",
    institution_skrs="999001",
    institution_medula="11999001",
    accession="GT1",
    generation=1,
    patient_tckn="10000000146",
    procedures=(Procedure(sut="R100250", sut_name="BT, Mandibula", loinc="36938-9", loinc_name="Yüz kemikleri"),),
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


def send(medula: Medula, **differs: object) -> str:
    """Send the clean notification with what differs, under its own key; return the answer's code."""
    content = msgspec.structs.replace(CLEAN, **differs)
    key = f"{content.institution_skrs}:{content.accession}:{content.generation}:{content.kind}"
    answer = medula.send(content.kind, key, to_json(content))
    assert answer.accepted
    return answer.code


def refusal(medula: Medula, **differs: object) -> str:
    with pytest.raises(Refused) as refused:
        send(medula, **differs)
    return refused.value.code


def test_a_notification_is_accepted_and_can_be_asked_for(medula: Medula) -> None:
    assert medula.ask("999001:GT1:1:notify") is None
    assert send(medula) == "0000"
    answer = medula.ask("999001:GT1:1:notify")
    assert answer is not None and (answer.accepted, answer.code) == (True, "0000")


def test_the_same_again_is_answered_alike(medula: Medula) -> None:
    assert send(medula) == send(medula)


def test_the_same_key_with_other_content_is_refused_and_changes_nothing(medula: Medula) -> None:
    send(medula)
    assert refusal(medula, images=21) == "key-reused"
    assert send(medula) == "0000"


def test_a_withdrawal_ends_it_and_the_next_generation_is_told_anew(medula: Medula) -> None:
    send(medula)
    send(medula, kind="withdraw", reason="order cancelled")
    assert send(medula, generation=2) == "0000"


def test_an_exam_has_one_notification_at_a_time(medula: Medula) -> None:
    send(medula)
    assert refusal(medula, generation=2) == "already-notified"


def test_the_same_accession_number_of_another_institution_is_another_exam(medula: Medula) -> None:
    send(medula)
    assert send(medula, institution_skrs="999002", institution_medula="11999002") == "0000"


def test_what_was_never_told_cannot_be_withdrawn(medula: Medula) -> None:
    assert refusal(medula, kind="withdraw") == "nothing-to-withdraw"


def test_a_refusal_leaves_nothing_behind(medula: Medula) -> None:
    assert refusal(medula, institution_medula="") == "field-missing"
    assert medula.ask("999001:GT1:1:notify") is None
    assert send(medula) == "0000"


@pytest.mark.parametrize("payload", [b"", b"{", b"[]", b'{"kind": "notify"}', b"\xff\x00"])
def test_what_is_no_notification_is_refused(medula: Medula, payload: bytes) -> None:
    with pytest.raises(Refused, match="malformed"):
        medula.send("notify", "999001:GT1:1:notify", payload)


def test_a_key_of_another_content_is_refused(medula: Medula) -> None:
    with pytest.raises(Refused, match="malformed"):
        medula.send("notify", "999001:GT2:1:notify", to_json(CLEAN))


@pytest.mark.parametrize("accession", ["Ğ 1/2:3", "a%20b", "q\"'", "x" * 16])
def test_any_accession_number_is_carried(medula: Medula, accession: str) -> None:
    assert send(medula, accession=accession) == "0000"
    assert medula.ask(f"999001:{accession}:1:notify") is not None
