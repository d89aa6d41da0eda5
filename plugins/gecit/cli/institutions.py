"""`gecit institutions`: who may send, and by what they are known."""

from __future__ import annotations

import re
from ipaddress import ip_network

import click
import msgspec

from gecit.edges.system_clock import SystemClock
from gecit.ports import Institution, Receiver, Station

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
@click.option("--hl7-peer", "peers", multiple=True, help="Address or network (CIDR) of its HBYS; repeatable.")
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
) -> None:
    """Add the institution with SKRS code SKRS, or replace it."""
    if not re.fullmatch(r"[0-9A-Za-z._-]{1,64}", skrs):
        raise click.BadParameter("boş ya da boşluklu olamaz / must be a code without blanks", param_hint="SKRS")
    for peer in peers:
        try:
            ip_network(peer, strict=False)
        except ValueError as fault:
            raise click.BadParameter(f"adres değil / no address: {peer}", param_hint="--hl7-peer") from fault
    known = tuple(station_of(one, aets) for one in stations)
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
        receiver=receiver_of(receiver),
    )
    with parts() as opened:
        if profile not in opened.profiles():
            raise click.BadParameter(f"böyle bir profil yok / no such profile: {profile}", param_hint="--profile")
        opened.ledger.write(lambda tx: tx.record_institution(one, SystemClock().now(), by="cli"))
    click.echo(f"{skrs} kaydedildi / recorded")


STATION = re.compile(
    r"(?P<aet>[^=@]{1,16})(=(?P<modalities>[A-Z]{2,16}(,[A-Z]{2,16})*))?(@(?P<host>[^:@\s]+)(:(?P<port>\d{1,5}))?)?"
)


def station_of(text: str, aets: tuple[str, ...]) -> Station:
    """Read `AET=CT,PT@10.1.2.3:11112`; raises `click.BadParameter` for anything else and for a title not in `aets`."""
    found = STATION.fullmatch(text)
    if found is None:
        raise click.BadParameter(f"okunamadı / cannot be read: {text}", param_hint="--station")
    if found["aet"] not in aets:
        raise click.BadParameter(f"--aet ile de verin / give it with --aet too: {found['aet']}", param_hint="--station")
    modalities = tuple((found["modalities"] or "").split(",")) if found["modalities"] else ()
    port = int(found["port"] or 104)
    if not 1 <= port <= 65535:
        raise click.BadParameter(f"kapı 1-65535 / port 1-65535: {port}", param_hint="--station")
    return Station(aet=found["aet"], modalities=modalities, host=found["host"] or "", port=port)


def shown_station(one: Station) -> str:
    """Write a station as `--station` reads it."""
    modalities = f"={','.join(one.modalities)}" if one.modalities else ""
    return f"{one.aet}{modalities}" + (f"@{one.host}:{one.port}" if one.host else "")


RECEIVER = re.compile(r"(?P<tls>tls:)?(?P<host>[^:\s]+|\[[0-9A-Fa-f:]+\]):(?P<port>\d{1,5})")


def receiver_of(text: str) -> Receiver | None:
    """Read `tls:hbys.example:2575`; None where nothing is given, `click.BadParameter` for anything else."""
    if not text:
        return None
    found = RECEIVER.fullmatch(text)
    port = int(found["port"]) if found else 0
    if found is None or not 1 <= port <= 65535:
        raise click.BadParameter(f"okunamadı / cannot be read: {text}", param_hint="--receiver")
    return Receiver(host=found["host"].strip("[]"), port=port, tls=bool(found["tls"]))


def shown_receiver(one: Receiver | None) -> str:
    """Write a receiver as `--receiver` reads it."""
    return f"{'tls:' if one.tls else ''}{one.host}:{one.port}" if one else ""
