"""What services answer: MEDULA by SOAP and JSON, the registry, the duplicate service above, the token service.

The answers stand in the place of the wire; everything behind it is as it is.
"""

from __future__ import annotations

import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from gecit.core.billing import key_of
from gecit.core.values import to_json
from gecit.edges.bounded_http import Exchanged
from gecit.edges.duplicates_http import HttpDuplicates
from gecit.edges.medula_json import JsonMedula
from gecit.edges.medula_soap import SoapMedula
from gecit.edges.oauth2 import PasswordGrant
from gecit.edges.registry_http import HttpRegistry
from gecit.ports import AnswerUnknown, MedulaAnswer, Refused, Unavailable
from tests.contract.test_medula_contract import CLEAN
from tests.edges import test_medula_soap as soap_answers
from tests.fakes import StillClock
from tests.support.soap import soap_medula

from ..draw import Draw
from ..target import Target, must

STATUSES = (
    200,
    200,
    200,
    200,
    201,
    204,
    301,
    400,
    401,
    403,
    404,
    408,
    409,
    413,
    422,
    425,
    429,
    500,
    501,
    502,
    503,
    504,
    599,
)
WAITS = (
    "",
    "5",
    "²",
    "-1",
    "9" * 400,
    "1e999",
    "Mon, 05 Jan 2026 09:30:00 GMT",
    "Mon, 05 Jan 99999 09:30:00 GMT",
    "Mon, 05 Jan 2026 09:30:00 +9999",
    "Mon, 00 Jan 0000 00:00:00 -0000",
    "nan",
    "\xbd",
)
KNOWN = (Refused, Unavailable, AnswerUnknown)
KEY, PAYLOAD = key_of(CLEAN), to_json(CLEAN)
TCKN = "10000000146"


class Wire:
    """Answers in the place of `BoundedHttp` and of `duplicates_http.Wire`, without a socket."""

    answer = Exchanged(200, {}, b"")

    def post(self, *_: object) -> Exchanged:
        return self.answer

    def ask(self, *_: object) -> tuple[int, bytes]:
        return self.answer.status, self.answer.content

    def forget(self) -> None:
        """Nothing is held."""


WIRE = Wire()


def answered(data: bytes) -> bytes:
    """Set what is answered; two bytes choose status and Retry-After, the rest is the body, which is returned."""
    draw = Draw(data)
    status, waits = draw.pick(STATUSES), draw.byte()
    retry = WAITS[waits] if waits < len(WAITS) else ""
    Wire.answer = Exchanged(status, {"Retry-After": retry} if retry else {}, draw.rest())
    return Wire.answer.content


def told(ask: Any) -> object:
    """What a caller is told: an answer, or one of the three kinds of failure, whose text quotes no body."""
    try:
        found = ask()
    except KNOWN as fault:
        must(len(str(fault)) < 500, "a long text")
        must(TCKN not in str(fault) or isinstance(fault, Refused), "a failure quotes a number")
        wait = getattr(fault, "retry_after", 0.0)
        must(0 <= wait < float("inf"), "no time to wait")
        return f"{type(fault).__name__} {fault}" if not wait else type(fault).__name__
    if isinstance(found, MedulaAnswer):
        must(len(found.message) <= 300 and len(found.code) <= 64, "a long answer")
        to_json(found)
    return repr(found)


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="gecit-fuzz-"))
    (folder / "secret").write_text("gizli", encoding="utf-8")
    return folder


@cache
def _soap() -> SoapMedula:
    made = soap_medula("http://127.0.0.1:9/medula", _folder())
    made._client._http = WIRE  # type: ignore[assignment]
    return made


@cache
def _json() -> JsonMedula:
    made = JsonMedula("http://127.0.0.1:9")
    made._service._http = WIRE  # type: ignore[assignment]
    return made


def soap(data: bytes) -> object:
    answered(data)
    return [told(lambda: _soap().send("notify", KEY, PAYLOAD)), told(lambda: _soap().ask(KEY, PAYLOAD))]


def medula(data: bytes) -> object:
    answered(data)
    return [told(lambda: _json().send("notify", KEY, PAYLOAD)), told(lambda: _json().ask(KEY, PAYLOAD))]


def services(data: bytes) -> object:
    """The registry, the duplicate service and the token service, each new: what they keep is of one answer."""
    answered(data)
    registry = HttpRegistry("http://127.0.0.1:9", StillClock())
    registry._service._http = WIRE  # type: ignore[assignment]
    above = HttpDuplicates("http://127.0.0.1:9", Given())
    above._wire = WIRE  # type: ignore[assignment]
    return [
        told(lambda: registry.look_up(TCKN)),
        told(lambda: above.previous_studies("1", TCKN, ["801590"], TCKN)),
        told(lambda: sorted(above.opened("1", TCKN, ["801590"]).items())),
        told(lambda: above.report("a.1")),
        told(lambda: above.image_link("a.1")),
    ]


