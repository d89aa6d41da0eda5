"""What the web process makes of the settings of the duplicate query, and of its own absence."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gecit.edges.store import SqlLedger
from gecit.ports import Beat
from gecit.processes.asking import above_of, desk_of, policy_of, record_absence
from gecit.sandbox.duplicates import PretendDuplicates, PretendStudy, duplicates_app, new_credentials
from gecit.sandbox.node import duplicates_above
from gecit.sandbox.server import running
from gecit.settings import Settings, SettingsError, from_orthanc
from tests.support.billing import HandClock
from tests.support.duplicates import NOW, SUT, TCKN, open_for_business, question

HOME = {"GECIT_HOME": str(Path(__file__).parents[2])}


def settings(tmp_path: Path, **environ: str) -> Settings:
    told: dict[str, Any] = {"HttpPort": 8042, "AuthenticationEnabled": False}
    return from_orthanc(told, {**HOME, "GECIT_DATA": str(tmp_path), **environ})


def test_the_shipped_settings_ask_nobody_above_and_look_back_six_months(tmp_path: Path) -> None:
    shipped = settings(tmp_path)
    policy = policy_of(shipped)
    assert above_of(shipped, HandClock()) is None and shipped.duplicates.ministry_get is False
    assert (policy.months, policy.days, policy.link, policy.opened) == (6, 0, timedelta(hours=24), timedelta(days=7))


def test_the_sandboxs_settings_reach_the_pretend_service(tmp_path: Path, sqlite_ledger: SqlLedger) -> None:
    clock, credentials = HandClock(NOW), new_credentials()
    pretend = PretendDuplicates(clock, credentials)
    pretend.add(PretendStudy(tckn=TCKN, sut=SUT, accession="X1"))
    open_for_business(sqlite_ledger)
    with running({"/duplicates": duplicates_app(pretend)}) as url:
        desk = desk_of(settings(tmp_path, **duplicates_above(tmp_path, url, credentials)), sqlite_ledger, clock)
        query = desk.previous_studies(question())
    assert [(one.accession, one.source) for one in query.found] == [("X1", "sandbox")]
    assert (query.upstream, query.reason) == ("sandbox", "")


def test_a_service_above_without_its_credentials_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as fault:
        settings(tmp_path, ORTHANC__GECIT__DUPLICATES__UPSTREAM_URL="https://above.example")
    lacking = ("TokenUrl", "Client", "ClientSecretFile", "User", "PasswordFile")
    assert [one for one in lacking if f"Gecit.Duplicates.Upstream{one}" not in str(fault.value)] == []


def test_the_time_without_this_nodes_web_process_is_an_outage(sqlite_ledger: SqlLedger) -> None:
    left = NOW - timedelta(minutes=30)
    for node, process, at in (("N1", "web", left), ("N1", "work", NOW), ("N2", "web", NOW)):
        sqlite_ledger.beat(Beat(node=node, process=process, pid=1, at=at))
    record_absence(sqlite_ledger, sqlite_ledger, "N1", NOW)
    record_absence(sqlite_ledger, sqlite_ledger, "N2", NOW)
    record_absence(sqlite_ledger, sqlite_ledger, "N3", NOW)
    (outage,) = sqlite_ledger.read(lambda tx: tx.outages(left, NOW))
    assert (outage.service, outage.reason) == ("duplicates", "not running")
    assert (outage.began_at, outage.ended_at) == (left, NOW)
