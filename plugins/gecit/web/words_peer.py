"""What the pages of peer review, figures and feedback say beside `words.py`."""

from __future__ import annotations

from gecit.core.feedback import About, Closing, Part
from gecit.core.peer_review import Significance
from gecit.core.values import Text


def _(tr: str, en: str) -> Text:
    return Text(tr=tr, en=en)


PEER: dict[str, Text] = {
    "reviews": _("İncelemeler", "Reviews"),
    # A reviewer's pages
    "my-reviews": _("Bana verilen rapor incelemeleri", "Report reviews given to me"),
    "reviews-what": _(
        "İmzalanmış raporları görüntüleriyle okuyup ne kadar katıldığınızı söylersiniz. Kimse kendi "
        "raporunu incelemez.",
        "You read signed reports with their images and say how far you agree. Nobody reviews his own.",
    ),
    "no-reviews": _("Şu anda size verilmiş inceleme yok.", "No review is given to you at present."),
    "to-review": _("İncelenecek", "To review"),
    "reviewed-by-me": _("İncelediklerim", "Reviewed"),
    "round": _("Tur", "Round"),
    "review-number": _("No", "No."),
    "review": _("İnceleme", "Review"),
    "blind": _("Kör", "Blind"),
    "blind-yes": _("kör", "blind"),
    "blind-no": _("açık", "open"),
    "blind-what": _(
        "Bu tur kördür: raporu yazan, imzalayan ve kurum gösterilmez; görüntüleyicide yalnız görüntüler "
        "açılır. Metindeki "
        "adlar ●●● olur. Görüntünün üzerine yazılmış adlar ve üslup gizlenemez.",
        "This round is blind: who wrote and signed it and the institution are not shown, and the viewer "
        "opens pictures alone. "
        "Names in the text become ●●●. Names burnt into a picture, and the style, cannot be hidden.",
    ),
    "open-review": _("İnceleme: {number} numaralı rapor", "Review: report no. {number}"),
    "review-images": _("Görüntüleri aç", "Open the images"),
    "review-pdf": _("Raporu PDF olarak aç", "Open the report as PDF"),
    "patient-age": _("Hasta", "Patient"),
    "years": _("yaşında", "years old"),
    "clinical": _("Klinik bilgi", "Clinical information"),
    "addendum": _("Ek rapor", "Addendum"),
    "your-review": _("Değerlendirmeniz", "Your assessment"),
    "concordance": _("Uyum", "Concordance"),
    "significance": _("Klinik önemi", "Clinical significance"),
    "note": _(
        "Not (fark varsa gerekli; ad ve kimlik numarası yazmayın)",
        "Note (needed where you differ; no names or numbers)",
    ),
    "keep-review": _("İncelemeyi kaydet", "Record the review"),
    "supersede": _(
        "Yeni inceleme eskisinin yerine geçer; eskisi silinmez.",
        "A new review takes the old one's place; the old one stays on record.",
    ),
    "said-before": _("Önceki incelemeleriniz", "Your earlier reviews"),
    "scale-source": _("Ölçek", "Scale"),
    "send-feedback": _("Geri bildirim gönder", "Send as feedback"),
    "feedback-what": _(
        "Kurumun yöneticisine ve raporu yazan hekime gider. Kör turda adınız gösterilmez.",
        "It goes to the institution's manager and the report's radiologist. In a blind round you are not named.",
    ),
    "see-feedback": _("Geri bildirimi aç", "Open the feedback"),
    # Samples
    "samples": _("Rapor örneklemleri", "Samples of reports"),
    "samples-what": _(
        "Aynı tohum, katmanlar ve defter konumu her zaman aynı tetkikleri verir. Bir dönemin turlarında "
        "bir tetkik iki kez "
        "çekilmez; kimseye kendi raporu verilmez.",
        "The same seed, strata and position of the ledger always give the same exams. No exam is drawn "
        "twice in the rounds of "
        "one time, and nobody is given his own report.",
    ),
    "no-samples": _("Henüz örneklem çekilmedi.", "No sample was drawn yet."),
    "draw-sample": _("Yeni örneklem", "New sample"),
    "round-title": _("Turun adı", "Name of the round"),
    "first-day": _("İlk gün (raporun gelişi)", "First day (receipt of the report)"),
    "last-day": _("Son gün", "Last day"),
    "seed": _("Tohum (boşsa çekilir)", "Seed (drawn where empty)"),
    "seed-short": _("Tohum", "Seed"),
    "position": _("Defter konumu", "Position of the ledger"),
    "strata": _("Katmanlar: kaçar tetkik", "Strata: how many exams of each"),
    "stratum": _("Katman", "Stratum"),
    "reviewers": _("Değerlendiriciler", "Reviewers"),
    "reviewer": _("Değerlendirici", "Reviewer"),
    "institutions-of": _("Kurumlar (hiçbiri seçilmezse hepsi)", "Institutions (none chosen = all)"),
    "make-blind": _("Kör: yazan ve imzalayan gösterilmez", "Blind: who wrote and signed is not shown"),
    "draw": _("Örneklemi çek", "Draw the sample"),
    "dates-wrong": _("İlk ve son günü yazın.", "Give the first and the last day."),
    "drawn-at": _("Çekildi", "Drawn"),
    "drawn-by": _("Çeken", "By"),
    "progress": _("İncelenen", "Reviewed"),
    "round-open": _("açık", "open"),
    "round-closed": _("kapalı", "closed"),
    "close-round": _("Turu kapat", "Close the round"),
    "check-again": _("Yeniden çekip karşılaştır", "Draw again and compare"),
    "same-again": _(
        "Aynı tohum, katmanlar ve konum aynı tetkikleri verdi.",
        "The same seed, strata and position gave the same exams.",
    ),
    "not-same-again": _(
        "Yeniden çekilen örneklem kayıttakinden farklı: defter ya da olaylar değişmiş olabilir; sistem "
        "yöneticisi bakmalı.",
        "The sample drawn again differs from the record: ledger or events may have been changed; the "
        "administrator must look.",
    ),
    "shortage": _("Yeterince rapor bulunmayan katmanlar", "Strata that had too few reports"),
    "wanted": _("istenen", "wanted"),
    "found-count": _("bulunan", "found"),
    "not-yet": _("henüz yok", "not yet"),
    # Feedback
    "feedback": _("Geri bildirimler", "Feedback"),
    "no-feedback": _(
        "Size gelen ya da sizin gönderdiğiniz geri bildirim yok.", "There is no feedback to you or by you."
    ),
    "feedback-about": _("Konu", "About"),
    "feedback-state": _("Durum", "State"),
    "feedback-open": _("konuşuluyor", "being talked about"),
    "feedback-new": _("Düşük puanı geri bildir", "Tell a low rating"),
    "nothing-rated": _("Bu tetkike verilmiş puan yok.", "The exam has no rating."),
    "discussion": _("Konuşma", "Discussion"),
    "say-something": _("İletiniz", "Your message"),
    "send": _("Gönder", "Send"),
    "close-feedback": _("Sonuçlandır", "Close with an outcome"),
    "outcome-of-it": _("Sonuç", "Outcome"),
    "last-word": _("Açıklama", "Explanation"),
    "to-exam": _("Tetkiki aç", "Open the exam"),
    "author": _("Raporu yazan", "Author of the report"),
    # The report
    "members": _(
        "Komisyon üyeleri (virgülle; boşsa boş satırlar)",
        "Members of the commission (by comma; blank lines where empty)",
    ),
    "make-report": _("İmzalanacak raporu indir (PDF)", "Download the report to be signed (PDF)"),
    "figures-from": _("İlk gün (istem)", "First day (of the order)"),
}

