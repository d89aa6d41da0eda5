"""What the page of the nodes says beside `words.py`."""

from __future__ import annotations

from gecit.core.values import Text


def _(tr: str, en: str) -> Text:
    return Text(tr=tr, en=en)


NODES: dict[str, Text] = {
    "nodes": _("Düğümler", "Nodes"),
    "nodes-none": _("Henüz hiçbir düğüm kaydolmadı.", "No node has registered yet."),
    "nodes-silent": _(
        "Sessiz düğüm var: işini ötekiler sürdürür; görüntüleri ve onlara eklenecek raporlar düğüm dönene kadar "
        "bekler. Düğümü yeniden başlatın; bir daha çalışmayacaksa: gecit nodes forget AD",
        "A node is silent: the others go on with its work; its images, and reports to be attached to them, wait until "
        "it is back. Start it again; if it will not run any more: gecit nodes forget NAME",
    ),
    "nodes-all-there": _("Bütün düğümler çalışıyor.", "All nodes are there."),
    "nodes-mixed": _(
        "Düğümlerin şemaları farklı: hepsini aynı sürüme yükseltin.",
        "The nodes have different schemas: bring all of them to one version.",
    ),
    "images-at-several": _("Görüntüler birden çok düğümde", "Images at several nodes"),
    "images-at-several-why": _(
        "Bu tetkikin çalışmaları ayrı düğümlerde duruyor; her düğüm kendindekileri gösterir.",
        "The studies of this exam lie at several nodes; each node shows what it holds.",
    ),
    "images-at": _("{node}: {count} çalışma", "{node}: studies: {count}"),
    "picture-at": _("Bu görüntü {node} düğümünde: orada aç", "This picture is at node {node}: open it there"),
    "picture-away": _(
        "Bu görüntü {node} düğümünde; oraya şu anda ulaşılamıyor.",
        "This picture is at node {node}, which cannot be reached now.",
    ),
    "node-address": _("Adres", "Address"),
    "node-no-address": _("yok: Gecit.SignIn.PublicUrl ayarlanmalı", "none: Gecit.SignIn.PublicUrl should be set"),
    "node-versions": _("Sürümler", "Versions"),
    "node-version-of": _(
        "Geçit {version}, Orthanc {orthanc}, şema {schema}", "Geçit {version}, Orthanc {orthanc}, schema {schema}"
    ),
    "node-started": _("Başlangıç", "Started"),
    "node-this": _("bu düğüm", "this node"),
}
