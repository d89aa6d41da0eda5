"""Two nodes on one index, one storage folder and one ledger behind the shipped HAProxy: one is killed, all goes on."""

from __future__ import annotations

import copy
import json
import shutil
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psutil
import psycopg
import pytest
import requests
import sqlalchemy as sa
from msgspec.structs import replace
from sqlalchemy.engine import make_url

from gecit.core.order import ExamKey, Order
from gecit.core.verdict import Outcome
from gecit.edges import hl7_build
from gecit.edges.orthanc_host import INDEX_PATH
from gecit.edges.store import open_ledger, schema
from gecit.edges.store.engine import CONNECTIONS
from gecit.edges.store.following import PROCESS
from gecit.sandbox.day import INSTITUTION
from gecit.sandbox.imaging import build_study
from tests.support import haproxy
from tests.support.hospital import order_of, ready, run_gecit, stories_at
from tests.support.node import ADMINISTRATOR, Node, until
from tests.support.pair import Pair, kill, pair
from tests.support.postgres import cluster

pytestmark = [pytest.mark.system, pytest.mark.postgres]

STORY = stories_at(0)[4]
HTML = "text/html"
OUTAGE = 45


def test_haproxy_takes_the_shipped_configuration(tmp_path: Path) -> None:
    path = tmp_path / "haproxy.cfg"
    path.write_text(haproxy.with_certificate(tmp_path))
    done = haproxy.checked(path)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr.upper().replace("WARNINGS", ""), done.stderr


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with cluster(durable=True) as postgres, pair(tmp_path_factory.mktemp("pair"), postgres) as made:
        yield made


def exam(number: int) -> Order:
    """Return an order of an exam that passes every rule once its images and its report are there."""
    return replace(STORY.order, key=ExamKey(institution=INSTITUTION.skrs, accession=f"PAIR{number}"))


def said_again(made: Pair, message: bytes) -> str:
    """Send as an HBYS does: until it is answered. Returns the answer's code."""
    answers: list[str] = []

    def answered() -> bool:
        try:
            answers.append(made.front.say(message).code)
        except OSError:
            return False
        return True

    until(answered, OUTAGE, "the message is answered")
    return answers[-1]


def whole(made: Pair, order: Order, folder: Path) -> None:
    """Send order, image and report of an exam through HAProxy, each until it is acknowledged."""
    assert said_again(made, order_of(order)) == "AA"
    files = build_study("US", order=order, institution=INSTITUTION, folder=folder / order.key.accession)
    until(lambda: made.front.store(*files) == 0, OUTAGE, "the image is stored")
    reported(made, order)


def reported(made: Pair, order: Order) -> None:
    """Send an exam's report through HAProxy until it is acknowledged."""
    assert STORY.report
    report = replace(STORY.report, key=order.key, patient=order.patient)
    message = hl7_build.report_message(report, hl7_build.Envelope(control_id=f"R{order.key.accession}"))
    assert said_again(made, message) == "AA"


def told(made: Pair, order: Order) -> bool:
    """Whether MEDULA knows the exam."""
    return (order.key.institution, order.key.accession) in made.front.effective()


def follower(made: Pair) -> str:
    """Return who has the lease of the index; fails where it is not one row."""
    with made.front.ledger.engine.connect() as connection:
        [(index, who)] = connection.execute(
            sa.select(schema.beat.c.node, schema.beat.c.detail).where(schema.beat.c.process == PROCESS)
        ).all()
    assert index.startswith("Gecit@")
    return str(who)


def marks(made: Pair) -> set[str]:
    """Return by what each of the two knows its index."""
    return {one.get(INDEX_PATH, headers=one.internal(), signed_in=False).text for one in (made.a, made.b)}


def connections(made: Pair) -> dict[str, int]:
    """Return how many connections to the ledger the processes hold, both of a name together."""
    query = sa.text(
        "SELECT application_name, count(*) FROM pg_stat_activity WHERE datname = current_database() GROUP BY 1"
    )
    with made.front.ledger.engine.connect() as connection:
        return {str(name): int(count) for name, count in connection.execute(query)}


def shown(browser: requests.Session, url: str, accept: str = "*/*") -> bytes:
    """Return what is at a page, nothing while it is not told: HAProxy cuts off whoever still talks to the dead one."""
    try:
        answer = browser.get(url, headers={"Accept": accept}, timeout=20, allow_redirects=False)
    except requests.ConnectionError:
        return b""  # a browser asks again by itself
    return answer.content if answer.status_code == 200 else b""


def listed(browser: requests.Session, address: str) -> list[object]:
    """Return the studies that QIDO-RS tells; none while HAProxy has nobody to ask."""
    return list(json.loads(shown(browser, f"{address}/dicom-web/studies") or b"[]"))


