"""The public front page: what the system is, announcements with a feed, documents, the source, how to get an account.

Nothing of anybody stands here, so everybody may read it, signed in or not.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flask import Blueprint, Response, abort, make_response, render_template, request, send_file

from gecit import __version__
from gecit.core.announcements import Announcement, announcements
from gecit.core.front import FrontTexts
from gecit.core.rulebook import Rulebook

from ..access import open_to_all
from ..language import say
from .documents import Documents
from .feed import as_atom
from .source import SourceArchive

ON_PAGE = 6  # announcements before one asks for all


class FrontData:
    """What the page is made of; rulebooks are asked for anew, since one may have been activated meanwhile.

    `book`: the rulebook in force, None = none yet; `institutions`: how many are connected; `home`: the installation's
    folder, of which documents and source are read.
    """

    def __init__(
        self, texts: FrontTexts, book: Callable[[], Rulebook | None], institutions: Callable[[], int], home: Path
    ) -> None:
        self.texts, self._book, self.institutions = texts, book, institutions
        self.documents = Documents(home / "docs")
        self.source = SourceArchive(home, __version__)
        self._made: tuple[str, tuple[Announcement, ...]] = ("", ())

    def announcements(self) -> tuple[Announcement, ...]:
        """Return every dated notice of the rulebook in force, the newest first."""
        book = self._book()
        if book is None:
            return ()
        if self._made[0] != book.revision:
            self._made = (book.revision, announcements(book))
        return self._made[1]


def front(data: FrontData) -> Blueprint:
    """Build the front page."""
    pages = Blueprint("front", __name__, url_prefix="/gecit/front")

    @pages.get("")
    @open_to_all
    def show() -> str:
        found = data.announcements()
        every = "all" in request.args
        return render_template(
            "front.html",
            texts=data.texts,
            announcements=found if every else found[:ON_PAGE],
            more=0 if every else max(0, len(found) - ON_PAGE),
            institutions=data.institutions(),
            version=__version__,
        )

    @pages.get("/feed.atom")
    @open_to_all
    def feed() -> Response:
        home = request.url_root.rstrip("/")
        response = make_response(as_atom(data.announcements(), say(data.texts.title), f"{home}/gecit/front", say))
        response.content_type = "application/atom+xml; charset=utf-8"
        return response

    @pages.get("/documents/<path:name>")
    @open_to_all
    def document(name: str) -> Response | str:
        picture = data.documents.picture(name)
        if picture:
            return send_file(picture, mimetype="image/svg+xml")
        page = data.documents.page(name) or abort(404)
        return render_template("document.html", page=page)

    @pages.get("/source.tar.gz")
    @open_to_all
    def source() -> Response:
        return send_file(
            data.source.path(), mimetype="application/gzip", as_attachment=True, download_name=data.source.name
        )

    return pages
