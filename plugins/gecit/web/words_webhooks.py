"""What the page of webhooks says beside `words.py`."""

from __future__ import annotations

from gecit.core.values import Text


def _(tr: str, en: str) -> Text:
    return Text(tr=tr, en=en)


PAGE: dict[str, Text] = {
    "webhooks": _("Webhook", "Webhooks"),
    "webhooks-why": _(
        "Bir tetkikin kararı değiştiğinde haber verilen adresler. İletide hasta bilgisi yoktur; imzası, eklerken bir "
        "kez gösterilen gizli anahtarla denetlenir.",
        "Addresses that are told when an exam's verdict changes. A message names no patient; its signature is checked "
        "with the secret that is shown once.",
    ),
    "webhook-secret-once": _(
        "Gizli anahtar yalnız şimdi gösterilir; alıcının yapılandırmasına yazın. Eskisi varsa artık geçmez.",
        "The secret is shown now and never again; put it into the receiver's configuration. An older one is void.",
    ),
    "no-webhooks": _("Abonelik yok.", "There are no subscriptions."),
    "webhook-address": _("Adres", "Address"),
    "webhook-outcomes": _("Hangi kararlar (seçilmezse hepsi)", "Which verdicts (none chosen: all)"),
    "webhook-all": _("hepsi", "all"),
    "webhook-since": _("ekleyen", "added by"),
    "webhook-rotated": _("anahtar yenilendi", "new secret"),
    "webhook-standing": _("haber veriliyor", "is told"),
    "webhook-paused-since": _("durduruldu", "paused"),
    "every-institution": _("bütün kurumlar", "every institution"),
    "webhook-try": _("Dene", "Try"),
    "webhook-pause": _("Durdur", "Pause"),
    "webhook-resume": _("Sürdür", "Resume"),
    "webhook-rotate": _("Yeni anahtar", "New secret"),
    "webhook-end": _("Aboneliği bitir", "End subscription"),
    "webhook-new": _("Abonelik ekle", "Add a subscription"),
    "webhook-pause-why": _(
        "Durdurulmuşken değişen kararlar sonradan bildirilmez; JSON arayüzünden okunur.",
        "Verdicts that change while it is paused are not told later; the JSON interface has them.",
    ),
    "last-deliveries": _("Son gönderimler", "Last deliveries"),
    "nothing-posted": _("Henüz gönderim yok.", "Nothing was sent yet."),
    "webhook-answer": _("Yanıt", "Answer"),
    "webhook-taken": _("alındı", "taken"),
    "webhook-trial": _("deneme iletisi", "trial message"),
    "made-at": _("Oluştuğu an", "Made"),
}

SAID: dict[str, tuple[Text, str]] = {
    "webhook-tried": (_("Deneme iletisi sıraya kondu; yanıtı aşağıda görünür.", "A trial is on its way."), "success"),
    "webhook-is-paused": (_("Durdurulmuş aboneliğe ileti gitmez.", "Nothing is sent while it is paused."), "warning"),
    "webhook-paused": (_("Abonelik durduruldu.", "The subscription is paused."), "success"),
    "webhook-resumed": (_("Abonelik sürüyor.", "The subscription goes on."), "success"),
    "webhook-ended": (_("Abonelik bitti.", "The subscription has ended."), "success"),
    "webhook-retried": (_("Yeniden sıraya kondu.", "It is queued again."), "success"),
}
