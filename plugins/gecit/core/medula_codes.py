"""Result codes of a delivery to MEDULA, as one table: what each means, what to do, and who does it.

Of SGK's own codes public clients show only these three; every other one is kept verbatim, and a person looks.
"""

from __future__ import annotations

from .values import Text, Value

SUCCESS = frozenset({"0000", "9000"})
ALREADY_REGISTERED = "1229"  # of a row; its message holds the earlier islemSiraNo

NO_FACILITY = "GECIT-NO-FACILITY"
NO_PHYSICIAN = "GECIT-NO-PHYSICIAN"
NO_BRANCH = "GECIT-NO-BRANCH"
NO_DATE = "GECIT-NO-DATE"
NO_SUT = "GECIT-NO-SUT"
PARTLY = "GECIT-PARTLY"  # what stands there is a part of it
NOT_OF_THE_WSDL = "GECIT-WSDL"
NEVER_SENT = "GECIT-NEVER-SENT"  # taken back before anybody was told
OVERTAKEN = "GECIT-OVERTAKEN"  # a parked row that was retried after its exam had moved on
NOT_QUEUED = "GECIT-NOT-QUEUED"  # a row that nothing in its exam speaks of: not Geçit's own
PARKED = "GECIT-PARKED"  # by a person
MALFORMED = "malformed"
NOTHING_TO_WITHDRAW = "nothing-to-withdraw"
CLIENT_FAULT = "soap:Client"


class Explained(Value):
    """A code in words."""

    meaning: Text
    fix: Text
    who: str  # administrator | HBYS | billing


def _row(tr: str, en: str, fix_tr: str, fix_en: str, who: str) -> Explained:
    return Explained(meaning=Text(tr=tr, en=en), fix=Text(tr=fix_tr, en=fix_en), who=who)


_RETRY_TR, _RETRY_EN = "sonra `gecit outbox retry`", "then `gecit outbox retry`"

