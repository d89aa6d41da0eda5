"""The pretend outside world as one process on the loopback: `/medula`, `/registry`, `/duplicates`, each with `/faults`.

It runs on Werkzeug's threaded server: faults must reach the bare connection, which a server for production hides.
"""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.wrappers import Response

from ..ports import Clock
from .duplicates import Credentials, PretendDuplicates, duplicates_app, new_credentials
from .faults import Faults
from .medula import PretendMedula, medula_app
from .medula_soap import NOBODY, Account
from .registry import FakeRegistry, read_physicians, registry_app

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

log = logging.getLogger("gecit.sandbox")

RADIOLOGISTS = Path(__file__).parent / "data" / "radiologists.csv"
WELCOME = "Geçit sandbox: a reconstruction of the outside world, not the real one.\n"
WELCOME += "/medula/inspect /duplicates/inspect /registry /hbys/inspect /mail/\n"


class _Quiet(WSGIRequestHandler):
    """Logs no requests: what passes here is shown by `/inspect`. A query string may hold somebody's number."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say at DEBUG what was asked for, without the query."""
        log.debug("%s %s %s", self.command, self.path.partition("?")[0], code)

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - the parent's name
        log.debug(message, *args)


def outside_world(
    clock: Clock,
    journal: Path | None = None,
    radiologists: Path = RADIOLOGISTS,
    credentials: Credentials | None = None,
    account: Account = NOBODY,
) -> dict[str, Faults]:
    """Return the pretend services by where they are mounted, each behind faults on demand.

    `credentials`: who may ask the duplicate service; None = nobody can know them. `account`: who may speak SOAP.
    """
    above = PretendDuplicates(clock, credentials or new_credentials())
    return {
        "/duplicates": Faults(duplicates_app(above), method="GET"),
        "/medula": Faults(medula_app(PretendMedula(journal), account=account)),
        "/registry": Faults(registry_app(FakeRegistry(read_physicians(radiologists), clock))),
    }


def serve(port: int, apps: Mapping[str, WSGIApplication], stop: threading.Event) -> None:
    """Serve on 127.0.0.1 until `stop` is set; OSError where the port is in use."""
    with running(apps, port):
        stop.wait()


@contextmanager
def running(apps: Mapping[str, WSGIApplication], port: int = 0, host: str = "127.0.0.1") -> Iterator[str]:
    """Serve for the length of a block and give its address; port 0 takes a free one. OSError where it is in use.

    `host`: another than loopback only where nobody else reaches it, as in a network of containers.
    """
    app = DispatcherMiddleware(_welcome(), dict(apps))
    with socket.create_server((host, port), backlog=128) as door:  # of its own accord Werkzeug would exit here
        server = make_server(host, port, app, threaded=True, request_handler=_Quiet, fd=door.fileno())
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="sandbox", daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{server.port}"
    finally:
        _end(server, apps)
        thread.join()


def _end(server: BaseWSGIServer, apps: Mapping[str, WSGIApplication]) -> None:
    for one in apps.values():
        if isinstance(one, Faults):
            one.stop()
    server.shutdown()
    server.server_close()


def _welcome() -> WSGIApplication:
    return Response(WELCOME, content_type="text/plain; charset=utf-8")
