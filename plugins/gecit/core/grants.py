"""Grants (yetki): who may report for an institution that is not his own, from when until when, on which paper.

A grant rests on the institution's written application. Whether a radiologist of one institution may report for another
at all is a dated rule (`rules/access/`); where the rule does not cover it, the grant names another basis.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from datetime import date, datetime
from enum import StrEnum

import msgspec

from .values import Text, Value, local


class Basis(StrEnum):
    """What a grant rests on beside the application."""

    RULE = "rule"  # the dated rule in force covers it
    OTHER = "other"  # something else, which `basis_text` names


class Paper(Value):
    """The institution's written application."""

    number: str
    dated: date
    file_name: str = ""
    digest: str = ""  # SHA-256 of the file, hex; the file itself is kept beside the ledger


class Grant(Value):
    """Leave for one radiologist, or for a group, to report for institutions; a change is a new record of its id."""

    id: str
    readers: tuple[str, ...]  # names of accounts
    institutions: tuple[str, ...]  # SKRS codes
    since: datetime
    until: datetime  # exclusive
    paper: Paper
    group: str = ""  # what the group was called, where no group was on record
    groups: tuple[str, ...] = ()  # ids; whoever belongs to one of them at the moment that is asked about
    basis: Basis = Basis.RULE
    basis_text: str = ""
    recorded_at: datetime | None = None
    recorded_by: str = ""
    ended_at: datetime | None = None  # revoked; access ends with it
    ended_by: str = ""


class Employer(Value):
    """What of an institution decides who may report for whom."""

    skrs: str
    ownership: str = ""  # public | private | university
    province: str = ""


class AccessEdition(Value):
    """One edition of the rule: which radiologists may report for which other institutions."""

    since: datetime | None = None  # None = no source says since when
    until: datetime | None = None  # exclusive; None = still in force
    reader_ownership: tuple[str, ...] = ()  # () = any
    institution_ownership: tuple[str, ...] = ()
    same_province: bool = True
    written_application: bool = True


class AccessRule(Value):
    """Who may report for whom, edition after edition, each with its source."""

    id: str
    title: Text
    editions: tuple[AccessEdition, ...] = ()

    def at(self, moment: datetime) -> AccessEdition | None:
        """Return the edition in force at an instant."""
        return next((one for one in self.editions if _covers(one, moment)), None)


class Fault(StrEnum):
    """Why a grant cannot be recorded, or opens nothing."""

    NO_READER = "no reader"
    NO_GROUP = "no group"
    NO_INSTITUTION = "no institution"
    UNKNOWN_INSTITUTION = "unknown institution"
    OWN_INSTITUTION = "own institution"  # needs no grant
    NO_PAPER = "no paper"
    ENDS_BEFORE_IT_BEGINS = "ends before it begins"
    NO_RULE = "no rule in force"
    READER_OWNERSHIP = "reader's employer"
    INSTITUTION_OWNERSHIP = "institution"
    OTHER_PROVINCE = "other province"
    NO_BASIS = "no basis"  # another basis is claimed, and not named


WORDS: Mapping[Fault, Text] = {
    Fault.NO_READER: Text(tr="Yetkiyi alan bir hesap yok.", en="No account is granted anything."),
    Fault.NO_GROUP: Text(tr="Böyle açık bir grup yok.", en="There is no such open group."),
    Fault.NO_INSTITUTION: Text(tr="Kurum seçilmedi.", en="No institution is chosen."),
    Fault.UNKNOWN_INSTITUTION: Text(tr="Böyle bir kurum kayıtlı değil.", en="There is no such institution on record."),
    Fault.OWN_INSTITUTION: Text(
        tr="Hekim kendi kurumuna zaten rapor yazabilir.", en="A radiologist reports for the own institution anyway."
    ),
    Fault.NO_PAPER: Text(
        tr="Kurumun yazılı başvurusunun sayısı ve tarihi gerekir.",
        en="Number and date of the institution's written application are needed.",
    ),
    Fault.ENDS_BEFORE_IT_BEGINS: Text(
        tr="Bitiş, başlangıçtan sonra olmalı.", en="The end must lie after the beginning."
    ),
    Fault.NO_RULE: Text(
        tr="O tarihte yürürlükte bir kural yok; başka bir dayanak yazın.",
        en="No rule is in force then; name another basis.",
    ),
    Fault.READER_OWNERSHIP: Text(
        tr="Hekimin kurumu kuralın kapsamında değil (kamu); başka bir dayanak yazın.",
        en="The radiologist's employer is not covered by the rule (public); name another basis.",
    ),
    Fault.INSTITUTION_OWNERSHIP: Text(
        tr="Kurum kuralın kapsamında değil (kamu); başka bir dayanak yazın.",
        en="The institution is not covered by the rule (public); name another basis.",
    ),
    Fault.OTHER_PROVINCE: Text(
        tr="Kurum hekimin çalıştığı ilde değil; başka bir dayanak yazın.",
        en="The institution is not in the radiologist's province; name another basis.",
    ),
    Fault.NO_BASIS: Text(tr="Başka dayanağın ne olduğu yazılmalı.", en="The other basis must be named."),
}


