"""Where webhooks may go: nowhere inside the house unless its administrator says so (server-side request forgery).

`allow` is the site's list: names (`hbys.example`, `*.example`) and networks (`10.1.0.0/16`); empty = any public
address.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from .values import Text

LONGEST = 500
_LOCAL = "localhost"
_UNICAST = IPv6Network("2000::/3")  # RFC 4291 2.4; what else is "global" embeds IPv4 addresses, or is of a site
_EMBEDS = IPv6Network("2002::/16")  # an IPv4 address (RFC 3056)
Address = IPv4Address | IPv6Address

INCOMPLETE = Text(
    tr=f"https:// ile başlayan tam adres olmalı, en çok {LONGEST} karakter; kullanıcı adı, parola ve # olamaz.",
    en=f"Must be a complete https:// address of {LONGEST} characters at most, without user, password or #.",
)
PLAIN = Text(
    tr="http yalnız bu bilgisayarın kendisine gidebilir; https kullanın ya da yönetici PlainHttp ayarını açmalı.",
    en="http may only go to this computer itself; use https, or the administrator sets PlainHttp.",
)
NOT_ALLOWED = Text(
    tr="Bu adrese gönderilmez; yönetici adı ya da ağı Gecit.Webhooks.Allow listesine eklemeli.",
    en="Nothing is sent to this address; the administrator must add its name or network to Gecit.Webhooks.Allow.",
)


def url_fault(url: str, allow: Iterable[str], *, plain_http: bool) -> Text | None:
    """Say what is wrong with an address before anything is sent there; None = nothing that can be seen yet."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return INCOMPLETE
    printable = url.isascii() and url.isprintable() and " " not in url
    if parts.scheme not in ("http", "https") or not host or port == 0 or len(url) > LONGEST or not printable:
        return INCOMPLETE
    if parts.username is not None or parts.password is not None or "#" in url:
        return INCOMPLETE
    literal = _address("127.0.0.1" if host == _LOCAL else host)
    if parts.scheme == "http" and not plain_http and not (literal and literal.is_loopback):
        return PLAIN
    listed = tuple(allow)
    if literal:
        return None if may_connect(host, str(literal), listed) else NOT_ALLOWED
    return None if not listed or _named(host, listed) or any(map(_network, listed)) else NOT_ALLOWED


def may_connect(host: str, address: str, allow: Iterable[str]) -> bool:
    """Whether `host` may be connected to at `address`; asked before and after, whatever DNS says in between."""
    listed, found = tuple(allow), _address(address)
    if found is None:
        return False
    if _named(host, listed) or any(found in network for one in listed if (network := _network(one))):
        return True
    public = found.is_global and not found.is_multicast
    return not listed and public and (isinstance(found, IPv4Address) or (found in _UNICAST and found not in _EMBEDS))


def entry_ok(entry: str) -> bool:
    """Whether an entry of the list is a name or a network."""
    labels = entry.removeprefix("*.").split(".")
    return _network(entry) is not None or all(one.replace("-", "").isalnum() and one.isascii() for one in labels)


def _named(host: str, allow: Iterable[str]) -> bool:
    host = host.lower().rstrip(".")
    names = [one.lower() for one in allow if _network(one) is None]
    return any(host == one or (one.startswith("*.") and host.endswith(one[1:])) for one in names)


def _address(text: str) -> Address | None:
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found


def _network(text: str):  # type: ignore[no-untyped-def] # IPv4Network | IPv6Network | None: `in` takes either
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None
