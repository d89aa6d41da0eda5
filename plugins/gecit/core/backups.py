"""What a backup says of itself, and what keeps one from being put back (docs/howto/backup.md)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from .values import Text, Value

FORMAT = 1
"""Of the folder; one with a higher number is of a later Geçit."""

MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
LEDGERS = {"sqlite": "ledger.db", "postgresql": "ledger.dump"}
"""The ledger's file by engine: a whole SQLite file, or an archive of pg_dump."""

CODES = "codes.db"
KEY = "audit.key"
IMAGES = "orthanc"
INDEX = f"{IMAGES}/index"


class Manifest(Value):
    """What stands in `manifest.json`, which is written last: a folder without it is no backup."""

    format: int
    version: str  # of Geçit
    schema: str  # revision of the ledger
    engine: str  # sqlite | postgresql
    node: str
    taken_at: datetime  # what was acknowledged later is not in it
    finished_at: datetime
    rows: dict[str, int]  # of the ledger, by table
    images: int  # files of Orthanc's storage
    key_proof: str  # of the audit's key: whether another one is the same
    sums: str  # SHA-256 of SHA256SUMS
    damaged: dict[str, str] = msgspec.field(
        default_factory=dict
    )  # files that were not what Orthanc had stored, and of which resource (Orthanc id)
    ledger_only: bool = False  # nothing of Orthanc is in it


class BackupFault(Exception):
    """A backup cannot be made or put back; the text says why and what to do."""

    def __init__(self, text: Text) -> None:
        super().__init__(f"{text.tr} / {text.en}")


def said(name: str, **values: object) -> BackupFault:
    """Return the fault of that name."""
    text = FAULTS[name]
    return BackupFault(Text(tr=text.tr.format(**values), en=text.en.format(**values)))


NO_BASE = Text(
    tr="{place} bitmiş bir yedek değil (yok ya da yarıda kalmış): ondan bağlanacak bir şey yok, bütün görüntüler "
    "kopyalanıyor. Yol yanlışsa --base ile doğru klasörü verin.",
    en="{place} is no finished backup (it is not there, or broke off): nothing can be linked of it, all images are "
    "copied. If the path is wrong, name the right folder by --base.",
)
"""Said where the earlier backup is missing: after a night that failed there must be a backup all the more."""

