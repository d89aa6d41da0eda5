"""Every route says what it needs."""

from flask.testing import FlaskClient

from gecit.core.access import Action
from gecit.web.access import NEEDS
from tests.web.conftest import BASIC


def test_every_route_of_the_application_names_its_action(client: FlaskClient) -> None:
    views = {
        rule.endpoint: client.application.view_functions[rule.endpoint]
        for rule in client.application.url_map.iter_rules()
    }
    silent = [name for name, view in views.items() if name != "static" and not hasattr(view, NEEDS)]
    assert silent == []
    assert all(getattr(view, NEEDS, None) in (None, *Action) for view in views.values())


def test_a_route_that_names_none_is_refused(client: FlaskClient) -> None:
    client.application.add_url_rule("/gecit/forgotten", "forgotten", lambda: "secret")
    answer = client.get("/gecit/forgotten", headers={"Authorization": BASIC})
    assert answer.status_code == 403
    assert "secret" not in answer.text
