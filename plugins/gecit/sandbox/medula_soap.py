"""The pretend MEDULA's SOAP door: `hizmetKayit`, `hizmetOku`, `hizmetIptal`, as our reconstructed WSDL has them.

Light on purpose: XML is read with lxml and written as text, so that a bench measures the client.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from lxml import etree

from ..core.values import Value
from ..ports import Refused
from .faults import ROW_ERROR
from .medula_rows import HeldRow, RowFault, RowStore

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

NAMESPACE = "http://servisler.ws.gss.sgk.gov.tr"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
PASSWORD_TEXT = "#PasswordText"  # noqa: S105 - a type's name, no password
MOST_BYTES = 1024 * 1024
NO_HBYS = "TAKLIT-HBYS"
FIELDS = {  # of tetkikveRadyolojiBilgisiDVO -> of `HeldRow`
    "hizmetSunucuRefNo": "reference",
    "accession": "accession",
    "modality": "modality",
    "sutKodu": "sut",
    "islemTarihi": "day",
    "bransKodu": "branch",
    "drTescilNo": "doctor",
    "istemYapanDrTescilNo": "ordered_by",
}
IN_ORDER = (
    "accession",
    "modality",
    "adet",
    "bransKodu",
    "drTescilNo",
    "istemYapanDrTescilNo",
    "hizmetSunucuRefNo",
    "islemSiraNo",
    "islemTarihi",
    "sutKodu",
)
"""A row's elements as the schema orders them."""


class Account(Value):
    """Who may come in."""

    user: str
    password: str


NOBODY = Account(user="", password="")


def new_account() -> Account:
    """Make one that nobody else knows."""
    return Account(user=f"gecit-{secrets.token_hex(4)}", password=secrets.token_urlsafe(16))


class _FaultError(Exception):
    """Answered as a SOAP Fault."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code, self.words = code, words


class SoapDoor:
    """A WSGI application; `arrived` is told of each delivery."""

    def __init__(self, rows: RowStore, arrived: Callable[[], None], account: Account) -> None:
        self._rows, self._arrived, self._account = rows, arrived, account

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one call."""
        try:
            body = environ["wsgi.input"].read(min(int(environ.get("CONTENT_LENGTH") or 0), MOST_BYTES))
            answer, status = self._answered(body, spoil=bool(environ.get(ROW_ERROR))), "200 OK"
        except _FaultError as fault:
            words = f"<faultcode>{fault.code}</faultcode><faultstring>{escape(fault.words)}</faultstring>"
            answer, status = f"<s:Fault>{words}</s:Fault>", "500 Internal Server Error"
        content = f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{SOAP}"><s:Body>{answer}</s:Body>'
        whole = f"{content}</s:Envelope>".encode()
        start_response(status, [("Content-Type", "text/xml; charset=utf-8"), ("Content-Length", str(len(whole)))])
        return [whole]

    def _answered(self, body: bytes, *, spoil: bool) -> str:
        envelope = _parsed(body)
        self._check(envelope)
        operation, giris = _called(envelope)
        facility, hbys = _text(giris, "saglikTesisKodu"), _text(giris, "ktsHbysKodu")
        if not facility or not hbys:
            inner = _result(NO_HBYS, "saglikTesisKodu, ktsHbysKodu gerekli / needed")
        elif operation == "hizmetKayit":
            inner = self._register(facility, giris, spoil=spoil)
        elif operation == "hizmetOku":
            inner = self._read(facility, giris)
        else:
            inner = self._cancel(facility, giris)
        return (
            f'<n:{operation}Response xmlns:n="{NAMESPACE}"><{operation}Return>{inner}</{operation}Return>'
            f"</n:{operation}Response>"
        )

    def _check(self, envelope: etree._Element) -> None:
        """WS-Security UsernameToken, PasswordText."""
        token = envelope.find(f"{{{SOAP}}}Header/{{{WSSE}}}Security/{{{WSSE}}}UsernameToken")
        if token is None:
            raise _FaultError("wsse:InvalidSecurity", "UsernameToken?")
        user, password = token.findtext(f"{{{WSSE}}}Username") or "", token.find(f"{{{WSSE}}}Password")
        brought = (password.text or "") if password is not None else ""
        typed = password is not None and (password.get("Type") or "").endswith(PASSWORD_TEXT)
        right = hmac.compare_digest(
            f"{user}\n{brought}".encode(), f"{self._account.user}\n{self._account.password}".encode()
        )
        if not (right and typed and self._account.user):
            raise _FaultError("wsse:FailedAuthentication", "kullanıcı ya da parola / user or password")

    def _register(self, facility: str, giris: etree._Element, *, spoil: bool) -> str:
        self._arrived()
        asked = giris.findall("tetkikveRadyolojiBilgileri")
        if not asked:
            return _result("TAKLIT-BOS", "kayıt yok / no rows")
        rows = [_row(facility, one) for one in asked]
        kept, faults = self._rows.register(rows, spoil_last=spoil)
        done = "".join(
            f"<islemBilgileri><hizmetSunucuRefNo>{escape(one.reference)}</hizmetSunucuRefNo>"
            f"<islemSiraNo>{one.number}</islemSiraNo></islemBilgileri>"
            for one in kept
        )
        return "".join(map(_of_fault, faults)) + done + _result("0000" if kept else "TAKLIT-RED", "")

    def _read(self, facility: str, giris: etree._Element) -> str:
        references, numbers = _texts(giris, "hizmetSunucuRefNolari"), _texts(giris, "islemSiraNumaralari")
        found = "".join(map(_of_row, self._rows.find(facility, references, numbers)))
        return f"<hizmetler>{found}</hizmetler>{_result('0000', '')}"

    def _cancel(self, facility: str, giris: etree._Element) -> str:
        self._arrived()
        try:
            self._rows.cancel(facility, _texts(giris, "islemSiraNumaralari"))
        except Refused as refusal:
            return _result(refusal.code, refusal.message)
        return _result("0000", "")


