"""The public front page: open to everybody, in both languages, and honest about its source."""

import io
import json
import shutil
import tarfile
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from lxml import etree

from gecit.core.rulebook import Rulebook
from gecit.edges.doors import Doors
from gecit.edges.front_files import FrontTextsError, read_front
from gecit.edges.rules_files import read_folder
from gecit.web.app import create_app
from gecit.web.front import FrontData
from gecit.web.front.source import SHIPPED, SourceArchive, digests
from tests.fakes import FakeAccounts, FakeViews, FakeVitals, StillClock

REPOSITORY = Path(__file__).parents[2]
ATOM = "{http://www.w3.org/2005/Atom}"


def served(accounts: FakeAccounts, book: Rulebook | None, own: Path | None = None) -> FlaskClient:
    clock = StillClock()
    data = FrontData(read_front(own), lambda: book, lambda: 3, REPOSITORY)
    doors = Doors(accounts, "inside", clock)
    return create_app(
        doors=doors, views=FakeViews(), vitals=FakeVitals(), clock=clock, node="N1", public=data
    ).test_client()


@pytest.fixture(scope="module")
def book() -> Rulebook:
    return read_folder(REPOSITORY / "rules")


@pytest.fixture
def visitor(accounts: FakeAccounts, book: Rulebook) -> FlaskClient:
    return served(accounts, book)


@pytest.mark.parametrize(("lang", "said"), [("tr", "Duyurular"), ("en", "Announcements")])
def test_everybody_reads_it_in_both_languages(visitor: FlaskClient, lang: str, said: str) -> None:
    answer = visitor.get(f"/gecit/front?lang={lang}")
    assert answer.status_code == 200
    assert said in answer.text and "<strong>3</strong>" in answer.text


def test_announcements_are_newest_first_and_all_on_demand(visitor: FlaskClient) -> None:
    some, every = visitor.get("/gecit/front").text, visitor.get("/gecit/front?all=").text
    assert some.count("<article") == 6
    assert every.count("<article") > 20
    assert every.index("21.09.2023") < every.index("18.02.2020")


def test_without_a_rulebook_it_says_that_there_is_nothing(accounts: FakeAccounts) -> None:
    assert "Tarihli bir duyuru yok" in served(accounts, None).get("/gecit/front").text


def test_feed_has_every_announcement_with_a_lasting_id(visitor: FlaskClient) -> None:
    answer = visitor.get("/gecit/front/feed.atom")
    assert answer.content_type.startswith("application/atom+xml")
    entries = etree.fromstring(answer.data).findall(f"{ATOM}entry")
    ids = [one.findtext(f"{ATOM}id") for one in entries]
    assert len(set(ids)) == len(ids) > 20
    assert "LOINC Kodu Kontrolü" in {one.findtext(f"{ATOM}title") for one in entries}
    again = etree.fromstring(visitor.get("/gecit/front/feed.atom").data).findall(f"{ATOM}entry")
    assert [one.findtext(f"{ATOM}id") for one in again] == ids


def test_every_document_that_it_names_can_be_read(visitor: FlaskClient) -> None:
    texts = read_front()
    for one in texts.documents:
        answer = visitor.get(f"/gecit/front/documents/{one.path}")
        assert answer.status_code == 200, one.path
        assert "<h1" in answer.text and "<script>" not in answer.text
    assert visitor.get("/gecit/front/documents/images/flow.svg").content_type.startswith("image/svg+xml")


@pytest.mark.parametrize("name", ["../README.md", "none.md", "../plugins/main.py", "conformance", "%2e%2e/README.md"])
def test_nothing_outside_the_documents_is_shown(visitor: FlaskClient, name: str) -> None:
    assert visitor.get(f"/gecit/front/documents/{name}").status_code in (401, 404)


def test_documents_lead_to_documents_only_and_long_lines_are_moved_by_keyboard(visitor: FlaskClient) -> None:
    text = visitor.get("/gecit/front/documents/rules.md").text
    assert "rules/README.md" in text and 'href="../rules/README.md"' not in text, "that file is not served"
    text = visitor.get("/gecit/front/documents/conformance/duplicates.md").text
    assert 'href="medula.md#trying-it-out"' in text
    text = visitor.get("/gecit/front/documents/conformance/hl7.md").text
    assert '<pre tabindex="0">' in text and "<pre>" not in text
    assert text.count('<div class="table-responsive" tabindex="0"><table') == text.count("</table></div>") > 0


def test_source_is_what_runs(visitor: FlaskClient) -> None:
    answer = visitor.get("/gecit/front/source.tar.gz")
    with tarfile.open(fileobj=io.BytesIO(answer.data)) as archive:
        names = {one.name.partition("/")[2] for one in archive}
        packed = archive.extractfile(next(one for one in archive if one.name.endswith("gecit/core/announcements.py")))
        assert packed is not None
        assert packed.read() == (REPOSITORY / "plugins/gecit/core/announcements.py").read_bytes()
    assert {"LICENSE", "Makefile", "plugins/main.py", "requirements.lock", "rules/README.md"} <= names
    assert not [one for one in names if "__pycache__" in one or one.startswith(("data/", "build/", ".venv"))]


def test_the_digests_of_the_shipped_configuration_are_those_of_its_files() -> None:
    assert json.loads(SHIPPED.read_text()) == digests(REPOSITORY), "make docs"


def test_a_sites_own_configuration_and_keys_are_nobody_elses(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for folder in ("orthanc-config", "plugins", "scripts"):
        shutil.copytree(REPOSITORY / folder, home / folder, ignore=shutil.ignore_patterns("__pycache__"))
    kept = home / "orthanc-config/gecit.json"
    kept.write_text(kept.read_text().replace('"Gecit"', '"Gecit" ') + "/* postgresql://gecit:s3cret@db */")
    for name in ("orthanc-config/site.json", "plugins/web.key", "scripts/site.env", "scripts/gecit.json.bak"):
        (home / name).write_text("s3cret")
    source = SourceArchive(home, "1")
    with tarfile.open(source.path()) as archive:
        texts = {one.name: archive.extractfile(one).read() for one in archive if one.isfile()}  # type: ignore[union-attr]
    assert not [name for name, text in texts.items() if b"s3cret" in text]
    assert {"gecit-1/orthanc-config/orthanc.json", "gecit-1/scripts/setup.sh"} <= set(texts)


def test_an_installation_replaces_whole_keys(accounts: FakeAccounts, book: Rulebook, tmp_path: Path) -> None:
    own = tmp_path / "front.toml"
    own.write_text('title = { tr = "Ordu İl Düğümü", en = "Province of Ordu" }\nquestions = []\n', encoding="utf-8")
    page = served(accounts, book, own).get("/gecit/front").text
    assert "Ordu İl Düğümü" in page and "<details" not in page
    assert "6698" in page


@pytest.mark.parametrize("text", ["title = 3", "nonsense = 1", "title = {", 'title = { tr = "x" }'])
def test_a_wrong_file_is_refused_by_name(tmp_path: Path, text: str) -> None:
    own = tmp_path / "front.toml"
    own.write_text(text, encoding="utf-8")
    with pytest.raises(FrontTextsError, match=r"front\.toml"):
        read_front(own)


def test_texts_are_text(accounts: FakeAccounts, book: Rulebook, tmp_path: Path) -> None:
    own = tmp_path / "front.toml"
    own.write_text('title = { tr = "<script>1</script>", en = "x" }\n', encoding="utf-8")
    assert "<script>" not in served(accounts, book, own).get("/gecit/front").text
