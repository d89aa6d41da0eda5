"""What ends with time alone: certificates, and how long a backup is good for.

What a node knows of its own stands in its signs of life (`Detail`), so that incidents, metrics and the health page say
the same; `ending` reads it there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from ..core.values import Text, local
from ..ports import Beat

Detail = dict[str, str | int | float]

CERTIFICATE = "certificate "  # what the detail begins with that says when one ends; its name follows
HL7, DICOM, HBYS, PUBLIC = "hl7", "dicom", "hbys", "public"
"""The certificates that have names of their own; any other is called by its file."""
UNREADABLE = "unreadable"  # in the place of an instant
BACKUP, BACKUP_DUE = "backup", "backup due"  # until when the newest one has everything; by when it must be followed
NEVER = "never"  # in the place of the latter instant

_WHOSE: Mapping[str, Text] = {
    HL7: Text(tr="HL7 kapısının sertifikası", en="The certificate of the HL7 door"),
    DICOM: Text(tr="Orthanc'ın DICOM kapısının sertifikası", en="The certificate of Orthanc's DICOM door"),
    HBYS: Text(
        tr="Raporların HBYS'lere gönderildiği istemci sertifikası",
        en="The client certificate by which reports go to the HBYS",
    ),
    PUBLIC: Text(
        tr="PublicUrl adresinde tarayıcılara gösterilen sertifika",
        en="The certificate that browsers are shown at PublicUrl",
    ),
}
_RESTART = Text(
    tr="sistem yöneticisi yenisini yerine koyup düğümü yeniden başlatmalı, koyduysa yalnız yeniden başlatmalı",
    en="the administrator should put the new one in its place and restart the node, or only restart it where it lies "
    "there already",
)
_RELOAD = Text(
    tr="sistem yöneticisi yenisini yerine koyup onu gösteren sunucuyu (nginx) yeniden yüklemeli",
    en="the administrator should put the new one in its place and reload the server that shows it (nginx)",
)
_LAY = Text(
    tr="sistem yöneticisi yenisini yerine koymalı, kullanan hizmet istiyorsa onu yeniden yüklemeli",
    en="the administrator should put the new one in its place, and reload the service that uses it where it wants that",
)
_MENDED: Mapping[str, Text] = {HL7: _RESTART, DICOM: _RESTART, PUBLIC: _RELOAD}


def ending(beats: Iterable[Beat], now: datetime, warned: timedelta) -> Iterator[tuple[str, Text]]:
    """Say which certificates have ended or end within `warned` (0: nothing is said), and where a backup is due."""
    for beat in beats:
        if warned:
            for name, value in beat.detail.items():
                if name.startswith(CERTIFICATE):
                    yield from _certificate(beat.node, name.removeprefix(CERTIFICATE), str(value), now, warned)
        yield from _backup(beat, now)


def _certificate(node: str, name: str, value: str, now: datetime, warned: timedelta) -> Iterator[tuple[str, Text]]:
    whose = _WHOSE.get(name, Text(tr=f"{name} sertifikası", en=f"The certificate {name}"))
    if value == UNREADABLE:
        yield (
            f"certificate:{node}/{name}",
            Text(
                tr=f"{node}: {whose.tr} okunamıyor; sistem yöneticisi dosyaya ve izinlerine bakmalı.",
                en=f"{node}: {whose.en} cannot be read; the administrator should look at the file and who may read it.",
            ),
        )
        return
    end = datetime.fromisoformat(value)
    day, mended = f"{local(end):%d.%m.%Y %H:%M}", _MENDED.get(name, _LAY)
    if end - now < warned:
        yield (
            f"certificate:{node}/{name}",
            Text(
                tr=f"{node}: {whose.tr} {day} tarihinde biter; {mended.tr}.",
                en=f"{node}: {whose.en} ends on {day}; {mended.en}.",
            ),
        )
    if end <= now:
        yield (
            f"expired:{node}/{name}",
            Text(
                tr=f"{node}: {whose.tr} {day} tarihinde BİTTİ; onu denetleyen kimse artık bağlanamaz. Hemen: "
                f"{mended.tr}.",
                en=f"{node}: {whose.en} HAS ENDED on {day}; nobody who checks it can connect any more. At once: "
                f"{mended.en}.",
            ),
        )


def _backup(beat: Beat, now: datetime) -> Iterator[tuple[str, Text]]:
    due = str(beat.detail.get(BACKUP_DUE, ""))
    if not due or (due != NEVER and now <= datetime.fromisoformat(due)):
        return
    made = beat.detail.get(BACKUP)
    last = f"{local(datetime.fromisoformat(str(made))):%d.%m.%Y %H:%M}" if made else ""
    yield (
        f"backup:{beat.node}",
        Text(
            tr=f"{beat.node} düğümünün {f'son yedeği {last} tarihli' if last else 'hiç yedeği yok'}; sistem yöneticisi "
            "`gecit backup` çalıştıran geceki işe ve yedek diskine bakmalı.",
            en=f"{f'The newest backup of node {beat.node} is of {last}' if last else f'Node {beat.node} has no backup'}"
            "; the administrator should look at the nightly job that runs `gecit backup`, and at the backup's disk.",
        ),
    )
