"""A hospital's systems that do not give up: what was not acknowledged is sent again, and what was is written down."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from pydicom import dcmread
from pynetdicom import AE

from gecit.edges import hl7_build
from gecit.sandbox.day import INSTITUTION, ExamStory
from gecit.sandbox.imaging import build_study
from gecit.sandbox.node import Running
from gecit.sandbox.play import Player

from ..support.hospital import read_ack

GIVE_UP_SECONDS = 150.0
PAUSE_SECONDS = 0.2
TRANSIENT = ("internal", "registry-unavailable")
"""What an AE says that asks for the same message again."""
SUCCESS = 0x0000


class Acknowledged(NamedTuple):
    """A message as its sender has it in his books."""

    control_id: str
    data: bytes
    code: str  # MSA-1


class Books(NamedTuple):
    """What the senders were told; nothing of it may be missing at the end."""

    messages: list[Acknowledged]
    instances: list[str]  # SOPInstanceUIDs that got Success


class GaveUp(Exception):
    """A door stayed shut for minutes."""


class Sender(Player):
    """Plays stories with real senders; `moment` is told before and after each C-STORE."""

    def __init__(self, node: Running, folder: Path, moment: Callable[[str], None] = lambda what: None) -> None:
        super().__init__(node, folder)
        self.books = Books([], [])
        self.moment = moment
        self.stop = threading.Event()

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
                [answer] = hl7_build.send("127.0.0.1", self._node.settings.mllp_port, [message], timeout=20)
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
            institution=INSTITUTION,
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
        entity = AE(ae_title=INSTITUTION.aets[0])
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