def nodes_of(made: Pair, key: ExamKey) -> list[str]:
    """Return the node of each study of an exam."""
    found = made.front.exam(key)
    return [one.facts.key.node for one in found.studies] if found else []


def studies(node: Node) -> set[str]:
    return set(node.get("/studies").json())


def leads_to(made: Pair, node: Node) -> bool:
    """Whether a new HL7 connection to HAProxy is one to this node; a look of HAProxy's own ends at once."""

    def held() -> set[int]:
        found = node.children()["listen"].net_connections("tcp")
        return {
            one.raddr.port for one in found if one.status == psutil.CONN_ESTABLISHED and one.laddr.port == node.mllp
        }

    before = held()
    with socket.create_connection(("127.0.0.1", made.proxy.mllp), timeout=5):
        seen = [time.sleep(0.5) or held() - before for _ in range(2)]
    return bool(seen[0] & seen[1])


def test_when_one_is_killed_messages_images_and_pages_go_on_through_the_other(both: Pair, tmp_path: Path) -> None:
    assert len(marks(both)) == 1, "both know the index by one mark"
    browser = requests.Session()
    browser.verify, browser.trust_env = both.proxy.believed, False  # an environment's authorities are others
    address = both.proxy.url
    form = {"name": ADMINISTRATOR[0], "password": ADMINISTRATOR[1], "next": "/gecit/users"}
    page = browser.post(f"{address}/gecit/sign-in", data=form, headers={"Origin": address}, timeout=20)
    assert (page.status_code, page.url) == (200, f"{address}/gecit/users")
    cookies = browser.cookies.get_dict()
    assert cookies

    before, after = exam(1), exam(2)
    whole(both, before, tmp_path)
    until(lambda: told(both, before), OUTAGE, "MEDULA knows the first exam")
    assert studies(both.a) == studies(both.b) != set()
    held = connections(both)
    print(f"connections of both together: {held}")  # noqa: T201 -- the figures of docs/howto/availability.md
    assert {"gecit", "gecit web", "gecit listen", "gecit work"} <= held.keys()
    assert all(count <= 2 * CONNECTIONS for name, count in held.items() if name.startswith("gecit ")), held

    late = exam(3)
    assert said_again(both, order_of(late)) == "AA"
    kill(both.a)

    whole(both, after, tmp_path)

    until(lambda: shown(browser, f"{address}/gecit/users", HTML), OUTAGE, "the page is shown to the same cookie")
    assert browser.cookies.get_dict() == cookies
    for order in (before, after):
        path = f"/gecit/api/exams/{order.key.institution}/{order.key.accession}"
        until(lambda at=address + path: shown(browser, at), OUTAGE, "the exam is told")
    until(lambda: len(listed(browser, address)) == 2, OUTAGE, "both studies are listed")
    until(lambda: told(both, after), 2 * OUTAGE, "MEDULA knows the second exam")

    until(lambda: f":{both.b.data}" in follower(both), OUTAGE, "the other follows the index")
    for order in (before, after):
        kinds = both.front.kinds(order.key)
        assert [kinds.count(one) for one in ("OrderPlaced", "ReportReceived")] == [1, 1], kinds
        until(lambda key=order.key: nodes_of(both, key) == ["Gecit"], OUTAGE, "known once, by the common name")
    assert both.front.kinds(late.key)[:1] == ["OrderPlaced"]
    assert sorted(both.front.effective()) == sorted((one.key.institution, one.key.accession) for one in (before, after))


def test_the_looks_of_haproxy_leave_no_line_in_the_logs(both: Pair) -> None:
    for one in (both.a, both.b):
        assert "has not sent the proper number of bytes" not in one.log_text()


def test_who_was_killed_comes_back_and_is_there_when_the_other_is_killed(both: Pair, tmp_path: Path) -> None:
    assert both.a.process
    if both.a.process.poll() is None:  # where this test runs by itself
        kill(both.a)
    meanwhile, after = exam(4), exam(5)
    whole(both, meanwhile, tmp_path)
    both.a.start()
    mine = copy.copy(both.front)
    mine.node = both.a
    ready(mine)
    until(lambda: leads_to(both, both.a), OUTAGE, "new connections go to A again")
    assert len(marks(both)) == 1, "it knows the index by the same mark"
    assert studies(both.a) == studies(both.b)

    kill(both.b)
    whole(both, after, tmp_path)
    until(lambda: f":{both.a.data}" in follower(both), OUTAGE, "A follows the index")
    for order in (meanwhile, after):
        until(lambda one=order: told(both, one), 2 * OUTAGE, "MEDULA knows the exam")
        kinds = both.front.kinds(order.key)
        assert [kinds.count(one) for one in ("OrderPlaced", "ReportReceived")] == [1, 1], kinds
        assert set(nodes_of(both, order.key)) == {"Gecit"}, "by the common name; orders this close may share studies"
    known = [key for _, key in both.front.effective()]
    assert len(known) == len(set(known))


