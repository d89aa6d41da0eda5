"""Hospitals as the ledger knows them."""

from __future__ import annotations

from ..core.values import Value


class Station(Value):
    """What is known of one AE title of an institution."""

    aet: str
    modalities: tuple[str, ...] = ()  # whose worklist it does; () = not said
    host: str = ""  # where Orthanc calls back for storage commitment; empty = it never does
    port: int = 104


class Receiver(Value):
    """Where an institution's HBYS listens for reports that were written here, by MLLP."""

    host: str
    port: int
    tls: bool = False


class Institution(Value):
    """A hospital as the ledger knows it."""

    skrs: str  # the key in HL7 and KOS
    medula_code: str = ""  # MEDULA tesis kodu: the key in billing and the duplicate query
    name: str = ""
    ownership: str = ""  # public | private | university
    province: str = ""
    aets: tuple[str, ...] = ()  # calling AE titles of its PACS and modalities
    hl7_peers: tuple[str, ...] = ()  # addresses or networks of its HBYS (CIDR), or cert:name
    profile: str = "ministry"  # id of rules/profiles/*.toml
    character_set: str = ""  # UTF8 or Windows1254 as agreed; empty = as each message declares
    stations: tuple[Station, ...] = ()  # those of `aets` of which more is known
    receiver: Receiver | None = None  # None = it takes no reports by HL7
    trial: bool = False  # of the self-test: what it sends is told to nobody and removed again (decision 0055)

    def stations_for(self, modality: str) -> tuple[str, ...]:
        """Return the AE titles that do a modality; () = none is named, and any of them may."""
        return tuple(one.aet for one in self.stations if modality in one.modalities)
