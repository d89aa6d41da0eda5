"""The catalogue of remarks: every code that an ACK can carry, in one table.

`docs/conformance/hl7.md` shows the same table; a test holds the two together.
"""

from __future__ import annotations

import msgspec

from .remarks import Remark, Severity, Where
from .values import Text, Value

_AA, _AE, _AR = Severity.NOTE, Severity.ERROR, Severity.REJECT


class Mender(Value):
    """Who must mend what a remark names."""

    code: str
    text: Text

    @property
    def who(self) -> str:
        """Return the name by which rules call the same people."""
        return {"hbys": "HBYS", "operator": "administrator"}.get(self.code, self.code)


HBYS = Mender(code="hbys", text=Text(tr="HBYS firması", en="the HBYS vendor"))
HOSPITAL = Mender(code="hospital", text=Text(tr="hastane", en="the hospital"))
RADIOLOGIST = Mender(code="radiologist", text=Text(tr="raporu yazan hekim", en="the reporting physician"))
OPERATOR = Mender(code="operator", text=Text(tr="Geçit yöneticisi", en="the administrator of Geçit"))
NOBODY = Mender(code="nobody", text=Text(tr="kimse; daha sonra yeniden gönderin", en="nobody; send it again later"))


class Entry(Value):
    """One row: what is said, how it is answered, who mends it, and the Ministry's own number where one is known."""

    code: str
    severity: Severity
    tr: str  # the first sentence must be short: MSA-3 carries it in 80 characters
    en: str
    mender: Mender
    transient: bool = False
    ministry: str = ""  # number that the Ministry's own receiver answers


def _row(
    code: str, severity: Severity, mender: Mender, tr: str, en: str, *, transient: bool = False, ministry: str = ""
) -> Entry:
    return Entry(code=code, severity=severity, tr=tr, en=en, mender=mender, transient=transient, ministry=ministry)


