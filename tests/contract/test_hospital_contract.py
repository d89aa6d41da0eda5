"""A hospital's HBYS by MLLP, real sockets: what each answer, and each lack of one, becomes of a delivery."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from gecit.core.exam import Exam
from gecit.core.reading import Act
from gecit.edges import hl7_profile, hl7_reader
from gecit.edges.hl7_report import ReportWriter
from gecit.edges.mllp_hospital import MllpHospital, read_acknowledgment
from gecit.edges.store import SqlLedger
from gecit.ports import AnswerUnknown, Refused, Unavailable
from gecit.sandbox.hbys import PretendHbys, listening
from gecit.steps.breaker import Breaker
from gecit.steps.deliver import Courier, Policy
from gecit.steps.tell_hospital import DESTINATION, KIND, Teller, control_id, never_opens
from tests.fakes import StillClock
from tests.support.flow import FINDINGS, HOSPITAL, key
from tests.support.node import free_ports
from tests.support.reading import AYSE, NOW, PROFILES, hospital_at, sign, take, wait_for_reader, write


@pytest.fixture
def clock() -> StillClock:
    return StillClock(NOW)


@pytest.fixture
def hbys(clock: StillClock) -> PretendHbys:
    return PretendHbys(clock)


@pytest.fixture
def port(hbys: PretendHbys) -> Iterator[int]:
    with listening(hbys) as chosen:
        yield chosen


def courier(ledger: SqlLedger, clock: StillClock, timeout: float = 2.0, failures: int = 5) -> Courier:
    teller = Teller(
        ledger, MllpHospital(timeout), ReportWriter(PROFILES), clock, lambda: Breaker(failures, timedelta(seconds=30))
    )
    policy = Policy(threads=2, backoff=timedelta(seconds=1), lease=timedelta(seconds=60))
    return Courier(ledger, DESTINATION, {KIND: teller}, clock, "t", policy, never_opens())


def deliver(ledger: SqlLedger, clock: StillClock, **how: float) -> None:
    """Deliver what is due until nothing is."""
    one = courier(ledger, clock, **how)  # type: ignore[arg-type]
    while one.step():
        pass
    one.close()


def signed(ledger: SqlLedger, port: int, act: Act = Act.SIGN) -> None:
    wait_for_reader(ledger)
    ledger.write(lambda tx: tx.record_institution(hospital_at(port), NOW))
    take(ledger, AYSE)
    write(ledger, AYSE)
    sign(ledger, AYSE, act)


def rows(ledger: SqlLedger) -> list[tuple[str, str]]:
    return [(one.state, one.last_error) for one in reversed(ledger.deliveries()) if one.destination == DESTINATION]


def exam_of(ledger: SqlLedger) -> Exam:
    found = ledger.read(lambda tx: tx.exam(key()))
    assert found
    return found


def test_what_is_acknowledged_is_done_and_stands_in_the_exam(
    ledger: SqlLedger, clock: StillClock, hbys: PretendHbys, port: int
) -> None:
    signed(ledger, port)
    deliver(ledger, clock)
    assert rows(ledger) == [("done", "")]
    [answer] = exam_of(ledger).hospital
    assert (answer.version, answer.accepted, answer.code) == (1, True, "AA")
    [frame] = hbys.frames
    content = hl7_profile.read(hl7_reader.parse(frame), PROFILES["ministry"]).content
    assert content
    assert content == replace(
        exam_of(ledger).reports[0].report, approved_at=content.approved_at, message_at=content.message_at
    )  # type: ignore[union-attr]


@pytest.mark.parametrize("code", ["AE", "AR"])
def test_what_is_refused_is_parked_with_the_reason_and_sent_again_by_a_person_under_the_same_number(
    ledger: SqlLedger, clock: StillClock, hbys: PretendHbys, port: int, code: str
) -> None:
    signed(ledger, port)
    hbys.plan(code)
    deliver(ledger, clock)
    [(state, error)] = rows(ledger)
    assert state == "parked"
    assert error.startswith(f"{code} ")
    assert "Sınama için reddedildi." in error
    assert [(one.accepted, one.code) for one in exam_of(ledger).hospital] == [(False, code)]
    number = ledger.deliveries(state="parked")[0].id
    assert ledger.retry_delivery(number, clock.now())
    deliver(ledger, clock)
    assert rows(ledger)[0][0] == "done"
    assert [(one.accepted, one.code) for one in exam_of(ledger).hospital] == [(True, "AA")]
    assert hbys.frames[0] == hbys.frames[1]


@pytest.mark.parametrize("kind", ["silence", "close", "cut", "nonsense", "other"])
def test_without_an_acknowledgment_it_is_unknown_and_sent_again_to_the_byte(
    ledger: SqlLedger, clock: StillClock, hbys: PretendHbys, port: int, kind: str
) -> None:
    signed(ledger, port)
    hbys.plan(kind)
    deliver(ledger, clock, timeout=0.5)
    [(state, _)] = rows(ledger)
    assert state == "unknown"
    assert exam_of(ledger).hospital == ()
    clock.advance(60)
    deliver(ledger, clock)
    assert rows(ledger) == [("done", "")]
    assert len(hbys.frames) == 2
    assert hbys.frames[0] == hbys.frames[1]
    assert list(hbys.kept) == [control_id(key(), 1)]


def test_an_hbys_that_is_not_there_is_asked_again_later(ledger: SqlLedger, clock: StillClock) -> None:
    [closed] = free_ports(1)
    signed(ledger, closed)
    deliver(ledger, clock)
    [(state, error)] = rows(ledger)
    assert state == "queued"
    assert "cannot connect" in error


def test_an_institution_without_a_receiver_parks_it_in_clear_words(ledger: SqlLedger, clock: StillClock) -> None:
    signed(ledger, 1)
    ledger.write(lambda tx: tx.record_institution(HOSPITAL, NOW))
    deliver(ledger, clock)
    [(state, error)] = rows(ledger)
    assert state == "parked"
    assert error.startswith("no-receiver ")
    assert "--receiver" in error


def test_versions_are_told_in_their_order_whatever_becomes_of_the_first_try(
    ledger: SqlLedger, clock: StillClock, hbys: PretendHbys, port: int
) -> None:
    signed(ledger, port, Act.SIGN_PRELIMINARY)
    take(ledger, AYSE)
    write(ledger, AYSE, FINDINGS + " Kesinleşti.")
    sign(ledger, AYSE)
    hbys.plan("close")
    for _ in range(6):
        deliver(ledger, clock, timeout=0.5)
        clock.advance(120)
    assert rows(ledger) == [("done", ""), ("done", "")]
    statuses = [hl7_reader.parse(one).get("OBX", 11) for one in hbys.kept.values()]
    assert statuses == ["P", "F"]
    assert list(hbys.kept) == [control_id(key(), 1), control_id(key(), 2)]


def test_one_hospital_that_is_down_delays_no_other(
    ledger: SqlLedger, clock: StillClock, hbys: PretendHbys, port: int
) -> None:
    [closed] = free_ports(1)
    signed(ledger, closed)
    other = wait_for_reader(ledger, "B1", key=replace(key("B1"), institution="910002"))
    ledger.write(lambda tx: tx.record_institution(hospital_at(port, skrs="910002"), NOW))
    reader = replace(AYSE, granted=("910002",))
    take(ledger, reader, other)
    write(ledger, reader, exam=other)
    sign(ledger, reader, exam=other)
    for _ in range(3):
        deliver(ledger, clock, failures=1)
    states = {one.exam.institution: one.state for one in ledger.deliveries() if one.destination == DESTINATION}
    assert states == {HOSPITAL.skrs: "queued", "910002": "done"}


def test_the_first_of_two_signatures_is_told_to_nobody(ledger: SqlLedger, clock: StillClock, port: int) -> None:
    signed(ledger, port, Act.SIGN_FIRST)
    assert rows(ledger) == []


# TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of loopback that signed itself, with its key in the same folder."""
    folder = tmp_path_factory.mktemp("tls")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    command += [
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-keyout",
        str(folder / "key.pem"),
        "-out",
        str(folder / "c.pem"),
    ]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "c.pem"


