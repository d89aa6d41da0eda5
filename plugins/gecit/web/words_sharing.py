"""What the pages of sharing say beside `words.py`."""

from __future__ import annotations

from gecit.core.values import Text


def _(tr: str, en: str) -> Text:
    return Text(tr=tr, en=en)


SHARING: dict[str, Text] = {
    "sharing": _("Paylaşım", "Sharing"),
    "sharing-title": _("Tetkiklerimi paylaş", "Share my exams"),
    "sharing-what": _(
        "Görüntülerinizi ve kesinleşmiş raporlarınızı seçtiğiniz hekime, seçtiğiniz süre için açarsınız. İstediğiniz "
        "anda kaldırabilirsiniz; birkaç saniye içinde kapanır.",
        "You open your images and final reports to the physician you choose, for the time you choose. You can end it "
        "at any moment; it shuts within seconds.",
    ),
    "sharing-with": _("Kiminle", "With whom"),
    "sharing-tckn": _("Hekimin T.C. kimlik numarası", "The physician's TCKN"),
    "sharing-tckn-hint": _(
        "Hekim bu sistemde oturum açtığında görür. Numaranın burada bir hesabı olup olmadığı söylenmez.",
        "The physician sees it on signing in here. Whether the number has an account here is not said.",
    ),
    "sharing-institution": _("ya da bir kurumun hekimleri", "or an institution's physicians"),
    "sharing-none": _("(kurum seçilmedi)", "(no institution)"),
    "sharing-which": _("Hangi tetkikler", "Which exams"),
    "sharing-all": _("Hepsi, bundan sonra çekilenler de", "All, those still to come too"),
    "sharing-chosen": _("Yalnızca işaretlediklerim", "Only those I mark"),
    "sharing-since": _("İlk gün", "First day"),
    "sharing-until": _("Son gün (dahil)", "Last day (inclusive)"),
    "sharing-give": _("Paylaş", "Share"),
    "sharing-given": _("Paylaştıklarım", "What I share"),
    "sharing-nothing": _("Hiçbir şey paylaşmıyorsunuz.", "You share nothing."),
    "sharing-end": _("Kaldır", "End"),
    "sharing-end-of": _("{whom} ile paylaşımı kaldır", "End sharing with {whom}"),
    "sharing-last-use": _("Son açılış", "Last opened"),
    "sharing-never": _("Açılmadı", "Never opened"),
    "sharing-state": _("Durum", "State"),
    "share-stands": _("açık", "open"),
    "share-later": _("başlamadı", "not begun"),
    "share-over": _("süresi doldu", "over"),
    "share-ended": _("kaldırıldı", "ended"),
    "no-own-exams": _("Burada size ait tetkik yok.", "There is no exam of yours here."),
    "shared": _("Benimle paylaşılanlar", "Shared with me"),
    "shared-nothing": _("Sizinle paylaşılmış tetkik yok.", "Nothing is shared with you."),
    "shared-until": _("{until} tarihine kadar açık", "open until {until}"),
    "shared-report": _("Rapor", "Report"),
    "shared-images": _("Görüntüler", "Images"),
    "shared-no-report": _("Kesinleşmiş rapor yok.", "There is no final report."),
    "shared-signed": _("İmzalayan", "Signed by"),
    "shared-back": _("Paylaşılanlara dön", "Back to what is shared"),
    "ground-consent": _("Hastanın onamı", "The patient's consent"),
    "ground-care": _("Bakım ilişkisi", "Care relation"),
    "ground-emergency": _("Acil erişim", "Emergency access"),
    "ground-link": _("Paylaşım bağlantısı", "Shared link"),
}

SAID_SHARING: dict[str, tuple[Text, str]] = {
    "shared": (_("Paylaşıldı.", "Shared."), "success"),
    "share-ended": (_("Kaldırıldı; birkaç saniye içinde kapanır.", "Ended; it shuts within seconds."), "success"),
    "nothing-ended": (_("Kaldırılacak bir paylaşım yoktu.", "There was nothing to end."), "warning"),
}