EXPLAINED: dict[str, Explained] = {
    ALREADY_REGISTERED: _row(
        "Bu işlem MEDULA'da zaten kayıtlı, ama bu tetkikin kaydı değil.",
        "The procedure is registered already, and not as a row of this exam.",
        f"İletideki işlem sıra numarasını MEDULA'da arayın: başka kayıt doğruysa bu teslimatı bırakın, yanlışsa orada "
        f"iptal ettirin, {_RETRY_TR}.",
        f"Look the islemSiraNo of the message up in MEDULA: leave this delivery where the other row is right, have "
        f"it cancelled there where it is wrong, {_RETRY_EN}.",
        "billing",
    ),
    NO_FACILITY: _row(
        "Kurumun MEDULA tesis kodu yok.",
        "The institution has no MEDULA code.",
        f"`gecit institutions add SKRS --medula-code ...` ile yazın, {_RETRY_TR}.",
        f"Record it with `gecit institutions add SKRS --medula-code ...`, {_RETRY_EN}.",
        "administrator",
    ),
    NO_PHYSICIAN: _row(
        "Hekimin tescil numarası listede yok; hiçbir mesaj onu taşımaz.",
        "The physician's registration number is not in the list; no message carries it.",
        f"Hekimi ekleyip listeyi alın: `gecit codes import physicians FILE`, {_RETRY_TR}. Numara mesajda yoksa ya da "
        "yanlışsa HBYS düzeltir.",
        f"Add the physician and import the list: `gecit codes import physicians FILE`, {_RETRY_EN}. Where the message "
        "names nobody or the wrong number, HBYS mends it.",
        "administrator",
    ),
    NO_BRANCH: _row(
        "Raporlayan hekimin MEDULA branş kodu listede boş.",
        "The list has no branch code of the reporting physician.",
        f"`brans_kodu` sütununu doldurup listeyi alın: `gecit codes import physicians FILE`, {_RETRY_TR}.",
        f"Fill in `brans_kodu` and import the list: `gecit codes import physicians FILE`, {_RETRY_EN}.",
        "administrator",
    ),
    NO_DATE: _row(
        "İşlem tarihi yok: ne çalışmanın ne istemin tarihi biliniyor.",
        "There is no date of the procedure: neither study nor order has one.",
        "İstem tarihini (OBR-6) XO mesajı ile gönderin.",
        "Send the order date (OBR-6) with an XO message.",
        "HBYS",
    ),
    NO_SUT: _row(
        "Bir işlemin SUT kodu yok, ya da hiç işlem yok.",
        "A procedure has no SUT code, or there is no procedure.",
        "SUT kodunu (OBR-4.1) XO mesajı ile gönderin.",
        "Send the SUT code (OBR-4.1) with an XO message.",
        "HBYS",
    ),
    NOT_OF_THE_WSDL: _row(
        "Bildirim, ayarlanan WSDL'in biçimine uymuyor.",
        "The notification does not fit the WSDL that is configured.",
        f"Gecit.Medula.Wsdl dosyasını denetleyin, {_RETRY_TR}.",
        f"Check the file that Gecit.Medula.Wsdl names, {_RETRY_EN}.",
        "administrator",
    ),
    NEVER_SENT: _row(
        "Gönderilmeden geri alındı; MEDULA'ya hiç bildirilmedi.",
        "Taken back before it was sent; MEDULA was never told.",
        "Yapılacak bir şey yok.",
        "Nothing is to be done.",
        "",
    ),
    NOT_QUEUED: _row(
        "Bu satırı Geçit yazmamış: tetkikin kaydında böyle bir bildirim yok, ya da satır başka bir tetkiki anlatıyor.",
        "Geçit did not write this row: the exam's record has no such notification, or the row speaks of another exam.",
        "Gönderilmez; kayıt defterine kimin yazabildiğine bakın: `gecit ledger verify`, `gecit audit verify`.",
        "It is not sent; look who could write to the ledger: `gecit ledger verify`, `gecit audit verify`.",
        "administrator",
    ),
    OVERTAKEN: _row(
        "Tetkik bu satır bekletilirken ilerledi; satır artık geçersiz.",
        "The exam moved on while this row was parked; the row is void.",
        "Yapılacak bir şey yok: tetkikin yeni satırına bakın.",
        "Nothing is to be done: look at the exam's newer row.",
        "",
    ),
    PARKED: _row(
        "Bir kişi beklemeye aldı.",
        "A person parked it.",
        "Gönderilecekse `gecit outbox retry`.",
        "`gecit outbox retry` sends it.",
        "administrator",
    ),
    MALFORMED: _row(
        "Bildirim okunamıyor.",
        "The notification cannot be read.",
        "Geçit'in üreticisine bildirin.",
        "Tell who maintains Geçit.",
        "administrator",
    ),
    NOTHING_TO_WITHDRAW: _row(
        "MEDULA'da geri alınacak kayıt yok.",
        "Nothing stands at MEDULA that could be withdrawn.",
        "Kaydı MEDULA'da elle arayın; yoksa bu teslimatı bırakın.",
        "Look for it in MEDULA by hand; leave this delivery where there is none.",
        "billing",
    ),
    CLIENT_FAULT: _row(
        "MEDULA mesajı SOAP Fault (Client) ile geri çevirdi.",
        "MEDULA turned the message down with a SOAP Fault (Client).",
        f"Fault iletisindeki nedeni giderin, {_RETRY_TR}.",
        f"Mend what the fault's message names, {_RETRY_EN}.",
        "administrator",
    ),
    "already-notified": _row(
        "Bu tetkikin geçerli bir bildirimi var.",
        "A notification of this exam is in force.",
        "Kayıt defteri eski bir yedekten döndüyse bildirimi MEDULA'da karşılaştırın.",
        "Where the ledger was restored from an older copy, compare it with what MEDULA holds.",
        "administrator",
    ),
    "key-reused": _row(
        "Aynı anahtar başka içerikle kullanılmış.",
        "The key was used for another content.",
        "Kayıt defteri eski bir yedekten döndüyse bildirimi MEDULA'da karşılaştırın.",
        "Where the ledger was restored from an older copy, compare it with what MEDULA holds.",
        "administrator",
    ),
    "field-missing": _row(
        "Bildirimin zorunlu bir alanı boş.",
        "A field that the notification needs is empty.",
        f"İletinin adını verdiği alanı düzeltin, {_RETRY_TR}.",
        f"Mend the field that the message names, {_RETRY_EN}.",
        "HBYS",
    ),
    "too-large": _row(
        "Bildirim çok büyük.",
        "The notification is too large.",
        "İstemdeki işlem sayısını denetleyin.",
        "Look at the number of procedures of the order.",
        "HBYS",
    ),
}

UNKNOWN = _row(
    "Bu kodu Geçit bilmiyor; ileti olduğu gibi gösterilir.",
    "Geçit does not know this code; the message is shown as it came.",
    f"İletiye göre düzeltin, {_RETRY_TR}; gönderilmeyecekse bırakın.",
    f"Mend what the message names, {_RETRY_EN}; leave it where it is not to be sent.",
    "administrator",
)


def explained(error: str) -> Explained | None:
    """Return what a delivery's last error means, by the code it begins with; None where there is no error."""
    code = error.partition(" ")[0].removesuffix(":")
    return EXPLAINED.get(code, UNKNOWN) if error else None
