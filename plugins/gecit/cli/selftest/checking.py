"""A check of the self-test, what came of it, and how checks are run one after the other."""

from __future__ import annotations

import ssl
import subprocess
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

import requests

from gecit.core.values import Text, Value
from gecit.web.masking import mask

if TYPE_CHECKING:
    from .kit import Kit

T = TypeVar("T")


class State(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"  # it could not be carried out, or makes no sense here: the reason stands in `got`


class Result(Value):
    """What came of one check."""

    id: str
    title: Text
    expected: Text
    got: Text
    state: State
    fix: Text | None = None  # of a failed one: how to mend it, and who must
    seconds: float = 0.0


class CheckFailed(Exception):
    """What was expected is not so."""

    def __init__(self, got: Text, fix: Text | None = None) -> None:
        super().__init__(got.en)
        self.got, self.fix = got, fix


class CheckSkipped(Exception):
    """The check cannot be carried out here."""

    def __init__(self, why: Text) -> None:
        super().__init__(why.en)
        self.why = why


class Check(Value):
    """One check; `after`: what must have passed before it makes sense; `gate`: where it fails nothing else is tried."""

    id: str
    title: Text
    expected: Text
    after: tuple[str, ...]
    run: Callable[[Kit], Text]
    fix: Text | None = None
    gate: bool = False


def said(tr: str, en: str) -> Text:
    """Write a text in both languages."""
    return Text(tr=tr, en=en)


def failed(tr: str, en: str, fix: Text | None = None) -> CheckFailed:
    """Return what ends a check as failed."""
    return CheckFailed(said(tr, en), fix)


def skipped(tr: str, en: str) -> CheckSkipped:
    """Return what ends a check as skipped."""
    return CheckSkipped(said(tr, en))


def wait_for(find: Callable[[], T | None], seconds: float, pause: float = 0.5) -> T | None:
    """Ask until there is an answer, or time is up."""
    until = time.monotonic() + seconds
    while (found := find()) is None and time.monotonic() < until:
        time.sleep(pause)
    return found


def chosen(checks: Sequence[Check], only: Collection[str], always: Collection[str]) -> list[Check]:
    """Return the checks that are wanted, with what they come after; KeyError names one that there is not."""
    known = {one.id: one for one in checks}
    wanted: set[str] = set(always) if only else set(known)
    waiting = list(only)
    while waiting:
        name = waiting.pop()
        if name not in wanted or name in only:
            wanted.add(name)
            waiting += [one for one in known[name].after if one not in wanted]
    return [one for one in checks if one.id in wanted]


def run_checks(checks: Iterable[Check], kit: Kit) -> Iterator[Result]:
    """Run checks in their order and yield what came of each; a gate that failed is the last."""
    ended: dict[str, Result] = {}
    for check in checks:
        began = time.monotonic()
        result = _blocked(check, ended) or _tried(check, kit, began)
        ended[check.id] = result
        yield result
        if check.gate and result.state is State.FAILED:
            return


def _blocked(check: Check, ended: dict[str, Result]) -> Result | None:
    missing = [ended[one] for one in check.after if one in ended and ended[one].state is not State.PASSED]
    if not missing:
        return None
    names = ", ".join(one.id for one in missing)
    why = said(f"{names} geçmediği için denenmedi", f"not tried, since {names} did not pass")
    return _result(check, State.SKIPPED, why, 0.0)


def _tried(check: Check, kit: Kit, began: float) -> Result:
    fix: Text | None = None
    try:
        state, got = State.PASSED, check.run(kit)
    except CheckSkipped as skip:
        state, got = State.SKIPPED, skip.why
    except CheckFailed as fault:
        state, got, fix = State.FAILED, fault.got, fault.fix or check.fix
    except Exception as fault:  # noqa: BLE001 -- whatever a site does must end as a line of the page; its text may quote data
        state, got, fix = State.FAILED, fault_words(fault), check.fix
    return _result(check, state, got, time.monotonic() - began, fix)


def _result(check: Check, state: State, got: Text, seconds: float, fix: Text | None = None) -> Result:
    return Result(
        id=check.id,
        title=check.title,
        expected=check.expected,
        got=Text(tr=mask(got.tr), en=mask(got.en)),  # an answer may quote a physician's number
        state=state,
        fix=fix,
        seconds=round(seconds, 1),
    )


def fault_words(fault: Exception) -> Text:
    """Say what went wrong with a connection, without what it carried."""
    inner = _tls_fault(fault)
    if inner and any(one in str(inner).lower() for one in NOT_TLS):
        return NO_TLS
    for kind, words in FAULTS:
        if isinstance(inner or fault, kind):
            return words
    return said(f"beklenmeyen hata ({type(fault).__name__})", f"unforeseen fault ({type(fault).__name__})")


def _tls_fault(fault: BaseException | None) -> ssl.SSLError | None:
    """Return what TLS itself said; requests wraps it three times, and calls each fault of TLS by one name."""
    while fault and not isinstance(fault, ssl.SSLError):
        fault = fault.__cause__ or fault.__context__
    return fault if isinstance(fault, ssl.SSLError) else None


NOT_TLS = ("wrong version number", "wrong_version_number", "record layer failure", "packet length too long")
"""How OpenSSL says, by its version, that what came back is no TLS at all."""
NO_TLS = said("bu kapı TLS konuşmuyor (şifresiz http mi?)", "there is no TLS at that door (is it plain http?)")
CERTIFICATE = said(
    "sertifikasına güvenilmiyor: adı başka, süresi dolmuş ya da yetkilisi tanınmıyor (--ca)",
    "its certificate is not trusted: another name, out of date, or an unknown authority (--ca)",
)
SILENT = said("yanıt süresi doldu", "no answer in time")
FAULTS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Text], ...] = (
    ((requests.exceptions.SSLError, ssl.SSLCertVerificationError), CERTIFICATE),
    (ssl.SSLError, said("TLS kurulamadı", "TLS could not be set up")),
    ((requests.exceptions.Timeout, TimeoutError, subprocess.TimeoutExpired), SILENT),
    (
        (requests.exceptions.ConnectionError, ConnectionRefusedError),
        said("adreste dinleyen yok ya da bağlantı kurulamıyor", "nobody listens there, or there is no way to it"),
    ),
    (ConnectionError, said("bağlantı yanıtsız kapatıldı", "the connection was closed without an answer")),
    (requests.exceptions.RequestException, said("istek gönderilemedi", "the request could not be sent")),
    (FileNotFoundError, said("gerekli program ya da dosya yok (dcmtk)", "a program or file is missing (dcmtk)")),
    (OSError, said("bağlantı kurulamadı", "no connection could be made")),
)
"""The first that fits, since each is one of those below it."""
