"""Templates and macros of institutions and persons, beside the shipped ones: whose comes first, and what one may hold.

personal > institution (of the exam) > shipped; chosen by the kind of exam, macros by their id.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from enum import StrEnum

import msgspec

from .exam_kinds import Kind, Macro
from .report import ReportPart
from .values import Text, Value

LONGEST = 10_000
"""Characters of a part."""
MOST = 300
"""Templates and macros of one owner."""
ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_LINE_END = re.compile(r"\r\n?")
CALLED = re.compile(r"\s*/([a-z0-9][a-z0-9-]{0,39})\s*")


class Owned(Value):
    """A template of a kind of exam, or a macro, of somebody."""

    owner: str  # `of_account` or `of_institution`
    kind: str = ""  # of exam, with a template; "" = of every exam that is of no kind
    macro: str = ""  # its id; "" = it is a template
    title: Text = Text(tr="", en="")  # of a macro
    kinds: tuple[str, ...] = ()  # that a macro is for; () = all
    parts: dict[ReportPart, str] = msgspec.field(default_factory=dict)  # a macro has one
    changed_by: str = ""


class TemplateFault(StrEnum):
    """Why it cannot be kept."""

    UNKNOWN_KIND = "unknown kind"
    NO_FINDINGS = "no findings"
    TOO_LONG = "too long"
    NO_ID = "no id"
    NO_TITLE = "no title"
    ONE_PART = "one part"
    TOO_MANY = "too many"


TEMPLATE_FAULTS: Mapping[TemplateFault, Text] = {
    TemplateFault.UNKNOWN_KIND: Text(tr="Böyle bir tetkik türü yok.", en="There is no such kind of exam."),
    TemplateFault.NO_FINDINGS: Text(
        tr="Şablonun Bulgular bölümü boş; orada en az bir satır olmalı.",
        en="The template has no findings; at least one line has to stand there.",
    ),
    TemplateFault.TOO_LONG: Text(
        tr=f"Bir bölüm en çok {LONGEST} karakter olabilir.", en=f"A part can have {LONGEST} characters at the most."
    ),
    TemplateFault.NO_ID: Text(
        tr="Hazır metnin kısa adı küçük harf (a-z), rakam ve tireden oluşur; en çok 40 karakter.",
        en="A macro's short name has small letters (a-z), digits and hyphens; 40 at the most.",
    ),
    TemplateFault.NO_TITLE: Text(tr="Hazır metnin başlığı gerekir.", en="A macro needs a title."),
    TemplateFault.ONE_PART: Text(
        tr="Hazır metin tek bir bölüme yazılır ve boş olamaz.", en="A macro is of one part, and not empty."
    ),
    TemplateFault.TOO_MANY: Text(
        tr=f"En çok {MOST} şablon ve hazır metin olabilir; kullanmadıklarınızı silin.",
        en=f"There can be {MOST} templates and macros; remove those that are not used.",
    ),
}


def of_account(name: str) -> str:
    """Return the owner that an account is."""
    return f"account:{name}"


def of_institution(skrs: str) -> str:
    """Return the owner that an institution is."""
    return f"institution:{skrs}"


def tidied(owned: Owned) -> Owned:
    """Return it without what is empty; lines end as they do here."""
    texts = {part: _LINE_END.sub("\n", text).strip() for part, text in sorted(owned.parts.items())}
    return msgspec.structs.replace(owned, parts={part: text for part, text in texts.items() if text})


def template_faults(owned: Owned, kinds: Container[str], count: int = 0) -> tuple[TemplateFault, ...]:
    """Return everything that stands against keeping it; `count`: how many others its owner has."""
    found = _of_macro(owned, kinds) if owned.macro or owned.title.tr else _of_template(owned, kinds)
    if any(len(text) > LONGEST for text in owned.parts.values()):
        found.append(TemplateFault.TOO_LONG)
    if count >= MOST:
        found.append(TemplateFault.TOO_MANY)
    return tuple(found)


def _of_template(owned: Owned, kinds: Container[str]) -> list[TemplateFault]:
    found = [] if not owned.kind or owned.kind in kinds else [TemplateFault.UNKNOWN_KIND]
    return found if ReportPart.FINDINGS in owned.parts else [*found, TemplateFault.NO_FINDINGS]


def _of_macro(owned: Owned, kinds: Container[str]) -> list[TemplateFault]:
    found = []
    if not ID.fullmatch(owned.macro):
        found.append(TemplateFault.NO_ID)
    if not owned.title.tr.strip():
        found.append(TemplateFault.NO_TITLE)
    if len(owned.parts) != 1:
        found.append(TemplateFault.ONE_PART)
    if any(one not in kinds for one in owned.kinds):
        found.append(TemplateFault.UNKNOWN_KIND)
    return found


def with_template(kind: Kind, owned: Iterable[Owned], owners: Sequence[str]) -> Kind:
    """Return a kind with the template that comes first; `owners`: whose, the first one before the others."""
    mine = {one.owner: one.parts for one in owned if not one.macro and one.kind == kind.id}
    parts = next((mine[owner] for owner in owners if owner in mine), None)
    return msgspec.structs.replace(kind, template=dict(parts)) if parts is not None else kind


def with_macros(shipped: Iterable[Macro], owned: Iterable[Owned], owners: Sequence[str]) -> tuple[Macro, ...]:
    """Return all macros, of each id the one that comes first, by id; those of the person stand first."""
    found = {one.id: (len(owners), one) for one in shipped}
    for one in sorted(
        (one for one in owned if one.macro and one.owner in owners), key=lambda one: -owners.index(one.owner)
    ):
        found[one.macro] = (owners.index(one.owner), macro_of(one))
    return tuple(one for _, one in sorted(found.values(), key=lambda pair: (pair[0], pair[1].id)))


def macro_of(owned: Owned) -> Macro:
    """Return a macro as the editor has it."""
    part, text = next(iter(owned.parts.items()))
    return Macro(id=owned.macro, title=owned.title, part=part, text=text, kinds=owned.kinds)


def expanded(parts: Mapping[ReportPart, str], macros: Iterable[Macro]) -> dict[ReportPart, str]:
    """Return what is written with each line that is `/id` and nothing else replaced by the macro of that id.

    A macro's own part does not count here: it is put where its author called it. An id that nobody has stays.
    """
    known = {one.id: one.text for one in macros}

    def line(text: str) -> str:
        called = CALLED.fullmatch(text)
        return known.get(called.group(1), text) if called else text

    return {part: "\n".join(map(line, text.split("\n"))) for part, text in parts.items()}
