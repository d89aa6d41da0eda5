"""`gecit check`: what it says of messages, images and folders, and that nothing of a node is touched."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace
from pydicom import dcmread

from gecit.cli import cli
from gecit.core.order import Order
from gecit.edges.mllp_framer import wrap
from gecit.ports import Institution
from gecit.sandbox.imaging import build_study
from tests.support import flow

SKRS = "910001"
HOSPITAL = Institution(skrs=SKRS, name="Deneme Hastanesi")
Run = Callable[..., Result]


@pytest.fixture
def run(gecit: Run, data: Path) -> Run:
    def command(*args: str | Path, code: int = 0) -> Result:
        result = gecit("check", *args, code=code)
        assert not data.exists()
        return result

    return command


@pytest.fixture
def said(run: Run) -> Callable[..., dict[str, Any]]:
    """What is said as JSON."""
    return lambda *args, code=0: json.loads(run(*args, "--json", code=code).stdout)


@pytest.fixture
def sent(tmp_path: Path) -> Path:
    """An order, its report and its images that would be submitted."""
    folder = tmp_path / "sent"
    images(folder / "study")
    (folder / "order.hl7").write_bytes(flow.orm_wire())
    (folder / "report.hl7").write_bytes(flow.oru_wire())
    return folder


def images(folder: Path, kind: str = "CT", *, slices: int = 12, dose: bool = True, **differs: Any) -> Path:
    order: Order = replace(flow.order(), **differs)
    build_study(kind, order=order, institution=HOSPITAL, folder=folder, with_dose=dose, slices=slices)
    return folder


def finding(checked: dict[str, Any], rule: str, exam: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in checked["exams"][exam]["findings"] if one["rule"] == rule)
    return found


def test_a_whole_exam_would_be_submitted_and_what_only_a_node_knows_is_named(
    said: Callable[..., dict[str, Any]], sent: Path
) -> None:
    checked = said(sent)
    (exam,) = checked["exams"]
    assert (exam["exam"], exam["outcome"], exam["given"]) == (f"{SKRS}/A1", "submit", ["images", "order", "report"])
    assert [one["ack"] if "ack" in one else one["code"] for one in checked["messages"]] == ["AA", "AA"]
    offline = {one["rule"] for one in exam["findings"] if one["meaning"] == "offline"}
    assert {"radiologist", "duplicate-query-missing", "duplicate-found"} <= offline
    assert checked["messages"][0]["remarks"] == []


def test_the_text_is_in_both_languages_and_shows_no_patient(run: Run, sent: Path) -> None:
    shown = run(sent).output
    assert "gönderilirdi / would be submitted" in shown
    assert "nothing to mend" in shown
    assert flow.TCKN not in shown
    assert "ŞAHİN" not in shown


def test_no_dose_report_is_to_be_mended_by_the_modality(said: Callable[..., dict[str, Any]], sent: Path) -> None:
    max((sent / "study").iterdir()).unlink()
    checked = said(sent, code=1)
    found = finding(checked, "dose-report")
    assert (found["meaning"], found["who"], found["expected"]) == ("mend", "modality", "113701^DCM")
    assert found["fix"]["tr"]
    assert checked["exams"][0]["outcome"] == "hold"
    assert "DNM-CT-01" in found["reason"]["en"]


def test_what_was_not_given_is_nobodys_fault(said: Callable[..., dict[str, Any]], sent: Path) -> None:
    checked = said(sent / "order.hl7")
    assert checked["exams"][0]["outcome"] == "pending"
    missing = {one["rule"] for one in checked["exams"][0]["findings"] if one["meaning"] == "missing"}
    assert {"image-present", "report-present", "study-matched"} <= missing


def test_an_order_without_loinc_names_the_field(said: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    (tmp_path / "o.hl7").write_bytes(flow.orm_wire(loinc=""))
    checked = said(tmp_path / "o.hl7", code=1)
    assert finding(checked, "loinc-code")["meaning"] == "mend"
    (one,) = checked["messages"][0]["remarks"]
    assert (one["code"], one["where"]["segment"], one["where"]["field"]) == ("loinc-code", "OBR", 4)


def test_an_empty_modality_is_named_as_a_field_of_the_file(said: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    (tmp_path / "o.hl7").write_bytes(flow.orm_wire().replace(b"A1||||||CT|", b"A1|||||||"))
    checked = said(tmp_path / "o.hl7", code=1)
    found = finding(checked, "duplicate-found")
    assert found["meaning"] == "mend"
    assert "OBR-24 (modality) is empty in the file" in found["note"]["en"]
    images(tmp_path / "study")  # images tell the modality too
    assert "note" not in finding(said(tmp_path, "--queried"), "duplicate-found")


def test_the_date_picks_the_rules_that_are_in_force(said: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    early = flow.orm_wire(loinc="").replace(b"20260302", b"20200315")
    (tmp_path / "o.hl7").write_bytes(early)
    checked = said(tmp_path / "o.hl7", "--date", "2020-03-15T23:59")
    assert finding(checked, "loinc-code")["status"] == "not in force"
    assert checked["now"].startswith("2020-03-15T23:59:00+03:00")


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"], ids=["CR", "LF", "CRLF"])
def test_several_messages_in_one_file_with_any_line_end(
    said: Callable[..., dict[str, Any]], tmp_path: Path, end: bytes
) -> None:
    text = flow.orm_wire() + b"\r" + flow.oru_wire() + flow.orm_wire("A2", control_id="3", tckn=flow.OTHER_TCKN)
    (tmp_path / "day.txt").write_bytes(text.replace(b"\r", end))
    checked = said(tmp_path / "day.txt")
    assert [(one["number"], one["type"], one["code"]) for one in checked["messages"]] == [
        (1, "ORM^O01", "AA"),
        (2, "ORU^R01", "AA"),
        (3, "ORM^O01", "AA"),
    ]
    assert [one["exam"] for one in checked["exams"]] == [f"{SKRS}/A1", f"{SKRS}/A2"]


def test_mllp_frames_are_taken_apart_and_a_broken_one_is_named(
    said: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    (tmp_path / "dump").write_bytes(wrap(flow.orm_wire()) + wrap(flow.oru_wire()))
    assert len(said(tmp_path / "dump")["messages"]) == 2
    (tmp_path / "dump").write_bytes(wrap(flow.orm_wire()) + b"\x0bMSH|^~\\&|cut")
    checked = said(tmp_path / "dump", code=2)
    assert len(checked["messages"]) == 1
    told = checked["unused"][0]["text"]
    assert "truncated: Mesaj yarım kaldı; FS gelmedi. / Message truncated: no FS came." in told
    assert told.endswith("kim / who: HBYS")


def test_a_batch_envelope_is_no_part_of_its_messages(said: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    batch = b"FHS|^~\\&|F\rBHS|^~\\&|F\r" + flow.orm_wire() + flow.oru_wire() + b"BTS|2\rFTS|1\r"
    (tmp_path / "batch.hl7").write_bytes(batch)
    checked = said(tmp_path / "batch.hl7")
    assert [one["code"] for one in checked["messages"]] == ["AA", "AA"]


def test_a_refused_message_shows_its_answer_and_the_structure_beside_it(
    said: Callable[..., dict[str, Any]], run: Run, tmp_path: Path
) -> None:
    wrong = flow.oru_wire(findings="kısa").replace(b"|2.3.1|", b"|2.5|")
    (tmp_path / "r.hl7").write_bytes(wrong)
    (one,) = said(tmp_path / "r.hl7", code=1)["messages"]
    assert one["code"] == "AR"
    assert {"version-unsupported", "findings-too-short"} <= {remark["code"] for remark in one["remarks"]}
    assert "MSA|AR|2|version-unsupported" in one["answer"]
    shown = run(tmp_path / "r.hl7", code=1).output
    assert "✗ MSH-12 version-unsupported" in shown
    assert "kim / who: HBYS" in shown and ".;" not in shown


def test_hl7apy_is_heard_beside_our_own_findings(said: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    (tmp_path / "o.hl7").write_bytes(flow.orm_wire() + b"DG1|1||\rZZZ|mine\r")
    (one,) = said(tmp_path / "o.hl7")["messages"]
    assert one["code"] == "AA"
    assert one["structure"]
    assert not any(flow.TCKN in complaint for complaint in one["structure"])


def test_the_registry_is_asked_where_a_list_is_given(
    said: Callable[..., dict[str, Any]], sent: Path, tmp_path: Path
) -> None:
    listed = tmp_path / "list.csv"
    listed.write_text(
        f"identifier,name,branch,is_radiologist,source,verified\n{flow.RADIOLOGIST},U,Radyoloji,1,test,1\n"
    )
    assert finding(said(sent, "--registry", listed), "radiologist")["meaning"] == "fine"
    listed.write_text(f"identifier,name,branch,is_radiologist,source,verified\n{flow.SURGEON},U,Cerrahi,0,test,1\n")
    checked = said(sent, "--registry", listed, code=1)
    assert [one["code"] for one in checked["messages"]] == ["AA", "AE"]
    assert finding(checked, "report-present")["meaning"] == "mend"


def test_queried_says_that_the_query_was_made(said: Callable[..., dict[str, Any]], sent: Path) -> None:
    checked = said(sent, "--queried")
    assert finding(checked, "duplicate-query-missing")["meaning"] == "fine"
    assert finding(checked, "duplicate-found")["meaning"] == "fine"


def test_images_of_another_patient_are_told_as_such(said: Callable[..., dict[str, Any]], sent: Path) -> None:
    for path in (sent / "study").iterdir():
        dataset = dcmread(path)
        dataset.PatientID = flow.OTHER_TCKN
        dataset.save_as(path)
    checked = said(sent, code=1)
    (study,) = checked["studies"]
    assert study["exams"] == []
    assert "(0010,0020)" in study["misses"][0]["en"]
    assert finding(checked, "study-matched")["meaning"] == "mend"


def test_a_study_folder_alone_is_told_what_its_images_would_be_held_for(
    said: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    checked = said(images(tmp_path / "ct", dose=False), code=1)
    assert [one["rule"] for one in checked["studies"][0]["held_for"]] == ["dose-report"]
    assert checked["exams"] == []
    assert said(images(tmp_path / "whole"))["studies"][0]["dose_reports"] == 1


def test_another_institution_than_the_senders_own_may_not_speak(
    said: Callable[..., dict[str, Any]], sent: Path
) -> None:
    checked = said(sent, "--institution", "910002", code=1)
    assert checked["messages"][0]["remarks"][0]["code"] == "institution-unknown"


def test_a_message_that_names_no_institution_is_the_given_ones(
    said: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    (tmp_path / "o.hl7").write_bytes(flow.orm_wire(institution=""))
    assert said(tmp_path / "o.hl7", "--institution", SKRS)["exams"][0]["exam"] == f"{SKRS}/A1"
    assert said(tmp_path / "o.hl7")["messages"][0]["code"] == "AA"


def test_a_cancelled_order_is_received_in_the_order_in_which_it_was_sent(
    said: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    later = flow.orm_wire(control="CA", control_id="2").replace(b"|20260302080000||ORM", b"|20260302090000||ORM")
    (tmp_path / "a-cancel.hl7").write_bytes(later)
    (tmp_path / "b-order.hl7").write_bytes(flow.orm_wire())
    checked = said(tmp_path, code=1)
    assert finding(checked, "order-active")["status"] == "failed"
    assert checked["messages"][0]["remarks"] == []


def test_other_files_are_named_and_do_not_spoil_the_rest(run: Run, sent: Path) -> None:
    (sent / "notes.txt").write_text("hello")
    (sent / ".hidden").write_text("hello")
    shown = run(sent).output
    assert "notes.txt: ne HL7 ne DICOM" in shown
    assert ".hidden" not in shown


def test_what_can_be_nothing_at_all_ends_with_two(run: Run, sent: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    assert "neither HL7 nor DICOM" in run(tmp_path / "notes.txt", code=2).output
    one = min((sent / "study").iterdir())
    (sent / "half.dcm").write_bytes(one.read_bytes()[:200])
    assert "half.dcm" in run(sent, code=2).output
    (tmp_path / "empty").mkdir()
    run(tmp_path / "empty", code=2)
    (tmp_path / "empty/link.hl7").symlink_to("nowhere")
    assert "link.hl7: açılamadı" in run(tmp_path / "empty", code=2).output


def test_a_sites_own_rules_are_laid_over(said: Callable[..., dict[str, Any]], sent: Path, tmp_path: Path) -> None:
    site = tmp_path / "site/exemptions"
    site.mkdir(parents=True)
    (sent / "order.hl7").write_bytes(flow.orm_wire(loinc=""))
    (site / "no-loinc.toml").write_text(
        'excuses = ["loinc-code"]\ndated_by = "order_date"\ntitle.tr = "x"\ntitle.en = "x"\n'
        "[[window]]\nfrom = 2026-03-02\nlast = 2026-03-02\npublished = 2026-03-02\n"
        'source = { kind = "site", title = "x" }\n'
    )
    found = finding(said(sent, "--rules", site.parent), "loinc-code")
    assert (found["status"], found["meaning"]) == ("excused", "fine")


def test_an_unknown_layout_is_named_with_those_that_are(run: Run, sent: Path) -> None:
    shown = run(sent, "--profile", "nonsense", code=2).output
    assert "nonsense" in shown
    assert "example-hbys" in shown


def test_many_files_show_how_far_it_is(run: Run, tmp_path: Path) -> None:
    for number in range(250):
        (tmp_path / f"{number}.txt").write_text("x")
    result = run(tmp_path, code=2)
    assert "250 dosya / files" in result.stderr


def test_the_same_exam_twice_is_found_among_the_files(said: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    earlier = flow.orm_wire("A0", control_id="9").replace(b"20260302", b"20260201")
    (tmp_path / "day.hl7").write_bytes(earlier + flow.oru_wire("A0", control_id="10") + flow.orm_wire())
    images(tmp_path / "study", key=flow.key("A0"))
    found = finding(said(tmp_path, code=1), "duplicate-found", exam=1)
    assert (found["meaning"], found["status"]) == ("mend", "failed")


@pytest.mark.parametrize(
    "content",
    [
        b"MSH",
        b"FHS|",
        b"MSH|" + b"\r" * 400_000,
        b"MSH|^~\\&|F|H\rPID|1" + b"\r\n" * 200_000 + b"X",
        b"MSH|^~\\&|F|H\rPID|1|" + b"~" * 100_000,
        b"MSH|^~\\&|F|H" + b"\rOBX|1|TX" * 50_000,
    ],
    ids=["nothing but a name", "an empty batch", "only line ends", "line ends and a rest", "repetitions", "segments"],
)
def test_a_crafted_file_is_answered_and_stops_nothing(run: Run, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "crafted.hl7"
    file.write_bytes(content)
    result = CliRunner().invoke(cli, ["check", str(file)])
    assert result.exit_code in (1, 2)
    assert isinstance(result.exception, SystemExit)


def test_a_link_to_a_pipe_is_named_and_never_read(run: Run, sent: Path) -> None:
    os.mkfifo(sent / "pipe")
    (sent / "order2.hl7").symlink_to(sent / "pipe")
    assert "a pipe or a device" in run(str(sent), code=2).output


def test_the_samples_say_what_is_wrong_with_them_and_nothing_is_written_over(gecit: Run, tmp_path: Path) -> None:
    folder = tmp_path / "samples"
    told = [line.split("  ") for line in gecit("samples", folder).stdout.splitlines() if line.startswith(str(folder))]
    assert len(told) >= 8 and any(len(one) == 2 for one in told) and any(len(one) == 3 for one in told)
    for where, _, *wrong in told:
        failing = set(wrong[0].removeprefix("✗ ").split(", ")) if wrong else set()
        result = gecit(
            "check", "--queried", "--registry", folder / "radiologists.csv", where, "--json", code=int(bool(failing))
        )
        said = json.loads(result.stdout)
        if where.endswith("visit"):  # no exam: what is told is who treats
            assert [(one["code"], one["remarks"]) for one in said["messages"]] == [("AA", [])] * 3
            continue
        found = {one["rule"] for one in said["exams"][0]["findings"] if one["meaning"] == "mend"}
        assert failing & found if failing else not found, where
    gecit("samples", folder, code=2)
