"""The pretend outside world as it is started for the demo."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest
import requests

from gecit.core.verdict import Outcome
from gecit.edges.medula_json import JsonMedula
from gecit.edges.registry_http import HttpRegistry
from gecit.sandbox.medula import PretendMedula, medula_app
from gecit.sandbox.registry import read_physicians
from gecit.sandbox.server import RADIOLOGISTS, outside_world, running, serve
from tests.support.billing import HandClock, arrive, judge, key
from tests.support.world import World, world

__all__ = ["world"]


def test_every_pretend_radiologist_can_be_looked_up_in_the_running_sandbox() -> None:
    with running(outside_world(HandClock())) as url:
        registry = HttpRegistry(f"{url}/registry", HandClock())
        answers = [registry.look_up(one) for one in read_physicians(RADIOLOGISTS)]
    assert any(one.radiologist for one in answers)
    assert any(one.known and not one.radiologist for one in answers)


def test_it_says_of_itself_that_it_is_a_reconstruction() -> None:
    with running(outside_world(HandClock())) as url:
        assert "reconstruction" in requests.get(url, timeout=5).text
        assert "reconstruction" in requests.get(f"{url}/medula/inspect", timeout=5).json()["note"]


def test_inspect_shows_what_is_in_force(world: World) -> None:
    arrive(world.ledger, key(), world.clock.now())
    judge(world.ledger, key(), Outcome.SUBMIT, world.clock.now())
    world.deliver_all()
    seen = requests.get(f"{world.url}/medula/inspect", timeout=5).json()
    assert [one["content"]["accession"] for one in seen["effective"]] == ["GT000001"]
    assert (len(seen["carried_out"]), seen["arrivals"]) == (1, 1)


def test_faults_are_asked_for_and_ended_over_http(world: World) -> None:
    faults = f"{world.url}/medula/faults"
    ask = f"{world.url}/medula/notifications/ask"
    assert requests.post(faults, json={"next": ["503"]}, timeout=5).status_code == 200
    spoilt = requests.post(ask, json={"key": "k"}, timeout=5)
    assert (spoilt.status_code, spoilt.headers["Retry-After"]) == (503, "1")
    requests.post(faults, json={"probability": 1, "kinds": ["500"]}, timeout=5)
    assert [requests.post(ask, json={"key": "k"}, timeout=5).status_code for _ in range(2)] == [500, 500]
    requests.post(faults, json={}, timeout=5)
    assert requests.post(ask, json={"key": "k"}, timeout=5).json() == {"known": False, "key": "k"}


@pytest.mark.parametrize("wish", [{"next": ["earthquake"]}, {"next": 3}, [1], {"probability": "often"}])
def test_a_fault_that_does_not_exist_is_named_with_those_that_do(world: World, wish: object) -> None:
    answer = requests.post(f"{world.url}/medula/faults", json=wish, timeout=5)
    assert answer.status_code == 400 and "reset-after" in answer.text


def test_what_hangs_is_let_go_when_the_sandbox_stops() -> None:
    ended = threading.Event()

    def ask(url: str) -> None:
        with pytest.raises(requests.ConnectionError):
            requests.post(f"{url}/medula/notifications/ask", json={}, timeout=60)
        ended.set()

    apps = outside_world(HandClock())
    with running(apps) as url:
        apps["/medula"].plan("hang-before")
        threading.Thread(target=ask, args=(url,), daemon=True).start()
        while not apps["/medula"].spoilt:
            threading.Event().wait(0.01)
    assert ended.wait(10)


def test_it_serves_until_it_is_told_to_stop_and_then_gives_the_port_back() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    stop = threading.Event()
    thread = threading.Thread(target=serve, args=(port, outside_world(HandClock()), stop))
    thread.start()
    while thread.is_alive():
        try:
            assert requests.get(f"http://127.0.0.1:{port}", timeout=5).ok
            break
        except requests.ConnectionError:
            continue
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", port))


def test_a_port_in_use_is_an_error_that_can_be_caught() -> None:
    with running({}) as url, pytest.raises(OSError), running({}, int(url.rpartition(":")[2])):  # noqa: PT011
        pass


def test_a_wrong_token_is_turned_away(tmp_path: Path) -> None:
    with running({"/medula": medula_app(PretendMedula(), token="right")}) as url:
        answer = requests.post(
            f"{url}/medula/notifications/ask", json={}, headers={"Authorization": "Bearer wrong"}, timeout=5
        )
    assert (answer.status_code, answer.json()["code"]) == (401, "token")


def test_the_pretend_medula_remembers_over_a_restart(world: World, tmp_path: Path) -> None:
    journal = tmp_path / "told.jsonl"
    arrive(world.ledger, key(), world.clock.now())
    judge(world.ledger, key(), Outcome.SUBMIT, world.clock.now())
    (row,) = world.ledger.deliveries()
    with running({"/medula": medula_app(PretendMedula(journal))}) as url:
        JsonMedula(f"{url}/medula").send(row.kind, row.key, row.payload)
    again = PretendMedula(journal)
    assert again.ask(row.key) is not None
    assert [one.key for one in again.effective()] == [row.key]
    assert again.send(row.kind, row.key, row.payload).code == "0000"
    assert len(journal.read_bytes().splitlines()) == 1
