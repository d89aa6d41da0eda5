"""A hospital's node that stands alone, and the demo: `python -m tests.containers.alone hospital|demo PROJECT FILE ...`.

With the ports of docker/hospital.yml and demo.yml in GECIT_...; ends with an AssertionError where something is not as
it should be.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from gecit.sandbox.day import INSTITUTION, Act, exams_of_the_day

from .engine import Project, again_and_again
from .province import LONG, Sender, letting_https_in, open_the_hospital, read, say

ON_ORTHANC_TEAM = "run -e GECIT_CONFIG=/etc/orthanc --entrypoint /opt/gecit/start.sh"
"""Its start would start Orthanc, whatever it is told."""
WHOLE_DAY = re.compile(r"\b(\d+)/\1 tetkik beklendiği gibi")


def hospital(project: Project) -> None:
    """One exam with all that belongs to it comes in through the doors, and its report is among its images again."""
    for service in ("node", "proxy"):
        again_and_again(lambda one=service: project.healthy(one), LONG, f"{service} is healthy")
    token = open_the_hospital(project, "node", ("node",))
    story = next(one for one in exams_of_the_day(datetime.now(UTC)) if one.with_dose and one.report)
    acts = (Act.ORDER, Act.IMAGES, Act.REPORT)  # nobody answers duplicate queries here
    with tempfile.TemporaryDirectory(prefix="gecit-docker-test-") as folder:
        Sender(token, "", Path(folder)).play(msgspec.structs.replace(story, acts=acts))
    path = f"/gecit/api/exams/{INSTITUTION.skrs}/{story.order.key.accession}"

    def attached() -> bool:
        answer = read(token, path)
        return answer.ok and any(one.get("attached") for one in answer.json()["reports"])

    again_and_again(attached, LONG, "the report is attached to its images")
    project.compose("restart", "node")
    again_and_again(lambda: project.healthy("node"), LONG, "the node is healthy after a restart")
    again_and_again(attached, LONG, "the exam outlives a restart")
    project.run("node", "gecit", "backup", "/backup/one")
    project.documented(
        "Everything is lost", "hospital.yml", "/backup/one", run=ON_ORTHANC_TEAM if project.on_orthanc_team else "run"
    )
    again_and_again(attached, LONG, "the exam is restored")
    say("tek düğüm çalışıyor / a node alone works")


def demo(project: Project) -> None:
    """The demo plays its day, every exam ends as it must, and its pages answer by TLS."""
    again_and_again(lambda: WHOLE_DAY.search(project.words("demo")), LONG, "the demo's day ended as it must")
    again_and_again(lambda: read("", "/gecit/api/live").ok, LONG, "the demo answers")
    say("demo çalışıyor / works")


CHECKS: Mapping[str, Callable[[Project], None]] = {"hospital": hospital, "demo": demo}


def main(check: str, name: str, files: Sequence[str]) -> None:
    """Do one check on a project that was started."""
    letting_https_in()
    CHECKS[check](Project(name, files))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
