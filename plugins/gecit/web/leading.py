"""Whoever asks for an exam's images is led to where they lie, or told which node holds them and why nothing opens."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import make_response, render_template, request
from werkzeug.wrappers import Response as Answer

from gecit.core.exam import Exam
from gecit.core.values import Text, local
from gecit.ports.nodes import Node, Nodes

from .elsewhere import holders, other, sent_to, spread, where_to
from .problem import Problem, show
from .sender import reads_pages

AT = "at"
"""In an address: at which of several nodes the images are to be opened."""


def led(exam: Exam, path: str, own: str, nodes: Nodes | None) -> Answer | None:
    """Return what leads to the images by the same `path` at another node; None: go on here.

    That is where this node holds some of them, and also where no node does: who asks says so himself. Where they lie
    at several nodes, whoever reads pages chooses; where none that holds them can be reached, it is named.
    """
    held, at = spread(exam, own, nodes), request.args.get(AT, "")
    if at and at != own and nodes and (there := other(at, own, nodes)):
        return sent_to(there.address, f"{path}?{urlencode({AT: at})}", own)
    if not any(one.here for one in held):
        return away(exam, path, own, nodes)
    if len(held) > 1 and at != own and reads_pages():
        return make_response(render_template("images_where.html", held=held, place=path, at=AT))
    return None


def away(exam: Exam, path: str, own: str, nodes: Nodes | None) -> Answer | None:
    """Return what leads to a node that holds images of an exam that this one has none of; else says which does."""
    if address := where_to(exam, own, nodes):
        return sent_to(address, path, own)
    why = out_of_reach(exam, own, nodes)
    return show(why) if why else None


def out_of_reach(exam: Exam, own: str, nodes: Nodes | None) -> Problem | None:
    """Return why images do not open from here; None where there are none, or this node holds some."""
    held = spread(exam, own, nodes)
    if not held or held[0].here:
        return None
    dead = next((one for one in holders(exam, own, nodes) if not one.up), None)
    return silent(dead) if dead else unreached(", ".join(one.name for one in held))


def partly(exam: Exam, own: str, nodes: Nodes | None) -> tuple[Text, ...]:
    """Say at which other nodes a part of an exam's images lies: a picture of those cannot be named by number here."""
    names = ", ".join(one.name for one in spread(exam, own, nodes) if not one.here)
    if not names:
        return ()
    return (
        Text(
            tr=f"Bu tetkikin görüntülerinin bir bölümü başka düğümde: {names}. Onlardan birini o düğümde gösterin.",
            en=f"A part of this exam's images is at another node: {names}. Point to one of them there.",
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


def unreached(names: str) -> Problem:
    """Say that the node that holds the images is one that browsers cannot be led to: unknown, or of no address."""
    return Problem(
        type="images-elsewhere",
        status=404,
        title=Text(tr=f"Görüntüler başka bir düğümde: {names}", en=f"The images are on another node: {names}"),
        detail=Text(
            tr=f"Oraya buradan geçilemiyor. Aynı sayfayı {names} düğümünde açın; adresini sistem yöneticisi verir "
            "(/gecit/nodes sayfası, Gecit.SignIn.PublicUrl ayarı).",
            en=f"There is no way over from here. Open the same page at node {names}; the administrator gives its "
            "address (the page /gecit/nodes, the setting Gecit.SignIn.PublicUrl).",
        ),
    )
