"""A pretend duplicate service with its token service. A reconstruction: what public clients ask and read, no more.

`/connect/token` gives tokens by OAuth2's password grant; `/Common.WebApi/api/Integration/...` answers GET with one JSON
parameter; POST `/studies` adds an earlier exam; `/inspect` shows what was asked, without anybody's number.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
from flask import Flask, Response, jsonify, request

from ..core.duplicates import reaches_back
from ..core.identifiers import masked, normal_sut
from ..core.values import Value, local
from ..ports import Clock

INTEGRATION = "/Common.WebApi/api/Integration"
NOTE = "Geçit sandbox: a reconstruction of the duplicate service, not the real one."


class Credentials(Value):
    """Who may ask; made up anew by whoever starts the service."""

    client_secret: str
    password: str
    client: str = "gecit-sandbox"
    user: str = "sandbox"


def new_credentials() -> Credentials:
    """Return credentials that nobody knows."""
    return Credentials(client_secret=secrets.token_urlsafe(18), password=secrets.token_urlsafe(18))


class PretendStudy(Value):
    """An earlier exam at some other hospital; dates without a zone are Turkey's."""

    tckn: str
    sut: str
    accession: str
    institution: str = "999777"
    institution_name: str = "Başka Bir Deneme Hastanesi"
    description: str = ""
    scheduled_at: datetime | None = None
    performed_at: datetime | None = None
    images: bool = True
    report: str = "Bulgular: olağan.\n\nSonuç: normal."


class PretendDuplicates:
    """The service's memory; a token is good for `token_seconds`."""

    def __init__(self, clock: Clock, credentials: Credentials, token_seconds: float = 3600) -> None:
        self.clock, self.credentials = clock, credentials
        self.token_seconds = token_seconds
        self.asked: list[dict[str, object]] = []  # operation and question, numbers masked
        self.tokens_given = 0
        self._lock = threading.Lock()
        self._studies: list[PretendStudy] = []
        self._opened: set[int] = set()
        self._tokens: dict[str, datetime] = {}

    def add(self, *studies: PretendStudy) -> None:
        """Add earlier exams."""
        with self._lock:
            self._studies.extend(studies)

    def revoke(self) -> None:
        """No token that was given is good any more."""
        with self._lock:
            self._tokens.clear()

    def grant(self, client: str, secret: str, form: dict[str, str]) -> str | None:
        """Return a token where both client and user are whom we know."""
        known = self.credentials
        right = (client, secret) == (known.client, known.client_secret)
        right = right and (form.get("username"), form.get("password")) == (known.user, known.password)
        if not right or form.get("grant_type") != "password" or "Common.WebApi" not in form.get("scope", "").split():
            return None
        token = secrets.token_urlsafe(24)
        with self._lock:
            self.tokens_given += 1
            self._tokens[token] = self.clock.now() + timedelta(seconds=self.token_seconds)
        return token

    def admits(self, token: str) -> bool:
        """Whether a token is good now."""
        with self._lock:
            return self.clock.now() < self._tokens.get(token, self.clock.now())

    def studies(self, tckn: str, suts: list[str]) -> list[tuple[int, PretendStudy]]:
        """Return a patient's exams of the last six months, with their numbers."""
        wanted = {normal_sut(one) for one in suts}
        with self._lock:
            return [
                (number, one)
                for number, one in enumerate(self._studies)
                if one.tckn == tckn and one.sut in wanted and self._recent(one)
            ]

    def _recent(self, study: PretendStudy) -> bool:
        at = study.performed_at or study.scheduled_at
        return at is None or reaches_back(local(self.clock.now()).date(), local(at).date())

    def open(self, reference: str) -> tuple[int, PretendStudy] | None:
        """Return an exam by its OrderId and remember that it was opened."""
        number = int(reference) if reference.isascii() and reference.isdigit() else -1
        with self._lock:
            if not 0 <= number < len(self._studies):
                return None
            self._opened.add(number)
            return number, self._studies[number]

    def was_opened(self, tckn: str, sut: str) -> bool:
        """Whether one of the patient's exams with that code has been opened."""
        return any(number in self._opened for number, _ in self.studies(tckn, [sut]))

    def remember(self, operation: str, parameter: dict[str, object]) -> None:
        """Keep what was asked; numbers of people are masked."""
        shown = {name: masked(str(value)) if name.endswith("CitizenId") else value for name, value in parameter.items()}
        with self._lock:
            self.asked.append({"operation": operation, **shown})


