# ruff: noqa: F811 -- fixtures are named as what they give
"""Key images on the reading pages: who marks which, what is refused in clear words, what a signature holds."""

from __future__ import annotations

from html import unescape

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace

from gecit.core.events import StudyFactsRecorded, StudyLinked, StudyUnlinked
from gecit.core.facts import StudyKey
from gecit.core.key_images import LONGEST_CAPTION, KeyImage
from gecit.edges.store import SqlLedger
from gecit.web.reading.key_images import digest_of
from tests.fake_accounts import FakeAudit
from tests.support.archive import FOREIGN, OWN, FakeTags
from tests.support.flow import START, key, study
from tests.support.markup import POISON, shown_as_text
from tests.support.moved import ADDRESS, FAR, make_known

from .test_reading import (  # noqa: F401 -- fixtures
    EDITOR,
    PASSWORD,
    act,
    ask,
    audit,
    client,
    clock,
    ledger,
    registry,
    tags,
    written,
)

PICTURE = {"study": OWN, "series": f"{OWN}.2", "instance": f"{OWN}.2.2"}


@pytest.fixture(autouse=True)
def taken(client: FlaskClient, ledger: SqlLedger) -> None:
    """An exam with a study that has real UIDs, in the hands of a radiologist."""
    facts = replace(study("own"), study_instance_uid=OWN)
    ledger.write(lambda tx: tx.append(StudyLinked(at=START, exam=key(), facts=facts, path="accession")))
    assert act(client, "ayse", "take").status_code == 303


def images(ledger: SqlLedger, who: str = "ayse") -> tuple[KeyImage, ...]:
    draft = ledger.read(lambda tx: tx.draft(key(), who))
    assert draft
    return draft.key_images


def test_a_picture_of_the_viewer_is_marked_with_its_window(client: FlaskClient, ledger: SqlLedger) -> None:
    assert act(client, "ayse", "key-images", **PICTURE, frame="1", center="40", width="400").status_code == 303
    [one] = images(ledger)
    assert (one.instance, one.name) == (f"{OWN}.2.2", "2/2")
    page = unescape(ask(client, "ayse", EDITOR).text)
    address = f"/dicom-web/studies/{OWN}/series/{OWN}.2/instances/{OWN}.2.2/frames/1/rendered"
    assert f'data-picture="{address}?viewport=160,160&window=40,400,linear"' in page
    assert "Seri 2, görüntü 2" in page


def test_one_is_marked_by_its_numbers_and_taken_away_again(client: FlaskClient, ledger: SqlLedger) -> None:
    assert act(client, "ayse", "key-images", **{"series-number": "3", "number": "1", "frame": "12"}).status_code == 303
    assert [one.name for one in images(ledger)] == ["3/1#12"]
    assert act(client, "ayse", "key-images", off=f"{OWN}.3.1", frame="12").status_code == 303
    assert images(ledger) == ()


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"study": FOREIGN, "series": f"{FOREIGN}.2", "instance": f"{FOREIGN}.2.1"}, "böyle bir görüntü yok"),
        ({**PICTURE, "instance": f"{OWN}.2.77"}, "böyle bir görüntü yok"),
        ({"series-number": "2", "number": "77"}, "böyle bir görüntü yok"),
        ({}, "böyle bir görüntü yok"),
        ({**PICTURE, "frame": "2"}, "2. kare yok"),
        ({**PICTURE, "frame": "iki"}, "kare yok"),
        ({"series-number": "9000", "number": "1"}, "bir görüntü değil"),
        ({"series-number": "4", "number": "1"}, "birden çok kez"),
        ({**PICTURE, "center": "x", "width": "1"}, "Pencere"),
        ({**PICTURE, "center": "nan", "width": "inf"}, "Pencere"),
    ],
)
def test_what_is_no_picture_of_the_exam_is_refused_in_words(
    client: FlaskClient, ledger: SqlLedger, audit: FakeAudit, form: dict[str, str], said: str
) -> None:
    answer = act(client, "ayse", "key-images", **form)
    assert answer.status_code == 409
    assert said in unescape(answer.text)
    live = ask(client, "ayse", EDITOR.replace("/exam/", "/key-images/"), form, **{"HX-Request": "true"})
    assert live.status_code == 200, "htmx swaps nothing in on an error"
    assert said in unescape(live.text)
    assert "<html" not in live.text
    assert images(ledger) == ()
    assert audit.entries[-1].outcome == "refused"
    assert audit.entries[-1].what == "mark a key image"


def test_while_orthanc_is_away_nothing_is_marked(client: FlaskClient, ledger: SqlLedger, tags: FakeTags) -> None:
    tags.down = True
    answer = act(client, "ayse", "key-images", **PICTURE)
    assert answer.status_code == 409
    assert "Orthanc yanıt vermiyor" in unescape(answer.text)
    assert images(ledger) == ()


def test_only_who_has_the_exam_marks(client: FlaskClient, ledger: SqlLedger) -> None:
    assert act(client, "bora", "key-images", **PICTURE).status_code == 409
    assert act(client, "uzak", "key-images", **PICTURE).status_code == 404
    assert act(client, "mudur", "key-images", **PICTURE).status_code == 403
    assert images(ledger) == ()