def test_a_ledger_that_is_lost_comes_back_alone_and_index_and_images_stay(both: Pair, tmp_path: Path) -> None:
    """docs/howto/backup.md of a pair: what came after the backup HBYS sends again, and PACS nothing."""
    before, after = exam(6), exam(7)
    for one in (both.a, both.b):
        if not one.process or one.process.poll() is not None:
            one.start()
    whole(both, before, tmp_path)
    until(lambda: told(both, before), 2 * OUTAGE, "MEDULA knows the exam")
    done = run_gecit(both.a.environ, "backup", "--ledger-only", str(tmp_path / "backup"))
    assert done.returncode == 0, done.stderr
    whole(both, after, tmp_path)
    until(lambda: told(both, after), 2 * OUTAGE, "MEDULA knows that one, too")

    for one in (both.a, both.b):
        kill(one)
    both.front.ledger.close()
    empty = another_database(both.a.database)
    for one in (both.a, both.b):
        one.database = one.environ["ORTHANC__GECIT__DATABASE"] = empty
    restored = run_gecit(both.b.environ, "restore", "--ledger-only", str(tmp_path / "backup"))
    assert restored.returncode == 0, restored.stderr
    both.front.ledger = open_ledger(both.b.database)
    for one in (both.a, both.b):
        one.start()
    assert said_again(both, order_of(after)) == "AA"
    reported(both, after)

    def as_before() -> bool:
        found = both.front.exam(after.key)
        return bool(found and found.images and found.verdict and found.verdict.outcome is Outcome.SUBMIT)

    until(as_before, 3 * OUTAGE, "its images are found where they are")
    until(lambda: both.front.ledger.deliveries(state="unknown") == [], 2 * OUTAGE, "what was in doubt is asked for")
    known = Counter(str(one["content"]["accession"]) for one in both.front.inspect()["carried_out"])
    assert [known[one.key.accession] for one in (before, after)] == [1, 1]
    kinds = both.front.kinds(before.key)
    assert kinds.count("OrderPlaced") == 1


def test_a_pair_that_lost_everything_comes_back_from_the_three_parts_of_its_backup(both: Pair, tmp_path: Path) -> None:
    """docs/howto/backup.md, "A pair": ledger, index by pg_dump, folder; a new database for each, an empty folder."""
    order, shared = exam(8), both.a.data.parent / "shared"
    whole(both, order, tmp_path)
    until(lambda: told(both, order), 2 * OUTAGE, "MEDULA knows the exam")
    done = run_gecit(both.b.environ, "backup", "--ledger-only", str(tmp_path / "backup"))
    assert done.returncode == 0, done.stderr
    index = both.a.environ["GECIT_INDEX"]
    postgres("pg_dump", "--format=custom", f"--file={tmp_path}/index", index)
    shutil.copytree(shared, tmp_path / "images")
    had = studies(both.a)

    for one in (both.a, both.b):
        kill(one)
    both.front.ledger.close()
    shutil.rmtree(shared)
    shutil.copytree(tmp_path / "images", shared)
    empty, empty_index = another_database(both.a.database), another_database(index)
    for one in (both.a, both.b):
        one.database = one.environ["ORTHANC__GECIT__DATABASE"] = empty
        one.environ["GECIT_INDEX"] = empty_index
    dbname = f"--dbname={empty_index}"
    postgres("pg_restore", "--exit-on-error", "--single-transaction", "--no-owner", dbname, f"{tmp_path}/index")
    restored = run_gecit(both.a.environ, "restore", "--ledger-only", str(tmp_path / "backup"))
    assert restored.returncode == 0, restored.stderr
    both.front.ledger = open_ledger(empty)
    for one in (both.a, both.b):
        one.start()
    mine = copy.copy(both.front)
    mine.node = both.a
    ready(mine)
    assert studies(both.a) == had
    found = both.front.exam(order.key)
    assert found and found.images and found.verdict and found.verdict.outcome is Outcome.SUBMIT
    whole(both, exam(9), tmp_path)
    until(lambda: told(both, exam(9)), 2 * OUTAGE, "new exams are taken in and told")
    assert Counter(str(one["content"]["accession"]) for one in both.front.inspect()["carried_out"])["PAIR8"] == 1
    for one in (both.a, both.b):
        assert run_gecit(one.environ, "audit", "verify").returncode == 0


def postgres(program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's own programs."""
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def another_database(url: str) -> str:
    """Make an empty database on the server of that one."""
    name = f"t{uuid4().hex}"
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return make_url(url).set(database=name).render_as_string(hide_password=False)
