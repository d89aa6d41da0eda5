"""Events as lines of an exam's timeline, with what each of them says."""

from __future__ import annotations

from datetime import datetime

from gecit.core import events as e
from gecit.core.background import Background
from gecit.core.values import Text, Value

from .masking import mask_text
from .phrases import cause
from .words import DOCUMENTS, OUTCOMES, REPORT, image_count, path_name
from .words_consulting import CONSULTATION_ACTS, CONSULTATION_OUTCOMES
from .words_quality import RATED


class ShownEvent(Value):
    """A line of the timeline."""

    at: datetime
    kind: str
    detail: Text | None = None


def show_event(event: e.Event) -> ShownEvent:
    """Return an event as a line of the timeline."""
    return ShownEvent(at=event.at, kind=type(event).__name__, detail=mask_text(_detail(event)))


def _detail(event: e.Event) -> Text | None:
    match event:
        case e.ExamJudged():
            return _judged(event)
        case e.StudyLinked(facts=facts, path=path):
            count, name = image_count(facts.images), path_name(path)
            return Text(tr=f"{count.tr}, {name.tr}", en=f"{count.en}, {name.en}")
        case e.MessageRemarked(remarks=remarks):
            said = [(one.code, one.text) for one in remarks]
            return Text(
                tr="; ".join(f"{code}: {t.tr}" for code, t in said), en="; ".join(f"{c}: {t.en}" for c, t in said)
            )
        case e.BackgroundRecorded(background=background):
            return _beside(background)
        case e.ReportReceived(report=report):
            return REPORT[report.status]
        case e.ReportSigned(report=report, signature=signature):
            return _by(signature.by, REPORT[report.status])
        case e.ConsultationAsked(consultation=one):
            return _plain(f"{one.asker} → {one.to.name}")
        case e.ConsultationMoved(act=act, by=by):
            return _by(by, CONSULTATION_ACTS[act]) if by else CONSULTATION_ACTS[act]
        case e.ConsultationAnswered(by=by):
            return _plain(by)
        case e.ConsultationClosed(by=by, outcome=kept):
            return _by(by, CONSULTATION_OUTCOMES[kept]) if by else CONSULTATION_OUTCOMES[kept]
        case e.HospitalAnswered(code=code, message=message):
            return _plain(f"{code} {message}".strip())
        case e.ExamRated(rating=one):
            return _by(
                one.rater, Text(tr=f"{RATED[one.kind].tr} {one.score}/5", en=f"{RATED[one.kind].en} {one.score}/5")
            )
        case e.HintsFound(hints=hints):
            return _plain(str(len(hints)))
        case e.ReadingTaken(reader=reader) | e.ReadingAssigned(reader=reader):
            return _plain(reader)
        case e.ReadingHeld(reader=reader, reason=why) | e.ReadingReleased(reader=reader, reason=why):
            return _by(reader, cause(why)) if why else _plain(reader)
        case e.CriticalMarked(by=by, text=text):
            return _by(by, _plain(text))
        case e.CriticalTakenBack(by=by, reason=why):
            return _by(by, _plain(why)) if why else _plain(by)
        case e.CriticalConfirmed(by=by, whom=whom):
            told = Text(tr=f"telefonla: {whom}", en=f"by telephone: {whom}")
            return _by(by, told) if whom else _plain(by)
        case e.ReportAttached(document=document, version=version):
            name = DOCUMENTS[document]
            return Text(tr=f"{version}. sürüm, {name.tr}", en=f"version {version}, {name.en}")
        case e.ReportRefused(rules=rules):
            return _plain(", ".join(rules))
        case e.NotificationAnswered(code=code, message=message):
            return _plain(f"{code} {message}".strip())
        case e.NotificationAddressed(institution_medula=code):
            return _plain(code)
        case e.StudyUnlinked(reason=why) | e.ReportDeferred(reason=why):
            return cause(why)
        case e.WithdrawalQueued(cause=why, by=by) if by:
            return _plain(f"{by}: {why}")
        case e.WithdrawalDismissed(reason=why, by=by):
            return _plain(f"{by}: {why}")
        case e.JudgingAsked(cause=why) | e.WithdrawalQueued(cause=why) | e.WithdrawalProposed(cause=why):
            return cause(why)
    return None


def _by(who: str, what: Text) -> Text:
    return Text(tr=f"{who}: {what.tr}", en=f"{who}: {what.en}")


def _plain(text: str) -> Text:
    return Text(tr=text, en=text)


def _judged(event: e.ExamJudged) -> Text:
    """Outcome, why it was judged, and by which revision."""
    book = event.verdict.rulebook[:12]
    parts = [OUTCOMES[event.verdict.outcome]]
    if event.cause:
        parts.append(cause(event.cause))
    if event.cause != f"rulebook {book}":
        parts.append(Text(tr=f"kural kitabı {book}", en=f"rulebook {book}"))
    return Text(tr=" · ".join(one.tr for one in parts), en=" · ".join(one.en for one in parts))


def _beside(background: Background) -> Text:
    queries, earlier = len(background.queries), len({(one.institution, one.accession) for one in background.earlier})
    return Text(
        tr=f"{queries} mükerrer sorgusu, {earlier} önceki tetkik",
        en=f"duplicate queries: {queries}, earlier exams: {earlier}",
    )
