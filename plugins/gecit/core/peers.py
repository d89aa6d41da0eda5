"""Who stands at the other end of an HL7 connection: an address, and a name where a certificate proved one.

In an institution's list a peer is an address or network (`192.0.2.0/24`), or the name in its client certificate
(`cert:hbys.hastane.example`: commonName or, without one, the first DNS name). Names are compared without case.
"""

from __future__ import annotations

from ipaddress import ip_network

CERTIFICATE = "cert:"


def written(address: str, certificate: str = "") -> str:
    """Write a peer as it is kept with its messages: `192.0.2.1`, or `192.0.2.1 cert:name`."""
    name = "".join(one for one in certificate if one.isprintable())
    return f"{address} {CERTIFICATE}{name}" if name else address


def address_of(peer: str) -> str:
    """Return the address alone."""
    return peer.partition(" ")[0]


def certificate_of(peer: str) -> str:
    """Return the name that its certificate proved, lower-case; empty where it showed none."""
    return peer.partition(f" {CERTIFICATE}")[2].lower()


def names_certificate(entry: str) -> bool:
    """Whether an entry of an institution's list is the name in a certificate."""
    return entry.startswith(CERTIFICATE)


def is_certified(entries: tuple[str, ...], certificate: str) -> bool:
    """Whether a list names that certificate."""
    return bool(certificate) and f"{CERTIFICATE}{certificate}" in (one.lower() for one in entries)


def is_entry(text: str) -> bool:
    """Whether a text may stand in an institution's list."""
    if names_certificate(text):
        name = text.removeprefix(CERTIFICATE)
        return bool(name) and name == name.strip() and name.isprintable()
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True
