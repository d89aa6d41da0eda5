"""Builds the WSGI application out of its parts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from flask import Flask, current_app
from werkzeug.exceptions import HTTPException

from gecit.core.harmless import on_page
from gecit.core.key_images import rendering
from gecit.edges.audit_book import AuditBook
from gecit.edges.doors import Doors
from gecit.edges.store import SqlLedger
from gecit.ports import Clock, Unavailable, Views, Vitals
from gecit.steps.duplicates import DuplicateDesk
from gecit.steps.search_images import ImageSearches

from . import phrases, words
from .accounts import AccountPages, account_pages
from .api import api
from .api.integration import Integrating
from .assets import Assets, served
from .audit import EXTENSION, Recorder
from .beside import Beside, Evidence
from .body import allow_longer
from .care import CareDesk, care_pages
from .citizen import CitizenRoom, citizen_pages
from .consulting import Consulting, consulting_described, consulting_pages
from .critical import critical_pages
from .day import day
from .dicomweb import dicomweb
from .duplicates import described, duplicates
from .elsewhere import NODES
from .frame import helpers
from .front import FrontData, front
from .guard import add_headers, guard, prove, refuse_nul
from .health import Surroundings, health
from .language import in_other_language, language, moment, other_language, remember_language, say, share
from .metrics import metrics
from .nodes import node_pages
from .peer import DESCRIBED as REVIEWS_DESCRIBED
from .peer import PeerDesk, add_peer_pages
from .picture_places import picture_place
from .problem import on_fault, on_http_error, on_unavailable
from .quality import DESCRIBED, QualityDesk, quality_pages
from .readable import amount, bytesize, kind_and_name, procedure_names, waited
from .reading import ReadingRoom, reading_pages
from .report import report_pages
from .retention import RetentionDesk, retention_pages
from .rules import RuleDesk, rules_pages
from .selftest import DESCRIBED as SELFTEST
from .selftest import SelfTestDesk, selftest_routes
from .sender import admission, csrf_field
from .sharing import SharingDesk, sharing_pages
from .tracking import tracking
from .tracking.exports import Exports
from .trail import trail
from .turns import Turns
from .viewer import viewer
from .webhooks import WebhookDesk, webhook_pages

PROCESSES = ("orthanc", "web", "listen", "work")
THUMBNAIL = 160  # pixels each way
LONGEST_BODY_BYTES = 1024 * 1024


def create_app(
    *,
    doors: Doors,
    views: Views,
    vitals: Vitals,
    clock: Clock,
    node: str,
    expected: Sequence[str] = PROCESSES,
    desk: DuplicateDesk | None = None,
    ministry_get: bool = False,
    evidence: Evidence | None = None,
    assets: Path | None = None,
    integrating: Integrating | None = None,
    ledger: SqlLedger | None = None,
    exports: Exports | None = None,
    surroundings: Surroundings | None = None,
    public: FrontData | None = None,
    audit: AuditBook | None = None,
    images: ImageSearches | None = None,
    rules: RuleDesk | None = None,
    accounts: AccountPages | None = None,
    room: ReadingRoom | None = None,
    peer: PeerDesk | None = None,
    quality: QualityDesk | None = None,
    citizens: CitizenRoom | None = None,
    consulting: Consulting | None = None,
    sharing: SharingDesk | None = None,
    retention: RetentionDesk | None = None,
    care: CareDesk | None = None,
    selftest: SelfTestDesk | None = None,
) -> Flask:
    """Return the application; `expected` names the processes that health waits for on this node.

    `desk` answers duplicate queries, None = nobody does; `ministry_get` has it answer the Ministry's GET form too;
    `evidence` shows the exemptions and queries beside an exam, None = what the exam itself holds of them;
    `assets` is the folder that set-up built for browsers; `ledger` is what the tracking pages read, None = there are
    none; `exports` makes exports, None = nobody exports; `surroundings` is what health looks at beside the ledger;
    `public` is the front page, None = there is none; `accounts` has people sign in on pages, None = nobody can;
    `audit` is told of each request, None = nobody is; `images` answers QIDO-RS, None = nobody does;
    `integrating` is what integrators and monitors ask;
    `rules` is what the pages of the rules are made of, None = there are none; `room` has radiologists
    read and report, None = nobody does; `consulting` has them ask others, None = nobody is asked; `quality` shows hints
    and ratings, None = there are no such pages; `peer` has signed reports reviewed, None = nobody does; `citizens` has
    patients see what is their own, None = nobody does; `sharing` has patients open their exams to others, None = nobody
    can; `retention` shows legal holds and lists of studies past their time, None = there are no such pages; `care`
    opens exams by care relation and in emergencies, None = nothing does; `selftest` answers `gecit selftest`.
    """
    app = Flask(__name__, static_url_path="/gecit/static")
    app.config["MAX_CONTENT_LENGTH"] = LONGEST_BODY_BYTES
    app.url_map.merge_slashes = False  # an accession number may hold two in a row
    app.url_map.strict_slashes = False  # Orthanc gives paths without their last slash
    app.before_request(allow_longer)
    recorder = Recorder(audit, clock) if audit else None
    if recorder:
        app.extensions[EXTENSION] = recorder
        app.before_request(recorder.keep_body)  # before the guard, which looks for the session's token in a form
    app.before_request(guard(doors))
    Turns().attach(app)
    app.before_request(refuse_nul)
    app.after_request(remember_language)
    app.after_request(add_headers)
    app.after_request(prove(doors))
    if recorder:
        app.after_request(recorder.record)  # the last one is called first: what it refuses gets its headers too
    app.register_error_handler(HTTPException, on_http_error)
    app.register_error_handler(Unavailable, on_unavailable)
    app.register_error_handler(Exception, on_fault)
    app.context_processor(_helpers)
    app.jinja_env.finalize = _shown
    built = Assets(assets)
    app.jinja_env.globals["asset"] = built.address
    app.jinja_env.filters["last_minute"] = lambda until: until - timedelta(minutes=1)  # of an end that is exclusive
    app.jinja_env.filters["rendering"] = lambda image: rendering(image, THUMBNAIL)
    app.register_blueprint(served(built))
    beside = Beside(evidence)
    further = (
        *(described(ministry_get=ministry_get) if desk else ()),
        *(DESCRIBED if quality else ()),
        *(consulting_described() if consulting else ()),
        *(SELFTEST if selftest else ()),
        *(REVIEWS_DESCRIBED if peer else ()),
    )
    app.register_blueprint(api(views, vitals, clock, node, expected, beside, further, integrating))
    if integrating:
        app.register_blueprint(metrics(integrating.ledger, vitals, clock))
    if desk:
        app.register_blueprint(duplicates(desk, ministry_get=ministry_get, reviews=peer.ledger if peer else None))
    app.register_blueprint(health(vitals, clock, node, expected, ledger, surroundings))
    for pages in quality_pages(quality) if quality else ():
        app.register_blueprint(pages)
    if ledger:
        reasons = (lambda: quality.data().reasons) if quality else None
        app.register_blueprint(tracking(ledger, clock, beside, node, exports, reasons))
        app.register_blueprint(node_pages(ledger, node))
        app.register_blueprint(day(ledger, clock))
        app.register_blueprint(report_pages(ledger))
    if ledger and integrating:
        app.register_blueprint(webhook_pages(WebhookDesk(ledger, clock, integrating.destinations)))
    if rules:
        app.register_blueprint(rules_pages(rules))
    if public:
        app.register_blueprint(front(public))
    if accounts:
        accounts.providers.attach(app, doors.key("cookies"))
        for pages in account_pages(accounts):
            app.register_blueprint(pages)
    app.extensions[NODES] = (node, ledger)
    app.register_blueprint(viewer(views, node, ledger))
    if images:
        app.register_blueprint(dicomweb(images))
    if audit:
        app.register_blueprint(trail(audit.rows, audit.digest))
    for pages in citizen_pages(citizens) if citizens else ():
        app.register_blueprint(pages)
    for pages in (*reading_pages(room), *critical_pages(room)) if room else ():
        app.register_blueprint(pages)
    for pages in consulting_pages(consulting) if consulting else ():
        app.register_blueprint(pages)
    if peer:
        add_peer_pages(app, peer)
    if care:
        app.register_blueprint(care_pages(care, doors))
    if selftest:
        app.register_blueprint(selftest_routes(selftest))
    if retention:
        app.register_blueprint(retention_pages(retention))
    for pages in sharing_pages(sharing, doors) if sharing else ():
        app.register_blueprint(pages)
    return app


def _shown(value: object) -> object:
    """Leave out of each text on a page what is no letter and changes how others are read."""
    if not isinstance(value, str):
        return value
    plain = on_page(value)
    return value if plain == value else type(value)(plain)  # Markup stays what it is


def _helpers() -> dict[str, object]:
    return {
        "lang": language(),
        "other_lang": other_language(),
        "say": say,
        "moment": moment,
        "share": share,
        "amount": amount,
        "bytesize": bytesize,
        "kind_and_name": kind_and_name,
        "procedure_names": procedure_names,
        "waited": waited,
        "t": lambda key: say(words.PAGE[key]),
        "words": words,
        "phrases": phrases,
        "in_other_language": in_other_language,
        "picture_place": picture_place,
        "endpoints": current_app.view_functions,  # what this installation has pages of
        "csrf_field": csrf_field,
        "csrf_token": lambda: admission().csrf,
        "signed_in": admission(),
        **helpers(),
    }
