"""What the tracking pages say beside `words.py`."""

from __future__ import annotations

from gecit.core.values import Text


def _(tr: str, en: str) -> Text:
    return Text(tr=tr, en=en)


TRACKING: dict[str, Text] = {
    "navigation": _("Gezinme", "Navigation"),
    "theme": _("Açık / koyu", "Light / dark"),
    "day": _("Gün", "Day"),
    "rules": _("Kurallar", "Rules"),
    "sign-out": _("Çıkış", "Sign out"),
    "unlinked-short": _("İstemsiz çalışmalar", "Without an order"),
    "last-days": _("Son {days} gün.", "The last {days} days."),
    # The list
    "filter": _("Süzgeç", "Filter"),
    "apply": _("Uygula", "Apply"),
    "clear": _("Temizle", "Clear"),
    "any": _("hepsi", "any"),
    "failing-rule": _("Takıldığı kural", "Failing rule"),
    "from-day": _("Başlangıç günü", "From day"),
    "to-day": _("Bitiş günü (dahil)", "To day (inclusive)"),
    "medula-state": _("MEDULA durumu", "MEDULA state"),
    "parked": _("bekletilen gönderim", "parked delivery"),
    "by-patient": _("TCKN ile ara", "Search by TCKN"),
    "by-patient-hint": _(
        "Numara adres satırına ve günlüklere yazılmaz.", "The number stands in no address and in no log."
    ),
    "tckn": _("TCKN (11 hane)", "TCKN (11 digits)"),
    "tckn-wrong": _(
        "TCKN 11 rakam olmalı; numarayı denetleyip yeniden yazın.",
        "A TCKN has 11 digits; check the number and type it again.",
    ),
    "date-wrong": _(
        "Gün YYYY-AA-GG biçiminde olmalı; okunamayan gün süzgece katılmadı.",
        "A day is written YYYY-MM-DD; one that cannot be read was left out of the filter.",
    ),
    "of-patient": _("Hastanın tetkikleri", "Exams of the patient"),
    "newest-first": _("Yeniden eskiye, istem tarihine göre.", "By order date, newest first."),
    "none-match": _(
        "Bu süzgece uyan tetkik yok. Süzgeci gevşetin; aradığınız istem hiç gelmemiş de olabilir.",
        "No exam matches the filter. Loosen it; the order you look for may never have arrived.",
    ),
    "older": _("Daha eski", "Older"),
    "newer": _("Daha yeni", "Newer"),
    "pages": _("Sayfalar", "Pages"),
    "live": _("Kendiliğinden yenilenir", "Refreshes by itself"),
    "select": _("Seç", "Select"),
    "select-exam": _("{accession} tetkikini seç", "Select exam {accession}"),
    "retry-selected": _("Seçilenleri yeniden gönder", "Retry the selected ones"),
    "retry-all": _("Süzgece uyan bütün bekletilenleri yeniden gönder", "Retry all parked ones that match"),
    "saved-views": _("Kayıtlı görünümler", "Saved views"),
    "no-views": _("Kayıtlı görünüm yok.", "No saved views."),
    "save-view": _("Görünümü kaydet", "Save this view"),
    "view-name": _("Görünümün adı", "Name of the view"),
    "delete": _("Sil", "Delete"),
    "delete-view": _("{name} görünümünü sil", "Delete the view {name}"),
    "export": _("Dışa aktar", "Export"),
    "export-csv": _("CSV olarak aktar", "Export as CSV"),
    "export-xlsx": _("Excel olarak aktar", "Export as Excel"),
    "export-progress": _("{total} tetkikten {done} tanesi yazıldı", "{done} of {total} exams written"),
    "export-waiting": _("Hazırlanıyor, tetkikler sayılıyor…", "Preparing, exams are being counted…"),
    "export-done": _("{total} tetkik hazır.", "{total} exams are ready."),
    "export-failed": _(
        "Dışa aktarma tamamlanamadı. Yeniden deneyin; sürerse sistem yöneticisi gecit.bulk günlük satırlarına bakmalı.",
        "The export could not be finished. Try again; if it lasts, the administrator should look for gecit.bulk lines.",
    ),
    "download": _("İndir", "Download"),
    "export-kept": _("Dosya {hours} saat saklanır.", "The file is kept for {hours} hours."),
    "back-to-list": _("Listeye dön", "Back to the list"),
    # The exam
    "must-mend": _("Eksik olan ve düzeltecek kişi", "What is missing, and who must mend it"),
    "way": _("Tetkikin yolu", "The exam's way"),
    "open-images": _("Görüntüleri aç", "Open the images"),
    "rule-source": _("Kuralın kaynağı", "The rule's source"),
    "since": _("{date} tarihinden beri", "since {date}"),
    "expected-there": _("beklenen {value}", "expected {value}"),
    "found-there": _("bulunan {value}", "found {value}"),
    "later": _("Başka tarihte ne olurdu", "What would happen at another date"),
    "later-today": _("Bugün istenseydi ({date})", "Were it ordered today ({date})"),
    "later-from": _("{date} tarihinde başlayan kurallarla", "Under the rules that start on {date}"),
    "later-hint": _(
        "Aynı tetkik, yürürlükteki kural kitabının o tarihte geçerli kurallarıyla değerlendirildi; kayda yazılmadı.",
        "The same exam judged by the rules of that date in the rulebook in force; nothing is recorded.",
    ),
    "later-same": _("Karar değişmez.", "The verdict stays as it is."),
    "none-later": _("Daha sonra başlayan kural yok.", "No rule starts later."),
    "deliveries": _("Gönderimler", "Deliveries"),
    "destination": _("Hedef", "Destination"),
    "attempts": _("Deneme", "Tries"),
    "next-try": _("Sonraki deneme", "Next try"),
    "last-error": _("Son hata", "Last error"),
    "retry": _("Yeniden gönder", "Retry"),
    "decide-withdrawal": _("Geri alma önerisi", "Proposed withdrawal"),
    "decide-hint": _(
        "MEDULA bu tetkiki ödenebilir biliyor, kurallara göre artık değil. Kararınız gerekçesiyle kayda geçer.",
        "MEDULA takes this exam as billable; by the rules it no longer is. Your decision is recorded with its reason.",
    ),
    "reason-of-decision": _("Gerekçe (kişi numarası yazmayın)", "Reason (write no person's number)"),
    "approve": _("Geri almayı onayla", "Approve the withdrawal"),
    "dismiss": _("Bildirildiği gibi kalsın", "Let it stand as told"),
    # The day
    "day-of": _("Günün tetkikleri", "Exams of the day"),
    "day-field": _("Gün", "Day"),
    "show": _("Göster", "Show"),
    "day-before": _("Önceki gün", "Day before"),
    "day-after": _("Sonraki gün", "Day after"),
    "count": _("Sayı", "Count"),
    "numbers": _("Sayılar", "Numbers"),
    "share": _("Pay", "Share"),
    "by-state": _("Karara göre", "By verdict"),
    "by-billing": _("MEDULA durumuna göre", "By MEDULA state"),
    "by-rule": _("Takıldığı kurala göre", "By failing rule"),
    "by-modality": _("Yönteme göre", "By modality"),
    "by-hour": _("İstem saatine göre", "By hour of the order"),
    "hour": _("Saat", "Hour"),
    "no-numbers": _("Bu gün için kayıt yok.", "Nothing on this day."),
    "clock": _("Faturaya hazır olma saati", "Billing-readiness clock"),
    "clock-hint": _(
        "Son {days} günde istenen, bildirilemeyen tetkikler: hangi eksik için, kaç tane, ne kadar zamandır.",
        "Exams of the last {days} days that cannot be told yet: for which missing piece, how many, for how long.",
    ),
    "missing-piece": _("Eksik", "Missing piece"),
    "longest": _("En uzun bekleyen", "Longest waiting"),
    "middle": _("Ortalama bekleme", "Mean wait"),
    "hours-days": _("{days} gün {hours} saat", "{days} d {hours} h"),
    "only-hours": _("{hours} saat", "{hours} h"),
    "per-device": _("Cihaza göre", "Per device"),
    "per-sender": _("Gönderene göre", "Per sender"),
    "nothing-waits": _("Bekleyen tetkik yok.", "Nothing waits."),
    "silent-devices": _("Hiç doz raporu göndermeyen cihazlar", "Devices that never send a dose report"),
    "silent-hint": _(
        "Son {days} günde görüntü gönderen, hiçbir tetkikinde doz raporu olmayan BT ve mamografi cihazları.",
        "CT and mammography devices that sent images in the last {days} days, and no dose report with any of them.",
    ),
    "no-silent": _("Böyle bir cihaz yok.", "There is no such device."),
    "last-exam": _("Son tetkik", "Last exam"),
    "conformance": _("Gönderen karneleri", "Conformance cards"),
    "conformance-of": _("Gönderen karnesi", "Conformance card"),
    "by-rule-of-sender": _("Kurallara göre", "By rule"),
    "messages-of-rule": _("Takılan ileti", "Messages that fail"),
    "messages-hint": _(
        "İleti: bu sürede gönderilenlerden, şu anda kurala takılan bir tetkike ait olanlar. Tetkik: bu sürede "
        "istenenlerden takılanlar. Bağlantılar listeyi aynı günlerle açar.",
        "Messages: of those sent in this time, those about an exam that fails the rule now. Exams: of those ordered in "
        "this time, those that fail it. The links open the list with the same days.",
    ),
    "trend-by-day": _("Günlere göre eğilim", "Trend by day"),
    "trend-by-week": _("Haftalara göre eğilim", "Trend by week"),
    "refused-percent": _("Geri çevrilen ileti, yüzde", "Refused messages, per cent"),
    "failing-percent": _("Kurala takılan ileti, yüzde", "Messages that fail a rule, per cent"),
    "messages": _("HL7 iletisi", "HL7 messages"),
    "refused": _("geri çevrilen", "refused"),
    "last-good": _("Son kabul edilen ileti", "Last accepted message"),
    "never": _("hiç", "never"),
    "trend": _("Eğilim (önceki {days} güne göre)", "Trend (against the {days} days before)"),
    "better": _("iyileşiyor", "getting better"),
    "worse": _("kötüleşiyor", "getting worse"),
    "steady": _("değişmedi", "steady"),
    "no-trend": _("karşılaştıracak veri yok", "nothing to compare with"),
    "why-refused": _("Geri çevrilme nedenleri", "Why they were refused"),
    "failing-exams": _("Kurala takılan tetkikler", "Exams that fail a rule"),
    "all-pass": _("Kurala takılan tetkik yok.", "No exam fails a rule."),
    "print": _("Yazdır", "Print"),
    "no-senders": _("Bu sürede veri gönderen yok.", "Nobody sent anything in this time."),
    # Health
    "listeners": _("Dinleyen kapılar", "Listeners"),
    "port": _("Kapı", "Port"),
    "answers": _("yanıt veriyor", "answers"),
    "does-not-answer": _("yanıt vermiyor", "does not answer"),
    "outbox": _("Giden kutusu", "Outbox"),
    "oldest": _("En eski", "Oldest"),
    "outbox-empty": _("Bekleyen gönderim yok.", "Nothing waits to be delivered."),
    "upstreams": _("Dış servisler", "Services outside"),
    "service": _("Servis", "Service"),
    "down-since": _("{at} anından beri ulaşılamıyor", "away since {at}"),
    "was-down": _("{at}: kesinti bitti", "{at}: outage ended"),
    "no-outages": _("Son {days} günde kayıtlı kesinti yok.", "No outage recorded in the last {days} days."),
    "disk": _("Disk", "Disk"),
    "free": _("Boş", "Free"),
    "of-total": _("{free} / {total}", "{free} of {total}"),
    "ledger-size": _("Kayıt defteri", "Ledger"),
    "disk-low": _("Yer azalıyor: sistem yöneticisi yer açmalı.", "Space runs low: the administrator must make room."),
    "last-sweep": _("Son tam tarama", "Last full sweep"),
}

