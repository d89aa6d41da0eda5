"""The pretend MEDULA's SOAP door keeps what the contract promises, and checks who speaks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from gecit.core.billing import key_of
from gecit.core.values import to_json
from gecit.edges.medula_soap import SoapMedula
from gecit.ports import Unavailable
from gecit.sandbox.medula import PretendMedula, medula_app
from gecit.sandbox.medula_rows import FIRST_NUMBER
from gecit.sandbox.medula_soap import NAMESPACE, NOBODY, SOAP, WSSE, Account
from gecit.sandbox.server import running
from tests.contract.test_medula_contract import CLEAN
from tests.support.soap import ACCOUNT, soap_medula


@pytest.fixture
def pretend() -> PretendMedula:
    return PretendMedula()


@pytest.fixture
def url(pretend: PretendMedula) -> Iterator[str]:
    with running({"/medula": medula_app(pretend, account=ACCOUNT)}) as address:
        yield f"{address}/medula/soap"


def post(url: str, text: str) -> str:
    return requests.post(url, data=text.encode(), headers={"Content-Type": "text/xml"}, timeout=5).text


def called(inner: str, account: Account = ACCOUNT, kind: str = "x#PasswordText") -> str:
    token = f"<w:Username>{account.user}</w:Username><w:Password Type='{kind}'>{account.password}</w:Password>"
    head = f"<w:Security xmlns:w='{WSSE}'><w:UsernameToken>{token}</w:UsernameToken></w:Security>"
    return f"<s:Envelope xmlns:s='{SOAP}'><s:Header>{head}</s:Header><s:Body>{inner}</s:Body></s:Envelope>"


READ = f"<n:hizmetOku xmlns:n='{NAMESPACE}'><hizmetOkuGiris><ktsHbysKodu>k</ktsHbysKodu>"
READ += "<saglikTesisKodu>1</saglikTesisKodu></hizmetOkuGiris></n:hizmetOku>"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (called(READ, Account(user="gecit-deneme", password="yanlis")), "wsse:FailedAuthentication"),
        (called(READ, Account(user="", password="")), "wsse:FailedAuthentication"),
        (called(READ, kind="x#PasswordDigest"), "wsse:FailedAuthentication"),
        (f"<s:Envelope xmlns:s='{SOAP}'><s:Body>{READ}</s:Body></s:Envelope>", "wsse:InvalidSecurity"),
        ("no xml", "s:Client"),
        ("<a/>", "s:Client"),
        ("<!DOCTYPE a [<!ENTITY x '1'>]>" + called(READ), "s:Client"),
        (called(READ.replace(NAMESPACE, "urn:other")), "s:Client"),
        (called(READ.replace("hizmetOku", "hizmetYok")), "s:Client"),
        (called(f"<n:hizmetOku xmlns:n='{NAMESPACE}'/>"), "s:Client"),
    ],
)
def test_what_is_not_allowed_is_answered_with_a_fault(url: str, text: str, code: str) -> None:
    assert f"<faultcode>{code}</faultcode>" in post(url, text)


def test_a_right_question_is_answered(url: str) -> None:
    assert "<sonucKodu>0000</sonucKodu>" in post(url, called(READ))


def test_without_an_account_nobody_comes_in(tmp_path: Path) -> None:
    with running({"/medula": medula_app(PretendMedula())}) as address:
        medula = soap_medula(f"{address}/medula/soap", tmp_path, account=NOBODY)
        with pytest.raises(Unavailable, match="FailedAuthentication"):
            medula.send("notify", key_of(CLEAN), to_json(CLEAN))


def test_rows_outlive_the_process_and_numbers_go_on(tmp_path: Path) -> None:
    journal = tmp_path / "medula.jsonl"
    for accession in ("GT1", "GT2"):
        with running({"/medula": medula_app(PretendMedula(journal), account=ACCOUNT)}) as address:
            told(soap_medula(f"{address}/medula/soap", tmp_path), accession)
    again = PretendMedula(journal)
    assert [one.number for one in again.rows.standing()] == [FIRST_NUMBER + number for number in range(4)]
    again.rows.cancel("11999001", [str(FIRST_NUMBER)])
    assert len(PretendMedula(journal).rows.standing()) == 3


def told(medula: SoapMedula, accession: str) -> None:
    content = type(CLEAN)(**{name: getattr(CLEAN, name) for name in CLEAN.__struct_fields__} | {"accession": accession})
    assert medula.send("notify", key_of(content), to_json(content)).accepted


def test_a_cancellation_is_of_all_its_rows_or_of_none(url: str, tmp_path: Path, pretend: PretendMedula) -> None:
    told(soap_medula(url, tmp_path), "GT1")
    giris = "<islemSiraNumaralari>{}</islemSiraNumaralari><islemSiraNumaralari>1</islemSiraNumaralari>"
    text = READ.replace("hizmetOku", "hizmetIptal").replace(
        "<ktsHbysKodu>", giris.format(FIRST_NUMBER) + "<ktsHbysKodu>"
    )
    assert "TAKLIT-SIRANO" in post(url, called(text.replace(">1</saglik", ">11999001</saglik")))
    assert len(pretend.rows.standing()) == 2


def test_the_rows_of_an_institution_are_not_another_s(url: str, tmp_path: Path) -> None:
    told(soap_medula(url, tmp_path), "GT1")
    text = READ.replace("<ktsHbysKodu>", f"<islemSiraNumaralari>{FIRST_NUMBER}</islemSiraNumaralari><ktsHbysKodu>")
    assert "GT1.1.1" not in post(url, called(text))
    assert "GT1.1.1" in post(url, called(text.replace(">1</saglik", ">11999001</saglik")))
