"""The self-test's own workings: which checks run, where credentials come from, and a page that shows every change."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import msgspec
import pytest
import requests
from click.testing import CliRunner

from gecit.cli import cli
from gecit.cli.selftest import CHECKS, SENDS, _tell
from gecit.cli.selftest.checking import (
    Check,
    Result,
    State,
    chosen,
    failed,
    fault_words,
    run_checks,
    said,
    skipped,
)
from gecit.cli.selftest.credentials import CredentialsError, read_credentials
from gecit.cli.selftest.hl7_checks import _refused
from gecit.cli.selftest.kit import Kit
from gecit.cli.selftest.page import Page, PageChangedError, draw, read
from gecit.core.remarks import Remark, Severity, Where
from gecit.core.values import Text
from gecit.edges.hl7_ack import acknowledge
from gecit.edges.mllp_hospital import read_acknowledgment
from gecit.ports.hospital import HospitalSaid
from gecit.web.selftest.wire import Seal

NOON = datetime(2026, 3, 2, 9, tzinfo=UTC)
KIT = cast(Kit, None)


def result(name: str, state: State = State.PASSED, got: str = "iyi") -> Result:
    return Result(id=name, title=said(name, name), expected=said("a", "b"), got=said(got, got), state=state)


def page(*results: Result) -> Page:
    return Page(
        run="0A1B2C", target="https://gecit.example", started_at=NOON, ended_at=NOON, by="Deneme Kuran", kit="1",
        site="1", node="N", institution="990001", revision="ab" * 32, results=results,
    )  # fmt: skip


def check(name: str, ends: Exception | None = None, after: tuple[str, ...] = ()) -> Check:
    def run(kit: Kit):  # type: ignore[no-untyped-def]
        if ends:
            raise ends
        return said("iyi", "well")

    return Check(id=name, title=said(name, name), expected=said("", ""), after=after, run=run)


def test_each_check_comes_after_what_it_rests_on_and_has_its_own_name() -> None:
    names = [one.id for one in CHECKS]
    assert len(set(names)) == len(names)
    for number, one in enumerate(CHECKS):
        assert set(one.after) <= set(names[:number]), one.id
        assert all(text.tr and text.en for text in (one.title, one.expected, *((one.fix,) if one.fix else ())))
    assert names[-1] == "removed"
    assert "removed" not in SENDS
    assert {"duplicate-query", "hl7-order", "dicom-store", "stow", "told-nobody"} <= SENDS
    assert not {"site", "token", "medula", "signed-out"} & SENDS


def test_one_that_is_asked_for_brings_what_it_rests_on() -> None:
    assert [one.id for one in chosen(CHECKS, ["medula"], ())] == ["site", "token", "medula"]
    assert [one.id for one in chosen(CHECKS, ["dicom-echo"], ["removed"])] == ["site", "token", "dicom-echo", "removed"]
    assert chosen(CHECKS, (), ()) == list(CHECKS)


def test_what_rests_on_a_failed_one_is_skipped_with_its_name() -> None:
    checks = [
        check("a", failed("x", "y")),
        check("b", after=("a",)),
        check("c", skipped("x", "z")),
        check("d", after=("c",)),
        check("e"),
        check("f", ValueError("10000000146 secret")),
    ]
    found = {one.id: one for one in run_checks(checks, KIT)}
    assert [one.state.value for one in found.values()] == [
        "failed",
        "skipped",
        "skipped",
        "skipped",
        "passed",
        "failed",
    ]
    assert "a did not pass" in found["b"].got.en
    assert "secret" not in found["f"].got.en


def test_a_refusal_is_told_in_both_languages() -> None:
    words = Text(tr="Erişim numarası yok.", en="No accession number.")
    remark = Remark(code="accession-missing", severity=Severity.ERROR, where=Where(segment="OBR", field=2), text=words)
    said_back = read_acknowledgment(acknowledge(None, [remark], NOON, "1"), "").text
    found = _refused(HospitalSaid(code="AE", text=said_back))
    assert found == Text(
        tr="AE: accession-missing: Erişim numarası yok.", en="AE: accession-missing: No accession number."
    )


def test_what_is_shown_masks_numbers_of_people() -> None:
    [found] = run_checks([check("a", failed("hekim 10000000146 yok", "no physician 10000000146"))], KIT)
    assert found.got.en == "no physician ********146"


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (requests.exceptions.SSLError("x"), "certificate is not trusted"),
        (requests.exceptions.ConnectTimeout("x"), "no answer in time"),
        (requests.exceptions.ConnectionError("x"), "nobody listens"),
        (ConnectionRefusedError(), "nobody listens"),
        (ConnectionResetError(), "closed without an answer"),
        (FileNotFoundError("storescu"), "program or file is missing"),
        (KeyError("10000000146"), "unforeseen fault (KeyError)"),
    ],
)
def test_faults_of_connections_are_words(fault: Exception, words: str) -> None:
    found = fault_words(fault)
    assert words in found.en
    assert found.tr != found.en


def test_a_page_is_read_back_as_it_was_drawn() -> None:
    made = page(result("a"), result("b", State.FAILED, "</script><script>alert(1)</script> ŞĞİ & \"'"))
    seal = Seal(digest=made.sealing.digest, sealed_at=NOON, by="selftest", institution="990001", seal="c" * 64)
    for one in (None, seal):
        html = draw(made, one)
        assert read(html) == (made, one)
        assert "<script>alert" not in html
        assert html.count("</script>") == (2 if one else 1)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("GEÇMEDİ", "GEÇTİ"),
        ("02.03.2026", "03.03.2026"),
        ("Deneme Kuran", "Başka"),
        ("</html>", "</html> "),
        ("kötü", "iyi"),
    ],
)
def test_every_change_of_a_page_is_noticed(before: str, after: str) -> None:
    made = page(result("a"), result("b", State.FAILED, "kötü"))
    seal = Seal(digest=made.sealing.digest, sealed_at=NOON, by="selftest", institution="990001", seal="c" * 64)
    html = draw(made, seal)
    assert before in html
    for changed in (html.replace(before, after), html.replace(before, after, 1)):
        with pytest.raises(PageChangedError):
            read(changed)
    with pytest.raises(PageChangedError):
        read("<html></html>")


def test_a_page_says_passed_only_where_nothing_failed() -> None:
    assert page(result("a"), result("b", State.SKIPPED)).good
    assert not page(result("a"), result("b", State.FAILED)).good
    assert not page(result("b", State.SKIPPED)).good
    assert not page().good


def test_a_page_with_checks_that_were_not_tried_says_passed_in_part(capsys: pytest.CaptureFixture[str]) -> None:
    """Both sides sign it: a run of one check looked like one of all."""
    whole, some = page(result("a")), page(result("a"), result("b", State.SKIPPED))
    one = msgspec.structs.replace(whole, left_out=36)
    assert [made.untried for made in (whole, some, one)] == [0, 1, 36]
    seal = Seal(digest=whole.sealing.digest, sealed_at=NOON, by="selftest", institution="990001", seal="c" * 64)
    assert "IN PART" not in draw(whole, seal) and "Not sealed" not in draw(whole, seal)
    for made in (some, one):
        html = draw(made, None)
        assert "GEÇTİ, EKSİK" in html and "PASSED, IN PART" in html and "Not sealed" in html
        assert read(html) == (made, None)
    assert "36 were not asked for" in draw(one, None)
    _tell(one, Path("page.html"), as_json=True)
    assert json.loads(capsys.readouterr().out)["untried"] == 36, "a program sees it too"


def test_credentials_come_from_a_file_of_ones_own_and_from_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "selftest.toml"
    file.write_text('token = "a"\nradiologist = "1"\n')
    file.chmod(0o600)
    assert read_credentials(file, {}).radiologist == "1"
    assert read_credentials(file, {"GECIT_SELFTEST_TOKEN": "b"}).token == "b"
    assert read_credentials(None, {"GECIT_SELFTEST_TOKEN": "b"}).radiologist == ""
    file.chmod(0o640)
    with pytest.raises(CredentialsError, match="chmod 600"):
        read_credentials(file, {})
    for text in ('token = "very-secret', 'tokn = "very-secret"', "token = 5"):
        file.write_text(text)
        file.chmod(0o600)
        with pytest.raises(CredentialsError) as fault:
            read_credentials(file, {})
        assert "secret" not in str(fault.value)
    with pytest.raises(CredentialsError, match="GECIT_SELFTEST_TOKEN"):
        read_credentials(None, {})


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--target", "gecit.example"],
        ["--target", "https://user:pass@gecit.example"],
        ["--target", "https://gecit.example", "--hl7", "2575"],
        ["--target", "https://gecit.example", "--only", "nothing"],
        ["--target", "https://gecit.example"],
    ],
)
def test_wrong_usage_is_said_in_both_languages(arguments: list[str]) -> None:
    done = CliRunner().invoke(cli, ["selftest", *arguments], env={"GECIT_SELFTEST_TOKEN": ""})
    assert done.exit_code == 2
    assert " / " in done.output


def test_the_list_names_every_check() -> None:
    done = CliRunner().invoke(cli, ["selftest", "--list"])
    assert done.exit_code == 0
    assert all(one.id in done.output for one in CHECKS)