FIGURES: dict[str, Text] = {
    "figures": _("Kalite sayıları", "Quality figures"),
    "by-institution": _("Kuruma göre", "By institution"),
    "by-device": _("Cihaza göre", "By device"),
    "by-modality": _("Yönteme göre", "By modality"),
    "by-radiologist": _("Hekime göre", "By radiologist"),
    "all": _("Hepsi", "All"),
    "exams": _("Tetkik", "Exams"),
    "image-mean": _("Çekim puanı, ort.", "Image rating, mean"),
    "image-low": _("Düşük çekim puanı", "Images rated low"),
    "request-mean": _("İstem puanı, ort.", "Request rating, mean"),
    "request-low": _("Düşük istem puanı", "Requests rated low"),
    "hinted": _("İpucu olan", "With a hint"),
    "differing": _("Farklı inceleme", "Reviews that differ"),
    "significant": _("Önemi olası", "Likely significant"),
    "reasons": _("Puanların nedenleri", "Reasons of ratings"),
    "hints": _("Kendiliğinden bulunan ipuçları", "Hints found by themselves"),
    "trend-image-mean": _("Aylara göre çekim puanı ortalaması", "Mean image rating by month"),
    "trend-request-mean": _("Aylara göre istem puanı ortalaması", "Mean request rating by month"),
    "trend-differing": _("Aylara göre farklı incelemeler, yüzde", "Reviews that differ by month, per cent"),
    "month": _("Ay", "Month"),
    "rests-on": _("Kaç puan ya da inceleme", "How many ratings or reviews"),
    "period": _("Dönem (istem tarihi)", "Period (order date)"),
    "scope": _("Kapsam", "Scope"),
    "all-institutions": _("Görülen bütün kurumlar", "All institutions in reach"),
    "report-title": _("Radyoloji kalite raporu", "Report on the quality of radiology"),
    "commission": _("Komisyon üyesi", "Member of the commission"),
    "signature": _("Tarih ve imza", "Date and signature"),
    "page": _("Sayfa", "Page"),
    "few": _(
        "Payların yanında sayıları durur; {count} taneden azının yüzdesi verilmez. Düşük: 2 ya da altı (5 en iyi).",
        "Shares stand with their counts; of fewer than {count} there is no percentage. Low: 2 or less (5 best).",
    ),
    "cut": _(
        "En yeni {count} tetkik sayıldı; dönemi daraltın.",
        "The newest {count} exams were counted; choose a shorter period.",
    ),
    "alone": _(
        "Hekime göre sayılardan yalnız kendinizinkiler gösterilir.",
        "Of the figures by radiologist only your own are shown.",
    ),
    "no-figures": _("Bu dönemde sayılacak tetkik yok.", "There is no exam to count in this period."),
}

