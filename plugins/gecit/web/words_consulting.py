"""What the pages of teleconsultation say beside `words.py`."""

from __future__ import annotations

from gecit.core.access import Role
from gecit.core.consultation import Act, EntryKind, Outcome, State, Whom
from gecit.core.values import Text


def _(tr: str, en: str) -> Text:
    return Text(tr=tr, en=en)


CONSULTING: dict[str, Text] = {
    "begin-add": _("Ek rapor başlat", "Begin an addendum"),
    "begin-take": _("Tetkiki okumaya al", "Take the exam to read"),
    "consultations": _("Konsültasyon", "Consultations"),
    "consultation": _("Konsültasyon", "Consultation"),
    "asked-of-me": _("Bana sorulanlar", "Asked of me"),
    "asked-by-me": _("Sorduklarım", "Asked by me"),
    "nothing-asked-of-me": _("Size sorulmuş bir konsültasyon yok.", "Nobody has asked you anything."),
    "nothing-asked-by-me": _(
        "Sorduğunuz bir konsültasyon yok. Bir tetkikin rapor sayfasında “Danış” ile sorulur.",
        "You have asked nothing. “Consult” on the report page of an exam does.",
    ),
    "consultations-waiting": _("{count} konsültasyon sizi bekliyor", "{count} consultations wait for you"),
    "consultations-overdue": _(
        "Zamanında yanıtlanmayan {count} konsültasyonunuz var: süre verin ya da kapatın.",
        "{count} of your consultations were not answered in time: give more time, or close them.",
    ),
    "most-consultations": _("En çok {count} satır gösterilir.", "At most {count} lines are shown."),
    "deadline": _("Son yanıt zamanı", "Deadline"),
    "late": _("süresi geçti", "overdue"),
    "your-turn": _("yanıt sırası sizde", "your turn"),
    "what-it-is": _("Tetkik", "Exam"),
    "not-open": _("tetkik size açık değil", "the exam is not open to you"),
    "who-asks": _("Soran", "Asker"),
    "asked-whom": _("Kime soruldu", "Asked"),
    "who-answers": _("Üstlenen", "Accepted by"),
    "consultation-state": _("Durum", "State"),
    "open-consultation": _("Aç", "Open"),
    "open-consultation-of": _("{number} konsültasyonunu aç", "Open consultation {number}"),
    "ask": _("Danış", "Consult"),
    "ask-title": _("Danış: {accession}", "Consult: {accession}"),
    "ask-what": _(
        "Danışılan hekim yalnızca bu tetkikin görüntülerini ve raporunu, yalnızca son yanıt zamanına kadar görür.",
        "Whoever is asked sees the images and the report of this exam alone, and only until the deadline.",
    ),
    "ask-whom": _("Kime", "Whom"),
    "ask-person": _("Bir hekim", "A physician"),
    "ask-person-hint": _("Adı ya da kullanıcı adı", "Name, or user name"),
    "ask-group": _("Bir radyolog grubu", "A group of radiologists"),
    "ask-subspecialty": _("Bir alt uzmanlıktaki herkes", "All of a subspecialty"),
    "choose": _("seçin", "choose"),
    "question": _("Soru", "Question"),
    "ask-marked": _("Rapor için işaretlediğim görüntüler", "Pictures I marked for the report"),
    "ask-show": _("{name} gösterilsin", "Show {name}"),
    "pointed-images": _("Gösterilen görüntüler", "Images pointed to"),
    "picture": _("{name} görüntüsünü aç", "Open picture {name}"),
    "key-images-hint": _(
        "Her satıra bir görüntü: seri/görüntü numarası (2/14) ya da SOP Instance UID.",
        "One picture a line: series/image (2/14) or a SOP Instance UID.",
    ),
    "send-question": _("Soruyu gönder", "Send the question"),
    "patient-facts": _("Hasta ve istem", "Patient and order"),
    "age": _("yaş", "years old"),
    "clinical-question": _("Klinik bilgi", "Clinical information"),
    "diagnoses": _("Tanı kodları", "Diagnoses"),
    "report-versions": _("Rapor sürümleri", "Versions of the report"),
    "no-versions": _("Tetkikin raporu yok.", "The exam has no report."),
    "thread": _("Yazışma", "Thread"),
    "signed-answer": _("imzalı", "signed"),
    "shut": _(
        "Bu konsültasyonun tetkiki size artık açık değil; yalnızca kendi yazdıklarınız görünür.",
        "The exam of this consultation is not open to you any more; only what you wrote is shown.",
    ),
    "accept": _("Üstlen", "Accept"),
    "accept-why": _("Üstlenince yanıt sizden beklenir.", "Once you accept, the answer is yours to give."),
    "accept-why-group": _(
        "Üstlenince yanıt sizden beklenir; gruptaki öbür hekimlere tetkik kapanır.",
        "Once you accept, the answer is yours to give; the exam is shut to the others of the group.",
    ),
    "decline": _("Yanıtlamayacağım", "Decline"),
    "step-back": _("Geri çekil (öbürlerine sorulmaya devam eder)", "Step back (the others are still asked)"),
    "nothing-to-add": _("Eklenecek bir şey yok", "Nothing to add"),
    "withdraw-reason": _("Nedeni (isteğe bağlı)", "Reason (optional)"),
    "answer": _("Yanıt", "Answer"),
    "measurements": _("Ölçümler", "Measurements"),
    "measured-name": _("Ölçüm", "Measurement"),
    "measured-value": _("Değer", "Value"),
    "measured-unit": _("Birim", "Unit"),
    "measured-image": _("Görüntü (2/14)", "Image (2/14)"),
    "sign-answer": _("İmzala ve gönder", "Sign and send"),
    "sign-answer-why": _(
        "İmzalanan yanıt değişmez; üstüne yenisi yazılabilir.", "A signed answer does not change; you can add another."
    ),
    "wrong-password-answer": _(
        "Parola yanlış ya da girişiniz eski; hiçbir şey imzalanmadı, yazdıklarınız aşağıda duruyor.",
        "The password is wrong, or you signed in too long ago; nothing was signed, what you wrote stands below.",
    ),
    "withdraw": _("Soruyu geri çek", "Withdraw the question"),
    "ask-again": _("Yeniden sor", "Ask again"),
    "follow-up": _("Ek soru", "Follow-up question"),
    "extend": _("Süre ver", "Give more time"),
    "close": _("Kapat", "Close"),
    "closed-how": _("Yanıtın yeri", "Where the answer went"),
    "close-why": _(
        "Kapatınca tetkik danışılan hekime kapanır. Rapora eklerseniz yanıt, kimin ne zaman verdiğiyle birlikte "
        "taslağınıza yazılır; eklemezseniz konsültasyon tetkikin kaydında kalır.",
        "Closing shuts the exam to whoever was asked. Put into the report, the answer is written into your draft with "
        "who gave it and when; otherwise the consultation stays on the exam's record.",
    ),
    "close-report": _("Rapora ekleyip kapat", "Close into the report"),
    "close-record": _("Rapora eklemeden kapat", "Close beside the report"),
    "close-part": _("Raporun bölümü", "Part of the report"),
    "to-editor": _("Rapor sayfası", "Report page"),
    "to-consultations": _("Konsültasyonlar", "Consultations"),
    "consultations-of-exam": _("Konsültasyonlar", "Consultations"),
}

