"""What the editor says of images beside it and of key images."""

from __future__ import annotations

from gecit.core.values import Text


def _(tr: str, en: str) -> Text:
    return Text(tr=tr, en=en)


ROOM: dict[str, Text] = {
    "images-where": _("Görüntülerin yeri", "Where the images are"),
    "images-beside": _("Yan yana", "Beside"),
    "images-window": _("Ayrı pencere", "Own window"),
    "images-frame": _("Görüntüleyici", "Image viewer"),
    "images-share": _("Görüntülerin genişliği (ok tuşlarıyla değişir)", "Width of the images (arrow keys change it)"),
    "caption": _("Açıklama", "Caption"),
    "caption-of": _("{name} görüntüsünün açıklaması", "Caption of picture {name}"),
    "keep-caption": _("Yaz", "Keep"),
    "keep-caption-of": _("{name} görüntüsünün açıklamasını yaz", "Keep the caption of picture {name}"),
    "key-images": _("Anahtar görüntüler", "Key images"),
    "key-images-count": _("{count} anahtar görüntü", "{count} key images"),
    "no-key-images": _("Henüz işaretlenmedi.", "None is marked yet."),
    "key-images-why": _(
        "İmzalanan sürümde, PDF'te ve çalışmada (KO) kalır.",
        "They stay in the signed version, in its PDF and in the study (KO).",
    ),
    "mark-shown": _("Görüntüleyicideki görüntüyü işaretle", "Mark the image in the viewer"),
    "mark": _("İşaretle", "Mark"),
    "unmark": _("Çıkar", "Take away"),
    "unmark-image": _("{name} görüntüsünü çıkar", "Take image {name} away"),
    "series-number": _("Seri no", "Series no."),
    "image-number": _("Görüntü no", "Image no."),
    "frame-number": _("Kare", "Frame"),
    "key-image": _("Seri {series}, görüntü {number}", "Series {series}, image {number}"),
    "key-image-frame": _(
        "Seri {series}, görüntü {number}, kare {frame}", "Series {series}, image {number}, frame {frame}"
    ),
    "viewer-silent": _(
        "Görüntüleyicide açık görüntü yok. Tetkikin görüntülerini açın, bir görüntüyü seçin ve yeniden deneyin.",
        "No image is open in the viewer. Open the exam's images, choose one and try again.",
    ),
    "picture-not-drawn": _("Bu görüntü burada çizilemedi.", "This image cannot be drawn here."),
    "viewer-notice": _("Görüntüleyici hakkında", "About the viewer"),
    "viewer-notice-text": _(
        "Görüntüleyici OHIF'tir. Ne OHIF ne Geçit tıbbi cihaz belgesi taşır; tanı için kullanılıp kullanılmayacağına "
        "ve hangi ekranda kullanılacağına kurumunuz karar verir.",
        "The viewer is OHIF. Neither OHIF nor Geçit is certified as a medical device; your institution decides "
        "whether, and on which display, it is used for diagnosis.",
    ),
    "viewer-notice-confirm": _("Anladım, 90 gün gösterme", "Understood, hide for 90 days"),
    "archive-away": _(
        "Orthanc yanıt vermiyor; hiçbir şey işaretlenmedi. Birazdan yeniden deneyin.",
        "Orthanc does not answer; nothing was marked. Try again in a moment.",
    ),
}
