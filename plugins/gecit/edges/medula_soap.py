"""MEDULA in SGK's public shape, `hizmetKayit` over SOAP: a reconstruction from public clients.

A delivery is done when every row of it stands; what stands already is never sent again. `hizmetOku` reads back,
`hizmetIptal` withdraws by the numbers that MEDULA gave.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..core.billing import Notification
from ..core.medula_codes import ALREADY_REGISTERED, NOTHING_TO_WITHDRAW, PARTLY, SUCCESS
from ..core.order import RegisteredRow
from ..ports import AnswerUnknown, MedulaAnswer, Physicians, Refused, Unavailable
from .bounded_http import told
from .medula_rows import Row, facility, read, references, rows
from .soap_client import SoapClient, WsdlError

WSDL = Path(__file__).parent / "wsdl" / "hizmetKayitIslemleri.wsdl"
OPERATIONS = {"hizmetKayit": "hizmetKayitGiris", "hizmetOku": "hizmetOkuGiris", "hizmetIptal": "hizmetIptalGiris"}
"""Name of each operation that is called, and of its parameter."""
_SAMPLE: Row = dict.fromkeys(
    ("accession", "modality", "bransKodu", "drTescilNo", "istemYapanDrTescilNo", "hizmetSunucuRefNo", "islemTarihi",
     "sutKodu"), "1",
)  # fmt: skip
_NUMBER = re.compile(r"(?<!\w)\d{1,20}(?!\w)")


class SoapMedula:
    """Implements `ports.Medula`; thread-safe. Raises `WsdlError` where the WSDL has no place for what is sent."""

    can_ask = True

    def __init__(
        self,
        url: str,
        physicians: Physicians,
        *,
        wsdl: Path = WSDL,
        hbys_code: str = "",
        user_file: Path | None = None,
        password_file: Path | None = None,
        timeout: float = 30.0,
        ca_file: Path | None = None,
    ) -> None:
        self._client = SoapClient(
            url, wsdl, OPERATIONS, user_file=user_file, password_file=password_file, timeout=timeout, ca_file=ca_file
        )
        self._physicians = physicians
        self._hbys_code = hbys_code
        self._must_fit(wsdl)

    def send(self, kind: str, key: str, payload: bytes) -> MedulaAnswer:
        """Register the rows that do not stand yet, or withdraw those that do."""
        content = read(kind, key, payload)
        return self._register(content) if kind == "notify" else self._withdraw(content)

    def ask(self, key: str, payload: bytes) -> MedulaAnswer | None:
        """Read back what stands of a delivery; whatever goes wrong with asking changes nothing over there."""
        kind = key.rpartition(":")[2]
        try:
            content = read(kind, key, payload)
            standing, code = self._standing(content)
        except (AnswerUnknown, Refused) as failure:
            raise Unavailable(f"asked, and not told: {told(failure)}") from failure
        wanted = 0 if kind == "withdraw" else len(references(content))
        untouched = max(len(content.registered), 1) if kind == "withdraw" else 0
        if len(standing) == wanted:
            return MedulaAnswer(accepted=True, code=code, rows=standing)
        if len(standing) == untouched:
            return None
        return MedulaAnswer(accepted=False, code=PARTLY, rows=standing)

    def envelope(self, code: int, fresh: Sequence[Row]) -> bytes:
        """Return the bytes of a registration, for who measures without us."""
        return self._client.envelope("hizmetKayit", self._giris(code, tetkikveRadyolojiBilgileri=fresh))

    def _register(self, content: Notification) -> MedulaAnswer:
        code = facility(content)
        fresh = rows(content, self._physicians)
        if not fresh:
            return MedulaAnswer(accepted=True, code="0000", rows=content.registered)
        answer = self._call("hizmetKayit", code, tetkikveRadyolojiBilgileri=fresh)
        numbers = {str(one.hizmetSunucuRefNo): str(one.islemSiraNo or "") for one in _list(answer.islemBilgileri)}
        faulty = _list(answer.hataliKayitlar)
        faults = {str(one.hizmetSunucuRefNo): one for one in faulty if one.hizmetSunucuRefNo}
        if not numbers and not faults and (faulty or answer.sonucKodu not in SUCCESS):
            return _refused(answer, faulty)
        self._all_of_it(fresh, numbers, faults)
        registered = [*content.registered, *self._found(fresh, numbers, faults, content)]
        bad = [(sut, faults[ref]) for ref, sut in _named(fresh) if ref not in {one.reference for one in registered}]
        return _answer(answer, registered, bad, faults)

    def _all_of_it(self, fresh: Sequence[Row], numbers: Mapping[str, str], faults: Mapping[str, Any]) -> None:
        """Make sure that the answer is of this question, and of each of its rows."""
        sent = {ref for ref, _ in _named(fresh)}
        if not {*numbers, *faults} <= sent:
            self._client.forget()
            raise AnswerUnknown("the answer is of another delivery")
        if {*numbers, *faults} != sent or not all(numbers.values()) or set(numbers) & set(faults):
            raise AnswerUnknown("the answer does not say what became of each row")

    def _found(
        self, fresh: Sequence[Row], numbers: Mapping[str, str], faults: Mapping[str, Any], content: Notification
    ) -> Iterable[RegisteredRow]:
        """The rows that now stand: registered just now, or before and ours."""
        for ref, sut in _named(fresh):
            if ref in numbers:
                yield RegisteredRow(number=numbers[ref], reference=ref, sut=sut)
            elif before := self._ours(ref, sut, faults[ref], content):
                yield before

    def _ours(self, ref: str, sut: str, fault: Any, content: Notification) -> RegisteredRow | None:
        """Return the row that stands already, if it is of this exam: by our reference, else by the numbers it names."""
        if str(fault.hataKodu) != ALREADY_REGISTERED:
            return None
        named = _NUMBER.findall(str(fault.hataMesaji or ""))
        asks: list[dict[str, list[str]]] = [{"hizmetSunucuRefNolari": [ref]}]
        asks += [{"islemSiraNumaralari": named}] if named else []
        try:
            for one in asks:
                for row in self._read_back(content, **one)[0]:
                    if str(row.accession) == content.accession and str(row.sutKodu) == sut:
                        return RegisteredRow(number=str(row.islemSiraNo), reference=ref, sut=sut)
        except (Unavailable, Refused) as failure:
            raise AnswerUnknown(f"registered before, and not told by whom: {told(failure)}") from failure
        return None

    def _withdraw(self, content: Notification) -> MedulaAnswer:
        standing = content.registered or self._standing(content)[0]
        if not standing:
            raise Refused(NOTHING_TO_WITHDRAW, "no row of it is registered")
        answer = self._call("hizmetIptal", facility(content), islemSiraNumaralari=[one.number for one in standing])
        done = answer.sonucKodu in SUCCESS
        return MedulaAnswer(
            accepted=done, code=_code(answer), message=_said(answer.sonucMesaji), rows=() if done else None
        )

    def _standing(self, content: Notification) -> tuple[tuple[RegisteredRow, ...], str]:
        """Read back which rows of an exam's generation stand, and the code that said so."""
        if content.kind == "withdraw" and content.registered:
            wanted = {one.number: one.reference for one in content.registered}
            found, code = self._read_back(content, islemSiraNumaralari=list(wanted))
            mine = [(one, wanted.get(str(one.islemSiraNo))) for one in found]
        else:
            known = set(references(content))
            found, code = self._read_back(content, hizmetSunucuRefNolari=sorted(known))
            refs = [str(one.hizmetSunucuRefNo or "") for one in found]
            mine = [(one, ref if ref in known else None) for one, ref in zip(found, refs, strict=True)]
        if any(ref is None for _, ref in mine):
            self._client.forget()
            raise AnswerUnknown("the answer is of another question")
        rows_ = [
            RegisteredRow(number=str(one.islemSiraNo), reference=ref or "", sut=str(one.sutKodu)) for one, ref in mine
        ]
        return tuple(sorted(rows_, key=lambda one: one.reference)), code

    def _read_back(self, content: Notification, **wanted: list[str]) -> tuple[list[Any], str]:
        answer = self._call("hizmetOku", facility(content), **wanted)
        if answer.sonucKodu not in SUCCESS:
            raise Refused(_code(answer), _said(answer.sonucMesaji))
        return _list(answer.hizmetler.tetkikveRadyolojiBilgileri if answer.hizmetler else None), _code(answer)

    def _call(self, operation: str, code: int, **value: object) -> Any:
        answer = self._client.call(operation, self._giris(code, **value))
        if not answer.sonucKodu:
            raise AnswerUnknown("the answer has no sonucKodu")
        return answer

    def _giris(self, code: int, **value: object) -> dict[str, object]:
        return {"saglikTesisKodu": code, "ktsHbysKodu": self._hbys_code, **value}

    def _must_fit(self, wsdl: Path) -> None:
        samples: dict[str, dict[str, object]] = {
            "hizmetKayit": {"tetkikveRadyolojiBilgileri": [{**_SAMPLE, "adet": 1}]},
            "hizmetOku": {"islemSiraNumaralari": ["1"], "hizmetSunucuRefNolari": ["1"]},
            "hizmetIptal": {"islemSiraNumaralari": ["1"]},
        }
        bad = [name for name, value in samples.items() if not self._client.fits(name, self._giris(1, **value))]
        if bad:
            raise WsdlError(
                f"{wsdl}: gönderilen alanların hepsi WSDL'de yok ya da başka alan zorunlu / the WSDL lacks a field "
                f"that is sent, or demands another: {', '.join(bad)}"
            )


