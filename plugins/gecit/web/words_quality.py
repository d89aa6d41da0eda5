"""The words of the quality pages, Turkish first."""

from __future__ import annotations

from gecit.core.quality import RatingSource
from gecit.core.report import RatingKind
from gecit.core.values import Text


def _(tr: str, en: str) -> Text:
    return Text(tr=tr, en=en)


RATED: dict[RatingKind, Text] = {
    RatingKind.IMAGE: _("Çekim kalitesi", "Image quality"),
    RatingKind.REQUEST: _("İstem nedeni", "Reason of the request"),
}
LOW_RATED: dict[RatingKind, Text] = {
    RatingKind.IMAGE: _("Düşük çekim kalitesi", "Low image quality"),
    RatingKind.REQUEST: _("Düşük istem nedeni", "Low reason of the request"),
}
SOURCES: dict[RatingSource, Text] = {
    RatingSource.HL7: _("HBYS raporu (ORU)", "report of the HBYS (ORU)"),
    RatingSource.EDITOR: _("burada imzalanan rapor", "report signed here"),
    RatingSource.ASSESSOR: _("kalite değerlendirmesi", "quality assessment"),
}
QUALITY: dict[str, Text] = {
    "quality": _("Kalite", "Quality"),
    "quality-list": _("Kalitesine bakılacak tetkikler", "Exams whose quality is to be looked at"),
    "quality-list-what": _(
        "Kendiliğinden bulunan ipucu ya da 2 ve altında puanı olan tetkikler, en yenisi üstte. İpuçları bilgi içindir; "
        "MEDULA kararını değiştirmez.",
        "Exams with a hint that was found by itself, or rated 2 or less, the newest first. Hints are advice; they "
        "change no verdict and nothing that MEDULA is told.",
    ),
    "quality-kind": _("Tür", "Kind"),
    "quality-none": _(
        "Bu süzgece uyan tetkik yok. Görüntüler tamamlanınca ipuçları kendiliğinden aranır.",
        "No exam fits this filter. Hints are looked for when an exam's images are complete.",
    ),
    "quality-hints": _("İpuçları", "Hints"),
    "quality-ratings": _("Puanlar", "Ratings"),
    "no-quality-hints": _("İpucu yok.", "No hints."),
    "no-ratings": _("Henüz puan verilmedi.", "Not rated yet."),
    "quality-of": _("Tetkikin kalitesi", "Quality of the exam"),
    "to-quality": _("Kalite sayfası", "Quality page"),
    "rate": _("Puanla", "Rate"),
    "rate-again": _("Yeni puan ver", "Rate anew"),
    "rate-hint": _(
        "Yeni puanınız eskisinin yerine geçer; eskisi kayıtta kalır. 5 en iyi.",
        "Your new rating takes the place of your last one, which stays on record. 5 is best.",
    ),
    "score": _("Puan", "Score"),
    "choose-score": _("seçin", "choose"),
    "rating-reasons": _("Nedenler", "Reasons"),
    "rating-note": _("Not (hasta bilgisi yazmayın)", "Note (no patient data)"),
    "rater": _("Puanlayan", "Rated by"),
    "rating-source": _("Kaynak", "Source"),
    "rated-at": _("Zaman", "At"),
    "superseded-ratings": _("Yerine yenisi verilen puanlar", "Ratings that were superseded"),
    "hint-source": _("Dayanak", "Rests on"),
    "of-series": _("Seri", "Series"),
    "quality-more": _("Daha eskiler", "Older"),
    "quality-days": _("Tarih seçilmezse son {count} gün.", "The last {count} days where no date is chosen."),
    "editor-reasons": _("Nedenler (isteğe bağlı)", "Reasons (optional)"),
}
