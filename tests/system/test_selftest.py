"""`gecit selftest` against real nodes: all well, and broken on purpose; afterwards nothing of it is left."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from msgspec.structs import replace

from gecit.core.access import TABLE, Action, Role
from gecit.core.accounts import Account
from gecit.core.order import ExamKey, Patient
from gecit.core.rulebook import Rulebook
from gecit.core.trials import PREFIX, accession_of, patient_of
from gecit.edges.doors import new_token, token_digest
from gecit.edges.store import schema
from gecit.ports import Institution
from gecit.sandbox.day import INSTITUTION, RADIOLOGIST, exams_of_the_day
from tests.support.certificates import Authority, config_with_dicom_tls
from tests.support.hospital import PYTHON, Hospital, hospital, order_of, run_gecit, with_accession
from tests.support.nginx import Nginx
from tests.support.node import free_ports, until
from tests.support.postgres import Cluster

pytestmark = pytest.mark.system

TRIAL = Institution(
    skrs="990001",
    medula_code="11990001",
    name="Geçit Deneme Kurumu",
    aets=("GECITTEST",),
    hl7_peers=("127.0.0.1/32",),
    trial=True,
)
PLACES = (TRIAL, Institution(skrs=INSTITUTION.skrs, name=INSTITUTION.name, aets=INSTITUTION.aets))
Ran = tuple[int, dict[str, Any], Path]


def give(
    made: Hospital, role: Role = Role.SERVICE, skrs: str = TRIAL.skrs, only: tuple[Action, ...] | None = None
) -> str:
    """A token of an account of a role at an institution."""
    token, now, name = new_token(), datetime.now(UTC), f"{role.value} {skrs}"
    made.ledger.save_account(Account(name=name, roles=(role,), institution=skrs), now)
    made.ledger.add_token(token_digest(token), name, now, None, actions=only)
    return token


def run(made: Hospital, token: str, folder: Path, *more: str, target: str = "") -> Ran:
    page = folder / "page.html"
    environ = {**made.node.environ, "GECIT_SELFTEST_TOKEN": token, "GECIT_SELFTEST_RADIOLOGIST": RADIOLOGIST.identifier}
    arguments = ("--target", target or made.node.url, "--patience", "60", "--by", "Deneme Kuran", "--page", str(page))
    done = run_gecit(environ, "selftest", "--json", *arguments, *more, seconds=280)
    assert done.stdout, done.stderr
    assert token not in done.stdout + done.stderr
    return done.returncode, json.loads(done.stdout), page


def ended(found: dict[str, Any], state: str) -> dict[str, str]:
    return {one["id"]: one["got"]["en"] for one in found["results"] if one["state"] == state}


def nothing_left(made: Hospital) -> None:
    """Neither Orthanc nor what is folded of the ledger knows anything of a self-test."""
    assert (
        made.node.ask("POST", "/tools/find", json={"Level": "Study", "Query": {"AccessionNumber": "GST-*"}}).json()
        == []
    )
    with made.ledger.engine.connect() as connection:
        for table in (*schema.FOLDED, schema.outbox):
            rows = [str(tuple(row)) for row in connection.execute(sa.select(table))]
            assert not [one for one in rows if PREFIX in one or "100007" in one], table.name
    assert not [one for one in made.effective() if one[0] == TRIAL.skrs]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    with hospital(tmp_path_factory.mktemp("site"), institutions=PLACES) as made:
        yield made


@pytest.fixture(scope="module")
def token(site: Hospital) -> str:
    return give(site)


def test_a_site_that_is_well_passes_and_is_left_as_it_was(site: Hospital, token: str, tmp_path: Path) -> None:
    code, found, page = run(site, token, tmp_path)
    assert ended(found, "failed") == {}
    assert set(ended(found, "skipped")) == {"https", "hl7-plain", "dicom-plain"}
    assert code == 0
    assert found["good"]
    nothing_left(site)
    assert site.ledger.rebuild()[1]
    html = page.read_text(encoding="utf-8")
    assert "Deneme Kuran" in html
    assert RADIOLOGIST.identifier not in html
    assert token not in html


def test_a_page_that_was_changed_is_noticed(site: Hospital, token: str, tmp_path: Path) -> None:
    _, _, page = run(site, token, tmp_path, "--only", "rulebook")
    environ = {**site.node.environ, "GECIT_SELFTEST_TOKEN": ""}  # the page is enough

    def verified(*more: str) -> tuple[int, bool]:
        done = run_gecit(environ, "selftest", "--json", "--verify", str(page), *more)
        return done.returncode, json.loads(done.stdout)["good"]

    assert verified() == (0, True)
    assert verified("--target", site.node.url) == (0, True)
    html = page.read_text(encoding="utf-8")
    rows = sa.select(schema.audit.c.detail).where(schema.audit.c.what == Action.RUN_SELFTEST)
    with site.ledger.engine.connect() as connection:
        assert list(connection.scalars(rows)), "the audit knows that a page was sealed"
    page.write_text(html.replace("Deneme Kuran", "Başka Biri"), encoding="utf-8")
    assert verified() == verified("--target", site.node.url) == (1, False), "in its data too, but not in its seal"
    seal = re.search('"seal":"([0-9a-f]+)"', html)
    assert seal
    page.write_text(html.replace(seal[1], "0" * len(seal[1])), encoding="utf-8")
    assert verified("--target", site.node.url) == (1, False), "a seal that the site did not make"
    page.write_text(html.replace("PASSED", "PASSED!"), encoding="utf-8")
    assert verified() == (1, False)


def only_fails(found: Ran, *names: str) -> dict[str, str]:
    code, page, _ = found
    assert set(ended(page, "failed")) == set(names)
    assert code == 1
    assert not page["good"]
    return ended(page, "failed")


def test_nobody_at_the_address(site: Hospital, token: str, tmp_path: Path) -> None:
    [port] = free_ports(1)
    said = only_fails(run(site, token, tmp_path, target=f"http://127.0.0.1:{port}"), "site")
    assert "nobody listens" in said["site"]


def test_a_title_that_the_site_does_not_know(site: Hospital, token: str, tmp_path: Path) -> None:
    only_fails(run(site, token, tmp_path, "--aet", "BASKAPACS"), "dicom-title")
    nothing_left(site)


def test_a_peer_that_the_site_does_not_know(site: Hospital, token: str, tmp_path: Path) -> None:
    moved = TRIAL.hl7_peers
    site.ledger.write(lambda tx: tx.record_institution(replace(TRIAL, hl7_peers=("192.0.2.1",)), datetime.now(UTC)))
    try:
        said = only_fails(run(site, token, tmp_path), "hl7-order")
        assert "peer-unknown" in said["hl7-order"]
    finally:
        site.ledger.write(lambda tx: tx.record_institution(replace(TRIAL, hl7_peers=moved), datetime.now(UTC)))
    nothing_left(site)


def test_tokens_that_will_not_do(site: Hospital, tmp_path: Path) -> None:
    said = only_fails(run(site, new_token(), tmp_path), "token")
    assert "unknown" in said["token"]
    said = only_fails(run(site, give(site, Role.CLINICIAN), tmp_path), "token")
    assert "no right" in said["token"]
    said = only_fails(run(site, give(site, Role.SERVICE, INSTITUTION.skrs), tmp_path), "token")
    assert "not of a trial institution" in said["token"]
    nothing_left(site)


def test_a_token_without_the_right_to_store(site: Hospital, tmp_path: Path) -> None:
    rights = tuple(one for one in TABLE[Role.SERVICE] if one is not Action.STORE_IMAGES)
    only_fails(run(site, give(site, Role.SERVICE, only=rights), tmp_path), "stow")
    nothing_left(site)


def test_a_token_that_opens_too_much(site: Hospital, tmp_path: Path) -> None:
    only_fails(run(site, give(site, Role.ADMINISTRATOR), tmp_path), "no-right")
    nothing_left(site)


def test_rules_that_are_missing(site: Hospital, token: str, tmp_path: Path) -> None:
    kept = site.ledger.active_rulebook()
    assert kept
    none = Rulebook.of(())
    site.ledger.activate_rulebook(none.revision, none.to_json(), datetime.now(UTC), "test")
    try:
        only_fails(run(site, token, tmp_path), "rulebook")
    finally:
        site.ledger.activate_rulebook(*kept, datetime.now(UTC), "test")
    said = only_fails(run(site, token, tmp_path, "--only", "rulebook", "--rulebook", "0000"), "rulebook")
    assert kept[0][:12] in said["rulebook"]
    nothing_left(site)


def test_what_a_broken_off_run_left_is_removed_by_the_next(site: Hospital, token: str, tmp_path: Path) -> None:
    order = with_accession(exams_of_the_day(datetime.now(UTC))[0].order, "")
    key = ExamKey(institution=TRIAL.skrs, accession=accession_of("ABCDEF", 1))
    site.say(order_of(replace(order, key=key, patient=Patient(tckn=patient_of(5))), "LEFT"))
    assert site.exam(key)
    code, found, _ = run(site, token, tmp_path, "--only", "clean")
    assert code == 0
    assert "left of earlier runs" in ended(found, "passed")["clean"]
    nothing_left(site)


def test_a_run_that_is_broken_off_removes_what_it_sent(site: Hospital, token: str, tmp_path: Path) -> None:
    command = [
        str(PYTHON),
        "-m",
        "gecit.cli",
        "selftest",
        "--target",
        site.node.url,
        "--page",
        str(tmp_path / "p.html"),
    ]
    environ = {**site.node.environ, "GECIT_SELFTEST_TOKEN": token}
    running = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        until(lambda: site.ledger.read(lambda tx: tx.trial_left(TRIAL.skrs)).exams, 60, "orders have come")
        running.send_signal(signal.SIGINT)
        said = running.communicate(timeout=120)[1].decode()
    finally:
        running.kill()
    assert running.returncode not in (0, None)
    assert "removing what was sent" in said
    nothing_left(site)


def test_behind_nginx_and_with_a_certificate_that_is_not_believed(site: Hospital, token: str, tmp_path: Path) -> None:
    proxy = Nginx(tmp_path / "nginx", site.node)
    try:
        proxy.start()
        said = only_fails(run(site, token, tmp_path, target=proxy.url), "site")
        assert "certificate" in said["site"]
        ours = ("--ca", str(proxy.authority.certificate), "--hl7", f"127.0.0.1:{site.node.mllp}")
        ours = (*ours, "--dicom", f"127.0.0.1:{site.node.dicom}")
        code, found, _ = run(site, token, tmp_path, *ours, target=proxy.url)
        assert ended(found, "failed") == {}
        assert "https" in ended(found, "passed")
        assert code == 0
    finally:
        proxy.end()
    nothing_left(site)


def test_medula_that_does_not_answer(tmp_path: Path) -> None:
    [port] = free_ports(1)
    environ = {"ORTHANC__GECIT__MEDULA__URL": f"http://127.0.0.1:{port}/"}
    with hospital(tmp_path / "node", environ, PLACES) as made:
        only_fails(run(made, give(made), tmp_path), "medula")
        nothing_left(made)


def test_a_viewer_that_is_not_there(tmp_path: Path) -> None:
    empty = tmp_path / "assets"
    empty.mkdir()
    with hospital(tmp_path / "node", {"ORTHANC__GECIT__ASSETS": str(empty)}, PLACES) as made:
        only_fails(run(made, give(made), tmp_path), "viewer")
        nothing_left(made)


def test_doors_with_tls_on_postgresql(tmp_path: Path, postgres: Cluster) -> None:
    authority = Authority(tmp_path / "authority")
    ours, sender = authority.sign("gecit.example"), authority.sign("hbys.example")
    config = config_with_dicom_tls(tmp_path / "config", ours, authority)
    environ = {
        "ORTHANC__GECIT__MLLP_TLS__CERTIFICATE": str(ours.certificate),
        "ORTHANC__GECIT__MLLP_TLS__KEY": str(ours.key),
        "ORTHANC__GECIT__MLLP_TLS__CLIENT_AUTHORITIES": str(authority.certificate),
    }
    place = replace(TRIAL, hl7_peers=("cert:hbys.example",))
    with hospital(tmp_path / "node", environ, (place,), postgres.new_database(), config=config) as made:
        shown = ("--ca", str(authority.certificate), "--cert", str(sender.certificate), "--key", str(sender.key))
        code, found, _ = run(made, give(made), tmp_path, *shown, "--dicom-tls")
        assert ended(found, "failed") == {}
        assert {"hl7-plain", "dicom-plain", "hl7-stranger"} <= set(ended(found, "passed"))
        assert code == 0
        nothing_left(made)
