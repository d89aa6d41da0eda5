"""What the pages of templates and macros say."""

from __future__ import annotations

from gecit.core.values import Text


def _(tr: str, en: str) -> Text:
    return Text(tr=tr, en=en)


TEMPLATES: dict[str, Text] = {
    "templates": _("Rapor şablonları", "Report templates"),
    "templates-nav": _("Şablonlar", "Templates"),
    "templates-own": _("Şablonlarım", "My templates"),
    "templates-of": _("Kurumun rapor şablonları", "Report templates of the institution"),
    "templates-order": _(
        "Rapor, tetkik türünün şablonuyla başlar: hekimin kendisininki, yoksa tetkikin kurumununki, yoksa Geçit'inki.",
        "A report begins with the template of the exam's kind: the radiologist's own, else the institution's, else "
        "Geçit's.",
    ),
    "templates-kept": _("Kayıtlı olanlar", "Those that are kept"),
    "templates-nothing": _("Henüz yok; Geçit'inkiler kullanılıyor.", "None yet; Geçit's own are used."),
    "templates-none": _("Yöneteceğiniz bir kurum yok.", "There is no institution of yours."),
    "template-kind": _("Tetkik türü", "Kind of exam"),
    "template-hint": _(
        "İki noktayla biten satır doldurulacak satırdır; dolmadan imzada uyarılır.",
        "A line that ends with a colon is to be filled in; signing warns of those that were not.",
    ),
    "template-keep": _("Şablonu kaydet", "Keep the template"),
    "template-remove": _("Sil", "Remove"),
    "template-remove-of": _("Sil: {name}", "Remove {name}"),
    "template-file-of": _("TOML: {name} dosyasını indir", "TOML: download the file of {name}"),
    "template-import": _("Dosyadan al (TOML; şablon ya da macros)", "Take in a file (TOML; a template or macros)"),
    "template-take-in": _("Al", "Take in"),
    "macro-id": _("Kısa ad (metinde /kısa-ad)", "Short name (/short-name in the text)"),
    "macro-title": _("Başlık", "Title"),
    "macro-title-en": _("Başlık, İngilizce", "Title in English"),
    "macro-part": _("Bölüm", "Part"),
    "macro-kinds": _("Tetkik türleri (seçilmezse hepsi)", "Kinds of exam (none chosen = all)"),
    "macro-text": _("Metin", "Text"),
    "macro-keep": _("Hazır metni kaydet", "Keep the macro"),
}
