"""The development switch: black-box suites are let in from this computer, and from nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread, dcmwrite
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelFind  # type: ignore[attr-defined]

from tests.support.dicom import dcmtk, find, picture, store
from tests.support.node import HOME, Node, until

pytestmark = pytest.mark.system

OPEN = {"GECIT_DEVELOPMENT_OPEN": "true"}


def test_test_programs_store_find_and_get_under_their_usual_titles(
    make_node: Callable[..., Node], tmp_path: Path
) -> None:
    node = make_node(environ=OPEN)
    node.add_administrator()
    node.start().wait_live()
    until(lambda: len(node.get("/modalities").json()) == 8, 30, "Orthanc knows the AE titles")
    file = tmp_path / "one.dcm"
    dcmwrite(file, picture("1.2.276.5"), enforce_file_format=True)
    called = ("-aec", "GECIT", "127.0.0.1", str(node.dicom))
    assert "Success" in dcmtk("storescu", "-v", *called, str(file))
    asked = Dataset()
    asked.QueryRetrieveLevel, asked.StudyInstanceUID, asked.PatientName = "STUDY", "", ""
    status, answers = find(node.dicom, StudyRootQueryRetrieveInformationModelFind, asked, "FINDSCU")
    assert (status, [one.StudyInstanceUID for one in answers]) == (0, ["1.2.276.5"])
    keys = ("-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID=1.2.276.5")
    dcmtk("getscu", "-S", "-od", str(tmp_path), *keys, *called)
    got = [path for path in tmp_path.iterdir() if path.is_file() and path != file]
    assert [dcmread(path).StudyInstanceUID for path in got] == ["1.2.276.5"]
    assert node.get("/dicom-web/studies").json()[0]["0020000D"]["Value"] == ["1.2.276.5"]
    assert node.get("/dicom-web/studies", signed_in=False).status_code == 403
    assert store(node.dicom, picture("1.2.276.6"), "STRANGER") is None, "a title that nobody knows stays outside"


def test_it_is_refused_where_others_could_come_in(make_node: Callable[..., Node], tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.mkdir()
    for file in (HOME / "orthanc-config").glob("*.json"):
        text = file.read_text().replace('"RemoteAccessAllowed": false', '"RemoteAccessAllowed": true')
        (config / file.name).write_text(text)
    node = make_node(config=config, environ=OPEN)
    node.add_administrator()
    node.start()
    assert node.process and node.process.wait(20) != 0
    assert "Not on a node that is reached from outside" in node.log_text()
