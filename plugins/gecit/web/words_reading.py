"""What the reading pages say beside `words.py`."""

from __future__ import annotations

from gecit.core.exam_kinds import REGIONS, Region
from gecit.core.grants import Basis
from gecit.core.reading import Act, State
from gecit.core.report import ReportPart
from gecit.core.report_parts import NAMES
from gecit.core.values import Text


def _(tr: str, en: str) -> Text:
    return Text(tr=tr, en=en)


READING: dict[str, Text] = {
    "reading": _("Okuma", "Reading"),
    "grants": _("Rapor yetkileri", "Grants"),
    "turnaround": _("Rapor süreleri", "Turn-around"),
    # The list
    "reading-list": _("Okunacak tetkikler", "Exams to read"),
    "reading-order": _(
        "Önce aciller, sonra en uzun bekleyen. En çok {count} tetkik gösterilir.",
        "Emergencies first, then who has waited longest. At most {count} exams are shown.",
    ),
    "nothing-to-read": _(
        "Burada okunacak tetkik yok. Görüntüsü gelen ve raporu olmayan tetkikler görünür.",
        "There is nothing to read. Exams appear when their images have come and they have no report.",
    ),
    "urgency": _("Öncelik", "Urgency"),
    "waits-from": _("Bekleme süresi", "Waits for"),
    "region": _("Bölge", "Region"),
    "subspecialty": _("Alt uzmanlık", "Subspecialty"),
    "reading-state": _("Durum", "State"),
    "which": _("Hangileri", "Which"),
    "mine": _("bendekiler", "those I have"),
    "open": _("boşta olanlar", "those nobody has"),
    "take": _("Oku", "Read"),
    "take-exam": _("{exam} tetkikini oku", "Read exam {exam}"),
    "go-on": _("Sürdür", "Go on"),
    # The editor
    "editor": _("Rapor", "Report"),
    "hold": _("Beklet", "Put off"),
    "consultation-waits": _(
        "Bir konsültasyon yanıt bekliyor; imzadan sonra gelen yanıt ancak ek raporla rapora girer.",
        "A consultation waits for its answer; after the signature that enters the report by an addendum only.",
    ),
    "hold-reason": _("Neden bekliyor", "Why it waits"),
    "give-back": _("Listeye geri ver", "Give back"),
    "save-draft": _("Taslağı kaydet", "Save the draft"),
    "draft-saved": _("Taslak kaydedildi", "Draft saved"),
    "unsaved": _("Bu sayfada yazdığınız, kaydedilmedi", "What you wrote on this page; it is not saved"),
    "unsaved-why": _(
        "Gerekeni buradan kopyalayın: sayfadan ayrılınca burada durmaz.",
        "Copy what you need from here: it does not stay when you leave the page.",
    ),
    "unsaved-live": _(
        "Bu sayfada yazdığınız kaydedilmedi. Sayfayı yenilemeyin: «Taslağı kaydet»e basın; kayıtlı taslak gelir, "
        "yazdığınız da kopyalayabilmeniz için üstünde gösterilir.",
        'What you wrote on this page is not saved. Do not reload: press "Save the draft"; the saved draft comes, '
        "with your text above it to be copied.",
    ),
    "draft-new": _("Taslak henüz kaydedilmedi", "The draft is not saved yet"),
    "checks": _("Denetim", "Checks"),
    "no-hints": _("Eksik görünmüyor.", "Nothing seems to be missing."),
    "stops": _("İmzayı engeller", "Stops signing"),
    "holds": _("MEDULA'ya bildirilmez", "MEDULA is not told"),
    "warns": _("Uyarı", "Warning"),
    "template": _("Şablon", "Template"),
    "macro": _("Hazır metin", "Text macro"),
    "add-macro": _("Metne ekle", "Put into the text"),
    "rate-request": _("İstem gerekçesi (1-5, 5 en iyi)", "Reason of the request (1-5, 5 best)"),
    "rate-images": _("Görüntü kalitesi (1-5, 5 en iyi)", "Quality of the images (1-5, 5 best)"),
    "not-rated": _("değerlendirilmedi", "not rated"),
    "contrast-field": _("Kontrast (yol^madde^derişim)", "Contrast (route^agent^concentration)"),
    "sign": _("İmzala", "Sign"),
    "sign-password": _("Parolanız", "Your password"),
    "sign-why": _(
        "İmzalanan rapor değişmez; sonraki sürümler onun yanına yazılır. Rapor çalışmaya eklenir ve hastanenin "
        "HBYS'sine gönderilir.",
        "What is signed does not change; later versions stand beside it. The report is put into the study and sent to "
        "the hospital's HBYS.",
    ),
    "sign-provider": _(
        "e-Devlet, Bakanlık ya da kurum hesabıyla giriyorsanız parola yazmayın: son 5 dakika içinde yeniden giriş "
        "yapmış olun.",
        "If you sign in by e-Devlet, the Ministry's or the hospital's account, type no password: have signed in again "
        "within the last 5 minutes.",
    ),
    "sign-final": _("Kesin rapor olarak imzala", "Sign as final"),
    "sign-preliminary": _("Ön rapor olarak imzala", "Sign as preliminary"),
    "sign-first": _("İlk imza; ikinci imza istensin", "Sign first; ask for a second signature"),
    "wrong-password": _(
        "Parola yanlış ya da girişiniz eski; hiçbir şey imzalanmadı, taslak saklandı.",
        "The password is wrong, or you signed in too long ago; nothing was signed, the draft is kept.",
    ),
    "write-addendum": _("Ek rapor yaz", "Write an addendum"),
    "write-correction": _("Düzeltme yaz", "Write a correction"),
    "signed-versions": _("İmzalanan ve gelen sürümler", "Versions that were signed or came"),
    "version-number": _("{number}. sürüm", "version {number}"),
    "told-hospital": _("HBYS aldı", "the HBYS has it"),
    "hospital-refused": _("HBYS kabul etmedi", "the HBYS refused it"),
    "hospital-waits": _("HBYS'ye gönderilecek", "to be sent to the HBYS"),
    "earlier-exams": _("Hastanın diğer tetkikleri", "The patient's other exams"),
    "no-other-exams": _("Görebileceğiniz başka tetkiki yok.", "There is no other exam that you may see."),
    "pushed-why": _("Neden siz?", "Why you?"),
    "first-signed-by": _("İlk imza: {name}", "Signed first by {name}"),
    "held-because": _("Bekletildi: {reason}", "Put off: {reason}"),
    "left-drafts": _("İmzalamadığım taslaklar", "My drafts that were not signed"),
    "left-drafts-hint": _(
        "Tetkiki artık sizde olmayan taslaklar. Metni kopyalayabilir ya da taslağı silebilirsiniz; başka kimse görmez.",
        "Drafts whose exam you do not have any more. Copy the text or throw the draft away; nobody else sees it.",
    ),
    "no-left-drafts": _("Böyle bir taslağınız yok.", "You have no such draft."),
    "draft-discard": _("Taslağı sil", "Throw the draft away"),
    "draft-discard-of": _("Taslağı sil: {exam}", "Throw the draft away: {exam}"),
    # Pushing
    "waiting-exams": _("Okunmayı bekleyenler", "Exams that wait to be read"),
    "assign": _("Uygun hekime ata", "Push to who suits best"),
    "assign-exam": _("{exam} tetkikini uygun hekime ata", "Push exam {exam} to who suits best"),
    "assigned-to": _("{exam}: {name} hekimine atandı.", "{exam}: pushed to {name}."),
    "is-so": _("evet", "yes"),
    "is-not": _("hayır", "no"),
    "candidates": _("Kimler arasından: en uygun en üstte", "Among whom: who suits best comes first"),
    "has-waiting": _("Önündeki", "Has before it"),
    "done-in": _("Okur (dk)", "Reads it in (min)"),
    "own-institution": _("Kendi kurumu", "Own institution"),
    "nobody-there": _(
        "{exam}: bu kurum için rapor yazabilecek ve şu an oturumu açık bir radyolog yok; tetkik listede bekliyor.",
        "{exam}: no radiologist who may report for this institution is signed in now; the exam waits on the list.",
    ),
    "reader-profile": _("Okuma profilim", "My reading profile"),
    "profile-why": _(
        "Tetkik atanırken alt uzmanlığınıza ve yerinizde olup olmadığınıza bakılır.",
        "Where exams are pushed, your subspecialties and whether you are there are looked at.",
    ),
    "away-until": _("Şu güne kadar yokum (o gün dahil)", "I am away until (that day included)"),
    "profile-saved": _("Kaydedildi.", "Saved."),
    # Grants
    "grant-new": _("Yeni yetki", "New grant"),
    "grant-readers": _("Radyologlar", "Radiologists"),
    "grant-institutions": _("Kurumlar", "Institutions"),
    "grant-file": _("yazı", "paper"),
    "grant-file-of": _("{paper}, yazı", "{paper}, paper"),
    "grant-file-new": _(
        "Yazının kendisi (PDF, JPEG, PNG; en çok 1,5 MB)", "The paper itself (PDF, JPEG, PNG; 1.5 MB at the most)"
    ),
    "groups": _("Radyolog grupları", "Groups of radiologists"),
    "group": _("Grup", "Group"),
    "group-any": _("herkes", "everybody"),
    "group-name": _("Grubun adı", "Name of the group"),
    "group-members": _("Üyeler", "Members"),
    "group-days": _("(ilk gün, son gün; son gün boşsa süresiz)", "(first day, last day; no last day = no end)"),
    "group-member": _("Radyolog", "Radiologist"),
    "group-nobody": _("–", "–"),
    "group-now": _("şu an {count} üye", "{count} members now"),
    "group-new": _("Yeni grup", "New group"),
    "group-record": _("Grubu kaydet", "Record the group"),
    "group-close": _("Grubu kapat", "Close the group"),
    "group-close-of": _("Grubu kapat: {name}", "Close the group: {name}"),
    "group-closed": _("Kapatılan gruplar", "Closed groups"),
    "no-groups": _("Kayıtlı grup yok.", "No group is on record."),
    "grant-since": _("İlk gün", "First day"),
    "grant-until": _("Son gün", "Last day"),
    "grant-paper": _("Başvuru yazısının sayısı", "Number of the application"),
    "grant-paper-date": _("Yazının tarihi", "Its date"),
    "grant-basis": _("Dayanak", "Basis"),
    "grant-basis-text": _("Başka dayanak ne?", "What is the other basis?"),
    "grant-end": _("Bitir", "End"),
    "grant-end-of": _("{paper} sayılı yetkiyi bitir", "End the grant of {paper}"),
    "grant-ended": _("bitirildi", "ended"),
    "grant-stands": _("yürürlükte", "in force"),
    "grant-later": _("başlamadı", "not begun"),
    "grant-over": _("süresi doldu", "over"),
    "no-grants": _("Kayıtlı yetki yok.", "No grant is on record."),
    "grant-record": _("Kaydet", "Record"),
    "grant-dates-wrong": _("Tarihler okunamadı.", "The dates cannot be read."),
    # Turn-around
    "turnaround-what": _(
        "İlk görüntüden ilk kesin rapora kadar; son {days} günün istemleri.",
        "From the first images to the first final report; orders of the last {days} days.",
    ),
    "turnaround-cut": _("Yalnızca ilk {count} tetkike bakıldı.", "Only the first {count} exams were looked at."),
    "median": _("Ortanca", "Median"),
    "ninetieth": _("Yüzde 90'ı", "90th percentile"),
    "within-target": _("Hedefte", "Within target"),
    "by-institution": _("Kuruma göre", "By institution"),
    "turns-by-modality": _("Yönteme göre", "By modality"),
    "by-reader": _("Radyoloğa göre", "By radiologist"),
    "turns-days": _("Gün", "Days"),
    "no-turns": _(
        "O günlerde görüntüsü ve kesin raporu olan tetkik yok.", "No exam of those days has images and a final report."
    ),
}