SAID: dict[str, tuple[Text, str]] = {
    "rated": (_("Puan kaydedildi.", "The rating was recorded."), "success"),
    "view-saved": (_("Görünüm kaydedildi.", "The view was saved."), "success"),
    "view-unnamed": (
        _("Görünümün bir adı olmalı (en çok 60 karakter).", "A view needs a name (at most 60 characters)."),
        "warning",
    ),
    "view-deleted": (_("Görünüm silindi.", "The view was deleted."), "success"),
    "retried": (_("{count} gönderim yeniden kuyrukta.", "Deliveries queued again: {count}."), "success"),
    "nothing-retried": (
        _("Yeniden gönderilecek bekletilen gönderim yok.", "There is no parked delivery to retry."),
        "warning",
    ),
    "withdrawal-approved": (_("Geri alma kuyruğa girdi.", "The withdrawal is queued."), "success"),
    "withdrawal-dismissed": (_("MEDULA bildirildiği gibi kalır.", "MEDULA stands as told."), "success"),
    "nothing-to-decide": (
        _("Karar verilecek geri alma önerisi kalmadı.", "There is no proposal of withdrawal left to decide."),
        "warning",
    ),
    "reason-wrong": (
        _(
            "Gerekçe boş olamaz ve 11 haneli numara içeremez; düzeltip yeniden gönderin.",
            "The reason must not be empty and holds no 11-digit number; mend it and send it again.",
        ),
        "danger",
    ),
    "too-many-exports": (
        _(
            "Bir dışa aktarmanız sürüyor; bitince yenisini başlatın.",
            "An export of yours is running; start another one when it is done.",
        ),
        "warning",
    ),
}
"""What `?said=` can name, with the kind of alert."""

