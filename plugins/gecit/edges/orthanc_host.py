"""Orthanc as the host: its callbacks translated to ours. Measured on Orthanc 1.10.1 with the Python plugin 4.0.

What such a callback does not give: the query of any method but GET, all but the last of repeated query keys, HEAD,
a trailing slash, and an encoded slash in the path.
"""

from __future__ import annotations

import hmac
import logging
import re
import secrets
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from urllib.parse import quote

import urllib3

from gecit.core.harmless import one_line
from gecit.core.values import Text

from .credentials import is_loopback
from .doors import Admission, Doors, How, Why
from .image_doors import ImageDoors, Request, method_of
from .same_origin import SAFE, carries, from_elsewhere
from .set_aside_door import SetAsideDoor

log = logging.getLogger("gecit.host")

Callback = Callable[..., Any]
PREFIX = "/gecit"
HTTP_GET = 1  # OrthancPluginHttpMethod_Get; HEAD comes as GET
LIVE_PATH = "/gecit/api/live"
BY_FORWARDER = "X-Gecit-Forwarder"
"""Tells the web process that an answer goes through a callback, which holds it whole in memory."""
CHALLENGE, PROOF = "X-Gecit-Challenge", "X-Gecit-Proof"
PROVEN_SECONDS = 5.0  # how long one proof serves
PASSED_ON = (
    "accept",
    "accept-encoding",
    "accept-language",
    "authorization",
    "content-type",
    "cookie",
    "hx-current-url",
    "hx-request",
    "hx-target",
    "hx-trigger",
    "if-none-match",
    "origin",
    "sec-fetch-site",
    "user-agent",
    "x-csrf-token",
)
PASSED_BACK = (
    "Cache-Control",
    "Content-Disposition",
    "Content-Encoding",
    "Content-Language",
    "Content-Security-Policy",
    "ETag",
    "Gecit-Complete",
    "Gecit-Query",
    "Gecit-Reason",
    "HX-Redirect",
    "Last-Modified",
    "Location",
    "Referrer-Policy",
    "Retry-After",
    "Set-Cookie",
    "Vary",
    "WWW-Authenticate",
    "Warning",
    "X-Content-Type-Options",
    "X-Frame-Options",
)
# What Orthanc 1.10.1 can say through SendHttpStatus; for any other status it drops the connection.
KNOWN_STATUS = frozenset(
    {*range(201, 209), 226, 300, *range(302, 306), 307}
    | {*range(400, 405), *range(406, 418), 422, 423, 424, 426}
    | {*range(500, 508), 509, 510}
)
SAID_SECONDS = 10.0  # between two log lines about a web process that does not answer
UNSAYABLE = 999  # no status of HTTP: Orthanc has no words for it and fails before it writes a byte
SUBSTITUTES = {301: 302, 308: 307, 425: 503, 429: 503, 451: 403, 511: 503}  # others: 4xx is 400, 5xx is 500
ENCODED = re.compile(r"(?:[A-Za-z0-9\-._~!$'()*,;:@/?+]|%[0-9A-Fa-f]{2})*")
DOWN = Text(
    tr="Geçit'in web süreci şu anda yanıt vermiyor. Birkaç saniye sonra yeniden deneyin; sürerse sistem yöneticisi "
    "Orthanc günlüğünde gecit.supervisor satırlarına bakmalı. Kabul edilmiş hiçbir veri kaybolmaz.",
    en="Geçit's web process does not answer at the moment. Try again in a few seconds; if it lasts, the administrator "
    "should look for gecit.supervisor lines in Orthanc's log. Nothing that was accepted is lost.",
)


class Output(Protocol):
    """`orthanc.RestOutput`, as far as we use it."""

    def AnswerBuffer(self, body: bytes, content_type: str) -> None:  # noqa: N802 Orthanc's name
        """Answer 200."""

    def SetHttpHeader(self, name: str, value: str) -> None:  # noqa: N802
        """Add a header; a repeated one is sent twice."""

    def SendMethodNotAllowed(self, allowed: str) -> None:  # noqa: N802
        """Answer 405."""

    def SendHttpStatus(self, *arguments: Any) -> None:  # noqa: N802
        """Answer any status: (status, str, length in bytes) in plugin 4.0, (status, bytes) from 5.0 on."""


