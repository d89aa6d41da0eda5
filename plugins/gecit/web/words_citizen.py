"""What the citizen's pages say beside `words.py`: plain words, no abbreviation of ours."""

from __future__ import annotations

from gecit.core.patient_requests import Act, Contact, Fault, State
from gecit.core.values import Text


def _(tr: str, en: str) -> Text:
    return Text(tr=tr, en=en)


CITIZEN: dict[str, Text] = {
    "own-exams": _("Görüntülerim", "My exams"),
    "looks": _("Kim baktı", "Who looked"),
    "own-requests": _("Taleplerim", "My requests"),
    "patient-desk": _("Hasta talepleri", "Patients' requests"),
    # The list
    "own-exams-what": _(
        "Adınıza kayıtlı görüntüleme tetkikleri: çekimler, görüntüleri ve kesinleşmiş raporları.",
        "Imaging exams that are recorded under your name, with their images and final reports.",
    ),
    "no-own-exams": _("Adınıza kayıtlı bir tetkik yok.", "No exam is recorded under your name."),
    "exam-missing-here": _("Bir tetkikiniz burada yok mu?", "Is one of your exams missing here?"),
    "ask-for-it": _("Kurumdan isteyin", "Ask the institution for it"),
    "day-unknown": _("tarihi bilinmiyor", "date unknown"),
    "has-images": _("Görüntü var", "Images"),
    "no-images-yet": _("Görüntü yok", "No images"),
    "images-arriving": _("Görüntüler geliyor", "Images are arriving"),
    "has-report": _("Rapor var", "Report"),
    "no-report-yet": _("Kesin rapor henüz yok", "No final report yet"),
    "was-cancelled": _("İptal edildi", "Cancelled"),
    "open-exam": _("{exam}, {day}: aç", "Open {exam}, {day}"),
    "newer-exams": _("Daha yeni", "Newer"),
    "older-exams": _("Daha eski", "Older"),
    "pages-of-list": _("Sayfalar", "Pages"),
    # One exam
    "your-images": _("Görüntüler", "Images"),
    "your-report": _("Rapor", "Report"),
    "share-exam": _("Paylaşma", "Sharing"),
    "share-exam-what": _(
        "Görüntüleri ve raporu bir hekime, bir kuruma ya da bağlantıyla birine, seçtiğiniz günler için açabilirsiniz; "
        "dilediğinizde geri alırsınız.",
        "You can open images and report to a physician, an institution or, by a link, to somebody, for the days that "
        "you choose; and take it back whenever you like.",
    ),
    "share-this-exam": _("Bu tetkiki paylaş", "Share this exam"),
    "see-images": _("Görüntülere bak", "Look at the images"),
    "images-elsewhere": _(
        "Görüntüler bu merkezde saklanmıyor: {nodes} düğümünde, oraya şu anda ulaşılamıyor. Kaybolmadılar; daha sonra "
        "yeniden deneyin. Sürerse çekimin yapıldığı kuruma başvurun.",
        "The images are not kept at this centre: they are at node {nodes}, which cannot be reached now. They are not "
        "lost; try again later. If it lasts, turn to the institution that took them.",
    ),
    "how-many-images": _("{count} görüntü", "{count} images"),
    "download-images": _("Görüntüleri indir (zip)", "Download the images (zip)"),
    "download-what": _(
        "CD yerine geçer: DICOM dosyaları, DICOMDIR ve rapor. Büyük olabilir; kablosuz ağ önerilir.",
        "It stands for a CD: DICOM files, a DICOMDIR and the report. It may be large: Wi-Fi is advised.",
    ),
    "download-partly": _(
        "Bu tetkikin görüntülerinin bir bölümü başka düğümde; zip yalnız buradakileri içerir.",
        "A part of this exam's images is at another node; the zip holds what is here only.",
    ),
    "download-rest": _("{node} düğümünden indir", "Download from node {node}"),
    "download-rest-away": _("{node}: oraya şu anda ulaşılamıyor", "{node}: it cannot be reached now"),
    "read-own-report": _("Raporu oku", "Read the report"),
    "report-pdf": _("Raporu indir (PDF)", "Download the report (PDF)"),
    "report-signed": _("{at} tarihinde kesinleşti", "Final since {at}"),
    "report-corrected": _("Bu rapor düzeltilmiş rapordur.", "This is a corrected report."),
    "report-replaced": _(
        "{at} tarihli raporun yerine geçti; o rapor artık geçerli değildir.",
        "It took the place of the report of {at}, which does not count any more.",
    ),
    "wait-for-report": _(
        "Rapor kesinleşince burada görünür. Sorularınız için çekimin yapıldığı kuruma başvurun.",
        "The report appears here once it is final. For questions turn to the institution that took the images.",
    ),
    "doctor-explains": _("Raporu hekiminizle birlikte değerlendirin.", "Talk the report over with your doctor."),
    "addendum-of": _("Ek rapor, {at}", "Addendum, {at}"),
    "signed-by": _("İmzalayan", "Signed by"),
    "back-to-own": _("Görüntülerime dön", "Back to my exams"),
    "back-to-exam": _("Tetkike dön", "Back to the exam"),
    # Downloads
    "download-title": _("Görüntüleri indirme", "Downloading the images"),
    "download-ready": _(
        "Yaklaşık {size} MB görüntü hazır. İndirme tarayıcınızda başlar; bu sayfa ne kadar gittiğini gösterir.",
        "About {size} MB of images are ready. The download starts in your browser; this page shows how far it is.",
    ),
    "download-start": _("İndirmeyi başlat", "Start the download"),
    "download-again": _("Yeniden indir", "Download again"),
    "download-running": _("{done} MB / {total} MB gönderildi", "{done} MB of {total} MB sent"),
    "download-done": _(
        "Hepsi gönderildi. Dosya tarayıcınızın indirilenler listesinde; yarım kaldıysa yeniden indirin.",
        "All of it was sent. The file is in your browser's list of downloads; if it is not whole, download it again.",
    ),
    "download-failed": _(
        "İndirme yarıda kaldı. Bağlantınızı denetleyip yeniden başlatın; baştan gönderilir.",
        "The download broke off. Check your connection and start again; it is sent from the beginning.",
    ),
    # Who looked
    "looks-title": _("Tetkiklerime kim baktı", "Who looked at my exams"),
    "looks-what": _(
        "Görüntülerinize ve raporlarınıza kimin, hangi kurumdan, ne zaman baktığı. Bakan kişinin adı kısaltılır; "
        "tanımadığınız bir bakış için kurumun hasta hakları birimine başvurun.",
        "Who looked at your images and reports, of which institution, and when. Names are shortened; where you do not "
        "know of a look, ask the patient-rights desk of the institution.",
    ),
    "no-looks": _("Kayıtlı bir bakış yok.", "No look is on record."),
    "look-when": _("Ne zaman", "When"),
    "look-who": _("Kim", "Who"),
    "look-of": _("Hangi kurumdan", "Of which institution"),
    "look-did": _("Ne yaptı", "What"),
    "look-exam": _("Hangi tetkik", "Which exam"),
    # Requests
    "requests-title": _("Eksik tetkik talebi", "Asking for a missing exam"),
    "requests-what": _(
        "Talebiniz seçtiğiniz kurumun hasta hakları birimine gider; {days} gün içinde yanıtlaması beklenir. Durumunu "
        "bu sayfadan izlersiniz.",
        "It goes to the patient-rights desk of the institution that you choose, which should answer within {days} "
        "days. You follow it on this page.",
    ),
    "no-requests": _("Henüz bir talebiniz yok.", "You have not asked for anything yet."),
    "request-new": _("Yeni talep", "New request"),
    "request-list": _("Talepleriniz", "Your requests"),
    "request-institution": _("Çekimin yapıldığı kurum", "Institution that took the images"),
    "request-choose": _("Kurum seçin", "Choose an institution"),
    "request-when": _("Yaklaşık ne zaman (örneğin Mart 2026)", "About when (March 2026, say)"),
    "request-what": _("Ne çekildi (örneğin sağ diz MR)", "What was taken (MR of the right knee, say)"),
    "asked-what": _("İstenen tetkik", "Exam that is asked for"),
    "asked-when": _("Yaklaşık tarihi", "About when it was"),
    "request-contact": _("Yanıtı nasıl öğrenmek istersiniz?", "How do you want to hear of the answer?"),
    "request-contact-at": _("Telefon ya da e-posta", "Telephone or e-mail"),
    "request-send": _("Talebi gönder", "Send the request"),
    "request-asked": _("Talep tarihi", "Asked"),
    "request-due": _("Son yanıt tarihi", "Answer due"),
    "request-late": _("Gecikti", "Overdue"),
    "request-state": _("Durum", "State"),
    "request-answer": _("Yanıt", "Answer"),
    "request-steps": _("Neler oldu", "What happened"),
    "request-withdraw": _("Talebi geri çek", "Withdraw the request"),
    "request-found": _("Tetkik bulundu ve kayıtlarınızda", "The exam was found and is among yours"),
    "request-of": _("{what}: talebi aç", "Open the request: {what}"),
    "too-many-requests": _(
        "Aynı anda en çok {most} açık talebiniz olabilir. Birinin yanıtını bekleyin ya da birini geri çekin.",
        "You may have {most} open requests at a time. Wait for an answer, or withdraw one.",
    ),
    "fault-institution": _("Listeden bir kurum seçin.", "Choose an institution from the list."),
    "fault-when": _("Yaklaşık tarihi yazın (en çok 60 harf).", "Write about when it was (60 letters at the most)."),
    "fault-what": _("Ne çekildiğini yazın (en çok 1000 harf).", "Write what was taken (1000 letters at the most)."),
    "fault-contact": _(
        "Telefonu rakamlarla, e-postayı ad@alan.adı biçiminde yazın; ya da yanıtı bu sayfadan izleyin.",
        "Write the telephone in digits, the e-mail as name@domain; or follow the answer on this page.",
    ),
    # The desk
    "desk-title": _("Hasta talepleri", "Patients' requests"),
    "desk-open": _("Açık", "Open"),
    "desk-closed": _("Kapanan", "Closed"),
    "desk-none": _("Burada talep yok.", "There are no requests here."),
    "desk-patient": _("Hasta", "Patient"),
    "desk-number": _("TCKN", "TCKN"),
    "desk-contact": _("İletişim", "Contact"),
    "desk-text": _("Yanıt ya da ret nedeni (hasta okur)", "Answer, or reason of the refusal (the patient reads it)"),
    "desk-exam": _("Bulunan tetkik", "The exam that was found"),
    "desk-no-exam": _(
        "Hastanın kurumunuzda kayıtlı tetkiki yok. İstemi ve görüntüyü HBYS ve PACS'tan gönderin; gelince burada "
        "seçilir.",
        "The patient has no exam of your institution here. Send order and images from HBYS and PACS; they can be "
        "chosen once they have come.",
    ),
    "desk-by": _("{name} tarafından", "by {name}"),
    "desk-back": _("Listeye dön", "Back to the list"),
}

