"""Why something cannot be done with a consultation, in the words of whoever tried."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from .consultation import LONGEST, LONGEST_TEXT, MOST_ASKED, MOST_IMAGES, MOST_MEASUREMENTS, MOST_OF_EXAM
from .values import Text


class Why(StrEnum):
    """Why it cannot be done."""

    NOT_ALLOWED = "not allowed"  # or there is none: who may not see it learns no difference
    NO_IMAGES = "no images"
    CANCELLED = "cancelled"
    NO_TEXT = "no text"
    TOO_LONG = "too long"
    DEADLINE = "deadline"
    NOBODY = "nobody"
    TOO_MANY_ASKED = "too many asked"
    TOO_MANY = "too many"
    TAKEN = "taken"
    OVER = "over"
    NOT_NOW = "not now"
    CHANGED = "changed"
    NO_IMAGE = "no image"
    SEVERAL_IMAGES = "several images"
    MANY_IMAGES = "many images"
    ARCHIVE = "archive"
    MEASUREMENT = "measurement"
    MANY_MEASUREMENTS = "many measurements"
    NO_ANSWER = "no answer"
    NO_DRAFT = "no draft"


WORDS: dict[Why, Text] = {
    Why.NOT_ALLOWED: Text(
        tr="Böyle bir konsültasyon yok ya da size açık değil (kapanmış, süresi ya da yetkiniz bitmiş olabilir).",
        en="There is no such consultation, or it is not open to you (closed, out of time, or your right ended).",
    ),
    Why.NO_IMAGES: Text(
        tr="Tetkikin görüntüsü henüz gelmedi; gelince danışılabilir.",
        en="The exam's images have not arrived; ask when they have.",
    ),
    Why.CANCELLED: Text(tr="İstem iptal edilmiş; danışılamaz.", en="The order is cancelled; nobody can be asked."),
    Why.NO_TEXT: Text(tr="Metin boş; yazıp yeniden gönderin.", en="There is no text; write it and send again."),
    Why.TOO_LONG: Text(
        tr=f"Metin en çok {LONGEST_TEXT} karakter olabilir; kısaltın.",
        en=f"The text can have {LONGEST_TEXT} characters at the most; shorten it.",
    ),
    Why.DEADLINE: Text(
        tr=f"Son yanıt zamanı şimdiden en az 5 dakika, en çok {LONGEST.days} gün sonra olmalı.",
        en=f"The deadline must lie 5 minutes from now at least, and {LONGEST.days} days at the most.",
    ),
    Why.NOBODY: Text(
        tr="Danışılacak hekim bulunamadı: açık bir radyolog, konsültan ya da klinisyen hesabı seçin; grupsa üyesi "
        "olmalı, siz sayılmazsınız.",
        en="There is nobody to ask: choose the open account of a radiologist, consultant or clinician; a group must "
        "have members beside yourself.",
    ),
    Why.TOO_MANY_ASKED: Text(
        tr=f"Bir konsültasyon en çok {MOST_ASKED} hekime sorulur; daha küçük bir grup seçin.",
        en=f"A consultation is asked of {MOST_ASKED} physicians at the most; choose a smaller group.",
    ),
    Why.TOO_MANY: Text(
        tr=f"Tetkikin kapanmamış {MOST_OF_EXAM} konsültasyonu var; önce birini kapatın.",
        en=f"The exam has {MOST_OF_EXAM} consultations that are not over; close one first.",
    ),
    Why.TAKEN: Text(
        tr="Bu konsültasyonu başka bir hekim üstlendi.", en="Another physician has accepted this consultation."
    ),
    Why.OVER: Text(
        tr="Son yanıt zamanı geçti; tetkik size artık açık değil. Soran hekim süre verirse yeniden açılır.",
        en="The deadline has passed and the exam is shut to you. It opens again if the asker gives more time.",
    ),
    Why.NOT_NOW: Text(
        tr="Konsültasyon bu durumdayken yapılamaz; sayfayı yenileyip durumuna bakın.",
        en="That cannot be done in the consultation's state; load the page again and look at it.",
    ),
    Why.CHANGED: Text(
        tr="Siz yazarken konsültasyon değişti (yeni soru ya da yanıt geldi). Okuyun, sonra yeniden gönderin; "
        "yazdıklarınız aşağıda duruyor.",
        en="The consultation changed while you were writing (a new question or answer came). Read it and send again; "
        "what you wrote stands below.",
    ),
    Why.NO_IMAGE: Text(
        tr="Bu tetkikte böyle bir görüntü yok. Seri/görüntü numarasını (ör. 2/14) ya da SOP Instance UID'yi "
        "görüntüleyiciden denetleyin.",
        en="This exam has no such picture. Check series/image (2/14) or the SOP Instance UID in the viewer.",
    ),
    Why.SEVERAL_IMAGES: Text(
        tr="Bu seri/görüntü numarası tetkikte birden çok kez var; SOP Instance UID yazın.",
        en="Series/image of these numbers stand more than once in the exam; write the SOP Instance UID.",
    ),
    Why.MANY_IMAGES: Text(
        tr=f"En çok {MOST_IMAGES} görüntü gösterilebilir.", en=f"You can point to {MOST_IMAGES} pictures at the most."
    ),
    Why.ARCHIVE: Text(
        tr="Görüntü arşivi şu anda yanıt vermiyor, görüntü numaraları denetlenemedi. Yazdıklarınız aşağıda duruyor; "
        "birazdan yeniden gönderin.",
        en="The archive does not answer now, so the pictures' numbers could not be checked. What you wrote stands "
        "below; send it again in a while.",
    ),
    Why.MEASUREMENT: Text(
        tr="Bir ölçümün adı, sayısı (ör. 12,5) ve listedeki birimi birlikte gerekir.",
        en="A measurement needs its name, a number (12.5) and a unit of the list.",
    ),
    Why.MANY_MEASUREMENTS: Text(
        tr=f"En çok {MOST_MEASUREMENTS} ölçüm yazılabilir.", en=f"{MOST_MEASUREMENTS} measurements at the most."
    ),
    Why.NO_ANSWER: Text(
        tr="Yanıt yok; rapora eklenecek bir şey bulunmuyor. Rapora eklemeden kapatılabilir.",
        en="There is no answer to put into the report. It can be closed without.",
    ),
    Why.NO_DRAFT: Text(
        tr="Tetkik okumada sizde değil: önce tetkiki alın (rapor imzalandıysa ek rapor ya da düzeltme başlatın), sonra "
        "rapora ekleyerek kapatın.",
        en="You are not reading the exam: take it first (an addendum or a correction if its report is signed), then "
        "close this into the report.",
    ),
}


class ConsultationRefused(Exception):
    """It cannot be done; `why` says so in both languages, `what` which part of what was written it is about."""

    def __init__(self, why: Why, what: str = "", more: Sequence[Text] = ()) -> None:
        super().__init__(why.value)
        self.why, self.what, self.more = why, what, tuple(more)

    @property
    def text(self) -> Text:
        """What the person is told."""
        said = WORDS[self.why]
        return Text(tr=f"{self.what}: {said.tr}", en=f"{self.what}: {said.en}") if self.what else said