DESTINATIONS: dict[str, Text] = {
    "medula": _("MEDULA", "MEDULA"),
    "archive": _("Arşiv (Orthanc)", "Archive (Orthanc)"),
    "critical": _("Kritik bulgu postası (adres yazılıysa)", "Mail of a critical finding (where an address is set)"),
}
KINDS_OF_DELIVERY: dict[str, Text] = {
    "notify": _("bildirim", "notification"),
    "withdraw": _("geri alma", "withdrawal"),
    "attach-report": _("raporu çalışmaya ekleme", "attaching the report"),
}
SERVICES: dict[str, Text] = {
    "duplicates": _("Mükerrer sorgu servisi", "Duplicate query service"),
    "registry": _("Hekim kaydı", "Registry of physicians"),
    "medula": _("MEDULA", "MEDULA"),
}
COLUMNS: tuple[tuple[str, Text], ...] = (
    ("institution", _("Kurum", "Institution")),
    ("accession", _("Erişim numarası", "Accession number")),
    ("patient", _("Hasta", "Patient")),
    ("number", _("TCKN (son 3 hane)", "TCKN (last 3 digits)")),
    ("file_number", _("Dosya no", "File number")),
    ("exam", _("Tetkik", "Exam")),
    ("modality", _("Yöntem", "Modality")),
    ("ordered", _("İstem tarihi", "Ordered")),
    ("images", _("Görüntü", "Images")),
    ("outcome", _("Karar", "Verdict")),
    ("billing", _("MEDULA", "MEDULA")),
    ("missing", _("Eksik olan", "What is missing")),
    ("who", _("Kim düzeltir", "Who must")),
)
"""Columns of an export, in their order."""