STATES: dict[State, Text] = {
    State.ASKED: _("Gönderildi", "Sent"),
    State.RECEIVED: _("Kurum aldı", "The institution has it"),
    State.LOOKING: _("Aranıyor", "Being looked for"),
    State.FOUND: _("Bulundu", "Found"),
    State.ANSWERED: _("Yanıtlandı", "Answered"),
    State.REFUSED: _("Reddedildi", "Refused"),
    State.WITHDRAWN: _("Geri çekildi", "Withdrawn"),
}
ACTS: dict[Act, Text] = {
    Act.RECEIVE: _("Alındı", "Received"),
    Act.LOOK: _("Aranıyor", "Being looked for"),
    Act.FIND: _("Bulundu, bu tetkik", "Found: this exam"),
    Act.ANSWER: _("Yazıyla yanıtla", "Answer in words"),
    Act.REFUSE: _("Reddet", "Refuse"),
    Act.WITHDRAW: _("Geri çek", "Withdraw"),
}
CONTACTS: dict[Contact, Text] = {
    Contact.PAGE: _("Bu sayfadan izlerim", "I follow it on this page"),
    Contact.PHONE: _("Telefonla", "By telephone"),
    Contact.EMAIL: _("E-postayla", "By e-mail"),
}
FAULTS: dict[Fault, Text] = {
    Fault.NOT_SO: _(
        "Talebin durumu bu arada değişti; hiçbir şey yapılmadı.",
        "The request stands otherwise by now; nothing was done.",
    ),
    Fault.NOT_YOURS: _("Bunu öteki taraf yapar.", "That is for the other side to do."),
    Fault.NO_TEXT: _("Hastanın okuyacağı yanıtı ya da nedeni yazın.", "Write the answer or reason for the patient."),
    Fault.NO_EXAM: _(
        "Bu hastanın kurumdaki tetkiklerinden birini seçin.", "Choose one of this patient's exams at the institution."
    ),
}

