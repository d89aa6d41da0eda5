"""From frames to answers, on a real ledger: who speaks, in which layout and letters, and what a failure leaves."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from gecit.core import events as e
from gecit.core.events import RegistryAnswer
from gecit.core.report import ReportPart
from gecit.edges import hl7_profile, hl7_reader
from gecit.edges.store import SqlLedger
from gecit.ports import Institution, Unavailable
from gecit.processes.reception import Raw, Reception
from tests.support.billing import HandClock
from tests.support.flow import (
    ASKED,
    FINDINGS,
    JUDGING,
    OTHER_TCKN,
    RADIOLOGIST,
    START,
    SURGEON,
    TCKN,
    events,
    exam,
    key,
    kinds,
    orm_wire,
    oru_wire,
    register,
)

PROFILES = {
    path.stem: hl7_profile.load(path) for path in (Path(__file__).parents[2] / "rules" / "profiles").glob("*.toml")
}
HERE = Institution(skrs="910001", name="Merkez", hl7_peers=("192.0.2.1",))
THERE = Institution(skrs="910002", name="Şube", hl7_peers=("198.51.100.0/24",))


class CountingRegistry:
    """Answers from a table and counts; what is `down` cannot be asked."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.down: set[str] = set()
        self.broken = False

    def look_up(self, identifier: str) -> RegistryAnswer:
        self.asked[identifier] += 1
        if self.broken:
            raise RuntimeError(f"row of {identifier}")
        if identifier in self.down:
            raise Unavailable("registry: no answer in 5 s")
        return ASKED.get(identifier, RegistryAnswer(identifier=identifier, known=False, radiologist=False))


class Door:
    """A reception and its surroundings."""

    def __init__(self, ledger: SqlLedger, default: str = "") -> None:
        self.ledger, self.registry, self.clock = ledger, CountingRegistry(), HandClock(START)
        self.reception = Reception(ledger, self.registry, self.clock, lambda: JUDGING, PROFILES, default)

    def knock(self, *frames: bytes, peer: str = "192.0.2.1") -> list[str]:
        """Send a group of frames; return the MSA-1 and the codes of each answer."""
        answers = self.reception.receive([Raw(one, peer, self.clock.now()) for one in frames])
        return [said(one) for one in answers]


def said(answer: bytes) -> str:
    message = hl7_reader.parse(answer)
    errors = message.first("ERR")
    if errors is None:
        return f"{message.get('MSA', 1)} {message.get('MSA', 3)}".strip()
    codes = [one.split("^")[3].split("&")[0] for one in errors.repetitions(1)]
    return f"{message.get('MSA', 1)} {', '.join(codes)}"


@pytest.fixture
def door(sqlite_ledger: SqlLedger) -> Door:
    register(sqlite_ledger, HERE, THERE)
    return Door(sqlite_ledger)


@pytest.fixture
def either(ledger: SqlLedger) -> Door:
    register(ledger, HERE, THERE)
    return Door(ledger)


def number_of(ledger: SqlLedger) -> int:
    return ledger.counts()["message"]


# Groups


def test_a_group_is_answered_in_order_and_one_bad_message_spoils_no_other(either: Door) -> None:
    frames = (orm_wire("A1", control_id="1"), b"garbage", orm_wire("", control_id="3"), orm_wire("A4", control_id="4"))
    assert either.knock(*frames) == ["AA", "AR not-hl7", "AE accession-missing", "AA"]
    assert number_of(either.ledger) == 4
    assert exam(either.ledger, "A4").order is not None


def test_the_same_frame_twice_in_one_group_takes_effect_once(either: Door) -> None:
    assert either.knock(orm_wire(), orm_wire()) == ["AA", "AA"]
    assert kinds(either.ledger) == ["OrderPlaced"]
    assert number_of(either.ledger) == 1


