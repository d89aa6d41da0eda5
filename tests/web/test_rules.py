"""The pages of the rules on a real ledger, with what-if runs in real processes of their own."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from gecit.core.access import Person, Role
from gecit.core.events import RulebookActivated
from gecit.core.verdict import Outcome
from gecit.edges.doors import Admission, Doors
from gecit.edges.front_files import read_front
from gecit.settings import load
from gecit.web.app import create_app
from gecit.web.front import FrontData
from tests.fakes import FakeAccounts, FakeViews, FakeVitals
from tests.support.node import until
from tests.support.rule_desk import SERVICE, Office

from .conftest import BASIC

ADMINISTRATOR = Person(name="admin", roles=(Role.ADMINISTRATOR,))
OURS = Person(name="müdür", roles=(Role.MANAGER,), institution="910001")
OTHERS = Person(name="başka", roles=(Role.MANAGER,), institution="910002")
CITIZEN = Person(name="vatandaş", roles=(Role.CITIZEN,), tckn="10000000146")
WINDOW = "duplicate-query@2026-03-02T09:30"
DRAFT = "/gecit/rules/drafts/exemptions/march"
FORM = {"service": SERVICE, "since": "2026-03-02T09:00", "until": "2026-03-02T12:00", "adds_to": "duplicate-query"}


class Visitor:
    """Somebody who reads pages and sends forms."""

    def __init__(self, client: FlaskClient, doors: Doors) -> None:
        self._client, self._doors = client, doors

    def become(self, person: Person) -> None:
        admitted = Admission(who=person.name, person=person)
        self._doors.admit = lambda *_: admitted  # type: ignore[method-assign, assignment, return-value]

    def get(self, path: str, status: int = 200) -> str:
        answer = self._client.get(path, headers={"Authorization": BASIC})
        assert answer.status_code == status, answer.text
        return answer.text

    def post(self, path: str, form: dict[str, str], status: int = 303) -> TestResponse:
        answer = self._client.post(path, data=form, headers={"Authorization": BASIC})
        assert answer.status_code == status, answer.text
        return answer

    def lands(self, path: str, accept: str = "text/html") -> tuple[int, str | None]:
        """Return how an address is answered, and where it leads."""
        answer = self._client.get(path, headers={"Authorization": BASIC, "Accept": accept})
        return answer.status_code, answer.location

    def hidden(self, path: str, name: str) -> str:
        """Return a hidden field of a page's form."""
        return re.search(rf'name="{name}" value="([^"]*)"', self.get(path))[1]  # type: ignore[index]


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    for name in [one for one in os.environ if one.startswith(("GECIT_", "ORTHANC__"))]:
        monkeypatch.delenv(name)
    (tmp_path / "site").mkdir()
    monkeypatch.setenv("GECIT_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("ORTHANC__GECIT__SITE_RULES", str(tmp_path / "site"))
    made = Office(load())
    made.fill()
    yield made
    made.close()


@pytest.fixture
def visitor(office: Office, accounts: FakeAccounts, vitals: FakeVitals) -> Visitor:
    doors = Doors(accounts, "inside", office.clock)
    app = create_app(
        doors=doors,
        views=FakeViews(),
        vitals=vitals,
        clock=office.clock,
        node="N1",
        ledger=office.ledger,
        rules=office.desk,
    )
    found = Visitor(app.test_client(), doors)
    found.become(ADMINISTRATOR)
    return found


def made(visitor: Visitor, name: str = "march") -> str:
    answer = visitor.post("/gecit/rules/outages/draft", {**FORM, "name": name, "title": "02.03.2026 Muafiyeti"})
    return answer.location


def run_of(visitor: Visitor, office: Office, path: str, form: dict[str, str]) -> str:
    """Start a run, wait for its end, and return its page's address."""
    page = visitor.post(path, form).location
    run = page.rpartition("/")[2]
    until(lambda: office.runs.progress(run).state.over, 60, "the run ends")
    assert office.runs.progress(run).state == "done"
    return page


def test_the_whole_way_from_an_outage_to_the_exam_that_its_exemption_frees(visitor: Visitor, office: Office) -> None:
    assert office.outcomes() == {"IN": Outcome.HOLD, "OUT": Outcome.HOLD}
    assert SERVICE in visitor.get("/gecit/rules/outages")
    assert made(visitor) == DRAFT
    assert "Kusur yok" in visitor.get(DRAFT)
    form = {"revision": visitor.hidden(DRAFT, "revision"), "note": "05.03.2026 duyurusu"}

    assert "önce etkisini" in visitor.post(f"{DRAFT}/activate", form, 409).text
    page = run_of(visitor, office, f"{DRAFT}/try", {})
    shown = visitor.get(page)
    assert "/gecit/exams/910001/IN" in shown and "/gecit/exams/910001/OUT" not in shown and WINDOW in shown
    rows = list(csv.DictReader(io.StringIO(visitor.get(f"{page}/changes.csv").lstrip("\ufeff")), delimiter=";"))
    assert [(one["accession"], one["from"], one["to"], one["MEDULA"]) for one in rows] == [
        ("IN", "hold", "submit", "notify")
    ]
    assert office.outcomes() == {"IN": Outcome.HOLD, "OUT": Outcome.HOLD}, "a run changes nothing"

    place = visitor.post(f"{DRAFT}/activate", form).location
    assert "kapsamda" in visitor.get(place)
    office.rejudge()
    assert office.outcomes() == {"IN": Outcome.SUBMIT, "OUT": Outcome.HOLD}
    history = visitor.get("/gecit/rules/history")
    assert "05.03.2026 duyurusu" in history and "admin" in history and "1 serbest" in history
    assert office.drafts.drafts() == []
    assert (office.drafts.site / "exemptions/march.toml").exists()  # type: ignore[operator]
    (row,) = register(visitor, "?text=2026-03-02")
    assert (row["window"], row["exams"], row["origin"]) == (WINDOW, "1", "site")


def register(visitor: Visitor, narrowed: str = "") -> list[dict[str, str]]:
    text = visitor.get(f"/gecit/rules/exemptions.csv{narrowed}").lstrip("\ufeff")
    return list(csv.DictReader(io.StringIO(text), delimiter=";"))


def test_the_activation_says_who_and_why(visitor: Visitor, office: Office) -> None:
    made(visitor)
    form = {"revision": visitor.hidden(DRAFT, "revision"), "note": "neden", "unseen": "1"}
    visitor.post(f"{DRAFT}/activate", form)
    events = [one for _, one in office.ledger.events() if isinstance(one, RulebookActivated)]
    assert (events[-1].by, events[-1].note, events[-1].revision) == ("admin", "neden", office.ledger.active_revision())


def test_counts_are_of_the_exams_that_one_reaches(visitor: Visitor) -> None:
    rule = "/gecit/rules/rule/duplicate-query-missing"
    assert "2 geçmedi" in visitor.get("/gecit/rules") and "2 geçmedi" in visitor.get(rule)
    visitor.become(OURS)
    assert "2 geçmedi" in visitor.get(rule)
    visitor.become(OTHERS)
    assert "geçmedi" not in visitor.get(rule) and "geçmedi" not in visitor.get("/gecit/rules")


@pytest.mark.parametrize("person", [OURS, CITIZEN])
def test_only_who_works_on_rules_reaches_drafts_and_runs(visitor: Visitor, person: Person) -> None:
    made(visitor)
    visitor.become(person)
    for path in ("/gecit/rules/drafts", DRAFT, "/gecit/rules/runs"):
        visitor.get(path, 403)
    for path in ("/gecit/rules/drafts", DRAFT, f"{DRAFT}/try", f"{DRAFT}/activate", f"{DRAFT}/remove"):
        visitor.post(path, {"revision": "x"}, 403)
    visitor.post("/gecit/rules/outages/draft", {**FORM, "name": "x"}, 403)
    visitor.get("/gecit/rules/runs/20260101-000000-00000000/changes.csv", 404 if person is OURS else 403)
    visitor.post("/gecit/rules/rule/loinc-code/try", {"edition": "1", "start": "2026-01-01T00:00"}, 403)
    if person is OURS:
        page = visitor.get("/gecit/rules/outages")
        assert SERVICE in page and "<form" not in page.partition("<main")[2]


def test_a_draft_with_faults_names_each_and_cannot_be_put_in_force(visitor: Visitor, office: Office) -> None:
    made(visitor)
    version = visitor.hidden(DRAFT, "version")
    text = 'adds_to = "duplicate-query"\n[[window]]\nfrom = 2026-03-02T09:30:00\nlast = 2026-03-01\nnonsense = 1\n'
    visitor.post(DRAFT, {"version": version, "text": text})
    page = visitor.get(DRAFT)
    for place in ("window[1].published", "window[1].source", "window[1].nonsense", "window[1].last"):
        assert f"<code>{place}</code>" in page, place
    assert 'name="revision"' not in page
    before = office.ledger.active_revision()
    visitor.post(f"{DRAFT}/activate", {"revision": before, "note": "x", "unseen": "1"}, 409)
    visitor.post(f"{DRAFT}/try", {}, 400)
    assert office.ledger.active_revision() == before
    assert not (office.drafts.site / "exemptions/march.toml").exists()  # type: ignore[operator]


def test_a_name_that_there_is_not_is_said_with_the_nearest(visitor: Visitor, office: Office) -> None:
    made(visitor)
    text = office.drafts.drafts()[0].text.replace("duplicate-query", "duplicate-quer")
    visitor.post(DRAFT, {"version": visitor.hidden(DRAFT, "version"), "text": text})
    page = visitor.get(DRAFT)
    assert "<code>adds_to</code>" in page and "&#39;duplicate-query&#39; mi demek istediniz" in page


def test_what_is_no_toml_is_said_with_its_line(visitor: Visitor) -> None:
    made(visitor)
    visitor.post(DRAFT, {"version": visitor.hidden(DRAFT, "version"), "text": "a = \n"})
    assert "line 1" in visitor.get(DRAFT)


def test_nobody_writes_over_what_somebody_else_wrote(visitor: Visitor, office: Office) -> None:
    made(visitor)
    version = visitor.hidden(DRAFT, "version")
    visitor.post(DRAFT, {"version": version, "text": "# first\n"})
    answer = visitor.post(DRAFT, {"version": version, "text": "# second <script>\n"}, 409)
    assert "başkası değiştirdi" in answer.text and "# second &lt;script&gt;" in answer.text
    assert office.drafts.drafts()[0].text == "# first\n"
    visitor.post(f"{DRAFT}/remove", {"version": version}, 409)
    visitor.post(f"{DRAFT}/remove", {"version": visitor.hidden(DRAFT, "version")})
    visitor.get(DRAFT, 404)


def test_what_changed_since_it_was_looked_at_is_not_put_in_force(visitor: Visitor, office: Office) -> None:
    made(visitor)
    seen = visitor.hidden(DRAFT, "revision")
    text = office.drafts.drafts()[0].text.replace("09:40:00", "10:40:00")
    visitor.post(DRAFT, {"version": visitor.hidden(DRAFT, "version"), "text": text})
    before = office.ledger.active_revision()
    answer = visitor.post(f"{DRAFT}/activate", {"revision": seen, "note": "x", "unseen": "1"}, 409)
    assert "bu arada değişti" in answer.text
    assert office.ledger.active_revision() == before
    assert not (office.drafts.site / "exemptions/march.toml").exists()  # type: ignore[operator]
    assert len(office.drafts.drafts()) == 1, "the draft stays"


def test_what_would_go_away_has_to_be_said(visitor: Visitor, office: Office) -> None:
    visitor.post("/gecit/rules/drafts", {"start": "exemptions/duplicate-query.toml", "name": "duplicate-query"})
    path = "/gecit/rules/drafts/exemptions/duplicate-query"
    text = office.drafts.drafts()[0].text
    visitor.post(path, {"version": visitor.hidden(path, "version"), "text": text[: text.rindex("[[window]]")]})
    form = {"revision": visitor.hidden(path, "revision"), "note": "x", "unseen": "1"}
    assert "kalkardı" in visitor.post(f"{path}/activate", form, 409).text
    visitor.post(f"{path}/activate", {**form, "yes": "1"})
    assert len(register(visitor, "?exemption=duplicate-query")) == 33


@pytest.mark.parametrize(
    ("differs", "said"),
    [
        ({"service": "duplicates"}, "kesinti kaydı yok"),
        ({"since": "gestern"}, "tarih anlaşılamadı"),
        ({"until": "2026-03-01T00:00"}, "tarih anlaşılamadı"),
        ({"name": "../x"}, "küçük harf"),
        ({"name": ""}, "küçük harf"),
    ],
)
def test_a_wrong_form_is_answered_and_makes_no_draft(
    visitor: Visitor, office: Office, differs: dict[str, str], said: str
) -> None:
    answer = visitor.post("/gecit/rules/outages/draft", {**FORM, "name": "march", **differs}, 400)
    assert said in answer.text
    assert office.drafts.drafts() == []


def test_an_empty_row_is_no_announcement_yet(visitor: Visitor) -> None:
    visitor.post("/gecit/rules/drafts", {"start": "rows:dose-report", "name": "doz"})
    assert "window[1].source.title" in visitor.get("/gecit/rules/drafts/exemptions/doz")
    visitor.post("/gecit/rules/drafts", {"start": "rows:dose-report", "name": "doz"}, 400)
    visitor.post("/gecit/rules/drafts", {"start": "../../etc/passwd", "name": "x"}, 400)


def test_what_if_a_rule_began_at_another_date(visitor: Visitor, office: Office) -> None:
    path = "/gecit/rules/rule/duplicate-query-missing/try"
    page = run_of(visitor, office, path, {"edition": "1", "start": "2026-03-02T09:41"})
    shown = visitor.get(page)
    assert "/gecit/exams/910001/IN" in shown and "/gecit/exams/910001/OUT" not in shown
    assert "/gecit/exams/910001/IN" in visitor.get(f"{page}?kind=hold+-%3E+submit")
    assert "/gecit/exams/910001/IN" not in visitor.get(f"{page}?kind=submit+-%3E+hold")
    assert "hx-get" not in visitor.get(f"{page}/progress"), "it is over: nobody asks again"
    assert page in visitor.get("/gecit/rules/runs")


@pytest.mark.parametrize(
    "form",
    [
        {"edition": "9", "start": "2026-01-01T00:00"},
        {"edition": "1", "start": ""},
        {"edition": "1", "start": "0001-01-01T00:00"},
        {"edition": "1", "start": "9999-12-31T23:59-12:00"},
        {},
    ],
)
def test_a_date_that_cannot_be_is_answered(visitor: Visitor, office: Office, form: dict[str, str]) -> None:
    visitor.post("/gecit/rules/rule/loinc-code/try", form, 400)
    visitor.get("/gecit/rules/rule/nonsense", 404)
    assert office.runs.ids() == []


def test_a_page_further_in_stands_under_its_tab(visitor: Visitor, office: Office) -> None:
    made(visitor)
    for path, tab in ((DRAFT, "drafts"), ("/gecit/rules/rule/loinc-code", "")):
        assert f'href="/gecit/rules/{tab}" aria-current="page"' in visitor.get(path)


@pytest.mark.parametrize("lang", ["tr", "en"])
def test_every_page_reads_in_both_languages(visitor: Visitor, office: Office, lang: str) -> None:
    made(visitor)
    pages = ["", "/exemptions", "/outages", "/drafts", "/runs", "/history", "/rule/dose-report"]
    for path in [*(f"/gecit/rules{one}" for one in pages), DRAFT]:
        page = visitor.get(f"{path}?lang={lang}")
        assert f'<html lang="{lang}"' in page and " style=" not in page and "onclick" not in page
    for one in office.desk.book().rules:
        assert one.id in visitor.get(f"/gecit/rules/rule/{one.id}?lang={lang}")


def test_the_register_is_narrowed(visitor: Visitor) -> None:
    assert len(register(visitor)) == 36
    assert len(register(visitor, "?rule=dose-report")) == 1
    assert {one["from"][:4] for one in register(visitor, "?year=2022")} == {"2022"}
    assert register(visitor, "?origin=site") == []
    assert len(register(visitor, "?text=31.08.2021")) == 1


def test_without_a_folder_of_its_own_a_site_is_told_what_it_needs(visitor: Visitor, office: Office) -> None:
    office.drafts.site = None
    for path in ("/gecit/rules/drafts", "/gecit/rules/outages"):
        assert "Gecit.SiteRules" in visitor.get(path)
    assert (
        "Gecit.SiteRules" in visitor.post("/gecit/rules/drafts", {"start": "rows:dose-report", "name": "x"}, 400).text
    )


def test_a_run_that_is_stopped_says_so(visitor: Visitor, office: Office) -> None:
    made(visitor)
    page = visitor.post(f"{DRAFT}/try", {}).location
    visitor.post(f"{page}/stop", {})
    state = office.runs.progress(page.rpartition("/")[2]).state
    assert state in ("stopped", "done")
    visitor.get("/gecit/rules/runs/20260101-000000-00000000", 404)
    visitor.get("/gecit/rules/runs/..%2f..%2fx", 404)


@pytest.fixture
def whole(office: Office, accounts: FakeAccounts, vitals: FakeVitals) -> Visitor:
    """Somebody before an application with list, rules and front page."""
    clock, home = office.clock, Path(__file__).parents[2]
    public = FrontData(read_front(), office.desk.book, lambda: 1, home)
    doors = Doors(accounts, "inside", clock)
    app = create_app(
        doors=doors, views=FakeViews(), vitals=vitals, clock=clock, node="N1", ledger=office.ledger,
        rules=office.desk, public=public,
    )  # fmt: skip
    return Visitor(app.test_client(), doors)


def test_announcements_and_rules_lead_to_each_other(whole: Visitor) -> None:
    whole.become(ADMINISTRATOR)
    front = whole.get("/gecit/front?all=")
    assert "/gecit/rules/rule/loinc-code" in front and "/gecit/rules/exemptions?exemption=duplicate-query" in front
    anchors = set(re.findall(r'href="/gecit/front\?all=#([0-9a-f]{16})"', whole.get("/gecit/rules/exemptions")))
    assert len(anchors) > 20
    assert [one for one in anchors if f'id="{one}"' not in front] == []


@pytest.mark.parametrize(("roles", "page"), [((Role.CONSULTANT,), "/gecit/rules/"), ((), "/gecit/front")])
def test_who_has_no_right_to_the_list_lands_on_a_page_that_he_may_see(
    whole: Visitor, roles: tuple[Role, ...], page: str
) -> None:
    whole.become(Person(name="konsültan", roles=roles, institution="910001"))
    for home in ("/gecit", "/gecit/"):
        assert whole.lands(home) == (303, page)
    assert 'href="/gecit/"' in whole.get(page)
    assert whole.lands("/gecit/", accept="application/json") == (403, None), "a program is told"
    assert whole.lands("/gecit/unlinked") == (403, None), "whoever names a page is told, too"
    whole.become(OURS)
    assert whole.lands("/gecit/") == (200, None)