LOOKS: dict[str, Text] = {
    "see images": _("Görüntülere baktı", "looked at the images"),
    "see a report": _("Raporu okudu", "read the report"),
    "see an exam": _("Tetkik kaydına baktı", "looked at the exam's record"),
    "query duplicates": _("Önceki tetkikleri sorguladı (mükerrer sorgu)", "asked for earlier exams (duplicate query)"),
    "export": _("Dışa aktardı", "exported"),
    "take": _("Raporlamak için aldı", "took it to report"),
    "sign": _("Raporu imzaladı", "signed the report"),
    "sign preliminary": _("Ön raporu imzaladı", "signed a preliminary report"),
    "sign first": _("Raporun ilk imzasını attı", "signed the report first"),
    "see a consultation": _("Konsültasyon için tetkike baktı", "looked at the exam for a consultation"),
    "answer a consultation": _("Konsültasyonu yanıtladı", "answered a consultation"),
    "review a report": _("Kalite için raporu inceledi", "reviewed the report for its quality"),
    "answer patients": _("Talebinize baktı", "looked at your request"),
}
"""What of the audit a patient is told; anything else is no look at his data."""
BY_ROUTE: dict[str, Text] = {
    "downloads.begin": _("Görüntüleri indirmek istedi", "asked for the images as a zip"),
    "downloads.as_zip": _("Görüntüleri indirdi", "downloaded the images"),
}
"""The same by the page that was asked, where that says more."""
BY_SELF: dict[str, Text] = {
    "see images": _("Görüntülere baktınız", "looked at the images"),
    "see a report": _("Raporu okudunuz", "read the report"),
    "see an exam": _("Tetkik kaydına baktınız", "looked at the exam's record"),
    "downloads.begin": _("Görüntüleri indirmek istediniz", "asked for the images as a zip"),
    "downloads.as_zip": _("Görüntüleri indirdiniz", "downloaded the images"),
}
"""What the patient did himself: Turkish says of whom by the verb."""

READ_ME = _(
    "Bu paket bir CD'nin yerine geçer.\r\n\r\n"
    "RAPOR.pdf  kesin rapor (varsa)\r\n"
    "DICOMDIR   görüntülerin dizini: DICOM görüntüleyiciler bu dosyayı açar\r\n"
    "IMAGES     görüntüler (DICOM)\r\n"
    "OTHER      dizine alınamayan dosyalar (varsa)\r\n\r\n"
    "Başka bir hekime götürmek için klasörün tamamını verin. İçinde sağlık bilgileriniz vardır: ortak bilgisayarda "
    "bırakmayın.\r\n",
    "This package stands for a CD.\r\n\r\n"
    "RAPOR.pdf  the final report, where there is one\r\n"
    "DICOMDIR   the index of the images: DICOM viewers open this file\r\n"
    "IMAGES     the images (DICOM)\r\n"
    "OTHER      files that the index cannot name, where there are some\r\n\r\n"
    "To take it to another doctor give the whole folder. It holds your health data: leave it on no shared "
    "computer.\r\n",
)
