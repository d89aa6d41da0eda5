from __future__ import annotations

import tomllib
from collections.abc import Callable
from copy import deepcopy
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from gecit.core.rulebook import Rulebook
from gecit.core.rulefile import RulebookError, parse
from gecit.core.values import ISTANBUL, to_json

RULE = tomllib.loads("""
id = "loinc-code"
dated_by = "order_date"
effect = "hold"
who = "HBYS"
where = "OBR-4.4"
title = { tr = "başlık", en = "title" }
fix = { tr = "onarın", en = "mend" }

[[edition]]
from = 2020-03-16T00:00:00
until = 2021-01-01
published = 2020-02-18
check = "has_loinc"
applies = { modality = "any" }
source = { kind = "notice", title = "LOINC" }

[[edition]]
from = 2021-01-01
published = 2020-12-01
check = "has_loinc"
params = { check_digit = true }
applies = { modality = ["CT"] }
source = { kind = "notice", title = "LOINC" }
""")
EXEMPTION = tomllib.loads("""
excuses = ["loinc-code"]
dated_by = "order_date"
title = { tr = "muafiyet", en = "exemption" }

[[window]]
from = 2021-08-31T09:30:00
last = 2021-08-31T12:30:00
published = 2021-09-08
source = { kind = "notice", title = "31.08.2021" }

[[window]]
from = 2021-09-01
last = 2021-09-02
published = 2021-09-08
source = { kind = "notice", title = "1-2.09.2021" }
""")
NAME, OTHER = "submission/loinc-code.toml", "exemptions/outage.toml"


def files() -> dict[str, dict[str, Any]]:
    return {NAME: deepcopy(RULE), OTHER: deepcopy(EXEMPTION)}


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=ISTANBUL)  # type: ignore[arg-type, misc]


def written(moment: str) -> datetime:
    return datetime.fromisoformat(moment)  # naive, as TOML gives it


def test_editions_begin_on_their_first_instant_and_end_before_the_next_one() -> None:
    rule = parse(files()).rule("loinc-code")
    first, second = rule.editions
    assert rule.edition_at(at(2020, 3, 15, 23, 59, 59)) is None
    assert rule.edition_at(at(2020, 3, 16)) is first
    assert rule.edition_at(at(2020, 12, 31, 23, 59, 59)) is first
    assert rule.edition_at(at(2021, 1, 1)) is second
    assert (second.params, second.applies.modality) == ({"check_digit": True}, ("CT",))


def test_a_window_is_closed_at_minute_resolution() -> None:
    window = parse(files()).exemptions[0].windows[0]
    assert not window.covers(at(2021, 8, 31, 9, 29, 59))
    assert window.covers(at(2021, 8, 31, 9, 30))
    assert window.covers(at(2021, 8, 31, 12, 30, 59))
    assert not window.covers(at(2021, 8, 31, 12, 31))


def test_a_date_without_a_time_is_the_whole_day() -> None:
    window = parse(files()).exemptions[0].windows[1]
    assert not window.covers(at(2021, 8, 31, 23, 59, 59))
    assert window.covers(at(2021, 9, 1))
    assert window.covers(at(2021, 9, 2, 23, 59, 59))
    assert not window.covers(at(2021, 9, 3))


def test_an_instant_of_another_zone_is_the_same_instant() -> None:
    given = files()
    given[OTHER]["window"][0]["from"] = tomllib.loads("a = 2021-08-31T06:30:00Z")["a"]
    assert parse(given).exemptions[0].windows[0].start == at(2021, 8, 31, 9, 30)


def test_windows_may_overlap_and_touch_and_have_their_own_names() -> None:
    given = files()
    second = given[OTHER]["window"][1]
    second["from"], second["last"] = written("2021-08-31T12:30"), written("2021-08-31T14:00")
    windows = parse(given).exemptions[0].windows
    assert [one.id for one in windows] == ["outage@2021-08-31T09:30", "outage@2021-08-31T12:30"]
    assert all(one.covers(at(2021, 8, 31, 12, 30)) for one in windows)


