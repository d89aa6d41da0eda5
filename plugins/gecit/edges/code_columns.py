"""The columns of each code list's CSV, what each holds, and what is wrong with a cell."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from ..core import identifiers
from ..core.values import Text, Value

Cell = str | int | None
Check = Callable[[str], Text | None]

REQUIRED = Text(tr="boş bırakılamaz", en="must not be empty")


class Column(Value):
    """One column: its name, what it holds, and its form (a key of `FORMS`)."""

    name: str
    holds: Text
    form: str = "text"
    required: bool = False


def _form(fits: Callable[[str], object], tr: str, en: str) -> Check:
    return lambda cell: None if fits(cell) else Text(tr=f"{tr}; yazılan: “{cell}”", en=f"{en}; found “{cell}”")


def _is_day(cell: str) -> bool:
    try:
        return bool(re.fullmatch(r"\d{4}-\d{2}-\d{2}", cell)) and bool(date.fromisoformat(cell))
    except ValueError:
        return False


YES_NO = {"1": 1, "0": 0, "evet": 1, "hayır": 0, "yes": 1, "no": 0}

FORMS: dict[str, Check] = {
    "text": lambda _cell: None,
    "loinc": _form(
        identifiers.is_loinc, "LOINC kodu değil ya da son rakamı yanlış", "no LOINC code, or wrong check digit"
    ),
    # SUT lists print 801.590, HL7 wants 801590: the list holds what HL7 holds
    "sut": _form(
        identifiers.is_sut,
        "SUT kodu noktasız ve en az 6 karakter olmalı",
        "a SUT code has no dots and at least 6 characters",
    ),
    "tckn": _form(identifiers.is_tckn, "geçerli bir T.C. kimlik numarası değil", "no valid TCKN"),
    "number": _form(re.compile(r"[0-9]+").fullmatch, "yalnız rakam olmalı", "digits only"),
    "day": _form(_is_day, "YYYY-AA-GG biçiminde bir gün olmalı", "must be a day, YYYY-MM-DD"),
    "yes-no": _form(lambda cell: cell.lower() in YES_NO, "evet/hayır ya da 1/0 olmalı", "must be yes/no or 1/0"),
    "modality": _form(
        re.compile(r"[A-Z]{2,16}").fullmatch, "DICOM yöntem kodu değil (CT, MR …)", "no DICOM modality code"
    ),
}

SOURCE = Column(name="source", holds=Text(tr="bilginin kaynağı", en="where the row is from"), required=True)
VERIFIED = Column(
    name="verified",
    holds=Text(tr="kaynakta doğrulandı mı", en="whether it was checked against its source"),
    form="yes-no",
    required=True,
)


def _coded(form: str, code: Text) -> tuple[Column, ...]:
    return (
        Column(name="code", holds=code, form=form, required=True),
        Column(name="name_tr", holds=Text(tr="Türkçe adı", en="name in Turkish"), required=True),
        Column(name="name_en", holds=Text(tr="İngilizce adı", en="name in English")),
        Column(name="modality", holds=Text(tr="DICOM yöntemi", en="DICOM modality"), form="modality"),
        SOURCE,
        VERIFIED,
    )


LISTS: dict[str, tuple[Column, ...]] = {
    "loinc": _coded("loinc", Text(tr="LOINC kodu", en="LOINC code")),
    "sut": _coded("sut", Text(tr="SUT kodu, noktasız", en="SUT code, undotted")),
    "institutions": (
        Column(name="skrs", holds=Text(tr="SKRS kurum kodu", en="SKRS code"), form="number", required=True),
        Column(name="medula_code", holds=Text(tr="MEDULA tesis kodu", en="MEDULA code"), form="number"),
        Column(name="name", holds=Text(tr="kurumun adı", en="name"), required=True),
        Column(name="ownership", holds=Text(tr="public, private ya da university", en="public, private or university")),
        Column(name="province", holds=Text(tr="il", en="province")),
        SOURCE,
        VERIFIED,
    ),
    "radiologists": (
        Column(
            name="identifier", holds=Text(tr="hekimin TCKN'si", en="the physician's TCKN"), form="tckn", required=True
        ),
        Column(name="name", holds=Text(tr="adı soyadı", en="name"), required=True),
        Column(name="branch", holds=Text(tr="uzmanlık dalı", en="specialty")),
        Column(name="is_radiologist", holds=Text(tr="radyolog mu", en="a radiologist?"), form="yes-no", required=True),
        Column(name="valid_from", holds=Text(tr="ilk gün", en="first day"), form="day"),
        Column(name="valid_until", holds=Text(tr="son gün (dahil)", en="last day, inclusive"), form="day"),
        SOURCE,
        VERIFIED,
    ),
    # MEDULA keys physicians by registration number, Teleradyoloji by TCKN: no message carries the former.
    "physicians": (
        Column(name="tckn", holds=Text(tr="hekimin TCKN'si", en="the physician's TCKN"), form="tckn", required=True),
        Column(
            name="tescil_no", holds=Text(tr="MEDULA hekim tescil no", en="registration number in MEDULA"),
            form="number", required=True,
        ),
        Column(name="brans_kodu", holds=Text(tr="MEDULA branş kodu", en="branch code in MEDULA"), form="number"),
        Column(name="name", holds=Text(tr="adı soyadı", en="name"), required=True),
        SOURCE,
        VERIFIED,
    ),
}  # fmt: skip
"""The lists; the first column of each is its key."""


def key_of(kind: str) -> str:
    """Return the name of a list's key column."""
    return LISTS[kind][0].name


def fault_of(column: Column, cell: str) -> Text | None:
    """Say what is wrong with a cell; None where nothing is."""
    if cell == "":
        return REQUIRED if column.required else None
    return FORMS[column.form](cell)


def stored(column: Column, cell: str) -> Cell:
    """Return what the database holds of a cell: 1 or 0 for yes and no, text otherwise, "" where empty."""
    return YES_NO[cell.lower()] if column.form == "yes-no" else cell
