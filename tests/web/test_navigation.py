"""What the bar of each role leads to, what it folds, what it counts; and that no word of the pages hides another."""

import ast
from pathlib import Path

import pytest
from flask import Flask, g

from gecit.core.access import GIVEN, Person, Role
from gecit.web import words
from gecit.web.frame import BADGES, NavigationGroup, addresses, landing, navigation
from gecit.web.navigation import FEW, GROUPS, INSIDE, LANDINGS, places

OWN = "910001"


@pytest.fixture
def app() -> Flask:
    """Every page of the navigation, and some further in, with nothing in them."""
    made = Flask(__name__)
    for endpoint in (*(one.endpoint for one in places()), "editor.show", "quality.exam", "front.show"):
        made.add_url_rule(f"/{endpoint}", endpoint, lambda: "")
    return made


def bar(app: Flask, role: Role, at: str = "front.show") -> list[NavigationGroup]:
    with app.test_request_context(f"/{at}"):
        g.person = Person(name="x", roles=(role,), institution=OWN, tckn="10000000146")
        return navigation()


def marked(groups: list[NavigationGroup]) -> list[tuple[str, str]]:
    return [(one.address, one.current) for group in groups for one in group.places if one.current]


@pytest.mark.parametrize(
    ("role", "folded"), [(Role.ADMINISTRATOR, True), (Role.MANAGER, True), (Role.RADIOLOGIST, True)]
)
def test_many_places_are_folded_into_one_line(app: Flask, role: Role, folded: bool) -> None:
    groups = bar(app, role)
    assert all(one.folded is (len(one.places) > 1) for one in groups) is folded
    assert 3 < len(groups) < 8


@pytest.mark.parametrize("role", [Role.CITIZEN, Role.CONSULTANT, Role.VISITOR])
def test_few_places_stand_side_by_side(app: Flask, role: Role) -> None:
    groups = bar(app, role)
    assert not any(one.folded for one in groups)
    assert 0 < sum(len(one.places) for one in groups) <= FEW


@pytest.mark.parametrize(
    ("role", "first"),
    [
        (Role.ADMINISTRATOR, "tracking.exams"),
        (Role.CLINICIAN, "tracking.exams"),
        (Role.CONSULTANT, "consulting.show_all"),
        (Role.CITIZEN, "own_exams.show"),
        (Role.VISITOR, "shared.show"),
    ],
)
def test_a_role_begins_where_its_work_is(app: Flask, role: Role, first: str) -> None:
    with app.test_request_context("/front.show"):
        g.person = Person(name="x", roles=(role,), institution=OWN, tckn="10000000146")
        assert addresses()[0] == f"/{first}"


def test_nobody_is_led_nowhere(app: Flask) -> None:
    with app.test_request_context("/front.show"):
        assert navigation() == addresses() == []


def test_every_role_that_an_account_has_is_led_somewhere(app: Flask) -> None:
    assert all(bar(app, role) for role in GIVEN)


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        ("reading.show", ("/reading.show", "page")),
        ("editor.show", ("/reading.show", "true")),
        ("drafts.show", ("/drafts.show", "page")),
        ("quality.exam", ("/quality.show", "true")),
        ("care.emergency", ("/care.emergency", "page")),
    ],
)
def test_one_place_is_marked_and_its_group_with_it(app: Flask, at: str, shown: tuple[str, str]) -> None:
    groups = bar(app, Role.RADIOLOGIST, at)
    assert marked(groups) == [shown]
    assert [one.current for one in groups].count(True) == 1


def test_a_group_counts_what_waits_in_its_places(app: Flask) -> None:
    app.extensions[BADGES] = {"critical.show": lambda: 2, "tracking.exams": lambda: 1, "consulting.show_all": lambda: 4}
    counts = {one.name.en: one.badge for one in bar(app, Role.RADIOLOGIST) if one.badge}
    assert counts == {"Tracking": 3, "Colleagues": 4}


def test_the_bar_has_words_and_known_places() -> None:
    assert {one.word for one in (*GROUPS, *places())} <= set(words.PAGE)
    assert len({one.endpoint for one in places()}) == len(places())
    assert set(INSIDE.values()) <= {one.endpoint for one in places()}
    for language in ("tr", "en"):
        for group in GROUPS:
            names = [getattr(words.PAGE[one.word], language) for one in group.places]
            assert len(set(names)) == len(names)


def test_no_word_of_the_pages_hides_another() -> None:
    """Two modules that give one key different words: the later would silently speak on the other's pages."""
    joined = {"PAGE", "TRACKING", "ROOM", "READING", "CRITICAL", "TEMPLATES", "CITIZEN", "SHARING", "RETENTION", "CARE"}
    joined |= {"NAVIGATION", "CONSULTING", "QUALITY", "PEER"}
    found: dict[str, set[str]] = {}
    for file in sorted(Path(words.__file__).parent.glob("words*.py")):
        for node in ast.parse(file.read_text()).body:
            if (
                isinstance(node, ast.AnnAssign)
                and isinstance(node.value, ast.Dict)
                and ast.unparse(node.target) in joined
            ):
                for key, value in zip(node.value.keys, node.value.values, strict=True):
                    if isinstance(key, ast.Constant):
                        found.setdefault(str(key.value), set()).add(ast.unparse(value))
    assert len(found) > 500
    assert {key: one for key, one in found.items() if len(one) > 1} == {}


BEGIN = {
    Role.ADMINISTRATOR: "/tracking.exams",
    Role.MANAGER: "/tracking.exams",
    Role.RADIOLOGIST: "/reading.show",
    Role.CONSULTANT: "/consulting.show_all",
    Role.CLINICIAN: "/critical.show",
    Role.ASSESSOR: "/quality.show",
    Role.CITIZEN: "/own_exams.show",
}


@pytest.mark.parametrize("role", BEGIN)
def test_after_signing_in_each_role_comes_where_its_work_begins(app: Flask, role: Role) -> None:
    with app.test_request_context():
        g.person = Person(name="x", roles=(role,), institution=OWN, tckn="10000000146")
        assert landing((role,), "/gecit/") == BEGIN[role]
        assert BEGIN[role] in addresses(), "and may go there"
        assert landing((role,), "/gecit/rules") == "/gecit/rules"
    assert {one for one, _ in LANDINGS} == set(BEGIN) == set(GIVEN) - {Role.SERVICE}


def test_who_has_several_roles_comes_where_the_first_of_the_table_begins(app: Flask) -> None:
    with app.test_request_context():
        assert landing((Role.CITIZEN, Role.RADIOLOGIST), "/gecit/") == "/reading.show"
        assert landing((), "/gecit/") == "/gecit/"
    with Flask(__name__).test_request_context():
        assert landing((Role.RADIOLOGIST,), "/gecit/") == "/gecit/", "an installation without that page"
