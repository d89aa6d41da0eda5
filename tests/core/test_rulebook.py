from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from copy import deepcopy
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gecit.core.rulebook import Rulebook
from gecit.core.rulefile import RulebookError, parse
from gecit.core.tables import Fault
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


def test_a_window_that_was_announced_beforehand_says_so() -> None:
    given = files()
    given[OTHER]["window"][0].update(published=date(2021, 8, 30), announced_before=True)
    assert parse(given).exemptions[0].windows[0].published == date(2021, 8, 30)


def test_a_window_may_be_announced_on_its_own_day_or_weeks_later() -> None:
    for day in (date(2021, 8, 31), date(2021, 10, 31)):
        given = files()
        given[OTHER]["window"][0]["published"] = day
        assert parse(given).exemptions[0].windows[0].published == day


def test_a_gap_that_is_explained_is_accepted() -> None:
    given = files()
    given[NAME]["edition"][1]["from"] = date(2021, 2, 1)
    given[NAME]["edition"][1]["gap"] = "suspended in January 2021"
    assert parse(given).rule("loinc-code").edition_at(at(2021, 1, 15)) is None


def side_by_side(first: dict[str, Any], second: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The rule with two editions of different tracks that begin on one day, and a third that follows the first."""
    given = files()
    one, later = given[NAME]["edition"]
    other = deepcopy(one)
    one.update(track="a", applies=first)
    other.update(track="b", applies=second)
    later.update(track="a", applies=first)
    given[NAME]["edition"] = [one, other, later]
    return given


def test_editions_of_different_tracks_run_side_by_side() -> None:
    rule = parse(side_by_side({"modality": ["CT"]}, {"ownership": ["private"]})).rule("loinc-code")
    assert [(one.track, one.start) for one in rule.editions] == [
        ("a", at(2020, 3, 16)),
        ("a", at(2021, 1, 1)),
        ("b", at(2020, 3, 16)),
    ]
    assert [one.track for one in rule.editions_at(at(2020, 5, 1))] == ["a", "b"]
    assert [one.track for one in rule.editions_at(at(2021, 5, 1))] == ["a"]


def test_an_overlap_within_a_track_is_named_by_its_place_in_the_file() -> None:
    given = side_by_side({"modality": ["CT"]}, {"modality": ["MR"]})
    given[NAME]["edition"][2]["from"] = written("2020-12-31T23:59")
    assert [(one.key, one.text.en) for one in faults_of(given)] == [
        ("edition[3].from", "overlaps the edition before it")
    ]


@pytest.mark.parametrize("first", [{"modality": ["MR", "CT"]}, {"modality": "any"}])
def test_a_track_that_no_exam_can_reach_is_a_fault(first: dict[str, Any]) -> None:
    given = side_by_side(first, {"modality": ["CT", "MR"]})
    assert [one.key for one in faults_of(given)] == ["edition[2].applies"]
    assert "track 'a'" in faults_of(given)[0].text.en


def test_tracks_that_mean_the_same_exams_one_after_the_other_are_accepted() -> None:
    given = side_by_side({"modality": ["CT"]}, {"modality": ["CT"]})
    given[NAME]["edition"][1].update({"from": date(2019, 1, 1), "until": date(2020, 3, 16)})
    assert parse(given).rule("loinc-code").editions[2].track == "b"


def test_scopes_of_editions_and_windows_have_every_key() -> None:
    given = files()
    asked = {
        "modality": ["CT"],
        "not_modality": ["ES"],
        "institution": ["1"],
        "not_institution": ["2"],
        "ownership": ["private"],
        "sut": ["R1*"],
        "not_sut": ["R100250"],
        "device_serial": ["S"],
    }
    given[OTHER]["window"][0].update(applies=asked, teletip_id="T-7")
    edition(given, 1)["applies"] = asked
    book = parse(given)
    window = book.exemptions[0].windows[0]
    assert window.applies == book.rules[0].editions[0].applies
    assert {name: list(getattr(window.applies, name)) for name in window.applies.__struct_fields__} == asked
    assert window.teletip_id == "T-7"


def test_an_exemption_may_ask_for_a_check_that_must_pass() -> None:
    given = files()
    given[OTHER]["provided"] = {"check": "has_images", "params": {"minimum": 3}}
    one = parse(given).exemptions[0]
    assert (one.provided, one.provided_params) == ("has_images", {"minimum": 3})


ROWS = {"adds_to": "outage", "window": [dict(EXEMPTION["window"][0], **{"from": written("2021-08-30")})]}
SITE = "exemptions/our-rows.toml"


def test_a_site_adds_one_row_to_a_shipped_exemption_without_copying_it() -> None:
    (one,) = parse(files(), {SITE: deepcopy(ROWS)}).exemptions
    assert [(row.id, row.origin) for row in one.windows] == [
        ("outage@2021-08-30T00:00", "site"),
        ("outage@2021-08-31T09:30", "shipped"),
        ("outage@2021-09-01T00:00", "shipped"),
    ]
    assert one.origin == "shipped"


@pytest.mark.parametrize(
    ("change", "key", "words"),
    [
        ({"adds_to": "outag"}, "adds_to", "did you mean 'outage'?"),
        ({"excuses": ["loinc-code"]}, "excuses", "is unknown"),
        ({"window": []}, "window", "is missing"),
        ({"window": EXEMPTION["window"][:1]}, "id", f"stands twice ({OTHER}: window)"),
    ],
)
def test_rows_that_cannot_be_added_are_faults_of_their_own_file(change: dict[str, Any], key: str, words: str) -> None:
    (fault,) = faults_of(files(), {SITE: {**deepcopy(ROWS), **change}})
    assert fault.file.startswith(SITE) and fault.key == key
    assert words in str(fault)


def test_a_rule_with_a_fault_is_not_unknown_to_the_exemptions_that_name_it() -> None:
    given = files()
    given[NAME]["effect"] = "x"
    given["exemptions/other.toml"] = {**deepcopy(EXEMPTION), "id": "other", "excuses": ["nobody"]}
    assert [one.key for one in faults_of(given)] == ["effect", "excuses"]


def test_an_unknown_rule_is_told_beside_the_other_faults_of_its_exemption() -> None:
    given = files()
    given[OTHER] |= {"excuses": ["loinc-cod"], "dated_by": "order_day"}
    assert {one.key for one in faults_of(given)} == {"excuses", "dated_by"}


def faults_of(given: dict[str, dict[str, Any]], site: dict[str, dict[str, Any]] | None = None) -> tuple[Fault, ...]:
    """The faults of files that cannot be used."""
    with pytest.raises(RulebookError) as raised:
        parse(given, site)
    return raised.value.faults


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
        OTHER,
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
    "announced before it begins": (
        lambda f: f[OTHER]["window"][0].update(published=date(2021, 8, 30)),
        OTHER,
        "window[1].published",
        "announced_before",
    ),
    "unknown ownership": (
        lambda f: edition(f, 1)["applies"].update(ownership=["privat"]),
        NAME,
        "edition[1].applies.ownership",
        "did you mean 'private'?",
    ),
    "star inside a code": (
        lambda f: edition(f, 1)["applies"].update(sut=["R*1"]),
        NAME,
        "edition[1].applies.sut",
        "at the end",
    ),
    "unknown key of a window's scope": (
        lambda f: f[OTHER]["window"][0].update(applies={"device": ["S"]}),
        OTHER,
        "window[1].applies.device",
        "did you mean 'device_serial'?",
    ),
    "unknown check of a provision": (
        lambda f: f[OTHER].update(provided={"check": "has_imges"}),
        OTHER,
        "provided.check",
        "did you mean 'has_images'?",
    ),
    "unknown parameter of a provision": (
        lambda f: f[OTHER].update(provided={"check": "has_images", "params": {"minimun": 1}}),
        OTHER,
        "provided.params.minimun",
        "did you mean 'minimum'?",
    ),
    "unknown key of a provision": (
        lambda f: f[OTHER].update(provided={"check": "has_images", "param": {}}),
        OTHER,
        "provided.param",
        "did you mean 'params'?",
    ),
    "window twice": (
        lambda f: f[OTHER]["window"].append(deepcopy(f[OTHER]["window"][0])),
        f"{OTHER}: window",
        "id",
        "twice",
    ),
    "rule twice": (
        lambda f: f.update({"submission/again.toml": deepcopy(f[NAME])}),
        NAME,
        "id",
        "twice (submission/again.toml)",
    ),
    "no source": (lambda f: edition(f, 2).pop("source"), NAME, "edition[2].source", "is missing"),
    "unknown kind of source": (
        lambda f: edition(f, 2).update(source={"kind": "tweet", "title": "x"}),
        NAME,
        "edition[2].source.kind",
        "(notice, letter, circular, guide, reading, site)",
    ),
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


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ('{ dated = "foo" }', "must be one of: ordered, performed"),
        ("{ months = 25 }", "must lie between 0 and 24"),
        ("{ months = -1 }", "must lie between 0 and 24"),
        ("{ days = 731 }", "must lie between 0 and 730"),
    ],
)
def test_a_parameter_is_a_word_that_is_known_and_a_number_that_can_be_looked_for(params: str, said: str) -> None:
    text = (Path(__file__).parents[2] / "rules/submission/duplicate-found.toml").read_text(encoding="utf-8")
    written = re.sub(r"^params\s*=.*$", f"params = {params}", text, flags=re.M)
    with pytest.raises(RulebookError, match=re.escape(said)):
        parse({"submission/duplicate-found.toml": tomllib.loads(written)})
