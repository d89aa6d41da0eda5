"""SOAP 1.1 by `zeep` over bounded HTTP: one client per process, no external reference, no entity, no redirect.

The WSDL comes from a local file and may import files only; the address is the one configured, never the WSDL's.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import zeep
from lxml import etree
from zeep import exceptions as z
from zeep.wsse.username import UsernameToken

from ..core.medula_codes import CLIENT_FAULT, MALFORMED, NOT_OF_THE_WSDL
from ..ports import AnswerUnknown, Refused, Unavailable
from .bounded_http import BoundedHttp, Exchanged, failure

SAFE = zeep.Settings(
    strict=True, xml_huge_tree=False, forbid_dtd=True, forbid_entities=True, forbid_external=True
)  # fmt: skip

# SOAP 1.1 4.4.1 and, of WS-Security, SOAP Message Security 1.1 section 12: what a fault says of the message.
# "ours" = it speaks of us (name, password, version): the message waits until that is mended.
FAULTS: dict[str, str] = {
    "Client": "refused",
    "Server": "unknown",
    "VersionMismatch": "ours",
    "MustUnderstand": "ours",
    "UnsupportedSecurityToken": "ours",
    "UnsupportedAlgorithm": "ours",
    "InvalidSecurity": "ours",
    "InvalidSecurityToken": "ours",
    "FailedAuthentication": "ours",
    "FailedCheck": "ours",
    "SecurityTokenUnavailable": "ours",
}


class WsdlError(Exception):
    """The WSDL cannot be used; the text says what is wrong, in Turkish and English."""


class _Files(zeep.Transport):  # type: ignore[misc]
    """Loads WSDL and schema from files only."""

    def load(self, url: str) -> bytes:
        if urlsplit(str(url)).scheme:
            raise z.ExternalReferenceForbidden(url)
        return Path(str(url)).read_bytes()

    def post_xml(self, address: str, envelope: Any, headers: Any) -> Any:
        raise AssertionError("zeep sends nothing by itself")


class _Answer(NamedTuple):
    """What zeep reads of an HTTP answer."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes
    encoding: str = "utf-8"


class _Token:
    """WS-Security UsernameToken with PasswordText, read from files for each request."""

    def __init__(self, user_file: Path | None, password_file: Path | None) -> None:
        self._user, self._password = user_file, password_file

    def put_into(self, envelope: Any) -> Any:
        user, password = _secret(self._user, "user"), _secret(self._password, "password")
        try:
            return UsernameToken(user, password).apply(envelope, {})[0]
        except ValueError as fault:
            raise Unavailable("the user or password file holds what cannot stand in XML") from fault


def _secret(path: Path | None, what: str) -> str:
    try:
        return path.read_text(encoding="utf-8").strip() if path else ""
    except (OSError, UnicodeDecodeError) as fault:
        raise Unavailable(f"the {what} file cannot be read: {type(fault).__name__}") from fault


class SoapClient:
    """A SOAP service by its WSDL; thread-safe. Raises `WsdlError` where the file lacks an operation that is needed."""

    def __init__(
        self,
        url: str,
        wsdl: Path,
        operations: Mapping[str, str],
        *,
        user_file: Path | None = None,
        password_file: Path | None = None,
        timeout: float = 30.0,
        ca_file: Path | None = None,
    ) -> None:
        self._http = BoundedHttp(url, timeout, ca_file=ca_file, max_answer=256 * 1024)
        self._operations = operations  # name -> its parameter
        self._token = _Token(user_file, password_file)
        self._client, self._service = _client(wsdl)
        missing = sorted(set(operations) - set(self._service._binding.all()))
        if missing:
            raise WsdlError(f"{wsdl}: WSDL'de yok / the WSDL lacks: {', '.join(missing)}")

    def fits(self, operation: str, value: Mapping[str, object]) -> bool:
        """Whether the WSDL has a place for all that is sent."""
        try:
            self._message(operation, value)
        except Refused:
            return False
        return True

    def call(self, operation: str, value: Mapping[str, object]) -> Any:
        """Call an operation; raises `Refused`, `Unavailable` or `AnswerUnknown`."""
        body = self.envelope(operation, value)
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{operation}"', "Accept": "text/xml"}
        answer = self._http.post("", body, headers)
        return self._read(operation, answer)

    def forget(self) -> None:
        """Drop this thread's connections."""
        self._http.forget()

    def envelope(self, operation: str, value: Mapping[str, object]) -> bytes:
        """Return what would be sent, name and password included; raises `Refused` or `Unavailable`."""
        envelope = self._token.put_into(self._message(operation, value))
        return bytes(etree.tostring(envelope, xml_declaration=True, encoding="utf-8"))

    def _message(self, operation: str, value: Mapping[str, object]) -> Any:
        try:
            return self._client.create_message(self._service, operation, **{self._operations[operation]: value})
        except ValueError as fault:  # XML 1.0 section 2.2: no control characters
            raise Refused(MALFORMED, "a value cannot stand in XML") from fault
        except (z.Error, TypeError) as fault:
            raise Refused(NOT_OF_THE_WSDL, f"{operation}: {type(fault).__name__}") from fault

    def _read(self, operation: str, answer: Exchanged) -> Any:
        if answer.status != 200 and b"Fault" not in answer.content:
            raise self._unreadable() if answer.status // 100 == 2 else failure(answer)
        binding = self._service._binding  # zeep offers no other way to read apart from sending
        try:
            found = binding.process_reply(self._client, binding.get(operation), _plain(answer))
        except z.Fault as fault:
            raise _of_fault(fault, answer) from None  # its detail may quote what was sent
        except (z.Error, etree.LxmlError, LookupError, TypeError, ValueError, AttributeError):
            raise (self._unreadable() if answer.status == 200 else failure(answer)) from None
        if found is None:
            raise self._unreadable()
        return found

    def _unreadable(self) -> AnswerUnknown:
        self.forget()
        return AnswerUnknown("the answer is no SOAP message of this service")


def _plain(answer: Exchanged) -> _Answer:
    return _Answer(answer.status, {"Content-Type": "text/xml"}, answer.content)


def _of_fault(fault: z.Fault, answer: Exchanged) -> Exception:
    """Say what a fault means for the message."""
    if fault.code is None:  # a status other than 200 without a Fault after all
        return failure(answer) if answer.status != 200 else AnswerUnknown("a fault without a code")
    local = str(fault.code).rpartition(":")[2].partition(".")[0]
    meaning = FAULTS.get(local, "unknown")
    if meaning == "refused":
        return Refused(CLIENT_FAULT, str(fault.message or "")[:300])
    return Unavailable(f"SOAP Fault {local[:40]}") if meaning == "ours" else AnswerUnknown(f"SOAP Fault {local[:40]}")


def _client(wsdl: Path) -> tuple[zeep.Client, Any]:
    try:
        client = zeep.Client(str(wsdl), transport=_Files(), settings=SAFE)
        return client, client.service
    except (z.Error, etree.LxmlError, OSError, LookupError, TypeError, ValueError, AttributeError) as fault:
        raise WsdlError(
            f"{wsdl}: WSDL okunamıyor ({type(fault).__name__}); yalnız yerel dosyalara başvurabilir. / "
            f"the WSDL cannot be read ({type(fault).__name__}); it may refer to local files only."
        ) from fault
