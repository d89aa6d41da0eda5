"""A node among those of its ledger: it registers under its name before it works, and says that it lives."""

from __future__ import annotations

import fcntl
import logging
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .. import __version__
from ..core.values import Text
from ..edges.orthanc_http import OrthancArchive
from ..edges.store import SqlLedger
from ..ports.nodes import NewNode, Node
from ..settings import Settings
from .run_folder import write_private

log = logging.getLogger("gecit.nodes")

HOME = "home"


class NameTakenError(Exception):
    """Another living node of the ledger has the name: studies of two indexes would be taken for one another's."""

    def __init__(self, other: Node) -> None:
        self.text = Text(
            tr=f"Başlatılmadı: bu kayıt defterinde {other.name} adlı başka bir düğüm çalışıyor"
            f"{f' ({other.address})' if other.address else ''}. Orthanc'ın Name ayarında bu düğüme başka bir ad verin. "
            "O düğüm bir daha çalışmayacaksa bir dakika bekleyip yeniden başlatın.",
            en=f"Not started: another node called {other.name} runs on this ledger"
            f"{f' ({other.address})' if other.address else ''}. Give this node another name in Orthanc's setting Name. "
            "If that node will not run again, wait a minute and start anew.",
        )
        super().__init__(f"{self.text.tr} / {self.text.en}")


def home_of(settings: Settings) -> str:
    """Return what marks the data folder, made by the first process that asks; a power cut may leave it empty."""
    path = settings.run_folder / HOME
    if not _read(path):
        with _alone(settings.run_folder / f"{HOME}.lock"):
            if not _read(path):
                write_private(path, uuid.uuid4().hex)
    return _read(path)


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip() if path.exists() else ""


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Wait for other processes that do the same: each would go on under a mark of its own."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600), "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


class Membership:
    """One node's row of the registry."""

    def __init__(self, settings: Settings, ledger: SqlLedger, archive: OrthancArchive) -> None:
        self._settings, self._ledger, self._archive = settings, ledger, archive
        self._self: NewNode | None = None

    def begin(self) -> None:
        """Register; raises `NameTakenError`, and `Unavailable` where Orthanc or ledger do not answer yet."""
        new = self._described()
        other = self._ledger.claim_node(new)
        if other is not None:
            raise NameTakenError(other)
        self._self = new

    def beat(self) -> None:
        """Say that the node lives, or register anew where it is not on the list. Raises as `begin` does."""
        if self._self is None or not self._ledger.node_lives(self._self):
            self.begin()

    def _described(self) -> NewNode:
        chosen = self._settings
        return NewNode(
            name=chosen.name,
            mark=self._archive.identity().partition("@")[2],
            home=home_of(chosen),
            address=chosen.sign_in.public_url.rstrip("/"),
            version=__version__,
            orthanc=self._archive.version(),
        )


def register_node(membership: Membership) -> bool:
    """Register now where that can be done; False where it has to be tried again. Raises `NameTakenError` alone."""
    try:
        membership.begin()
    except NameTakenError:
        raise
    except Exception as fault:  # noqa: BLE001 a ledger that may only be read, a full disk: the processes start all the same
        log.debug("the node is not registered yet: %s", type(fault).__name__)
        return False
    return True
