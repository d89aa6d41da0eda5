"""Whether a page of a self-test was changed, and whether its seal is the site's: three answers, not two."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from gecit.core.values import Text
from gecit.web.selftest.wire import Seal, Sealed

from .checking import fault_words, said
from .kit import Kit, Options
from .page import PageChangedError, read

CHANGED = said("sayfa değiştirilmiş, ya da bir sınama sayfası değil", "the page was changed, or is none of a self-test")
WHOLE = said(
    "sayfa bütün; mührünü siteye sormak için --target verin",
    "the page is whole; to ask the site about its seal give --target",
)
UNSEALED = said("sayfa mühürsüz: değişip değişmediği bilinemez", "the page has no seal: nothing can be said of it")
SEALED = said("sayfa değiştirilmemiş, mühür bu sitenin", "the page was not changed, and the seal is this site's")
FOREIGN = said("mühür bu sitenin değil", "the seal is not this site's")


def verified(file: Path, options: Options | None) -> tuple[Text, bool]:
    """Return what can be said of a page, and whether that is good; `options` says which site is asked, None = none."""
    try:
        _, seal = read(file.read_bytes().decode("utf-8"))
    except (PageChangedError, UnicodeDecodeError):
        return CHANGED, False
    if seal is None:
        return UNSEALED, False
    if options is None:
        return WHOLE, True
    words = _asked_about(seal, options)
    return words, words is SEALED


def _asked_about(seal: Seal, options: Options) -> Text:
    """Ask the site about a seal: yes, no, or why it could not be asked, which says nothing against the page."""
    kit = Kit(options, "000000", 0, datetime.now(UTC), Path())
    try:
        answer = kit.ask("POST", "/gecit/api/selftest/seal/check", json=msgspec.to_builtins(seal))
    except OSError as fault:  # requests' faults are OSErrors
        return _unasked(fault_words(fault))
    if answer.status_code != 200:
        return _unasked(said(f"HTTP {answer.status_code}", f"HTTP {answer.status_code}"))
    try:
        return SEALED if msgspec.json.decode(answer.content, type=Sealed).good else FOREIGN
    except msgspec.MsgspecError:
        return _unasked(said("Geçit değil", "not Geçit"))


def _unasked(why: Text) -> Text:
    return said(
        f"siteye sorulamadı, mühür denetlenemedi: {why.tr}",
        f"the site could not be asked, so its seal was not checked: {why.en}",
    )