FAULTS: Mapping[str, Text] = {
    "not empty": Text(
        tr="{place} boş değil. Yedek yalnızca boş bir yere yazılır: başka bir klasör verin.",
        en="{place} is not empty. A backup is written to an empty place only: name another folder.",
    ),
    "inside": Text(
        tr="{place} yedeklenen klasörün içinde. Yedeği başka bir diske yazın.",
        en="{place} lies inside what is backed up. Write the backup to another disk.",
    ),
    "no index": Text(
        tr="Orthanc'ın dizini yok: {place}. GECIT_CONFIG ve GECIT_DATA bu düğümünkiler mi?",
        en="There is no index of Orthanc at {place}. Are GECIT_CONFIG and GECIT_DATA those of this node?",
    ),
    "index elsewhere": Text(
        tr="Orthanc'ın dizini ya da dosyaları bir veritabanında (PostgreSQL bölümü): onu pg_dump ile yedekleyin. "
        "Kayıt defteri için --ledger-only verin (docs/howto/backup.md).",
        en="Orthanc's index or files stand in a database (section PostgreSQL): back that up by pg_dump. For "
        "the ledger give --ledger-only (docs/howto/backup.md).",
    ),
    "index too lively": Text(
        tr="Orthanc'ın dizini kopyalanırken durmadan değişti, Orthanc'ın süreci de buradan duraklatılamadı. Daha "
        "sakin bir saatte ya da düğümün kendi bilgisayarında, onun kullanıcısıyla yineleyin.",
        en="Orthanc's index kept changing while it was copied, and its process cannot be paused from here. Try again "
        "at a quieter hour, or on the node's own computer as its user.",
    ),
    "deleted meanwhile": Text(
        tr="Yedek alınırken durmadan görüntü silindi. Saklama süresi silmeleri bitince yineleyin.",
        en="Images were deleted all the while. Try again when the deletions of retention have ended.",
    ),
    "no program": Text(
        tr="{program} bulunamadı: Debian'ın postgresql-client paketini kurun.",
        en="There is no {program}: install Debian's postgresql-client.",
    ),
    "pooler": Text(
        tr="PostgreSQL'in önünde PgBouncer var: {program} onun bağlantılarını bozar. Gecit.Database'i bu komut için "
        "PostgreSQL'in kendi adresiyle verin (ORTHANC__GECIT__DATABASE).",
        en="PgBouncer stands before PostgreSQL: {program} would spoil its connections. Give Gecit.Database as "
        "PostgreSQL's own address for this command (ORTHANC__GECIT__DATABASE).",
    ),
    "program failed": Text(
        tr="{program} başaramadı: {why}",
        en="{program} failed: {why}",
    ),
    "no backup": Text(
        tr="{place} bitmiş bir yedek değil: {file} yok ya da okunamıyor. Yarıda kalmış bir yedek kullanılmaz.",
        en="{place} is no finished backup: {file} is missing or cannot be read. A backup that broke off is not used.",
    ),
    "newer format": Text(
        tr="Yedek daha yeni bir Geçit'e ait ({version}): en az o sürümü kurun, sonra geri yükleyin.",
        en="The backup is of a newer Geçit ({version}): install that version or a later one, then restore.",
    ),
    "damaged": Text(
        tr="Yedek bozuk, {count} dosya: {files}. Hiçbir şey geri yüklenmedi; başka bir yedek kullanın.",
        en="The backup is damaged, {count} files: {files}. Nothing was restored; use another backup.",
    ),
    "other engine": Text(
        tr="Yedekteki kayıt defteri {found}, bu düğümünki {wanted}: Gecit.Database ayarını düzeltin.",
        en="The backup's ledger is of {found}, this node's is of {wanted}: correct Gecit.Database.",
    ),
    "other node": Text(
        tr="Yedek {found} adlı düğümün, bu düğümün adı {wanted}: Orthanc'ın Name değerini yedektekiyle aynı yapın.",
        en="The backup is of node {found}, this one is called {wanted}: make Orthanc's Name the backup's.",
    ),
    "target not empty": Text(
        tr="{place} dolu: geri yükleme hiçbir şeyin üzerine yazmaz. Eskisini başka yere taşıyın ya da GECIT_DATA ile "
        "boş bir klasör verin.",
        en="{place} holds something: restoring overwrites nothing. Move it elsewhere, or set GECIT_DATA to an empty "
        "folder.",
    ),
    "database not empty": Text(
        tr="{place} veritabanında tablolar var: geri yükleme hiçbir şeyin üzerine yazmaz. Boş bir veritabanı oluşturup "
        "Gecit.Database ayarında (ya da ORTHANC__GECIT__DATABASE değişkeninde) onu gösterin.",
        en="The database {place} holds tables: restoring overwrites nothing. Make an empty database, and name it in "
        "Gecit.Database (or the variable ORTHANC__GECIT__DATABASE).",
    ),
    "no key": Text(
        tr="Denetim anahtarı yok ({place}): ayrı sakladığınız kopyayı oraya koyun. Kaybolduysa --lost-key verin; eski "
        "çapaların mühürleri ve hasta başına görüntüleme listesi o zaman doğrulanamaz.",
        en="There is no audit key ({place}): put the copy that you keep apart there. If it is lost, give --lost-key; "
        "the seals of old anchors and the views by patient can then be checked no more.",
    ),
    "other key": Text(
        tr="{place} başka bir denetim anahtarı: bu yedeğinkini koyun.",
        en="{place} is another audit key: put this backup's there.",
    ),
    "rows differ": Text(
        tr="Geri yüklenen kayıt defterinde {table} {found} satır, yedekte {wanted}. Düğümü başlatmayın; başka bir "
        "yedek kullanın.",
        en="The restored ledger has {found} rows of {table}, the backup {wanted}. Do not start the node; use another "
        "backup.",
    ),
}