_ROWS = (
    # The frame and the message as a whole
    _row("too-long", _AR, HBYS, "Mesaj çok uzun (sınır {limit} bayt).", "Message too long (limit {limit} bytes)."),
    _row(
        "too-many-segments",
        _AR,
        HBYS,
        "Mesajda çok fazla segment var (sınır {limit}).",
        "The message has too many segments (limit {limit}).",
    ),
    _row(
        "segment-too-long",
        _AR,
        HBYS,
        "Segment çok uzun (sınır {limit} karakter); yalnız OBX daha uzun olabilir.",
        "The segment is too long (limit {limit} characters); only OBX may be longer.",
    ),
    _row("truncated", _AR, HBYS, "Mesaj yarım kaldı; FS gelmedi.", "Message truncated: no FS came."),
    _row("not-hl7", _AR, HBYS, "HL7 değil: MSH ile başlamıyor.", "Not HL7: it does not begin with a usable MSH."),
    _row("binary", _AE, HBYS, "Metinde ikili veri (NUL) var.", "The text holds binary data (NUL)."),
    _row("line-break-inside", _AA, HBYS, "Alan içinde satır sonu var.", "A line break stands inside a field."),
    _row(
        "version-unsupported",
        _AR,
        HBYS,
        "MSH-12 '{found}' kabul edilmiyor; beklenen: {expected}.",
        "MSH-12 '{found}' is not accepted; expected: {expected}.",
        ministry="0002",
    ),
    _row(
        "message-type-unknown",
        _AR,
        HBYS,
        "MSH-9 '{found}' bilinmiyor; ORM^O01, ORU^R01 veya ADT.",
        "MSH-9 '{found}' is unknown; send ORM^O01, ORU^R01, or ADT^A01, A02, A03, A04, A08, A11, A13.",
    ),
    _row(
        "type-contradicts-body",
        _AE,
        HBYS,
        "MSH-9 ile içerik çelişiyor: {missing} yok.",
        "MSH-9 contradicts the body: there is no {missing}.",
    ),
    _row(
        "processing-id",
        _AR,
        HBYS,
        "MSH-11 '{found}' kabul edilmiyor; P gönderin.",
        "MSH-11 '{found}' is not accepted; send P.",
    ),
    _row(
        "control-id-missing",
        _AE,
        HBYS,
        "MSH-10 (mesaj kimliği) boş.",
        "MSH-10 (message control id) is empty.",
    ),
    _row(
        "control-id-reused",
        _AA,
        HBYS,
        "MSH-10 başka içerikle yeniden kullanıldı.",
        "MSH-10 was used before with other content.",
    ),
    _row(
        "charset-undeclared",
        _AA,
        HBYS,
        "MSH-18 boş; {used} olarak okundu.",
        "MSH-18 is empty; read as {used}.",
    ),
    _row(
        "charset-unknown",
        _AA,
        HBYS,
        "MSH-18 '{found}' bilinmiyor; {used} olarak okundu.",
        "MSH-18 '{found}' is unknown; read as {used}.",
    ),
    _row(
        "charset-mislabelled",
        _AA,
        HBYS,
        "Karakter kümesi yanlış: {declared} denmiş, {used} okundu.",
        "Character set mislabelled: {declared} declared, read as {used}.",
    ),
    # Who speaks
    _row(
        "peer-unknown",
        _AR,
        HOSPITAL,
        "Bu adres tanımlı değil. IP adresinizi Geçit yöneticisine bildirin.",
        "This address is not registered. Give your IP address to the administrator of Geçit.",
        transient=True,
    ),
    _row(
        "institution-unknown",
        _AR,
        HOSPITAL,
        "Kurum SKRS kodu '{found}' tanımlı değil.",
        "Institution SKRS code '{found}' is not registered.",
        transient=True,
    ),
    _row(
        "institution-not-of-peer",
        _AR,
        HOSPITAL,
        "Bu adres '{found}' kurumu adına gönderemez.",
        "This address may not send for institution '{found}'.",
        transient=True,
    ),
    _row(
        "institution-missing",
        _AE,
        HBYS,
        "Kurum SKRS kodu yok.",
        "The institution's SKRS code is missing.",
    ),
    # Order and report alike
    _row("accession-missing", _AE, HBYS, "Erişim numarası yok.", "The accession number is missing."),
    _row(
        "accession-contradictory",
        _AE,
        HBYS,
        "Erişim numaraları çelişiyor: {found}.",
        "Accession numbers contradict each other: {found}.",
    ),
    _row(
        "accession-too-long",
        _AE,
        HBYS,
        "Erişim numarası 16 karakterden uzun.",
        "The accession number is longer than 16 characters (DICOM SH).",
    ),
    _row(
        "accession-unusable",
        _AE,
        HBYS,
        "Erişim numarasında geçersiz karakter var.",
        "The accession number holds a character that DICOM SH does not allow.",
    ),
    _row(
        "order-control-unknown",
        _AE,
        HBYS,
        "ORC-1 '{found}' bilinmiyor; NW, XO veya CA.",
        "ORC-1 '{found}' is unknown; send NW, XO or CA.",
    ),
    _row(
        "order-control-contradictory",
        _AE,
        HBYS,
        "ORC-1 değerleri çelişiyor: {found}.",
        "ORC-1 values of one exam contradict each other: {found}.",
    ),
    _row(
        "admission-missing",
        _AA,
        HBYS,
        "PV1-19 boş: hasta kabul no (101 paketindeki).",
        "PV1-19 is empty: the admission reference of e-Nabız package 101.",
        ministry="0278",
    ),
    _row(
        "modality-missing",
        _AA,
        HBYS,
        "OBR-24 boş: modalite (CT, MR, ...) gönderin.",
        "OBR-24 is empty: send the modality (CT, MR, ...).",
    ),
    _row(
        "order-time-missing",
        _AA,
        HBYS,
        "OBR-6 ve ORC-9 boş: istem zamanı yerine alınma anı kullanılır.",
        "OBR-6 and ORC-9 are empty: the time of receipt stands in for the order's.",
    ),
    _row(
        "sender-missing",
        _AA,
        HBYS,
        "MSH-3 boş: firma kodunuzu yazın.",
        "MSH-3 is empty: write your firm code.",
        ministry="0275",
    ),
    _row(
        "patient-missing",
        _AE,
        HBYS,
        "Hasta TCKN ve dosya no ikisi de boş.",
        "Both the patient's TCKN and the file number are empty.",
    ),
    _row(
        "tckn-invalid",
        _AA,
        HBYS,
        "Hasta TCKN geçersiz. Karar kuralla verilir.",
        "The patient's TCKN is invalid. A rule decides what follows.",
    ),
    _row(
        "time-unreadable",
        _AA,
        HBYS,
        "{field} zamanı okunamadı; YYYYMMDDHHMMSS yazın.",
        "The time in {field} cannot be read; write YYYYMMDDHHMMSS.",
    ),
    _row(
        "sut-dotted",
        _AA,
        HBYS,
        "SUT kodu noktasız yazılmalı: {used}.",
        "Write the SUT code without punctuation: {used}.",
    ),
    _row(
        "cancel-unknown-order",
        _AA,
        HBYS,
        "İptal edilen istem bilinmiyor; kaydedildi.",
        "The cancelled order is unknown; the cancellation is recorded.",
    ),
    _row(
        "change-unknown-order",
        _AA,
        HBYS,
        "Değiştirilen istem bilinmiyor; yeni sayıldı.",
        "The changed order is unknown; it is taken as new.",
    ),
    # The report
    _row(
        "report-not-base64",
        _AE,
        HBYS,
        "Rapor bölümü {part} base64 değil. HBYS düzeltip yeniden göndermeli.",
        "Report part {part} is not base64. The HBYS must mend it and send it again.",
    ),
    _row(
        "report-not-text",
        _AE,
        HBYS,
        "Rapor bölümü {part} metin veya HTML değil.",
        "Report part {part} is neither text nor HTML (RTF and PDF are not accepted).",
    ),
    _row(
        "report-format-unknown",
        _AE,
        HBYS,
        "OBX-3 '{found}' bilinmiyor; TXT^BASE64 veya HTML^BASE64.",
        "OBX-3 '{found}' is unknown; send TXT^BASE64 or HTML^BASE64.",
    ),
    _row(
        "report-part-unknown",
        _AE,
        HBYS,
        "Rapor bölümünün numarası (1-4) yok.",
        "A report part has no number from 1 to 4.",
    ),
    _row(
        "report-part-repeated",
        _AE,
        HBYS,
        "Rapor bölümü {part} birden çok gönderilmiş.",
        "Report part {part} was sent more than once, with different content.",
    ),
    _row(
        "report-part-missing",
        _AE,
        RADIOLOGIST,
        "Rapor bölümü eksik: {part} ({name_tr}).",
        "A report part is missing: {part} ({name_en}).",
    ),
    _row(
        "report-status-unknown",
        _AE,
        HBYS,
        "OBX-11 '{found}' bilinmiyor; {expected}.",
        "OBX-11 '{found}' is unknown; send {expected}.",
    ),
    _row(
        "findings-too-short",
        _AE,
        RADIOLOGIST,
        "Bulgular {found} karakter; en az {expected} olmalı.",
        "The findings have {found} characters; at least {expected} are needed.",
    ),
    _row(
        "rating-unreadable",
        _AA,
        HBYS,
        "OBX-13 değerlendirmesi '{found}' 1-5 arası olmalı.",
        "The ratings '{found}' in OBX-13 must each be from 1 to 5; what is not is left out.",
    ),
    _row(
        "contrast-unreadable",
        _AA,
        HBYS,
        "OBX-17 kontrast okunamadı: yol^madde^yoğunluk (IV, O, IA, IT, ID, R).",
        "The contrast in OBX-17 cannot be read: write route^agent^concentration, route IV, O, IA, IT, ID or R.",
    ),
    _row(
        "report-repeated",
        _AA,
        HBYS,
        "Aynı rapor yürürlükte; yeni sürüm sayılmadı.",
        "The same report is in force already; it is no new version.",
    ),
    _row(
        "report-superseded",
        _AA,
        HBYS,
        "Bu rapor daha önce geldi, yürürlükte değil; yeni sürüm sayılmadı. "
        "Geri getirmek için yeni onay zamanıyla (OBR-7) ya da düzeltme olarak gönderin.",
        "This report came before and is not in force; it is no new version. "
        "To bring it back, send it with a new time of approval (OBR-7) or as a correction.",
    ),
    _row(
        "report-approved-earlier",
        _AA,
        HBYS,
        "Onay zamanı (OBR-7) yerini aldığı raporunkinden eski. Yanlışlıksa geçerli raporu düzeltme olarak gönderin.",
        "It was approved (OBR-7) before the report whose place it takes. "
        "If that is a mistake, send the right one as a correction.",
    ),
    _row(
        "addendum-empty",
        _AE,
        RADIOLOGIST,
        "Ek raporda metin yok.",
        "The addendum holds no text.",
    ),
    _row(
        "addendum-without-report",
        _AA,
        HBYS,
        "Ek raporun ekleneceği rapor yok; rapor beklenecek.",
        "There is no report that the addendum adds to; it waits for one.",
    ),
    _row(
        "correction-without-report",
        _AA,
        HBYS,
        "Düzeltilen rapor bilinmiyor; yeni rapor sayıldı.",
        "The corrected report is unknown; this one is taken as the report.",
    ),
    _row(
        "preliminary-after-final",
        _AA,
        HBYS,
        "Kesin rapordan sonra ön rapor geldi; kesin rapor geçerli.",
        "A preliminary report came after a final one, which stays in force.",
    ),
    _row(
        "report-patient-differs",
        _AE,
        HBYS,
        "PID-4, bu istemin hastasının TCKN'si değil.",
        "PID-4 is not the TCKN of this order's patient.",
    ),
    _row(
        "radiologist-missing",
        _AE,
        HBYS,
        "Onaylayan hekim (OBX-16) yok.",
        "The approving radiologist (OBX-16) is missing.",
    ),
    _row(
        "radiologist-refused",
        _AE,
        RADIOLOGIST,
        "Onaylayan hekim ÇKYS'de radyolog değil.",
        "The approving physician is no radiologist in the registry (ÇKYS).",
    ),
    _row(
        "second-signer-no-radiologist",
        _AA,
        RADIOLOGIST,
        "Sonraki imza sahibi ÇKYS'de radyolog değil.",
        "A further signer is no radiologist in the registry (ÇKYS); the approving one is, and decides.",
    ),
    _row(
        "registry-unavailable",
        _AE,
        NOBODY,
        "Hekim kaydı şu an sorulamıyor; mesaj saklandı.",
        "The registry of physicians cannot be asked now; the message is kept and will be tried again.",
        transient=True,
    ),
    # The visit, and who treats there
    _row(
        "encounter-number",
        _AE,
        HBYS,
        "PV1-19 (başvuru no) boş ya da 64 karakterden uzun.",
        "PV1-19 (the visit's number) is empty or longer than 64 characters.",
    ),
    _row(
        "encounter-unknown",
        _AA,
        HBYS,
        "Başvuru bilinmiyordu; kaydedildi.",
        "The visit was unknown; it is recorded.",
    ),
    _row(
        "encounter-stale",
        _AA,
        HBYS,
        "Bu başvuru için daha yeni mesaj var; uygulanmadı.",
        "Something newer was told of this visit; the message is kept and not followed.",
    ),
    _row(
        "encounter-over",
        _AA,
        HBYS,
        "Başvuru taburcu edilmişti; erişim açılmadı (A13 ile açılır).",
        "The visit was discharged before, so no access is opened: A13 takes a discharge back; a new visit has a number "
        "of its own.",
    ),
    _row(
        "attending-missing",
        _AA,
        HBYS,
        "PV1-7 boş: tedavi eden hekimin TCKN'si yok.",
        "PV1-7 is empty: nobody is named who treats; no access is opened.",
    ),
    _row(
        "physician-without-account",
        _AA,
        HOSPITAL,
        "Hekimin bu kurumda Geçit hesabı yok; erişim açılmadı.",
        "The physician has no account of this institution in Geçit; no access is opened.",
    ),
    _row(
        "care-without-tckn",
        _AA,
        HBYS,
        "Hastanın TCKN'si yok ya da geçersiz; erişim açılmadı.",
        "The patient's TCKN is missing or invalid; no access is opened.",
    ),
    _row(
        "care-closed",
        _AA,
        OPERATOR,
        "Yürürlükteki erişim kuralı bunu açmıyor.",
        "The rule in force (rules/access/care.toml) does not open this; the visit is recorded.",
    ),
    _row(
        "trial-with-patient",
        _AE,
        OPERATOR,
        "Deneme kurumu gerçek hasta gönderemez; gönderen adresi denetleyin.",
        "A trial institution sends made-up patients alone (gecit selftest); whose address is this?",
    ),
    _row(
        "ledger-unavailable",
        _AE,
        OPERATOR,
        "Geçit'in kayıt defteri yanıt vermiyor; mesajı yeniden gönderin.",
        "Geçit's ledger does not answer; send the message again.",
        transient=True,
    ),
    _row(
        "internal",
        _AE,
        OPERATOR,
        "Geçit'te iç hata; mesajı yeniden gönderin.",
        "Internal error in Geçit; send the message again.",
        transient=True,
    ),
)

CATALOGUE: dict[str, Entry] = {row.code: row for row in _ROWS}
"""Every code; the order is the order of the documentation."""


def remark(code: str, where: Where | None = None, **values: object) -> Remark:
    """Make a remark from the catalogue, `where` standing at MSH; an unknown code or placeholder is a KeyError."""
    entry = CATALOGUE[code]
    return Remark(
        code=code,
        severity=entry.severity,
        where=where or Where(),
        text=Text(tr=entry.tr.format_map(values), en=entry.en.format_map(values)),
        transient=entry.transient,
    )


def with_severity(one: Remark, severity: Severity) -> Remark:
    """Return the remark with the severity that a profile gives it."""
    return msgspec.structs.replace(one, severity=severity)
