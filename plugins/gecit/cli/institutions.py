"""`gecit institutions`: who may send, and by what they are known."""

from __future__ import annotations

from collections.abc import Sequence

import click
import msgspec

from gecit.core.access import Action
from gecit.core.peers import is_entry
from gecit.ports import Institution, Receiver, Station
from gecit.steps.record_institution import SKRS, receiver_of, shown_receiver, shown_station, station_of

from .audited import tell_first
from .common import as_json, parts, print_json, print_rows


@click.group()
def institutions() -> None:
    """The institutions that this node serves."""


@institutions.command("list")
@as_json
def list_(as_json: bool) -> None:
    """List the institutions."""
    with parts(create=False) as opened:
        found = opened.ledger.read(lambda tx: tx.institutions())
    if as_json:
        print_json(msgspec.to_builtins(found))
    else:
        shown = [
            {"skrs": o.skrs, "medula": o.medula_code, "name": o.name, "aets": " ".join(o.aets),
             "stations": " ".join(map(shown_station, o.stations)),
             "hl7 peers": " ".join(o.hl7_peers), "receiver": shown_receiver(o.receiver), "profile": o.profile}
            for o in found
        ]  # fmt: skip
        print_rows(shown, json_wanted=False)


@institutions.command()
@click.argument("skrs")
@click.option("--medula-code", default="", help="MEDULA tesis kodu; not the SKRS code.")
@click.option("--name", default="", help="Name, as reports print it.")
@click.option(
    "--ownership", type=click.Choice(["public", "private", "university"]), default="public", help="Who owns it."
)
@click.option("--province", default="", help="Province (il).")
@click.option("--aet", "aets", multiple=True, help="Calling AE title of its PACS or modality; repeatable.")
@click.option(
    "--station",
    "stations",
    multiple=True,
    metavar="AET[=MODALITY,...][@HOST[:PORT]]",
    help="What one of the AE titles does, and where it is told of storage commitment; repeatable.",
)
@click.option(
    "--hl7-peer", "peers", multiple=True, help="Address or network (CIDR) of its HBYS, or cert:NAME; repeatable."
)
@click.option(
    "--receiver",
    "receiver",
    default="",
    metavar="[tls:]HOST:PORT",
    help="Where its HBYS takes reports that are signed here, by MLLP; tls: in front asks for TLS.",
)
@click.option("--profile", default="ministry", help="HL7 layout: a file of rules/profiles/.")
@click.option(
    "--character-set",
    type=click.Choice(["", "UTF8", "Windows1254"]),
    default="",
    help="As agreed with its HBYS; empty: as each message declares.",
)
@click.option("--trial", is_flag=True, help="For `gecit selftest`: told to nobody, and what it sends is removed.")
def add(
    skrs: str,
    medula_code: str,
    name: str,
    ownership: str,
    province: str,
    aets: tuple[str, ...],
    stations: tuple[str, ...],
    peers: tuple[str, ...],
    receiver: str,
    profile: str,
    character_set: str,
    trial: bool,
) -> None:
    """Add the institution with SKRS code SKRS, or replace it."""
    if not SKRS.fullmatch(skrs):
        raise click.BadParameter("boş ya da boşluklu olamaz / must be a code without blanks", param_hint="SKRS")
    for peer in peers:
        if not is_entry(peer):
            raise click.BadParameter(f"adres değil / no address: {peer}", param_hint="--hl7-peer")
    known = tuple(_station(one, aets) for one in stations)
    one = Institution(
        skrs=skrs,
        medula_code=medula_code,
        name=name,
        ownership=ownership,
        province=province,
        aets=aets,
        hl7_peers=peers,
        profile=profile,
        character_set=character_set,
        stations=known,
        receiver=_receiver(receiver),
        trial=trial,
    )
    with parts() as opened:
        if profile not in opened.profiles():
            raise click.BadParameter(f"böyle bir profil yok / no such profile: {profile}", param_hint="--profile")
        _stays(opened.ledger.read(lambda tx: tx.institutions()), one)
        tell_first(opened, Action.MANAGE_INSTITUTIONS, institution=skrs)
        opened.ledger.write(lambda tx: tx.record_institution(one, opened.clock.now(), by="cli"))
    click.echo(f"{skrs} kaydedildi / recorded")


def _stays(known: Sequence[Institution], one: Institution) -> None:
    """Refuse to make a hospital one for trials, or one for trials a hospital: its exams would be taken for others."""
    if any(found.skrs == one.skrs and found.trial != one.trial for found in known):
        raise click.BadParameter(
            "deneme kurumu ile hastane birbirine çevrilemez, başka bir kod seçin / "
            "a trial institution stays one, and a hospital a hospital: take another code",
            param_hint="SKRS",
        )


def _station(text: str, aets: tuple[str, ...]) -> Station:
    """Read `--station`; raises `click.BadParameter` for what cannot be read and for a title not in `aets`."""
    found = station_of(text)
    if found is None:
        raise click.BadParameter(f"okunamadı / cannot be read: {text}", param_hint="--station")
    if found.aet not in aets:
        raise click.BadParameter(f"--aet ile de verin / give it with --aet too: {found.aet}", param_hint="--station")
    return found


def _receiver(text: str) -> Receiver | None:
    """Read `--receiver`; raises `click.BadParameter` for what cannot be read."""
    found = receiver_of(text) if text else None
    if text and found is None:
        raise click.BadParameter(f"okunamadı / cannot be read: {text}", param_hint="--receiver")
    return found
