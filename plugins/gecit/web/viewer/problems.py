"""Why a link to an exam's images opens nothing, and what to do."""

from __future__ import annotations

from gecit.core.values import Text, local
from gecit.ports.nodes import Node

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
ELSEWHERE = Problem(
    type="images-elsewhere",
    status=404,
    title=Text(tr="Görüntüler başka bir düğümde", en="The images are on another node"),
    detail=Text(
        tr="Bağlantıyı görüntülerin bulunduğu düğümde açın; adresini sistem yöneticisi verir.",
        en="Open the link on the node that holds the images; the administrator gives its address.",
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


def silent(node: Node) -> Problem:
    """Say that the node that holds the images does not answer, and since when."""
    since = f"{local(node.beat_at):%d.%m.%Y %H:%M}"
    return Problem(
        type="node-silent",
        status=503,
        title=Text(
            tr=f"Görüntüleri tutan {node.name} düğümü yanıt vermiyor",
            en=f"Node {node.name}, which holds the images, does not answer",
        ),
        detail=Text(
            tr=f"{since} tarihinden beri sessiz. Görüntüler kaybolmadı; düğüm geri gelince açılır. Sistem yöneticisi "
            "düğümü yeniden başlatmalı.",
            en=f"It is silent since {since}. The images are not lost; they open once the node is back. The "
            "administrator should start it again.",
        ),
    )