def test_a_window_may_stay_open() -> None:
    given = files()
    window = given[OTHER]["window"][1]
    del window["last"]
    window["open_ended"] = True
    assert parse(given).exemptions[0].windows[1].covers(at(2099, 1, 1))


def test_a_rule_of_unknown_age_counts_at_any_date() -> None:
    given = files()
    first, _ = given[NAME]["edition"]
    del first["from"]
    first["start_unknown"] = True
    assert parse(given).rule("loinc-code").edition_at(at(1999, 1, 1)) is not None
    given[NAME]["edition"] = [first]
    del first["until"]
    assert parse(given).rule("loinc-code").editions[0].timeless


def test_a_gap_that_is_explained_is_accepted() -> None:
    given = files()
    given[NAME]["edition"][1]["from"] = date(2021, 2, 1)
    given[NAME]["edition"][1]["gap"] = "suspended in January 2021"
    assert parse(given).rule("loinc-code").edition_at(at(2021, 1, 15)) is None


def edition(given: dict[str, dict[str, Any]], number: int) -> dict[str, Any]:
    """The edition that faults number from 1."""
    found: dict[str, Any] = given[NAME]["edition"][number - 1]
    return found


# What is done to faultless files, and file, key and words of the one fault that must follow.
Breaks = Callable[[dict[str, dict[str, Any]]], object]
FAULTS: dict[str, tuple[Breaks, str, str, str]] = {
    "unknown key": (lambda f: f[NAME].update(efect="hold"), NAME, "efect", "did you mean 'effect'?"),
    "unknown key of an edition": (
        lambda f: edition(f, 2).update(form=date(2021, 1, 1)),
        NAME,
        "edition[2].form",
        "did you mean 'from'?",
    ),
    "missing key": (lambda f: f[NAME].pop("who"), NAME, "who", "is missing"),
    "missing language": (lambda f: f[NAME]["fix"].pop("tr"), NAME, "fix.tr", "is missing"),
    "empty text": (lambda f: f[NAME]["title"].update(tr=""), NAME, "title.tr", "must not be empty"),
    "wrong type": (lambda f: f[NAME].update(where=4), NAME, "where", "must be text"),
    "table instead of list": (lambda f: f[NAME].update(edition={}), NAME, "edition", "must be a list"),
    "no scope": (lambda f: edition(f, 1).pop("applies"), NAME, "edition[1].applies", "is missing"),
    "unknown scope": (
        lambda f: edition(f, 1)["applies"].update(modalty=["CT"]),
        NAME,
        "edition[1].applies.modalty",
        "'modality'",
    ),
    "empty scope": (
        lambda f: edition(f, 1)["applies"].update(modality=[]),
        NAME,
        "edition[1].applies.modality",
        "list of texts",
    ),
    "date in quotes": (
        lambda f: edition(f, 1).update({"from": "2020-03-16"}),
        NAME,
        "edition[1].from",
        "not a valid date",
    ),
    "until before from": (
        lambda f: edition(f, 1).update(until=date(2020, 3, 16)),
        NAME,
        "edition[1].until",
        "is not after",
    ),
    "overlap": (
        lambda f: edition(f, 2).update({"from": written("2020-12-31T23:59")}),
        NAME,
        "edition[2].from",
        "overlaps",
    ),
    "overlap with an edition that never ends": (
        lambda f: edition(f, 1).pop("until"),
        NAME,
        "edition[2].from",
        "overlaps",
    ),
    "unexplained gap": (
        lambda f: edition(f, 2).update({"from": written("2021-01-01T00:01")}),
        NAME,
        "edition[2].gap",
        "gap",
    ),
    "both from and start unknown": (
        lambda f: edition(f, 1).update(start_unknown=True),
        NAME,
        "edition[1].start_unknown",
        "beside `from`",
    ),
    "unknown check": (
        lambda f: edition(f, 1).update(check="has_lonic"),
        NAME,
        "edition[1].check",
        "did you mean 'has_loinc'?",
    ),
    "unknown parameter": (
        lambda f: edition(f, 2)["params"].update(checkdigit=True),
        NAME,
        "edition[2].params.checkdigit",
        "'check_digit'",
    ),
    "parameter of another type": (
        lambda f: edition(f, 2)["params"].update(check_digit="yes"),
        NAME,
        "edition[2].params.check_digit",
        "true or false",
    ),
    "unknown date": (lambda f: f[NAME].update(dated_by="order_day"), NAME, "dated_by", "did you mean 'order_date'?"),
    "unknown effect": (lambda f: f[NAME].update(effect="holds"), NAME, "effect", "did you mean 'hold'?"),
    "notice without its day": (
        lambda f: edition(f, 1).pop("published"),
        NAME,
        "edition[1].published",
        "is missing",
    ),
    "no edition": (lambda f: f[NAME].pop("edition"), NAME, "edition", "is missing"),
    "exemption of an unknown rule": (
        lambda f: f[OTHER].update(excuses=["loinc-cod"]),
        "exemptions/outage",
        "excuses",
        "did you mean 'loinc-code'?",
    ),
    "window that ends before it begins": (
        lambda f: f[OTHER]["window"][0].update(last=written("2021-08-31T09:29")),
        OTHER,
        "window[1].last",
        "is before",
    ),
    "window without an end": (lambda f: f[OTHER]["window"][0].pop("last"), OTHER, "window[1].last", "is missing"),
    "window with seconds": (
        lambda f: f[OTHER]["window"][0].update(last=written("2021-08-31T12:30:59")),
        OTHER,
        "window[1].last",
        "seconds",
    ),
    "window twice": (
        lambda f: f[OTHER]["window"].append(deepcopy(f[OTHER]["window"][0])),
        f"{OTHER}: window",
        "id",
        "twice",
    ),
    "rule twice": (lambda f: f.update({"submission/again.toml": deepcopy(f[NAME])}), "submission/", "id", "twice"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named_by_file_and_key(name: str) -> None:
    broken, file, key, words = FAULTS[name]
    given = files()
    broken(given)
    with pytest.raises(RulebookError) as raised:
        parse(given)
    (fault,) = raised.value.faults
    assert (fault.file, fault.key) == (file, key)
    assert words in str(fault)
    assert fault.text.tr != fault.text.en


def test_all_faults_of_all_files_come_together() -> None:
    given = files()
    given[NAME]["effect"] = "x"
    given[NAME]["edition"][0]["check"] = "y"
    given[OTHER]["dated_by"] = "z"
    with pytest.raises(RulebookError) as raised:
        parse(given)
    assert {(one.file, one.key) for one in raised.value.faults} == {
        (NAME, "effect"),
        (NAME, "edition[1].check"),
        (OTHER, "dated_by"),
    }


def test_a_site_file_replaces_by_id_and_adds() -> None:
    own, new = deepcopy(RULE), deepcopy(RULE)
    own["title"]["en"] = "ours"
    new["id"] = "local-rule"
    book = parse(files(), {"submission/other-name.toml": own, "submission/local.toml": new})
    assert [(one.id, one.title.en, one.origin) for one in book.rules] == [
        ("local-rule", "title", "site"),
        ("loinc-code", "ours", "site"),
    ]
    assert book.exemptions[0].origin == "shipped"


def test_a_revision_survives_being_stored_and_depends_on_all_of_its_content() -> None:
    book = parse(files())
    again = Rulebook.from_json(book.to_json())
    assert again == book
    assert again.to_json() == book.to_json()
    changed = files()
    changed[OTHER]["window"][0]["last"] += timedelta(minutes=1)
    assert parse(changed).revision != book.revision


def test_the_order_in_which_files_are_read_does_not_change_the_revision() -> None:
    assert parse(dict(reversed(files().items()))).revision == parse(files()).revision


def test_a_stored_revision_that_was_tampered_with_is_refused() -> None:
    stored = msgspec.json.decode(parse(files()).to_json())
    stored["rules"][0]["effect"] = "warn"
    with pytest.raises(ValueError, match="changed after it was stored"):
        Rulebook.from_json(to_json(stored))