class Given:
    """A token that is always good."""

    def token(self, timeout: float) -> str:
        return "t"

    def forget(self, token: str) -> None:
        """It is kept."""


def token(data: bytes) -> object:
    answered(data)
    secret = _folder() / "secret"
    grant = PasswordGrant(
        "http://127.0.0.1:9",
        StillClock(),
        client="c",
        client_secret_file=secret,
        user="u",
        password_file=secret,
        scope="s",
    )
    grant._wire = WIRE  # type: ignore[assignment]
    found = told(lambda: grant.token(5.0))
    if not isinstance(found, str) or not found.startswith(("Unavailable", "AnswerUnknown", "Refused")):
        must("\\n" not in str(found) and "\\r" not in str(found), "a token that breaks a header")
    return found


def soap_seeds() -> list[bytes]:
    ref = soap_answers.REFS
    bodies = [
        soap_answers.body("".join(soap_answers.DONE) + soap_answers.OK),
        soap_answers.fault("s:Server"),
        soap_answers.fault("s:Client", TCKN),
        soap_answers.fault("wsse:FailedAuthentication"),
        soap_answers.body(""),
        soap_answers.body(soap_answers.bad(ref[0], "1", "x", "<tesisAdi>a</tesisAdi>") + soap_answers.OK),
        soap_answers.read_back(("GT1", ref[0], "501", "R100250"), ("GT1", ref[1], "502", "R100260")),
        b'<!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "&b;&b;">]><a>&d;</a>',
        b"<a><![CDATA[x]]></a>",
        b"",
    ]
    return [b"\0\xff" + one for one in bodies] + [b"\x11\xff" + soap_answers.fault("s:Server")]


def json_seeds(*bodies: object) -> list[bytes]:
    return [
        bytes([status, wait]) + json.dumps(one).encode()
        for one in bodies
        for status in (0, 7, 16, 20)
        for wait in (255, 2)
    ]


ODD_JSON = (b"NaN", b"Infinity", b"1e999", b"9" * 400, b"[" * 1100, b"null", b"true", b'"\\ud800"', b'"\\u0000"', b"{}")

TARGETS = (
    Target(
        name="soap",
        reads="MEDULA's answers, SOAP",
        holds="an answer within bounds, or a failure of three that quotes no patient; no entity, no reference outside",
        one=soap,
        seeds=soap_seeds,
        tokens=(
            b"<!DOCTYPE ",
            b"<!ENTITY ",
            b"&b;",
            b"<![CDATA[",
            b'xsi:nil="true"',
            b"<islemBilgileri>",
            b"<sonucKodu>",
            b"<hataliKayitlar>",
            b"<hizmetSunucuRefNo>",
            b"<s:Fault>",
            b"<faultcode>",
            b"xmlns:",
            b"&#0;",
        ),
    ),
    Target(
        name="medula-json",
        reads="MEDULA's answers, JSON",
        holds="as soap; a time to wait is a number of seconds",
        one=medula,
        seeds=lambda: json_seeds(
            {"key": KEY, "accepted": True, "code": "0000", "message": "x"}, {"known": False}, [], {"code": 7}
        ),
        tokens=(*ODD_JSON, b'"accepted":', b'"code":', b'"known":', b'"message":', b'"detail":', KEY.encode()),
    ),
    Target(
        name="services",
        reads="answers of the registry and of the duplicate service above",
        holds="as soap",
        one=services,
        seeds=lambda: json_seeds(
            {"identifier": TCKN, "known": True, "radiologist": True, "name": "A"},
            {"Report": "x", "Url": "https://a.example"},
            [
                {
                    "OrderId": "1",
                    "AccessionNumber": 7,
                    "ScheduleDate": "2026-01-05T10:00:00",
                    "PerformedDate": "0001-01-01",
                }
            ],
            {"SutCode": "801590", "Result": True},
            None,
        ),
        tokens=(
            *ODD_JSON,
            b'"OrderId":',
            b'"ScheduleDate":"',
            b"0001-01-01T00:00:00+14:00",
            b"9999-12-31T23:59:59-12:00",
            b'"identifier":"10000000146"',
            b'"known":true',
            b'"Result":true',
            b'"Report":"',
        ),
    ),
    Target(
        name="oauth2",
        reads="answers of an OAuth2 token service",
        holds="a token that fits a header, for a number of seconds, or a failure",
        one=token,
        seeds=lambda: json_seeds(
            {"access_token": "abc", "expires_in": 300},
            {"access_token": "a", "expires_in": "60"},
            {"error": "x"},
            {"access_token": "a", "expires_in": float("nan")},
            {"access_token": "a", "expires_in": 10**400},
        ),
        tokens=(*ODD_JSON, b'"access_token":"a"', b'"expires_in":', b'"expires_in":NaN', b'"\\r\\n"'),
    ),
)
