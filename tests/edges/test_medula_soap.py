"""MEDULA over SOAP: what each answer means for the message, what an answer may not do, and what never leaves."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from werkzeug.wrappers import Request, Response

from gecit.core.billing import key_of
from gecit.core.order import Procedure, RegisteredRow
from gecit.core.values import to_json
from gecit.edges.bounded_http import NOT_THE_MESSAGE, SURELY_NOT_DONE
from gecit.edges.medula_rows import references, rows
from gecit.edges.medula_soap import WSDL, SoapMedula
from gecit.edges.soap_client import FAULTS, WsdlError
from gecit.ports import AnswerUnknown, MedulaAnswer, Refused, Unavailable
from gecit.sandbox.faults import Faults
from gecit.sandbox.medula_soap import NAMESPACE, SOAP
from gecit.sandbox.server import running
from tests.contract.test_medula_contract import CLEAN
from tests.support.soap import HBYS_CODE, Everybody, soap_medula

ROOT = Path(__file__).parents[2]
KEY = key_of(CLEAN)
REFS = references(CLEAN)
DONE = [f"<islemBilgileri><hizmetSunucuRefNo>{ref}</hizmetSunucuRefNo><islemSiraNo>{n}</islemSiraNo></islemBilgileri>"
        for n, ref in enumerate(REFS, 501)]  # fmt: skip
OK = "<sonucKodu>0000</sonucKodu>"


def body(inner: str, operation: str = "hizmetKayit") -> bytes:
    answer = f'<n:{operation}Response xmlns:n="{NAMESPACE}"><{operation}Return>{inner}</{operation}Return>'
    return envelope(f"{answer}</n:{operation}Response>")


def envelope(inner: str) -> bytes:
    return f'<?xml version="1.0"?><s:Envelope xmlns:s="{SOAP}"><s:Body>{inner}</s:Body></s:Envelope>'.encode()


def fault(code: str, words: str = "olmaz") -> bytes:
    return envelope(f"<s:Fault><faultcode>{code}</faultcode><faultstring>{words}</faultstring></s:Fault>")


def bad(ref: str, code: str, message: str = "", before: str = "") -> str:
    earlier = f"<oncekiIslemBilgisi>{before}</oncekiIslemBilgisi>" if before else ""
    return (
        f"<hataliKayitlar><hataKodu>{code}</hataKodu><hataMesaji>{message}</hataMesaji>"
        f"<hizmetSunucuRefNo>{ref}</hizmetSunucuRefNo>{earlier}</hataliKayitlar>"
    )


def read_back(*found: tuple[str, str, str, str]) -> bytes:
    """An answer to hizmetOku: accession, reference, number, SUT code of each row."""
    told = "".join(
        f"<tetkikveRadyolojiBilgileri><accession>{acc}</accession><adet>1</adet><hizmetSunucuRefNo>{ref}"
        f"</hizmetSunucuRefNo><islemSiraNo>{number}</islemSiraNo><sutKodu>{sut}</sutKodu></tetkikveRadyolojiBilgileri>"
        for acc, ref, number, sut in found
    )
    return body(f"<hizmetler>{told}</hizmetler>{OK}", "hizmetOku")


class Peer:
    """Answers what the test wants, one after the other (the last one for ever), and keeps the requests."""

    def __init__(self, folder: Path) -> None:
        self.answers: list[Response | bytes] = [body("".join(DONE) + OK)]
        self.requests: list[Request] = []
        self.faults = Faults(self.plain)
        self.folder = folder
        self.url = ""
        self.physicians = Everybody()

    def plain(self, environ, start_response):  # type: ignore[no-untyped-def]
        request = Request(environ)
        request.get_data()
        self.requests.append(request)
        one = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return (one if isinstance(one, Response) else Response(one, content_type="text/xml"))(environ, start_response)

    def sent(self, number: int = 0) -> str:
        return self.requests[number].get_data().decode()

    def medula(self, timeout: float = 2.0) -> SoapMedula:
        return soap_medula(self.url, self.folder, timeout, self.physicians)

    def send(self, timeout: float = 2.0, **differs: object) -> MedulaAnswer:
        content = msgspec.structs.replace(CLEAN, **differs)
        return self.medula(timeout).send(content.kind, key_of(content), to_json(content))


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[Peer]:
    made = Peer(tmp_path)
    with running({"/medula": made.faults}) as url:
        made.url = f"{url}/medula"
        yield made
        made.faults.stop()


# What is sent


def test_the_envelope_holds_name_and_password_the_registration_code_and_a_row_for_each_procedure(peer: Peer) -> None:
    assert peer.send(performed_on="20240229").accepted
    text, request = peer.sent(), peer.requests[0]
    assert request.headers["SOAPAction"] == '"hizmetKayit"' and request.query_string == b""
    assert request.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert re.findall(r"<wsse:Username>(.*?)<", text) == ["gecit-deneme"]
    assert re.findall(r"<wsse:Password Type=\"[^\"]*#PasswordText\">(.*?)<", text) == ["bir-parola"]
    found = re.findall(r"<tetkikveRadyolojiBilgileri>(.*?)</tetkikveRadyolojiBilgileri>", text)
    assert [re.findall(r"<sutKodu>(.*?)<", one) for one in found] == [["R100250"], ["R100260"]]
    first = dict(re.findall(r"<(\w+)>([^<]*)</", found[0]))
    assert first == {
        "accession": "GT1", "modality": "CT", "adet": "1", "bransKodu": "990", "drTescilNo": "70178",
        "istemYapanDrTescilNo": "70314", "hizmetSunucuRefNo": "GT1.1.1", "islemTarihi": "29.02.2024",
        "sutKodu": "R100250",
    }  # fmt: skip
    assert f"<ktsHbysKodu>{HBYS_CODE}<" in text and "<saglikTesisKodu>11999001<" in text


def test_a_code_that_is_ordered_twice_is_one_row_of_two(peer: Peer) -> None:
    twice = (*CLEAN.procedures, Procedure(sut="R100250", sut_name="BT, Mandibula, sol"))
    made = [(one["hizmetSunucuRefNo"], one["sutKodu"], one["adet"]) for one in
            rows(msgspec.structs.replace(CLEAN, procedures=twice), Everybody())]  # fmt: skip
    assert made == [("GT1.1.1", "R100250", 2), ("GT1.1.2", "R100260", 1)]
    assert peer.send(procedures=twice).accepted


def test_no_patient_is_named(peer: Peer) -> None:
    peer.send()
    assert "10000000146" not in peer.sent() and "10000090178" not in peer.sent()


def test_without_a_date_of_the_images_the_day_of_the_order_counts_in_istanbul(peer: Peer) -> None:
    late = CLEAN.judged_at.replace(day=1, hour=22)
    row = rows(msgspec.structs.replace(CLEAN, ordered_at=late, performed_on="bozuk"), Everybody())[0]
    assert row["islemTarihi"] == "02.03.2024"


def test_what_stands_already_is_not_sent_again(peer: Peer) -> None:
    peer.answers = [body(DONE[1] + OK)]
    held = RegisteredRow(number="7", reference=REFS[0], sut="R100250")
    answer = peer.send(registered=(held,))
    assert REFS[0] not in peer.sent() and REFS[1] in peer.sent()
    assert answer.rows and [one.number for one in answer.rows] == ["7", "502"]


@pytest.mark.parametrize(
    ("differs", "code"),
    [
        ({"institution_medula": ""}, "GECIT-NO-FACILITY"),
        ({"institution_medula": "yok"}, "GECIT-NO-FACILITY"),
        ({"institution_medula": "99999999999"}, "GECIT-NO-FACILITY"),
        ({"radiologist_tckn": ""}, "GECIT-NO-PHYSICIAN"),
        ({"physician_tckn": "10000090246"}, "GECIT-NO-PHYSICIAN"),
        ({"radiologist_tckn": "10000090246"}, "GECIT-NO-PHYSICIAN"),
        ({"ordered_at": None}, "GECIT-NO-DATE"),
        ({"procedures": ()}, "GECIT-NO-SUT"),
        ({"procedures": (Procedure(loinc="24725-4"),)}, "GECIT-NO-SUT"),
        ({"accession": "a\x01b"}, "malformed"),
    ],
)
def test_what_is_missing_is_refused_before_anything_is_sent(peer: Peer, differs: dict[str, object], code: str) -> None:
    with pytest.raises(Refused) as refused:
        peer.send(**differs)
    assert refused.value.code == code and peer.requests == []
    assert "10000090246" not in str(refused.value)


def test_a_reporting_physician_without_a_branch_code_is_refused(peer: Peer) -> None:
    someone = peer.physicians.known["10000090178"]
    peer.physicians.known["10000090178"] = msgspec.structs.replace(someone, branch="")
    with pytest.raises(Refused, match=r"GECIT-NO-BRANCH.*70178"):
        peer.send()


# What an answer means


@pytest.mark.parametrize("code", ["0000", "9000"])
def test_both_success_codes_are_success(peer: Peer, code: str) -> None:
    peer.answers = [body("".join(DONE) + f"<sonucKodu>{code}</sonucKodu>")]
    answer = peer.send()
    assert (answer.accepted, answer.code) == (True, code)
    assert [(one.number, one.reference, one.sut) for one in answer.rows or ()] == [
        ("501", "GT1.1.1", "R100250"),
        ("502", "GT1.1.2", "R100260"),
    ]


def test_an_unknown_code_is_kept_verbatim(peer: Peer) -> None:
    peer.answers = [body("<sonucKodu>0536</sonucKodu><sonucMesaji>Takip bulunamadı</sonucMesaji>")]
    answer = peer.send()
    assert (answer.accepted, answer.code, answer.message, answer.rows) == (False, "0536", "Takip bulunamadı", None)


def test_an_error_of_one_row_keeps_the_row_that_was_accepted(peer: Peer) -> None:
    peer.answers = [body(bad(REFS[1], "1120", "SUT kodu geçersiz") + DONE[0] + OK)]
    answer = peer.send()
    assert (answer.accepted, answer.code, answer.message) == (False, "1120", "R100260: 1120 SUT kodu geçersiz")
    assert answer.rows and [one.reference for one in answer.rows] == [REFS[0]]


def test_an_error_that_names_no_row_is_of_the_whole(peer: Peer) -> None:
    peer.answers = [body(bad("", "1100", "Hekim yetkisiz") + OK)]
    answer = peer.send()
    assert (answer.accepted, answer.code, answer.rows) == (False, "1100", None)


def test_a_row_that_stands_under_our_reference_counts_as_accepted(peer: Peer) -> None:
    again = bad(REFS[1], "1229", "İşlem daha önce kaydedilmiştir. İşlem sıra no: 77")
    peer.answers = [body(again + DONE[0] + OK), read_back(("GT1", REFS[1], "77", "R100260"))]
    answer = peer.send()
    assert (answer.accepted, answer.code) == (True, "1229")
    assert answer.rows and [one.number for one in answer.rows] == ["501", "77"]
    assert f"<hizmetSunucuRefNolari>{REFS[1]}<" in peer.sent(1)


def test_a_row_of_this_exam_under_another_reference_is_found_by_the_number_in_the_message(peer: Peer) -> None:
    again = bad(REFS[1], "1229", "kayıtlı (77)")
    peer.answers = [body(again + DONE[0] + OK), read_back(), read_back(("GT1", "GT1.9.2", "77", "R100260"))]
    answer = peer.send()
    assert answer.accepted and answer.rows and answer.rows[1].number == "77"
    assert "<islemSiraNumaralari>77<" in peer.sent(2)


def test_a_row_that_is_somebody_else_s_is_a_refusal_that_says_by_whom(peer: Peer) -> None:
    before = (
        "<islemTarihi>28.02.2024</islemTarihi><saglikTesisKodu>11888001</saglikTesisKodu><tesisAdi>Başka</tesisAdi>"
    )
    again = bad(REFS[1], "1229", "kayıtlı 77", before)
    peer.answers = [body(again + DONE[0] + OK), read_back(), read_back(("BASKA", "X", "77", "R100260"))]
    answer = peer.send()
    assert (answer.accepted, answer.code) == (False, "1229")
    assert "kayıtlı 77" in answer.message and "Başka 11888001 28.02.2024" in answer.message
    assert answer.rows and [one.reference for one in answer.rows] == [REFS[0]]


def test_where_the_earlier_row_cannot_be_read_back_the_answer_is_not_known(peer: Peer) -> None:
    peer.answers = [body(bad(REFS[1], "1229", "77") + DONE[0] + OK), Response(b"", 503)]
    with pytest.raises(AnswerUnknown, match="registered before"):
        peer.send()


@pytest.mark.parametrize(
    "inner",
    [
        "",
        "".join(DONE),
        DONE[0] + OK,
        OK,
        "".join(DONE).replace("GT1.1.2", "GT2.1.2") + OK,
        "".join(DONE).replace("502", "") + OK,
        bad(REFS[1], "1229", "77") + "".join(DONE) + OK,
    ],
)
def test_an_answer_that_does_not_say_what_became_of_each_row_is_not_known(peer: Peer, inner: str) -> None:
    peer.answers = [body(inner)]
    with pytest.raises(AnswerUnknown):
        peer.send()


BOMB = '<!DOCTYPE a [<!ENTITY x "1"><!ENTITY y "&x;&x;&x;&x;&x;&x;&x;&x;&x;&x;">]>'
OUTSIDE = '<!DOCTYPE a [<!ENTITY x SYSTEM "{url}">]>'


def with_doctype(doctype: str) -> bytes:
    return body("".join(DONE) + OK).replace(b'<?xml version="1.0"?>', f'<?xml version="1.0"?>{doctype}'.encode())


@pytest.mark.parametrize("doctype", [BOMB, "<!DOCTYPE a>", '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd">'])
def test_an_answer_with_a_doctype_is_not_read(peer: Peer, doctype: str) -> None:
    peer.answers = [with_doctype(doctype)]
    with pytest.raises(AnswerUnknown):
        peer.send()


def test_a_doctype_in_another_encoding_is_not_read_either(peer: Peer) -> None:
    text = with_doctype(BOMB).decode().replace('version="1.0"', 'version="1.0" encoding="UTF-16"')
    peer.answers = [text.encode("utf-16")]
    with pytest.raises(AnswerUnknown):
        peer.send()


def test_an_external_entity_is_neither_read_nor_fetched(peer: Peer, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("cok-gizli")
    for target in (secret.as_uri(), f"{peer.url}/fetched"):
        fetched = with_doctype(OUTSIDE.format(url=target)).replace(OK.encode(), b"<sonucKodu>&x;</sonucKodu>")
        peer.answers = [fetched]
        with pytest.raises(AnswerUnknown) as unknown:
            peer.send()
        assert "cok-gizli" not in str(unknown.value)
    assert len(peer.requests) == 2 and all("fetched" not in one.path for one in peer.requests)


@pytest.mark.parametrize(
    "answer",
    [b"", b"{}", b"<html/>", b'{"accepted": true}', b"\xff", b"<a>" * 60_000, body("".join(DONE) + OK) + b"<x/>",
     envelope(""), body(OK, "hizmetOku"), body(OK + "<yeni>1</yeni>"), body("".join(DONE) + OK) + b" " * 300_000],
)  # fmt: skip
def test_an_answer_that_cannot_be_read_is_not_known(peer: Peer, answer: bytes) -> None:
    peer.answers = [answer]
    with pytest.raises(AnswerUnknown):
        peer.send()


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize("code", [f"s:{one}" for one in FAULTS] + ["s:Server.Busy", "s:Client.Data", "tuhaf", ""])
def test_a_fault_means_what_its_code_says_whatever_the_status(peer: Peer, code: str, status: int) -> None:
    peer.answers = [Response(fault(code), status, content_type="text/xml")]
    with pytest.raises((Refused, Unavailable)) as raised:
        peer.send()
    meaning = FAULTS.get(code.partition(":")[2].partition(".")[0], "unknown")
    expected = {"refused": Refused, "unknown": AnswerUnknown, "ours": Unavailable}[meaning]
    if code or status == 200:
        assert type(raised.value) is expected


def test_a_client_fault_is_a_refusal_with_the_fault_s_words(peer: Peer) -> None:
    peer.answers = [Response(fault("s:Client", "saglikTesisKodu?"), 500, content_type="text/xml")]
    with pytest.raises(Refused, match=r"^soap:Client saglikTesisKodu\?$"):
        peer.send()


@pytest.mark.parametrize("status", [301, *sorted(NOT_THE_MESSAGE), *sorted(SURELY_NOT_DONE)])
def test_what_speaks_of_the_moment_or_the_address_lets_the_message_wait(peer: Peer, status: int) -> None:
    peer.answers = [Response(b"", status, {"Location": "/elsewhere"})]
    with pytest.raises(Unavailable) as failure:
        peer.send()
    assert not isinstance(failure.value, AnswerUnknown) and len(peer.requests) == 1


@pytest.mark.parametrize("status", [202, 204, 500, 502, 504, 522])
def test_what_may_have_been_written_after_the_work_was_done_is_not_known(peer: Peer, status: int) -> None:
    peer.answers = [Response(b"", status)]
    with pytest.raises(AnswerUnknown):
        peer.send()


@pytest.mark.parametrize("status", [400, 403, 422])
def test_a_status_that_speaks_of_the_message_refuses_it(peer: Peer, status: int) -> None:
    peer.answers = [Response(b"<html>Default</html>", status)]
    with pytest.raises(Refused, match=f"HTTP {status}"):
        peer.send()


@pytest.mark.parametrize("kind", ["hang-before", "hang-after", "reset-before", "reset-after", "half", "slow"])
def test_sent_and_not_answered_is_not_known(peer: Peer, kind: str) -> None:
    peer.faults.plan(kind)
    with pytest.raises(AnswerUnknown):
        peer.send(timeout=0.3)


# Asking, withdrawing


def ask(peer: Peer, **differs: object) -> MedulaAnswer | None:
    content = msgspec.structs.replace(CLEAN, **differs)
    return peer.medula().ask(key_of(content), to_json(content))


def test_of_what_stands_in_part_the_rest_is_said_to_be_missing(peer: Peer) -> None:
    peer.answers = [read_back(("GT1", REFS[0], "501", "R100250"))]
    answer = ask(peer)
    assert answer and (answer.accepted, answer.code) == (False, "GECIT-PARTLY")
    assert answer.rows and [one.number for one in answer.rows] == ["501"]


def test_a_withdrawal_carried_out_in_part_is_said_to_be(peer: Peer) -> None:
    held = tuple(RegisteredRow(number=str(n), reference=ref) for n, ref in enumerate(REFS, 501))
    peer.answers = [read_back(("GT1", REFS[1], "502", "R100260"))]
    answer = ask(peer, kind="withdraw", registered=held)
    assert answer and not answer.accepted and answer.rows and [one.number for one in answer.rows] == ["502"]


@pytest.mark.parametrize("answer", [Response(b"", 503), Response(b"", 500), b"{}", read_back(("X", "X.1.1", "1", "R"))])
def test_asking_that_fails_tells_nothing_and_does_no_harm(peer: Peer, answer: Response | bytes) -> None:
    peer.answers = [answer]
    with pytest.raises(Unavailable) as failure:
        ask(peer)
    assert not isinstance(failure.value, AnswerUnknown)


def test_an_unknown_code_to_a_question_leaves_the_doubt(peer: Peer) -> None:
    peer.answers = [body("<sonucKodu>0536</sonucKodu>", "hizmetOku")]
    with pytest.raises(Unavailable, match="0536"):
        ask(peer)


def test_a_withdrawal_names_the_numbers_that_medula_gave(peer: Peer) -> None:
    peer.answers = [body(OK, "hizmetIptal")]
    held = tuple(RegisteredRow(number=str(n), reference=ref) for n, ref in enumerate(REFS, 501))
    answer = peer.send(kind="withdraw", registered=held)
    assert (answer.accepted, answer.rows) == (True, ())
    assert re.findall(r"<islemSiraNumaralari>(\d+)<", peer.sent()) == ["501", "502"]


def test_a_withdrawal_without_numbers_reads_them_back_first(peer: Peer) -> None:
    """As where the exam was told before the numbers were kept."""
    peer.answers = [read_back(("GT1", REFS[0], "77", "R100250")), body(OK, "hizmetIptal")]
    assert peer.send(kind="withdraw").accepted
    assert re.findall(r"<islemSiraNumaralari>(\d+)<", peer.sent(1)) == ["77"]


def test_a_refused_withdrawal_leaves_the_rows_as_they_were(peer: Peer) -> None:
    peer.answers = [body("<sonucKodu>0718</sonucKodu><sonucMesaji>Fatura kesilmiş</sonucMesaji>", "hizmetIptal")]
    answer = peer.send(kind="withdraw", registered=(RegisteredRow(number="1", reference=REFS[0]),))
    assert (answer.accepted, answer.code, answer.rows) == (False, "0718", None)


# The WSDL


def test_a_wsdl_that_refers_elsewhere_is_not_followed(peer: Peer, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs.wsdl"
    outside = f'schemaLocation="{peer.url}/theirs.xsd"'
    theirs.write_text(WSDL.read_text().replace('schemaLocation="hizmetKayitIslemleri.xsd"', outside))
    with pytest.raises(WsdlError, match="local files only"):
        SoapMedula(peer.url, Everybody(), wsdl=theirs)
    assert peer.requests == []


def test_a_wsdl_that_lacks_what_is_sent_is_named_at_the_start(tmp_path: Path) -> None:
    schema = WSDL.with_name("hizmetKayitIslemleri.xsd").read_text()
    (tmp_path / "hizmetKayitIslemleri.xsd").write_text(re.sub(r'.*name="accession".*\n', "", schema))
    (tmp_path / "theirs.wsdl").write_text(WSDL.read_text())
    with pytest.raises(WsdlError, match="hizmetKayit"):
        SoapMedula("http://127.0.0.1:9", Everybody(), wsdl=tmp_path / "theirs.wsdl")


def test_a_wsdl_that_lacks_an_operation_is_refused(tmp_path: Path) -> None:
    (tmp_path / "hizmetKayitIslemleri.xsd").write_text(WSDL.with_name("hizmetKayitIslemleri.xsd").read_text())
    text = re.sub(r'<wsdl:operation name="hizmetOku">.*?</wsdl:operation>', "", WSDL.read_text(), flags=re.S)
    (tmp_path / "theirs.wsdl").write_text(text)
    with pytest.raises(WsdlError, match="hizmetOku"):
        SoapMedula("http://127.0.0.1:9", Everybody(), wsdl=tmp_path / "theirs.wsdl")


@pytest.mark.parametrize("text", ["", "<a/>", "no xml", BOMB + "<a/>"])
def test_what_is_no_wsdl_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "theirs.wsdl").write_text(text)
    with pytest.raises(WsdlError):
        SoapMedula("http://127.0.0.1:9", Everybody(), wsdl=tmp_path / "theirs.wsdl")


def test_the_official_file_may_hold_more_than_ours(tmp_path: Path, peer: Peer) -> None:
    schema = WSDL.with_name("hizmetKayitIslemleri.xsd").read_text()
    more = '<xsd:element name="yeniAlan" type="xsd:string" minOccurs="0"/><xsd:element name="accession"'
    (tmp_path / "hizmetKayitIslemleri.xsd").write_text(schema.replace('<xsd:element name="accession"', more))
    (tmp_path / "theirs.wsdl").write_text(WSDL.read_text())
    medula = SoapMedula(peer.url, Everybody(), wsdl=tmp_path / "theirs.wsdl")
    assert medula.send("notify", KEY, to_json(CLEAN)).accepted


# What never leaves by the side door


@pytest.mark.parametrize("kind", ["400", "500", "503", "hang-after", "reset-after", "wrong-xml", "soap-client"])
def test_neither_password_nor_person_stands_in_a_failure_or_a_log_line(
    peer: Peer, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    peer.faults.plan(kind)
    with pytest.raises((Refused, Unavailable)) as failure:
        peer.send(timeout=0.4)
    said = str(failure.value) + caplog.text
    assert not [one for one in ("10000000146", "10000090178", "bir-parola", "70178") if one in said]


ASKS = """
import sys
from pathlib import Path
from gecit.core.billing import key_of
from gecit.core.values import to_json
from gecit.processes.build import start_logging
from tests.contract.test_medula_contract import CLEAN
from tests.support.soap import soap_medula
start_logging(sys.argv[1])
print(soap_medula(sys.argv[2], Path(sys.argv[3])).ask(key_of(CLEAN), to_json(CLEAN)))
"""


@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
def test_a_value_of_an_answer_that_is_no_number_stands_in_no_log_line(peer: Peer, level: str) -> None:
    """`zeep` logs such a value with a traceback; a process of ours does not pass that on."""
    told = read_back((CLEAN.accession, REFS[0], "501", CLEAN.procedures[0].sut))
    peer.answers = [told.replace(b"<adet>1<", b"<adet>HASTA 10000000146<")]
    asked = [sys.executable, "-c", ASKS, level, peer.url, str(peer.folder)]
    done = subprocess.run(asked, capture_output=True, text=True, check=True, cwd=ROOT)
    assert "MedulaAnswer" in done.stdout and peer.requests
    assert [one for one in ("HASTA", "10000000146", "Traceback", "zeep") if one in done.stderr] == []


def test_a_missing_password_file_lets_the_message_wait(peer: Peer) -> None:
    medula = peer.medula()
    (peer.folder / "medula-password").unlink()
    with pytest.raises(Unavailable, match="password file"):
        medula.send("notify", KEY, to_json(CLEAN))
    assert peer.requests == []


def test_a_proxy_of_the_environment_is_not_used(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert peer.send().accepted


def test_a_wsdl_may_stand_in_any_folder(peer: Peer, tmp_path: Path) -> None:
    odd = tmp_path / "resmî dosyalar #2?"
    odd.mkdir()
    for name in ("hizmetKayitIslemleri.wsdl", "hizmetKayitIslemleri.xsd"):
        (odd / name).write_text(WSDL.with_name(name).read_text())
    medula = SoapMedula(peer.url, Everybody(), wsdl=odd / "hizmetKayitIslemleri.wsdl")
    assert medula.send("notify", KEY, to_json(CLEAN)).accepted


def test_eight_threads_share_one_adapter(peer: Peer) -> None:
    medula, answers = peer.medula(), []
    threads = [
        threading.Thread(target=lambda: answers.append(medula.send("notify", KEY, to_json(CLEAN)))) for _ in range(8)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert [one.accepted for one in answers] == [True] * 8
