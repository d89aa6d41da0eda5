"""Images as a zip: asked for, followed by a bar, and streamed by this process straight to the browser."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for

from gecit.core.access import Action
from gecit.core.belonging import may_reach_all
from gecit.core.exam import Exam
from gecit.core.values import Text, local
from gecit.edges.credentials import is_loopback
from gecit.edges.image_zip import image_zip
from gecit.edges.orthanc_host import BY_FORWARDER
from gecit.edges.orthanc_images import ImageFile
from gecit.ports import Unavailable
from gecit.ports.citizens import Download

from ..access import needs, person
from ..audit import about, only_watches, tell_first
from ..elsewhere import other, parts, sent_to
from ..language import language
from ..leading import away, unreached
from ..problem import Problem, show
from ..sender import address
from ..words_citizen import READ_ME
from .exams import report_pdf
from .room import CitizenRoom, exam_with_images, own_number

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as Redirect

log = logging.getLogger("gecit.downloads")

KEPT = timedelta(hours=24)
SILENT = timedelta(minutes=3)
"""A download of which nothing was heard for so long is taken for broken off."""
TOLD_EVERY = timedelta(seconds=1)

NONE_LEFT = Problem(
    type="downloads-busy",
    status=503,
    title=Text(tr="Şu anda çok kişi indiriyor", en="Many people are downloading now"),
    detail=Text(
        tr="Birkaç dakika sonra aynı sayfadan yeniden deneyin; isteğiniz duruyor.",
        en="Try again from the same page in a few minutes; what you asked for is kept.",
    ),
)
NO_IMAGES = Problem(
    type="no-images",
    status=404,
    title=Text(tr="İndirilecek görüntü yok", en="There are no images to download"),
    detail=Text(
        tr="Görüntüler bu merkezde değil ya da henüz gelmedi. Çekimin yapıldığı kuruma sorabilirsiniz.",
        en="The images are not at this centre, or have not come yet. You can ask the institution that took them.",
    ),
)
NOT_THIS_WAY = Problem(
    type="needs-proxy",
    status=501,
    title=Text(tr="Bu kurulumdan indirilemez", en="This installation cannot send downloads"),
    detail=Text(
        tr="Görüntü paketleri yalnızca nginx üzerinden gönderilir (docs/howto/tls.md). Sistem yöneticisi kurmalı.",
        en="Zips of images are sent through nginx only (docs/howto/tls.md). The administrator must set it up.",
    ),
)


def download_pages(room: CitizenRoom) -> Blueprint:
    """Build the pages."""
    pages = Blueprint("downloads", __name__, url_prefix="/gecit/own")

    def mine(number: str) -> Download:
        found = room.ledger.download(number)
        if found is None or found.owner != person().name:
            abort(404)
        if found.node != room.node:  # whoever came to another node; a download is made where its images lie
            there = other(found.node, room.node, room.ledger)
            abort(sent_to(there.address, request.path, room.node) if there else show(unreached(found.node)))
        return found

    @pages.post("/images/<institution>/<path:accession>")
    @needs(Action.SEE_IMAGES)
    def begin(institution: str, accession: str) -> Redirect | Response:
        exam, now = exam_with_images(room, institution, accession), room.clock.now()
        before = room.ledger.downloads_of(person().name, now - KEPT)
        here = (one for one in before if one.exam == exam.key and one.node == room.node)
        same = next((one for one in here if state_of(one, now) != "done"), None)
        if same is None:
            files = files_of(room, exam)
            if not files:
                return away(exam, page_of(exam), room.node, room.ledger) or show(NO_IMAGES)
            total = sum(one.size for one in files)
            same = Download(
                id=secrets.token_hex(16),
                node=room.node,
                owner=person().name,
                exam=exam.key,
                asked_at=now,
                touched_at=now,
                total=total,
            )
            tell_first()
            room.ledger.forget_downloads(now - KEPT)
            room.ledger.add_download(same)
        return redirect(url_for("downloads.page", number=same.id), 303)

    @pages.get("/downloads/<number>")
    @only_watches
    @needs(Action.SEE_IMAGES)
    def page(number: str) -> str:
        one = mine(number)
        exam = room.exam(one.exam.institution, one.exam.accession)
        return render_template(
            "citizen/download.html",
            one=one,
            state=state_of(one, room.clock.now()),
            others=parts(exam, page_of(exam), room.node, room.ledger) if exam else [],
        )

    @pages.get("/downloads/<number>/progress")
    @only_watches
    @needs(Action.SEE_IMAGES)
    def progress(number: str) -> str:
        one = mine(number)
        return render_template("citizen/download_progress.html", one=one, state=state_of(one, room.clock.now()))

    @pages.get("/downloads/<number>/zip")
    @needs(Action.SEE_IMAGES)
    def as_zip(number: str) -> Response | Redirect:
        one = mine(number)
        if BY_FORWARDER in request.headers:
            about(one.exam.institution, one.exam.accession)
            return _straight(room)
        exam = exam_with_images(room, one.exam.institution, one.exam.accession)
        files = files_of(room, exam)
        give_back = room.slots.take() if files else None
        if give_back is None:
            answer = show(NONE_LEFT if files else NO_IMAGES)
            answer.headers["Retry-After"] = "120"
            return answer
        return _streamed(room, one, exam, files, give_back)

    return pages


def page_of(exam: Exam) -> str:
    """Return the page on which a download is asked for: the patient's own, or that of staff."""
    own = bool(exam.patient.tckn) and exam.patient.tckn == own_number()  # who works here may be the patient too
    view = "own_exams.exam" if own else "tracking.exam"
    return url_for(view, institution=exam.key.institution, accession=exam.key.accession)


