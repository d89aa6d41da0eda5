"""Conformance cards: how well each sender's messages and exams keep the rules, and whether it gets better."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

from gecit.core.access import Reach
from gecit.core.values import Text, Value
from gecit.edges.store import SqlLedger, sender_counts
from gecit.edges.store.counts import SenderCounts

STEADY = 0.01
"""A share that moved by less than this did not move."""

MOST_REASONS = 8
REASON = re.compile(rb"[\r\n]ERR\|([^\r\n]*)")
CODE_PLACE = 3  # of ERR-1 (HL7 2.3.1): segment, sequence, field, code and its text


class Share(Value):
    """A rule or a reason, how many, and of how many; of a rule also how many messages, and of how many."""

    name: Text
    count: int
    of: int
    rule: str = ""
    messages: int = 0
    of_messages: int = 0

    @property
    def percent(self) -> float:
        """The share in per cent."""
        return 100 * self.count / self.of if self.of else 0.0


class Card(Value):
    """How a sender (SKRS code) did; `trend` is `better`, `worse`, `steady`, or empty without anything before."""

    institution: str
    messages: int
    refused: int
    last_good: datetime | None
    exams: int
    failing: tuple[Share, ...]
    reasons: tuple[Share, ...]
    trend: str

    @property
    def refused_percent(self) -> float:
        """The share of messages that were refused, in per cent."""
        return 100 * self.refused / self.messages if self.messages else 0.0


def cards_of(
    ledger: SqlLedger, reach: Reach, since: datetime, until: datetime, titles: Mapping[str, Text]
) -> list[Card]:
    """Return a card for each sender that a person reaches, the worst first; compared with as long before."""
    before = {one.institution: one for one in ledger.senders(reach, since - (until - since), since)}
    cards = [
        _card(ledger, one, before.get(one.institution), since, until, titles)
        for one in ledger.senders(reach, since, until)
    ]
    return sorted(cards, key=lambda one: (-one.refused_percent, one.institution))


def _card(
    ledger: SqlLedger,
    one: SenderCounts,
    before: SenderCounts | None,
    since: datetime,
    until: datetime,
    titles: Mapping[str, Text],
) -> Card:
    sent = sender_counts.by_rule(ledger, one.institution, since, until)
    rules = {**dict.fromkeys(sent, 0), **one.rules}
    failing = sorted(rules.items(), key=lambda pair: (-sent.get(pair[0], 0), -pair[1], pair[0]))
    refused = _refused(one)
    codes = reasons_of(ledger.refusals(one.institution, since, until)) if refused else []
    return Card(
        institution=one.institution,
        messages=_messages(one),
        refused=refused,
        last_good=ledger.last_accepted(one.institution),
        exams=one.exams,
        failing=tuple(
            Share(
                name=titles.get(rule) or _plain(rule),
                count=count,
                of=one.exams,
                rule=rule,
                messages=sent.get(rule, 0),
                of_messages=_messages(one),
            )
            for rule, count in failing
        ),
        reasons=tuple(Share(name=text, count=count, of=_messages(one), rule=code) for code, text, count in codes),
        trend=trend_of(before, one),
    )


def trend_of(before: SenderCounts | None, now: SenderCounts) -> str:
    """Compare what was refused or kept back with the stretch before."""
    was = _faulty(before) if before else None
    share = _faulty(now)
    if was is None or share is None:
        return ""
    if abs(was - share) < STEADY:
        return "steady"
    return "better" if share < was else "worse"


def _faulty(one: SenderCounts) -> float | None:
    """The mean share of refused messages and of rules that keep exams back; None where nothing was sent."""
    parts = [_refused(one) / _messages(one)] if _messages(one) else []
    parts += [sum(one.rules.values()) / one.exams] if one.exams else []
    return sum(parts) / len(parts) if parts else None


def _messages(one: SenderCounts) -> int:
    return sum(one.answers.values())


def _refused(one: SenderCounts) -> int:
    return sum(count for code, count in one.answers.items() if code != "AA")


def reasons_of(answers: Iterable[bytes]) -> list[tuple[str, Text, int]]:
    """Return why messages were refused by the codes of their answers (design 7.6): in how many each stands."""
    counts: Counter[str] = Counter()
    texts: dict[str, Text] = {}
    for answer in answers:
        said = {code: text for found in REASON.findall(answer) for code, text in _codes(found)}
        counts.update(said.keys())
        texts.update(said)
    return [(code, texts[code], count) for code, count in counts.most_common(MOST_REASONS)]


def _codes(errors: bytes) -> Iterable[tuple[str, Text]]:
    for one in errors.decode("utf-8", "replace").split("~"):
        parts = one.split("^")
        if len(parts) > CODE_PLACE:
            said = [*parts[CODE_PLACE].split("&"), *[""] * 5]
            yield said[0], Text(tr=said[1] or said[0], en=said[4] or said[0])


def _plain(text: str) -> Text:
    return Text(tr=text, en=text)
