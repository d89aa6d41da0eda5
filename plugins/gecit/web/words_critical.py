"""What the pages of critical findings say."""

from __future__ import annotations

from gecit.core.critical import State
from gecit.core.values import Text


def _(tr: str, en: str) -> Text:
    return Text(tr=tr, en=en)


CRITICAL: dict[str, Text] = {
    "critical-findings": _("Kritik bulgular", "Critical findings"),
    "critical-finding": _("Kritik bulgu", "Critical finding"),
    "critical-nav": _("Kritik bulgular", "Critical findings"),
    "critical-short": _("kritik", "critical"),
    "critical-hint": _(
        "Yazıp “Hemen bildir”e basın; imzayı beklemez. Basmazsanız imzayla birlikte bildirilir.",
        "Write it and press “Tell now”: it does not wait for the signature. Otherwise it is told with the signature.",
    ),
    "critical-mark": _("Hemen bildir", "Tell now"),
    "critical-take-back": _("Bildirimi geri al", "Take the mark back"),
    "critical-reason": _("Neden geri alınıyor (isteğe bağlı)", "Why it is taken back (optional)"),
    "critical-waiting": _("Okunmayı bekleyenler", "Waiting to be read"),
    "critical-read": _("Okunanlar", "Read"),
    "critical-mine": _("Sizin bildirdikleriniz", "Those that you marked"),
    "critical-none": _("Okunmayı bekleyen kritik bulgu yok.", "No critical finding waits to be read."),
    "critical-since": _("Bildirildi", "Marked"),
    "critical-by": _("Bildiren", "By"),
    "critical-what": _("Bulgu", "Finding"),
    "critical-state": _("Durum", "State"),
    "critical-confirm": _("Okudum", "I have read it"),
    "critical-confirm-of": _("{exam} tetkikinin kritik bulgusunu okudum", "I have read the critical finding of {exam}"),
    "critical-receipts": _("Okuyan", "Read by"),
    "critical-for-me": _("sizin isteminiz", "you ordered it"),
    "critical-was": _("Geri alınan: {text}", "Taken back: {text}"),
    "critical-whom": _("Telefonla kime bildirdiniz", "Whom you told by telephone"),
    "critical-whom-of": _("{exam}: telefonla kime bildirdiniz", "{exam}: whom you told by telephone"),
    "critical-telephoned": _("Telefonla bildirdim", "I told by telephone"),
    "critical-by-telephone": _("{by}, telefonla: {whom}", "{by}, by telephone: {whom}"),
}
STATES: dict[State, Text] = {
    State.UNREAD: _("okunmadı", "unread"),
    State.READ: _("okundu", "read"),
    State.TAKEN_BACK: _("geri alındı, okunmadı", "taken back, unread"),
    State.CLOSED: _("geri alındı, okundu", "taken back, read"),
}
