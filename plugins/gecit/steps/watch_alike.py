"""What the nodes of one ledger must have alike: the audit's key, the code lists, the settings that judging rests on.

Each node tells names of its own in its signs of life (`Detail`), which tell contents apart and say nothing of them;
`apart` compares them. A node of an earlier version tells none, and is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from ..core.values import Text
from ..ports import COMPUTER, Beat

AUDIT_KEY = "audit key"
CODE_LIST = "code list "  # what the detail begins with that names a list's content; which list follows
CODE_LISTS_AT = "code lists taken in"  # when the newest was taken in; empty where none was
SETTINGS = "judging settings"
MEANWHILE = timedelta(minutes=10)  # a list is taken in at one node after the other

Found = tuple[str, Text]


_APART = (
    (
        "audit-key",
        AUDIT_KEY,
        Text(
            tr="Düğümlerin denetim anahtarları ayrı ({said}): `gecit audit verify` ötekilerin yazdığını sahte sayar. "
            "Sistem yöneticisi ilk düğümün audit.key dosyasını ötekilere koyup onları yeniden başlatmalı "
            "(docs/howto/nodes.md).",
            en="Nodes have different audit keys ({said}): `gecit audit verify` takes what the others wrote for forged. "
            "The administrator should put the first node's audit.key at the others and start them again "
            "(docs/howto/nodes.md).",
        ),
    ),
    (
        "settings",
        SETTINGS,
        Text(
            tr="Düğümler ayrı ayarlarla değerlendiriyor ({said}): bir tetkikin kararı, onu hangi düğümün "
            "değerlendirdiğine bağlı kalır. Sistem yöneticisi Gecit.Identifiers, Gecit.PendingRecheckHours ve "
            "Gecit.AcquisitionGroupMinutes ayarlarını bütün düğümlerde aynı yapıp değiştirdiklerini yeniden "
            "başlatmalı (docs/howto/nodes.md).",
            en="Nodes judge by different settings ({said}): an exam's verdict depends on which node judges it. "
            "The administrator should make Gecit.Identifiers, Gecit.PendingRecheckHours and "
            "Gecit.AcquisitionGroupMinutes alike at all nodes and start again those that were changed "
            "(docs/howto/nodes.md).",
        ),
    ),
)
"""The incident's key, the detail that is compared, and what is said where it differs."""


def apart(beats: Sequence[Beat], now: datetime) -> Iterator[Found]:
    """Say what differs between the nodes that speak, by the incident's key."""
    for key, detail, text in _APART:
        if said := _told([(one, one.detail.get(detail)) for one in beats]):
            yield key, Text(tr=text.tr.format(said=said.tr), en=text.en.format(said=said.en))
    yield from _lists(beats, now)


def _lists(beats: Sequence[Beat], now: datetime) -> Iterator[Found]:
    telling = [one for one in beats if CODE_LISTS_AT in one.detail]
    moments = [datetime.fromisoformat(at) for one in telling if (at := str(one.detail[CODE_LISTS_AT]))]
    if not moments or now - max(moments) < MEANWHILE:
        return
    names = {name for one in telling for name in one.detail if name.startswith(CODE_LIST)}
    for name in sorted(names):
        kind = name.removeprefix(CODE_LIST)
        if said := _told([(one, one.detail.get(name, "")) for one in telling]):
            yield (
                f"code-list:{kind}",
                Text(
                    tr=f"{kind} kod listesi düğümlerde ayrı ({said.tr}): bir ileti ya da tetkik, hangi düğüme düşerse "
                    f"onun listesine göre ele alınır. Sistem yöneticisi aynı CSV dosyasını her düğümde `gecit codes "
                    f"import {kind} DOSYA` ile almalı (docs/howto/nodes.md).",
                    en=f"The code list {kind} differs between nodes ({said.en}): a message or an exam is handled by "
                    "the list of whichever node it comes to. The administrator should take in the same CSV file at "
                    f"each node, by `gecit codes import {kind} FILE` (docs/howto/nodes.md).",
                ),
            )


def _told(having: Iterable[tuple[Beat, object]]) -> Text | None:
    """Say who has which value, where there is more than one; an empty one is said to be none, None counts nowhere."""
    telling = [(beat, str(value)) for beat, value in having if value is not None]
    if len({value for _, value in telling}) < 2:  # as it is at every look but few
        return None
    found: dict[str, set[str]] = {}
    for beat, value in telling:
        found.setdefault(value, set()).add(_place(beat, (other for other, _ in telling)))
    rows = [(", ".join(sorted(places)), value) for value, places in sorted(found.items())]
    return Text(
        tr="; ".join(f"{places}: {value or 'yok'}" for places, value in rows),
        en="; ".join(f"{places}: {value or 'none'}" for places, value in rows),
    )


def _place(beat: Beat, others: Iterable[Beat]) -> str:
    """Return the node's name, with its computer where the two of a pair have one name."""
    pair = any(one.node == beat.node and one.home != beat.home for one in others)
    computer = beat.detail.get(COMPUTER)
    return f"{beat.node} ({computer})" if pair and computer else beat.node
