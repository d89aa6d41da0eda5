"""`gecit work`: follows the change log, judges, and delivers the outbox."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from functools import lru_cache, partial

from ..core.accounts import Account
from ..core.key_images import KeyImage
from ..core.reading import AT_WORK, State
from ..edges import codes
from ..edges.audit_book import key_name
from ..edges.ledger_clock import LedgerClock
from ..edges.orthanc_http import Modality, OrthancArchive
from ..edges.orthanc_pictures import OrthancPictures
from ..edges.report_documents import Documents
from ..edges.report_header import template_of
from ..ports import Beat, Institution, ListSearch, Unavailable
from ..settings import Settings
from ..settings.critical import addresses_of
from ..steps import (
    announce,
    attach_report,
    consult,
    critical,
    left_drafts,
    notify_medula,
    read_exam,
    tell_consulted,
    tell_hospital,
    watch_alike,
    watch_health,
)
from ..steps.breaker import Breaker
from ..steps.deliver import Courier, Handler
from ..steps.follow import Follower
from ..steps.rejudge import Rejudger
from .alerting import Alerting, consultation_channels, mails, smtp_of
from .build import Parts, start_logging
from .ends import Ends
from .entrance import audit_of, granting_of
from .following import FollowerLease
from .judging import Judge
from .life import leave_what_stands, until_told_to_stop, wait_beating
from .loops import Loop, run_loops
from .lost_ledger import lost_ledger_of, telling_if_lost
from .reception import Reception
from .registered import home_of
from .retention import deleting_of
from .rules import judging_name
from .run_folder import read_internal_token
from .watching import Watching

JUDGE_REST = 2.0  # and at once when the ledger changes: this is for what is due with time alone
REJUDGE_REST = 0.5
DELIVER_REST = 2.0  # likewise
MODALITIES_REST = 5.0
NEVER = 10**9  # failures in a row: each address of a webhook has a breaker of its own
READINGS_REST = 5.0
SUSPECTS_REST = 60.0  # there are some right after the start alone
DRAFTS_REST = 600.0
RETENTION_REST = 60.0


class Worker:
    """The work of one node; each method is the step of one loop."""

    def __init__(
        self,
        parts: Parts,
        archive: OrthancArchive,
        pictures: Callable[[KeyImage], bytes | None] = lambda image: None,
        watching: Watching | None = None,
    ) -> None:
        self._parts, self._settings, self._home = parts, parts.settings, home_of(parts.settings)
        self._ledger, self._clock, self._archive = parts.ledger, parts.clock, archive
        self._pictures, self._watching = pictures, watching
        judging = parts.rules().judging
        self._judge = Judge(parts.ledger, parts.clock, judging, self._settings.role)
        self._rejudger = Rejudger(parts.ledger, parts.ledger, parts.clock, judging, self._settings.role)
        self._reception: Reception = parts.reception()
        self._owner = f"{self._settings.name}/{os.getpid()}/{uuid.uuid4().hex[:8]}"
        installation = f"{socket.gethostname()}:{self._settings.data}"
        self._lease = FollowerLease(parts.ledger, lambda: archive.identity(), installation)
        self._follower = Follower(
            archive,
            parts.ledger,
            parts.clock,
            timedelta(seconds=self._settings.settle_seconds),
            group_minutes=int(self._settings.acquisition_group_minutes),
            default_institution=self._settings.default_institution,
        )
        self._couriers: dict[str, Courier] = {}
        self._breakers: dict[str, Breaker] = {}
        self._announcer = parts.announcer()
        self._alerting = Alerting(self._settings, parts.ledger, parts.clock)
        self._granting = granting_of(self._settings, parts.ledger)
        self._ends = Ends(self._settings, before=parts.ledger.beats())
        self._swept_at: datetime | None = None
        self._key_name, self._settings_name = "", judging_name(self._settings)
        self._modalities: frozenset[Modality] | None = None

    def loops(self) -> list[Loop]:
        """Return everything that is done again and again."""
        settings = self._settings
        found = [
            Loop(name="follow", step=self.follow, rest=settings.poll_milliseconds / 1000),
            Loop(name="judge", step=self._judge.step, rest=JUDGE_REST, wakes=True),
            Loop(name="rejudge", step=self._rejudger.step, rest=REJUDGE_REST),
            Loop(name="deferred", step=self.look_at_deferred, rest=settings.transient_retry_seconds),
            Loop(name="modalities", step=self.tell_modalities, rest=MODALITIES_REST),
            self._courier("archive", self._archive_handlers(), self._parts.breaker()),
            self._courier(
                announce.DESTINATION, self._announcer.handlers(), Breaker(NEVER), settings.webhooks.timeout_seconds
            ),
            *self._alerting.loops(),
            *lost_ledger_of(self._settings, self._ledger).loops(),
            *self._ends.loops(),
        ]
        if self._watching:
            found.append(Loop(name="suspects", step=self._watching.look_at_suspects, rest=SUSPECTS_REST))
        if settings.role == "Node":
            found.append(self._courier(critical.DESTINATION, {critical.KIND: self._critical()}, Breaker(NEVER)))
            if settings.retention.carry_out:
                deleting = deleting_of(settings, self._ledger, audit_of(settings, self._ledger, "work"), self._clock)
                found.append(Loop(name="retention", step=deleting.step, rest=RETENTION_REST))
            if settings.reading.orphaned_draft_days:
                found.append(Loop(name="drafts", step=self.forget_drafts, rest=DRAFTS_REST))
            found.append(Loop(name="readings", step=self.release_readings, rest=READINGS_REST))
            found.append(Loop(name="consultations", step=self.settle_consultations, rest=READINGS_REST))
        medula = self._parts.medula()
        if medula and settings.role == "Node":
            restored_at = self._parts.ledger.restored_at()
            handlers = notify_medula.handlers(medula, self._ledger, self._clock, restored_at)
            found.append(self._courier(notify_medula.DESTINATION, handlers, self._parts.breaker()))
        if settings.role == "Node":
            found.append(
                self._courier(
                    tell_hospital.DESTINATION,
                    self._hospital_handlers(),
                    tell_hospital.never_opens(),
                    settings.hbys.timeout_seconds,
                )
            )
        return found

    def _courier(
        self, destination: str, handlers: Mapping[str, Handler], breaker: Breaker, longest: float | None = None
    ) -> Loop:
        policy = self._parts.policy(longest)
        courier = Courier(
            self._ledger, destination, handlers, self._clock, self._owner, policy, breaker, self._settings.name
        )
        self._couriers[destination], self._breakers[destination] = courier, breaker
        return Loop(name=f"deliver {destination}", step=courier.step, rest=DELIVER_REST, wakes=True)

    def _archive_handlers(self) -> Mapping[str, Handler]:
        attacher = attach_report.Attacher(
            self._ledger,
            self._archive,
            self._template,
            Documents(self._institution_name, self._pictures),
            self._clock,
        )
        return {attach_report.KIND: attacher}

    def _hospital_handlers(self) -> Mapping[str, Handler]:
        parts = self._parts
        teller = tell_hospital.Teller(parts.ledger, parts.hospital(), parts.report_writer(), parts.clock, parts.breaker)
        return {tell_hospital.KIND: teller}

    def _critical(self) -> critical.CriticalTeller:
        settings = self._settings
        return critical.CriticalTeller(
            self._ledger,
            self._ledger,
            addresses_of(settings.critical.email_to),
            partial(smtp_of, settings) if mails(settings) else None,
            settings.sign_in.public_url,
        )

    def _template(self, orthanc_id: str) -> attach_report.Template | None:
        study = self._archive.study(orthanc_id)
        return template_of(study) if study else None

    def _institution_name(self, skrs: str) -> str:
        return next((one.name for one in self._institutions() if one.skrs == skrs), "") or skrs

    def _institutions(self) -> list[Institution]:
        return self._ledger.read(lambda tx: tx.institutions())

    def stop(self) -> None:
        """Begin no other delivery."""
        for one in self._couriers.values():
            one.stop()
        self._alerting.stop()

    def close(self) -> None:
        """Record the deliveries that were under way, once no loop runs any more."""
        for one in self._couriers.values():
            one.close()
        self._alerting.close()

    def follow(self) -> bool:
        """Take in what is new in the index; compare inventories at the start and now and then."""
        now = self._clock.now()
        if not self._lease.held():
            self._follower.rest()
            self._swept_at = None
            return False
        for study in self._watching.to_try_again() if self._watching else ():
            self._follower.read_again(study)
        more = self._follower.step()
        if self._swept_at is None or now - self._swept_at >= timedelta(minutes=self._settings.sweep_minutes):
            self._follower.sweep()
            self._swept_at = now
        return more

    def look_at_deferred(self) -> bool:
        """Ask the registry again about reports that wait for it."""
        self._reception.retry_all()
        return False

    def release_readings(self) -> bool:
        """Give back to the list what its reader's time is over for, or what he may report no more."""
        now, limits = self._clock.now(), self._parts.limits()
        may = lru_cache(4096)(lambda reader, skrs: self._granting.may_report(reader, skrs, now))
        waiting = ListSearch(institutions=None, states=(State.ASSIGNED, *sorted(AT_WORK)), limit=10_000)
        lines = self._ledger.read(lambda tx: tx.reading_lines(waiting))
        for line in lines:  # asked before the transaction that writes
            may(line.reader, line.key.institution)
        if lines:
            self._ledger.write(lambda tx: read_exam.release_due(tx, limits, now, may))
        return False

    def forget_drafts(self) -> bool:
        """Forget drafts that were orphaned long ago; only where a site says when that is."""
        now = self._clock.now()
        before = now - timedelta(days=self._settings.reading.orphaned_draft_days)
        may = lru_cache(4096)(lambda reader, skrs: self._granting.may_report(reader, skrs, now))
        left_drafts.forget_orphaned(self._ledger, before, may)
        return False

    def settle_consultations(self) -> bool:
        """End consultations whose time is over, or whose people have no right to them any more."""
        now, account = self._clock.now(), lru_cache(4096)(self._ledger.account)
        granted = lru_cache(4096)(lambda name, skrs: self._granting.may_report(name, skrs, now))

        def may_ask(asker: Account, skrs: str) -> bool:
            return bool(granted(asker.name, skrs))

        waiting = self._ledger.read(lambda tx: tx.consultations_open(10_000))
        for key, one in waiting:  # asked before the transaction that writes
            for name in (one.asker, *(each.account for each in one.asked)):
                account(name)
            granted(one.asker, key.institution)
        if waiting:
            tell = tell_consulted.teller(consultation_channels(self._settings))
            self._ledger.write(lambda tx: consult.settle_due(tx, now, account, may_ask, tell))
        return False

    def tell_modalities(self) -> bool:
        """Tell Orthanc which AE titles are let in: those of the institutions. All of them again after a start."""
        wanted = modalities_of(self._institutions())
        if self._settings.development_open:
            wanted |= development_modalities(wanted)
        if wanted != self._modalities:
            gone = self._archive.allowed_modalities() - {one.aet for one in wanted}
            for one in sorted(wanted - (self._modalities or frozenset()), key=lambda one: one.aet):
                self._archive.allow_modality(one)
            for aet in sorted(gone):
                self._archive.forget_modality(aet)
            self._modalities = wanted
        return False

    def beat(self, now: datetime) -> Beat:
        """Return a sign of life, and keep the lease of the index: a sweep of a large one lasts longer than it."""
        with suppress(Unavailable):
            self._lease.keep()
        detail: dict[str, str | int | float] = {
            "follows": int(self._lease.mine),
            "open studies": self._follower.open_studies,
            "change": self._follower.position,
            "cannot be judged": self._judge.aside,
            "re-judging": self._rejudger.progress,
            "last sweep": self._swept_at.isoformat(timespec="seconds") if self._swept_at else "",
            "webhook addresses resting": self._announcer.open_addresses(),
            **self._behind(),
            **self._disk(),
            **self._clocks(),
            **self._alike(),
            **self._ends.detail(),
            **(self._watching.detail() if self._watching else {}),
        }
        for name, courier in self._couriers.items():
            detail[f"delivered {name}"] = courier.delivered
            detail[f"delivery seconds {name}"] = round(courier.delivered_seconds, 3)
            detail[f"{watch_health.BREAKER}{name}"] = self._breakers[name].state(now).value
        return Beat(node=self._settings.name, process="work", pid=os.getpid(), at=now, detail=detail, home=self._home)

    def _behind(self) -> dict[str, int]:
        if not self._lease.mine:  # another process follows, and says how far it is
            return {}
        try:
            return {watch_health.BEHIND: max(0, self._archive.last_change() - self._follower.position)}
        except Unavailable:
            return {}

    def _clocks(self) -> dict[str, int]:
        if not isinstance(self._clock, LedgerClock):
            return {}
        return {watch_health.CLOCK_BEHIND: round(self._clock.behind.total_seconds())}

    def _alike(self) -> dict[str, str]:
        """Name what all nodes must have alike."""
        return {watch_alike.SETTINGS: self._settings_name, **self._key(), **self._lists()}

    def _key(self) -> dict[str, str]:
        """Name the audit's key, read once it is there: whoever writes the audit first makes it."""
        if not self._key_name:
            with suppress(OSError):
                self._key_name = key_name(self._settings.audit_key_file.read_bytes())
        return {watch_alike.AUDIT_KEY: self._key_name} if self._key_name else {}

    def _lists(self) -> dict[str, str]:
        """Name the code lists' contents; where they cannot be read, whoever judges by them says so."""
        try:
            lists = codes.snapshots(self._settings.codes)
        except sqlite3.Error:
            return {}
        newest = max((one.imported_at for one in lists), default=None)
        return {
            watch_alike.CODE_LISTS_AT: newest.isoformat(timespec="seconds") if newest else "",
            **{f"{watch_alike.CODE_LIST}{one.kind}": one.revision[:12] for one in lists},
        }

    def _disk(self) -> dict[str, int]:
        try:
            found = shutil.disk_usage(self._settings.data)
        except OSError:
            return {}
        return {watch_health.DISK_FREE: found.free, watch_health.DISK_TOTAL: found.total}


