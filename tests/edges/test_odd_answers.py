"""What a service, a sender or a file may hold that nobody foresees: each of these once went through as a fault."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from gecit.core.rulefile import RulebookError
from gecit.edges.bounded_http import Busy, Exchanged, failure, told
from gecit.edges.credentials import read_basic
from gecit.edges.hl7_profile import ProfileError, load
from gecit.edges.oauth2 import LONGEST, SHORTEST, PasswordGrant
from gecit.edges.report_text import sanitised
from gecit.edges.rules_files import lint, read_with
from gecit.edges.same_origin import from_elsewhere
from gecit.ports import Refused, Unavailable
from gecit.steps.deliver import Policy, wait_before_retry
from tests.edges.test_dose_sr import container, written
from tests.fakes import StillClock

ROOT = Path(__file__).parents[2]
DEEP, LONG = "a = " + "[" * 3000, "a = " + "9" * 5000


@pytest.mark.parametrize(
    "said", ["²", "-5", "nan", "1e9", "Mon, 05 Jan 99999 09:30:00 GMT", "Mon, 05 Jan 2026 09:30:00 +9999999"]
)
def test_a_time_to_wait_that_is_none_is_none(said: str) -> None:
    assert not isinstance(failure(Exchanged(503, {"Retry-After": said}, b"")), Busy)


def test_a_delivery_waits_no_longer_than_it_has_patience_whatever_is_asked() -> None:
    busy = failure(Exchanged(503, {"Retry-After": "9" * 400}, b""))
    assert isinstance(busy, Busy)
    assert wait_before_retry(1, Policy(), busy.retry_after) <= timedelta(days=2)


def test_what_a_refusal_says_is_not_repeated_where_it_is_logged() -> None:
    assert told(Refused("1013", "10000000146 kayıtlı")) == "refused 1013"
    assert told(Refused("10000000146", "x")) == "refused"
    assert told(Unavailable("HTTP 503")) == "HTTP 503"


@pytest.mark.parametrize(("said", "seconds"), [("NaN", SHORTEST), ("1e999", LONGEST), ("-1", SHORTEST)])
def test_a_token_is_believed_for_a_number_of_seconds(said: str, seconds: int, tmp_path: Path) -> None:
    clock = StillClock()
    grant = _grant(clock, tmp_path, f'{{"access_token": "a", "expires_in": {said}}}')
    assert grant.token(5.0) == "a"
    clock.advance(seconds - 31)
    grant._wire = None  # type: ignore[assignment]
    assert grant.token(5.0) == "a"


def test_an_end_beyond_all_numbers_is_no_answer(tmp_path: Path) -> None:
    grant = _grant(StillClock(), tmp_path, json.dumps({"access_token": "a", "expires_in": 10**400}))
    with pytest.raises(Unavailable):
        grant.token(5.0)


def _grant(clock: StillClock, folder: Path, answer: str) -> PasswordGrant:
    class Wire:
        def ask(self, *_: object) -> tuple[int, bytes]:
            return 200, answer.encode()

    secret = folder / "secret"
    secret.write_text("x")
    made = PasswordGrant(
        "http://127.0.0.1:9", clock, client="c", client_secret_file=secret, user="u", password_file=secret, scope="s"
    )
    made._wire = Wire()  # type: ignore[assignment]
    return made


@pytest.mark.parametrize("secret", ["ÿ", "şifre", "YTpi\x80"])
def test_a_password_in_letters_that_no_header_has_is_none(secret: str) -> None:
    assert read_basic(secret) is None


def test_an_origin_that_is_no_address_is_not_ours() -> None:
    assert from_elsewhere("http://[", "", "a.example")


@pytest.mark.parametrize("text", [DEEP, LONG], ids=["deep", "long"])
def test_toml_beyond_measure_is_a_fault_that_names_its_file(text: str, tmp_path: Path) -> None:
    (tmp_path / "submission").mkdir()
    with pytest.raises(RulebookError, match=r"submission/x\.toml"):
        read_with(ROOT / "rules", tmp_path, "submission/x.toml", text)
    (tmp_path / "submission/y.toml").write_text(text)
    assert any("y.toml" in one for one in lint(tmp_path, ROOT / "rules"))
    with pytest.raises(ProfileError, match=r"^z\.toml:"):
        load(text.encode(), "z.toml")


@pytest.mark.parametrize("day", ["0121-11-01", "0001-01-01T00:00:00", "9999-12-31T23:59:59Z"])
def test_a_date_in_a_year_that_nobody_means_is_a_fault_that_names_its_key(day: str, tmp_path: Path) -> None:
    text = (ROOT / "rules/submission/loinc-code.toml").read_text(encoding="utf-8")
    wrong = re.sub(r"^from( +)= \S+", rf"from\1= {day}", text, count=1, flags=re.MULTILINE)
    assert wrong != text
    (tmp_path / "submission").mkdir()
    with pytest.raises(RulebookError, match="from: is not a valid date"):
        read_with(ROOT / "rules", tmp_path, "submission/loinc-code.toml", wrong)


def test_no_attribute_is_left_not_even_those_that_every_element_may_have() -> None:
    assert sanitised('<p title="a&gt;b" lang=tr dir=rtl>x</p>') == "<p>x</p>"


READ = """
import logging, sys
from pathlib import Path
logging.basicConfig(level=logging.DEBUG)
from gecit.edges.dicom_query import read_query
from gecit.edges.dose_sr import read_dose_report
data = Path(sys.argv[1]).read_bytes()
print(read_dose_report(data), type(read_query(data)))
"""


def test_what_cannot_be_read_of_a_dicom_file_is_quoted_nowhere(tmp_path: Path) -> None:
    """In a process of its own: pytest has a hand in warnings."""
    whole = container("113701", [])
    whole.SpecificCharacterSet, whole.PatientName = "ISO_IR 100", "x"
    file = tmp_path / "odd.dcm"
    file.write_bytes(written(whole).replace(b"ISO_IR 100", b"ISO_GIZLI7"))
    done = subprocess.run([sys.executable, "-c", READ, file], capture_output=True, text=True, check=True)
    assert "DoseReport" in done.stdout
    assert "GIZLI" not in done.stderr
