"""The self-test's own workings: which checks run, where credentials come from, and a page that shows every change."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import cast

import click
import msgspec
import pytest
import requests
from click.testing import CliRunner
from click.testing import Result as Ended

from gecit.cli import cli
from gecit.cli.selftest import CHECKS, SENDS, _tell, _write, dcmtk, dicom_checks, hl7_checks
from gecit.cli.selftest.checking import (
    Check,
    CheckFailed,
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
from gecit.cli.selftest.kit import Endpoint, Kit, Options
from gecit.cli.selftest.page import Page, PageChangedError, draw, read
from gecit.core.remarks import Remark, Severity, Where
from gecit.core.trials import Left
from gecit.core.values import Text
from gecit.edges.hl7_ack import acknowledge
from gecit.edges.mllp_hospital import read_acknowledgment
from gecit.ports.hospital import HospitalSaid
from gecit.web.selftest.wire import Facts, Place, Seal, Site
from tests.support.node import free_ports

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
        ["--target", "https://gecit.example:https"],
        ["--target", "https://gecit.example/gecit/"],
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


# The programs of DCMTK


def program(folder: Path, name: str, version: str, writes: str = "", code: int = 0) -> Path:
    """A program that says a version, and otherwise writes something and ends with a code."""
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(
        f"#!/bin/sh\nif [ \"$1\" = --version ]; then echo '{version}'; exit 0; fi\nprintf '{writes}' >&2\nexit {code}\n"
    )
    file.chmod(0o755)
    return file


DCMTK = "$dcmtk: echoscu v3.6.7 2022-04-22 $"


def kit_of(folder: Path) -> Kit:
    """A kit that has learned how a site stands, which is not there."""
    made = Kit(Options(target="http://127.0.0.1:1", token="a"), "0A1B2C", 0, NOON, folder)
    made.facts = Facts(
        site=Site(
            version="1", node="N", role="Node", dicom_aet="GECIT", dicom_port=1, mllp_port=1, mllp_tls=False,
            medula="answers",
        ),
        institution=Place(skrs="990001", medula_code="11990001", name="D", aets=("GECITTEST",)),
        revision="ab", rules=1, exemptions=0, left=Left(),
    )  # fmt: skip
    return made


def test_the_first_program_that_is_dcmtks_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pynetdicom installs programs of the same names: a site that is well failed by them."""
    program(tmp_path / "venv", "echoscu", "usage: echoscu [options] addr port")
    theirs = program(tmp_path / "bin", "echoscu", DCMTK)
    monkeypatch.setenv("PATH", f"{tmp_path / 'venv'}:{tmp_path / 'bin'}")
    assert dcmtk.program_of_dcmtk("echoscu") == str(theirs)
    monkeypatch.setenv("PATH", str(tmp_path / "venv"))
    with pytest.raises(CheckFailed, match="no echoscu of DCMTK") as fault:
        dicom_checks.echo(kit_of(tmp_path))
    assert fault.value.fix and "apt install dcmtk" in fault.value.fix.tr and "apt install dcmtk" in fault.value.fix.en


def test_what_a_program_said_last_is_part_of_what_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writes = "I: Requesting\\nF: Reason: Called AE Title Not Recognized\\nI: bye\\n"
    monkeypatch.setenv("PATH", str(program(tmp_path / "bin", "echoscu", DCMTK, writes, 1).parent))
    with pytest.raises(CheckFailed) as fault:
        dicom_checks.echo(kit_of(tmp_path))
    assert fault.value.got == said(
        "ilişki kurulamadı: F: Reason: Called AE Title Not Recognized",
        "no association: F: Reason: Called AE Title Not Recognized",
    )


@pytest.mark.parametrize(
    ("wrote", "last"),
    [
        (b"", ""),
        (b"I: a\nunknown option\n\n", "unknown option"),
        (b"E: Store Failed\nI: Releasing Association\n", "E: Store Failed"),
        (b"F: \x1b[2Jred\xff\n", "F: \\x1b[2Jred\ufffd"),
    ],
)
def test_the_last_line_of_a_program_is_harmless(wrote: bytes, last: str) -> None:
    assert dcmtk.last_line(wrote) == last
    assert len(dcmtk.last_line(b"F: " + b"a" * 5000)) == dcmtk.LONGEST


def test_an_order_of_an_unknown_institution_is_called_that(tmp_path: Path) -> None:
    """It was titled "in another institution's name", and a site that took those passed it."""
    sent: list[bytes] = []

    class Told(Kit):
        def tell(self, message: bytes, control_id: str, *, source: str = "") -> HospitalSaid:
            sent.append(message)
            return HospitalSaid(code="AE", text="institution-unknown")

    made = Told(Options(target="http://127.0.0.1:1", token="a"), "0A1B2C", 0, NOON, tmp_path)
    made.facts = kit_of(tmp_path).facts
    assert "institution-unknown" in hl7_checks.foreign(made).en
    assert b"000000" in sent[0]
    [title] = [one.title for one in CHECKS if one.id == "hl7-foreign"]
    assert "does not know" in title.en and "tanımadığı" in title.tr


# A site that is not there, is none, or turns the kit away

Answers = Callable[[str], tuple[int, str]]


