"""What the pages say, in both languages. A word that is missing here fails its page, and with it a test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from gecit.core import matching
from gecit.core.exam import Billing
from gecit.core.report import ROUTES, Document, ReportStatus
from gecit.core.values import Text
from gecit.core.verdict import Effect, Outcome, Status

from . import words_accounts, words_report, words_webhooks
from . import words_citizen as words_citizen
from . import words_consulting as words_consulting
from . import words_critical as words_critical
from . import words_peer as words_peer
from . import words_quality as words_quality
from . import words_reading as words_reading
from .reports import Place, Registered
from .words_care import CARE, SAID_CARE
from .words_citizen import CITIZEN
from .words_critical import CRITICAL
from .words_navigation import NAVIGATION
from .words_nodes import NODES
from .words_reading import READING
from .words_retention import RETENTION, SAID_RETENTION
from .words_room import ROOM
from .words_sharing import SAID_SHARING, SHARING
from .words_templates import TEMPLATES
from .words_tracking import COLUMNS, DESTINATIONS, KINDS_OF_DELIVERY, SERVICES, TRACKING
from .words_tracking import SAID as SAID_TRACKING

Said = TypeVar("Said")

__all__ = ["COLUMNS", "DESTINATIONS", "KINDS_OF_DELIVERY", "SAID", "SERVICES"]


def _(tr: str, en: str) -> Text:
    return Text(tr=tr, en=en)


def joined(*tables: Mapping[str, Said]) -> dict[str, Said]:
    """Make one table of several; ValueError where two say something else under one name: a page would say the wrong."""
    found: dict[str, Said] = {}
    for table in tables:
        taken = sorted(name for name in table if found.get(name, table[name]) != table[name])
        if taken:
            raise ValueError(f"said twice: {', '.join(taken)}")
        found |= table
    return found


PAGE: dict[str, Text] = {
    "exams": _("Tetkikler", "Exams"),
    "health": _("Sistem durumu", "System health"),
    "documentation": _("API tanımı", "API description"),
    "about": _("Bu sistem", "About"),
    "audit-short": _("Denetim kaydı", "Audit"),
    "to-exams": _("Tetkikleri izle", "Follow exams"),
    "connected-institutions": _("kurum bağlı", "institutions are connected"),
    "announcements": _("Duyurular", "Announcements"),
    "feed": _("Duyuruları Atom akışı olarak izle", "Follow the announcements as an Atom feed"),
    "no-announcements": _("Tarihli bir duyuru yok.", "There is no dated announcement."),
    "from-then": _("tarihinden itibaren", "and later"),
    "more-announcements": _("{count} duyuru daha", "{count} more announcements"),
    "documents": _("Belgeler", "Documents"),
    "helper": _("Yardımcı uygulama", "Helper application"),
    "helper-how": _(
        "Kaynağı indirip açın, içinde “make setup” ve ardından “.venv/bin/gecit check DOSYA” çalıştırın: iletileri ve "
        "DICOM dosyalarını göndermeden denetler.",
        "Download and unpack the source, run “make setup” in it and then “.venv/bin/gecit check FILE”: it checks "
        "messages and DICOM files without sending anything.",
    ),
    "source-code": _("Çalışan sürümün kaynağı", "Source of the running version"),
    "questions": _("Sorular ve yanıtlar", "Questions and answers"),
    "get-account": _("Hesap nasıl alınır", "How to get an account"),
    "legal": _("Yasal metin", "Legal text"),
    "skip": _("İçeriğe geç", "Skip to content"),
    "other-language": _("English", "Türkçe"),
    "accession": _("Erişim numarası", "Accession number"),
    "search": _("Ara", "Search"),
    "show-all": _("Hepsini göster", "Show all"),
    "institution": _("Kurum", "Institution"),
    "patient": _("Hasta", "Patient"),
    "number": _("TCKN (son 3 hane)", "TCKN (last 3 digits)"),
    "file-number": _("Dosya no", "File number"),
    "exam": _("Tetkik", "Exam"),
    "modality": _("Yöntem", "Modality"),
    "on-worklist": _("İş listesinde, planlanan", "On the worklist, planned for"),
    "ordered": _("İstem tarihi", "Ordered"),
    "physician": _("İsteyen hekim", "Ordering physician"),
    "outcome": _("Karar", "Verdict"),
    "missing": _("Eksik olan", "What is missing"),
    "nothing-missing": _("Eksik yok", "Nothing is missing"),
    "no-exams": _(
        "Burada henüz tetkik yok. HBYS ilk istemi gönderince görünür.",
        "No exams yet. They appear when the HBYS sends its first order.",
    ),
    "order-of-list": _(
        "Son değişen en üstte; en çok {count} tetkik gösterilir.",
        "Last changed first; at most {count} exams are shown.",
    ),
    "none-found": _(
        "Bu erişim numarasıyla tetkik yok. Numarayı denetleyin; istem hiç gelmemiş de olabilir.",
        "No exam has this accession number. Check the number; the order may never have arrived.",
    ),
    "why": _("Neden", "Why"),
    "unlinked": _("İstemi olmayan çalışmalar", "Studies without an order"),
    "unlinked-hint": _(
        "Görüntüsü gelen ama hiçbir istemle eşleşmeyen çalışmalar: HBYS istemi göndermeli ya da erişim numarası "
        "düzeltilmeli.",
        "Images have arrived but match no order: the HBYS must send the order, or the accession number must be mended.",
    ),
    "no-unlinked": _("Hepsinin istemi var.", "All of them have an order."),
    "study": _("Çalışma", "Study"),
    "images": _("Görüntü", "Images"),
    "series": _("Seri", "Series"),
    "device": _("Cihaz", "Device"),
    "sent-by": _("Gönderen", "Sent by"),
    "matched-by": _("Eşleşme yolu", "Matched by"),
    "arriving": _("Görüntüler hâlâ geliyor", "Images are still arriving"),
    "open-images": _("Görüntüleri aç", "Open the images"),
    "viewer": _("Görüntüler", "Images"),
    "viewer-needs-script": _(
        "Görüntüleyici JavaScript ister; tarayıcınızda açın.",
        "The viewer needs JavaScript; switch it on in your browser.",
    ),
    "no-images": _("Görüntü gelmedi.", "No images have arrived."),
    "dose": _("Doz", "Dose"),
    "dose-without": _("Bu çekim türünde iyonlaştırıcı ışın yok.", "This modality uses no ionising radiation."),
    "no-dose": _("Doz raporu gelmedi.", "No dose report has arrived."),
    "dose-empty": _("Doz raporu geldi, içinde değer yok.", "A dose report has arrived; it holds no values."),
    "quantity": _("Büyüklük", "Quantity"),
    "value": _("Değer", "Value"),
    "report": _("Rapor", "Report"),
    "no-report": _("Rapor gelmedi.", "No report has arrived."),
    "report-refused": _("Son rapor kabul edilmedi", "The last report was not accepted"),
    "report-deferred": _(
        "Bir rapor bekliyor: hekim kaydı sorgulanamadı.",
        "A report waits: the registry of physicians could not be asked.",
    ),
    "version": _("Sürüm", "Version"),
    "further-signer": _("{number}. imza", "Signature {number}"),
    "contrast": _("Kontrast madde", "Contrast"),
    "request-rating": _("İstem nedeni puanı", "Rating of the request's reason"),
    "image-rating": _("Çekim kalitesi puanı", "Rating of image quality"),
    "attached-as": _("Çalışmaya eklendi", "Attached to the study"),
    "radiologist": _("Radyolog", "Radiologist"),
    "approved": _("Onay", "Approved"),
    "received": _("Alındı", "Received"),
    "findings": _("Denetim sonucu", "Rule findings"),
    "other-findings": _("Geçen ve uygulanmayan kurallar", "Rules that passed or do not apply"),
    "not-judged": _("Henüz değerlendirilmedi.", "Not judged yet."),
    "judged": _("Değerlendirildi", "Judged"),
    "again-at": _("Yeniden bakılacak", "Looked at again"),
    "rulebook": _("Kural kitabı", "Rulebook"),
    "reason": _("Neden", "Reason"),
    "fix": _("Nasıl düzeltilir", "How to mend it"),
    "who": _("Kim düzeltir", "Who must"),
    "where": _("Nerede", "Where"),
    "expected": _("Beklenen", "Expected"),
    "found": _("Bulunan", "Found"),
    "exemptions": _("Muafiyet", "Exemption"),
    "excused": _("Muaf", "Excused"),
    "rule": _("Kural", "Rule"),
    "stretch": _("Süre", "Stretch"),
    "number-of-row": _("Kayıt", "Row"),
    "open-end": _("süresiz", "until further notice"),
    "announced": _("Duyuru tarihi", "Announced"),
    "source": _("Kaynak", "Source"),
    "teletip-id": _("Teletıp no", "Teletıp id"),
    "background": _("Mükerrer sorguları ve önceki tetkikler", "Duplicate queries and earlier exams"),
    "queries": _("Mükerrer sorguları", "Duplicate queries"),
    "no-queries": _("İstem çevresinde sorgu yok.", "No query around the order."),
    "earlier": _("Önceki tetkikler", "Earlier exams"),
    "no-earlier": _("Aynı SUT koduyla önceki tetkik bilinmiyor.", "No earlier exam with the same SUT code is known."),
    "uid-elsewhere": _("Aynı Study Instance UID başka erişim numarasında", "Same Study Instance UID elsewhere"),
    "asked-at": _("Soruldu", "Asked"),
    "exams-found": _("Bulunan", "Found"),
    "opened": _("Açılan", "Opened"),
    "performed": _("Çekim", "Performed"),
    "yes": _("var", "yes"),
    "no": _("yok", "no"),
    "asked-above": _("üst servis", "service above"),
    "timeline": _("Zaman çizgisi", "Timeline"),
    "medula": _("MEDULA", "MEDULA"),
    "process": _("Süreç", "Process"),
    "node": _("Düğüm", "Node"),
    "last-sign": _("Son yaşam belirtisi", "Last sign of life"),
    "details": _("Ayrıntı", "Details"),
    "state": _("Durum", "State"),
    "running": _("çalışıyor", "running"),
    "silent": _("ses yok", "silent"),
    "all-well": _("Her şey çalışıyor.", "Everything is running."),
    "well-here": _("Bu düğümde her şey çalışıyor.", "Everything is running at this node."),
    "others-silent": _(
        "Şu düğümlerde en az bir süreçten ses yok: {nodes}.", "At least one process is silent at these nodes: {nodes}."
    ),
    "not-well": _(
        "En az bir süreçten ses yok. Kendiliğinden yeniden başlatılır; sürerse sistem yöneticisi Orthanc günlüğündeki "
        "gecit.supervisor satırlarına bakmalı.",
        "At least one process is silent. It is started again by itself; if it lasts, the administrator should look for "
        "gecit.supervisor lines in Orthanc's log.",
    ),
    "counts": _("Sayılar", "Counts"),
    "cancelled": _("İptal edildi", "Cancelled"),
}
SAID: dict[str, tuple[Text, str]] = joined(
    SAID_TRACKING, SAID_SHARING, SAID_RETENTION, SAID_CARE, words_webhooks.SAID, words_peer.SAID
)

OUTCOMES: dict[Outcome | None, Text] = {
    Outcome.SUBMIT: _("Bildirilebilir", "May be billed"),
    Outcome.HOLD: _("Tutuldu", "Held"),
    Outcome.PENDING: _("Bekliyor", "Pending"),
    None: _("Değerlendirilmedi", "Not judged"),
}
PATHS: dict[str, Text] = {
    matching.OTHER_PATIENT_ID: _("erişim no + TCKN (0010,1000)", "accession + TCKN in (0010,1000)"),
    matching.PATIENT_ID: _("erişim no + TCKN (0010,0020)", "accession + TCKN in (0010,0020)"),
    matching.FILE_NUMBER: _("erişim no + kurum içi dosya no", "accession + file number within the institution"),
    matching.ACQUISITION_GROUP: _("aynı çekimin başka istemi", "another order of the same acquisition"),
    matching.DOSE_STUDY_UID: _("doz raporu, aynı çalışma", "dose report of the same study"),
    matching.DOSE_ACCESSION: _("doz raporu, aynı erişim no", "dose report, same accession"),
    matching.DOSE_PATIENT_AND_TIME: _("doz raporu, aynı hasta ve zaman", "dose report, same patient and time"),
}
"""How a study was tied to its exam."""


def path_name(path: str) -> Text:
    """Return what a match path is called; an unknown one keeps its name."""
    return PATHS.get(path, Text(tr=path, en=path))


def image_count(number: int) -> Text:
    """Return how many images there are, in words."""
    return Text(tr=f"{number} görüntü", en=f"{number} image" if number == 1 else f"{number} images")


STATUSES: dict[Status, Text] = {
    Status.PASSED: _("geçti", "passed"),
    Status.FAILED: _("geçmedi", "failed"),
    Status.EXCUSED: _("muaf", "excused"),
    Status.CANNOT_TELL: _("söylenemiyor", "cannot tell"),
    Status.NOT_IN_FORCE: _("yürürlükte değil", "not in force"),
}
EFFECTS: dict[Effect, Text] = {
    Effect.HOLD: _("bildirimi tutar", "holds the submission"),
    Effect.WAIT: _("beklenir", "is waited for"),
    Effect.REFUSE_REPORT: _("raporu geri çevirir", "refuses the report"),
    Effect.WARN: _("yalnız uyarır", "only warns"),
}
BILLING: dict[Billing, Text] = {
    Billing.UNTOLD: _("Bildirilmedi", "Not told"),
    Billing.QUEUED: _("Bildirim yolda", "On its way"),
    Billing.TOLD: _("Bildirildi, kabul edildi", "Told and accepted"),
    Billing.REFUSED: _("MEDULA kabul etmedi", "Refused by MEDULA"),
    Billing.PARTLY_TOLD: _("Bir kısmı kabul edildi", "Accepted in part"),
    Billing.WITHDRAWAL_PROPOSED: _("Geri alma onay bekliyor", "Withdrawal waits for approval"),
    Billing.WITHDRAWAL_QUEUED: _("Geri alma yolda", "Withdrawal on its way"),
    Billing.WITHDRAWAL_REFUSED: _("MEDULA geri almayı kabul etmedi", "Withdrawal refused by MEDULA"),
    Billing.WITHDRAWN: _("Geri alındı", "Withdrawn"),
}
REPORT: dict[ReportStatus, Text] = {
    ReportStatus.PRELIMINARY: _("Ön rapor", "Preliminary"),
    ReportStatus.FINAL: _("Kesin rapor", "Final"),
    ReportStatus.CORRECTED: _("Düzeltilmiş rapor", "Corrected"),
    ReportStatus.ADDENDUM: _("Ek rapor", "Addendum"),
}
CONTRAST_ROUTES = ROUTES
PLACES: dict[Place, Text] = {
    Place.IN_FORCE: _("yürürlükte", "in force"),
    Place.ADDS: _("yürürlükteki rapora ek", "adds to the report in force"),
    Place.WAITS: _("raporunu bekliyor", "waits for its report"),
    Place.SUPERSEDED: _("yerine yenisi geçti", "superseded"),
    Place.SET_ASIDE: _("yürürlüğe girmedi", "never in force"),
    Place.REFUSED: _("kabul edilmedi", "refused"),
}
REGISTERED: dict[Registered, Text] = {
    Registered.RADIOLOGIST: _("kayıtta radyolog", "radiologist in the registry"),
    Registered.OTHER: _("kayıtta radyolog değil", "no radiologist in the registry"),
    Registered.UNKNOWN: _("kayıtta yok", "not in the registry"),
    Registered.NOT_ASKED: _("kayıt sorulmadı", "registry not asked"),
}
DOCUMENTS: dict[Document, Text] = {
    Document.PDF: _("PDF", "PDF"),
    Document.SR: _("yapılandırılmış rapor (SR)", "structured report (SR)"),
    Document.KEY_OBJECTS: _("anahtar görüntü listesi (KO)", "list of key images (KO)"),
}
WHO: dict[str, Text] = {
    "modality": _("Çekim cihazı / teknisyen", "Modality / technician"),
    "HBYS": _("HBYS", "HBYS"),
    "PACS": _("PACS", "PACS"),
    "radiologist": _("Radyolog", "Radiologist"),
    "administrator": _("Sistem yöneticisi", "Administrator"),
    "billing": _("Faturalama birimi", "Billing desk"),
}
EVENTS: dict[str, Text] = {
    "OrderPlaced": _("İstem alındı", "Order received"),
    "OrderChanged": _("İstem değişti", "Order changed"),
    "OrderCancelled": _("İstem iptal edildi", "Order cancelled"),
    "MessageRemarked": _("İletiye not düşüldü", "Message remarked"),
    "ReportReceived": _("Rapor alındı", "Report received"),
    "ReportRefused": _("Rapor geri çevrildi", "Report refused"),
    "ReportDeferred": _("Rapor bekletildi", "Report deferred"),
    "StudyLinked": _("Görüntüler eşleşti", "Images matched"),
    "StudyUnlinked": _("Görüntü bağı çözüldü", "Images unlinked"),
    "BackgroundRecorded": _("Önceki tetkikler ve sorgular kaydedildi", "Earlier exams and queries recorded"),
    "ExamJudged": _("Değerlendirildi", "Judged"),
    "JudgingAsked": _("Değerlendirme istendi", "Judging asked for"),
    "NotificationQueued": _("MEDULA bildirimi kuyruğa girdi", "Notification queued"),
    "NotificationAddressed": _("MEDULA tesis kodu belirlendi", "MEDULA code of the notification set"),
    "WithdrawalQueued": _("Geri alma kuyruğa girdi", "Withdrawal queued"),
    "WithdrawalProposed": _("Geri alma önerildi", "Withdrawal proposed"),
    "WithdrawalDropped": _("Geri alma önerisi düştü", "Proposal of withdrawal dropped"),
    "WithdrawalDismissed": _("Geri alma önerisi reddedildi", "Proposal of withdrawal dismissed"),
    "NotificationAnswered": _("MEDULA yanıt verdi", "MEDULA answered"),
    "ReportAttached": _("Rapor çalışmaya eklendi", "Report attached to the study"),
    "ReadingAssigned": _("Okuma atandı", "Reading assigned"),
    "ReadingTaken": _("Okumaya alındı", "Taken to be read"),
    "ReadingHeld": _("Okuma bekletildi", "Reading put off"),
    "ReadingReleased": _("Okuma listeye döndü", "Reading given back"),
    "ReportSigned": _("Rapor imzalandı", "Report signed"),
    "HospitalAnswered": _("HBYS rapora yanıt verdi", "HBYS answered the report"),
    "CriticalMarked": _("Kritik bulgu bildirildi", "Critical finding marked"),
    "CriticalTakenBack": _("Kritik bulgu geri alındı", "Critical finding taken back"),
    "CriticalConfirmed": _("Kritik bulgu okundu", "Critical finding read"),
    "ExamRated": _("Tetkik puanlandı", "Exam rated"),
    "HintsFound": _("Kalite ipuçları bulundu", "Quality hints found"),
    "ConsultationAsked": _("Konsültasyon istendi", "Consultation asked for"),
    "ConsultationMoved": _("Konsültasyonun durumu değişti", "Consultation moved on"),
    "ConsultationAnswered": _("Konsültasyon yanıtlandı", "Consultation answered"),
    "ConsultationClosed": _("Konsültasyon kapatıldı", "Consultation closed"),
}
COUNTS: dict[str, Text] = {
    "exam": _("Tetkik", "Exams"),
    "billing": _("MEDULA", "MEDULA"),
    "outbox": _("Giden kutusu", "Outbox"),
    "message": _("HL7 iletisi", "HL7 messages"),
    "study": _("Çalışma", "Studies"),
    "event": _("Olay", "Events"),
    "consultation": _("Konsültasyon", "Consultations"),
}
OUTBOX: dict[str, Text] = {
    "queued": _("sırada", "queued"),
    "leased": _("gönderiliyor", "being sent"),
    "done": _("tamam", "done"),
    "unknown": _("yanıtı bilinmiyor", "answer unknown"),
    "parked": _("bir kişi bakmalı", "a person must look"),
}
_KINDS: dict[str, Text] = {
    **{f"exam.{one.value if one else 'unjudged'}": text for one, text in OUTCOMES.items()},
    **{f"billing.{one.value}": text for one, text in BILLING.items()},
    **{f"outbox.{state}": text for state, text in OUTBOX.items()},
    **{f"consultation.{one.value}": text for one, text in words_consulting.CONSULTATION_STATES.items()},
}


def count_name(key: str) -> Text:
    """Return what a count of `Vitals.counts` is called; an unknown one keeps its key."""
    group, _dot, _rest = key.partition(".")
    head, tail = COUNTS.get(group), _KINDS.get(key)
    if head is None or (_rest and tail is None):
        return Text(tr=key, en=key)
    return Text(tr=f"{head.tr}: {tail.tr}", en=f"{head.en}: {tail.en}") if tail else head


PAGE = joined(
    PAGE,
    TRACKING,
    ROOM,
    READING,
    CRITICAL,
    TEMPLATES,
    CITIZEN,
    SHARING,
    RETENTION,
    CARE,
    NAVIGATION,
    NODES,
    words_accounts.PAGE,
    words_consulting.CONSULTING,
    words_quality.QUALITY,
    words_peer.PEER,
    words_webhooks.PAGE,
    words_report.PAGE,
)
