"""Processes are killed, disks fill, services fall away: nothing acknowledged is lost, nothing is told twice."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sa
from msgspec.structs import replace

from gecit.core.order import ExamKey, Order
from gecit.core.report import Report
from gecit.edges import hl7_build
from gecit.sandbox.day import INSTITUTION, NO_RADIOLOGIST, ExamStory
from gecit.sandbox.imaging import build_study
from tests.support.disks import fill, small_disk
from tests.support.hospital import (
    Hospital,
    as_it_should,
    billable,
    hospital,
    order_of,
    read_ack,
    ready,
    run_gecit,
    stories_at,
)
from tests.support.node import Node, alive, until
from tests.support.postgres import Cluster, cluster

pytestmark = pytest.mark.system

US_STORY = stories_at(0)[4]
numbers = count(1)
hours = count(1)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    with hospital(tmp_path_factory.mktemp("hard")) as made:
        yield made


@pytest.fixture
def stories() -> list[ExamStory]:
    """A day of its own, hours away from every other so that no two acquisitions count as one (the 40-minute rule)."""
    return stories_at(next(hours) * 180)


def fresh() -> Order:
    key = ExamKey(institution=INSTITUTION.skrs, accession=f"S{next(numbers):06}")
    return replace(US_STORY.order, key=key)


def report(order: Order, signer: str = "") -> bytes:
    said = US_STORY.report
    assert said
    made: Report = replace(said, key=order.key, patient=order.patient)
    if signer:
        made = replace(made, radiologists=(replace(made.radiologists[0], identifier=signer),))
    return hl7_build.report_message(made, hl7_build.Envelope(control_id=f"R{order.key.accession}"))


def kill(made: Hospital, name: str) -> int:
    """SIGKILL a process of the node; returns its pid."""
    until(lambda: name in made.node.children(), 20, f"{name} runs")
    process = made.node.children()[name]
    process.kill()
    return process.pid


# HL7


class Sender(threading.Thread):
    """An HBYS: sends until it is told AA, over one connection as long as that holds, and again after a failure."""

    def __init__(self, port: int, messages: Sequence[bytes]) -> None:
        super().__init__(daemon=True)
        self.port, self.messages = port, messages
        self.accepted: list[str] = []
        self.broken = 0
        self.giving_up = threading.Event()

    def run(self) -> None:
        waiting = list(self.messages)
        while waiting and not self.giving_up.is_set():
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
                    while waiting:
                        self._send(connection, waiting[0])
                        waiting.pop(0)
            except OSError:
                self.broken += 1
                self.giving_up.wait(0.05)

    def _send(self, connection: socket.socket, message: bytes) -> None:
        connection.sendall(hl7_build.frame(message))
        answer = b""
        while not answer.endswith(b"\x1c\r"):
            piece = connection.recv(65536)
            if not piece:
                raise ConnectionResetError
            answer += piece
        told = read_ack(answer)
        if told.code == "AA":
            self.accepted.append(told.control_id.removeprefix("O"))


def test_no_acknowledged_order_is_lost_while_the_door_is_killed_again_and_again(node: Hospital) -> None:
    orders = [fresh() for _ in range(200)]
    senders = [Sender(node.node.mllp, [order_of(one) for one in orders[at::4]]) for at in range(4)]
    for one in senders:
        one.start()

    def accepted() -> int:
        return sum(len(one.accepted) for one in senders)

    killed: list[int] = []
    for share in (20, 80, 140):
        until(lambda share=share: accepted() >= share, 40, f"{share} are accepted")  # type: ignore[misc]
        killed.append(kill(node, "listen"))
        told = [number for one in senders for number in list(one.accepted)]
        missing = [one for one in told if not node.exam(ExamKey(institution=INSTITUTION.skrs, accession=one))]
        assert not missing, "acknowledged, and not in the ledger"
    for one in senders:
        one.join(60)
    assert sorted(number for one in senders for number in one.accepted) == sorted(one.key.accession for one in orders)
    assert len(set(killed)) == 3 and sum(one.broken for one in senders) >= 3
    placed = {one.key.accession: node.kinds(one.key).count("OrderPlaced") for one in orders}
    assert set(placed.values()) == {1}


def test_while_the_registry_is_down_a_report_is_kept_and_settles_by_itself(node: Hospital) -> None:
    good, bad = fresh(), fresh()
    registry = node.world["/registry"]
    for one in (good, bad):
        node.order(one)
    registry.spoil(1.0, ["503"])
    try:
        messages = [report(good), report(bad, NO_RADIOLOGIST.identifier)]
        answers = [node.say(one) for one in messages]
        assert [one.code for one in answers] == ["AE", "AE"]
        said = answers[0].told("registry-unavailable")
        assert said.where == "OBX-16" and said.tr and said.en
        assert all(node.messages(control_id=f"R{one.key.accession}")[0].transient for one in (good, bad))
    finally:
        registry.stop()
    until(lambda: (found := node.exam(good.key)) and found.reports, 20, "the report is accepted by itself")
    until(lambda: (found := node.exam(bad.key)) and found.refused_report, 20, "the report is refused by itself")
    assert node.say(messages[0]).code == "AA"
    final = node.say(messages[1])
    assert final.code == "AE" and final.told("radiologist-refused")
    assert node.kinds(good.key).count("ReportReceived") == 1
    assert node.kinds(bad.key).count("ReportRefused") == 1


def test_while_the_ledger_is_locked_senders_wait_and_are_then_answered(node: Hospital) -> None:
    order = fresh()
    connection = node.ledger.engine.connect()
    with connection, connection.begin():  # BEGIN IMMEDIATE: nobody else may write
        sender = Sender(node.node.mllp, [order_of(order)])
        sender.start()
        sender.join(2)
        assert sender.is_alive() and not sender.accepted
    sender.join(20)
    assert sender.accepted == [order.key.accession]


# The day, under fire


def told_once(made: Hospital, stories: Sequence[ExamStory]) -> None:
    """Each exam of the day ended as it should, and MEDULA holds one notification of each that is to be billed."""
    results = made.results(stories, 90)
    as_it_should(results, made.ledger)
    ours = {one.order.key.accession for one in stories}
    assert [one for one in made.effective() if one[1] in ours] == billable(results)
    notified = [str(one["content"]["accession"]) for one in made.inspect()["carried_out"]
                if one["content"]["accession"] in ours and one["content"]["kind"] == "notify"]  # fmt: skip
    assert len(notified) == len(set(notified)), "an exam was notified twice"


def test_sigkill_of_work_during_the_day_changes_nothing_of_its_end(
    node: Hospital, stories: list[ExamStory], tmp_path: Path
) -> None:
    ended = threading.Event()
    kills: list[int] = []

    def killer() -> None:
        while not ended.wait(0.7) and len(kills) < 4:
            if "work" in node.node.children():
                kills.append(kill(node, "work"))

    thread = threading.Thread(target=killer)
    thread.start()
    try:
        node.play(stories, tmp_path)
        until(lambda: len(kills) >= 3, 30, "work was killed three times")
    finally:
        ended.set()
        thread.join()
    told_once(node, stories)
    assert len(set(kills)) >= 3


def test_whatever_medula_does_with_a_delivery_each_exam_is_notified_once(
    node: Hospital, stories: list[ExamStory], tmp_path: Path
) -> None:
    medula = node.world["/medula"]
    kinds = ["reset-after", "hang-after", "500-after", "half", "wrong-json", "other-answer", "503", "reset-before",
             "duplicate", "500"]  # fmt: skip
    before = len(medula.spoilt)
    medula.plan(*kinds)
    try:
        node.play(stories, tmp_path)
        until(lambda: medula.spoilt[before:] == kinds, 60, "every fault was played")
    finally:
        medula.stop()
    told_once(node, stories)


def test_after_sigkill_of_orthanc_its_processes_end_and_a_restart_goes_on_where_it_was(
    node: Hospital, stories: list[ExamStory], tmp_path: Path
) -> None:
    node.play(stories, tmp_path)
    process = node.node.process
    assert process
    children = list(node.node.children().values())
    assert len(children) == 3
    process.kill()
    process.wait()
    until(lambda: not any(alive(one) for one in children), 15, "all children ended")
    node.node.start()
    ready(node)
    told_once(node, stories)
    for one in node.results(stories, 1):
        assert one.exam and one.exam.images == one.story.slices


def test_after_all_this_the_folded_ledger_is_what_its_events_say(node: Hospital) -> None:
    done = node.gecit("ledger", "rebuild")
    assert done.returncode == 0, done.stdout + done.stderr


# A full disk


def picture(order: Order, folder: Path) -> Path:
    [path] = build_study("US", order=order, institution=INSTITUTION, folder=folder)
    return path


def test_a_full_disk_refuses_for_now_and_all_goes_on_when_there_is_room(tmp_path: Path) -> None:
    known, late = fresh(), fresh()
    with small_disk(tmp_path / "disk", 40) as disk, hospital(disk / "data", log=tmp_path / "orthanc.log") as made:
        assert made.order(known).code == "AA"
        filler = fill(disk)
        assert shutil.disk_usage(disk).free == 0
        long = replace(late, clinical_information="x" * 4000)
        answers = [made.order(long, f"V{number}") for number in range(3)]
        refused = [one for one in answers if one.code != "AA"]
        assert refused and all(one.code == "AE" and one.told("ledger-unavailable").en for one in refused)
        assert made.store(picture(known, tmp_path / "known")) != 0, "the PACS hears that it is not stored"
        filler.unlink()
        until(lambda: made.order(late).code == "AA", 30, "orders are accepted again")
        until(lambda: made.store(picture(known, tmp_path / "known")) == 0, 30, "images are stored again")
        assert made.exam(late.key)
        until(lambda: (found := made.exam(known.key)) and found.images, 30, "the exam has its image")
        until(lambda: (found := made.exam(late.key)) and found.verdict, 30, "the exam is judged")
        assert made.gecit("ledger", "rebuild").returncode == 0


def test_a_process_that_may_write_no_more_answers_for_now_and_recovers(node: Hospital) -> None:
    order = fresh()
    ready(node)
    process = node.node.children()["listen"]
    unlimited = process.rlimit(psutil.RLIMIT_FSIZE)
    process.rlimit(psutil.RLIMIT_FSIZE, (4096, unlimited[1]))
    try:
        answer = node.order(order)
        assert answer.code == "AE" and answer.told("ledger-unavailable").tr
    finally:
        process.rlimit(psutil.RLIMIT_FSIZE, unlimited)
    until(lambda: node.order(order).code == "AA", 20, "orders are accepted again")
    assert node.kinds(order.key).count("OrderPlaced") == 1
    assert process.is_running(), "it did not even have to be started again"


# PostgreSQL


@pytest.fixture(scope="module")
def postgres() -> Iterator[Cluster]:
    with cluster() as made:
        yield made


def test_while_postgresql_is_gone_the_answer_is_for_now_and_all_goes_on_when_it_is_back(
    postgres: Cluster, tmp_path: Path
) -> None:
    before, during = fresh(), fresh()
    with hospital(tmp_path / "data", database=postgres.new_database()) as made:
        assert made.order(before).code == "AA"
        postgres.stop()
        try:
            answer = made.order(during)
            assert answer.code == "AE" and answer.told("ledger-unavailable").tr
            assert made.store(picture(before, tmp_path / "before")) == 0, "images need no ledger"
            assert made.node.get("/gecit/api/exams", signed_in=False).status_code in (401, 403, 503)
        finally:
            postgres.start()
        until(lambda: made.order(during).code == "AA", 30, "orders are accepted again")
        assert made.kinds(during.key).count("OrderPlaced") == 1
        until(lambda: (found := made.exam(before.key)) and found.images, 40, "the exam has its image")
        until(lambda: (found := made.exam(during.key)) and found.verdict, 40, "the exam is judged")
        with made.ledger.engine.connect() as connection:
            assert connection.scalar(sa.text("SELECT count(*) FROM exam")) == 2


# Faults at the start


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return Node(tmp_path).environ | {"HOME": str(tmp_path)}


@pytest.mark.parametrize("name", ["GECIT_HTTP_PORT", "GECIT_DICOM_PORT", "GECIT_MLLP_PORT", "GECIT_WEB_PORT"])
def test_a_port_in_use_is_named_with_its_variable(environ: dict[str, str], name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run_gecit(environ | {name: port}, "run")
    assert done.returncode == 2
    assert f"{name}={port}" in done.stderr
    assert "kapılar dolu" in done.stderr and "ports are in use" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(("process", "name"), [("listen", "GECIT_MLLP_PORT"), ("web", "GECIT_WEB_PORT")])
def test_a_process_whose_port_is_in_use_says_so_and_ends(environ: dict[str, str], process: str, name: str) -> None:
    run = Path(environ["GECIT_DATA"]) / "run"
    run.mkdir()
    (run / "internal.token").write_text("x")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run_gecit(environ | {name: port}, process)
    assert done.returncode == 2
    assert port in done.stderr and name in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("command", [("run",), ("health",), ("listen",)])
def test_all_faults_of_a_configuration_are_told_together(environ: dict[str, str], command: tuple[str, ...]) -> None:
    wrong = {
        "ORTHANC__GECIT__SETTLE_SECONDS": "yakında",
        "ORTHANC__GECIT__POLL_MILLISECONDS": "0",
        "ORTHANC__GECIT__ROLE": "Nodde",
        "ORTHANC__GECIT__NO_SUCH_KEY": "1",
    }
    done = run_gecit(environ | wrong, *command)
    assert done.returncode == 2
    assert all(one in done.stderr for one in wrong), done.stderr
    assert "Traceback" not in done.stderr
