import re
from time import thread_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gecit.core.character_sets import writer, written
from gecit.core.query import day_range, exact, match_one, matches

STEP = "ScheduledProcedureStepSequence"
DATE, TIME = f"{STEP}.ScheduledProcedureStepStartDate", f"{STEP}.ScheduledProcedureStepStartTime"
ENTITY = {
    "PatientName": "ŞAHİN^Işıl",
    "PatientID": "10000000146",
    "AccessionNumber": "A1",
    "StudyInstanceUID": "1.2.3",
    "ModalitiesInStudy": "CT\\SR",
    "StudyDate": "20260302",
    "StudyTime": "101500",
    "StudyID": "",
    f"{STEP}.Modality": "CT",
    DATE: "20260302",
    TIME: "101500",
}


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, True),
        ({"PatientName": ""}, True),  # universal, PS3.4 C.2.2.2.3
        ({"PatientName": "*"}, True),
        ({"PatientName": "**"}, True),
        ({"StudyID": "*"}, True),
        ({"StudyID": "7"}, False),
        ({"PatientName": "ŞAHİN^Işıl"}, True),
        ({"PatientName": "sahin^isil"}, True),
        ({"PatientName": "SAHIN^IŞIL^^^"}, True),
        ({"PatientName": "şahin*"}, True),
        ({"PatientName": "?ahin^*"}, True),
        ({"PatientName": "ahin*"}, False),
        ({"PatientName": "ŞAHİN"}, False),  # a single value is the whole name
        ({"PatientID": "10000000146"}, True),
        ({"PatientID": "1000000014"}, False),
        ({"AccessionNumber": "a1"}, False),
        ({"AccessionNumber": "A[1]"}, False),
        ({"AccessionNumber": "A.1"}, False),
        ({"StudyInstanceUID": "1.2.4\\1.2.3"}, True),  # list, C.2.2.2.2
        ({"StudyInstanceUID": "1.2.4"}, False),
        ({"ModalitiesInStudy": "SR"}, True),
        ({"ModalitiesInStudy": "MR\\CT"}, True),
        ({"ModalitiesInStudy": "MR"}, False),
        ({"StudyDate": "20260302"}, True),
        ({"StudyDate": "2026.03.02"}, True),
        ({"StudyDate": "20260301-20260302"}, True),
        ({"StudyDate": "20260302-"}, True),
        ({"StudyDate": "-20260301"}, False),
        ({"StudyTime": "1015"}, True),  # without seconds: any moment of that minute
        ({"StudyTime": "1000-1015"}, True),  # an end without seconds is its last moment
        ({"StudyTime": "1016-"}, False),
        ({DATE: "20260302", TIME: "10-11"}, True),
        ({f"{STEP}.Modality": "MR"}, False),
        ({"RequestedContrastAgent": "x"}, True),  # not supported: matches all, C.2.2.1.3
    ],
)
def test_matching(keys: dict[str, str], expected: bool) -> None:
    """Each kind of matching of PS3.4 C.2.2.2 answers as its text says."""
    assert matches(keys, ENTITY) is expected


@given(key=st.text("ab*?", min_size=1, max_size=9), value=st.text("ab", max_size=9))
def test_wildcards_mean_what_a_regular_expression_would(key: str, value: str) -> None:
    """`*` is any run of characters, none included, and `?` exactly one (PS3.4 C.2.2.2.4)."""
    pattern = key.replace("*", ".*").replace("?", ".")
    assert match_one("PatientID", key, value) is bool(re.fullmatch(pattern, value))


@pytest.mark.parametrize("key", ["*" * 64 + "!", "*?" * 32 + "!", "*a" * 32 + "!", "*?*a" * 5_000 + "!", "?" * 60_000])
def test_no_pattern_takes_long(key: str) -> None:
    """A query holds the interpreter, so one key must not cost more than its length and the name's."""
    began = thread_time()
    found = [match_one("PatientName", key, "YILMAZOGLU^MEHMET ALI KEMAL" + "A" * one) for one in range(200)]
    assert not any(found)
    assert thread_time() - began < 2


@pytest.mark.parametrize(
    ("date", "time", "expected"),
    [
        ("20260301-20260302", "180000-110000", True),  # from the 1st at 18 to the 2nd at 11
        ("20260301-20260302", "180000-100000", False),
        ("20260302-20260303", "110000-090000", False),
        ("20260302-", "101500-", True),
        ("-20260302", "-1014", False),
    ],
)
def test_ranges_of_date_and_time_together_are_one_stretch(date: str, time: str, expected: bool) -> None:
    """PS3.4 table K.6-1: July 5 to July 7, 10 am to 6 pm is one stretch from the first to the last."""
    assert matches({DATE: date, TIME: time}, ENTITY) is expected
    assert matches({"StudyDate": date, "StudyTime": time}, ENTITY) is expected


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("", "ŞIĞÖÇÜİ ığ Lódz ?"),
        ("ISO_IR 148", "ŞIĞÖÇÜİ ığ Lódz ?"),
        ("ISO_IR 192", "ŞIĞÖÇÜİ ığ Lódz ?"),
        ("\\ISO 2022 IR 148", "ŞIĞÖÇÜİ ığ Lódz ?"),
        ("ISO_IR 100", "SIGÖÇÜI ig Lódz ?"),
        ("ISO_IR 6", "SIGOCUI ig Lodz ?"),
        ("ISO_IR 101", "SIGOCUI ig Lodz ?"),
    ],
)
def test_an_answer_holds_only_letters_that_the_asker_reads(declared: str, expected: str) -> None:
    """Orthanc answers in ISO_IR 148 and drops what that does not hold; here nothing is dropped."""
    assert written("ŞIĞÖÇÜİ ığ Łódź 漢", writer(declared)) == expected


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("", ("", "")),
        ("*", ("", "")),  # universal, not a day
        ("20260302", ("20260302", "20260302")),
        (" 2026.03.02 - ", ("20260302", "")),
        ("-20260302", ("", "20260302")),
        ("20260302-99991231", ("20260302", "99991231")),
        ("bugün", ("", "")),
    ],
)
def test_the_days_that_an_index_looks_for(key: str, expected: tuple[str, str]) -> None:
    """What is no day does not narrow; the asker matches each anyway."""
    assert day_range({"StudyDate": key}, "StudyDate") == expected


@pytest.mark.parametrize(
    ("key", "expected"),
    [("", ()), ("1.2", ("1.2",)), ("1.3\\1.2\\1.3\\", ("1.2", "1.3")), ("1.2\\1.*", ()), ("1\\2\\3\\4", ())],
)
def test_a_list_of_uids_is_looked_for_as_a_list(key: str, expected: tuple[str, ...]) -> None:
    """A wildcard in it, or more values than a query reads rows, leaves it to the asker."""
    assert exact({"StudyInstanceUID": key}, "StudyInstanceUID", 3) == expected
