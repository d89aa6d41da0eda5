"""What the web process tells the audit of each request; where it cannot be told, nothing is shown."""

from __future__ import annotations

import hashlib
import logging
import threading
from typing import Literal

from flask import Response, abort, current_app, g, request

from gecit.core.access import Action
from gecit.core.audit import AuditEntry
from gecit.core.values import Value
from gecit.edges.image_doors import REFUSAL_SECONDS, SESSION_SECONDS, Kept
from gecit.ports import Audit, Clock, Unavailable

from .access import NEEDS, View, person
from .problem import refuse
from .sender import address

log = logging.getLogger("gecit.web")

VIEW_SECONDS = 600.0  # a page that is looked at, and asks for news by itself, is one view within it
SEEN = {
    Action.LIST_EXAMS: SESSION_SECONDS,
    Action.SEE_EXAM: VIEW_SECONDS,
    Action.SEE_REPORT: VIEW_SECONDS,
    Action.SEE_IMAGES: SESSION_SECONDS,
    Action.SEE_AUDIT: VIEW_SECONDS,
    Action.REVIEW_REPORT: VIEW_SECONDS,
    Action.MANAGE_REVIEWS: VIEW_SECONDS,
    Action.SEE_QUALITY_FIGURES: VIEW_SECONDS,
    Action.DISCUSS_QUALITY: VIEW_SECONDS,
    Action.SEE_QUALITY: VIEW_SECONDS,
    Action.SEE_OWN_EXAMS: VIEW_SECONDS,
    Action.ASK_FOR_EXAM: VIEW_SECONDS,
    Action.ANSWER_PATIENTS: VIEW_SECONDS,
    Action.SHARE: SESSION_SECONDS,
    Action.SEE_SHARED: SESSION_SECONDS,
}
"""What is audited when it is only read, and within which time the same is no new row; 0 = each is."""

EACH = frozenset({Action.EXPORT, Action.QUERY_DUPLICATES})
BY_THEMSELVES = frozenset(
    {
        Action.OWN_ACCOUNT,
        Action.MANAGE_USERS,
        Action.MANAGE_TOKENS,
        Action.MANAGE_INSTITUTIONS,
        Action.WRITE_REPORT,  # a pause in typing is no row
        Action.ASSIGN_READING,
        Action.MANAGE_GRANTS,
        Action.CONFIRM_CRITICAL,
        Action.MANAGE_TEMPLATES,
        Action.ASK_CONSULTATION,
        Action.ANSWER_CONSULTATION,
    }
)
"""What tells the audit itself, with more than a request shows."""


WATCHES = "gecit_only_watches"
EXTENSION = "gecit_audit"


def only_watches(view: View) -> View:
    """Mark a view that shows how far work of the person's own is, and nobody's data: no row unless it is refused."""
    setattr(view, WATCHES, True)
    return view


class About(Value):
    """Whose data a request touched."""

    institution: str = ""
    accession: str = ""
    patient: str = ""  # TCKN
    study: str = ""
    refused: bool = False


def about(
    institution: str = "", accession: str = "", *, patient: str = "", study: str = "", refused: bool = False
) -> None:
    """Say whose data the request touches, for the audit; `refused`: it is not shown, whatever the answer says."""
    g.about = About(institution=institution, accession=accession, patient=patient, study=study, refused=refused)


def sent_on() -> None:
    """Say that nothing was shown: the person is sent to a page of his own, which tells its own row."""
    g.sent_on = True


def tell_first() -> None:
    """Have the audit told what is about to be done, after `about`: where it cannot be, nothing is done (503).

    Whatever changes something calls it right before the change. A change that fails afterwards is another row.
    """
    recorder = current_app.extensions.get(EXTENSION)
    if recorder is not None:
        recorder.tell_first()


class Recorder:
    """Audits requests: what is seen before the answer leaves, what is changed before it is."""

    def __init__(self, audit: Audit, clock: Clock) -> None:
        self._audit, self._clock = audit, clock
        self._told: Kept[bool] = Kept()
        self._lock = threading.Lock()

    def keep_body(self) -> None:
        """Keep what is posted, whose digest is audited, before a form is read out of it."""
        if _changes() and _needed():
            request.get_data(cache=True)

    def tell_first(self) -> None:
        """Audit what is about to be done; ends the request where that cannot be."""
        needed = _needed()
        if needed is None or not person().name:
            return
        try:
            self._audit.record(self._entry(needed, None))
        except Unavailable:
            log.error("not done: the audit cannot be written")
            abort(refuse("unavailable"))
        g.told_first = True

    def record(self, response: Response) -> Response:
        """Audit one request; an answer that cannot be audited is not given."""
        needed = _needed()
        if needed is None or not _counts(needed, response):
            return response
        entry = self._entry(needed, response)
        if g.get("told_first", False) and entry.outcome == "done":
            return response
        key, seconds = self._window(needed, entry)
        now = entry.at.timestamp()
        with self._lock:
            if seconds and self._told.get(key, now):
                return response
        try:
            self._audit.record(entry)
        except Unavailable:
            log.error("not shown: the audit cannot be written")
            return refuse("unavailable")
        with self._lock:
            self._told.put(key, True, now + seconds)
        return response

    def _window(self, needed: Action, entry: AuditEntry) -> tuple[object, float]:
        """Return under which key and for how long the same is not said again."""
        seen = (request.endpoint, entry.who, entry.address, entry.outcome, entry.institution, entry.accession)
        key = (*seen, entry.patient, entry.detail.get("study", ""))
        if entry.outcome == "refused":
            return key, REFUSAL_SECONDS
        return key, 0.0 if _changes() or needed in EACH else SEEN.get(needed, 0.0)

    def _entry(self, needed: Action, response: Response | None) -> AuditEntry:
        """Return what is audited; without a response it is about to be done."""
        whose = g.get("about", About())
        detail = {"route": request.endpoint or ""}
        if whose.study:
            detail["study"] = whose.study
        if _changes():
            detail["payload"] = hashlib.sha256(request.get_data(cache=True)).hexdigest()
        return AuditEntry(
            at=self._clock.now(),
            who=person().name,
            what=needed.value,
            institution=whose.institution or _named("institution"),
            accession=whose.accession or _named("accession"),
            patient=whose.patient,
            address=address(),
            outcome=_outcome(response, whose),
            why="" if response is None or response.status_code < 400 else str(response.status_code),
            detail=detail,
        )


def _counts(needed: Action, response: Response) -> bool:
    """Whether a request is audited here; wrong passwords are audited where they are checked."""
    if response.status_code == 401 or not person().name or g.get("sent_on", False):
        return False
    if response.status_code == 403:
        return True
    if needed in BY_THEMSELVES or getattr(_view(), WATCHES, False):
        return False
    return _changes() or needed in SEEN or needed in EACH


def _needed() -> Action | None:
    found = getattr(_view(), NEEDS, None)
    return found if isinstance(found, Action) else None


def _view() -> object:
    return current_app.view_functions.get(request.endpoint or "")


def _changes() -> bool:
    return request.method not in ("GET", "HEAD", "OPTIONS")


def _named(name: str) -> str:
    return str((request.view_args or {}).get(name, ""))


def _outcome(response: Response | None, whose: About) -> Literal["done", "refused", "failed"]:
    if response is None:
        return "done"
    if whose.refused or response.status_code == 403:
        return "refused"
    return "done" if response.status_code < 400 else "failed"
