"""Announcements are the rulebook's own dated sources."""

from datetime import date, datetime

from msgspec.structs import replace

from gecit.core.announcements import announcements
from gecit.core.rulebook import Rulebook
from gecit.core.values import local
from gecit.edges.rules_files import read_folder
from tests.test_settings import REPOSITORY

# Counted by hand in the Ministry's page: dated notices that name a rule or a window.
FIRST = date(2018, 5, 10)


def book() -> Rulebook:
    return read_folder(REPOSITORY / "rules")


def test_newest_first_and_each_notice_once() -> None:
    found = announcements(book())
    days = [one.published for one in found]
    assert days == sorted(days, reverse=True)
    assert days[-1] == FIRST
    assert len({one.id for one in found}) == len(found) > 20


def test_a_notice_of_two_windows_is_one_announcement() -> None:
    found = [one for one in announcements(book()) if one.published == date(2022, 3, 7)]
    assert [len(one.exemptions) for one in found] == [2]


def test_loinc_notice_says_what_begins_and_when() -> None:
    (loinc,) = (one for one in announcements(book()) if one.title == "LOINC Kodu Kontrolü")
    assert [one.of for one in loinc.rules] == ["loinc-code"]
    assert loinc.rules[0].start == local(datetime.fromisoformat("2020-03-16T00:00"))


def test_what_a_site_added_is_no_announcement_of_the_ministry() -> None:
    shipped = book()
    own = Rulebook.of(
        tuple(replace(one, origin="site") for one in shipped.rules),
        tuple(
            replace(one, windows=tuple(replace(window, origin="site") for window in one.windows))
            for one in shipped.exemptions
        ),
    )
    assert announcements(shipped)
    assert announcements(own) == ()
