"""What a number of exams means: instances, bytes, messages, rows, and what comes in the peak hour.

Everything is proportional to the exams, so the parts of a country add up to the country.
"""

from __future__ import annotations

from enum import StrEnum

from ..values import Value
from .assumptions import Assumptions

DAYS = 365
HOURS = tuple(f"h{hour:02}" for hour in range(24))


class Size(StrEnum):
    """How large an installation is looked at."""

    HOSPITAL = "hospital"  # an average one
    LARGE = "large"  # the largest kind of hospital
    PROVINCE = "province"  # an average one
    REGION = "region"
    COUNTRY = "country"


class Load(Value):
    """What comes to an installation. A year has 365 days; peaks are of the peak hour of a working day, unbursted."""

    hospitals: float
    exams_year: float
    exams_day: float  # a working day
    exams_hour: float  # the peak hour
    instances_year: float
    bytes_year: float  # of images
    messages_year: float
    deliveries_year: float
    rows_year: float  # of the ledger
    ledger_year: float  # bytes of the ledger on PostgreSQL
    ledger_sqlite_year: float
    events_year: float  # bytes of the ledger's largest table
    instances_second: float
    bytes_second: float
    store_second: float  # seconds in which an Orthanc stores what a second of the peak hour brings
    messages_second: float
    judgings_second: float
    deliveries_second: float
    commits_second: float


def hospitals(size: Size, known: Assumptions) -> float:
    """Return how many hospitals an installation of a size has; an average place has a fraction."""
    all_of_them = known["country.hospitals"]
    return {
        Size.HOSPITAL: 1.0,
        Size.LARGE: 1.0,
        Size.PROVINCE: all_of_them / known["country.provinces"],
        Size.REGION: all_of_them / known["country.regions"],
        Size.COUNTRY: all_of_them,
    }[size]


def exams_of_country(known: Assumptions) -> float:
    """Return the exams of a year."""
    return sum(known[f"kind.{kind}.exams"] for kind in known.below("kind")) * known["country.people"] / 1000


def load(size: Size, known: Assumptions) -> Load:
    """Return what comes to an installation of a size."""
    count = hospitals(size, known)
    if size is Size.LARGE:
        return load_of(count, known["country.large_hospital"] / _busy(known) * DAYS, known)
    return load_of(count, exams_of_country(known) * count / known["country.hospitals"], known)


def busiest(size: Size, known: Assumptions) -> Load:
    """Return what comes to the busiest node where each hospital has its own; every place has a large hospital."""
    return load(Size.HOSPITAL if size is Size.HOSPITAL else Size.LARGE, known)


def load_of(count: float, exams: float, known: Assumptions) -> Load:
    """Return what so many exams a year mean, of so many hospitals."""
    day = exams / DAYS * _busy(known)
    hour = day * peak_share(known)
    per = {one: known[f"exam.{one}"] for one in ("messages", "judgings", "deliveries", "views", "commits")}
    instances, size, seconds = _images(known)
    beside = (
        per["messages"] * known["ledger.message"]
        + per["deliveries"] * known["ledger.delivery"]
        + per["views"] * known["ledger.audit"]
    )
    second = hour / 3600
    return Load(
        hospitals=count,
        exams_year=exams,
        exams_day=day,
        exams_hour=hour,
        instances_year=exams * instances,
        bytes_year=exams * size,
        messages_year=exams * per["messages"],
        deliveries_year=exams * per["deliveries"],
        rows_year=exams * (known["ledger.folded"] + per["messages"] + per["deliveries"] + per["views"]),
        ledger_year=exams * (known["ledger.bytes_postgresql"] + beside),
        ledger_sqlite_year=exams * (known["ledger.bytes_sqlite"] + beside),
        events_year=exams * known["ledger.bytes_postgresql"] * known["ledger.events"],
        instances_second=second * instances,
        bytes_second=second * size,
        store_second=second * seconds,
        messages_second=second * per["messages"],
        judgings_second=second * per["judgings"],
        deliveries_second=second * per["deliveries"],
        commits_second=second * per["commits"],
    )


def weights(known: Assumptions) -> tuple[float, ...]:
    """Return what share of a day's exams each hour has."""
    drawn = [known[f"hour.{hour}"] for hour in HOURS]
    return tuple(one / sum(drawn) for one in drawn)


def peak_share(known: Assumptions) -> float:
    """Return the share of the hour that has most."""
    return max(weights(known))


def shares(known: Assumptions) -> dict[str, float]:
    """Return the share of each kind among all exams."""
    kinds = known.below("kind")
    total = sum(known[f"kind.{kind}.exams"] for kind in kinds)
    return {kind: known[f"kind.{kind}.exams"] / total if total else 0.0 for kind in kinds}


def seconds_to_store(kind: str, known: Assumptions) -> float:
    """Return how long an Orthanc stores an exam of a kind: by the number of its instances or by their bytes."""
    instances = known[f"kind.{kind}.instances"]
    size = instances * known[f"kind.{kind}.bytes"]
    return max(instances / known["rate.instances"], size / known["rate.stored"])


def _images(known: Assumptions) -> tuple[float, float, float]:
    """Return instances, bytes and seconds to store of an average exam."""
    of = shares(known)
    instances = {kind: known[f"kind.{kind}.instances"] for kind in of}
    return (
        sum(share * instances[kind] for kind, share in of.items()),
        sum(share * instances[kind] * known[f"kind.{kind}.bytes"] for kind, share in of.items()),
        sum(share * seconds_to_store(kind, known) for kind, share in of.items()),
    )


def _busy(known: Assumptions) -> float:
    return known["country.busy_day"]