def duplicates_app(service: PretendDuplicates) -> Flask:
    """Put the pretend service behind HTTP."""
    app = Flask("gecit.sandbox.duplicates")
    app.config["MAX_CONTENT_LENGTH"] = 64 * 1024
    _token_service(app, service)
    for name, answer in OPERATIONS.items():
        app.add_url_rule(f"{INTEGRATION}/{name}", name, _operation(service, name, answer))

    @app.post("/studies")
    def add() -> Response:
        service.add(msgspec.json.decode(request.get_data(), type=PretendStudy))
        return jsonify(ok=True)

    @app.get("/inspect")
    def inspect() -> Response:
        return jsonify(note=NOTE, asked=service.asked, tokens_given=service.tokens_given)

    return app


def _token_service(app: Flask, service: PretendDuplicates) -> None:
    @app.post("/connect/token")
    def token() -> Response:
        basic = request.authorization
        client, secret = (basic.username or "", basic.password or "") if basic and basic.type == "basic" else ("", "")
        given = service.grant(client, secret, request.form.to_dict())
        if given is None:
            return Response('{"error": "invalid_grant"}', 400, content_type="application/json")
        return jsonify(access_token=given, expires_in=service.token_seconds, token_type="Bearer")  # noqa: S106


Parameter = dict[str, object]
Operation = Callable[[PretendDuplicates, Parameter], object]


def _operation(service: PretendDuplicates, name: str, answer: Operation) -> Callable[[], Response]:
    def ask() -> Response:
        if not service.admits(request.headers.get("Authorization", "").removeprefix("Bearer ")):
            return Response("{}", 401, content_type="application/json")
        try:
            parameter = json.loads(request.args.get("parameter", ""))
            found = answer(service, parameter)
        except (ValueError, TypeError, KeyError, AttributeError):
            return Response("{}", 400, content_type="application/json")
        service.remember(name, parameter)
        return Response(
            json.dumps(found, ensure_ascii=False), 404 if found is None else 200, mimetype="application/json"
        )

    return ask


def _previous(service: PretendDuplicates, parameter: Parameter) -> object:
    return _found(service, parameter, [str(parameter["SutCode"])])


def _previous_of_list(service: PretendDuplicates, parameter: Parameter) -> object:
    return _found(service, parameter, _codes(parameter))


def _codes(parameter: Parameter) -> list[str]:
    codes = parameter["SutCodeList"]
    if not isinstance(codes, list):
        raise TypeError("SutCodeList")
    return [str(one) for one in codes]


def _found(service: PretendDuplicates, parameter: Parameter, suts: list[str]) -> list[dict[str, object]]:
    if not parameter["MedulaInstitutionId"] or not parameter["DoctorCitizenId"]:
        raise ValueError("who asks")
    return [_row(number, one) for number, one in service.studies(str(parameter["PatientCitizenId"]), suts)]


def _row(number: int, study: PretendStudy) -> dict[str, object]:
    return {
        "OrderId": number,
        "InstitutionName": study.institution_name,
        "SKRS": study.institution,
        "AccessionNumber": study.accession,
        "ScheduleDate": _date(study.scheduled_at),
        "PerformedDate": _date(study.performed_at),
        "RequestedProcedureDescription": study.description,
        "IsStudyExist": study.images,
        "IsReportExist": bool(study.report),
    }


def _date(moment: datetime | None) -> str | None:
    return local(moment).strftime("%Y-%m-%dT%H:%M:%S") if moment else None


def _detail(service: PretendDuplicates, parameter: Parameter) -> object:
    tckn = str(parameter["PatientCitizenId"])
    return [{"SutCode": one, "Result": service.was_opened(tckn, normal_sut(one))} for one in _codes(parameter)]


def _report(service: PretendDuplicates, parameter: Parameter) -> object:
    opened = service.open(str(parameter["OrderId"]))
    return {"Report": opened[1].report} if opened and opened[1].report else None


def _image_link(service: PretendDuplicates, parameter: Parameter) -> object:
    opened = service.open(str(parameter["OrderId"]))
    return {"Url": f"{request.host_url}viewer/{opened[0]}"} if opened and opened[1].images else None


OPERATIONS: dict[str, Operation] = {
    "GetPreviousStudies": _previous,
    "GetPreviousStudiesForSutCodeList": _previous_of_list,
    "GetPreviousStudiesSearchDetail": _detail,
    "GetReport": _report,
    "GetImageLink": _image_link,
}
