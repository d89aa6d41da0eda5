"""What the self-test asks of a site, on both engines: for a trial institution's program alone, and about its own."""

from __future__ import annotations

import secrets
from collections.abc import Callable

import pytest
from werkzeug.test import TestResponse

from gecit.core.access import Person, Role
from gecit.core.facts import StudyKey
from gecit.edges.audit_book import AuditBook
from gecit.edges.store import SqlLedger, schema
from gecit.web.app import create_app
from gecit.web.selftest import SelfTestDesk
from gecit.web.selftest.wire import Site
from tests.fakes import StillClock
from tests.support.flow import HOSPITAL, SHIPPED, START
from tests.support.integrators import PEOPLE, Badges, bearer
from tests.support.trials import RUN, TRIAL, Images, play

SITE = Site(
    version="0", node="N", role="Node", dicom_aet="GECIT", dicom_port=4242, mllp_port=2575, mllp_tls=False,
    medula="answers",
)  # fmt: skip
BASE = "/gecit/api/selftest"
DIGEST = "a" * 64
Ask = Callable[..., TestResponse]


@pytest.fixture
def images() -> Images:
    return Images(StudyKey(node="N", orthanc_id=f"t{RUN}"))


@pytest.fixture
def book(ledger: SqlLedger) -> AuditBook:
    return AuditBook(ledger, secrets.token_bytes(32), "N/web", StillClock())


@pytest.fixture
def ask(ledger: SqlLedger, images: Images, book: AuditBook, monkeypatch: pytest.MonkeyPatch) -> Ask:
    clock = StillClock()
    people = {
        "kit": Person(name="selftest", roles=(Role.SERVICE,), institution=TRIAL.skrs),
        "reader": Person(name="radyolog", roles=(Role.RADIOLOGIST,), institution=TRIAL.skrs),
    }
    for name, one in people.items():
        monkeypatch.setitem(PEOPLE, name, one)

    def record(tx) -> None:  # type: ignore[no-untyped-def]
        tx.record_institution(HOSPITAL, START)
        tx.record_institution(TRIAL, START)

    ledger.write(record)
    desk = SelfTestDesk(ledger, images, book, clock, lambda: SHIPPED, lambda: SITE)
    client = create_app(
        doors=Badges(clock), views=ledger, vitals=ledger, clock=clock, node="N", expected=(), selftest=desk, audit=book,
    ).test_client()  # fmt: skip

    def asked(path: str = "", who: str = "kit", **body: object) -> TestResponse:
        if not path:
            return client.get(BASE, headers=bearer(who))
        return client.post(f"{BASE}/{path}", headers=bearer(who), json=body)

    return asked


def test_a_trial_institutions_program_is_told_how_the_site_stands(ask: Ask, ledger: SqlLedger) -> None:
    play(ledger)
    found = ask().json
    assert found
    assert found["site"]["medula"] == "answers"
    assert found["institution"]["skrs"] == TRIAL.skrs
    assert found["rules"] == len(SHIPPED.rules)
    assert found["left"]["exams"] == 2
    assert found["left"]["images"] == 1


@pytest.mark.parametrize("path", ["", "remove", "seal"])
def test_nobody_else_is(path: str, ask: Ask) -> None:
    assert ask(path, "nobody").status_code == 401
    assert ask(path, "reader").status_code == 403
    assert ask(path, "citizen").status_code == 403
    for who in ("integrator", "administrator"):
        answer = ask(path, who)
        assert answer.status_code == 409
        assert answer.json
        assert "deneme" in answer.json["detail"]["tr"]


def test_a_run_is_removed_and_the_audit_was_told_first(ask: Ask, ledger: SqlLedger, images: Images) -> None:
    keys = play(ledger)
    answer = ask("remove", run=RUN)
    assert answer.json == {"exams": len(keys), "studies": 2, "busy": 0, "left": {}}
    assert images.deleted
    with ledger.engine.connect() as connection:
        rows = connection.execute(schema.audit.select().where(schema.audit.c.what == "run the self-test")).all()
    assert [(one.who, one.institution, one.outcome) for one in rows] == [("selftest", TRIAL.skrs, "done")]


@pytest.mark.parametrize("run", ["%", "0a1b2c", "0A1B2", "*", "0A1B2C-01"])
def test_what_is_no_run_removes_nothing(run: str, ask: Ask, ledger: SqlLedger, images: Images) -> None:
    play(ledger)
    assert ask("remove", run=run).status_code == 422
    assert not images.deleted
    assert ledger.read(lambda tx: tx.trial_left(TRIAL.skrs)).exams == 2


def test_a_seal_is_known_again_and_no_other_is(ask: Ask) -> None:
    seal = ask("seal", digest=DIGEST, passed=3, failed=0, skipped=1).json
    assert seal
    assert ask("seal/check", **seal).json == {"good": True}
    changes = (
        {"digest": "b" * 64},
        {"by": "baska"},
        {"institution": "910001"},
        {"sealed_at": "2020-01-01T00:00:00Z"},
        {"seal": "0" * 64},
        {"seal": ""},
    )
    for change in changes:
        assert ask("seal/check", **{**seal, **change}).json == {"good": False}, change
    assert ask("seal/check", "nobody", **seal).json == {"good": True}, "whoever holds the page needs no token"
    assert ask("seal/check", "nobody", **{**seal, "by": "baska"}).json == {"good": False}
    assert ask("seal", digest="x", passed=3, failed=0, skipped=1).status_code == 422
