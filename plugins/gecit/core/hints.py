"""Hints: what the facts of an exam give away without anybody's opinion. Pure, advice, never part of a verdict.

Nothing is said while images may still arrive, nor of what the ledger does not hold: a study recorded before its
headers were read has no hint about them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

from .exam import Exam
from .hints_dose import of_dose
from .hints_geometry import of_pixel_spacing
from .hints_patient import of_patient
from .hints_protocol import of_protocol
from .hints_side import of_mammography, of_side
from .quality import Hint, Mender
from .quality_data import QualityData
from .values import Text, Value


class HintWords(Value):
    """What people read of a hint."""

    title: Text
    fix: Text


CHECKS: tuple[Callable[[Exam, QualityData], Iterator[Hint]], ...] = (
    of_patient,
    of_side,
    of_mammography,
    of_protocol,
    of_pixel_spacing,
    of_dose,
)


def hints_of(exam: Exam, data: QualityData) -> tuple[Hint, ...]:
    """Return everything that the exam's facts give away, in the order of the checks."""
    if exam.cancelled or exam.unsettled or not exam.images:
        return ()
    return tuple(dict.fromkeys(chain.from_iterable(check(exam, data) for check in CHECKS)))


MENDERS: dict[Mender, Text] = {
    Mender.MODALITY: Text(tr="Çekim birimi (cihaz)", en="The imaging unit (modality)"),
    Mender.PACS: Text(tr="PACS", en="PACS"),
    Mender.HBYS: Text(tr="HBYS", en="HBYS"),
    Mender.PHYSICIST: Text(tr="Medikal fizik uzmanı", en="Medical physicist"),
}

CODES: dict[str, HintWords] = {
    "patient-name-differs": HintWords(
        title=Text(tr="Görüntüdeki hasta adı istemdekinden farklı", en="The patient's name differs from the order's"),
        fix=Text(
            tr="Görüntü ile istemi karşılaştırın: yanlış hastaya çekilmişse PACS taşımalı, adı yanlışsa düzeltmeli.",
            en="Compare images and order: the PACS must move them if they are another patient's, or mend the name.",
        ),
    ),
    "patient-birth-date-differs": HintWords(
        title=Text(tr="Görüntüdeki doğum tarihi istemdekinden farklı", en="The birth date differs from the order's"),
        fix=Text(
            tr="Cihaz hasta bilgisini iş listesinden almalı; PACS doğum tarihini düzeltmeli.",
            en="The modality should take the patient from the worklist; the PACS must mend the birth date.",
        ),
    ),
    "patient-sex-differs": HintWords(
        title=Text(tr="Görüntüdeki cinsiyet istemdekinden farklı", en="The sex differs from the order's"),
        fix=Text(
            tr="Cihaz hasta bilgisini iş listesinden almalı; PACS cinsiyeti düzeltmeli.",
            en="The modality should take the patient from the worklist; the PACS must mend the sex.",
        ),
    ),
    "patient-identifier-differs": HintWords(
        title=Text(
            tr="Görüntüde istemdekinden başka bir hasta numarası var", en="The images carry another patient's number"
        ),
        fix=Text(
            tr="Görüntüler başka hastanınsa PACS taşımalı; değilse PACS veya HBYS numarayı düzeltmeli.",
            en="The PACS must move the images if they are another patient's; else PACS or HBYS must mend the number.",
        ),
    ),
    "laterality-differs": HintWords(
        title=Text(tr="Görüntülerin tarafı istemden farklı", en="The side of the images differs from the order's"),
        fix=Text(
            tr="İstenen taraf çekilmemişse çekilmeli; etiket yanlışsa çekim birimi düzeltip yeniden göndermeli.",
            en="If the ordered side was not taken, take it; if its label is wrong, mend it and send the images again.",
        ),
    ),
    "laterality-missing": HintWords(
        title=Text(tr="Çift organda taraf bilgisi yok", en="A paired body part without a side"),
        fix=Text(
            tr="Protokol tarafı (0020,0060) ya da (0020,0062) içine yazmalı; düzeltilip yeniden gönderilmeli.",
            en="The protocol must write the side into (0020,0060) or (0020,0062); mend it and send the images again.",
        ),
    ),
    "mammography-side-missing": HintWords(
        title=Text(tr="Mamografide taraf bilgisi yok", en="A mammogram without a side"),
        fix=Text(
            tr="Cihaz her görüntüye (0020,0062) R ya da L yazmalı; düzeltilip yeniden gönderilmeli.",
            en="The device must write R or L into (0020,0062) of every image; mend it and send the images again.",
        ),
    ),
    "mammography-view-missing": HintWords(
        title=Text(tr="Mamografide poz bilgisi yok", en="A mammogram without a view"),
        fix=Text(
            tr="Cihaz her görüntüye pozu (CC, MLO ...) yazmalı; düzeltilip yeniden gönderilmeli.",
            en="The device must write the view (CC, MLO ...) into every image; mend it and send the images again.",
        ),
    ),
    "series-too-few": HintWords(
        title=Text(tr="Protokole göre eksik seri", en="Fewer series than the protocol has"),
        fix=Text(
            tr="Eksik seriler PACS'tan gönderilmeli; çekilmemişse nedeni raporda belirtilmeli.",
            en="The PACS must send what is missing; if it was not taken, the report should say why.",
        ),
    ),
    "images-too-few": HintWords(
        title=Text(tr="Protokole göre eksik görüntü", en="Fewer images than the protocol has"),
        fix=Text(
            tr="Eksik görüntüler PACS'tan gönderilmeli; çekilmemişse nedeni raporda belirtilmeli.",
            en="The PACS must send what is missing; if it was not taken, the report should say why.",
        ),
    ),
    "pixel-spacing-missing": HintWords(
        title=Text(tr="Piksel aralığı yok: ölçüm yapılamaz", en="No pixel spacing: nothing can be measured"),
        fix=Text(
            tr="Cihaz ya da PACS piksel aralığını korumalı; görüntü özgün hâliyle yeniden gönderilmeli.",
            en="Modality or PACS must keep the pixel spacing; send the images again as they were made.",
        ),
    ),
    "pixel-spacing-zero": HintWords(
        title=Text(tr="Piksel aralığı sıfır ya da okunamıyor", en="The pixel spacing is zero or cannot be read"),
        fix=Text(
            tr="Cihaz ayarı düzeltilmeli; görüntü özgün hâliyle yeniden gönderilmeli.",
            en="The device's setting must be mended; send the images again as they were made.",
        ),
    ),
    "dose-high": HintWords(
        title=Text(
            tr="Doz, tetkik türünün referans düzeyinin üstünde", en="Dose above the exam kind's reference level"
        ),
        fix=Text(
            tr="Referans düzeyi tek hasta için sınır değildir; sık aşılıyorsa protokol gözden geçirilmeli.",
            en="The level is no limit for one patient; where it is exceeded often, the protocol should be reviewed.",
        ),
    ),
}
"""Code -> its words; a code, once recorded, keeps its meaning."""