def test_an_order_its_change_and_its_report_may_come_in_one_group(either: Door) -> None:
    changed = orm_wire(control="XO", control_id="2", tckn=OTHER_TCKN)
    report = oru_wire(control_id="3", tckn=OTHER_TCKN)
    assert either.knock(orm_wire(), changed, report) == ["AA", "AA", "AA"]
    assert kinds(either.ledger) == ["OrderPlaced", "OrderChanged", "ReportReceived"]
    assert exam(either.ledger).patient.tckn == OTHER_TCKN


def test_a_report_of_another_patient_than_the_order_is_refused_and_taken_once_either_is_mended(either: Door) -> None:
    """It would stand among the wrong patient's images; the order's change or another report settles it."""
    assert either.knock(orm_wire(), oru_wire(tckn=OTHER_TCKN)) == ["AA", "AE report-patient-differs"]
    assert exam(either.ledger).report is None
    assert kinds(either.ledger) == ["OrderPlaced", "MessageRemarked"]
    changed = orm_wire(control="XO", control_id="3", tckn=OTHER_TCKN)
    assert either.knock(changed, oru_wire(control_id="4", tckn=OTHER_TCKN)) == ["AA", "AA"]
    assert exam(either.ledger).report is not None


def test_a_final_report_from_a_resend_job_undoes_no_correction_at_the_door(either: Door) -> None:
    """Another MSH-10, the same report: the frames of a morning come again in one group."""
    final, again = oru_wire(control_id="2"), oru_wire(control_id="4")
    other = FINDINGS.replace("izlenmedi", "izlendi")
    corrected = oru_wire(control_id="3", status="C", findings=other)
    assert either.knock(orm_wire(), final, corrected, again)[1:] == ["AA", "AA", "AA report-superseded"]
    received = exam(either.ledger).report
    assert received is not None
    assert received.report.parts[ReportPart.FINDINGS] == other


def test_a_report_without_a_number_or_with_none_that_is_one_is_taken_by_its_accession_number(either: Door) -> None:
    """Newborns and strangers have none; nothing then contradicts the order."""
    assert either.knock(orm_wire(), oru_wire(tckn="")) == ["AA", "AA"]
    assert either.knock(oru_wire(control_id="3", tckn="10000000147", findings="Doğal. " * 20)) == ["AA"]


def test_what_was_answered_is_on_disk_before_the_answer_leaves(door: Door) -> None:
    (answer,) = door.reception.receive([Raw(orm_wire(), "192.0.2.1", START)])
    stored = door.ledger.read(lambda tx: tx.message(1))
    assert stored is not None
    assert (stored.raw, stored.answer, stored.answer_code) == (orm_wire(), answer, "AA")
    assert stored.digest == hashlib.sha256(orm_wire()).hexdigest()
    assert stored.institution == "910001"


# The registry


def test_the_registry_is_asked_once_for_each_signer_of_a_group(door: Door) -> None:
    frames = [oru_wire(f"A{number}", control_id=str(number)) for number in range(6)]
    frames.append(oru_wire("B1", control_id="9", by=SURGEON))
    assert door.knock(*frames) == ["AA"] * 6 + ["AE radiologist-refused"]
    assert door.registry.asked == Counter({RADIOLOGIST: 1, SURGEON: 1})


def test_the_registry_hears_nothing_of_strangers_and_of_orders(door: Door) -> None:
    door.knock(oru_wire(), peer="203.0.113.9")
    door.knock(oru_wire(institution="910002"))
    door.knock(orm_wire())
    assert door.registry.asked == Counter()


def test_an_outage_defers_only_whose_signer_could_not_be_asked(door: Door) -> None:
    door.registry.down = {RADIOLOGIST}
    frames = (oru_wire("A1", control_id="1"), oru_wire("A2", control_id="2", by=SURGEON))
    assert door.knock(*frames) == ["AE registry-unavailable", "AE radiologist-refused"]
    assert exam(door.ledger, "A1").deferred_reports == (1,)


