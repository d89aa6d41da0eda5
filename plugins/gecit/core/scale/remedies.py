"""What each bound is, and what to do when it breaks. `docs/scale.md` says more of each."""

from __future__ import annotations

from ..values import Text, Value


class Remedy(Value):
    """A bound in words."""

    what: Text
    then: Text


REMEDIES = {
    "store": Remedy(
        what=Text(tr="Orthanc'ın görüntü yazması", en="Orthanc storing images"),
        then=Text(
            tr="her hastaneye kendi Orthanc'ı; çok büyük hastanede modalite grubu başına bir Orthanc",
            en="an Orthanc of its own for each hospital; at a very large one, an Orthanc for each group of modalities",
        ),
    ),
    "hl7": Remedy(
        what=Text(tr="HL7 alımı", en="taking in HL7"),
        then=Text(tr="hastane başına bir `listen`", en="a `listen` for each hospital"),
    ),
    "judge": Remedy(
        what=Text(tr="karar verme", en="judging"),
        then=Text(tr="düğüm başına bir `work`; iş kiralanır", en="a `work` on each node; work is leased"),
    ),
    "deliver": Remedy(
        what=Text(tr="MEDULA'ya ve diğerlerine teslim", en="delivering to MEDULA and others"),
        then=Text(tr="düğüm başına bir `work`", en="a `work` on each node"),
    ),
    "disk": Remedy(
        what=Text(tr="düğümün görüntü diski", en="a node's disk for images"),
        then=Text(
            tr="eski görüntüler nesne deposuna; görüntü PACS'ta kalsın, Geçit KOS tutsun; saklama listeleri",
            en="older images into object storage; leave images in the PACS and keep a KOS; lists of retention",
        ),
    ),
    "index": Remedy(
        what=Text(tr="bir Orthanc dizini", en="one index of Orthanc"),
        then=Text(
            tr="dizini PostgreSQL'e al; yıl dolunca yeni bir Orthanc, eskisi salt okunur",
            en="the index on PostgreSQL; a new Orthanc for the next years, the old one to read from",
        ),
    ),
    "network": Remedy(
        what=Text(tr="düğümün ağı", en="a node's network"),
        then=Text(
            tr="düğüm hastanenin içinde dursun: görüntü dışarıya yalnız açılınca gider; 10 Gbit/s",
            en="the node stands in the hospital: images leave it only when they are opened; 10 Gbit/s",
        ),
    ),
    "sqlite": Remedy(
        what=Text(tr="SQLite'ta kayıt defteri", en="the ledger on SQLite"),
        then=Text(tr="kayıt defterini PostgreSQL'e al", en="the ledger on PostgreSQL"),
    ),
    "connections": Remedy(
        what=Text(tr="PostgreSQL bağlantıları", en="connections to PostgreSQL"),
        then=Text(
            tr="önüne bağlantı havuzu (PgBouncer); max_connections yükselt",
            en="a pooler in front (PgBouncer); a higher max_connections",
        ),
    ),
    "commits": Remedy(
        what=Text(tr="veritabanının onayladığı işlem", en="commits of the database"),
        then=Text(
            tr="okumalar kopyalara; sonra bölge başına bir kayıt defteri",
            en="reading from replicas; then a ledger for each region",
        ),
    ),
    "ledger": Remedy(
        what=Text(tr="kayıt defterinin diski", en="the ledger's disk"),
        then=Text(
            tr="kuruma ve aya göre bölümle; eski ayları ucuz diske ya da arşive",
            en="partition by institution and month; older months on cheaper disks or in an archive",
        ),
    ),
    "table": Remedy(
        what=Text(tr="en büyük tablo", en="the largest table"),
        then=Text(tr="kuruma ve aya göre bölümle", en="partition by institution and month"),
    ),
    "backup": Remedy(
        what=Text(tr="gece yedeği", en="a night's backup"),
        then=Text(
            tr="tam kopya yerine WAL arşivi ve kopya sunucu; kapanmış aylar bir kez yedeklenir",
            en="an archive of the WAL and a replica instead of a whole copy; closed months are copied once",
        ),
    ),
    "rejudge": Remedy(
        what=Text(tr="bir yılın tetkiklerine yeniden karar", en="judging a year's exams again"),
        then=Text(
            tr="bölümler yan yana, düğüm başına bir süreç",
            en="the parts side by side, a process on each node",
        ),
    ),
}
"""By the key of a bound."""
