"""ADT at the real reception, on both engines: who treats sees, who does not treat any more sees nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from gecit.core.access import Role
from gecit.core.accounts import Account
from gecit.core.encounters import EncounterTold, Trigger
from gecit.core.events import EncounterRecorded, OpeningRecorded
from gecit.core.openings import LONGEST, UNSAID, CareOpening, CareRule, Way
from gecit.core.order import Patient, Person
from gecit.edges.care_file import read_care
from gecit.edges.hl7_build import Envelope, encounter_message
from gecit.edges.store import SqlLedger
from gecit.ports import Institution
from gecit.processes.reception import Raw, Reception
from gecit.steps.disclosing import disclosed
from gecit.steps.openings import Openings, move_end
from tests.processes.test_reception import PROFILES, CountingRegistry, said
from tests.support.billing import HandClock
from tests.support.flow import JUDGING, START, TCKN, register
from tests.web.test_care import RULES

RULE = read_care(RULES)
HERE = Institution(skrs="910001", name="Merkez", hl7_peers=("192.0.2.1",))
THERE = Institution(skrs="910002", name="Şube", hl7_peers=("198.51.100.0/24",))
DOCTOR, COLLEAGUE, ELSEWHERE, CLERK = "10000090178", "10000090246", "10000090314", "10000080100"
BABY = "10000000214"
HOUR = timedelta(hours=1)


class Hospital:
    """A reception, the accounts of two institutions, and the messages of one HBYS."""

    def __init__(self, ledger: SqlLedger, rule: CareRule = RULE) -> None:
        self.ledger, self.clock, self.sent, self.rule = ledger, HandClock(START), 0, rule
        register(ledger, HERE, THERE)
        for tckn, skrs, role in (
            (DOCTOR, HERE.skrs, Role.CLINICIAN),
            (COLLEAGUE, HERE.skrs, Role.RADIOLOGIST),
            (ELSEWHERE, THERE.skrs, Role.CLINICIAN),
            (CLERK, HERE.skrs, Role.MANAGER),
        ):
            ledger.save_account(Account(name=f"u{tckn}", roles=(role,), institution=skrs, tckn=tckn), START)
        self.reception = Reception(ledger, CountingRegistry(), self.clock, lambda: JUDGING, PROFILES, "", lambda: rule)

    def message(self, trigger: str, *attending: str, silent: bool = False, **differs: Any) -> bytes:
        self.sent += 1
        told = EncounterTold(
            trigger=Trigger(trigger), institution=HERE.skrs, number="K1", patient=Patient(tckn=TCKN, file_number="D7"),
            patient_class="I", attending=None if silent else people(*attending), told_at=self.clock.now(),
        )  # fmt: skip
        return encounter_message(
            replace(told, **differs), Envelope(control_id=str(self.sent), application="F"), self.clock.now()
        )

    def send(self, *frames: bytes, peer: str = "192.0.2.1") -> list[str]:
        return [said(one) for one in self.reception.receive([Raw(one, peer, self.clock.now()) for one in frames])]

    def tell(self, trigger: str, *attending: str, **differs: Any) -> str:
        (answer,) = self.send(self.message(trigger, *attending, **differs))
        return answer

    def sees(self, tckn: str) -> tuple[str, ...]:
        account = self.ledger.account_of_tckn(tckn)
        assert account
        return disclosed(self.ledger, lambda: self.rule)(account, self.clock.now()).patients

    def who_sees(self, patient: str = TCKN) -> set[str]:
        return {one for one in (DOCTOR, COLLEAGUE, ELSEWHERE, CLERK) if patient in self.sees(one)}

    def openings(self, patient: str = TCKN) -> list[CareOpening]:
        return self.ledger.read(lambda tx: tx.openings(patient=patient))


def people(*tckns: str) -> tuple[Person, ...]:
    return tuple(Person(identifier=one, family="HEKİM") for one in tckns)


@pytest.fixture
def hospital(ledger: SqlLedger) -> Hospital:
    return Hospital(ledger)


@pytest.mark.parametrize("begin", ["A01", "A04"])
def test_who_attends_sees_the_patient_until_the_discharge(hospital: Hospital, begin: str) -> None:
    assert hospital.tell(begin, DOCTOR) == "AA"
    assert hospital.who_sees() == {DOCTOR}
    assert hospital.tell("A03", silent=True) == "AA"
    assert hospital.who_sees() == set()
    (one,) = hospital.openings()
    assert (one.way, one.reason, one.message, one.recorded_by) == (Way.ADMISSION, "K1", 1, "hl7:1")
    assert (one.ended_at, one.ended_by) == (START, "hl7:2")


def test_it_is_recorded_as_events_with_the_message(hospital: Hospital) -> None:
    hospital.tell("A01", DOCTOR)
    hospital.tell("A03", DOCTOR)
    told = [one.encounter for _, one in hospital.ledger.events() if isinstance(one, EncounterRecorded)]
    opened = [one for _, one in hospital.ledger.events() if isinstance(one, OpeningRecorded)]
    assert [(one.message, one.standing.value) for one in told] == [(1, "open"), (2, "discharged")]
    assert [(one.by, one.opening.ended_at) for one in opened] == [("hl7:1", None), ("hl7:2", START)]
    assert hospital.ledger.rebuild()[1] is True


def test_another_physician_takes_over_and_the_first_sees_nothing_more(hospital: Hospital) -> None:
    hospital.tell("A01", DOCTOR)
    assert hospital.tell("A08", COLLEAGUE) == "AA"
    assert hospital.who_sees() == {COLLEAGUE}
    hospital.tell("A02", DOCTOR, COLLEAGUE)
    assert hospital.who_sees() == {DOCTOR, COLLEAGUE}
    hospital.tell("A08", silent=True)
    assert hospital.who_sees() == {DOCTOR, COLLEAGUE}, "what is not said stays"
    assert hospital.tell("A08") == "AA attending-missing", "taken away"
    assert hospital.who_sees() == set()


def test_who_is_named_twice_is_opened_to_once(hospital: Hospital) -> None:
    hospital.tell("A01", attending=(*people(DOCTOR), Person(identifier=DOCTOR, family="Baska")))
    assert len(hospital.openings()) == 1


def test_a_cancelled_admission_and_a_cancelled_discharge(hospital: Hospital) -> None:
    hospital.tell("A01", DOCTOR)
    hospital.tell("A11", silent=True)
    assert hospital.who_sees() == set()
    assert hospital.tell("A08", DOCTOR) == "AA" and hospital.who_sees() == set()
    hospital.tell("A01", DOCTOR)
    hospital.tell("A03", silent=True)
    assert hospital.tell("A08", DOCTOR) == "AA" and hospital.who_sees() == set(), "an update does not open it again"
    assert hospital.tell("A13", silent=True) == "AA"
    assert hospital.who_sees() == {DOCTOR}, "by whom it knows from before"


def test_a_discharge_to_come_is_waited_for_and_one_that_was_is_not(hospital: Hospital) -> None:
    hospital.tell("A01", DOCTOR)
    hospital.tell("A03", DOCTOR, ended_at=START + HOUR)
    assert hospital.who_sees() == {DOCTOR}
    hospital.clock.forward(seconds=3599)
    assert hospital.who_sees() == {DOCTOR}
    hospital.clock.forward(seconds=1)
    assert hospital.who_sees() == set()


def test_an_admission_that_comes_after_its_discharge_opens_nothing(hospital: Hospital) -> None:
    late = hospital.message("A01", DOCTOR)
    hospital.clock.forward(seconds=60)
    assert hospital.tell("A03", DOCTOR) == "AA encounter-unknown"
    assert hospital.send(late) == ["AA encounter-stale"]
    assert hospital.who_sees() == set()


def test_the_same_message_again_has_no_second_effect(hospital: Hospital) -> None:
    first = hospital.message("A01", DOCTOR)
    assert hospital.send(first, first) == ["AA", "AA"]
    hospital.tell("A03", DOCTOR)
    before = hospital.ledger.counts()
    assert hospital.send(first) == ["AA"]
    assert (hospital.who_sees(), hospital.ledger.counts()) == (set(), before)


def test_a_group_is_followed_in_its_order(hospital: Hospital) -> None:
    frames = [hospital.message("A01", DOCTOR), hospital.message("A08", COLLEAGUE), hospital.message("A03", COLLEAGUE)]
    assert hospital.send(*frames) == ["AA", "AA", "AA"]
    assert (hospital.who_sees(), len(hospital.openings())) == (set(), 2)


@pytest.mark.parametrize("tckn", [ELSEWHERE, CLERK, "10000000382"])
def test_only_a_physician_of_that_institution_is_opened_to(hospital: Hospital, tckn: str) -> None:
    answer = "AA physician-without-account"
    assert hospital.tell("A01", tckn) == answer
    assert (hospital.who_sees(), hospital.openings()) == (set(), [])
    assert hospital.tell("A08", tckn, DOCTOR) == answer
    assert hospital.who_sees() == {DOCTOR}


def test_a_peer_speaks_for_its_own_institutions_only(hospital: Hospital) -> None:
    hospital.tell("A01", DOCTOR)
    shut = hospital.message("A03", DOCTOR)
    assert hospital.send(shut, peer="198.51.100.7") == ["AR institution-not-of-peer"]
    assert hospital.send(shut, peer="203.0.113.1") == ["AR peer-unknown"]
    assert hospital.who_sees() == {DOCTOR}
    away = hospital.message("A03", DOCTOR, institution=THERE.skrs)
    assert hospital.send(away, peer="198.51.100.7") == ["AA encounter-unknown"]
    assert hospital.who_sees() == {DOCTOR}, "another hospital may count its visits alike"


@pytest.mark.parametrize("tckn", ["", "10000000147"])
def test_without_a_tckn_nothing_is_opened_and_a_corrected_one_moves_the_access(hospital: Hospital, tckn: str) -> None:
    unnamed = Patient(tckn=tckn, file_number="D7")
    assert hospital.tell("A01", DOCTOR, patient=unnamed, family_doctors=people(COLLEAGUE)) == "AA care-without-tckn"
    assert hospital.openings() == []
    hospital.tell("A08", DOCTOR, patient=Patient(tckn=BABY), family_doctors=people(COLLEAGUE))
    assert (hospital.who_sees(BABY), hospital.who_sees(TCKN)) == ({DOCTOR, COLLEAGUE}, set())
    hospital.tell("A08", DOCTOR)
    assert (hospital.who_sees(BABY), hospital.who_sees(TCKN)) == (set(), {DOCTOR}), "it was somebody else"


def test_a_family_doctor_stays_after_the_visit_until_another_is_named(hospital: Hospital) -> None:
    hospital.tell("A04", DOCTOR, family_doctors=people(COLLEAGUE))
    hospital.tell("A03", DOCTOR)
    assert hospital.who_sees() == {COLLEAGUE}
    (family,) = [one for one in hospital.openings() if one.way is Way.FAMILY]
    assert family.until == START + LONGEST
    hospital.tell("A04", number="K2", silent=True)
    assert hospital.who_sees() == {COLLEAGUE}
    hospital.tell("A04", number="K3", silent=True, family_doctors=people(ELSEWHERE))
    assert hospital.who_sees() == set()


def test_a_discharge_that_comes_late_names_nobody_anew(hospital: Hospital) -> None:
    late = hospital.message("A03", COLLEAGUE, family_doctors=people(COLLEAGUE))
    hospital.clock.forward(seconds=60)
    hospital.tell("A01", DOCTOR, family_doctors=people(DOCTOR))
    assert hospital.send(late) == ["AA"]
    assert [one.way for one in hospital.openings() if one.stands(hospital.clock.now())] == [Way.FAMILY]
    assert hospital.who_sees() == {DOCTOR}, "his family doctor as it was told last"
    hospital.tell("A13", silent=True)
    assert hospital.who_sees() == {DOCTOR}


def test_an_admission_under_a_discharged_visits_number_says_that_it_opens_nothing(hospital: Hospital) -> None:
    hospital.tell("A01", DOCTOR)
    hospital.tell("A03", DOCTOR)
    assert hospital.tell("A01", DOCTOR, patient=Patient(tckn=BABY)) == "AA encounter-over"
    assert hospital.tell("A08", DOCTOR) == "AA"
    assert (hospital.who_sees(BABY), hospital.who_sees()) == (set(), set())


def test_what_a_person_ended_meanwhile_an_update_does_not_open_again(hospital: Hospital) -> None:
    hospital.tell("A01", DOCTOR)
    (read_before,) = hospital.openings()
    assert Openings(hospital.ledger, hospital.ledger, lambda: RULE).end(read_before.id, "mudur", START)
    hospital.ledger.write(lambda tx: move_end(tx, read_before, START + LONGEST, "hl7:2", START))
    (after,) = hospital.openings()
    assert (after.ended_at, after.ended_by, after.until) == (START, "mudur", read_before.until)
    assert hospital.who_sees() == set()


def test_what_a_page_recorded_under_that_visit_ends_with_the_discharge(hospital: Hospital) -> None:
    pages = Openings(hospital.ledger, hospital.ledger, lambda: RULE)
    asked = CareOpening(
        id="", way=Way.TREATING, institution=HERE.skrs, account=f"u{COLLEAGUE}", patient=TCKN, reason="K1",
        since=START, until=START + UNSAID, recorded_by="mudur",
    )  # fmt: skip
    pages.record(asked, START)
    other = pages.record(replace(asked, reason="K2"), START)
    hospital.tell("A01", DOCTOR)
    hospital.tell("A08", DOCTOR)
    assert hospital.who_sees() == {DOCTOR, COLLEAGUE}, "an update does not end what a person recorded"
    hospital.tell("A03", DOCTOR)
    assert [one.id for one in hospital.openings() if one.stands(START)] == [other.id]


def test_a_stay_of_which_nothing_is_said_any_more_closes_and_updates_carry_it_on(hospital: Hospital) -> None:
    hospital.tell("A01", DOCTOR)
    hospital.clock.forward(seconds=60 * 86400)
    hospital.tell("A08", DOCTOR)
    hospital.clock.forward(seconds=60 * 86400)
    assert hospital.who_sees() == {DOCTOR}
    hospital.clock.forward(seconds=31 * 86400)
    assert hospital.who_sees() == set()
    assert len(hospital.openings()) == 1, "one relation, carried on"


def test_the_rule_in_force_decides(ledger: SqlLedger) -> None:
    closed = Hospital(ledger, CareRule())
    assert closed.tell("A01", DOCTOR, family_doctors=people(COLLEAGUE)) == "AA care-closed"
    assert (closed.who_sees(), closed.openings()) == (set(), [])


def test_a_message_that_is_refused_is_kept_and_changes_nothing(hospital: Hospital) -> None:
    hospital.tell("A01", DOCTOR)
    assert hospital.tell("A03", DOCTOR, number="") == "AE encounter-number"
    assert hospital.who_sees() == {DOCTOR}
    assert hospital.ledger.counts()["message"] == 2


def test_nobody_who_left_the_hospital_keeps_its_patients(hospital: Hospital) -> None:
    hospital.tell("A01", DOCTOR)
    account = hospital.ledger.account_of_tckn(DOCTOR)
    assert account
    hospital.ledger.save_account(replace(account, institution=THERE.skrs), START)
    assert hospital.sees(DOCTOR) == ()
