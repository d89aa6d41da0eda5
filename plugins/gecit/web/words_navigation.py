"""What the navigation says, where a page's own heading is too long for the bar."""

from __future__ import annotations

from gecit.core.values import Text


def _(tr: str, en: str) -> Text:
    return Text(tr=tr, en=en)


NAVIGATION: dict[str, Text] = {
    "nav-tracking": _("Takip", "Tracking"),
    "nav-reading": _("Okuma", "Reading"),
    "nav-colleagues": _("Meslektaşlar", "Colleagues"),
    "nav-quality": _("Kalite", "Quality"),
    "nav-patients": _("Hastalar", "Patients"),
    "nav-own": _("Görüntülerim", "My exams"),
    "nav-administration": _("Yönetim", "Administration"),
    "reading-nav": _("Okuma listesi", "Reading list"),
    "reviews-nav": _("Rapor incelemeleri", "Report reviews"),
    "care-nav": _("Bakım ilişkileri", "Care relations"),
    "emergency-reviews-nav": _("Acil erişimlerin incelenmesi", "Review of emergency access"),
    "left-drafts-nav": _("Taslaklarım", "My drafts"),
    "templates-own-nav": _("Şablonlarım", "My templates"),
    "waiting-nav": _("Okuma bekleyenler", "Waiting to be read"),
    "quality-nav": _("Kalite listesi", "Quality list"),
    "figures-nav": _("Kalite sayıları", "Quality figures"),
    "waits-for-you": _("sizi bekliyor", "wait for you"),
}