class OrthancModule(Protocol):
    """The `orthanc` module that the Python plugin offers, as far as we use it."""

    def GetConfiguration(self) -> str:  # noqa: N802
        """Return the configuration as JSON, environment variables filled in."""
        ...

    def GetGlobalProperty(self, number: int, default: str) -> str:  # noqa: N802
        """Return a value kept in the index."""
        ...

    def SetGlobalProperty(self, number: int, value: str) -> None:  # noqa: N802
        """Keep a value in the index; plugins use numbers from 1024 on."""

    def RegisterRestCallback(self, pattern: str, callback: Callback) -> None:  # noqa: N802
        """Route paths to a callback."""

    def RegisterIncomingHttpRequestFilter(self, callback: Callback) -> None:  # noqa: N802
        """Have every HTTP request pass a callback."""

    def RegisterWorklistCallback(self, callback: Callback) -> None:  # noqa: N802
        """Answer C-FIND of the Modality Worklist."""

    def RegisterFindCallback(self, callback: Callback) -> None:  # noqa: N802
        """Answer every other C-FIND, in the place of Orthanc."""

    def RegisterIncomingCStoreInstanceFilter(self, callback: Callback) -> None:  # noqa: N802
        """Have every instance of a C-STORE pass a callback."""

    def LogInfo(self, line: str) -> None:  # noqa: N802
        """Log, shown with --verbose only."""

    def LogWarning(self, line: str) -> None:  # noqa: N802
        """Log; Orthanc's own start-up lines have this level."""

    def LogError(self, line: str) -> None:  # noqa: N802
        """Log."""


