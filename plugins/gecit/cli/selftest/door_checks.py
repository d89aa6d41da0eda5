"""Doors that must be shut: to whoever has not signed in, to a wrong token, to a right that the token has not."""

from __future__ import annotations

import secrets
import time

from gecit.core.values import Text

from . import dcmtk
from .checking import Check, failed, said, wait_for
from .kit import GOOD, Kit
from .site_checks import at_its_node, removed, shown
from .verdict_checks import exam_of

CLOSED = (
    "/gecit/api/exams",
    "/gecit/api/selftest",
    "/gecit/dicom-web/studies",
    "/dicom-web/studies",
    "/gecit/metrics",
    "/instances",
    "/studies",
    "/system",
)
PAGES = ("/gecit/", "/gecit/health", "/gecit/users")
NOT_OURS = ("/gecit/users", "/gecit/audit", "/gecit/retention", "/instances", "/modalities")
SHUT = (401, 403)
AGAIN_SECONDS = 3.0


def signed_out(kit: Kit) -> Text:
    """Without signing in nothing is shown."""
    found = [(path, kit.ask("GET", path, token=None)) for path in (*CLOSED, *PAGES)]
    open_ = [path for path, one in found if one.status_code not in (*SHUT, 302, 303, 307)]
    _all_shut(open_)
    return said(f"{len(found)} adresin hepsi kapalı", f"all of {len(found)} addresses are shut")


def wrong_token(kit: Kit) -> Text:
    """A token that nobody gave opens nothing."""
    made_up = secrets.token_urlsafe(32)
    _all_shut([path for path in CLOSED if kit.ask("GET", path, token=made_up).status_code not in SHUT])
    return said("uydurma belirteç hiçbirini açmadı", "a made-up token opened none")


def no_right(kit: Kit) -> Text:
    """The token of a program opens what a program may, and no more."""
    _all_shut([path for path in NOT_OURS if kit.ask("GET", path).status_code not in (*SHUT, 404, 405)])
    return said("programın yetkisi dışındakiler kapalı", "what is no business of a program is shut")


def _all_shut(open_: list[str]) -> None:
    if open_:
        raise failed(f"açık: {', '.join(open_)}", f"open: {', '.join(open_)}")


def gone(kit: Kit) -> Text:
    """What was sent is removed; nothing of it is found by any way."""
    for number in kit.sent:  # what the site is still reading would come back
        wait_for(lambda number=number: _settled(kit, number), kit.options.patience, 1.0)  # type: ignore[misc]
    if wait_for(lambda: _cleared(kit), kit.options.patience, 2.0) is None:
        left = removed(kit, kit.run)
        raise failed(shown(left), shown(left), at_its_node(left))
    found = [name for name, there in _seen(kit) if there]
    if found:
        raise failed(f"hâlâ bulunuyor: {', '.join(found)}", f"still found by: {', '.join(found)}")
    return said("hiçbir yolla bulunmuyor", "found by no way")


def _settled(kit: Kit, number: int) -> bool | None:
    studies = (exam_of(kit, number) or {}).get("studies", [])
    return True if studies and all(one.get("settled", True) for one in studies) else None


def _cleared(kit: Kit) -> bool | None:
    """Whether nothing is left, and nothing comes back after a while either."""
    if removed(kit, kit.run):
        return None
    time.sleep(AGAIN_SECONDS)
    return None if removed(kit, kit.run) else True


def _seen(kit: Kit) -> list[tuple[str, bool]]:
    number = kit.accession(GOOD)
    skrs = kit.site.institution.skrs
    keys = ["QueryRetrieveLevel=STUDY", f"AccessionNumber={number}", "StudyInstanceUID"]
    return [
        ("JSON", kit.ask("GET", f"/gecit/api/exams/{skrs}/{number}").status_code != 404),
        ("QIDO-RS", bool(kit.ask("GET", f"/gecit/dicom-web/studies?AccessionNumber={number}").json())),
        ("C-FIND", bool(dcmtk.find(kit, "-S", keys).entries)),
        ("MWL", bool(dcmtk.find(kit, "-W", [f"AccessionNumber={number}"]).entries)),
    ]


REMOVED = "removed"
CHECKS = (
    Check(
        id="signed-out", run=signed_out, after=("site",),
        title=said("Kapalı kapı: oturumsuz", "Shut door: not signed in"), expected=said("hepsi kapalı", "all are shut"),
        fix=said("Öndeki sunucu Geçit'in süzgecini atlıyor olabilir.", "The proxy in front may bypass Geçit's filter."),
    ),
    Check(
        id="wrong-token", run=wrong_token, after=("site",),
        title=said("Kapalı kapı: yanlış belirteç", "Shut door: a wrong token"),
        expected=said("hepsi kapalı", "all are shut"),
    ),
    Check(
        id="no-right", run=no_right, after=("token",),
        title=said("Kapalı kapı: yetkisiz işlem", "Shut door: no right"),
        expected=said("yönetim ve Orthanc kapalı", "administration and Orthanc are shut"),
        fix=said("Belirteç bir programın (service) olmalı.", "The token should be a program's (service)."),
    ),
    Check(
        id=REMOVED, run=gone, after=("token",),
        title=said("Sınama verisi silindi", "What was sent is removed"),
        expected=said("görüntü, tetkik, sorgu, bildirim kalmaz", "no images, exams, queries or deliveries are left"),
        fix=said("Birkaç dakika sonra: gecit selftest --only clean", "In a few minutes: gecit selftest --only clean"),
    ),
)  # fmt: skip
