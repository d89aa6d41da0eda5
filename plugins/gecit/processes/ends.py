"""What the node knows of its own that ends with time: certificates, and its backup. For signs of life."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from ..edges.certificates import end_of_address, end_of_file
from ..ports import Beat, Unavailable
from ..settings import Settings
from ..steps.watch_ends import BACKUP, BACKUP_DUE, CERTIFICATE, DICOM, HBYS, HL7, NEVER, PUBLIC, UNREADABLE, Detail
from .last_backup import last_backup
from .loops import Loop
from .registered import home_of

LOOK_SECONDS = 900.0  # a handshake with ourselves


def hl7_detail(settings: Settings) -> Detail:
    """Say when the HL7 door's certificate ends; to be read when the door opens, which shows it until it closes."""
    return _of_files({HL7: settings.mllp_tls.certificate})


class Ends:
    """Of one node. Of Orthanc's certificate that counts which it read when it started, not what lies there now."""

    def __init__(
        self, settings: Settings, address: Callable[[str], datetime] = end_of_address, before: Iterable[Beat] = ()
    ) -> None:
        self._settings, self._address = settings, address
        dicom = Path(settings.dicom_tls_certificate) if settings.dicom_tls_enabled else None
        # A relative path starts in the folder of Orthanc's configuration, which the processes are not told.
        self._started = _of_files({DICOM: dicom if dicom and dicom.is_absolute() else None})
        self._served: Detail = self._served_before(before) if self._by_https else {}

    @property
    def _by_https(self) -> bool:
        return urlsplit(self._settings.sign_in.public_url).scheme == "https"

    def _served_before(self, before: Iterable[Beat]) -> Detail:
        """Go on with what was shown before this start: to know nothing yet would close an incident that stands."""
        home, name = home_of(self._settings), f"{CERTIFICATE}{PUBLIC}"
        mine = (one for one in before if (one.node, one.process, one.home) == (self._settings.name, "work", home))
        found = [one.detail[name] for one in mine if name in one.detail]
        return {name: found[-1]} if found else {}

    def loops(self) -> list[Loop]:
        """Return what looks at the served certificate now and then, where browsers come by https."""
        return [Loop(name="served certificate", step=self.look, rest=LOOK_SECONDS)] if self._by_https else []

    def look(self) -> bool:
        """Look at it; whoever cannot be reached from here goes on being what it was: browsers may well reach it."""
        try:
            end = self._address(self._settings.sign_in.public_url)
        except Unavailable:
            return False
        self._served = {f"{CERTIFICATE}{PUBLIC}": _said(end)}
        return False

    def detail(self) -> Detail:
        """Return it for a sign of life."""
        chosen = self._settings.alerts
        files = {HBYS: self._settings.hbys.certificate_file, **{one: Path(one) for one in chosen.certificate_files}}
        return {**self._started, **self._served, **_of_files(files), **self._backup()}

    def _backup(self) -> Detail:
        hours = self._settings.alerts.backup_hours
        if not hours:
            return {}
        last = last_backup(self._settings.data)
        if last is None:
            return {BACKUP_DUE: NEVER}
        return {BACKUP: _said(last.taken_at), BACKUP_DUE: _said(last.taken_at + timedelta(hours=hours))}


def _of_files(files: Mapping[str, Path | None]) -> Detail:
    return {f"{CERTIFICATE}{name}": _end(path) for name, path in files.items() if path}


def _end(path: Path) -> str:
    try:
        return _said(end_of_file(path))
    except Unavailable:
        return UNREADABLE


def _said(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
