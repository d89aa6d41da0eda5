"""`gecit ledger`: the record itself."""

from __future__ import annotations

import sys

import click
import msgspec

from gecit.core.event_seal import KINDS
from gecit.core.values import Text
from gecit.edges.seal_book import ends, faults

from .audit import key_at, lost_as_json, lost_at, say_lost
from .audited import tell_first
from .common import as_json, parts, print_json

FAULTS = {
    "edited": Text(tr="mühürlendikten sonra değişmiş, silinmiş ya da araya eklenmiş",
                   en="edited, deleted or put in after it was sealed"),
    "seal broken": Text(tr="mühür tutmuyor: anahtarı bilmeyen biri yazmış ya da anahtar değişmiş",
                        en="the seal does not hold: written by somebody without the key, or the key is another one"),
    "not sealed": Text(tr="iki mühür arasında mühürsüz kalmış: bir mühür satırı silinmiş olabilir",
                       en="left unsealed between two seals: a row with a seal may have been deleted"),
}  # fmt: skip
KEY_LOST = "key lost"
STRETCH = (
    "Bir mühür bir aralığındır: bu aralıkta en az bir satır değişmiş, silinmiş ya da eklenmiş; "
    "hangisi olduğunu önceki bir yedek gösterir.\n"
    "A seal is of a stretch: at least one row of it was edited, deleted or put in; "
    "which one, an earlier backup shows."
)
LATER = "(sonrası henüz mühürlenmedi, karşılaştırılmadı / what came after it is not sealed yet and was not compared)"
MENDS = (
    "`gecit ledger rebuild` türetilmiş tabloları olaylardan yeniden kurar.\n"
    "`gecit ledger rebuild` makes the folded tables again from the events."
)


@click.group()
def ledger() -> None:
    """The ledger: events and what is folded from them."""


@ledger.command()
def rebuild() -> None:
    """Make exams, studies and links again from the events alone, and say whether anything differed.

    Exit code 1 where the state before was not what the events say; afterwards it is.
    """
    with parts(create=False) as opened:
        tell_first(opened, "rebuild the ledger")
        count, same = opened.ledger.rebuild()
    was = "aynı durum / identical state" if same else "DURUM FARKLIYDI, DÜZELTİLDİ / DIFFERED, IS MENDED"
    click.echo(f"{count} olay / events; {was}")
    sys.exit(0 if same else 1)


@ledger.command()
@click.option(
    "--folded", is_flag=True, help="Fold all events again and compare; takes long, and writers wait meanwhile."
)
@as_json
def verify(folded: bool, as_json: bool) -> None:
    """Look at events and messages again and compare them with their seals in the audit; changes nothing.

    Exit code 1 where anything differs. Seals are rows of the audit: `gecit audit verify` says whether those are whole.
    """
    with parts(create=False) as opened:
        key = key_at(opened.settings.audit_key_file)
        lost = lost_at(opened, key)
        told = list(faults(opened.ledger, key, lost))
        found = [one for one in told if one.fault != KEY_LOST]
        sealed_to = ends(opened.ledger, key) if key else {}
        newest = {kind: opened.ledger.newest(kind) for kind in KINDS}
        alike = opened.ledger.folds_alike() if folded else None
    if as_json:
        said = [msgspec.structs.asdict(one) for one in found]
        of_lost = lost_as_json(lost, len(told) - len(found))
        print_json({"newest": newest, "sealed": sealed_to, "folded": alike, "keyLost": of_lost, "faults": said})
    else:
        say_lost(lost, len(told) - len(found))
        for one in found:
            text = FAULTS[one.fault]
            click.echo(f"{one.kind} {one.first}-{one.last}: {text.tr} / {text.en}")
        if found:
            click.echo(STRETCH)
        for kind in KINDS:
            later = f" {LATER}" if newest[kind] > sealed_to.get(kind, newest[kind]) else ""
            click.echo(f"{kind}: {newest[kind]}, mühürlü / sealed: {sealed_to.get(kind, '?')}{later}")
        if alike is not None:
            click.echo(
                "Türetilmiş tablolar aynı / folded tables alike"
                if alike
                else "TÜRETİLMİŞ TABLOLAR FARKLI / FOLDED TABLES DIFFER"
            )
        count = len(found) + (alike is False)
        click.echo(f"{count} KUSUR / FAULTS" if count else "bozulmamış / whole")
        if alike is False:
            click.echo(MENDS)
    sys.exit(1 if found or alike is False else 0)
