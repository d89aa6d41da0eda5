"""Plays the demo's day through a province of two nodes, kills one in the middle, and looks for what was lost.

`python -m tests.containers.province PROJECT FILE ...`, with the ports of docker/province.yml and test.yml in GECIT_...;
ends with an AssertionError where something is not as it should be.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import requests

from gecit.edges.store import open_ledger
from gecit.sandbox.day import INSTITUTION, Act, ExamStory, exams_of_the_day
from gecit.sandbox.node import Running
from gecit.sandbox.play import Player, wait_for

from .engine import Project, again_and_again

SECRETS = Path(os.environ["GECIT_SECRETS"])
HTTPS = f"https://localhost:{os.environ['GECIT_HTTPS_PORT']}"
NODES = ("node-a", "node-b")
PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
LISTS = ("physicians", "radiologists")
LONG = 180.0
KILLED_AFTER = 3  # stories on that node


def say(text: str) -> None:
    """Tell how far it is."""
    print(f"[docker-test] {datetime.now(UTC):%H:%M:%S} {text}", flush=True)  # noqa: T201


class Sender(Player):
    """A hospital's systems: what was not acknowledged is sent again until it is."""

    def __init__(self, token: str, letter: str, folder: Path) -> None:
        ports: Any = SimpleNamespace(
            orthanc_url=HTTPS,
            mllp_port=int(os.environ["GECIT_MLLP_PORT" + letter]),
            dicom_port=int(os.environ["GECIT_DICOM_PORT" + letter]),
            dicom_aet="GECIT",
        )
        super().__init__(Running(ports, "", {}, token, lambda: None), folder)
        self.repeated = 0
        self.acknowledged: list[bytes] = []
        self.before_a_message: Callable[[], None] = lambda: None
        """Done once, just before the next message."""

    def _send(self, message: bytes) -> bytes:
        act, self.before_a_message = self.before_a_message, lambda: None
        act()
        answer = self._until(lambda: super(Sender, self)._send(message), "a message is acknowledged")
        assert isinstance(answer, bytes)
        self.acknowledged.append(answer)
        return answer

    def _store(self, story: ExamStory) -> None:
        def stored() -> bool:
            super(Sender, self)._store(story)
            return True

        self._until(stored, "a study is stored")

    def _until(self, act: Any, what: str) -> object:
        def once() -> object:
            try:
                return act()
            except Exception:
                self.repeated += 1
                raise

        return again_and_again(once, LONG, what)


def set_up(project: Project) -> str:
    """Record the pretend hospital on the shared ledger, and return its program's token."""
    for service in (*NODES, "proxy-a", "proxy-b", "balancer", "database", "metrics"):
        again_and_again(lambda one=service: project.healthy(one), LONG, f"{service} is healthy")
    return open_the_hospital(project, "node-a", NODES)


def open_the_hospital(project: Project, at: str, nodes: Sequence[str]) -> str:
    """Record the pretend hospital at a node, who works there at all of them, and return its program's token."""
    peers = [word for one in PRIVATE for word in ("--hl7-peer", one)]
    project.run(
        at, "gecit", "institutions", "add", INSTITUTION.skrs, "--medula-code", INSTITUTION.medula_code,
        "--name", INSTITUTION.name, "--province", INSTITUTION.province, "--aet", INSTITUTION.aets[0], *peers,
    )  # fmt: skip
    project.run(at, "gecit", "rules", "activate", "--yes", "--by", "docker-test")
    for node in nodes:
        for one in LISTS:
            project.run(node, "gecit", "codes", "import", one, f"/opt/gecit/plugins/gecit/sandbox/data/{one}.csv")
    found = project.run(nodes[-1], "gecit", "tokens", "add", "HBYS", "--institution", INSTITUTION.skrs)
    return found.split()[-1]


def play(project: Project, token: str, stories: list[ExamStory]) -> tuple[Sender, Sender]:
    """Play half of the day at each node, at the same time, and kill the first one in the middle."""

    def kill() -> None:
        say(f"SIGKILL: node-a, pid {project.kill('node-a')}")

    def half(sender: Sender, mine: list[ExamStory], *, kills: bool) -> None:
        for number, story in enumerate(mine):
            if kills and number == KILLED_AFTER:
                sender.before_a_message = kill
            sender.play(story)

    with tempfile.TemporaryDirectory(prefix="gecit-docker-test-") as name, ThreadPoolExecutor() as pool:
        senders = Sender(token, "_A", Path(name)), Sender(token, "_B", Path(name))
        halves = [
            pool.submit(half, senders[0], stories[0::2], kills=True),
            pool.submit(half, senders[1], stories[1::2], kills=False),
        ]
        for one in halves:
            one.result()
    return senders


