"""Services of others: registry, duplicate query, MEDULA, mail, webhooks' receivers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from ..core.background import EarlierExam
from ..core.events import RegistryAnswer
from ..core.order import RegisteredRow
from ..core.values import Value


class Registry(Protocol):
    """The registry of physicians (ÇKYS, or a snapshot of it)."""

    def look_up(self, identifier: str) -> RegistryAnswer:
        """Say whose number it is; raises `Unavailable`."""
        ...


class DuplicateService(Protocol):
    """A duplicate query that others answer, asked beside our own ledger (`docs/conformance/duplicates.md`).

    Every method raises `Unavailable`, or `Refused` where the service understood and said no.
    """

    name: str  # as in `EarlierExam.source`

    def previous_studies(self, medula_code: str, tckn: str, suts: Sequence[str], physician: str) -> list[EarlierExam]:
        """Return what it knows of earlier exams; it applies its own stretch of time."""
        ...

    def opened(self, medula_code: str, tckn: str, suts: Sequence[str]) -> dict[str, bool]:
        """Say for each SUT code whether an earlier report or image has been opened."""
        ...

    def report(self, reference: str) -> str:
        """Return an earlier exam's report as plain text."""
        ...

    def image_link(self, reference: str) -> str:
        """Return the address at which an earlier exam's images are seen."""
        ...


class Poster(Protocol):
    """Posts JSON to an address that a subscriber gave."""

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Post and return once it was taken (2xx); raises `Refused`, `Unavailable` or `AnswerUnknown`."""
        ...


class Mailer(Protocol):
    """Sends e-mail to the people who look after the installation."""

    def send(self, subject: str, text: str, number: str) -> None:
        """Send one message; `number` tells it from others. Raises `Refused`, `Unavailable` or `AnswerUnknown`."""
        ...


class Medula(Protocol):
    """The neutral contract of `docs/conformance/medula.md`, carried by an adapter."""

    can_ask: bool

    def send(self, kind: str, key: str, payload: bytes) -> MedulaAnswer:
        """Deliver; raises `Refused`, `Unavailable` (surely not carried out) or `AnswerUnknown`.

        Rows that the payload names as `registered` are not registered again; only they are withdrawn.
        """
        ...

    def ask(self, key: str, payload: bytes) -> MedulaAnswer | None:
        """Ask what became of a delivery: None = never arrived. Raises `Unavailable`.

        An answer that is not accepted and has `rows` says what stands there: the rest is still to be sent.
        """
        ...


class MedulaAnswer(Value):
    """What MEDULA said of one delivery."""

    accepted: bool
    code: str
    message: str = ""
    rows: tuple[RegisteredRow, ...] | None = None  # what now stands there; None = it says nothing of rows


class Physician(Value):
    """A physician as MEDULA knows one."""

    registration: str  # drTescilNo; never the TCKN
    branch: str = ""  # bransKodu
    name: str = ""


class Physicians(Protocol):
    """The list that turns a physician's TCKN, as messages have it, into what MEDULA wants."""

    def physician(self, tckn: str) -> Physician | None:
        """Return a physician; None where the list has none, or was never imported."""
        ...
