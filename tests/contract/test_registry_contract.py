"""What every registry of physicians must answer: the pretend one, the same over HTTP, and the imported list."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gecit.edges.codes import import_csv
from gecit.edges.registry_http import HttpRegistry
from gecit.edges.registry_snapshot import SnapshotRegistry
from gecit.ports import Registry, Unavailable
from gecit.sandbox.registry import FakeRegistry, read_physicians, registry_app
from gecit.sandbox.server import running
from tests.support.billing import HandClock

# 10000090178 and 10000090246 change on the day the clock stands at, 2024-03-01
PHYSICIANS = """identifier,name,branch,is_radiologist,valid_from,valid_until,source,verified
10000000146,Dr. Deneme Işıkçı,Radyoloji,evet,2015-01-01,,made up,0
10000090314,Dr. Çağrı Kurgusal,İç Hastalıkları,hayır,,,made up,0
10000090178,Dr. Son Gün,Radyoloji,evet,,2024-03-01,made up,0
10000090246,Dr. İlk Gün,Radyoloji,evet,2024-03-01,,made up,0
10000090482,Dr. Dün Bitti,Radyoloji,evet,,2024-02-29,made up,0
"""
STRANGER = "10562272296"


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    path = tmp_path / "radiologists.csv"
    path.write_text(PHYSICIANS, encoding="utf-8")
    return path


@pytest.fixture(params=["fake", "http", "snapshot"])
def registry(request: pytest.FixtureRequest, listed: Path, tmp_path: Path) -> Iterator[Registry]:
    clock = HandClock()
    if request.param == "snapshot":
        import_csv(tmp_path / "codes.db", "radiologists", listed, clock.now())
        yield SnapshotRegistry(tmp_path / "codes.db", clock)
        return
    fake = FakeRegistry(read_physicians(listed), clock)
    if request.param == "fake":
        yield fake
        return
    with running({"/registry": registry_app(fake)}) as url:
        yield HttpRegistry(f"{url}/registry", clock)


@pytest.mark.parametrize(
    ("identifier", "known", "radiologist"),
    [
        ("10000000146", True, True),
        ("10000090314", True, False),
        ("10000090178", True, True),
        ("10000090246", True, True),
        ("10000090482", False, False),
        (STRANGER, False, False),
        ("", False, False),
        ("' or 1=1 --", False, False),
    ],
)
def test_a_number_is_known_and_a_radiologist_or_not(
    registry: Registry, identifier: str, known: bool, radiologist: bool
) -> None:
    answer = registry.look_up(identifier)
    assert (answer.identifier, answer.known, answer.radiologist) == (identifier, known, radiologist)


def test_an_answer_says_whom_it_means_where_from_and_as_of_when(registry: Registry) -> None:
    answer = registry.look_up("10000000146")
    assert (answer.name, answer.as_of) == ("Dr. Deneme Işıkçı", HandClock().now())
    assert answer.source


def _gone(tmp_path: Path) -> dict[str, Callable[[], Registry]]:
    clock = HandClock()
    fake = FakeRegistry({}, clock)
    fake.down = True
    return {
        "fake": lambda: fake,
        "http": lambda: HttpRegistry("http://127.0.0.1:9", clock, timeout=0.5),
        "no file": lambda: SnapshotRegistry(tmp_path / "none.db", clock),
    }


@pytest.mark.parametrize("which", ["fake", "http", "no file"])
def test_a_registry_that_is_not_there_says_so_and_never_that_nobody_is_known(which: str, tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        _gone(tmp_path)[which]().look_up(STRANGER)


def test_an_imported_list_is_remembered_until_another_is_imported_or_the_day_ends(listed: Path, tmp_path: Path) -> None:
    """What is remembered is of one file and one day: nobody is a radiologist for longer than the list says."""
    clock, database = HandClock(), tmp_path / "codes.db"
    today = clock.now().date().isoformat()
    header, first, *_ = PHYSICIANS.splitlines()
    import_csv(database, "radiologists", listed, clock.now())
    registry = SnapshotRegistry(database, clock)
    assert registry.look_up("10000000146").radiologist
    assert not registry.look_up(STRANGER).known
    listed.write_text(f"{header}\n{first.replace('10000000146', STRANGER)}\n", encoding="utf-8")
    import_csv(database, "radiologists", listed, clock.now())
    assert registry.look_up(STRANGER).known
    assert not registry.look_up("10000000146").known
    assert "valid_until" in header
    row = dict(zip(header.split(","), first.replace("10000000146", STRANGER).split(","), strict=True))
    row["valid_until"] = today
    listed.write_text(f"{header}\n{','.join(row.values())}\n", encoding="utf-8")
    import_csv(database, "radiologists", listed, clock.now())
    assert registry.look_up(STRANGER).known
    clock.forward(hours=24)
    assert not registry.look_up(STRANGER).known
