"""Templates on pages: each keeps his own, the nearest is what a report begins with, files go out and come in again."""

from __future__ import annotations

import base64
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict

from gecit.core.report import ReportPart
from gecit.edges.report_files import read_reporting
from gecit.edges.report_toml import read_file
from gecit.edges.store import SqlLedger
from tests.fake_accounts import FakeAudit
from tests.support.flow import HOSPITAL, key

from .test_reading import EDITOR, act, ask, audit, client, clock, ledger, registry, tags, written  # noqa: F401 -- fixtures

# ruff: noqa: F811 -- fixtures are named as what they give

OWN, OURS, THEIRS = "/gecit/templates/own", f"/gecit/templates/of/{HOSPITAL.skrs}", "/gecit/templates/of/910009"
SHIPPED = read_reporting(Path(__file__).parents[2] / "rules")


def template(text: str, kind: str = "ct-chest") -> dict[str, str]:
    return {"what": "template", "kind": kind, "part-3": text, "part-1": "Teknik:"}


def macro(name: str, text: str, **more: str) -> dict[str, str]:
    return {"what": "macro", "macro": name, "title": "Olağan", "part": "3", "text": text, **more}


def begins_with(client: FlaskClient, ledger: SqlLedger, who: str = "ayse") -> str:
    act(client, who, "take")
    draft = ledger.read(lambda tx: tx.draft(key(), who))
    assert draft
    text = draft.parts[ReportPart.FINDINGS]
    act(client, who, "give-back")
    ledger.write(lambda tx: tx.drop_draft(key(), who))
    return text


def test_a_report_begins_with_the_nearest_template(client: FlaskClient, ledger: SqlLedger, audit: FakeAudit) -> None:
    assert begins_with(client, ledger).startswith("Trakea ve ana bronşlar:")
    assert ask(client, "mudur", OURS, template("Kurumun şablonu:")).status_code == 303
    assert begins_with(client, ledger) == "Kurumun şablonu:"
    assert ask(client, "ayse", OWN, template("Benim şablonum:")).status_code == 303
    assert begins_with(client, ledger) == "Benim şablonum:"
    assert begins_with(client, ledger, "bora") == "Kurumun şablonu:"
    assert ask(client, "ayse", f"{OWN}/remove", {"kind": "ct-chest"}).status_code == 303
    assert ask(client, "ayse", f"{OWN}/remove", {"kind": "ct-chest"}).status_code == 404
    assert begins_with(client, ledger) == "Kurumun şablonu:"
    done = [(one.who, one.what, one.detail["owner"]) for one in audit.entries if "template" in one.what]
    assert done == [
        ("mudur", "keep a template", f"institution:{HOSPITAL.skrs}"),
        ("ayse", "keep a template", "account:ayse"),
        ("ayse", "remove a template", "account:ayse"),
    ]


def test_a_bare_template_of_ones_own_stops_the_signature_as_a_shipped_one_does(
    client: FlaskClient, ledger: SqlLedger
) -> None:
    bare = "Akciğerler bütünüyle değerlendirildi, ayrıntılar aşağıda yazılacaktır:"
    ask(client, "ayse", OWN, template(bare))
    act(client, "ayse", "take")
    act(client, "ayse", "draft", **written(ledger, "ayse", **{"part-3": bare}))
    assert "şablondan başka bir şey yok" in ask(client, "ayse", EDITOR).text


def test_each_keeps_what_is_his(client: FlaskClient) -> None:
    assert [ask(client, who, OURS, template("x")).status_code for who in ("ayse", "uzak")] == [403, 403]
    assert ask(client, "mudur", THEIRS).status_code == 404
    assert ask(client, "mudur", THEIRS, template("x")).status_code == 404
    assert ask(client, "mudur", f"{THEIRS}/file?kind=macros").status_code == 404
    assert ask(client, "mudur", OWN).status_code == 403
    assert ask(client, "yonetici", THEIRS, template("x")).status_code == 303
    chosen = ask(client, "mudur", "/gecit/templates").text
    assert OURS in chosen and THEIRS not in chosen