def context_of(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.parent / "key.pem")
    return context


def test_over_tls_a_report_arrives_where_the_certificate_is_trusted(hbys: PretendHbys, certificate: Path) -> None:
    with listening(hbys, context=context_of(certificate)) as port:
        said = MllpHospital(5, ca_file=certificate).tell(
            hospital_at(port, tls=True), b"MSH|^~\\&|A|B|||||ORU^R01|X1|P|2.3.1\r", "X1"
        )
    assert said.accepted
    assert list(hbys.kept) == ["X1"]


def test_over_tls_nothing_is_said_to_a_receiver_that_cannot_be_trusted(hbys: PretendHbys, certificate: Path) -> None:
    with listening(hbys, context=context_of(certificate)) as port, pytest.raises(Unavailable, match="cannot connect"):
        MllpHospital(5).tell(hospital_at(port, tls=True), b"MSH|^~\\&|A|B|||||ORU^R01|X1|P|2.3.1\r", "X1")
    assert hbys.frames == []


# The acknowledgment


def ack(msa: str, *more: str) -> bytes:
    return "\r".join((r"MSH|^~\&|HBYS|H|GECIT||20260302120000||ACK^R01|9|P|2.3.1", msa, *more, "")).encode()


def test_every_code_of_an_acknowledgment_is_read() -> None:
    said = {
        code: read_acknowledgment(ack(f"MSA|{code}|X1|metin"), "X1") for code in ("AA", "CA", "AE", "AR", "CE", "CR")
    }
    assert [code for code, one in said.items() if one.accepted] == ["AA", "CA"]
    assert said["AE"].text == "metin"


def test_what_err_says_stands_behind_msa_3() -> None:
    said = read_acknowledgment(ack("MSA|AE|X1|rapor alınamadı", "ERR|OBX^1^5^207&Bulgular eksik"), "X1")
    assert said.text.startswith("rapor alınamadı; OBX 1 5")
    assert "Bulgular eksik" in said.text


@pytest.mark.parametrize("answer", [b"", b"MERHABA", ack("MSA|AA|X2"), ack("MSA|XX|X1"), ack("ZZZ|1")])
def test_what_acknowledges_nothing_of_ours_leaves_it_unknown(answer: bytes) -> None:
    with pytest.raises(AnswerUnknown):
        read_acknowledgment(answer, "X1")


def test_without_a_receiver_nothing_is_tried() -> None:
    with pytest.raises(Refused, match="no-receiver"):
        MllpHospital().tell(HOSPITAL, b"", "X1")


def test_a_number_is_twenty_characters_and_another_for_each_version() -> None:
    numbers = {control_id(key(), version) for version in range(1, 50)} | {control_id(key("A2"), 1)}
    assert len(numbers) == 50
    assert {len(one) for one in numbers} == {20}
    assert all(one.isalnum() and one.isascii() for one in numbers)