STATES: dict[State, Text] = {
    State.UNREAD: _("okunmadı", "unread"),
    State.ASSIGNED: _("atandı", "assigned"),
    State.TAKEN: _("okunuyor", "being read"),
    State.HELD: _("bekletildi", "put off"),
    State.PRELIMINARY: _("ön rapor var", "preliminary report"),
    State.FINISHING: _("kesinleştiriliyor", "being made final"),
    State.FIRST_SIGNED: _("ikinci imza bekliyor", "waits for a second signature"),
    State.SECOND_READING: _("ikinci kez okunuyor", "second reading"),
    State.OVERTAKEN: _("bu arada rapor geldi", "a report came meanwhile"),
    State.SIGNED: _("raporlandı", "reported"),
    State.ADDING: _("ek rapor yazılıyor", "addendum being written"),
    State.CORRECTING: _("düzeltiliyor", "being corrected"),
}
PARTS: dict[ReportPart, Text] = {part: _(tr, en[0].upper() + en[1:]) for part, (tr, en) in NAMES.items()}
BASES: dict[Basis, Text] = {
    Basis.RULE: _("Kural: kamu radyoloğu, aynı ildeki kamu kurumu", "Rule: public service, public, same province"),
    Basis.OTHER: _("Başka dayanak", "Another basis"),
}
SIGNING: dict[Act, str] = {
    Act.SIGN: "sign-final",
    Act.SIGN_PRELIMINARY: "sign-preliminary",
    Act.SIGN_FIRST: "sign-first",
}


def region_name(region: Region) -> Text:
    """Return what a body region is called."""
    return REGIONS[region]
