"""The tables of `gecit scale`, for the terminal and for `docs/scale.md`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from gecit.core.scale.amounts import amount, span, times
from gecit.core.scale.assumptions import Assumptions
from gecit.core.scale.day import Day, Lost, Stage
from gecit.core.scale.limits import Limit, Outlook, months_until_full
from gecit.core.scale.load import Size
from gecit.core.scale.remedies import REMEDIES
from gecit.core.values import Text


class Table(NamedTuple):
    """Headings and rows, texts all."""

    headings: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]

    def markdown(self) -> str:
        """Return it as a table of Markdown."""
        lines = [self.headings, ("---",) * len(self.headings), *self.rows]
        return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


SIZES = {
    Size.HOSPITAL: Text(tr="hastane", en="hospital"),
    Size.LARGE: Text(tr="büyük hastane", en="large hospital"),
    Size.PROVINCE: Text(tr="il", en="province"),
    Size.REGION: Text(tr="bölge", en="region"),
    Size.COUNTRY: Text(tr="ülke", en="country"),
}
STAGES = {
    Stage.STORE: Text(tr="görüntü", en="images"),
    Stage.HL7: Text(tr="HL7", en="HL7"),
    Stage.JUDGE: Text(tr="karar", en="judging"),
    Stage.DELIVER: Text(tr="teslim", en="delivery"),
    Stage.COMMIT: Text(tr="veritabanı", en="database"),
}
AWAY = {
    Lost.NOTHING: Text(tr="her şey ayakta", en="all well"),
    Lost.NODE: Text(tr="düğüm yok", en="node away"),
    Lost.DATABASE: Text(tr="veritabanı yok", en="database away"),
}

ONE_NODE = "Hepsine tek düğüm, SQLite / One node for all, SQLite"
EACH_OWN = "Her hastaneye bir düğüm, tek PostgreSQL / A node for each hospital, one PostgreSQL"

Shown = Callable[[Outlook, Assumptions], str]
AMOUNTS: tuple[tuple[Text, Shown], ...] = (
    (Text(tr="hastane, düğüm", en="hospitals, nodes"), lambda o, _: amount(o.nodes)),
    (Text(tr="tetkik/yıl", en="exams/year"), lambda o, _: amount(o.whole.exams_year)),
    (Text(tr="tetkik/iş günü", en="exams/working day"), lambda o, _: amount(o.whole.exams_day)),
    (Text(tr="tetkik/yoğun saat", en="exams/peak hour"), lambda o, _: amount(o.whole.exams_hour)),
    (Text(tr="görüntü/yıl", en="instances/year"), lambda o, _: amount(o.whole.instances_year)),
    (Text(tr="görüntü baytı/yıl", en="image bytes/year"), lambda o, _: amount(o.whole.bytes_year, "B")),
    (Text(tr="disk/yıl", en="disks/year"), lambda o, k: amount(o.whole.bytes_year / k["node.disk"])),
    (Text(tr="HL7 iletisi/yıl", en="HL7 messages/year"), lambda o, _: amount(o.whole.messages_year)),
    (Text(tr="teslimat/yıl", en="deliveries/year"), lambda o, _: amount(o.whole.deliveries_year)),
    (Text(tr="defter satırı/yıl", en="ledger rows/year"), lambda o, _: amount(o.whole.rows_year)),
    (Text(tr="defter baytı/yıl", en="ledger bytes/year"), lambda o, _: amount(o.whole.ledger_year, "B")),
    (Text(tr="bağlantı", en="connections"), lambda o, k: amount(o.nodes * k["node.connections"])),
    (Text(tr="yoğun saat: görüntü/s", en="peak hour: instances/s"), lambda o, _: amount(o.whole.instances_second)),
    (Text(tr="yoğun saat: HL7/s", en="peak hour: HL7/s"), lambda o, _: amount(o.whole.messages_second)),
    (Text(tr="yoğun saat: karar/s", en="peak hour: judgings/s"), lambda o, _: amount(o.whole.judgings_second)),
    (Text(tr="yoğun saat: teslimat/s", en="peak hour: deliveries/s"), lambda o, _: amount(o.whole.deliveries_second)),
    (Text(tr="yoğun saat: commit/s", en="peak hour: commits/s"), lambda o, _: amount(o.whole.commits_second)),
    (Text(tr="yoğun saat: ağ, hepsi", en="peak hour: network, all"), lambda o, k: _bits(o.whole.bytes_second, k)),
    (Text(tr="yoğun saat: ağ, en yoğun düğüm", en="peak hour: network, busiest node"),
     lambda o, k: _bits(o.node.bytes_second, k)),
)  # fmt: skip
"""A row each: what is shown of an outlook."""


def _bits(stored: float, known: Assumptions) -> str:
    return amount(stored * (1 + known["exam.fetched"]) * 8, "bit/s")


def both(text: Text) -> str:
    """Write a text in both languages, once where they are alike."""
    return text.tr if text.tr == text.en else f"{text.tr} / {text.en}"


def amounts(outlooks: Sequence[Outlook], known: Assumptions) -> Table:
    """Return what each size means."""
    return Table(
        ("", *(both(SIZES[one.size]) for one in outlooks)),
        [(both(name), *(shown(one, known) for one in outlooks)) for name, shown in AMOUNTS],
    )


def breaking(outlooks: Sequence[Outlook], known: Assumptions, *, one_node: bool) -> Table:
    """Return for each size what breaks, in the order in which it does; what comes nearest where nothing does."""
    rows: list[tuple[str, ...]] = []
    for outlook in outlooks:
        size = both(SIZES[outlook.size])
        broken = broken_first(outlook, known, one_node=one_node)
        if not broken:
            nearest = (outlook.one_node if one_node else outlook.each_own)[0]
            rows.append((size, f"– ({both(nearest.named)})", times(nearest.used), "–", nearest.basis.value))
        rows += [(size, both(one.named), times(one.used), when(one, known), one.basis.value) for one in broken]
    return Table(("", "önce kırılan / breaks", "yük:sınır / load:bound", "ne zaman / when", "sınır / bound"), rows)


def broken_first(outlook: Outlook, known: Assumptions, *, one_node: bool) -> list[Limit]:
    """Return what breaks, the first first."""
    limits = outlook.one_node if one_node else outlook.each_own
    return sorted((one for one in limits if one.breaks), key=lambda one: (months(one, known), -one.used))


def all_broken(outlooks: Sequence[Outlook], known: Assumptions) -> Iterator[str]:
    """Yield the keys of all that breaks at any size."""
    for one_node in (True, False):
        for outlook in outlooks:
            yield from (one.key for one in broken_first(outlook, known, one_node=one_node))


def remedies(keys: Iterable[str]) -> Table:
    """Return what to do about each bound."""
    rows = [(both(REMEDIES[key].what), REMEDIES[key].then.tr, REMEDIES[key].then.en) for key in dict.fromkeys(keys)]
    return Table(("kırılınca / where it breaks", "yapılacak", "then"), rows)


def months(limit: Limit, known: Assumptions) -> float:
    """Return the months until a bound breaks; 0 = at once."""
    full = months_until_full(limit, known)
    return full if full != float("inf") else 0.0


def when(limit: Limit, known: Assumptions) -> str:
    """Say when a bound that breaks does."""
    until = months(limit, known)
    return "hemen / at once" if not until else f"{until:.0f} ay / months" if until >= 1 else "< 1 ay / month"


def days(found: Iterable[Day]) -> Table:
    """Return what waited on simulated days."""
    rows = [
        (away(day), both(STAGES[one.stage]), f"{one.came:,}", f"{one.most_waiting:,}", span(one.p99),
         span(one.longest), "–" if one.caught_up is None else span(one.caught_up), f"{one.left:,}")
        for day in found
        for one in day.stages
    ]  # fmt: skip
    return Table(
        ("gün / day", "", "gelen / came", "en çok bekleyen / most waiting", "p99", "en uzun / longest",
         "yetişme / caught up after", "gece yarısı / left"), rows
    )  # fmt: skip


def hours(day: Day) -> Table:
    """Return a day hour by hour."""
    rows = [
        (f"{one.hour:02}", both(STAGES[stage.stage]), f"{one.came:,}", f"{one.done:,}", f"{one.waiting:,}",
         span(one.mean), span(one.longest))
        for stage in day.stages
        for one in stage.hours
    ]  # fmt: skip
    return Table(
        (
            "saat / hour",
            "",
            "gelen / came",
            "biten / done",
            "bekleyen / waiting",
            "ortalama / mean",
            "en uzun / longest",
        ),
        rows,
    )


def away(day: Day) -> str:
    """Say what is away on a day."""
    return both(AWAY[day.lost]) + (f", {day.minutes:g} min" if day.minutes else "")


def assumed(known: Assumptions, *, only_given: bool = False) -> Table:
    """Return the assumptions with what each rests on."""
    return Table(
        ("anahtar / key", "değer / value", "sınır / bounds", "birim / unit", "dayanak / basis", "kaynak / source"),
        [
            (
                key,
                f"{one.value:.12g}",
                f"{one.least:.12g} … {one.most:.12g}",
                one.unit.value,
                one.basis.value,
                one.source,
            )
            for key, one in known.numbers.items()
            if not only_given or one.basis.value == "given"
        ],
    )