def test_what_is_signed_has_the_key_images_that_the_page_showed(client: FlaskClient, ledger: SqlLedger) -> None:
    act(client, "ayse", "key-images", **PICTURE)
    other = act(client, "ayse", "sign", act="sign", password=PASSWORD, **written(ledger, "ayse", pictures="others"))
    assert other.status_code == 409, "another window of the author marked one meanwhile"
    page = ask(client, "ayse", EDITOR).text
    seen = page.split('name="pictures" form="report" value="')[1][:16]
    signed = act(client, "ayse", "sign", act="sign", password=PASSWORD, **written(ledger, "ayse", pictures=seen))
    assert signed.status_code == 303
    exam = ledger.read(lambda tx: tx.exam(key()))
    assert exam and exam.report
    assert [one.instance for one in exam.report.report.key_images] == [f"{OWN}.2.2"]
    shown = unescape(ask(client, "ayse", EDITOR).text)
    assert "Anahtar görüntüler" in shown and f"{OWN}.2.2/frames/1/rendered" in shown
    assert act(client, "ayse", "key-images", off=f"{OWN}.2.2").status_code == 409, "nobody has it any more"
    assert act(client, "ayse", "take", act="correct").status_code == 303
    assert [one.instance for one in images(ledger)] == [f"{OWN}.2.2"], "a correction begins with what it corrects"


def test_a_caption_is_kept_beside_the_picture_signed_with_it_and_taken_back(
    client: FlaskClient, ledger: SqlLedger, audit: FakeAudit
) -> None:
    act(client, "ayse", "key-images", **PICTURE)
    bare = digest_of(images(ledger))
    said = act(client, "ayse", "key-images", of=f"{OWN}.2.2", caption=f"  Nodül,\n 6 mm {POISON}  ")
    assert said.status_code == 303 and audit.entries[-1].what == "caption a key image"
    [one] = images(ledger)
    assert one.caption == f"Nodül, 6 mm {POISON}"[:LONGEST_CAPTION]
    assert shown_as_text(ask(client, "ayse", EDITOR).text, one.caption)
    act(client, "ayse", "key-images", **PICTURE, center="40", width="400")
    assert images(ledger)[0].caption == one.caption and images(ledger)[0].window, "marked again, said no less"
    old = act(client, "ayse", "sign", act="sign", password=PASSWORD, **written(ledger, "ayse", pictures=bare))
    assert old.status_code == 409, "whoever signs has seen the captions too"
    seen = digest_of(images(ledger))
    act(client, "ayse", "sign", act="sign", password=PASSWORD, **written(ledger, "ayse", pictures=seen))
    exam = ledger.exam_of(key())
    assert exam and exam.report and exam.report.report.key_images[0].caption == one.caption
    assert act(client, "ayse", "key-images", of=f"{OWN}.2.2", caption="x").status_code == 409, "what is signed stands"
    act(client, "ayse", "take", act="correct")
    act(client, "ayse", "key-images", of=f"{OWN}.2.2", caption="")
    assert images(ledger)[0].caption == ""
    act(client, "ayse", "key-images", of=f"{OWN}.2.9", caption="of none")
    assert [one.caption for one in images(ledger)] == [""]


def test_where_the_images_stand_is_remembered(client: FlaskClient) -> None:
    assert "<iframe" not in ask(client, "ayse", EDITOR).text
    chosen = ask(client, "ayse", f"{EDITOR}?images=beside")
    assert '<iframe class="room-images" name="gecit-images" src="/gecit/viewer/' in chosen.text
    assert "frame-src 'self'" in chosen.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in chosen.headers["Content-Security-Policy"]
    assert 'role="separator"' in chosen.text and 'tabindex="0"' in chosen.text
    assert "<iframe" in ask(client, "ayse", EDITOR).text
    ask(client, "ayse", f"{EDITOR}?images=window")
    assert "<iframe" not in ask(client, "ayse", EDITOR).text
    ask(client, "ayse", f"{EDITOR}?images=elsewhere")
    assert "<iframe" not in ask(client, "ayse", EDITOR).text


def test_a_picture_at_another_node_is_a_link_to_it_and_no_empty_one(client: FlaskClient, ledger: SqlLedger) -> None:
    """Of an exam whose studies lie at two nodes: what one of them holds, no page of the other one can draw."""
    assert act(client, "ayse", "key-images", **PICTURE).status_code == 303
    far = replace(study("own"), key=StudyKey(FAR, "own"), study_instance_uid=OWN)
    ledger.write(lambda tx: tx.append(StudyUnlinked(at=START, exam=key(), study=StudyKey("N", "own"), reason="moved")))
    ledger.write(lambda tx: tx.append(StudyFactsRecorded(at=START, study=far.key, facts=far)))
    ledger.write(lambda tx: tx.append(StudyLinked(at=START, exam=key(), facts=far, path="accession")))
    page = unescape(ask(client, "ayse", EDITOR).text)
    assert f"Bu görüntü {FAR} düğümünde; oraya şu anda ulaşılamıyor" in page and "data-picture" not in page
    refused = unescape(act(client, "ayse", "key-images", **{"series-number": "2", "number": "3"}).text)
    assert f"görüntülerinin bir bölümü başka düğümde: {FAR}" in refused
    make_known(ledger)
    page = unescape(ask(client, "ayse", EDITOR).text)
    shown = f"StudyInstanceUIDs={OWN}&initialSeriesInstanceUID={OWN}.2&initialSOPInstanceUID={OWN}.2.2"
    assert f'href="{ADDRESS}/gecit/ohif/viewer?{shown}&from=N"' in page and "data-picture" not in page
