"""Studies that Orthanc is not asked to read any more, since reading them ends it.

Its database still answers for them, and gives out and deletes their files; whatever has it parse one is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from urllib.parse import unquote

from .values import Text, Value


class Reason(StrEnum):
    """Why a study is set aside."""

    DEEP = "deep"  # items of an instance stand deeper than Orthanc bears
    ENDED = "ended"  # Orthanc ended again and again while this study alone was read


class SetAside(Value):
    """A study that is set aside; `names`: by which requests name it, as `normal` writes them."""

    study: str  # Orthanc id
    reason: Reason
    at: datetime
    orthanc: str = ""  # version that it is set aside from
    instances: tuple[str, ...] = ()  # Orthanc ids of those that stand too deep
    names: tuple[str, ...] = ()  # Orthanc ids and UIDs of its patient, itself, its series and instances
    again: bool = False  # somebody asks to try it again


EXPLAINED = {
    Reason.DEEP: Text(
        tr="dizileri Orthanc'ın okuyabileceğinden derin iç içe",
        en="its sequences stand deeper in each other than Orthanc can read",
    ),
    Reason.ENDED: Text(
        tr="okunurken Orthanc art arda beklenmedik biçimde kapandı",
        en="Orthanc ended unexpectedly again and again while it was read",
    ),
}


def explained(study: str, reason: Reason) -> Text:
    """Say what happened, where, how to mend it, and who must."""
    why = EXPLAINED[reason]
    return Text(
        tr=f"{study} çalışması (Orthanc kimliği) kenara ayrıldı: {why.tr}. Görüntüleri gösterilmez, saklanmaya devam "
        f"eder. Gönderen kurum düzeltilmiş görüntüyü yeniden göndermeli; sistem yöneticisi bozuk çalışmayı "
        f"DELETE /studies/{study} ile silmeli ya da Orthanc yükseltildikten sonra yeniden denemeli.",
        en=f"Study {study} (Orthanc id) is set aside: {why.en}. Its images are not shown, and stay stored. The "
        f"institution that sent it should send it mended; the administrator should delete the broken study by "
        f"DELETE /studies/{study}, or try it again with a newer Orthanc.",
    )


def explained_to_readers(reason: Reason) -> Text:
    """Say to whoever sees the exam why its images are not shown, and who must do what."""
    why = EXPLAINED[reason]
    return Text(
        tr=f"Görüntüler gösterilmiyor: {why.tr}. Hiçbiri kaybolmadı. Gönderen kurum çalışmayı düzeltip yeniden "
        "göndermeli; ne yapılacağı sistem yöneticisinin sağlık sayfasında yazar.",
        en=f"The images are not shown: {why.en}. None is lost. The institution that sent the study should mend it and "
        "send it again; the administrator's health page says what to do.",
    )


LEVELS = frozenset({"patients", "studies", "series", "instances"})
FROM_INDEX = frozenset({"patient", "study", "series", "studies", "instances", "statistics"})
"""Below a resource, what Orthanc answers out of its database (measured on 1.10.1)."""
RAW = frozenset({"metadata", "attachments", "file"})
WADO = ("objectUID", "seriesUID", "studyUID")  # the narrowest first
SEARCHES = frozenset({"studies", "series", "instances"})


def normal(name: str) -> str:
    """Write a name as Orthanc compares it: ASCII without control characters and blanks around it."""
    plain = name if name.isascii() and name.isprintable() else "".join(one for one in name if " " <= one < "\x7f")
    return plain.strip()


def reads(method: str, path: str, query: Mapping[str, str], names: frozenset[str]) -> bool:
    """Whether a request would have Orthanc read a study that is set aside.

    `method`: GET, POST ... `path`: percent-decoded. `query`: still encoded, or decoded. DICOMweb searches read an
    instance of whatever they find, so that none over the whole archive may pass.
    """
    if not names:
        return False
    parts = [one for one in path.split("/") if one]
    if parts[:1] == ["dicom-web"] and len(parts) == 2 and parts[1] in SEARCHES and method == "GET":
        return True
    named = names.intersection(_named(parts, query))
    return bool(named) and not _bare(method, parts, query)


def asked_of(method: str, path: str, query: Mapping[str, str]) -> str:
    """Return what a request has Orthanc read, `LEVEL/ORTHANC-ID` or `uid/UID`; "" = nothing that it names."""
    parts = [one for one in path.split("/") if one]
    match parts:
        case [level, name, *_] if level in LEVELS:
            return "" if _bare(method, parts, query) else f"{level}/{normal(name)}"
        case ["dicom-web", "studies", uid, *_]:
            return f"uid/{normal(uid)}"
        case ["wado"]:
            return next((f"uid/{normal(unquote(query[one]))}" for one in WADO if query.get(one)), "")
    return ""


def _named(parts: list[str], query: Mapping[str, str]) -> Iterator[str]:
    yield from map(normal, parts)
    yield from (normal(unquote(one)) for one in query.values())


def _bare(method: str, parts: list[str], query: Mapping[str, str]) -> bool:
    """Whether the answer comes out of the database, or is the file as it was stored, or nothing stored is touched."""
    if parts[:2] == ["dicom-web", "studies"] and len(parts) <= 3 and method == "POST":
        return True  # STOW-RS: what is mended may come
    if len(parts) < 2 or parts[0] not in LEVELS:
        return False
    if method == "DELETE":
        return True
    if method != "GET" or any("request" in name.lower() for name in query):  # from 1.12 on: tags that are asked for
        return False
    return len(parts) == 2 or parts[2] in RAW or (len(parts) == 3 and parts[2] in FROM_INDEX)