def _answer(answer: Any, registered: Sequence[RegisteredRow], bad: Sequence[tuple[str, Any]],
            faults: Mapping[str, Any]) -> MedulaAnswer:  # fmt: skip
    """Word the answer to a registration."""
    held = tuple(sorted(registered, key=lambda one: one.reference))
    if bad:
        said = "; ".join(f"{sut}: {_of_row(fault)}" for sut, fault in bad)
        return MedulaAnswer(accepted=False, code=str(bad[0][1].hataKodu or "?")[:64], message=said[:300], rows=held)
    if faults:  # every row of them stood before
        return MedulaAnswer(
            accepted=True, code=ALREADY_REGISTERED, message="daha önce kayıtlı / stood before", rows=held
        )
    return MedulaAnswer(accepted=True, code=_code(answer), message=_said(answer.sonucMesaji), rows=held)


def _refused(answer: Any, faulty: Sequence[Any]) -> MedulaAnswer:
    """Word a refusal of the whole; an error that names no row is one of the whole too."""
    code = str(faulty[0].hataKodu or "?")[:64] if faulty else _code(answer)
    said = "; ".join(_of_row(one) for one in faulty) or _said(answer.sonucMesaji)
    return MedulaAnswer(accepted=False, code=code, message=said[:300])


def _of_row(fault: Any) -> str:
    """A row's error with whatever it tells of who was there before."""
    before = fault.oncekiIslemBilgisi
    parts = [fault.hataKodu, fault.hataMesaji]
    if before is not None:
        parts += ["önceki / before:", before.tesisAdi, before.saglikTesisKodu, before.islemTarihi]
    return " ".join(str(one) for one in parts if one)


def _named(fresh: Sequence[Row]) -> list[tuple[str, str]]:
    return [(str(one["hizmetSunucuRefNo"]), str(one["sutKodu"])) for one in fresh]


def _list(found: Any) -> list[Any]:
    """Unbounded elements may be absent, and single ones nil."""
    return [one for one in found or [] if one is not None]


def _code(answer: Any) -> str:
    return str(answer.sonucKodu)[:64]


def _said(message: Any) -> str:
    return str(message or "")[:300]