def test_a_deferred_report_is_settled_by_the_retry_and_said_to_be(either: Door) -> None:
    either.registry.down = {RADIOLOGIST}
    either.knock(oru_wire())
    assert either.reception.retry(key()) == 0
    assert either.reception.retry(key()) == 0
    assert kinds(either.ledger).count("ReportDeferred") == 1
    either.registry.down = set()
    assert either.reception.retry(key()) == 1
    assert either.reception.retry(key()) == 0
    assert either.knock(oru_wire()) == ["AA"]
    assert len(events(either.ledger, e.ReportReceived)) == 1
    received = exam(either.ledger).report
    assert received is not None
    assert received.report.parts[ReportPart.FINDINGS] == FINDINGS


def test_a_deferred_report_is_settled_once_when_retry_and_resend_race(either: Door) -> None:
    either.registry.down = {RADIOLOGIST}
    either.knock(oru_wire())
    either.registry.down = set()
    start = threading.Barrier(2)
    done: list[object] = []

    def run(what: Callable[[], object]) -> None:
        start.wait()
        done.append(what())

    works = (lambda: either.reception.retry(key()), lambda: either.knock(oru_wire()))
    threads = [threading.Thread(target=run, args=(one,)) for one in works]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(done) == 2
    assert ["AA"] in done
    assert len(events(either.ledger, e.ReportReceived)) == 1


def test_a_retry_that_is_still_undecided_counts_as_not_settled(door: Door) -> None:
    both = oru_wire().rstrip(b"\r") + f"~{SURGEON}^CERRAH\r".encode()
    door.registry.down = {RADIOLOGIST, SURGEON}
    assert door.knock(both) == ["AE registry-unavailable"]
    door.registry.down = {RADIOLOGIST}
    assert door.reception.retry(key()) == 0
    assert exam(door.ledger).deferred_reports == (1,)


# Failures


def test_a_group_with_a_message_that_fails_leaves_nothing_behind_and_each_alone_is_answered(either: Door) -> None:
    either.registry.broken = True
    group = [Raw(one, "192.0.2.1", START) for one in (orm_wire(), oru_wire("A2"))]
    with pytest.raises(RuntimeError):
        either.reception.receive(group)
    assert number_of(either.ledger) == 0
    assert said(either.reception.receive([group[0]])[0]) == "AA"
    with pytest.raises(RuntimeError) as fault:
        either.reception.receive([group[1]])
    assert said(either.reception.receive_failed(group[1], fault.value)) == "AE internal"
    either.registry.broken = False
    assert either.knock(oru_wire("A2")) == ["AA"]
    assert number_of(either.ledger) == 2


