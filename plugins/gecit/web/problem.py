"""Errors as people and programs read them: `application/problem+json` (RFC 9457) in both languages, or a page."""

from __future__ import annotations

import logging
import traceback

from flask import Response, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from gecit.core.values import Text, Value, to_json
from gecit.edges.doors import Why

log = logging.getLogger("gecit.web")


class Problem(Value):
    """What went wrong and who must do what; `type` and `status` as in RFC 9457."""

    type: str
    status: int
    title: Text
    detail: Text


_ADMINISTRATOR = Text(
    tr="Sistem yöneticisi Orthanc günlüğünde gecit.web satırlarına bakmalı.",
    en="The administrator should look for gecit.web lines in Orthanc's log.",
)
_NOT_FOUND = Text(
    tr="Adresi denetleyin; bir tetkik arıyorsanız kurum kodunu ve erişim numarasını da: istem hiç gelmemiş olabilir.",
    en="Check the address, and an exam's institution code and accession number: its order may never have arrived.",
)

PROBLEMS: dict[str, Problem] = {
    one.type: one
    for one in (
        Problem(
            type="sign-in",
            status=401,
            title=Text(tr="Oturum açılmadı", en="Not signed in"),
            detail=Text(
                tr="Kullanıcı adı ve parola ya da geçerli bir belirteç gerekir; bunları sistem yöneticisi verir.",
                en="A user name and password or a valid token is needed; the administrator gives them.",
            ),
        ),
        Problem(
            type="csrf",
            status=403,
            title=Text(tr="İstek bu sayfalardan gelmiyor", en="The request does not come from these pages"),
            detail=Text(
                tr="Oturumunuz yenilenmiş olabilir: sayfayı yeniden açıp bir daha deneyin. Hiçbir şey değiştirilmedi.",
                en="Your session may have been renewed: open the page again and repeat. Nothing was changed.",
            ),
        ),
        Problem(
            type="provider",
            status=502,
            title=Text(tr="Kimlik sağlayıcı ile oturum açılamadı", en="Signing in by the provider failed"),
            detail=Text(
                tr="Yeniden deneyin. Sürerse sistem yöneticisi gecit.sign_in günlük satırlarına ve sağlayıcının "
                "ayarlarına (Issuer, ClientId, ClientSecretFile) bakmalı.",
                en="Try again. If it lasts, the administrator should look at the log lines of gecit.sign_in and at the "
                "provider's settings (Issuer, ClientId, ClientSecretFile).",
            ),
        ),
        Problem(
            type="forbidden",
            status=403,
            title=Text(tr="Bu işlem için yetkiniz yok", en="You may not do this"),
            detail=Text(
                tr="Yetkiyi kurumunuzun yöneticisi ya da Teleradyoloji birimi verir.",
                en="The manager of your institution or the Teleradyoloji unit gives the right.",
            ),
        ),
        Problem(
            type="too-many-at-once",
            status=429,
            title=Text(tr="Aynı anda çok fazla istek", en="Too many requests at once"),
            detail=Text(
                tr="Bir program aynı anda en çok dört istek gönderebilir; yanıtları bekleyip bir saniye sonra yeniden "
                "deneyin. Programı yazan düzeltmeli.",
                en="A program may have four requests under way; wait for answers and try again after a second. Whoever "
                "wrote the program must mend it.",
            ),
        ),
        Problem(
            type="too-many",
            status=429,
            title=Text(tr="Çok fazla yanlış parola", en="Too many wrong passwords"),
            detail=Text(tr="On beş dakika sonra yeniden deneyin.", en="Try again in fifteen minutes."),
        ),
        Problem(
            type="bad-request",
            status=400,
            title=Text(tr="İstek anlaşılamadı", en="The request cannot be understood"),
            detail=Text(
                tr="Adresteki sayıları ve işaretleri denetleyin.",
                en="Check the numbers and signs of the address.",
            ),
        ),
        Problem(type="not-found", status=404, title=Text(tr="Böyle bir kayıt yok", en="Not found"), detail=_NOT_FOUND),
        Problem(
            type="method",
            status=405,
            title=Text(tr="Bu adres bu yöntemi kabul etmez", en="This address does not take that method"),
            detail=Text(
                tr="Okumak için GET, mükerrer sorgusu için POST kullanın.",
                en="Use GET to read and POST to ask for duplicates.",
            ),
        ),
        Problem(
            type="conflict",
            status=409,
            title=Text(tr="Kaydın durumu buna izin vermiyor", en="It does not stand so that this could be done"),
            detail=Text(tr="Durumu yeniden okuyun.", en="Read anew how it stands."),
        ),
        Problem(
            type="too-large",
            status=413,
            title=Text(tr="Gövde çok büyük", en="The body is too large"),
            detail=Text(tr="En çok 1 MB gönderin.", en="Send 1 MB at the most."),
        ),
        Problem(
            type="media-type",
            status=415,
            title=Text(tr="Gövde türü yanlış", en="Wrong kind of body"),
            detail=Text(
                tr="Content-Type: application/json ile gönderin.", en="Send it with Content-Type: application/json."
            ),
        ),
        Problem(
            type="unprocessable",
            status=422,
            title=Text(tr="İstek belgedeki gibi değil", en="The request is not as described"),
            detail=Text(
                tr="Alanlar /gecit/api/openapi.json belgesindedir; programı yazan düzeltmeli.",
                en="The fields stand in /gecit/api/openapi.json; whoever wrote the program must mend it.",
            ),
        ),
        Problem(
            type="unavailable",
            status=503,
            title=Text(tr="Kayıt defterine ulaşılamıyor", en="The ledger cannot be reached"),
            detail=Text(
                tr=f"Birazdan yeniden deneyin. {_ADMINISTRATOR.tr}",
                en=f"Try again shortly. {_ADMINISTRATOR.en}",
            ),
        ),
        Problem(
            type="fault", status=500, title=Text(tr="Geçit'te bir hata oldu", en="Geçit failed"), detail=_ADMINISTRATOR
        ),
    )
}
BY_WHY = {Why.MISSING: "sign-in", Why.WRONG: "sign-in", Why.TOO_MANY: "too-many", Why.UNAVAILABLE: "unavailable"}
BY_STATUS = {one.status: one for one in PROBLEMS.values()}


