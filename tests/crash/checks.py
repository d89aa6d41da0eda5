"""What the senders, the pretend MEDULA and the archive must find after the kills; each finding is one line of text."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from gecit.core.events import ReportAttached
from gecit.core.verdict import Outcome
from gecit.sandbox.day import ExamStory
from gecit.sandbox.hbys import PretendHbys
from gecit.sandbox.play import Result

from ..support.hospital import Hospital
from .senders import Books

PATIENCE_SECONDS = 90.0
PDF, SR = "1.2.840.10008.5.1.4.1.1.104.1", "1.2.840.10008.5.1.4.1.1.88.11"
Verdicts = dict[str, list[object]]
"""By a story's id: outcome, and (rule, status) of each finding."""


class Found(NamedTuple):
    """What is wrong, in words; all empty is the goal."""

    lost: list[str]
    twice: list[str]
    differs: list[str]

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.lost or self.twice or self.differs)


def verdicts_of(results: Sequence[Result]) -> Verdicts:
    """Return the verdicts in a form that two days can be compared by."""
    judged = ((one.story.id, one.verdict) for one in results if one.verdict)
    return {
        story: [verdict.outcome.value, sorted([one.rule, one.status.value] for one in verdict.findings)]
        for story, verdict in judged
    }  # fmt: skip


def check(
    made: Hospital, hbys: PretendHbys, stories: Sequence[ExamStory], books: Books, undisturbed: Verdicts | None
) -> Found:
    """Wait until the day is over, and hold what is there against what the senders were told."""
    found = Found([], [], [])
    results = _ended(made, stories, undisturbed)
    _messages(made, books, found)
    _instances(made, books, found)
    _told(made, results, found)
    _hospital_told(hbys, books, found)
    for one in results:
        _documents(made, one, books, found)
        _as_undisturbed(one, undisturbed, found)
    return found


def _ended(made: Hospital, stories: Sequence[ExamStory], undisturbed: Verdicts | None) -> list[Result]:
    """Wait until each verdict is that of an undisturbed day: a held exam is held for its images too until they come."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        results = made.results(stories, max(1.0, deadline - time.monotonic()))
        got = [verdicts_of([one]) for one in results]
        same = undisturbed is None or all(one.items() <= undisturbed.items() for one in got)
        if (same and all(got)) or time.monotonic() > deadline:
            return results
        time.sleep(0.3)


def _messages(made: Hospital, books: Books, found: Found) -> None:
    for one in books.messages:
        kept = [message for message in made.messages(control_id=one.control_id) if message.raw == one.data]
        if not kept:
            found.lost.append(f"message {one.control_id}, answered {one.code}")


def _instances(made: Hospital, books: Books, found: Found) -> None:
    for uid in books.instances:
        there = made.node.ask("POST", "/tools/lookup", data=uid).json()
        files = [one for one in there if one["Type"] == "Instance"]
        readable = [one for one in files if made.node.get(f"/instances/{one['ID']}/file").status_code == 200]
        if len(readable) != 1:
            found.lost.append(f"instance {uid}: {len(files)} there, {len(readable)} can be read")


def _told(made: Hospital, results: Sequence[Result], found: Found) -> None:
    """Exactly one effective notification per billable exam, and none for another, as the pretend MEDULA has it."""
    numbers = {one.story.order.key.accession for one in results}
    wanted = {one.story.order.key.accession for one in results if one.story.outcome is Outcome.SUBMIT}
    effective = Counter(accession for _, accession in made.effective() if accession in numbers)
    found.lost.extend(f"MEDULA does not know {one}" for one in sorted(wanted - effective.keys()))
    found.twice.extend(f"MEDULA knows {one}, which may not be billed" for one in sorted(effective.keys() - wanted))
    found.twice.extend(f"MEDULA knows {one} {times} times" for one, times in effective.items() if times > 1)
    standing: Counter[str] = Counter()
    for one in made.inspect()["carried_out"]:
        accession = str(one["content"]["accession"])
        if accession not in numbers:
            continue
        standing[accession] += 1 if one["content"]["kind"] == "notify" else -1
        if standing[accession] not in (0, 1):
            found.twice.append(f"MEDULA carried out {one['key']} on top of {standing[accession]}")


def _hospital_told(hbys: PretendHbys, books: Books, found: Found) -> None:
    """Each report that was signed here is at the pretend HBYS under one MSH-10, however often it came."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    for accession in books.signed:
        while not (kept := [one for one in list(hbys.kept.values()) if accession.encode() in one]):
            if time.monotonic() > deadline:
                found.lost.append(f"HBYS was never told of the report of {accession}")
                break
            time.sleep(0.2)
        if len(kept) > 1:
            found.twice.append(f"HBYS holds {len(kept)} reports of {accession}")


def _documents(made: Hospital, one: Result, books: Books, found: Found) -> None:
    """Each version's PDF and structured report stand in the study once, as the archive has it."""
    exam = one.exam
    if exam is None:
        return
    for linked in (linked for linked in exam.studies if linked.facts.images):
        attached = [event for event in made.ledger.timeline(exam.key) if isinstance(event, ReportAttached)]
        events = Counter(event.sop_instance_uid for event in attached if event.study == linked.facts.key)
        found.twice.extend(f"{exam.key}: attached twice: {uid}" for uid, times in events.items() if times > 1)
        instances = made.node.get(f"/studies/{linked.facts.key.orthanc_id}/instances").json()
        there = Counter(single["MainDicomTags"]["SOPInstanceUID"] for single in instances)
        missing = [uid for uid in events if there[uid] != 1]
        found.lost.extend(f"{exam.key}: document {uid} is {there[uid]} times in the archive" for uid in missing)
        unrecorded = there.keys() - events.keys() - set(books.instances)
        found.twice.extend(f"{exam.key}: {uid} stands there unrecorded" for uid in sorted(unrecorded))


def _as_undisturbed(one: Result, undisturbed: Verdicts | None, found: Found) -> None:
    key = one.story.order.key
    if not one.as_expected:
        exam = one.exam
        shown = (
            exam and exam.verdict and exam.verdict.outcome.value,
            exam and exam.billing.value,
            [version.report.status.value for version in exam.reports] if exam else [],
            len(exam.attached) if exam else 0,
            [str(linked.facts.key) for linked in exam.studies] if exam else [],
        )
        found.differs.append(f"{one.story.id} {key.accession} did not end as it should: {shown}")
    if undisturbed is None:
        return
    got = verdicts_of([one]).get(one.story.id)
    if got != undisturbed.get(one.story.id):
        found.differs.append(f"{one.story.id} {key.accession}: {got} instead of {undisturbed.get(one.story.id)}")
