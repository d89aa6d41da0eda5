"""Words for the short values that findings, events and signs of life carry; what has none stays as it is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from gecit.core.background import Answering
from gecit.core.reception import RULES
from gecit.core.values import Text
from gecit.ports import COMPUTER
from gecit.steps import background, watch_alike
from gecit.steps.ask_above import UPSTREAM_DOWN, UPSTREAM_REFUSED
from gecit.steps.duplicates import NO_NUMBER
from gecit.steps.receive_study import GONE, NO_LONGER

from .readable import amount, bytesize
from .words_tracking import DESTINATIONS

STATES: dict[Answering, Text] = {
    Answering.ANSWERED: Text(tr="yanıtlandı", en="answered"),
    Answering.FAILED: Text(tr="yanıtlanamadı", en="not answered"),
    Answering.UNASKABLE: Text(tr="kimlik numarası yok, sorulamaz", en="no identity number to ask by"),
}
REASONS: dict[str, Text] = {
    UPSTREAM_DOWN: Text(tr="üst servise ulaşılamadı", en="the service above could not be reached"),
    UPSTREAM_REFUSED: Text(tr="üst servis reddetti", en="the service above refused"),
    NO_NUMBER: Text(tr="hastanın numarası yok", en="the patient has no number"),
}
"""Why a duplicate query failed."""

CAUSES: dict[str, Text] = {
    "order NW": Text(tr="istem geldi", en="the order came"),
    "order XO": Text(tr="istem değişti", en="the order changed"),
    "order CA": Text(tr="istem iptal edildi", en="the order was cancelled"),
    "order replaced": Text(tr="istem değişti", en="the order changed"),
    "order amended": Text(tr="istem değişti", en="the order changed"),
    "order cancelled": Text(tr="istem iptal edildi", en="the order was cancelled"),
    "report received": Text(tr="rapor geldi", en="the report came"),
    "report signed": Text(tr="rapor imzalandı", en="the report was signed"),
    "grant ended": Text(tr="rapor yetkisi bitti", en="the grant to report ended"),
    "report refused": Text(tr="rapor geri çevrildi", en="the report was refused"),
    "report deferred": Text(tr="rapor bekletildi", en="the report was deferred"),
    "registry": Text(tr="hekim kaydı sorgulanamadı", en="the registry of physicians could not be asked"),
    "images": Text(tr="görüntüler değişti", en="the images changed"),
    "due": Text(tr="süresi geldi", en="its time came"),
    "medula answered": Text(tr="MEDULA yanıt verdi", en="MEDULA answered"),
    "changed before it was sent": Text(tr="gönderilmeden değişti", en="changed before it was sent"),
    background.EARLIER_CHANGED: Text(tr="önceki bir tetkik değişti", en="an earlier exam changed"),
    background.QUERIED: Text(tr="mükerrer sorgusu yapıldı", en="a duplicate query was made"),
    background.UID_SHARED: Text(tr="aynı Study Instance UID", en="the same Study Instance UID"),
    GONE: Text(tr="çalışma silindi", en="the study was deleted"),
    NO_LONGER: Text(tr="kimlikler artık uymuyor", en="its identifiers no longer match"),
}
"""Why something was done, as events carry it."""

DETAILS: dict[str, Text] = {
    COMPUTER: Text(tr="bilgisayar", en="computer"),
    "follows": Text(tr="görüntüleri izliyor (1: evet)", en="follows the index (1: yes)"),
    "open studies": Text(tr="görüntüsü gelmekte olan çalışma", en="studies still arriving"),
    "change": Text(tr="son okunan değişiklik no", en="last change read"),
    "cannot be judged": Text(tr="değerlendirilemeyen tetkik", en="exams that cannot be judged"),
    "re-judging": Text(tr="yeniden değerlendirme", en="re-judging"),
    "changes behind": Text(tr="okunmamış değişiklik", en="changes not yet read"),
    "webhook addresses resting": Text(tr="dinlendirilen webhook adresi", en="webhook addresses left alone"),
    "disk free": Text(tr="boş disk", en="free disk"),
    "disk total": Text(tr="disk", en="disk"),
    "clock behind": Text(tr="saatin veritabanından geriliği (sn)", en="clock behind the database's (s)"),
    watch_alike.AUDIT_KEY: Text(tr="denetim anahtarının adı", en="the audit key's name"),
    watch_alike.CODE_LISTS_AT: Text(tr="en yeni kod listesinin alınışı", en="the newest code list was taken in"),
    watch_alike.SETTINGS: Text(tr="değerlendirme ayarlarının adı", en="the judging settings' name"),
    "backup": Text(tr="son yedek", en="newest backup"),
    "backup due": Text(tr="yeni yedek en geç", en="next backup due by"),
    "last sweep": Text(tr="son tam tarama", en="last full sweep"),
    "connections": Text(tr="bağlantı", en="connections"),
    "connections dismissed": Text(tr="yer açmak için kapatılan bağlantı", en="connections closed to make room"),
    "connections refused": Text(tr="geri çevrilen bağlantı", en="connections refused"),
    "frames": Text(tr="HL7 çerçevesi", en="HL7 frames"),
    "groups": Text(tr="birlikte işlenen küme", en="groups handled together"),
    "failures": Text(tr="işlenemeyen", en="failures"),
    "too-long": Text(tr="çok uzun çerçeve", en="frames too long"),
    "truncated": Text(tr="yarım kalan çerçeve", en="frames cut off"),
    "garbage": Text(tr="çerçeve dışı bayt", en="bytes outside frames"),
    "vt-missing": Text(tr="başlangıcı olmayan çerçeve", en="frames without their start"),
}
"""What a process says of itself in its sign of life."""
IN_BYTES = ("disk free", "disk total")

PROCESSES: dict[str, Text] = {
    "orthanc": Text(tr="Orthanc eklentisi", en="the plugin in Orthanc"),
    "web": Text(tr="sayfalar ve API", en="pages and API"),
    "listen": Text(tr="HL7 alıcısı", en="HL7 receiver"),
    "work": Text(tr="değerlendirme ve gönderim", en="judging and delivery"),
}

FIRST_WORDS: dict[str, Text] = {
    "delivery seconds ": Text(tr="teslimat süresi toplamı (sn),", en="delivery seconds,"),
    "delivered ": Text(tr="teslim edilen,", en="delivered,"),
    "breaker ": Text(tr="gönderim,", en="delivery,"),
    "answered ": Text(tr="yanıtlanan", en="answered"),
    watch_alike.CODE_LIST: Text(tr="kod listesi", en="code list"),
    "certificate ": Text(tr="sertifikanın sonu,", en="certificate ends,"),
    "set aside ": Text(tr="kenara ayrılan çalışma", en="study set aside"),
}
"""Details that are counted for each destination or answer."""

_MOMENT = r"\d\d\.\d\d\.\d{4} \d\d:\d\d"
# Pattern of a whole value, then what it says in Turkish and in English. The checks of the core write these values.
_VALUES = [
    (r"0", "yok (0)", "none (0)"),
    (r"0 \((.+)\)", r"yok (\1)", r"none (\1)"),
    (r"113701\^DCM", r"doz raporu (\g<0>)", r"dose report (\g<0>)"),
    (
        rf"({_MOMENT}) -(\d+) h \.\. \+(\d+) min",
        r"sorgu, istemden (\1) \2 saat önce ile \3 dakika sonra arasında",
        r"a query from \2 hours before to \3 minutes after the order (\1)",
    ),
    (
        r"-(\d+) h \.\. \+(\d+) min",
        r"sorgu, istemden \1 saat önce ile \2 dakika sonra arasında",
        r"a query from \1 hours before to \2 minutes after the order",
    ),
    (rf"<= ({_MOMENT}) \+ (\d+) min", r"en geç \1 (+\2 dakika)", r"\1 at the latest (+\2 minutes)"),
    *((rf"({_MOMENT}) {state.value}", rf"\1 {text.tr}", rf"\1 {text.en}") for state, text in STATES.items()),
    (r">= (\d+)", r"en az \1", r"at least \1"),
    (r"deep", "dizileri çok derin iç içe", "its sequences stand too deep in each other"),
    (r"never", "hiç yedek yok", "there is no backup"),
    (r"unreadable", "okunamıyor", "cannot be read"),
    (r"ended", "okunurken Orthanc kapandı", "Orthanc ended while it was read"),
    (r"closed", "sürüyor", "going on"),
    (r"open", "yanıt yok, bir süre gönderilmiyor", "no answer, left alone for a while"),
    (r"half-open", "yeniden deneniyor", "being tried again"),
    (r"NW, XO", r"geçerli istem (\g<0>)", r"an order in force (\g<0>)"),
    (r"CA", r"iptal (\g<0>)", r"cancelled (\g<0>)"),
    (r"F, C", r"kesin ya da düzeltilmiş rapor (\g<0>)", r"a final or corrected report (\g<0>)"),
    (r"P", r"ön rapor (\g<0>)", r"a preliminary report (\g<0>)"),
    (r"TCKN \| 99\.\.\.", r"TCKN ya da 99 ile başlayan yabancı numarası", r"a TCKN, or a foreigner's number (99...)"),
    (r"rulebook ([0-9a-f]{12})", r"yeni kural kitabı \1", r"new rulebook \1"),
    (
        r"([0-9a-f]{12}): (\d+) looked at, (\d+) changed",
        r"kural kitabı \1: \2 tetkike bakıldı, \3 karar değişti",
        r"rulebook \1: \2 exams looked at, \3 changed",
    ),
]
_PATTERNS = [(re.compile(pattern), tr, en) for pattern, tr, en in _VALUES]


class Titled(Protocol):
    """A rule's id with its title."""

    @property
    def rule(self) -> str:
        """Its id."""
        ...

    @property
    def title(self) -> Text:
        """What it is called."""
        ...


