"""The faults that a person can mend, and their words: `main` says these, and shows no traceback."""

from __future__ import annotations

from gecit.core.backups import BackupFault
from gecit.core.rulefile import RulebookError
from gecit.core.values import Text
from gecit.edges.audit_book import AuditKeyMissingError
from gecit.edges.codes import CodeListError
from gecit.edges.hl7_profile import ProfileError
from gecit.edges.quality_files import QualityFileError
from gecit.edges.report_files import ReportFileError
from gecit.edges.store.engine import LedgerEncodingError
from gecit.edges.store.migrate import LedgerTooNewError
from gecit.ports import Unavailable
from gecit.processes.rules import NoRulebookError
from gecit.processes.run_folder import FolderInUseError
from gecit.settings import SettingsError

FAULTS = (
    SettingsError,
    RulebookError,
    ProfileError,
    ReportFileError,
    QualityFileError,
    CodeListError,
    LedgerTooNewError,
    LedgerEncodingError,
    NoRulebookError,
    FolderInUseError,
    AuditKeyMissingError,
    BackupFault,
    Unavailable,
    OSError,
)
AWAY = {
    "ledger": Text(
        tr="Kayıt defteri (Gecit.Database) bu komuta yanıt vermedi: veritabanı kapalı, dolu ya da başkası onu uzun "
        "süre tutuyor; yarım kalan işi geri alındı. Bu düğümün sistem yöneticisi veritabanına bakmalı, sonra komut "
        "yinelenmeli.",
        en="The ledger (Gecit.Database) did not answer this command: the database is down or full, or somebody holds "
        "it for long; what it had not finished is undone. This node's system administrator must look at the database; "
        "then run the command again.",
    ),
    "audit": Text(
        tr="Denetim kaydına yazılamadı, bu yüzden hiçbir şey yapılmadı. Bu düğümün sistem yöneticisi veritabanına "
        "(Gecit.Database) ve GECIT_DATA klasörüne bakmalı, sonra komut yinelenmeli.",
        en="The audit cannot be written, so nothing was done. This node's system administrator must look at the "
        "database (Gecit.Database) and the folder GECIT_DATA; then run the command again.",
    ),
}
"""What is away -> what to do; an adapter names only which it is."""


def words(fault: Exception) -> str:
    """Return a fault's words, in both languages."""
    text = AWAY.get(str(fault)) if isinstance(fault, Unavailable) else None
    return f"{text.tr}\n{text.en}" if text else str(fault)
