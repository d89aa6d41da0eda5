"""A hospital's systems that do not give up: what was not acknowledged is sent again, and what was is written down."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import requests
from msgspec.structs import replace
from pydicom import dcmread
from pynetdicom import AE

from gecit.core.access import Role
from gecit.core.accounts import Account
from gecit.core.order import Order
from gecit.edges import hl7_build
from gecit.ports import Institution, Unavailable
from gecit.sandbox.day import INSTITUTION, RADIOLOGIST, Act, ExamStory
from gecit.sandbox.imaging import build_study
from gecit.sandbox.node import Running
from gecit.sandbox.play import Player

from ..support.hospital import Hospital, read_ack

GIVE_UP_SECONDS = 300.0
PAUSE_SECONDS = 0.2
TRANSIENT = ("internal", "ledger-unavailable", "registry-unavailable")
"""What an AE says that asks for the same message again."""
SUCCESS = 0x0000
SEE_OTHER = 303
READ_HERE = "read-here"
"""The story whose report is written in Geçit, and of which its hospital is told."""
PASSWORD = "uzun bir parola 7"
READER = Account(
    name="radyolog", full_name="Ayşegül Örnekçi", roles=(Role.RADIOLOGIST,), institution=INSTITUTION.skrs,
    tckn=RADIOLOGIST.identifier,
)  # fmt: skip
WRITTEN = {
    "part-3": "Kafa kubbesi kemikleri doğal görünümdedir; kırık hattı izlenmedi.",
    "part-4": "Patolojik bulgu saptanmadı. Klinik bulgularla birlikte değerlendirilmesi önerilir.",
    "request-rating": "4",
    "image-rating": "5",
    "act": "sign",
    "password": PASSWORD,
}


class Acknowledged(NamedTuple):
    """A message as its sender has it in his books."""

    control_id: str
    data: bytes
    code: str  # MSA-1


class Books(NamedTuple):
    """What the senders were told; nothing of it may be missing at the end."""

    messages: list[Acknowledged]
    instances: list[str]  # SOPInstanceUIDs that got Success
    signed: list[str]  # accession numbers of reports whose signature the page confirmed


class GaveUp(Exception):
    """A door stayed shut for minutes."""


class Sender(Player):
    """Plays stories with real senders; `moment` is told before and after each C-STORE."""

    def __init__(
        self,
        made: Hospital,
        folder: Path,
        moment: Callable[[str], None] = lambda what: None,
        doors: Running | None = None,
        institution: Institution = INSTITUTION,
    ) -> None:
        """`doors`: where to send, if not all to `made`, on which reports are written and images looked for."""
        super().__init__(doors or made.running(), folder, institution)
        self._made = made
        self.books = Books([], [], [])
        self.moment = moment
        self.stop = threading.Event()

    def play(self, story: ExamStory) -> None:
        """Do everything of one story, in its order; a report that is written here is signed on its page."""
        if story.id != READ_HERE:
            return super().play(story)
        super().play(replace(story, acts=tuple(act for act in story.acts if act is not Act.REPORT)))
        return self._again(lambda: self._signs(story))

    def ask(self, order: Order) -> None:
        """Ask for earlier exams, longer than the demo's player has patience for."""

        def once() -> bool:
            try:
                super(Sender, self).ask(order)
            except RuntimeError:
                return False
            return True

        self._again(once)

    def _signs(self, story: ExamStory) -> bool:
        """Take the exam, write, sign, as a reader at his page would; who gets no answer looks whether it is signed."""
        key = story.order.key
        place = f"/gecit/reading/%s/{key.institution}/{key.accession}"
        try:
            self._ask("POST", place % "take")
            page = self._ask("GET", place % "exam").text
            found = re.search(r'name="revision" value="(\d+)"', page)
            done = self._ask("POST", place % "sign", {**WRITTEN, "revision": found[1] if found else "0"})
            exam = self._made.exam(key)
        except (requests.RequestException, Unavailable):  # no answer, or the database is away
            return False
        if done.status_code != SEE_OTHER and not (exam and exam.reports):
            return False
        self.books.signed.append(key.accession)
        return True

    def _ask(self, method: str, path: str, form: Mapping[str, str] | None = None) -> requests.Response:
        url, who = self._made.node.url + path, (READER.name, PASSWORD)
        return requests.request(method, url, data=form, auth=who, timeout=20, allow_redirects=False)

    def _again(self, what: Callable[[], bool]) -> None:
        """Do something until it succeeds."""
        deadline = time.monotonic() + GIVE_UP_SECONDS
        while not what():
            if time.monotonic() > deadline or self.stop.is_set():
                raise GaveUp("a door stays shut")
            time.sleep(PAUSE_SECONDS)

    def _send(self, message: bytes) -> bytes:
        answers: list[bytes] = []

        def once() -> bool:
            try:
                port = self._node.settings.mllp_port
                [answer] = hl7_build.send("127.0.0.1", port, [message], timeout=20, source=self._source)
            except OSError:
                return False
            said = read_ack(answer)
            if said.code == "AE" and any(one.code in TRANSIENT for one in said.remarks):
                return False
            self.books.messages.append(Acknowledged(said.control_id, message, said.code))
            answers.append(answer)
            return True

        self._again(once)
        return answers[0]

    def _store(self, story: ExamStory) -> None:
        files = build_study(
            story.images,
            order=story.order,
            institution=self.institution,
            folder=self._folder / story.order.key.accession,
            with_dose=story.with_dose,
            slices=story.slices,
            serial=story.serial,
        )
        waiting = list(files)
        self._again(lambda: self._store_some(waiting))

    def _store_some(self, waiting: list[Path]) -> bool:
        """Send files over one association, take off what got Success, and say whether none is left."""
        data = [dcmread(one) for one in waiting]
        entity = AE(ae_title=self.institution.aets[0])
        for one in data:
            syntax = one.file_meta.TransferSyntaxUID
            if not any(one.SOPClassUID == known.abstract_syntax for known in entity.requested_contexts):
                entity.add_requested_context(one.SOPClassUID, syntax)
        entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = entity.connection_timeout = 15
        port, called = self._node.settings.dicom_port, self._node.settings.dicom_aet
        association = entity.associate("127.0.0.1", port, ae_title=called)
        if not association.is_established:
            return False
        try:
            for path, one in zip(list(waiting), data, strict=True):
                self.moment("instance about to be sent")
                status = association.send_c_store(one)
                if status.get("Status") != SUCCESS:
                    return False
                waiting.remove(path)
                self.books.instances.append(str(one.SOPInstanceUID))
                self.moment("instance got Success")
        except (RuntimeError, OSError, ValueError):
            return False
        finally:
            if association.is_established:
                association.release()
        return not waiting

    def play_all(self, stories: Sequence[ExamStory]) -> None:
        """Play stories one after the other, to their end."""
        for one in stories:
            self.play(one)