def state_of(one: Download, now: object) -> str:
    """Return how a download stands; one that fell silent is broken off."""
    silent = one.state == "running" and now - one.touched_at > SILENT  # type: ignore[operator]
    return "failed" if silent else one.state


def files_of(room: CitizenRoom, exam: Exam) -> list[ImageFile]:
    """Return the files of an exam's studies on this node; a study that holds what is not the asker's is left out."""
    facts = [one.facts for one in exam.studies if one.facts.key.node == room.node]
    return [
        file
        for one in facts
        if may_reach_all(person(), Action.SEE_IMAGES, room.ledger.belongings(room.node, one.study_instance_uid))
        for file in room.images.of_study(one.key.orthanc_id)
    ]


def _straight(room: CitizenRoom) -> Redirect | Response:
    """Send a browser of this computer to this process itself: Orthanc's callback would hold the whole zip in memory.

    Cookies belong to a host, whatever its port. Whoever is elsewhere comes through nginx, which asks us directly.
    """
    if not is_loopback(address()):
        return show(NOT_THIS_WAY)
    host = request.host.rpartition(":")[0] or request.host
    return redirect(f"http://{host}:{room.web_port}{request.path}", 303)


def _streamed(
    room: CitizenRoom, one: Download, exam: Exam, files: list[ImageFile], give_back: Callable[[], None]
) -> Response:
    pdf = report_pdf(room, exam)
    documents = [("OKU.txt", READ_ME.tr.encode("utf-8-sig")), ("README.txt", READ_ME.en.encode())]
    documents += [("RAPOR.pdf", pdf)] if pdf else []
    telling = _Telling(room, one, sum(file.size for file in files))

    def pieces() -> Iterator[bytes]:
        try:
            telling.began()
            yield from image_zip([file.orthanc_id for file in files], room.images.pieces, documents, telling.more)
            telling.ended("done")
        except Unavailable as fault:
            log.warning("a download of images broke off: %s", fault)
            raise
        finally:
            telling.ended("failed")
            give_back()

    answer = Response(pieces(), content_type="application/zip")
    answer.call_on_close(give_back)  # a stream that was never begun has no end
    name = f"{'images' if language() == 'en' else 'goruntuler'}-{local(room.clock.now()):%Y%m%d-%H%M}.zip"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["X-Accel-Buffering"] = "no"  # nginx would put it on its disk
    return answer


class _Telling:
    """Tells the ledger how far a download is, once a second."""

    def __init__(self, room: CitizenRoom, one: Download, total: int) -> None:
        self._room, self._one, self._total = room, one, total
        self._done, self._told, self._over = 0, room.clock.now(), False

    def began(self) -> None:
        self._move(state="running", done=0, total=self._total)

    def more(self, count: int) -> None:
        self._done += count
        now = self._room.clock.now()
        if now - self._told >= TOLD_EVERY:
            self._told = now
            self._move(done=self._done)

    def ended(self, state: str) -> None:
        """Say how it ended; only the first time counts."""
        if not self._over:
            self._over = True
            self._move(state=state, done=self._done)

    def _move(self, **values: str | int) -> None:
        try:
            self._room.ledger.move_download(self._one.id, self._room.clock.now(), **values)
        except Unavailable:
            log.warning("how far a download is cannot be recorded")  # the images go on
