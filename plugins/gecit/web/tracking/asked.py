"""The filter of the list: between the fields of an address and a search of the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import ClassVar, Self
from urllib.parse import urlencode

from gecit.core.access import Reach
from gecit.core.search import ExamSearch, Place
from gecit.core.values import ISTANBUL, Value

FIELDS = ("outcome", "billing", "rule", "modality", "device", "institution", "from", "to", "accession", "study")
"""What an address, an export and a saved view may hold; a TCKN is in none of them (design 7.11)."""

PARKED = "parked"
LONGEST = 128
YEARS = range(1900, 2200)
"""Of days that can be meant; at the ends of the calendar the day after, or the same in UTC, cannot be told."""


class Filter(Value):
    """What was asked of a list, as it stood in its form; each list names the fields that it knows."""

    known: ClassVar[tuple[str, ...]] = ()
    fields: dict[str, str]
    wrong_day: bool = False

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Self:
        """Read the fields that are known and not empty; a day that cannot be read is left out, and said so."""
        fields = {name: given[name].strip()[:LONGEST] for name in cls.known if given.get(name, "").strip()}
        wrong = [name for name in ("from", "to") if name in fields and day_of(fields[name]) is None]
        return cls(fields={name: fields[name] for name in fields if name not in wrong}, wrong_day=bool(wrong))

    def query(self, **further: str) -> str:
        """Return the query string of an address that asks for the same."""
        return urlencode({**self.fields, **{name: value for name, value in further.items() if value}})


class Asked(Filter):
    """What was asked of the list of exams."""

    known = FIELDS

    def search(self, reach: Reach) -> ExamSearch:
        """Return the search of the ledger; `to` is the last day that is inside."""
        found = self.fields
        billing = found.get("billing", "")
        last = day_of(found.get("to", ""))
        return ExamSearch(
            reach=reach,
            outcome=found.get("outcome", ""),
            billing="" if billing == PARKED else billing,
            parked=billing == PARKED,
            rule=found.get("rule", ""),
            modality=found.get("modality", ""),
            device=found.get("device", ""),
            institution=found.get("institution", ""),
            since=day_of(found.get("from", "")),
            until=last + timedelta(days=1) if last else None,
            accession=found.get("accession", ""),
            study_uid=found.get("study", ""),
        )


def day_of(text: str) -> datetime | None:
    """Return the beginning of a day in Europe/Istanbul; None where it is none, or none of YEARS."""
    try:
        found = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=ISTANBUL)
    except ValueError:
        return None
    return found if found.year in YEARS else None


def write_place(place: Place | None) -> str:
    """Return a place of the list as an address has it."""
    return f"{place.listed_at.isoformat()}~{place.institution}~{place.accession}" if place else ""


def read_place(text: str) -> Place | None:
    """Return the place that an address names; None where it names none."""
    at, _, key = text.partition("~")
    institution, separator, accession = key.partition("~")
    try:
        listed_at = datetime.fromisoformat(at)
    except ValueError:
        return None
    if not separator or listed_at.tzinfo is None or listed_at.year not in YEARS:
        return None
    return Place(listed_at=listed_at, institution=institution, accession=accession)