def test_a_macro_is_offered_and_expanded_where_a_line_calls_it_and_never_by_signing(
    client: FlaskClient, ledger: SqlLedger
) -> None:
    ask(client, "mudur", OURS, macro("bizim", "Kurumun metni."))
    ask(client, "ayse", OWN, macro("normal-toraks", "Benim <b>toraks</b> metnim."))
    act(client, "ayse", "take")
    assert '<option value="bizim">' in ask(client, "ayse", EDITOR).text
    form = written(ledger, "ayse", **{"part-3": "Önce:\n/normal-toraks\n/bizim\n/yok"})
    act(client, "ayse", "draft", **form)
    draft = ledger.read(lambda tx: tx.draft(key(), "ayse"))
    assert draft
    assert draft.parts[ReportPart.FINDINGS] == "Önce:\nBenim <b>toraks</b> metnim.\nKurumun metni.\n/yok"
    assert "Benim &lt;b&gt;toraks" in ask(client, "ayse", EDITOR).text
    live = {**written(ledger, "ayse", **{"part-3": "/bizim"}), "window": "w"}
    ask(client, "ayse", f"/gecit/reading/draft/{HOSPITAL.skrs}/A1", live, **{"HX-Request": "true"})
    draft = ledger.read(lambda tx: tx.draft(key(), "ayse"))
    assert draft and draft.parts[ReportPart.FINDINGS] == "/bizim"


@pytest.mark.parametrize(
    ("form", "said"),
    [
        (template("  "), "Bulgular bölümü boş"),
        (template("x", "yok"), "yok: Böyle bir tetkik türü yok."),
        (template("x" * 10_001), "en çok 10000 karakter"),
        (macro("Büyük", "x"), "küçük harf"),
        (macro("", "x"), "küçük harf"),
        (macro("a", " "), "boş olamaz"),
        (macro("a", "x", title=" "), "başlığı gerekir"),
        (macro("a", "x", kinds="yok"), "tetkik türü yok"),
    ],
)
def test_what_cannot_be_kept_is_refused_in_clear_words(
    client: FlaskClient, ledger: SqlLedger, form: dict[str, str], said: str
) -> None:
    answer = ask(client, "ayse", OWN, form)
    assert answer.status_code == 422 and said in unescape(answer.text)
    assert ledger.read(lambda tx: tx.templates(("account:ayse",))) == []


def take_in(client: FlaskClient, content: bytes, who: str = "ayse", place: str = OWN) -> Any:
    return ask(
        client, who, f"{place}/import", {"file": "x.toml", "file-content": base64.urlsafe_b64encode(content).decode()}
    )


def test_what_one_took_out_another_takes_in(client: FlaskClient, ledger: SqlLedger) -> None:
    ask(client, "ayse", OWN, template('Satır "bir":\nSatır iki:'))
    form = MultiDict([*macro("bir", "Metin\niki").items(), ("kinds", "ct-chest"), ("kinds", "ct-head")])
    ask(client, "ayse", OWN, form)
    kind = ask(client, "ayse", f"{OWN}/file?kind=ct-chest")
    assert kind.headers["Content-Disposition"] == 'attachment; filename="ct-chest.toml"'
    shipped = next(one for one in SHIPPED.kinds if one.id == "ct-chest")
    read = read_file(kind.data)
    assert getattr(read, "match", None) == shipped.match
    macros = ask(client, "ayse", f"{OWN}/file?kind=macros")
    assert take_in(client, kind.data, "mudur", OURS).status_code == 303
    assert take_in(client, macros.data, "mudur", OURS).status_code == 303
    mine, ours = (
        [(one.kind, one.macro, one.kinds, one.parts) for one in ledger.read(lambda tx, o=owner: tx.templates((o,)))]  # type: ignore[misc]
        for owner in ("account:ayse", f"institution:{HOSPITAL.skrs}")
    )
    assert mine == ours and len(mine) == 2
    assert ask(client, "ayse", f"{OWN}/file?kind=ct-head").status_code == 404
    assert ask(client, "ayse", f"{OWN}/file?kind=../x").status_code == 404


def test_a_file_with_a_fault_changes_nothing(client: FlaskClient, ledger: SqlLedger) -> None:
    bad = b'[[macro]]\nid="iyi"\ntitle.tr="a"\ntitle.en="a"\npart="3"\ntext="x"\n[[macro]]\nid="KOTU"\n'
    bad += b'title.tr="a"\ntitle.en="a"\npart="3"\ntext="x"\n'
    assert take_in(client, bad).status_code == 422
    assert take_in(client, b"= bozuk").status_code == 422
    assert ask(client, "ayse", f"{OWN}/import", {}).status_code == 422
    assert ledger.read(lambda tx: tx.templates(("account:ayse",))) == []


@pytest.mark.parametrize("path", [OWN, f"{OWN}?kind=", f"{OWN}?kind=yok&macro=yok", f"{OWN}?lang=en"])
def test_the_page_opens_whatever_it_is_asked(client: FlaskClient, path: str) -> None:
    assert ask(client, "ayse", path).status_code == 200
