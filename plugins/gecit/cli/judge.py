"""`gecit judge`: what an exam is judged, or was judged, by what was known at an instant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import click
import msgspec

from gecit.core.checks import Context
from gecit.core.events import ExamJudged
from gecit.core.exam import Exam
from gecit.core.judge import Compiled, marks_of
from gecit.core.order import ExamKey
from gecit.core.rulebook import Rulebook
from gecit.core.values import ISTANBUL, Text, Value, local
from gecit.core.verdict import Finding, Status, Verdict
from gecit.ports import Snapshot
from gecit.processes.build import Parts
from gecit.processes.rules import context_from, context_of
from gecit.web.words import STATUSES

from .common import as_json, exam_key, parts, print_json


class Moment(click.ParamType[datetime]):
    """An ISO 8601 date or instant; without a zone it is Europe/Istanbul."""

    name = "instant"

    def convert(self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read it."""
        if isinstance(value, datetime):
            return value
        try:
            return local(datetime.fromisoformat(value))
        except ValueError:
            self.fail(f"tarih okunamadı / no ISO 8601 date or instant: {value!r}", param, ctx)


class Turn(Value):
    """What one rule said, and what it says now."""

    rule: str
    before: Status | None
    after: Status | None
    exemptions: tuple[str, ...]  # ids of the windows that excuse now


@click.command()
@click.argument("accession")
@click.option("--institution", default="", help="SKRS code, where several have the accession number.")
@click.option("--known-at", type=Moment(), help="By what was known then: rules, site's choices, messages, images.")
@click.option("--valid-at", type=Moment(), help="As if every date of the exam were this one.")
@as_json
def judge(
    accession: str, institution: str, known_at: datetime | None, valid_at: datetime | None, as_json: bool
) -> None:
    """Judge an exam by what was known at an instant, by default now, beside what was recorded; changes nothing."""
    with parts(create=False) as opened:
        key = exam_key(opened, accession, institution)
        moment = known_at or opened.clock.now()
        exam = opened.ledger.exam_at(key, moment)
        if exam is None:
            raise click.ClickException(f"{key}: o anda böyle bir tetkik yoktu / there was no such exam then")
        standing = _recorded(opened, key, moment)
        verdict = _judged(opened, exam, moment, valid_at, standing)
        recorded = None if valid_at else standing
    same = None if recorded is None else _said(recorded) == _said(verdict)
    turns = turned(recorded, verdict) if recorded else ()
    if as_json:
        print_json(
            {
                "exam": msgspec.to_builtins(key),
                "verdict": msgspec.to_builtins(verdict),
                **_beside(recorded, same, turns),
            }
        )
    else:
        click.echo(f"{key}  {exam.modality}")
        _print(verdict)
        _print_recorded(recorded, verdict, turns)


def _judged(
    opened: Parts, exam: Exam, moment: datetime, valid_at: datetime | None, standing: Verdict | None
) -> Verdict:
    rules, context = _known(opened, moment, standing)
    if rules is None:
        raise click.ClickException("o anda yürürlükte kural yoktu / no rulebook was in force then")
    known: Context = context_from(context) if context else context_of(opened.settings)
    compiled = Compiled(Rulebook.from_json(rules.content), known)
    return compiled.judge(exam, judged_at=moment, known_at=moment, valid_at=valid_at)


def _known(opened: Parts, moment: datetime, standing: Verdict | None) -> tuple[Snapshot | None, Snapshot | None]:
    """What was in force at an instant; at that of a verdict what it names: a process learns of news a second late."""
    ledger = opened.ledger
    rules, context = ledger.rulebook_at(moment), ledger.context_at(moment)
    if standing is None or standing.known_at != moment:
        return rules, context
    return ledger.rulebook_named(standing.rulebook) or rules, ledger.context_named(standing.codes) or context


def _recorded(opened: Parts, key: ExamKey, moment: datetime) -> Verdict | None:
    """The verdict that stood at an instant, as it was recorded."""
    judged = [one for one in opened.ledger.timeline(key) if isinstance(one, ExamJudged) and one.at <= moment]
    return judged[-1].verdict if judged else None


