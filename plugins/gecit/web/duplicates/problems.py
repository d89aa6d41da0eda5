"""What can be wrong with a duplicate query, for the HBYS that asks; nothing of what it sent is repeated."""

from __future__ import annotations

from gecit.core.duplicate_question import MOST_CODES, Wrong
from gecit.core.values import Text

from ..problem import Problem

NO_QUESTION = Problem(
    type="no-question",
    status=400,
    title=Text(tr="Sorgu okunamadı", en="The question cannot be read"),
    detail=Text(
        tr="Gövde (GET biçiminde `parameter`) belgedeki alanlarla tek bir JSON nesnesi olmalı; HBYS düzeltmeli.",
        en="The body (`parameter` in the GET form) must be one JSON object with the documented fields; HBYS mends it.",
    ),
)
ABOVE = Problem(
    type="upstream-unavailable",
    status=503,
    title=Text(tr="Üst servis yanıt vermiyor", en="The service above does not answer"),
    detail=Text(
        tr="Bu rapor ya da görüntü üst serviste duruyor. Birazdan yeniden açın.",
        en="This report or these images stand with the service above. Open them again shortly.",
    ),
)


def _problem(wrong: Wrong, status: int, tr: tuple[str, str], en: tuple[str, str]) -> Problem:
    return Problem(type=wrong.value, status=status, title=Text(tr=tr[0], en=en[0]), detail=Text(tr=tr[1], en=en[1]))


PROBLEMS: dict[Wrong, Problem] = {
    Wrong.INSTITUTION: _problem(
        Wrong.INSTITUTION,
        422,
        (
            "Kurum tanınmıyor",
            "MedulaInstitutionId kayıtlı bir MEDULA tesis kodu değil (SKRS kodu da olmaz). Kodu HBYS düzeltir; kurumu "
            "sistem yöneticisi `gecit institutions add` ile ekler.",
        ),
        (
            "Unknown institution",
            "MedulaInstitutionId is no recorded MEDULA code (an SKRS code will not do). HBYS mends the code; the "
            "administrator adds an institution with `gecit institutions add`.",
        ),
    ),
    Wrong.PATIENT: _problem(
        Wrong.PATIENT,
        422,
        (
            "Hasta kimlik numarası geçerli değil",
            "PatientCitizenId geçerli bir TCKN ya da 99 ile başlayan yabancı numarası olmalı; numarası olmayan hasta "
            "için boş bırakın. HBYS düzeltir.",
        ),
        (
            "The patient's number is not valid",
            "PatientCitizenId must be a valid TCKN or a foreigner's number that begins with 99; leave it empty for a "
            "patient without one. HBYS mends it.",
        ),
    ),
    Wrong.PHYSICIAN: _problem(
        Wrong.PHYSICIAN,
        422,
        (
            "Hekim kimlik numarası geçerli değil",
            "DoctorCitizenId, adına sorgulanan hekimin TCKN'si olmalı (tescil numarası değil). HBYS düzeltir.",
        ),
        (
            "The doctor's number is not valid",
            "DoctorCitizenId must be the TCKN of the doctor on whose behalf it is asked (no registration number). HBYS "
            "mends it.",
        ),
    ),
    Wrong.NO_SUT: _problem(
        Wrong.NO_SUT,
        422,
        ("SUT kodu yok", "SutCode ya da SutCodeList en az bir SUT kodu içermeli. HBYS düzeltir."),
        ("No SUT code", "SutCode or SutCodeList must hold at least one SUT code. HBYS mends it."),
    ),
    Wrong.SUT: _problem(
        Wrong.SUT,
        422,
        (
            "SUT kodu biçimi yanlış",
            "SUT kodu en az 6 karakterdir: rakamlar, başında bir harf olabilir; 801.590 ile 801590 aynıdır. HBYS "
            "düzeltir.",
        ),
        (
            "A SUT code's form is wrong",
            "A SUT code has at least 6 characters: digits, perhaps one letter before them; 801.590 is 801590. HBYS "
            "mends it.",
        ),
    ),
    Wrong.TOO_MANY: _problem(
        Wrong.TOO_MANY,
        422,
        ("Çok fazla SUT kodu", f"Bir sorguda en çok {MOST_CODES} SUT kodu olur; HBYS sorguyu bölmeli."),
        ("Too many SUT codes", f"One question takes {MOST_CODES} SUT codes at the most; HBYS must split it."),
    ),
    Wrong.ORDER: _problem(
        Wrong.ORDER,
        404,
        ("Böyle bir OrderId yok", "OrderId bir sorgu yanıtından alınmalı ve değiştirilmemeli. HBYS düzeltir."),
        ("No such OrderId", "Take OrderId from the answer to a query, unchanged. HBYS mends it."),
    ),
    Wrong.EXPIRED: _problem(
        Wrong.EXPIRED,
        410,
        ("Bağlantının süresi doldu", "Yeniden sorgulayın; yeni yanıttaki bağlantı açılır."),
        ("The link has expired", "Ask again; the links of the new answer will open."),
    ),
    Wrong.NOTHING: _problem(
        Wrong.NOTHING,
        404,
        ("Açılacak bir şey yok", "Bu tetkikin raporu ya da görüntüsü artık bulunmuyor. Yeniden sorgulayın."),
        ("Nothing to open", "This exam's report or images are not there any more. Ask again."),
    ),
}