def modalities_of(institutions: Iterable[Institution]) -> frozenset[Modality]:
    """Return every AE title of the institutions with what is known of its station."""
    found = {}
    for one in institutions:
        known = {station.aet: station for station in one.stations}
        for aet in one.aets:
            place = known.get(aet)
            found[aet] = Modality(aet=aet, host=place.host, port=place.port) if place else Modality(aet=aet)
    return frozenset(found.values())


DEVELOPMENT_AETS = ("STORESCU", "FINDSCU", "MOVESCU", "GETSCU", "ECHOSCU", "DCMSEND", "PYNETDICOM", "DEVELOPER")


def development_modalities(known: Iterable[Modality]) -> frozenset[Modality]:
    """Return the AE titles that test programs call themselves, let in from this computer for all that Orthanc can."""
    taken = {one.aet for one in known}
    return frozenset(
        Modality(aet=one, host="127.0.0.1", everything=True) for one in DEVELOPMENT_AETS if one not in taken
    )


def run(settings: Settings) -> int:
    """Run the process; returns its exit code."""
    start_logging(settings.log_level)
    stop = until_told_to_stop()
    with telling_if_lost(settings):
        parts = Parts(settings)
    parts.ensure_codes()
    parts.ensure_rulebook()
    url, token = settings.orthanc_url, read_internal_token(settings)
    watching = Watching(settings, url, token, parts.clock)
    archive = OrthancArchive(url, token, node=settings.name, caution=watching.caution)
    worker = Worker(parts, archive, watching.guarded(OrthancPictures(url, token)), watching)
    beating = threading.Thread(target=wait_beating, args=(stop, parts.ledger, parts.clock, worker.beat), daemon=True)
    beating.start()
    leave_what_stands()
    run_loops(worker.loops(), stop, parts.ledger.version, worker.stop)
    worker.close()
    parts.ledger.close()
    return 0