CONSULTATION_STATES: dict[State, Text] = {
    State.ASKED: _("soruldu", "asked"),
    State.ACCEPTED: _("üstlenildi", "accepted"),
    State.ANSWERED: _("yanıtlandı", "answered"),
    State.ASKED_AGAIN: _("yeniden soruldu", "asked again"),
    State.CLOSED: _("kapatıldı", "closed"),
    State.DECLINED: _("yanıtlanmayacak", "declined"),
    State.WITHDRAWN: _("geri çekildi", "withdrawn"),
    State.EXPIRED: _("süresi geçti", "out of time"),
}
CONSULTATION_ACTS: dict[Act, Text] = {
    Act.ACCEPT: _("üstlendi", "accepted"),
    Act.STEP_BACK: _("geri çekildi", "stepped back"),
    Act.DECLINE: _("yanıtlamayacak", "declined"),
    Act.ANSWER: _("yanıtladı", "answered"),
    Act.ASK_AGAIN: _("yeniden sordu", "asked again"),
    Act.EXTEND: _("süre verdi", "gave more time"),
    Act.CLOSE: _("kapattı", "closed"),
    Act.WITHDRAW: _("soruyu geri çekti", "withdrew the question"),
    Act.EXPIRE: _("süre bitti", "out of time"),
}
CONSULTATION_OUTCOMES: dict[Outcome, Text] = {
    Outcome.REPORT: _("rapor taslağına eklendi", "put into the report's draft"),
    Outcome.RECORD: _("rapora eklenmedi, kayıtta", "not in the report, on record"),
}
ENTRIES: dict[EntryKind, Text] = {
    EntryKind.QUESTION: _("Soru", "Question"),
    EntryKind.ANSWER: _("Yanıt", "Answer"),
    EntryKind.FOLLOW_UP: _("Ek soru", "Follow-up"),
    EntryKind.REASON: _("Not", "Note"),
}
WHOM: dict[Whom, str] = {Whom.PERSON: "ask-person", Whom.GROUP: "ask-group", Whom.SUBSPECIALTY: "ask-subspecialty"}
SEXES: dict[str, Text] = {"F": _("kadın", "female"), "M": _("erkek", "male")}
"""PID-8, HL7 v2.3.1 table 0001; another one is shown as it was written."""
PHYSICIANS: dict[Role, Text] = {
    Role.RADIOLOGIST: _("radyolog", "radiologist"),
    Role.CONSULTANT: _("konsültan", "consultant"),
    Role.CLINICIAN: _("klinisyen", "clinician"),
}
"""Roles that may be asked, as lists of people say them."""
