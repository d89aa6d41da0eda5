"""What every duplicate service must answer: the pretend one of the sandbox, and our own in the Ministry's GET form."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gecit.edges.doors import Doors, token_digest
from gecit.edges.duplicates_http import HttpDuplicates
from gecit.edges.oauth2 import PasswordGrant
from gecit.edges.store import SqlLedger
from gecit.ports import DuplicateService, Refused, Unavailable
from gecit.sandbox.duplicates import PretendDuplicates, PretendStudy, duplicates_app, new_credentials
from gecit.sandbox.server import running
from gecit.steps.duplicates import DuplicateDesk
from gecit.web.app import create_app
from tests.fakes import FakeAccounts, FakeViews, FakeVitals
from tests.support.billing import HandClock
from tests.support.duplicates import ASKING, NOBODY, NOW, OTHER_SUT, PHYSICIAN, SUT, TCKN, open_for_business, record

# accession, SUT, days before NOW (182 = the day six months ago), images, report
EXAMS = (("A1", SUT, 182, True, True), ("A2", OTHER_SUT, 20, True, False), ("A3", SUT, 184, True, True))


class OneToken:
    """A token that somebody gave us once."""

    def token(self, timeout: float) -> str:
        return "program"

    def forget(self, token: str) -> None:
        pass


@pytest.fixture(params=["sandbox", "ours"])
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DuplicateService]:
    if request.param == "sandbox":
        yield from _sandbox(tmp_path)
    else:
        yield from _ours(request.getfixturevalue("sqlite_ledger"))


def _sandbox(folder: Path) -> Iterator[DuplicateService]:
    clock, credentials = HandClock(NOW), new_credentials()
    pretend = PretendDuplicates(clock, credentials)
    for accession, sut, days, images, report in EXAMS:
        at = NOW - timedelta(days=days)
        study = PretendStudy(tckn=TCKN, sut=sut, accession=accession, scheduled_at=at, images=images)
        pretend.add(study if report else PretendStudy(**{**_fields(study), "report": ""}))
    (folder / "client").write_text(credentials.client_secret)
    (folder / "user").write_text(credentials.password)
    with running({"/above": duplicates_app(pretend)}) as url:
        tokens = PasswordGrant(
            f"{url}/above/connect/token",
            clock,
            client=credentials.client,
            client_secret_file=folder / "client",
            user=credentials.user,
            password_file=folder / "user",
            scope="Common.WebApi",
        )
        yield HttpDuplicates(f"{url}/above", tokens)


def _fields(study: PretendStudy) -> dict[str, object]:
    return {name: getattr(study, name) for name in study.__struct_fields__}


def _ours(ledger: SqlLedger) -> Iterator[DuplicateService]:
    open_for_business(ledger)
    for accession, sut, days, images, report in EXAMS:
        record(ledger, accession, days, sut=sut, images=images, report=report)
    accounts, clock = FakeAccounts(), HandClock(NOW)
    accounts.add_administrator("hbys", "", NOW)
    accounts.add_token(token_digest("program"), "hbys", NOW, None)
    app = create_app(
        doors=Doors(accounts, "inside", clock),
        views=FakeViews(),
        vitals=FakeVitals(),
        clock=clock,
        node="N1",
        desk=DuplicateDesk(ledger, clock),
        ministry_get=True,
    )
    with running({"/gecit": _under(app)}) as url:
        yield HttpDuplicates(f"{url}/gecit/api", OneToken())


def _under(app):  # type: ignore[no-untyped-def]
    """Give the application its whole path back, which the sandbox's server has split."""

    def call(environ, start_response):  # type: ignore[no-untyped-def]
        whole = {**environ, "PATH_INFO": environ["SCRIPT_NAME"] + environ["PATH_INFO"], "SCRIPT_NAME": ""}
        return app(whole, start_response)

    return call


def ask(service: DuplicateService, *suts: str, tckn: str = TCKN) -> list[tuple[str, str]]:
    found = service.previous_studies(ASKING.medula_code, tckn, suts, PHYSICIAN)
    return sorted((one.accession, one.sut) for one in found)


def test_earlier_exams_of_six_months_are_found_and_older_ones_are_not(service: DuplicateService) -> None:
    assert ask(service, SUT) == [("A1", SUT)]


def test_several_codes_find_the_exams_of_each(service: DuplicateService) -> None:
    assert ask(service, SUT, OTHER_SUT) == [("A1", SUT), ("A2", OTHER_SUT)]


def test_a_printed_code_is_the_same_code(service: DuplicateService) -> None:
    assert [one.accession for one in service.previous_studies(ASKING.medula_code, TCKN, ["801.590"], PHYSICIAN)] == [
        "A1"
    ]


def test_nobodys_exams_are_no_duplicates(service: DuplicateService) -> None:
    assert ask(service, SUT, tckn=NOBODY) == []


def test_a_result_says_what_there_is_and_when_it_was(service: DuplicateService) -> None:
    (one,) = service.previous_studies(ASKING.medula_code, TCKN, [OTHER_SUT], PHYSICIAN)
    assert (one.images, one.report) == (True, False)
    assert one.scheduled_at == NOW - timedelta(days=20)
    assert one.reference and one.institution and one.institution_name


def test_a_report_opens_by_its_reference_and_search_detail_then_says_so(service: DuplicateService) -> None:
    (one,) = service.previous_studies(ASKING.medula_code, TCKN, [SUT], PHYSICIAN)
    asked = (ASKING.medula_code, TCKN, [SUT, OTHER_SUT])
    assert service.opened(*asked) == {SUT: False, OTHER_SUT: False}
    assert "Sonuç" in service.report(one.reference)
    assert service.opened(*asked) == {SUT: True, OTHER_SUT: False}


def test_images_open_by_their_reference_too(service: DuplicateService) -> None:
    (one,) = service.previous_studies(ASKING.medula_code, TCKN, [OTHER_SUT], PHYSICIAN)
    assert service.image_link(one.reference).startswith("http")
    assert service.opened(ASKING.medula_code, TCKN, [OTHER_SUT]) == {OTHER_SUT: True}


@pytest.mark.parametrize("reference", ["", "no such", "99999999999"])
def test_what_nobody_gave_opens_nothing(service: DuplicateService, reference: str) -> None:
    with pytest.raises((Refused, Unavailable)):
        service.report(reference)


def test_a_question_without_a_doctor_is_refused(service: DuplicateService) -> None:
    with pytest.raises(Refused):
        service.previous_studies(ASKING.medula_code, TCKN, [SUT], "")
