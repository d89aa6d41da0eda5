"""The web process: pages and JSON on loopback, behind Orthanc's port or a reverse proxy."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable
from datetime import datetime

from flask import Flask
from waitress.server import create_server

from gecit.edges.audit_book import AuditBook
from gecit.edges.front_files import read_front
from gecit.edges.orthanc_tags import OrthancTags
from gecit.edges.set_aside_files import SetAsideFiles
from gecit.edges.store import SqlLedger, open_ledger
from gecit.ports import Beat, Clock
from gecit.settings import Settings, SettingsError, load
from gecit.steps.search_images import ImageSearches
from gecit.web.api.integration import Integrating
from gecit.web.api.webhooks import Destinations
from gecit.web.app import create_app
from gecit.web.front import FrontData
from gecit.web.quality import QualityDesk
from gecit.web.retention import RetentionDesk
from gecit.web.rules import RuleDesk
from gecit.web.tracking.rulebooks import Rulebooks

from .account_pages import pages_of_accounts
from .alerting import Alerting
from .asking import desk_of, record_absence
from .build import clock_of, start_logging
from .bulk import exports_of
from .citizens import citizens_of
from .consulting import consulting_of
from .entrance import audit_of, doors_of, sealer_of
from .life import leave_what_stands, until_told_to_stop, wait_beating
from .loops import run_loops
from .lost_ledger import lost_ledger_of
from .peer_desk import peer_desk_of
from .quality import quality_of
from .reading_room import room_of
from .registered import home_of
from .retention import terms_of
from .rule_desk import rule_desk_of
from .run_folder import read_internal_token
from .selftest import selftest_of
from .sharing import care_of, sharing_of
from .surroundings import surroundings_of
from .taken import port_of

log = logging.getLogger("gecit.web")

THREADS = 8
DRAIN_SECONDS = 5  # for requests that are being answered when the process is told to stop


def serve(app: object, port: int) -> Callable[[], None]:
    """Serve a WSGI application on 127.0.0.1 from a thread; return what stops it. OSError where the port is taken."""
    # Only processes of this machine reach the port: what they say of who asked them is believed.
    server = create_server(
        app,
        host="127.0.0.1",
        port=port,
        threads=THREADS,
        ident="gecit",
        trusted_proxy="127.0.0.1",
        trusted_proxy_headers={"x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"},
    )
    thread = threading.Thread(target=server.run, name="web server", daemon=True)
    thread.start()

    def stop() -> None:
        server.close()
        server.task_dispatcher.shutdown(cancel_pending=True, timeout=DRAIN_SECONDS)

    return stop


def application(
    settings: Settings, ledger: SqlLedger, audit: AuditBook, clock: Clock, rules: RuleDesk | None = None
) -> Flask:
    """Return the application of a node that Orthanc has been started for once."""
    token = read_internal_token(settings)
    doors = doors_of(settings, ledger, token, clock, audit)
    room = room_of(settings, ledger, doors, clock, audit) if settings.role == "Node" else None
    tags = OrthancTags(settings.orthanc_url, token, aside=SetAsideFiles(settings.data).names)
    destinations = Destinations(settings.webhooks.allow, plain_http=settings.webhooks.plain_http)
    return create_app(
        doors=doors,
        views=ledger,
        vitals=ledger,
        clock=clock,
        node=settings.name,
        desk=desk_of(settings, ledger, clock),
        ministry_get=settings.duplicates.ministry_get,
        evidence=ledger,
        accounts=pages_of_accounts(settings, ledger, doors, clock, audit),
        integrating=Integrating(ledger, ledger, destinations),
        room=room,
        consulting=consulting_of(settings, room, ledger, tags) if room else None,
        citizens=citizens_of(settings, ledger, clock, audit, token) if settings.role == "Node" else None,
        care=care_of(settings, ledger, clock) if settings.role == "Node" else None,
        retention=RetentionDesk(ledger, clock, settings.name, terms_of(settings)),
        selftest=selftest_of(settings, ledger, clock, audit),
        sharing=sharing_of(settings, ledger, clock, audit) if settings.role == "Node" else None,
        ledger=ledger,
        exports=exports_of(settings),
        surroundings=surroundings_of(settings),
        assets=settings.assets,
        public=FrontData(
            read_front(settings.front_page),
            Rulebooks(ledger, clock).in_force,
            lambda: len(ledger.read(lambda tx: tx.institutions())),
            settings.rules.parent,
        ),
        audit=audit,
        images=ImageSearches(ledger, tags, settings.name, ledger),
        rules=rules or rule_desk_of(settings, ledger, clock),
        peer=peer_desk_of(settings, ledger, clock) if settings.role == "Node" else None,
        quality=QualityDesk(ledger, clock, quality_of(settings)),
    )


def run(settings: Settings, stop: threading.Event) -> None:
    """Serve until told to stop."""
    ledger = open_ledger(settings.database, settings.database_connections)
    clock = clock_of(ledger)
    audit = audit_of(settings, ledger, "web")
    rules = rule_desk_of(settings, ledger, clock)
    app = application(settings, ledger, audit, clock, rules)
    with port_of("web", settings.web_port, "GECIT_WEB_PORT"):
        end = serve(app, settings.web_port)
    record_absence(ledger, ledger, settings.name, clock.now())
    alerting = Alerting(settings, ledger, clock)
    watched = [*alerting.loops(), *lost_ledger_of(settings, ledger).loops()]
    watching = threading.Thread(target=run_loops, args=(watched, stop), name="alerts", daemon=True)
    watching.start()
    log.info("pages on 127.0.0.1:%d", settings.web_port)

    sealer, home = sealer_of(settings, ledger, audit), home_of(settings)

    def made(now: datetime) -> Beat:
        sealer.tick(now)
        audit.tick()
        return Beat(node=settings.name, process="web", pid=os.getpid(), at=now, home=home)

    leave_what_stands()
    wait_beating(stop, ledger, clock, made)
    end()
    alerting.stop()
    watching.join(DRAIN_SECONDS)
    alerting.close()
    rules.runs.close()
    ledger.close()


def main() -> int:
    """Run as a process of its own: `python -m gecit.processes.web`."""
    try:
        settings = load()
    except SettingsError as fault:
        sys.stderr.write(f"{fault}\n")
        return 2
    start_logging(settings.log_level, "%(name)s: %(message)s")
    run(settings, until_told_to_stop())
    return 0


if __name__ == "__main__":
    sys.exit(main())
