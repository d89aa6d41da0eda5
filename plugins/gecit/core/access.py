"""Who may do what with whose data: one table, and every door asks it.

    role x action -> whose exams (own institution's, granted ones, any institution's, one's own as a patient)

What stands in no row is refused. A token narrows what its owner's roles allow, and never widens it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from .order import ExamKey
from .values import Value


class Role(StrEnum):
    """What somebody is to the system; a person may be several."""

    ADMINISTRATOR = "administrator"  # of the Teleradyoloji unit, or of this installation
    MANAGER = "manager"  # of an institution: its HBYS and PACS people
    RADIOLOGIST = "radiologist"
    CONSULTANT = "consultant"  # physician of another specialty who is asked
    CLINICIAN = "clinician"
    ASSESSOR = "assessor"  # of image and report quality
    CITIZEN = "citizen"
    SERVICE = "service"  # a program of an institution: HBYS, PACS
    VISITOR = "visitor"  # came by a link and its code; no account has this role


class Action(StrEnum):
    """What a door can be asked for."""

    LIST_EXAMS = "list exams"
    SEE_EXAM = "see an exam"  # order, verdicts, timeline
    SEE_REPORT = "see a report"
    SEE_IMAGES = "see images"  # QIDO, WADO, the viewer
    STORE_IMAGES = "store images"  # STOW
    QUERY_DUPLICATES = "query duplicates"  # shows others' exams by law, with the fewest fields
    RETRY_DELIVERY = "retry a delivery"
    APPROVE_WITHDRAWAL = "approve a withdrawal"
    EXPORT = "export"
    SEE_RULES = "see the rules"
    WORK_ON_RULES = "work on the rules"  # replay, drafts, activation
    SEE_HEALTH = "see health"
    SEE_AUDIT = "see the audit"
    MANAGE_INSTITUTIONS = "manage institutions"
    MANAGE_USERS = "manage users"
    MANAGE_TOKENS = "manage tokens"
    MANAGE_WEBHOOKS = "manage webhooks"  # where verdicts are told to
    USE_ORTHANC = "use Orthanc"  # its own REST interface and Explorer
    OWN_ACCOUNT = "own account"  # password, sessions, sign-out
    WRITE_REPORT = "write a report"  # take an exam to read, draft, sign
    ASSIGN_READING = "assign a reading"  # push an exam to a reader
    SEE_TURNAROUND = "see turn-around times"
    MANAGE_GRANTS = "manage grants"  # who may report for which institution, and in which groups
    CONFIRM_CRITICAL = "confirm a critical finding"  # that one has read of it, for the hospital
    MANAGE_TEMPLATES = "manage templates"  # of reports, of an institution
    REVIEW_REPORT = "review a report"  # that a round of peer review gives the person
    MANAGE_REVIEWS = "manage peer reviews"  # draw samples, see what was said
    SEE_QUALITY_FIGURES = "see quality figures"
    COMPARE_RADIOLOGISTS = "compare radiologists"  # figures of each by name
    DISCUSS_QUALITY = "discuss quality"  # feedback; closing it needs the exam's institution
    SEE_QUALITY = "see quality"  # ratings and hints of an exam
    RATE_QUALITY = "rate quality"  # of images and requests, after the fact
    SEE_OWN_EXAMS = "see own exams"  # the citizen's pages: what is one's own, without verdicts
    ASK_FOR_EXAM = "ask for a missing exam"  # of the institution's patient-rights desk
    ANSWER_PATIENTS = "answer patients"  # the desk itself
    ASK_CONSULTATION = "ask for a consultation"
    ANSWER_CONSULTATION = "answer a consultation"  # nobody's: one's own list; disclosed: what one is asked about
    SHARE = "share own exams"  # by consent or by a link
    RECORD_CARE = "record care relations"
    OPEN_IN_EMERGENCY = "open in an emergency"  # by a stated reason
    REVIEW_EMERGENCY = "review emergency access"
    RUN_SELFTEST = "run the self-test"  # under a trial institution: what it sends is removed again
    MANAGE_RETENTION = "manage retention"  # legal holds, lists of studies to delete
    SEE_SHARED = "see what is shared"  # what was opened to oneself


class Whose(StrEnum):
    """How the person stands to what is asked for."""

    NOBODY = "nobody"  # it is nobody's: rules, health, one's own account
    OWN = "own"  # of the person's institution
    FOREIGN = "foreign"  # of another institution, or of none that is known
    GRANTED = "granted"  # of an institution that the person is granted to report for, now
    DISCLOSED = "disclosed"  # opened to the person, for a time: consultation, consent, care, emergency
    SELF = "self"  # the person is the patient


_EVERY = frozenset({Whose.NOBODY, Whose.OWN, Whose.GRANTED, Whose.DISCLOSED, Whose.FOREIGN})
_READS = frozenset({Whose.OWN, Whose.GRANTED})
_OWN = frozenset({Whose.OWN})
_SHOWN = frozenset({Whose.OWN, Whose.DISCLOSED})
_PUBLIC = frozenset({Whose.NOBODY})
_SELF = frozenset({Whose.SELF})
_ASKED = frozenset({Whose.NOBODY, Whose.DISCLOSED})
_NOT_OF_OFFICE = frozenset(
    {
        Action.WRITE_REPORT,
        Action.CONFIRM_CRITICAL,
        Action.ASK_CONSULTATION,
        Action.ANSWER_CONSULTATION,
        Action.REVIEW_REPORT,
        Action.RATE_QUALITY,
        Action.SEE_OWN_EXAMS,
        Action.ASK_FOR_EXAM,
        Action.SHARE,
        Action.SEE_SHARED,
        Action.OPEN_IN_EMERGENCY,
    }
)

_READER = {
    Action.LIST_EXAMS: _OWN,
    Action.SEE_EXAM: _OWN,
    Action.SEE_REPORT: _OWN,
    Action.SEE_IMAGES: _OWN,
    Action.SEE_RULES: _PUBLIC,
    Action.OWN_ACCOUNT: _PUBLIC,
}


TABLE: Mapping[Role, Mapping[Action, frozenset[Whose]]] = {
    # Everything but what a physician or an assessor answers for, and what only a patient can have or decide of his own.
    Role.ADMINISTRATOR: dict.fromkeys((one for one in Action if one not in _NOT_OF_OFFICE), _EVERY),
    Role.MANAGER: {
        **_READER,
        Action.STORE_IMAGES: _OWN,
        Action.QUERY_DUPLICATES: _OWN,
        Action.RETRY_DELIVERY: _OWN,
        Action.EXPORT: _OWN,
        Action.SEE_HEALTH: _PUBLIC,
        Action.MANAGE_TOKENS: _OWN,
        Action.MANAGE_WEBHOOKS: _OWN,
        Action.ASSIGN_READING: _OWN,
        Action.SEE_TURNAROUND: _OWN,
        Action.CONFIRM_CRITICAL: _OWN,
        Action.MANAGE_TEMPLATES: _OWN,
        Action.SEE_QUALITY_FIGURES: _OWN,
        Action.COMPARE_RADIOLOGISTS: _OWN,
        Action.DISCUSS_QUALITY: _OWN,
        Action.SEE_QUALITY: _OWN,
        Action.ANSWER_PATIENTS: _OWN,
        Action.RECORD_CARE: _OWN,
        Action.REVIEW_EMERGENCY: _OWN,
        Action.RUN_SELFTEST: _OWN,
    },
    Role.RADIOLOGIST: {
        **_READER,
        Action.LIST_EXAMS: _READS,
        Action.SEE_EXAM: _READS,
        Action.SEE_REPORT: _READS | _SHOWN,
        Action.SEE_IMAGES: _READS | _SHOWN,
        Action.QUERY_DUPLICATES: _OWN,
        Action.WRITE_REPORT: _READS,
        Action.SEE_TURNAROUND: _OWN,
        Action.CONFIRM_CRITICAL: _OWN,
        Action.REVIEW_REPORT: _PUBLIC,  # what a round gives him, whoever's it is
        Action.SEE_QUALITY_FIGURES: _OWN,
        Action.DISCUSS_QUALITY: _PUBLIC,  # what is told to him, or by him
        Action.SEE_QUALITY: _READS,
        Action.ASK_CONSULTATION: _READS,
        Action.ANSWER_CONSULTATION: _ASKED,
        Action.SEE_SHARED: _PUBLIC,
        Action.OPEN_IN_EMERGENCY: _PUBLIC,
    },
    Role.CONSULTANT: {  # sees what he is asked about
        Action.SEE_REPORT: frozenset({Whose.DISCLOSED}),
        Action.SEE_IMAGES: frozenset({Whose.DISCLOSED}),
        Action.ANSWER_CONSULTATION: _ASKED,
        Action.SEE_RULES: _PUBLIC,
        Action.OWN_ACCOUNT: _PUBLIC,
        Action.SEE_SHARED: _PUBLIC,
    },
    Role.CLINICIAN: {
        **_READER,
        Action.SEE_REPORT: _SHOWN,
        Action.SEE_IMAGES: _SHOWN,
        Action.QUERY_DUPLICATES: _OWN,
        Action.CONFIRM_CRITICAL: _OWN,
        Action.ANSWER_CONSULTATION: _ASKED,
        Action.SEE_SHARED: _PUBLIC,
        Action.OPEN_IN_EMERGENCY: _PUBLIC,
    },
    Role.ASSESSOR: {
        **_READER,
        Action.SEE_IMAGES: _OWN | _PUBLIC,  # and those of what a round gives him
        Action.SEE_QUALITY: _OWN,
        Action.RATE_QUALITY: _OWN,
        Action.REVIEW_REPORT: _PUBLIC,
        Action.DISCUSS_QUALITY: _PUBLIC,
    },
    Role.CITIZEN: {  # no LIST_EXAMS: that list is the senders', with verdicts and what MEDULA was told
        Action.SEE_OWN_EXAMS: _SELF,
        Action.ASK_FOR_EXAM: _SELF,
        Action.SEE_REPORT: _SELF,
        Action.SEE_IMAGES: _SELF,
        Action.OWN_ACCOUNT: _PUBLIC,
        Action.SHARE: _SELF,
    },
    Role.SERVICE: {
        Action.LIST_EXAMS: _OWN,
        Action.SEE_EXAM: _OWN,
        Action.SEE_REPORT: _OWN,
        Action.SEE_IMAGES: _OWN,
        Action.STORE_IMAGES: _OWN,
        Action.QUERY_DUPLICATES: _OWN,
        Action.RETRY_DELIVERY: _OWN,
        Action.EXPORT: _OWN,
        Action.SEE_RULES: _PUBLIC,
        Action.SEE_HEALTH: _PUBLIC,
        Action.MANAGE_WEBHOOKS: _OWN,
        Action.SEE_QUALITY: _OWN,
        Action.RUN_SELFTEST: _OWN,
    },
    Role.VISITOR: {  # sees what the patient chose for the link, and nothing else
        Action.SEE_REPORT: frozenset({Whose.DISCLOSED}),
        Action.SEE_IMAGES: frozenset({Whose.DISCLOSED}),
        Action.SEE_SHARED: _PUBLIC,
    },
}
"""What is not written here is refused."""

GIVEN = tuple(one for one in Role if one is not Role.VISITOR)
"""Roles that an account may be given."""


class Person(Value):
    """Who stands at a door, as far as rights go; made anew from the ledger for each sign-in and token."""

    name: str  # of the account: what the audit writes
    roles: tuple[Role, ...] = ()
    institution: str = ""  # SKRS code of the employer; "" = none, so nothing is OWN
    ownership: str = ""  # public | private | university, of the employer
    province: str = ""
    tckn: str = ""  # from the identity provider, never typed by its owner; "" = not known, so nothing is SELF
    granted: tuple[str, ...] = ()  # SKRS codes that he is granted to report for at this moment
    disclosed: tuple[ExamKey, ...] = ()  # exams that are opened to him at this moment
    disclosed_patients: tuple[str, ...] = ()  # TCKNs whose exams all are
    only: tuple[Action, ...] | None = None  # a token's actions; None = all that the roles allow


class Reach(Value):
    """Which exams a person reaches by one action; a query narrows by it. All empty: none."""

    everything: bool = False
    institution: str = ""
    granted: tuple[str, ...] = ()  # SKRS codes
    patient: str = ""  # TCKN
    disclosed: tuple[ExamKey, ...] = ()
    disclosed_patients: tuple[str, ...] = ()  # TCKNs

    def __bool__(self) -> bool:
        """Whether anything is reached at all."""
        return self != _NOTHING

    @property
    def patients(self) -> tuple[str, ...]:
        """TCKNs whose exams all are reached."""
        return ((self.patient,) if self.patient else ()) + self.disclosed_patients


_NOTHING = Reach()


def may(person: Person, action: Action, whose: Whose = Whose.NOBODY) -> bool:
    """Whether the table lets the person do it."""
    if person.only is not None and action not in person.only:
        return False
    return any(whose in TABLE[role].get(action, ()) for role in person.roles)


def whose(
    person: Person, institutions: Iterable[str], tckn: str = "", exams: Iterable[ExamKey] = ()
) -> frozenset[Whose]:
    """Say how the person stands to what belongs to institutions (SKRS codes), a patient and exams; never empty."""
    found, named = set(), {one for one in institutions if one}
    if person.institution in named:
        found.add(Whose.OWN)
    if named.intersection(person.granted):
        found.add(Whose.GRANTED)
    if person.tckn and tckn == person.tckn:
        found.add(Whose.SELF)
    if (tckn and tckn in person.disclosed_patients) or any(one in person.disclosed for one in exams):
        found.add(Whose.DISCLOSED)
    return frozenset(found or {Whose.FOREIGN})


def may_with(
    person: Person, action: Action, institutions: Iterable[str], tckn: str = "", exams: Iterable[ExamKey] = ()
) -> bool:
    """Whether the person may do it with something that belongs to those institutions, that patient, those exams."""
    return any(may(person, action, one) for one in whose(person, institutions, tckn, exams))


def reach(person: Person, action: Action) -> Reach:
    """Return which exams the action may touch, for queries that narrow instead of asking exam by exam."""
    if may(person, action, Whose.FOREIGN):
        return Reach(everything=True)
    shown = may(person, action, Whose.DISCLOSED)
    return Reach(
        institution=person.institution if may(person, action, Whose.OWN) else "",
        granted=person.granted if may(person, action, Whose.GRANTED) else (),
        patient=person.tckn if may(person, action, Whose.SELF) else "",
        disclosed=person.disclosed if shown else (),
        disclosed_patients=person.disclosed_patients if shown else (),
    )
