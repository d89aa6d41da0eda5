"""Orthanc's own doors, asked for each request: REST interface, DICOMweb and WADO-URI, by the access table.

The answer about a person and a study is kept for some seconds, so that a request for a frame costs a look into a
table. What was opened or refused is audited once in a while, not once a frame: opening a study is one row for each
person, study and session, where a session ends when nothing was asked for half an hour.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from gecit.core.access import Action, Person, Whose, may
from gecit.core.audit import AuditEntry
from gecit.core.belonging import Belonging, from_outside, may_reach, may_reach_all
from gecit.core.orthanc_doors import Method, Need, need_of, series_of
from gecit.core.peer_review import ReviewView
from gecit.core.values import Value
from gecit.ports import Audit, Clock, StudyDoors
from gecit.ports.reviews import ReviewDoors

ANSWER_SECONDS = 5.0  # how long an answer is believed
SESSION_SECONDS = 1800.0  # of one person with one study: asking again within it is no new opening
REFUSAL_SECONDS = 60.0  # the same refusal is one row within it
REMEMBERED = 4096  # rows of each table, the oldest forgotten first
METHODS = {1: Method.GET, 2: Method.POST, 3: Method.PUT, 4: Method.DELETE}  # OrthancPluginHttpMethod
ROOTS = frozenset(
    [
        "app",
        "changes",
        "dicom-web",
        "exports",
        "instances",
        "jobs",
        "modalities",
        "patients",
        "peers",
        "plugins",
        "queries",
        "series",
        "statistics",
        "studies",
        "storage-commitment",
        "system",
        "tools",
        "wado",
        "transcode",
    ]
)

T = TypeVar("T")


def method_of(given: object) -> Method | None:
    """Return a method that Orthanc gives as a number; None for one that it does not route."""
    return METHODS.get(given) if isinstance(given, int) else Method.__members__.get(str(given))


class Request(Value, kw_only=True):
    """A request as the filter sees it."""

    method: Method | None
    path: str
    query: Mapping[str, str]
    address: str

    @property
    def root(self) -> str:
        """The first part of the path, where it is one that Orthanc has: what a stranger writes is kept nowhere."""
        first = next(filter(None, self.path.split("/")), "")
        return first if first in ROOTS else "" if not first else "other"


class Answer(Value):
    """What was found of a need: whether it passes, and whose it is."""

    passes: bool
    whose: Belonging = Belonging()


class Kept(Generic[T]):
    """Values that are good until their second (monotonic), the oldest forgotten first; its user holds the lock."""

    def __init__(self) -> None:
        self._rows: OrderedDict[object, tuple[float, T]] = OrderedDict()

    def get(self, key: object, now: float) -> T | None:
        """Return the value while it is good."""
        found = self._rows.get(key)
        return found[1] if found and now < found[0] else None

    def put(self, key: object, value: T, until: float) -> None:
        """Keep a value."""
        self._rows[key] = (until, value)
        self._rows.move_to_end(key)
        while len(self._rows) > REMEMBERED:
            self._rows.popitem(last=False)


class ImageDoors:
    """Decides and audits for one node, `node` in the ledger; safe to share between threads.

    `reviews`: whose peer reviews are under way, None = there are none; a blind one opens pictures alone. A patient, and
    whom something was opened to, gets what was sent, series by series: no document that Geçit attached, and nothing
    of a series that the ledger does not know yet.

    Raises what the ledger raises: whoever asks refuses then.
    """

    def __init__(
        self,
        studies: StudyDoors,
        audit: Audit,
        clock: Clock,
        node: str,
        monotonic: Callable[[], float] = time.monotonic,
        reviews: ReviewDoors | None = None,
    ) -> None:
        self._studies, self._audit, self._clock, self._node = studies, audit, clock, node
        self._reviews = reviews
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._answers: Kept[Answer] = Kept()
        self._told: Kept[bool] = Kept()

    def passes(self, person: Person, request: Request) -> bool:
        """Whether a person may do what is asked; the audit knows of it before the answer."""
        need = need_of(request.method, request.path, request.query)
        series = series_of(request.path)
        key, now = (person, need, series), self._monotonic()
        with self._lock:
            answer = self._answers.get(key, now)
        if answer is None:
            answer = self._ask(person, need, series)
            with self._lock:
                self._answers.put(key, answer, now + ANSWER_SECONDS)
        if answer.passes:
            self._opened(person, need, answer.whose, request, now)
        else:
            self._refused(person.name, need, answer.whose, request, now, "forbidden")
        return answer.passes

    def turned_away(self, request: Request, why: str, who: str = "") -> None:
        """Audit that somebody who did not sign in, or not rightly, wanted to pass."""
        need = need_of(request.method, request.path, request.query)
        self._refused(who, need, Belonging(), request, self._monotonic(), why)

    def _ask(self, person: Person, need: Need, series: str) -> Answer:
        if not need.of_study:
            whose = Whose.OWN if need.new else Whose.NOBODY
            return Answer(passes=may(person, need.action, whose))
        if not need.study:
            return Answer(passes=False)
        found = self._studies.belongings(self._node, need.study)
        if not found:  # arriving, or not there at all: nobody's yet
            return Answer(passes=may(person, need.action, Whose.OWN if need.new else Whose.FOREIGN))
        view = self._view(person, need) if len(found) == 1 else None  # two studies under one UID: neither is meant
        passes = may_reach_all(person, need.action, found)
        # His token bears his name and reviews nothing.
        opened = view is not None and may(person, Action.REVIEW_REPORT)
        if view and view.series is not None:  # what else the person may see of it would name who wrote the report
            return Answer(passes=(passes or opened) and series in view.series, whose=found[0])
        passes = passes or opened
        if passes and view is None and any(from_outside(person, need.action, one) for one in found):
            passes = all(series in one.sent for one in found)
        shown = next((one for one in found if may_reach(person, need.action, one)), None)
        return Answer(passes=passes, whose=shown or found[0])

    def _view(self, person: Person, need: Need) -> ReviewView | None:
        """What a peer review that is under way lets the person see of the study, whatever he asks with."""
        if self._reviews is None or need.action is not Action.SEE_IMAGES:
            return None
        return next(iter(self._reviews.views_of(person.name, self._node, need.study)), None)

    def _opened(self, person: Person, need: Need, whose: Belonging, request: Request, now: float) -> None:
        """Record an opening, and each change; once recorded, what belongs to the same session is not again."""
        if request.method is not Method.GET:
            self._record(person.name, need, whose, request, "done", person=person)
            return
        key = (person.name, need.action, need.study or request.root, request.address)
        if not self._is_told(key, now):
            self._record(person.name, need, whose, request, "done", person=person)
        self._tell(key, now + SESSION_SECONDS)

    def _refused(self, who: str, need: Need, whose: Belonging, request: Request, now: float, why: str) -> None:
        # Whoever did not sign in can name any study as fast as he likes, and would fill the audit with them.
        study = need.study if who else ""
        key = (who, need.action, study, request.root, request.address, why)
        if not self._is_told(key, now):
            self._record(who, need, whose, request, "refused", why)
            self._tell(key, now + REFUSAL_SECONDS)

    def _is_told(self, key: object, now: float) -> bool:
        with self._lock:
            return self._told.get(key, now) is not None

    def _tell(self, key: object, until: float) -> None:
        with self._lock:
            self._told.put(key, True, until)

    def _record(
        self,
        who: str,
        need: Need,
        whose: Belonging,
        request: Request,
        outcome: str,
        why: str = "",
        person: Person | None = None,
    ) -> None:
        self._audit.record(
            AuditEntry(
                at=self._clock.now(),
                who=who,
                what=need.action.value,
                institution=_institution(person, need, whose),
                patient=whose.patients[0] if whose.patients else "",
                address=request.address,
                outcome="done" if outcome == "done" else "refused",
                why=why,
                detail=_detail(need, request),
            )
        )


def _institution(person: Person | None, need: Need, whose: Belonging) -> str:
    """Whose data it is: the asker's own institution where it is among them."""
    own = person.institution if person else ""
    if own and (own in whose.institutions or need.action is Action.STORE_IMAGES):
        return own
    return whose.institutions[0] if whose.institutions else ""


def _detail(need: Need, request: Request) -> dict[str, str]:
    found = {"door": request.root or "/"}
    if need.study:
        found["study"] = need.study
    if request.method is not Method.GET:
        found["method"] = request.method.value if request.method else "?"
    return found
