"""Why a link to an exam's images opens nothing, and what to do."""

from __future__ import annotations

from gecit.core.values import Text

from ..problem import Problem

NO_IMAGES = Problem(
    type="no-images",
    status=404,
    title=Text(tr="Bu tetkikin görüntüsü henüz gelmedi", en="No images of this exam have arrived yet"),
    detail=Text(
        tr="Cihaz ya da PACS görüntüleri gönderince açılır; gönderilmişse erişim numarasını PACS yöneticisi "
        "denetlemeli.",
        en="It opens once the modality or PACS has sent them; if they were sent, the PACS manager should check their "
        "accession number.",
    ),
)
ASIDE = Problem(
    type="images-set-aside",
    status=409,
    title=Text(tr="Bu tetkikin görüntüleri kenara ayrıldı", en="The images of this exam are set aside"),
    detail=Text(
        tr="Orthanc bu çalışmayı okurken kapanıyor; görüntüler saklandı ama gösterilmiyor. Gönderen kurum çalışmayı "
        "düzeltip yeniden göndermeli; sistem yöneticisi sağlık sayfasına bakmalı.",
        en="Orthanc ends when it reads this study; its images are stored, and not shown. The institution that sent it "
        "should mend it and send it again; the administrator should look at the health page.",
    ),
)
AMBIGUOUS = Problem(
    type="several-exams",
    status=400,
    title=Text(tr="Bu erişim numarası birden çok kurumda var", en="Several institutions have this accession number"),
    detail=Text(
        tr="Adrese institution=<SKRS kodu> ekleyin; bağlantıyı kuran HBYS yöneticisi düzeltmeli.",
        en="Add institution=<SKRS code> to the address; the HBYS manager who made the link must mend it.",
    ),
)
