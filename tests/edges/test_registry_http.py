"""The registry over HTTP: what is remembered, what never is, and what goes over the wire."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gecit.edges.registry_http import HttpRegistry
from gecit.edges.registry_snapshot import SnapshotRegistry
from gecit.ports import Unavailable
from gecit.sandbox.faults import Faults
from gecit.sandbox.registry import FakeRegistry, Physician, registry_app
from gecit.sandbox.server import running
from tests.support.billing import HandClock

RADIOLOGIST = "10000000146"
STRANGER = "10562272296"


class Service:
    def __init__(self) -> None:
        self.clock = HandClock()
        self.fake = FakeRegistry({RADIOLOGIST: Physician(name="Dr. Deneme", radiologist=True)}, self.clock)
        self.faults = Faults(registry_app(self.fake))
        self.lines: list[str] = []
        self.url = ""

    def __call__(self, environ, start_response):  # type: ignore[no-untyped-def]
        self.lines.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}?{environ['QUERY_STRING']}")
        return self.faults(environ, start_response)


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    with running({"/registry": made}) as url:
        made.url = f"{url}/registry"
        yield made
        made.faults.stop()


@pytest.mark.parametrize("identifier", [RADIOLOGIST, STRANGER])
def test_an_answer_is_used_again_until_its_time_is_up(service: Service, identifier: str) -> None:
    registry = HttpRegistry(service.url, service.clock, keep=timedelta(hours=1))
    first = registry.look_up(identifier)
    service.clock.forward(minutes=59)
    assert (registry.look_up(identifier), service.fake.asked) == (first, 1)
    service.clock.forward(minutes=1)
    registry.look_up(identifier)
    assert service.fake.asked == 2


def test_only_so_many_answers_are_kept(service: Service) -> None:
    registry = HttpRegistry(service.url, service.clock, most=1)
    for one in (RADIOLOGIST, STRANGER, RADIOLOGIST):
        registry.look_up(one)
    assert service.fake.asked == 3


@pytest.mark.parametrize(
    "fault",
    ["400", "500", "503", "hang-before", "reset-before", "reset-after", "half", "wrong-json", "other-answer"],
)
def test_a_failure_is_never_an_answer_and_never_remembered(service: Service, fault: str) -> None:
    registry = HttpRegistry(service.url, service.clock, timeout=0.4)
    service.faults.plan(fault)
    with pytest.raises(Unavailable) as failure:
        registry.look_up(RADIOLOGIST)
    assert RADIOLOGIST not in str(failure.value)
    assert registry.look_up(RADIOLOGIST).radiologist


def test_the_number_is_in_no_address(service: Service) -> None:
    HttpRegistry(service.url, service.clock).look_up(RADIOLOGIST)
    assert service.lines == ["POST /radiologists/ask?"]


def test_a_code_list_file_without_radiologists_is_no_registry(tmp_path: Path) -> None:
    path = tmp_path / "codes.db"
    sqlite3.connect(path).execute("create table sut (code text)").connection.close()
    with pytest.raises(Unavailable, match="no list of radiologists was imported"):
        SnapshotRegistry(path, HandClock()).look_up(RADIOLOGIST)


def test_a_file_that_is_no_database_is_no_registry(tmp_path: Path) -> None:
    path = tmp_path / "codes.db"
    path.write_bytes(b"no database" * 100)
    with pytest.raises(Unavailable):
        SnapshotRegistry(path, HandClock()).look_up(RADIOLOGIST)
