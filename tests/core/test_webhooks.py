"""Signatures against the specification's own example, and where webhooks may go."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gecit.core.webhook_urls import INCOMPLETE, NOT_ALLOWED, PLAIN, entry_ok, may_connect, url_fault
from gecit.core.webhooks import headers, key_of, new_secret


def test_a_signature_is_that_of_the_specifications_example() -> None:
    """Standard Webhooks 1.0: secret, id, time stamp and body of its libraries' common test vector."""
    at = datetime.fromtimestamp(1614265330, UTC)
    made = headers(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}'
    )
    assert made == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_a_secret_is_read_back_and_what_is_none_is_said_to_be() -> None:
    assert key_of(new_secret(b"x" * 32)) == b"x" * 32
    with pytest.raises(ValueError, match="whsec_"):
        key_of("whsec_***")


LISTED = ("hbys.example", "*.hospital.example", "10.1.0.0/16", "127.0.0.1")


@pytest.mark.parametrize(
    ("url", "allow", "fault"),
    [
        ("https://hbys.example/gecit?x=1", (), None),
        ("https://hbys.example:8443/", LISTED, None),
        ("https://HBYS.example./", LISTED, None),
        ("https://a.b.hospital.example/", LISTED, None),
        ("https://hospital.example/", ("*.hospital.example",), NOT_ALLOWED),
        ("https://evilhospital.example/", ("*.hospital.example",), NOT_ALLOWED),
        ("https://elsewhere.example/", ("hbys.example",), NOT_ALLOWED),
        ("https://elsewhere.example/", LISTED, None),  # its address may lie in a listed network: asked of the peer
        ("https://10.1.2.3/", LISTED, None),
        ("https://10.2.2.3/", LISTED, NOT_ALLOWED),
        ("https://10.1.2.3/", (), NOT_ALLOWED),
        ("https://169.254.169.254/latest", (), NOT_ALLOWED),
        ("https://[::1]/", (), NOT_ALLOWED),
        ("https://[::ffff:10.0.0.1]/", (), NOT_ALLOWED),
        ("http://127.0.0.1:8000/", LISTED, None),
        ("http://localhost:8000/", (), NOT_ALLOWED),
        ("http://hbys.example/", LISTED, PLAIN),
        ("ftp://hbys.example/", (), INCOMPLETE),
        ("https://user@hbys.example/", (), INCOMPLETE),
        ("https://hbys.example/#x", (), INCOMPLETE),
        ("https://hbys.example:0/", (), INCOMPLETE),
        ("https://[/", (), INCOMPLETE),
        ("https://hbys.example/\r\nX: y", (), INCOMPLETE),
        ("https://hbys.example/" + "x" * 500, (), INCOMPLETE),
        ("", (), INCOMPLETE),
    ],
)
def test_an_address_is_looked_at_before_anything_is_sent(url: str, allow: tuple[str, ...], fault: object) -> None:
    assert url_fault(url, allow, plain_http=False) is fault


def test_plain_http_is_switched_on_for_a_closed_network() -> None:
    assert url_fault("http://hbys.example/", LISTED, plain_http=True) is None


INSIDE = (
    "10.1.0.7", "192.168.1.1", "127.0.0.1", "::1", "fe80::1%eth0", "fd00::1", "100.64.0.1", "224.0.0.1",
    "64:ff9b::a00:1", "2002:a00:1::", "nonsense", "fec0::1", "::10.1.0.7", "::ffff:0:10.1.0.7", "5f00::1",
)  # fmt: skip


@pytest.mark.parametrize(
    ("address", "allow", "may"),
    [
        ("93.184.216.34", (), True),
        ("2606:2800:220:1:248:1893:25c8:1946", (), True),
        ("93.184.216.34", ("10.1.0.0/16",), False),
        ("10.1.0.7", ("10.1.0.0/16",), True),
        ("::ffff:10.1.0.7", ("10.1.0.0/16",), True),
        ("10.1.0.7", ("rebound.example",), True),  # the administrator named it
        *((one, (), False) for one in INSIDE),
    ],
)
def test_the_peer_of_a_connection_decides_whatever_its_name_was(
    address: str, allow: tuple[str, ...], may: bool
) -> None:
    assert may_connect("rebound.example", address, allow) is may


def test_an_entry_of_the_list_is_a_name_or_a_network() -> None:
    assert all(map(entry_ok, LISTED))
    assert not any(map(entry_ok, ("", "*", "a b", "https://x", "10.1.0.0/99", "x/y", "*.*.x")))
