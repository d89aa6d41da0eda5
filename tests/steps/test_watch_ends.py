"""What ends with time alone is told before it does, once more when it has, and no longer when it is renewed."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from gecit.core.backups import Manifest
from gecit.edges.certificates import end_of_file
from gecit.edges.store import SqlLedger
from gecit.ports import Beat, Unavailable
from gecit.processes.ends import Ends, hl7_detail
from gecit.processes.last_backup import last_backup, record
from gecit.processes.registered import home_of
from gecit.settings import Settings, load
from gecit.steps.watch_ends import NEVER, ending
from gecit.steps.watch_health import Limits, Watch
from tests.support.billing import START, HandClock
from tests.support.certificates import Authority

WARNED = timedelta(days=21)


def settings(folder: Path, **environ: str) -> Settings:
    (folder / "data").mkdir(exist_ok=True)
    named = {f"ORTHANC__GECIT__{name}": one for name, one in environ.items()}
    return load(environ={"GECIT_DATA": str(folder / "data"), **named})


def said(detail: dict[str, Any], now: datetime) -> list[str]:
    found = dict(ending([Beat(node="N1", process="work", pid=1, at=now, detail=detail)], now, WARNED))
    assert all(one.tr and one.en for one in found.values())
    return list(found)


@pytest.mark.parametrize(
    ("before", "found"),
    [
        (timedelta(days=21), []),
        (timedelta(days=21) - timedelta(seconds=1), ["certificate:N1/hl7"]),
        (timedelta(seconds=1), ["certificate:N1/hl7"]),
        (timedelta(0), ["certificate:N1/hl7", "expired:N1/hl7"]),
        (-timedelta(days=400), ["certificate:N1/hl7", "expired:N1/hl7"]),
    ],
)
def test_a_certificate_is_told_of_on_either_side_of_its_limits(before: timedelta, found: list[str]) -> None:
    assert said({"certificate hl7": (START + before).isoformat()}, START) == found


def test_what_ends_names_the_day_and_who_mends_it_and_zero_days_watch_nothing() -> None:
    detail: dict[str, Any] = {"certificate public": "2026-03-01T20:30:00+00:00", "certificate /a/b.pem": "unreadable"}
    beats = [Beat(node="N1", process="work", pid=1, at=START, detail=detail)]
    found = dict(ending(beats, datetime.fromisoformat("2026-03-01T20:29:59+00:00"), WARNED))
    assert list(found) == ["certificate:N1/public", "certificate:N1//a/b.pem"]
    assert "01.03.2026 23:30" in found["certificate:N1/public"].tr and "nginx" in found["certificate:N1/public"].en
    assert "cannot be read" in found["certificate:N1//a/b.pem"].en
    assert dict(ending(beats, START, timedelta(0))) == {}


def test_a_backup_is_told_of_when_it_is_too_old_and_where_there_is_none() -> None:
    made, due = START - timedelta(hours=36), START
    detail = {"backup": made.isoformat(), "backup due": due.isoformat()}
    assert said(detail, START) == []
    assert said(detail, START + timedelta(seconds=1)) == ["backup:N1"]
    assert said({"backup due": NEVER}, START) == ["backup:N1"]
    assert said({}, START) == [], "a node that does not watch it"


def test_incidents_of_a_certificate_open_twice_and_close_when_it_is_renewed(ledger: SqlLedger, tmp_path: Path) -> None:
    """A real file, whose two days pass by a clock of the test."""
    authority = Authority(tmp_path)
    kept = tmp_path / "web.pem"
    kept.write_bytes(authority.sign("old.example", days=2).certificate.read_bytes())
    end = end_of_file(kept)
    ends = Ends(settings(tmp_path, ALERTS__CERTIFICATE_FILES=str(kept)))
    clock = HandClock(end - timedelta(days=22))
    watch = Watch(ledger, ledger, clock, Limits(outbox_age=timedelta(days=99)), ["e-mail"])

    def look() -> list[str]:
        ledger.beat(Beat(node="N1", process="work", pid=1, at=clock.now(), detail=ends.detail()))
        watch.step()
        return sorted(one.key for one in ledger.incidents(10) if one.closed_at is None)

    assert look() == []
    clock.forward(days=2)
    assert look() == [f"certificate:N1/{kept}"]
    clock.forward(days=20)
    assert look() == [f"certificate:N1/{kept}", f"expired:N1/{kept}"]
    kept.unlink()
    assert look() == [f"certificate:N1/{kept}"]
    kept.write_bytes(authority.sign("new.example", days=60).certificate.read_bytes())
    assert look() == []
    assert len(ledger.deliveries()) == 4, "each is told when it begins and when it ends"


# What a node says of its own


def test_what_was_loaded_at_the_start_counts_until_the_next_one(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    old, new = authority.sign("old.example", days=3), authority.sign("new.example", days=90)
    ends_old, ends_new = (end_of_file(one.certificate).isoformat() for one in (old, new))
    chosen = settings(
        tmp_path, MLLP_TLS__CERTIFICATE=str(old.certificate), MLLP_TLS__KEY=str(old.key),
        HBYS__CERTIFICATE_FILE=str(old.certificate), HBYS__KEY_FILE=str(old.key),
    )  # fmt: skip
    assert hl7_detail(chosen) == {"certificate hl7": ends_old}
    dicom = tmp_path / "dicom.pem"
    dicom.write_bytes(old.certificate.read_bytes())
    ends = Ends(_with_dicom(chosen, dicom))
    assert ends.detail() == {"certificate dicom": ends_old, "certificate hbys": ends_old}
    for place in (dicom, old.certificate):
        place.write_bytes(new.certificate.read_bytes())
    assert ends.detail() == {"certificate dicom": ends_old, "certificate hbys": ends_new}


def _with_dicom(chosen: Settings, certificate: Path) -> Settings:
    return replace(chosen, dicom_tls_enabled=True, dicom_tls_certificate=str(certificate))


def test_nothing_is_said_where_nothing_is_configured(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    ends = Ends(_with_dicom(chosen, Path("relative.pem")))
    assert (hl7_detail(chosen), ends.detail(), ends.loops()) == ({}, {}, [])
    assert Ends(settings(tmp_path, SIGN_IN__PUBLIC_URL="http://gecit.example")).loops() == []


def test_what_the_public_address_shows_stays_known_while_it_cannot_be_reached(tmp_path: Path) -> None:
    asked: list[str] = []

    def address(url: str) -> datetime:
        asked.append(url)
        if len(asked) == 2:
            raise Unavailable("certificate")
        return START + timedelta(days=len(asked))

    ends = Ends(settings(tmp_path, SIGN_IN__PUBLIC_URL="https://gecit.example"), address)
    [loop] = ends.loops()
    seen = []
    for _ in range(3):
        loop.step()
        seen.append(ends.detail())
    days = [{"certificate public": (START + timedelta(days=one)).isoformat()} for one in (1, 1, 3)]
    assert (seen, asked) == (days, ["https://gecit.example"] * 3)


def test_a_restart_is_no_renewal_of_what_the_public_address_shows(tmp_path: Path) -> None:
    """Before it is looked at again the incident would close, and open anew with the next look: two letters a start."""

    def away(url: str) -> datetime:
        raise Unavailable("certificate")

    chosen = settings(tmp_path, SIGN_IN__PUBLIC_URL="https://gecit.example")
    said: dict[str, Any] = {"certificate public": START.isoformat(), "certificate dicom": START.isoformat()}
    mine = Beat(node=chosen.name, process="work", pid=1, at=START, detail=said, home=home_of(chosen))
    ends = Ends(chosen, away, [replace(mine, home="another"), replace(mine, process="listen"), mine])
    ends.look()
    assert ends.detail() == {"certificate public": START.isoformat()}
    assert Ends(chosen, away, [replace(mine, home="another")]).detail() == {}
    assert Ends(settings(tmp_path), away, [mine]).detail() == {}, "no https any more"


def test_the_trace_of_a_backup_says_when_the_next_one_is_due(tmp_path: Path) -> None:
    watched = Ends(settings(tmp_path, ALERTS__BACKUP_HOURS="36"))
    assert watched.detail() == {"backup due": "never"}
    data = tmp_path / "data"
    record(data, manifest(START))
    due = (START + timedelta(hours=36)).isoformat()
    assert watched.detail() == {"backup": START.isoformat(), "backup due": due}
    assert Ends(settings(tmp_path)).detail() == {}, "not watched"
    found = last_backup(data)
    assert found and (found.taken_at, found.damaged) == (START, 1)
    [kept] = data.glob("last-backup*")
    assert kept.stat().st_mode & 0o077 == 0
    kept.write_text("{")
    assert watched.detail() == {"backup due": "never"}


def manifest(at: datetime) -> Manifest:
    return Manifest(
        format=1, version="1", schema="s", engine="sqlite", node="N1", taken_at=at,
        finished_at=at + timedelta(minutes=5), rows={}, images=1, key_proof="", sums="", damaged={"a": "b"},
    )  # fmt: skip
