"""Files to try `gecit check` on: exams of the demo's day, each in a folder of its own, and what is wrong with it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from ..core.encounters import EncounterTold, Trigger
from ..core.values import Text, Value
from ..core.verdict import Outcome
from ..edges import hl7_build
from .day import INSTITUTION, Act, ExamStory, exams_of_the_day
from .imaging import build_study

SENT = {Act.ORDER, Act.IMAGES, Act.REPORT}
"""An exam of anything else cannot be told by files alone."""

REGISTRY = Path(__file__).parent / "data/radiologists.csv"


class Sample(Value):
    """One folder: order.hl7, report.hl7 and images/; of a visit its messages."""

    folder: Path
    name: Text
    failing: tuple[str, ...] = ()  # rules that it breaks


def write_samples(folder: Path, now: datetime) -> list[Sample]:
    """Write them as if they were made at an instant; raises `FileExistsError` rather than writing over anything."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / REGISTRY.name).open("xb") as registry:
        registry.write(REGISTRY.read_bytes())
    return [*(_write(folder, one) for one in exams_of_the_day(now) if _told_by_files(one)), _visit(folder, now)]


def _visit(folder: Path, now: datetime) -> Sample:
    """Write a patient's visit from the admission to the discharge, as ADT tells it."""
    here = folder / "visit"
    here.mkdir()
    first = exams_of_the_day(now)[0].order
    for number, (trigger, hour) in enumerate(((Trigger.ADMIT, 6), (Trigger.UPDATE, 4), (Trigger.DISCHARGE, 2)), 1):
        at = now - timedelta(hours=hour)
        told = EncounterTold(
            trigger=trigger,
            institution=first.key.institution,
            number="YATIS0001",
            patient=first.patient,
            patient_class="I",
            attending=(first.physician,),
            told_at=at,
            ended_at=at if trigger is Trigger.DISCHARGE else None,
        )
        envelope = hl7_build.Envelope(control_id=f"ADT{number}")
        name = f"{number}-{trigger.name.lower()}.hl7"
        (here / name).write_bytes(hl7_build.encounter_message(told, envelope, at))
    name_of = Text(tr="Yatıştan taburcuya bir başvuru (ADT)", en="A visit from admission to discharge (ADT)")
    return Sample(folder=here, name=name_of)


def _told_by_files(story: ExamStory) -> bool:
    plain = set(story.acts) <= {Act.ASK, *SENT} and not story.excused and story.report is not None
    return plain and (story.outcome is Outcome.SUBMIT or "duplicate-found" not in story.failing)


def _write(folder: Path, story: ExamStory) -> Sample:
    here = folder / story.id
    here.mkdir(parents=True)
    (here / "order.hl7").write_bytes(hl7_build.order_message(story.order, _envelope(story, "O")))
    if story.report:
        (here / "report.hl7").write_bytes(hl7_build.report_message(story.report, _envelope(story, "R")))
    build_study(
        story.images,
        order=story.order,
        institution=INSTITUTION,
        folder=here / "images",
        with_dose=story.with_dose,
        slices=story.slices,
        serial=story.serial,
    )
    return Sample(folder=here, name=story.name, failing=story.failing)


def _envelope(story: ExamStory, kind: str) -> hl7_build.Envelope:
    return hl7_build.Envelope(control_id=f"{kind}{story.order.key.accession}")
