"""Numbers, sizes, lengths of time and kinds of exam, as people of both languages read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from gecit.web.readable import amount, bytesize, kind_and_name, waited

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "turkish", "english"),
    [
        (0, "0", "0"),
        (999, "999", "999"),
        (1234567, "1.234.567", "1,234,567"),
        (0.5, "0,5", "0.5"),
        (1234.56, "1.234,56", "1,234.56"),
        (2.0, "2", "2"),
        (0.0, "0", "0"),
        (0.003, "0", "0"),
        (1234.001, "1.234", "1,234"),
        (2.999, "3", "3"),
    ],
)
def test_a_number_has_the_marks_of_its_language(value: float, turkish: str, english: str) -> None:
    assert said(amount, value) == (turkish, english)


@pytest.mark.parametrize(
    ("value", "turkish", "english"),
    [
        (0, "0 bayt", "0 bytes"),
        (999, "999 bayt", "999 bytes"),
        (1000, "1 kB", "1 kB"),
        (18_900_000, "18,9 MB", "18.9 MB"),
        (999_999_999, "1 GB", "1 GB"),
        (57_570_000_000, "57,6 GB", "57.6 GB"),
        (2_000_000_000_000_000, "2.000 TB", "2,000 TB"),
    ],
)
def test_a_size_is_in_the_unit_that_fits(value: float, turkish: str, english: str) -> None:
    assert said(bytesize, value) == (turkish, english)


@pytest.mark.parametrize(
    ("minutes", "turkish", "english"),
    [
        (-5, "0 dk", "0 min"),
        (0, "0 dk", "0 min"),
        (59, "59 dk", "59 min"),
        (60, "1 sa", "1 h"),
        (125, "2 sa 5 dk", "2 h 5 min"),
        (4559, "3 gün 3 sa", "3 d 3 h"),
        (1445, "1 gün 5 dk", "1 d 5 min"),
    ],
)
def test_how_long_something_waits_has_two_units_at_the_most(minutes: int, turkish: str, english: str) -> None:
    assert said(lambda since: waited(since, NOW), NOW - timedelta(minutes=minutes)) == (turkish, english)


@pytest.mark.parametrize(
    ("modality", "names", "shown"),
    [
        ("US", ("US, kasık",), "US, kasık"),
        ("CT", ("BT, beyin", "BT, toraks"), "BT, beyin, BT, toraks"),
        ("MG", ("Mamografi (tek meme)",), "Mamografi (tek meme)"),
        ("MR", ("mri brain",), "mri brain"),
        ("DX", ("Kafa grafisi",), "DX Kafa grafisi"),
        ("CT", ("MR, batın",), "CT MR, batın"),  # that they differ is worth seeing
        ("CT", (), "CT"),
        ("", ("Baş",), "Baş"),
        ("CT", ("",), "CT"),
    ],
)
def test_a_modality_is_not_said_twice(modality: str, names: tuple[str, ...], shown: str) -> None:
    assert kind_and_name(modality, names) == shown


def said(write, value):  # type: ignore[no-untyped-def]
    """What stands on a page in Turkish and in English."""
    app = Flask(__name__)
    found = []
    for language in ("tr", "en"):
        with app.test_request_context(f"/?lang={language}"):
            found.append(write(value))
    return tuple(found)
