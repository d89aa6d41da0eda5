"""What an administrator writes of an institution -> the institution, or everything that is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from ..core.peers import is_entry
from ..core.values import Text
from ..ports import Institution, Receiver, Station

OWNERSHIPS = ("public", "private", "university")
CHARACTER_SETS = ("", "UTF8", "Windows1254")
SKRS = re.compile(r"[0-9A-Za-z._-]{1,64}")
AE_TITLE = re.compile(r"[\x21-\x5b\x5d-\x7e](?:[\x20-\x5b\x5d-\x7e]{0,14}[\x21-\x5b\x5d-\x7e])?")  # PS3.5 6.2, AE
STATION = re.compile(
    r"(?P<aet>[^=@]{1,16})(=(?P<modalities>[A-Z]{2,16}(,[A-Z]{2,16})*))?(@(?P<host>[^:@\s]+)(:(?P<port>\d{1,5}))?)?"
)
TRIAL = "trial"
LISTS = ("aets", "stations", "hl7_peers")
"""Fields that hold one thing a line."""


def institution_of(values: Mapping[str, str], profiles: Collection[str]) -> Institution | tuple[Text, ...]:
    """Read the fields of a form, named as `Institution` names them; return it, or all that is wrong."""
    text = {name: value.strip() for name, value in values.items()}
    lists = {name: tuple(filter(None, map(str.strip, text.get(name, "").splitlines()))) for name in LISTS}
    stations = [station_of(one) for one in lists["stations"]]
    faults = [
        *_unless(bool(SKRS.fullmatch(text.get("skrs", ""))), SKRS_FAULT),
        *_unless(text.get("ownership", "public") in OWNERSHIPS, OWNERSHIP_FAULT),
        *_unless(text.get("character_set", "") in CHARACTER_SETS, CHARACTER_SET_FAULT),
        *_unless(text.get("profile", "ministry") in profiles, PROFILE_FAULT),
        *(_named(AE_FAULT, one) for one in lists["aets"] if not AE_TITLE.fullmatch(one)),
        *(_named(PEER_FAULT, one) for one in lists["hl7_peers"] if not is_entry(one)),
        *(_named(STATION_FAULT, line) for line, one in zip(lists["stations"], stations, strict=True) if one is None),
        *_unless(not text.get("receiver") or receiver_of(text["receiver"]) is not None, RECEIVER_FAULT),
        *(_named(UNNAMED_FAULT, one.aet) for one in stations if one and one.aet not in lists["aets"]),
    ]
    if faults:
        return tuple(faults)
    return Institution(
        skrs=text["skrs"],
        medula_code=text.get("medula_code", ""),
        name=text.get("name", ""),
        ownership=text.get("ownership", "public"),
        province=text.get("province", ""),
        aets=lists["aets"],
        hl7_peers=lists["hl7_peers"],
        profile=text.get("profile", "ministry"),
        character_set=text.get("character_set", ""),
        stations=tuple(one for one in stations if one),
        receiver=receiver_of(text.get("receiver", "")),
        trial=text.get("trial", "") == TRIAL,
    )


def lines_of(one: Institution) -> dict[str, str]:
    """Write an institution as `institution_of` reads it."""
    plain = ("skrs", "medula_code", "name", "ownership", "province", "profile", "character_set")
    return {name: getattr(one, name) for name in plain} | {
        "aets": "\n".join(one.aets),
        "hl7_peers": "\n".join(one.hl7_peers),
        "stations": "\n".join(map(shown_station, one.stations)),
        "receiver": shown_receiver(one.receiver),
        "trial": TRIAL if one.trial else "",
    }


def station_of(text: str) -> Station | None:
    """Read `AET=CT,PT@10.1.2.3:11112`; None for anything else."""
    found = STATION.fullmatch(text)
    port = int(found["port"] or 104) if found else 0
    if found is None or not 1 <= port <= 65535:
        return None
    modalities = tuple((found["modalities"] or "").split(",")) if found["modalities"] else ()
    return Station(aet=found["aet"], modalities=modalities, host=found["host"] or "", port=port)


def shown_station(one: Station) -> str:
    """Write a station as `station_of` reads it."""
    modalities = f"={','.join(one.modalities)}" if one.modalities else ""
    return f"{one.aet}{modalities}" + (f"@{one.host}:{one.port}" if one.host else "")


def _unless(good: bool, fault: Text) -> list[Text]:
    return [] if good else [fault]


def _named(fault: Text, value: str) -> Text:
    return Text(tr=f"{value}: {fault.tr}", en=f"{value}: {fault.en}")


SKRS_FAULT = Text(tr="SKRS kodu boşluksuz yazılmalı.", en="The SKRS code must be a code without blanks.")
OWNERSHIP_FAULT = Text(tr="Mülkiyet seçilmeli.", en="Choose the ownership.")
CHARACTER_SET_FAULT = Text(tr="Böyle bir karakter kümesi yok.", en="There is no such character set.")
PROFILE_FAULT = Text(tr="Böyle bir HL7 profili yok.", en="There is no such HL7 profile.")
AE_FAULT = Text(tr="AE başlığı en çok 16 ASCII karakterdir.", en="An AE title has at most 16 ASCII characters.")
PEER_FAULT = Text(
    tr="IP adresi, ağ (CIDR) ya da cert:ad değil.", en="Not an IP address, a network (CIDR) or cert:name."
)
STATION_FAULT = Text(tr="AET=CT,MR@sunucu:kapı biçiminde değil.", en="Not of the form AET=CT,MR@host:port.")
RECEIVER_FAULT = Text(
    tr="Rapor alıcısı sunucu:kapı ya da tls:sunucu:kapı olmalı.", en="Write the receiver as host:port or tls:host:port."
)
UNNAMED_FAULT = Text(tr="AE başlıkları arasında da olmalı.", en="Must stand among the AE titles too.")


RECEIVER = re.compile(r"(?P<tls>tls:)?(?P<host>[^:\s\[\]]+|\[[0-9A-Fa-f:]+\]):(?P<port>\d{1,5})")


def receiver_of(text: str) -> Receiver | None:
    """Read where an HBYS takes reports, `tls:hbys.example:2575`; None where it cannot be read."""
    found = RECEIVER.fullmatch(text.strip())
    port = int(found["port"]) if found else 0
    if found is None or not 1 <= port <= 65535:
        return None
    return Receiver(host=found["host"].strip("[]"), port=port, tls=bool(found["tls"]))


def shown_receiver(one: Receiver | None) -> str:
    """Write a receiver as `receiver_of` reads it."""
    if one is None:
        return ""
    host = f"[{one.host}]" if ":" in one.host else one.host
    return f"{'tls:' if one.tls else ''}{host}:{one.port}"