def covered(rule: AccessRule | None, reader: Employer, institution: Employer, at: datetime) -> Fault | None:
    """Say why the rule in force does not let a radiologist of one institution report for another; None = it does."""
    edition = rule.at(at) if rule else None
    if edition is None:
        return Fault.NO_RULE
    if edition.reader_ownership and reader.ownership not in edition.reader_ownership:
        return Fault.READER_OWNERSHIP
    if edition.institution_ownership and institution.ownership not in edition.institution_ownership:
        return Fault.INSTITUTION_OWNERSHIP
    if edition.same_province and not _same_province(reader.province, institution.province):
        return Fault.OTHER_PROVINCE
    return None


def faults_of(
    grant: Grant,
    employers: Mapping[str, str],
    institutions: Mapping[str, Employer],
    rule: AccessRule | None,
    groups: Container[str] = (),
) -> tuple[Fault, ...]:
    """Return everything that stands against recording a grant; `employers`: account -> SKRS code of its employer.

    `groups`: ids of the open ones. Whether the rule covers the members of a group is asked when they report: they come
    and go while the grant stands.
    """
    found: list[Fault] = []
    if not (grant.readers or grant.groups) or any(one not in employers for one in grant.readers):
        found.append(Fault.NO_READER)
    if any(one not in groups for one in grant.groups):
        found.append(Fault.NO_GROUP)
    if not grant.institutions:
        found.append(Fault.NO_INSTITUTION)
    if any(one not in institutions for one in grant.institutions):
        found.append(Fault.UNKNOWN_INSTITUTION)
    if not grant.paper.number.strip():
        found.append(Fault.NO_PAPER)
    if grant.until <= grant.since:
        found.append(Fault.ENDS_BEFORE_IT_BEGINS)
    if grant.basis is Basis.OTHER and not grant.basis_text.strip():
        found.append(Fault.NO_BASIS)
    found += _against(grant, employers, institutions, rule)
    return tuple(dict.fromkeys(found))


def _against(
    grant: Grant, employers: Mapping[str, str], institutions: Mapping[str, Employer], rule: AccessRule | None
) -> Iterable[Fault]:
    for reader in grant.readers:
        for skrs in grant.institutions:
            if skrs in institutions and employers.get(reader) == skrs:
                yield Fault.OWN_INSTITUTION
            elif skrs in institutions and grant.basis is Basis.RULE:
                employer = institutions.get(employers.get(reader, ""), Employer(skrs=""))
                against = covered(rule, employer, institutions[skrs], grant.since)
                if against:
                    yield against


def in_force(grant: Grant, now: datetime) -> bool:
    """Whether a grant opens anything at an instant: begun, not over, not ended by a person."""
    ended = grant.ended_at is not None and grant.ended_at <= now
    return grant.since <= now < grant.until and not ended


def granted_to(
    reader: str,
    employer: Employer,
    grants: Iterable[Grant],
    institutions: Mapping[str, Employer],
    rule: AccessRule | None,
    now: datetime,
    groups: Container[str] = (),
) -> tuple[str, ...]:
    """Return the SKRS codes that an account may report for at an instant, its own institution left out.

    `groups`: ids of those that it belongs to at that instant.

    The rule is asked again each time: who moves to another province, or whose institution changes hands, loses what
    rested on it.
    """
    found: set[str] = set()
    for grant in grants:
        if reaches(grant, reader, groups) and in_force(grant, now):
            found |= {one for one in grant.institutions if _opens(grant, employer, institutions.get(one), rule, now)}
    return tuple(sorted(found - {employer.skrs}))


def reaches(grant: Grant, reader: str, groups: Container[str]) -> bool:
    """Whether a grant is an account's, by its name or by a group that it belongs to."""
    return reader in grant.readers or any(one in groups for one in grant.groups)


def _opens(
    grant: Grant, employer: Employer, institution: Employer | None, rule: AccessRule | None, now: datetime
) -> bool:
    if institution is None:
        return False
    return grant.basis is Basis.OTHER or covered(rule, employer, institution, now) is None


def ended(grant: Grant, by: str, at: datetime) -> Grant:
    """Return a grant as it stands once a person has ended it."""
    return msgspec.structs.replace(grant, ended_at=at, ended_by=by)


def shown_days(grant: Grant) -> tuple[date, date]:
    """Return the first and the last whole day of a grant, in Europe/Istanbul."""
    last = local(grant.until)
    end = last.date() if last.timetz().replace(tzinfo=None) != datetime.min.time() else _day_before(last.date())
    return local(grant.since).date(), end


def _day_before(day: date) -> date:
    return date.fromordinal(day.toordinal() - 1)


def _covers(edition: AccessEdition, moment: datetime) -> bool:
    begun = edition.since is None or edition.since <= moment
    return begun and (edition.until is None or moment < edition.until)


_FOLD = str.maketrans("İIŞĞÜÖÇ", "iışğüöç")


def _same_province(one: str, other: str) -> bool:
    """Whether two names are one province, however they are written; an empty one is nobody's."""
    first, second = (name.strip().translate(_FOLD).lower() for name in (one, other))
    return bool(first) and first == second