def _said(verdict: Verdict) -> Verdict:
    """A verdict without its instants: what is judged again later is due later."""
    first = datetime(1970, 1, 1, tzinfo=ISTANBUL)
    findings = tuple(msgspec.structs.replace(one, recheck_at=None) for one in verdict.findings)
    return msgspec.structs.replace(verdict, findings=findings, judged_at=first, known_at=first, due_at=None)


def turned(recorded: Verdict, verdict: Verdict) -> tuple[Turn, ...]:
    """Return the rules whose status or exemptions differ; None stands for a rule without power over the exam."""
    before, after = (
        {rule: (status, ids) for rule, status, ids in marks_of(one).findings} for one in (recorded, verdict)
    )
    none: tuple[None, tuple[str, ...]] = (None, ())
    return tuple(
        Turn(
            rule=rule,
            before=before.get(rule, none)[0],
            after=after.get(rule, none)[0],
            exemptions=after.get(rule, none)[1],
        )
        for rule in sorted(before.keys() | after.keys())
        if before.get(rule) != after.get(rule)
    )


def _beside(recorded: Verdict | None, same: bool | None, turns: Sequence[Turn]) -> dict[str, object]:
    built = msgspec.to_builtins(recorded) if recorded else None
    return {"recorded": built, "equal": same, "differs": [msgspec.to_builtins(one) for one in turns]}


def _print(verdict: Verdict) -> None:
    click.echo(
        f"{verdict.outcome.value.upper()}  rulebook {verdict.rulebook[:12]}, context {verdict.codes[:12] or '-'}"
    )
    click.echo(f"known at {local(verdict.known_at).isoformat()}")
    if verdict.due_at:
        click.echo(f"due {local(verdict.due_at).isoformat()}")
    for one in verdict.findings:
        _print_finding(one)


def _print_finding(one: Finding) -> None:
    click.echo(f"\n  {_both(STATUSES[one.status]):<24}  {one.rule}  ({one.effect.value})")
    _print_text("", one.title)
    _print_text("", one.reason)
    _print_text("-> ", one.fix)
    facts = {"who": one.who, "where": one.where, "expected": one.expected, "found": one.found}
    said = "  ".join(f"{name}: {value}" for name, value in facts.items() if value)
    for line in (said, f"excused by: {', '.join(one.exemptions)}" if one.exemptions else ""):
        if line:
            click.echo(f"      {line}")


def _print_text(before: str, text: Text | None) -> None:
    if text:
        click.echo(f"      {before}{_both(text)}")


def _print_recorded(recorded: Verdict | None, verdict: Verdict, turns: Sequence[Turn]) -> None:
    if recorded is None:
        click.echo("\nkayıtlı karar yok / no verdict was recorded to compare with")
        return
    said = _comparison(recorded, verdict, turns)
    click.echo(
        f"\n{said} the verdict recorded at {local(recorded.judged_at).isoformat()}: "
        f"{recorded.outcome.value.upper()}, rulebook {recorded.rulebook[:12]}"
    )
    for one in turns:
        windows = f" ({', '.join(one.exemptions)})" if one.exemptions else ""
        click.echo(f"  {one.rule}: {_status(one.before)} -> {_status(one.after)}{windows}")


def _comparison(recorded: Verdict, verdict: Verdict, turns: Sequence[Turn]) -> str:
    if _said(recorded) == _said(verdict):
        return "aynı / equal to"
    if recorded.outcome is verdict.outcome and not turns:  # only words, values or dates: nothing is judged anew for it
        return "sonuç ve durumlar aynı, sözler farklı / same outcome and statuses, other words than"
    return "FARKLI / DIFFERS from"


def _status(status: Status | None) -> str:
    return _both(STATUSES[Status.NOT_IN_FORCE if status is None else status])


def _both(text: Text) -> str:
    return f"{text.tr} / {text.en}"