def _parsed(body: bytes) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as fault:
        raise _FaultError("s:Client", "no XML") from fault
    if root.getroottree().docinfo.doctype or root.tag != f"{{{SOAP}}}Envelope":
        raise _FaultError("s:Client", "no SOAP 1.1 envelope")
    return root


def _called(envelope: etree._Element) -> tuple[str, etree._Element]:
    body = envelope.find(f"{{{SOAP}}}Body")
    called = body[0] if body is not None and len(body) == 1 else None
    name = etree.QName(called) if called is not None else None
    known = name is not None and name.namespace == NAMESPACE
    if called is None or name is None or not known or name.localname not in ("hizmetKayit", "hizmetOku", "hizmetIptal"):
        raise _FaultError("s:Client", "no such operation")
    giris = called.find(f"{name.localname}Giris")  # unqualified
    if giris is None:
        raise _FaultError("s:Client", f"{name.localname}Giris?")
    return name.localname, giris


def _row(facility: str, asked: etree._Element) -> HeldRow:
    known = {FIELDS[one.tag]: one.text or "" for one in asked if one.tag in FIELDS}
    missing = {name: "" for name in FIELDS.values() if name not in known}
    return HeldRow(number=0, facility=facility, **known, **missing)


def _of_row(row: HeldRow) -> str:
    texts = {name: getattr(row, ours) for name, ours in FIELDS.items()} | {"islemSiraNo": str(row.number), "adet": "1"}
    fields = "".join(f"<{name}>{escape(texts[name])}</{name}>" for name in IN_ORDER)
    return f"<tetkikveRadyolojiBilgileri>{fields}</tetkikveRadyolojiBilgileri>"


def _of_fault(fault: RowFault) -> str:
    before = f"<oncekiIslemBilgisi><saglikTesisKodu>{escape(fault.before)}</saglikTesisKodu></oncekiIslemBilgisi>"
    return (
        f"<hataliKayitlar><hataKodu>{escape(fault.code)}</hataKodu><hataMesaji>{escape(fault.message)}</hataMesaji>"
        f"<hizmetSunucuRefNo>{escape(fault.reference)}</hizmetSunucuRefNo>"
        f"{before if fault.before.isdigit() else ''}</hataliKayitlar>"
    )


def _result(code: str, message: str) -> str:
    return f"<sonucKodu>{code}</sonucKodu><sonucMesaji>{escape(message)}</sonucMesaji>"


def _text(parent: etree._Element, name: str) -> str:
    return (parent.findtext(name) or "").strip()


def _texts(parent: etree._Element, name: str) -> list[str]:
    return [one.text or "" for one in parent.findall(name)]