SIGNIFICANCES: dict[Significance, Text] = {
    Significance.NONE: _("fark yok ya da önemsiz", "no difference, or none that matters"),
    Significance.UNLIKELY: _("hastayı etkilemesi beklenmez", "unlikely to matter to the patient"),
    Significance.LIKELY: _("hastayı etkilemiş olabilir", "likely to matter to the patient"),
}
ABOUT: dict[About, Text] = {
    About.REVIEW: _("Rapor incelemesi", "Review of the report"),
    About.IMAGE: _("Çekim puanı", "Rating of the images"),
    About.REQUEST: _("İstem puanı", "Rating of the request"),
}
CLOSINGS: dict[Closing, Text] = {
    Closing.AGREED: _("uzlaşıldı", "agreed"),
    Closing.DISPUTED: _("görüş ayrılığı sürüyor", "disputed"),
    Closing.EDUCATION: _("eğitim konusu", "for education"),
    Closing.TICKET: _("cihaz arıza kaydı açıldı", "equipment ticket opened"),
    Closing.NONE: _("yapılacak bir şey yok", "nothing to do"),
}
PARTS: dict[Part, Text] = {
    Part.SENDER: _("Gönderen", "Sender"),
    Part.RADIOLOGIST: _("Raporu yazan hekim", "Radiologist of the report"),
    Part.MANAGER: _("Kurum yöneticisi", "Manager of the institution"),
    Part.UNIT: _("Teleradyoloji Birimi", "Teleradiology unit"),
}
SAID: dict[str, tuple[Text, str]] = {
    "review-kept": (_("İnceleme kaydedildi.", "The review is recorded."), "success"),
    "feedback-sent": (_("Geri bildirim gönderildi.", "The feedback is sent."), "success"),
}
PEER |= {f"figure-{name}": text for name, text in FIGURES.items()}