def in_words(value: str, rules: Iterable[Titled] = ()) -> Text:
    """Return what a value says; one that is a list of ids of `rules` is named by their titles."""
    titles = {one.rule: one.title for one in rules}
    ids = value.split(", ")
    if all(one in titles for one in ids):
        return Text(tr=", ".join(titles[one].tr for one in ids), en=", ".join(titles[one].en for one in ids))
    for pattern, tr, en in _PATTERNS:
        if found := pattern.fullmatch(value):
            return Text(tr=found.expand(tr), en=found.expand(en))
    return Text(tr=value, en=value)


def cause(value: str) -> Text:
    """Return why something was done."""
    return CAUSES.get(value) or in_words(value)


def reason(value: str) -> Text:
    """Return why a duplicate query failed."""
    return REASONS.get(value) or Text(tr=value, en=value)


def detail_name(key: str) -> Text:
    """Return what a process's detail is called: `web.restarts` is one of the process `web`."""
    process, dot, what = key.rpartition(".")
    if dot and what == "restarts":
        return Text(tr=f"{process} yeniden başlatma", en=f"{process} restarts")
    if process == "refused" and what in RULES:
        title = RULES[what].title
        return Text(tr=f"C-STORE'da reddedilen ({title.tr})", en=f"Refused at C-STORE ({title.en})")
    for first, text in FIRST_WORDS.items():
        if key.startswith(first):
            rest = key.removeprefix(first)
            named = DESTINATIONS.get(rest, Text(tr=rest, en=rest))
            return Text(tr=f"{text.tr} {named.tr}", en=f"{text.en} {named.en}")
    return DETAILS.get(key) or Text(tr=key.replace(".", " "), en=key.replace(".", " "))


def detail_value(key: str, value: float) -> str:
    """Return a detail's number as it is read: a size, the number of a process as it is, anything else in digits."""
    if key in IN_BYTES:
        return bytesize(value)
    return str(value) if key.endswith("pid") else amount(value)


def instant(value: str) -> datetime | None:
    """Return the instant that a detail names; None where it names none."""
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo else None
