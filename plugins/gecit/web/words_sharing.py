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
    "sharing-from": _("Başlangıç", "From"),
    "sharing-ends": _("Bitiş", "Until"),
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
    "nothing-to-share": _("Burada size ait tetkik yok.", "There is no exam of yours here."),
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
    "links-given": _("Bağlantılarım", "My links"),
    "links-none": _("Bağlantı yok.", "There are no links."),
    "links-off": _(
        "Bu kurulumda bağlantıyla paylaşım açık değil: kod gönderilemiyor.",
        "Sharing by a link is not switched on here: no codes can be sent.",
    ),
    "link-make": _("Bağlantı yap", "Make a link"),
    "link-how": _(
        "Bağlantıyı alacak kişiye siz iletirsiniz. Açmak isteyince, burada yazdığınız adrese tek kullanımlık bir kod "
        "gider; koddan önce hiçbir bilgi görünmez. En çok {days} gün geçerlidir.",
        "You pass the link on yourself. On opening it a one-time code goes to the address you write here; before the "
        "code nothing is shown. It is good for {days} days at the most.",
    ),
    "link-channel": _("Kod nasıl gitsin", "How the code is sent"),
    "link-address": _("Alacak kişinin e-postası ya da telefonu", "The receiver's e-mail address or telephone"),
    "link-to": _("Kodun gittiği adres", "Address of the code"),
    "channel-e-mail": _("E-posta", "E-mail"),
    "channel-sms": _("SMS", "SMS"),
    "link-copy": _("Bağlantıyı kopyala", "Copy the link"),
    "link-copied": _("Kopyalandı", "Copied"),
    "link-made": _("Bağlantı hazır", "The link is made"),
    "link-made-what": _(
        "Bağlantıyı şimdi kopyalayın: bir daha gösterilmez. Kodu ayrıca iletmeyin, alacak kişiye kendiliğinden gider.",
        "Copy the link now: it is not shown again. Do not pass a code on; it goes to the receiver by itself.",
    ),
    "link-made-back": _("Paylaşımlarıma dön", "Back to what I share"),
    "link-title": _("Paylaşılan tetkikleri aç", "Open shared exams"),
    "link-what": _(
        "Size gönderilen bağlantıyla bir hastanın paylaştığı tetkikler açılır. Önce, hastanın sizin için yazdığı "
        "adrese tek kullanımlık bir kod gönderilir.",
        "The link you were sent opens exams that a patient shares. First a one-time code is sent to the address that "
        "the patient wrote for you.",
    ),
    "link-token": _("Bağlantı anahtarı", "The link's key"),
    "link-token-hint": _("Bağlantıda # işaretinden sonra yazan.", "What stands behind # in the link."),
    "link-send": _("Kod gönder", "Send a code"),
    "link-again": _("Yeni kod gönder", "Send a new code"),
    "link-code": _("Kod", "Code"),
    "link-open": _("Aç", "Open"),
    "link-leave": _("Bağlantıdan çık", "Leave the link"),
    "link-sent": _(
        "Kod gönderildi. Birkaç dakika geçerlidir ve bir kez kullanılır.",
        "A code was sent. It is good for some minutes, once.",
    ),
    "link-nothing": _(
        "Bu bağlantı bir şey açmıyor: eksik kopyalanmış, süresi dolmuş ya da kaldırılmış olabilir. Gönderenden "
        "yenisini isteyin.",
        "This link opens nothing: it may be copied in part, over, or ended. Ask who sent it for a new one.",
    ),
    "link-wrong": _(
        "Kod yanlış, kullanılmış ya da süresi dolmuş. Yeniden deneyin ya da yeni kod isteyin.",
        "The code is wrong, used or over. Try again, or ask for a new one.",
    ),
    "link-too-many": _(
        "Çok fazla deneme oldu; on beş dakika sonra yeniden deneyin.",
        "There were too many tries; try again in fifteen minutes.",
    ),
    "link-not-sent": _(
        "Kod gönderilemedi. Birazdan yeniden deneyin; sürerse yönetici Sharing ayarlarına ve gecit.share_links günlük "
        "satırlarına bakmalı.",
        "The code could not be sent. Try again shortly; if it lasts, the administrator should look at the Sharing "
        "settings and at log lines of gecit.share_links.",
    ),
    "link-signed-in": _(
        "Bu tarayıcıda {who} olarak oturum açık. Bağlantıyı açmak için önce oturumu kapatın ya da gizli pencere "
        "kullanın.",
        "This browser is signed in as {who}. To open the link sign out first, or use a private window.",
    ),
    "ground-link": _("Paylaşım bağlantısı", "Shared link"),
}

SAID_SHARING: dict[str, tuple[Text, str]] = {
    "shared": (_("Paylaşıldı.", "Shared."), "success"),
    "share-ended": (_("Kaldırıldı; birkaç saniye içinde kapanır.", "Ended; it shuts within seconds."), "success"),
    "visit-over": (
        _("Paylaşım sona erdi ya da süresi doldu.", "The sharing was ended, or its time is over."),
        "warning",
    ),
    "nothing-ended": (_("Kaldırılacak bir paylaşım yoktu.", "There was nothing to end."), "warning"),
}
