"""A notification as rows of SGK's `tetkikveRadyolojiBilgisiDVO`: one for each SUT code (`docs/conformance/medula.md`).

What no message carries comes from the imported list of physicians; what is missing there is a refusal in clear words.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import msgspec

from ..core.billing import Notification, key_of, read_notification
from ..core.medula_codes import MALFORMED, NO_BRANCH, NO_DATE, NO_FACILITY, NO_PHYSICIAN, NO_SUT
from ..core.values import local
from ..ports import Physician, Physicians, Refused

Row = dict[str, object]


def read(kind: str, key: str, payload: bytes) -> Notification:
    """Read a delivery's payload; `Refused` where it is none, or another one's."""
    try:
        content = read_notification(payload)
    except msgspec.MsgspecError as fault:
        raise Refused(MALFORMED, "the notification cannot be read") from fault
    if content.kind not in ("notify", "withdraw") or content.kind != kind or key_of(content) != key:
        raise Refused(MALFORMED, "the key is not of this content")
    return content


def facility(content: Notification) -> int:
    """Return `saglikTesisKodu`, a whole number of 32 bits in the schema."""
    code = content.institution_medula
    if not (code.isascii() and code.isdigit() and int(code) < 1 << 31):
        raise Refused(NO_FACILITY, f"institution {content.institution_skrs}: MEDULA code {code or '-'}")
    return int(code)


def references(content: Notification) -> tuple[str, ...]:
    """Return `hizmetSunucuRefNo` of each row: unique in the institution, the same however often it is sent."""
    stem = f"{content.accession}.{content.generation}"
    return tuple(f"{stem}.{number}" for number in range(1, len(_quantities(content)) + 1))


def _quantities(content: Notification) -> Counter[str]:
    """How often each SUT code is ordered, in the order of the first: a code is one row, with its number as `adet`."""
    return Counter(one.sut for one in content.procedures)


def rows(content: Notification, physicians: Physicians) -> list[Row]:
    """Return the rows that are not registered yet, in the order of their procedures."""
    held, wanted = {one.reference for one in content.registered}, _quantities(content)
    if not wanted or "" in wanted:
        raise Refused(NO_SUT, f"procedures: {len(content.procedures)}")
    named = zip(references(content), wanted.items(), strict=True)
    fresh = [(ref, sut, number) for ref, (sut, number) in named if ref not in held]
    if not fresh:
        return []
    shared = _shared(content, physicians)
    return [{**shared, "hizmetSunucuRefNo": ref, "sutKodu": sut, "adet": number} for ref, sut, number in fresh]


def _shared(content: Notification, physicians: Physicians) -> Row:
    """What all rows of an exam have alike."""
    reporting = _physician(content.radiologist_tckn, physicians, "raporlayan hekim (OBX-16) / reporting physician")
    ordering = _physician(content.physician_tckn, physicians, "isteyen hekim (ORC-12) / ordering physician")
    if not reporting.branch:
        raise Refused(NO_BRANCH, f"tescil no {reporting.registration}: brans_kodu")
    return {
        "accession": content.accession,
        "modality": content.modality,
        "bransKodu": reporting.branch,
        "drTescilNo": reporting.registration,
        "istemYapanDrTescilNo": ordering.registration,
        "islemTarihi": _day(content),
    }


def _physician(tckn: str, physicians: Physicians, who: str) -> Physician:
    """Look a physician up. The refusal tells the last three digits only: it is shown and logged."""
    if not tckn:
        raise Refused(NO_PHYSICIAN, f"{who}: mesajda yok / not in the message")
    found = physicians.physician(tckn)
    if found is None:
        raise Refused(NO_PHYSICIAN, f"{who}: TCKN ********{tckn[-3:]}, `physicians` listesinde yok / not in the list")
    return found


def _day(content: Notification) -> str:
    """Return the day it was performed, dd.mm.yyyy: of the images, else of the order."""
    try:
        if content.performed_on:
            return f"{datetime.strptime(content.performed_on, '%Y%m%d'):%d.%m.%Y}"  # noqa: DTZ007 - a day, no instant
    except ValueError:
        pass  # (0008,0020) may hold anything
    if content.ordered_at is None:
        raise Refused(NO_DATE, "")
    return f"{local(content.ordered_at):%d.%m.%Y}"