@contextmanager
def plain_site(answers: Answers) -> Iterator[tuple[Endpoint, list[str]]]:
    """A plain HTTP server on this computer: its address, and the paths that it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, body = answers(self.path)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield Endpoint(host="127.0.0.1", port=server.server_port), asked
    finally:
        server.shutdown()
        server.server_close()


def gecit_without_token(path: str) -> tuple[int, str]:
    return (200, "{}") if path == "/gecit/api/live" else (401, "{}")


def selftest(*arguments: str) -> Ended:
    return CliRunner().invoke(cli, ["selftest", *arguments], env={"GECIT_SELFTEST_TOKEN": "a-token"})


def test_a_site_that_is_not_reached_is_all_that_is_said(tmp_path: Path) -> None:
    """36 lines "not tried" followed, and a page to sign for a site that nobody had reached."""
    page_file = tmp_path / "page.html"
    [port] = free_ports(1)
    done = selftest("--target", f"http://127.0.0.1:{port}", "--page", str(page_file))
    assert done.exit_code == 1
    assert re.findall("[✔✘–] ([a-z-]+)", done.output) == ["site"]
    assert "nobody listens there" in done.output and "no page to sign" in done.output and "sayfa yok" in done.output
    assert not page_file.exists()


def test_a_token_that_is_refused_is_all_that_is_said(tmp_path: Path) -> None:
    page_file = tmp_path / "page.html"
    with plain_site(gecit_without_token) as (site, asked):
        target = ("--target", f"http://127.0.0.1:{site.port}", "--page", str(page_file))
        done, for_programs = selftest(*target), selftest(*target, "--json")
    assert done.exit_code == for_programs.exit_code == 1
    assert re.findall("[✔✘–] ([a-z-]+)", done.output) == ["site", "https", "token"]
    assert "the token is unknown" in done.output and "no page to sign" in done.output
    found = json.loads(for_programs.output)
    assert (found["page"], found["good"], found["results"][-1]["id"]) == (None, False, "token")
    assert not page_file.exists()
    assert set(asked) == {"/gecit/api/live", "/gecit/api/selftest"}


def test_https_at_a_door_of_plain_http_is_called_that() -> None:
    """It was told that the certificate is not trusted; there is none."""
    with plain_site(gecit_without_token) as (site, _):
        done = selftest("--target", f"https://127.0.0.1:{site.port}")
    assert "there is no TLS at that door" in done.output and "TLS konuşmuyor" in done.output
    assert "certificate is not trusted" not in done.output


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nowhere/x.html", "there is no folder"),
        (".", "is a folder"),
        ("shut/x.html", "may not"),
        ("x" * 300, "may not"),
    ],
)
def test_a_page_that_cannot_be_written_is_told_before_the_run(
    name: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole run was done at the site, and its page lost."""
    (tmp_path / "shut").mkdir()
    monkeypatch.setattr("gecit.cli.selftest.os.access", lambda path, mode: Path(path).name != "shut")  # root may all
    with plain_site(gecit_without_token) as (site, asked):
        done = selftest("--target", f"http://127.0.0.1:{site.port}", "--page", str(tmp_path / name))
    assert done.exit_code == 2
    assert words in done.output and " / " in done.output and "Errno" not in done.output
    assert asked == []


def test_a_page_that_could_not_be_written_after_all_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(click.ClickException, match=r"yazılamadı.* / .*could not be written"):
        _write(tmp_path, "<html>")
    assert "<html>" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("status", "body", "good", "words"),
    [
        (200, '{"good": true}', True, "the seal is this site's"),
        (200, '{"good": false}', False, "the seal is not this site's"),
        (502, "", False, "could not be asked, so its seal was not checked: HTTP 502"),
        (200, "<html>", False, "could not be asked, so its seal was not checked: not Geçit"),
        (0, "", False, "could not be asked, so its seal was not checked: nobody listens there"),
    ],
)
def test_a_site_that_cannot_be_asked_says_nothing_of_a_seal(
    status: int, body: str, good: bool, words: str, tmp_path: Path
) -> None:
    """A node that was down made a page look like a forged one."""
    made = page(result("a"))
    seal = Seal(digest=made.sealing.digest, sealed_at=NOON, by="selftest", institution="990001", seal="c" * 64)
    file = tmp_path / "page.html"
    file.write_text(draw(made, seal), encoding="utf-8")
    with plain_site(lambda path: (status, body)) as (site, _):
        port = site.port if status else free_ports(1)[0]
        done = selftest("--verify", str(file), "--target", f"http://127.0.0.1:{port}")
    assert words in done.output
    assert done.exit_code == (0 if good else 1)


def test_signatures_stand_in_one_group_with_the_last_checks() -> None:
    """Printed by Chromium they came alone on the last sheet; it keeps a group of rows together (break-inside)."""
    html = draw(page(*(result(f"check-{number}") for number in range(9))), None)
    groups = re.findall("<tbody.*?</tbody>", html, re.DOTALL)
    assert [len(re.findall("check-[0-9]</code>", one)) for one in groups] == [6, 3]
    assert "For the site: name" in groups[1] and "SHA-256" in groups[1]
    assert "tr, .end { break-inside: avoid; }" in html and '<tbody class="end">' in html
