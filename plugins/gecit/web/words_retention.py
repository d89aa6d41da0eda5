"""What the pages of retention say beside `words.py`."""

from __future__ import annotations

from gecit.core.values import Text


def _(tr: str, en: str) -> Text:
    return Text(tr=tr, en=en)


RETENTION: dict[str, Text] = {
    "retention": _("Saklama süreleri", "Retention"),
    "retention-terms": _("Saklama süresi (yıl): {years}", "Kept for (years): {years}"),
    "retention-for-ever": _("süresiz", "for ever"),
    "retention-off": _(
        "Saklama süresi ayarlanmamış: hiçbir çalışma silinmez (Gecit.Retention).",
        "No time is set: no study is ever deleted (Gecit.Retention).",
    ),
    "retention-lists": _("Süresi dolanların listeleri", "Lists of studies past their time"),
    "retention-list": _("Liste", "List"),
    "retention-made": _("Hazırlanma", "Made"),
    "retention-studies": _("Çalışmalar", "Studies"),
    "retention-open": _("onay bekliyor", "waits for approval"),
    "retention-approved": _("Onaylandı", "Approved"),
    "retention-dropped": _("Bırakıldı", "Dropped"),
    "retention-no-lists": _("Liste yok.", "There are no lists."),
    "retention-make": _("Liste hazırla", "Make a list"),
    "retention-run": _("Silmek için bu düğümde:", "To delete, on this node:"),
    "retention-warning": _(
        "Onaylarsanız bu {count} çalışmanın görüntüleri silinebilir; geri getirilemez. Tetkik, rapor metni ve olaylar "
        "kayıt defterinde kalır.",
        "If you approve, the images of these {count} studies can be deleted, beyond recall. Exam, report text and "
        "events stay in the ledger.",
    ),
    "retention-sure": _("Listeye baktım, silinmelerini onaylıyorum.", "I looked through the list and approve."),
    "retention-approve": _("Silinmesini onayla", "Approve deletion"),
    "retention-drop": _("Bırak", "Drop"),
    "retention-exam": _("Kurum / erişim no", "Institution / accession"),
    "retention-date": _("Çekim günü", "Study date"),
    "retention-modality": _("Modalite", "Modality"),
    "retention-images": _("Görüntü", "Images"),
    "retention-kept": _("Süresinin dolduğu gün", "Past its time since"),
    "item-waits": _("bekliyor", "waits"),
    "item-deleting": _("siliniyor", "being deleted"),
    "item-deleted": _("silindi", "deleted"),
    "item-held": _("saklama emri var", "on hold"),
    "item-changed": _("değişti, silinmedi", "changed, not deleted"),
    "item-gone": _("zaten yok", "gone before"),
    "legal-holds": _("Saklama emirleri", "Legal holds"),
    "hold-of": _("Neyin", "Of what"),
    "legal-hold-reason": _("Gerekçe", "Reason"),
    "hold-by": _("Koyan", "Put by"),
    "hold-release": _("Kaldır", "Release"),
    "hold-release-reason": _("Kaldırma gerekçesi", "Reason of the release"),
    "no-holds": _("Saklama emri yok.", "There are no legal holds."),
    "hold-new": _("Yeni saklama emri", "New legal hold"),
    "hold-patient": _("Hastanın T.C. kimlik numarası", "The patient's TCKN"),
    "hold-institution": _("ya da tetkikin kurum kodu (SKRS)", "or the exam's institution (SKRS)"),
    "hold-accession": _("ve erişim numarası", "and accession number"),
    "hold-put": _("Emri koy", "Put on hold"),
}

SAID_RETENTION: dict[str, tuple[Text, str]] = {
    "held": (_("Saklama emri kondu.", "Put on hold."), "success"),
    "released": (_("Saklama emri kaldırıldı.", "The hold was released."), "success"),
    "nothing-past": (_("Süresi dolmuş çalışma yok.", "Nothing is past its time."), "warning"),
    "list-dropped": (_("Liste bırakıldı.", "The list was dropped."), "success"),
}
