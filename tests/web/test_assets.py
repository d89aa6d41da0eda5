"""Files for browsers, under names that change with their content."""

import gzip
import json
import logging
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from gecit.edges.doors import Doors
from gecit.web.app import create_app
from gecit.web.assets import Assets
from tests.fakes import FakeAccounts, FakeViews, FakeVitals, StillClock

CSS = b"main { color: teal }" * 50


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    served = tmp_path / "served"
    (served / "viewer-1").mkdir(parents=True)
    (served / "a.0123456789.css").write_bytes(CSS)
    (served / "a.0123456789.css.gz").write_bytes(gzip.compress(CSS))
    (served / "a.0123456789.css.br").write_bytes(b"brotli bytes")
    (served / "viewer-1/x.wasm").write_bytes(b"\0asm")
    (tmp_path / "manifest.json").write_text(json.dumps({"a.css": "a.0123456789.css"}))
    (tmp_path / "secret.txt").write_text("not served")
    return tmp_path


@pytest.fixture
def visitor(folder: Path, views: FakeViews, vitals: FakeVitals, clock: StillClock) -> FlaskClient:
    doors = Doors(FakeAccounts(), "inside", clock)
    return create_app(doors=doors, views=views, vitals=vitals, clock=clock, node="N1", assets=folder).test_client()


def test_a_template_names_a_file_by_what_it_holds(visitor: FlaskClient) -> None:
    asset = visitor.application.jinja_env.globals["asset"]
    assert asset("a.css") == "/gecit/assets/a.0123456789.css"


@pytest.mark.parametrize(
    ("accepted", "encoding", "body"),
    [("gzip, br", "br", b"brotli bytes"), ("gzip", "gzip", CSS), ("br;q=0, gzip;q=0", None, CSS), ("", None, CSS)],
)
def test_a_browser_gets_the_best_that_it_takes(
    visitor: FlaskClient, accepted: str, encoding: str | None, body: bytes
) -> None:
    answer = visitor.get("/gecit/assets/a.0123456789.css", headers={"Accept-Encoding": accepted})
    assert answer.status_code == 200
    assert answer.headers.get("Content-Encoding") == encoding
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert (gzip.decompress(answer.data) if encoding == "gzip" else answer.data) == body
    assert answer.content_type == "text/css; charset=utf-8"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_file_that_is_not_compressed_is_given_as_it_is(visitor: FlaskClient) -> None:
    answer = visitor.get("/gecit/assets/viewer-1/x.wasm", headers={"Accept-Encoding": "br"})
    assert (answer.data, answer.content_type) == (b"\0asm", "application/wasm")
    assert "Content-Encoding" not in answer.headers


@pytest.mark.parametrize(
    "name", ["../secret.txt", "..%2fsecret.txt", "viewer-1", "no.css", "../manifest.json", "%00", "/etc/passwd"]
)
def test_nothing_else_is_served(visitor: FlaskClient, name: str) -> None:
    answer = visitor.get(f"/gecit/assets/{name}")
    assert answer.status_code in (404, 308, 401)  # redirected to a path without //, or no route of ours
    assert b"not served" not in answer.data and b"a.css" not in answer.data
    assert "immutable" not in answer.headers["Cache-Control"]


def test_without_the_folder_pages_work_and_the_log_says_how_to_mend_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        bare = Assets(tmp_path / "nowhere")
    assert bare.address("a.css") == "/gecit/assets/a.css"
    assert "scripts/setup.sh" in caplog.text