class OrthancLog(logging.Handler):
    """Hands log records to Orthanc's log."""

    def __init__(self, orthanc: OrthancModule) -> None:
        super().__init__()
        self._orthanc = orthanc

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line; INFO goes to warnings, since Orthanc hides its own INFO by default."""
        write = self._orthanc.LogError if record.levelno >= logging.ERROR else self._orthanc.LogWarning
        write(f"{record.name}: {one_line(self.format(record))}")


def is_ours(uri: str) -> bool:
    """Whether a path belongs to the web process; Orthanc has decoded and flattened it before."""
    return uri == PREFIX or uri.startswith(f"{PREFIX}/")


def address_of(request: Mapping[str, Any]) -> str:
    """Return who asks, as Orthanc sees it; from a proxy on this computer, as that one says.

    Of several addresses the last is the proxy's own observation, whatever a client wrote before it.
    """
    address = str(request.get("ip", ""))
    said = str(request.get("headers", {}).get("x-forwarded-for", ""))
    return said.rpartition(",")[2].strip() if said and is_loopback(address) else address


class HttpFilter:
    """Passes or refuses each HTTP request of Orthanc (PS3.18 leaves access control to the origin server)."""

    def __init__(self, doors: Doors, images: ImageDoors, aside: SetAsideDoor | None = None) -> None:
        self._doors = doors
        self._images = images
        self._aside = aside

    def __call__(self, uri: str, **request: Any) -> bool:
        """Return whether the request may pass; never raises."""
        try:
            return self._passes(uri, request)
        except Exception as fault:  # noqa: BLE001 the outermost boundary of a door: it refuses
            log.error("filter refused after %s", type(fault).__name__)
            return False

    def _passes(self, uri: str, request: Mapping[str, Any]) -> bool:
        headers, address = request["headers"], address_of(request)
        authorization = headers.get("authorization", "")
        asked = Request(
            method=method_of(request.get("method")), path=uri, query=request.get("get", {}), address=address
        )
        if self._doors.is_internal(authorization):  # our own processes, over loopback
            return self._doors.admit(authorization, address).granted and self._may_be_read(asked)
        if is_ours(uri):  # the web process guards itself
            return True
        admission = self._doors.admit(authorization, address, headers.get("cookie", ""))
        if not admission.granted:
            self._images.turned_away(asked, (admission.why or Why.MISSING).value)
            return False
        if not may_change(admission, request.get("method"), headers):
            self._images.turned_away(asked, "not asked from our own pages", admission.who)
            return False
        if not self._images.passes(admission.person, asked):
            return False
        if not self._may_be_read(asked):
            self._images.turned_away(asked, "set aside", admission.who)
            return False
        return True

    def _may_be_read(self, asked: Request) -> bool:
        """Whether Orthanc survives it, as far as is known; what passes is noted."""
        if self._aside is None:
            return True
        if self._aside.refuses(asked.method, asked.path, asked.query):
            return False
        self._aside.passed(asked.method, asked.path, asked.query)
        return True


def may_change(admission: Admission, method: object, headers: Mapping[str, str]) -> bool:
    """Whether Orthanc may be asked this way: passwords are for administrators, and a session changes nothing alone.

    A browser sends cookies, and passwords that it was told once, with whatever page asks: what changes something must
    come from our own pages, and with a session carry its token (`headers`: names in lower case). Orthanc gives `method`
    to its filter as a number.
    """
    if admission.how is How.PASSWORD and not admission.is_administrator:
        return False
    reads = method == HTTP_GET or str(method).upper() in SAFE
    if reads or admission.how in (How.TOKEN, How.INTERNAL):
        return True
    if from_elsewhere(headers.get("origin", ""), headers.get("sec-fetch-site", ""), headers.get("host", "")):
        return False
    return admission.how is How.PASSWORD or carries(headers.get("x-csrf-token", ""), admission.csrf)


def encode_query(arguments: Mapping[str, str]) -> str:
    """Write a query string from what Orthanc gives: still percent-encoded up to 1.12.7, decoded later."""
    return "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in arguments.items())


def _encoded(text: str) -> str:
    return text if ENCODED.fullmatch(text) else quote(text, safe="")


class Forwarder:
    """Passes `/gecit...` to the web process over loopback with kept connections.

    `proof` is how our own web process answers a challenge: whoever else may listen on that port, another node say,
    is sent no password. Without it nobody is asked.
    """

    def __init__(self, port: int, proof: Callable[[str], str] | None = None, timeout_seconds: float = 60.0) -> None:
        self._proof = proof
        self._proven_until = 0.0
        self._said: dict[str, tuple[float, int]] = {}  # by fault: said again when, and for how many since
        self._pool = urllib3.HTTPConnectionPool(
            "127.0.0.1",
            port,
            maxsize=16,
            timeout=urllib3.Timeout(connect=2.0, read=timeout_seconds),
            retries=urllib3.Retry(connect=0, read=1, other=1, redirect=0, status=0, allowed_methods={"GET"}),
        )

    def __call__(self, output: Output, uri: str, **request: Any) -> None:
        """Carry one request and its answer; never raises."""
        try:
            self._forward(output, uri, request)
        except urllib3.exceptions.HTTPError as fault:
            self._proven_until = 0.0
            self._say_in_log(f"web process does not answer: {type(fault).__name__}")
            say_down(output)
        except Exception as fault:  # noqa: BLE001 the outermost boundary of a callback
            self._say_in_log(f"cannot forward: {type(fault).__name__}")
            say_down(output)

    def _say_in_log(self, fault: str) -> None:
        """Once in a while: every browser, sender and probe asks while the process starts."""
        silent_until, unsaid = self._said.get(fault, (0.0, 0))
        if time.monotonic() < silent_until:
            self._said[fault] = silent_until, unsaid + 1
            return
        more = f", and for {unsaid} requests since this was last said" if unsaid else ""
        log.error("%s%s", fault, more)
        self._said[fault] = time.monotonic() + SAID_SECONDS, 0

    def _is_ours(self) -> bool:
        if self._proof is None or time.monotonic() < self._proven_until:
            return True
        challenge = secrets.token_hex(16)
        answer = self._pool.request("GET", LIVE_PATH, headers={CHALLENGE: challenge}, redirect=False)
        if not hmac.compare_digest(answer.headers.get(PROOF, ""), self._proof(challenge)):
            return False
        self._proven_until = time.monotonic() + PROVEN_SECONDS
        return True

    def _forward(self, output: Output, uri: str, request: Mapping[str, Any]) -> None:
        if not self._is_ours():
            port = self._pool.port
            self._say_in_log(f"somebody else listens on the web process's port {port}: give this node another")
            say_down(output)
            return
        query = encode_query(request.get("get", {}))
        given = request.get("headers", {})
        answer = self._pool.request(
            request["method"],
            quote(uri, safe="/~!$'()*,;:@+=&") + (f"?{query}" if query else ""),
            body=request.get("body") or None,
            headers={name: given[name] for name in PASSED_ON if name in given} | _forwarded(given, request),
            redirect=False,
            decode_content=False,  # what the browser takes compressed reaches it as it is
        )
        give_back(output, answer)


def _forwarded(given: Mapping[str, str], request: Mapping[str, Any]) -> dict[str, str]:
    """Say who asked whom; what the client itself says of that is left behind."""
    said = {"X-Forwarded-For": address_of(request), "X-Forwarded-Host": given.get("host", "")}
    return {BY_FORWARDER: "1", **{name: value for name, value in said.items() if value}}


def give_back(output: Output, answer: urllib3.BaseHTTPResponse) -> None:
    """Write an HTTP answer through Orthanc."""
    for name in PASSED_BACK:
        for value in answer.headers.getlist(name):
            output.SetHttpHeader(name, value)
    kind = answer.headers.get("Content-Type", "application/octet-stream")
    if answer.status == 200:
        output.AnswerBuffer(answer.data, kind)
        return
    status = answer.status
    if status == 405:
        if not kind.startswith("text/html"):  # the only way to say it; it has no body
            output.SendMethodNotAllowed(answer.headers.get("Allow", "GET"))
            return
        status = 404  # somebody who opens the address of a form gets the page that says what it is
    send_status(output, status, answer.data, kind)


def send_status(output: Output, status: int, body: bytes, kind: str = "text/plain") -> None:
    """Answer a status other than 200, its body as the one `kind`, with the signature that this plugin version has.

    From 1.12.2 on Orthanc calls such a body text/plain, a second time if SetHttpHeader named its kind, and a browser
    believes the second. Only AnswerBuffer names it so that Orthanc knows; after a status that cannot be said it does
    no more than that. Orthanc logs two errors of it ("Exception while invoking plugin service").
    """
    if status not in KNOWN_STATUS:
        status = SUBSTITUTES.get(status, status // 100 * 100)
    try:
        if body:
            output.SendHttpStatus(UNSAYABLE, b"")  # plugin 4.0 refuses bytes here, before Orthanc hears of it
            output.AnswerBuffer(b"", kind)
        output.SendHttpStatus(status, body)
    except TypeError:
        if body:
            output.SetHttpHeader("Content-Type", kind)
        text = body.decode("utf-8", "replace")
        output.SendHttpStatus(status, text, len(text.encode()))


def say_down(output: Output) -> None:
    """Answer 502 in both languages."""
    output.SetHttpHeader("Retry-After", "5")
    send_status(output, 502, f"{DOWN.tr}\n\n{DOWN.en}\n".encode(), "text/plain; charset=utf-8")


INDEX_PATH = "/gecit-index"
INDEX_PROPERTY = 4716  # any number from 1024 on that no other plugin uses


class IndexMark:
    """Answers with what identifies the index: a random property in its own database, made when first asked for."""

    def __init__(self, orthanc: OrthancModule) -> None:
        self._orthanc = orthanc
        self._lock = threading.Lock()

    def __call__(self, output: Output, uri: str, **request: Any) -> None:
        """Answer as plain text; a database that cannot be read is an outage, never another index."""
        try:
            mark = self._mark()
        except Exception as fault:  # noqa: BLE001 -- the callback's boundary
            log.error("the index cannot be identified: %s", type(fault).__name__)
            send_status(output, 503, b"")
            return
        output.AnswerBuffer(mark.encode(), "text/plain")

    def _mark(self) -> str:
        with self._lock:
            mark = self._orthanc.GetGlobalProperty(INDEX_PROPERTY, "")
            if not mark:
                mark = uuid.uuid4().hex
                self._orthanc.SetGlobalProperty(INDEX_PROPERTY, mark)
            return mark