def test_a_failure_is_logged_without_the_words_of_the_message(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    try:
        raise ValueError(f"cannot store {TCKN} ŞAHİN")
    except ValueError as fault:
        with caplog.at_level(logging.INFO):
            door.reception.receive_failed(Raw(orm_wire(), "192.0.2.1", START), fault)
    assert "ValueError" in caplog.text
    assert "test_reception" in caplog.text
    assert TCKN not in caplog.text
    assert "ŞAHİN" not in caplog.text


def test_nothing_of_a_patient_is_logged_of_what_goes_well(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "gecit"):
        door.knock(orm_wire(), oru_wire(), oru_wire(by=SURGEON, control_id="5"))
    assert "910001" in caplog.text
    assert not any(secret in caplog.text for secret in (TCKN, SURGEON, RADIOLOGIST, "ŞAHİN"))


@pytest.mark.parametrize(
    ("fault", "code"), [(Unavailable("ledger"), "ledger-unavailable"), (ZeroDivisionError(), "internal")]
)
def test_a_failed_message_is_answered_even_where_it_cannot_be_kept(door: Door, fault: Exception, code: str) -> None:
    door.ledger.close()

    class Gone(SqlLedger):
        def write(self, work: object) -> object:  # type: ignore[override]
            raise fault

    door.reception._ledger = Gone(door.ledger.engine)
    frame = Raw(orm_wire(control_id="7"), "192.0.2.1", START)
    answer = door.reception.receive_failed(frame, RuntimeError())
    assert said(answer) == f"AE {code}"
    assert hl7_reader.parse(answer).get("MSA", 2) == "7"


def test_a_frame_that_is_none_is_kept_and_answered(door: Door) -> None:
    assert said(door.reception.refuse("too-long", "192.0.2.1", orm_wire()[:60], limit=50)) == "AR too-long"
    assert said(door.reception.refuse("truncated", "192.0.2.1", b"\x00\xff")) == "AR truncated"
    assert number_of(door.ledger) == 2


# Who speaks


@pytest.mark.parametrize(
    ("peer", "institution", "answer"),
    [
        ("192.0.2.1", "910001", "AA"),
        ("192.0.2.1", "", "AA"),  # silent: the peer's only one
        ("::ffff:192.0.2.1", "910001", "AA"),  # IPv4 on a socket of both families
        ("198.51.100.77", "910002", "AA"),
        ("192.0.2.2", "910001", "AR peer-unknown"),
        ("2001:db8::1", "910001", "AR peer-unknown"),
        ("", "910001", "AR peer-unknown"),
        ("192.0.2.1", "910002", "AR institution-not-of-peer"),
        ("192.0.2.1", "999999", "AR institution-unknown"),
    ],
)
def test_a_peer_speaks_for_its_own_institution_only(door: Door, peer: str, institution: str, answer: str) -> None:
    assert door.knock(orm_wire(institution=institution), peer=peer) == [answer]
    assert bool(door.ledger.counts().get("exam.unjudged")) is (answer == "AA")


@pytest.mark.parametrize("peer", ["2001:db8::7", "fe80::1%eth0"])
def test_a_peer_may_speak_over_ipv6(sqlite_ledger: SqlLedger, peer: str) -> None:
    register(sqlite_ledger, Institution(skrs="910001", hl7_peers=("2001:db8::/64", "fe80::/10")))
    assert Door(sqlite_ledger).knock(orm_wire(), peer=peer) == ["AA"]


def test_a_peer_that_was_written_as_mapped_ipv4_is_found(sqlite_ledger: SqlLedger) -> None:
    register(sqlite_ledger, Institution(skrs="910001", hl7_peers=("::ffff:192.0.2.1",)))
    assert Door(sqlite_ledger).knock(orm_wire(), peer="192.0.2.1") == ["AA"]


def test_an_institution_with_an_address_that_is_none_costs_the_others_nothing(door: Door) -> None:
    register(door.ledger, Institution(skrs="900000", hl7_peers=("hbys.example", "192.0.2.50/33")))
    assert door.knock(orm_wire()) == ["AA"]


def test_a_peer_that_was_unknown_is_heard_once_it_is_recorded(either: Door) -> None:
    """Its HBYS sends the same bytes from its queue until they are accepted."""
    assert either.knock(orm_wire(), peer="203.0.113.9") == ["AR peer-unknown"]
    register(either.ledger, Institution(skrs="910001", hl7_peers=("203.0.113.9",)))
    assert either.knock(orm_wire(), peer="203.0.113.9") == ["AA"]
    assert exam(either.ledger).order is not None
    assert number_of(either.ledger) == 1


def test_an_institution_that_was_unknown_is_heard_once_it_is_recorded(door: Door) -> None:
    assert door.knock(orm_wire(institution="910009")) == ["AR institution-unknown"]
    register(door.ledger, Institution(skrs="910009", hl7_peers=("192.0.2.1",)))
    assert door.knock(orm_wire(institution="910009")) == ["AA"]


def test_an_unknown_peer_belongs_to_the_default_institution_and_to_no_other(sqlite_ledger: SqlLedger) -> None:
    register(sqlite_ledger, HERE, THERE)
    door = Door(sqlite_ledger, default="910001")
    assert door.knock(orm_wire(), peer="203.0.113.9") == ["AA"]
    assert door.knock(orm_wire(institution="910002", control_id="2"), peer="203.0.113.9") == [
        "AR institution-not-of-peer"
    ]
    assert door.knock(orm_wire(institution="910002", control_id="3"), peer="198.51.100.1") == ["AA"]


# One address, several institutions: a group of hospitals behind one HBYS


@pytest.fixture
def shared(sqlite_ledger: SqlLedger) -> Door:
    """Three institutions behind one address: Ministry's layout twice, in two character sets, and another layout."""
    peers = ("192.0.2.1",)
    register(
        sqlite_ledger,
        Institution(skrs="910001", hl7_peers=peers, character_set="UTF8"),
        Institution(skrs="910002", hl7_peers=peers, character_set="Windows1254"),
        Institution(skrs="910003", hl7_peers=peers, profile="example-hbys"),
    )
    return Door(sqlite_ledger)


def deviating(institution: str = "910003", charset: str = "", *, version: str = "2.5") -> bytes:
    """An order of the example HBYS: institution in MSH-4, TCKN in PID-3, LOINC in OBR-44."""
    obr = {1: "1", 2: "C1", 4: "R100250^BT^SUT", 24: "CT", 44: "36938-9^BT^LNC"}
    return (
        f"MSH|^~\\&|FIRMA|{institution}|GECIT|NODE|20260302080000||ORM^O01|1|P|{version}||||||{charset}\r"
        f"PID|1||D-7^^^HBYS^MR~{TCKN}^^^MERNIS^TC||ŞAHİN^ÇİĞDEM\rPV1|1|O|||||||||||||||||K9\r"
        "ORC|NW|C1^FIRMA|||||||20260302080000\r"
        f"OBR|{'|'.join(obr.get(number, '') for number in range(1, 45))}\r"
    ).encode("cp1254")


def test_each_institution_behind_one_address_is_read_in_its_own_layout(shared: Door) -> None:
    assert shared.knock(orm_wire(), deviating()) == ["AA", "AA"]
    found = shared.ledger.find_exams("C1")
    assert [one.key.institution for one in found] == ["910003"]
    assert (found[0].patient.tckn, found[0].patient.family) == (TCKN, "ŞAHİN")
    assert found[0].order is not None
    assert found[0].order.procedures[0].loinc == "36938-9"


@pytest.mark.parametrize("charset", ["", "Windows1254"])
def test_a_silent_msh_18_is_read_as_agreed_with_the_institution_that_speaks(shared: Door, charset: str) -> None:
    """`İ` followed by a quotation mark is valid UTF-8 too, of a letter that no Turkish sender writes."""
    frame = orm_wire(institution="910002", family="YAĞMURİ’", charset=charset, codec="cp1254")
    assert shared.knock(frame) == ["AA"]
    (found,) = shared.ledger.find_exams("A1")
    assert found.patient.family == "YAĞMURİ’"


def test_a_silent_message_of_several_institutions_is_nobodys(shared: Door) -> None:
    assert shared.knock(orm_wire(institution="")) == ["AE institution-missing"]


def test_the_character_set_of_a_profile_is_agreed_where_the_institution_has_none_of_its_own(
    sqlite_ledger: SqlLedger,
) -> None:
    register(sqlite_ledger, Institution(skrs="910003", hl7_peers=("192.0.2.1",), profile="example-hbys"))
    assert Door(sqlite_ledger).knock(deviating(charset="")) == ["AA"]
    stored = sqlite_ledger.read(lambda tx: tx.message(1))
    assert stored is not None
    assert "charset" not in stored.answer.decode("cp1254")


def test_an_institution_whose_profile_is_gone_is_read_in_the_ministrys(sqlite_ledger: SqlLedger) -> None:
    register(sqlite_ledger, Institution(skrs="910001", hl7_peers=("192.0.2.1",), profile="removed"))
    assert Door(sqlite_ledger).knock(orm_wire()) == ["AA"]


# Hostile content


SAID_ELSEWHERE = (
    orm_wire(facility=r"H\X00\S"),  # who sent it is known by the peer
    orm_wire(institution=r"9\X00\1"),  # no code by the profile's pattern, so the message is silent
)


@pytest.mark.parametrize(
    "frame",
    [
        orm_wire(family="ŞA\0HİN"),
        orm_wire(tckn="100\0"),
        orm_wire(facility="HB\0YS"),
        orm_wire(control_id="\0"),
        orm_wire(family=r"ŞA\X00\HİN"),
        orm_wire(tckn=r"1\X00\2"),
        *SAID_ELSEWHERE,
        orm_wire(accession=r"A\X00\1"),
        orm_wire(control=r"N\X00\W"),
        oru_wire(status=r"\X00\F"),
    ],
)
def test_a_nul_anywhere_is_answered_and_the_frame_kept_to_the_byte(either: Door, frame: bytes) -> None:
    (answer,) = either.knock(frame)
    assert "internal" not in answer
    assert (answer[:2] == "AA") is (frame in SAID_ELSEWHERE)
    stored = either.ledger.read(lambda tx: tx.message(1))
    assert stored is not None
    assert stored.raw == frame
    assert either.knock(frame) == [answer] or not stored.control_id


def test_a_report_of_ten_megabytes_is_taken_in_whole(either: Door) -> None:
    long = (FINDINGS + "\n") * (7_500_000 // len(FINDINGS.encode()))
    frame = oru_wire(findings=long)
    assert len(frame) > 10_000_000
    assert either.knock(frame) == ["AA"]
    received = exam(either.ledger).report
    assert received is not None
    assert received.report.parts[ReportPart.FINDINGS] == long.strip()
    assert either.knock(frame) == ["AA"]
    assert number_of(either.ledger) == 1


def test_what_is_said_of_the_message_is_shown_with_its_exam(door: Door) -> None:
    frames: Sequence[bytes] = (orm_wire(loinc=""), orm_wire(control="ZZ", control_id="2"))
    assert door.knock(*frames) == ["AA loinc-code", "AE order-control-unknown"]
    shown = [one.code for event in events(door.ledger, e.MessageRemarked) for one in event.remarks]  # type: ignore[attr-defined]
    assert shown == ["loinc-code", "order-control-unknown"]


def test_a_deferred_report_that_fails_stops_no_other(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    door.registry.down = {RADIOLOGIST}
    door.knock(oru_wire("A1"), oru_wire("A2", control_id="3"), oru_wire("A3", control_id="4"))
    door.registry.down = set()
    real = hl7_profile.read

    def read(message: hl7_reader.Message, *args: object, **more: object) -> object:
        if message.get("ORC", 2) == "A1":
            raise RuntimeError
        return real(message, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(hl7_profile, "read", read)
    assert door.reception.retry_all() == 2
    assert [exam(door.ledger, name).deferred_reports for name in ("A1", "A2", "A3")] == [(1,), (), ()]


def test_a_certificates_name_speaks_for_its_institution_wherever_it_comes_from() -> None:
    from gecit.processes.reception import _allowed

    named = Institution(skrs="910003", name="Uzak", hl7_peers=("cert:HBYS.example", "203.0.113.9"))
    everybody = [HERE, THERE, named]
    assert _allowed("192.0.2.1 cert:hbys.example", everybody, "") == [named], "the certificate goes before the address"
    assert _allowed("192.0.2.1 cert:other.example", everybody, "") == [HERE], "a name that nobody has is no name"
    assert _allowed("203.0.113.9", everybody, "") == [named]
    assert _allowed("203.0.113.10 cert:other.example", everybody, "") == []
