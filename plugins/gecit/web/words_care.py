"""What the pages of care relations and emergency access say beside `words.py`."""

from __future__ import annotations

from gecit.core.values import Text


def _(tr: str, en: str) -> Text:
    return Text(tr=tr, en=en)


CARE: dict[str, Text] = {
    "care": _("Bakım ilişkileri", "Care relations"),
    "care-short": _("Erişim", "Access"),
    "care-what": _(
        "Burada kaydedilen hekim, hastanın bütün kurumlardaki görüntü ve kesinleşmiş raporlarını görür; hasta bunu "
        "kendi sayfasında görür. Taburcu olunca ya da hizmet bitince kaldırın; HBYS'nin ADT ile bildirdiği "
        "kendiliğinden biter.",
        "A physician recorded here sees the patient's images and final reports of all institutions; the patient sees "
        "that on the own page. End it at discharge, or when the service ends; what the HBYS tells by ADT ends "
        "by itself.",
    ),
    "care-physician": _("Hekim", "Physician"),
    "care-patient": _("Hasta", "Patient"),
    "care-tckn": _("Hastanın T.C. kimlik numarası", "The patient's TCKN"),
    "care-way": _("İlişki", "Relation"),
    "care-visit": _("Başvuru numarası", "Number of the visit"),
    "care-until": _(
        "Son gün (boşsa: aile hekimi 10 yıl, ötekiler 90 gün)",
        "Last day (empty: family doctor 10 years, others 90 days)",
    ),
    "care-told": _("HBYS bildirdi (ADT), mesaj", "Told by the HBYS (ADT), message"),
    "care-find": _("Hastanın ilişkilerini bul", "Find the patient's relations"),
    "care-of": _("{patient} numaralı hastanın ilişkileri.", "The relations of patient {patient}."),
    "care-all": _("Bütün hastalar", "All patients"),
    "care-newest": _(
        "En yeni {most} ilişki gösteriliyor; ötekileri hastanın numarasıyla bulun.",
        "The newest {most} relations are shown; find others by the patient's number.",
    ),
    "care-new": _("Yeni ilişki", "New relation"),
    "care-record": _("Kaydet", "Record"),
    "care-end": _("Bitir", "End"),
    "care-none": _("Kayıtlı bakım ilişkisi yok.", "No care relation is recorded."),
    "care-off": _(
        "Yürürlükteki kural (rules/access/care.toml) hiçbir bakım ilişkisini açmıyor.",
        "The rule in force (rules/access/care.toml) opens no care relation.",
    ),
    "way-family-doctor": _("Aile hekimi", "Family doctor"),
    "way-treating": _("Tedavi eden hekim, hizmet bitene kadar", "Treating physician, until the service ends"),
    "way-admission": _("Yatış ya da acil, taburcu olana kadar", "Admission or emergency, until discharge"),
    "way-stated-reason": _("Acil erişim, gerekçeyle", "Emergency access, by a reason"),
    "emergency": _("Acil erişim", "Emergency access"),
    "emergency-what": _(
        "Yalnızca hastanın onamı alınamayan acil durumda. Görüntü ve raporlar {hours} saat açılır; gerekçeniz sonradan "
        "incelenir ve hasta baktığınızı görür.",
        "Only in an emergency in which the patient cannot consent. Images and reports are open for {hours} hours; your "
        "reason is reviewed afterwards, and the patient sees that you looked.",
    ),
    "emergency-reason": _("Gerekçe", "Reason"),
    "emergency-open": _("Aç", "Open"),
    "emergency-off": _(
        "Bu kurulumda gerekçeyle acil erişim açık değil: kural (rules/access/care.toml) bir süre vermiyor.",
        "Emergency access by a reason is not switched on here: the rule (rules/access/care.toml) gives no hours.",
    ),
    "emergency-reviews": _("Acil erişimlerin incelenmesi", "Review of emergency access"),
    "reviews-short": _("Acil incelemeleri", "Reviews"),
    "reviews-none": _("İncelenecek acil erişim yok.", "There is nothing to review."),
    "review-note": _("Değerlendirme", "Assessment"),
    "outcome-justified": _("Gerekçesi yerinde", "Justified"),
    "outcome-not-justified": _("Gerekçesi yerinde değil", "Not justified"),
    "opened-otherwise": _("Onamım olmadan açılanlar", "Opened without my consent"),
}

SAID_CARE: dict[str, tuple[Text, str]] = {
    "care-recorded": (_("Kaydedildi.", "Recorded."), "success"),
    "care-ended": (_("Bitirildi; birkaç saniye içinde kapanır.", "Ended; it shuts within seconds."), "success"),
    "emergency-opened": (
        _(
            "Açıldı; gerekçeniz incelenecek. Hastanın tetkiki varsa aşağıdadır.",
            "Opened; your reason will be reviewed.",
        ),
        "warning",
    ),
    "reviewed": (_("İnceleme kaydedildi.", "The review was recorded."), "success"),
}