def wants_json() -> bool:
    """Whether a program asks: everything under /gecit/api, QIDO-RS, and the metrics."""
    return request.path.startswith(("/gecit/api", "/gecit/dicom-web")) or request.path == "/gecit/metrics"


def refuse(kind: str) -> Response:
    """Answer with one of the problems that every route knows."""
    return show(PROBLEMS[kind])


def show(problem: Problem) -> Response:
    """Answer with a problem, as JSON or as a page."""
    if wants_json():
        response = make_response(to_json(problem), problem.status)
        response.content_type = "application/problem+json"
    else:
        response = make_response(render_template("problem.html", problem=problem), problem.status)
        if problem.status == 401:
            response.headers["WWW-Authenticate"] = 'Basic realm="Gecit", charset="UTF-8"'
    return response


def on_http_error(fault: HTTPException) -> Response:
    """Answer what Flask itself refuses."""
    if fault.response is not None:  # a redirect
        return make_response(fault.response)
    response = refuse(BY_STATUS.get(fault.code or 500, PROBLEMS["bad-request"]).type)
    allowed = [value for name, value in fault.get_headers() if name.lower() == "allow"]
    if allowed:  # RFC 9110 15.5.6: a 405 says what is allowed
        response.headers["Allow"] = allowed[0]
    return response


def on_unavailable(fault: Exception) -> Response:
    """Answer where the ledger or the audit cannot be written or read now: nothing was changed or shown."""
    log.warning("%s", type(fault).__name__)
    return refuse("unavailable")


def on_fault(fault: Exception) -> Response:
    """Answer what nobody expected; its message may hold a patient's data and is not logged."""
    frames = "".join(traceback.format_tb(fault.__traceback__))
    log.error("%s at\n%s", type(fault).__name__, frames)
    return refuse("fault")