def look(project: Project, stories: list[ExamStory]) -> dict[str, str]:
    """Nothing that was acknowledged is lost, each exam ended as its story says, and MEDULA was told once of each.

    Returns a study of each node that has one.
    """
    password = (SECRETS / "ledger_password").read_text().strip()
    port = os.environ["GECIT_DATABASE_PORT"]
    ledger = open_ledger(f"postgresql://gecit:{password}@127.0.0.1:{port}/gecit")
    try:
        results = wait_for(ledger, stories, LONG)
        parked = ledger.deliveries(state="parked")
    finally:
        ledger.close()
    wrong = [one for one in results if not one.as_expected]
    for one in wrong:
        say(f"UNEXPECTED {one.story.id}: {one.exam and msgspec.to_builtins(one.exam)}")
    assert not wrong, [one.story.id for one in wrong]
    say(f"{len(results)} tetkik beklendiği gibi / exams as expected")
    inspect = "import urllib.request as u; print(u.urlopen('http://sandbox:9000/medula/inspect').read().decode())"
    told = msgspec.json.decode(project.run("node-b", "python", "-c", inspect))
    wanted = {one.story.order.key.accession for one in results if one.exam and one.exam.billing == "told"}
    in_force = [one["content"]["accession"] for one in told["effective"]]
    assert sorted(in_force) == sorted(wanted), (in_force, wanted)
    twice = {
        one: times
        for one, times in Counter(one["content"]["accession"] for one in told["carried_out"]).items()
        if times > 1
    }
    assert not twice and not parked, (twice, parked)
    studies = [study.facts for one in results if one.exam for study in one.exam.studies]
    return {one.key.node: one.study_instance_uid for one in studies}


def letting_https_in() -> None:
    """Believe the certificate that docker/prepare.sh made."""
    os.environ["REQUESTS_CA_BUNDLE"] = str(SECRETS / "web.pem")


def read(token: str, path: str) -> requests.Response:
    """Ask through the balancer."""
    return requests.get(HTTPS + path, headers={"Authorization": f"Bearer {token}"}, timeout=20)


def main(name: str, files: list[str]) -> None:
    """Play, kill, look; then the rest."""
    letting_https_in()
    project = Project(name, files)
    token = set_up(project)
    say("il ayakta / the province is up")
    stories = [one for one in exams_of_the_day(datetime.now(UTC)) if Act.ASK_IN_VAIN not in one.acts]
    before = project.pid("node-a")
    first, second = play(project, token, stories)
    again_and_again(lambda: project.pid("node-a") not in (0, before), LONG, "node-a is started again")
    assert first.repeated > 0, "nobody noticed that a node was killed"
    say(f"{len(first.acknowledged) + len(second.acknowledged)} messages, {first.repeated} repeated after the kill")
    studies = look(project, stories)
    rest(project, token, stories)
    back(project, token, stories, studies)


def rest(project: Project, token: str, stories: list[ExamStory]) -> None:
    """Take a node away, back both up, and let Prometheus in."""
    exam = f"/gecit/api/exams/{INSTITUTION.skrs}/{stories[0].order.key.accession}"
    project.compose("stop", "node-a")
    again_and_again(lambda: read(token, exam).ok, LONG, "the other node answers for the one that is away")
    project.compose("start", "node-a")
    again_and_again(lambda: project.healthy("node-a"), LONG, "node-a is healthy again")
    say("düğüm yokken öteki yanıtladı / the other node answered while one was away")

    for node in NODES:
        project.run(node, "gecit", "backup", "/backup/2026-11-25")
    project.host("docker/backup.sh", "province.yml", *NODES)
    for node in NODES:
        project.run(node, "gecit", "restore", "--check", tonight())
    say("yedekler sağlam / backups are whole")

    (SECRETS / "metrics_token").chmod(0o644)
    (SECRETS / "metrics_token").write_text(token)
    again_and_again(_scraped, LONG, "Prometheus reads the nodes")
    say("Prometheus okuyor / reads")


def tonight() -> str:
    """Return the folder that docker/backup.sh makes."""
    return f"/backup/{datetime.now().astimezone():%Y-%m-%d}"


def back(project: Project, token: str, stories: list[ExamStory], studies: Mapping[str, str]) -> None:
    """Lose the ledger with node a, then node b's volume, and bring them back by what the page says."""
    for heading, node in (("Everything is lost", "node-a"), ("One node of a province is lost", "node-b")):
        project.documented(heading, "province.yml", tonight())
        again_and_again(
            lambda one=node: _opens(project, token, one, studies[one]), LONG, f"images of {node} open again"
        )
        say(f"{node}: geri yüklendi / restored")
    look(project, stories)


def _opens(project: Project, token: str, node: str, study: str) -> bool:
    """Whether a node gives a study's metadata."""
    ask = (
        "import sys, urllib.request as u; _, token, study = sys.argv; "
        "asked = u.Request(f'http://127.0.0.1:8042/dicom-web/studies/{study}/metadata'); "
        "asked.add_header('Authorization', f'Bearer {token}'); print(len(u.urlopen(asked).read()))"
    )
    return int(project.run(node, "python", "-c", ask, token, study)) > 1000


def _scraped() -> bool:
    prometheus = f"http://127.0.0.1:{os.environ['GECIT_PROMETHEUS_PORT']}"
    active = requests.get(f"{prometheus}/api/v1/targets", timeout=10).json()["data"]["activeTargets"]
    return len(active) == 2 and all(one["health"] == "up" for one in active)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
