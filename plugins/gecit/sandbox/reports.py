"""What the demo's radiologists write: the four parts of OBX-5, by kind of picture. No real patient's words."""

from __future__ import annotations

from ..core.values import Value


class ReportText(Value):
    """The parts by their number, and their format (OBX-3)."""

    parts: dict[str, str]
    format: str = "TXT"


REPORTS: dict[str, ReportText] = {
    "CT": ReportText(
        parts={
            "1": "Kontrastsız beyin BT incelemesi 1,5 mm kesit kalınlığında yapılmıştır.",
            "2": "Karşılaştırılacak önceki inceleme bulunmamaktadır.",
            "3": (
                "Ventriküler sistem ve bazal sisternaların genişliği yaşla uyumludur.\n"
                "Serebral ve serebellar hemisferlerde kanama, kitle ya da akut iskemi bulgusu izlenmedi.\n"
                "Orta hat yapıları yerindedir. Kemik yapılarda kırık hattı izlenmedi."
            ),
            "4": "Akut intrakraniyal patoloji saptanmadı. Klinik bulgularla birlikte değerlendirilmesi önerilir.",
        }
    ),
    "MR": ReportText(
        parts={
            "1": "Üst batın MR incelemesi, aksiyel planda yağ baskılı T1 ağırlıklı dinamik serilerle yapılmıştır.",
            "2": "Önceki inceleme ile karşılaştırma yapılamamıştır.",
            "3": (
                "Karaciğer sağ lobda, çevresel kontrastlanan, düzgün sınırlı tek lezyon izlendi.\n"
                "Dalak, pankreas, her iki böbrek ve sürrenal bezler doğal görünümdedir. Serbest sıvı saptanmadı."
            ),
            "4": "Karaciğer sağ lobda tek lezyon. Kontrol MR ve gastroenteroloji görüşü önerilir.",
        }
    ),
    "ES": ReportText(
        parts={
            "1": "Üst gastrointestinal sistem endoskopisi, sedasyon altında yapılmıştır.",
            "2": "Önceki endoskopi kaydı yoktur.",
            "3": (
                "Özofagus mukozası doğal, Z çizgisi düzenlidir.\n"
                "Mide korpusu olağan; antrumda hafif ödem ve kızarıklık izlendi. Bulbus ve duodenum doğaldır."
            ),
            "4": "Hafif antral gastrit görünümü. Biyopsi sonucu ile birlikte değerlendirilmesi önerilir.",
        }
    ),
    "US": ReportText(
        parts={
            "1": "<p>Kasık bölgesinin yüzeyel ultrasonu, <b>Doppler</b> ile yapılmıştır.</p>",
            "2": "<p>Önceki inceleme yoktur.</p>",
            "3": (
                "<p>Kasık bölgesinde, hilusu seçilen oval biçimli lenf nodu izlendi.</p>"
                "<ul><li>Kanlanması santral ve artmıştır.</li><li>Çevre yağ dokusu olağandır; sıvı izlenmedi.</li></ul>"
            ),
            "4": "<p>Reaktif görünümde lenf nodu &ndash; iki hafta sonra kontrol önerilir.</p>",
        },
        format="HTML",
    ),
    "MG": ReportText(
        parts={
            "1": "Sağ meme MLO grafisi tam alan dijital mamografi cihazında elde edilmiştir.",
            "2": "Önceki mamografi bulunmamaktadır.",
            "3": (
                "Meme dokusu ACR tip B, dağınık fibroglandüler yoğunluktadır.\n"
                "Kitle, yapısal bozulma ya da kuşkulu mikrokalsifikasyon kümesi izlenmedi. Cilt ve meme başı olağandır."
            ),
            "4": "BI-RADS 1: normal bulgular. Yaşa uygun tarama programına devam edilmesi önerilir.",
        }
    ),
    "DX": ReportText(
        parts={
            "1": "Lateral kafa grafisi.",
            "2": "Karşılaştırılacak grafi yoktur.",
            "3": "Kalvaryum kemik yapıları doğal görünümdedir; kırık hattı, litik ya da sklerotik lezyon izlenmedi.",
            "4": "Kemik yapılarda patoloji saptanmadı. Şikâyet sürerse BT ile değerlendirilmesi önerilir.",
        }
    ),
}

CHANGED: dict[str, dict[str, str]] = {
    "preliminary": {"4": "Ön değerlendirme: belirgin kemik patolojisi saptanmadı. Kesin rapor beklenmelidir."},
    "correct": {
        "3": (
            "Kalvaryum kemik yapıları doğal görünümdedir. Sağ parietal kemikte, önceki metinde belirtilmeyen, "
            "5 mm çapında düzgün sınırlı litik alan izlendi."
        ),
        "4": "Sağ parietal kemikte 5 mm litik alan; BT ile değerlendirilmesi önerilir.",
    },
    "add": {
        "2": "Hastanın dış merkezde yapılmış MR incelemesi sonradan getirilmiş, birlikte değerlendirilmiştir.",
        "4": "Karaciğer sağ lobdaki lezyon önceki incelemeye göre boyut ve görünüm olarak değişmemiştir.",
    },
}
"""What other versions of a report say otherwise, by the act that sends them."""
