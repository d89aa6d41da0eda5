import pytest

from gecit.core.peers import address_of, certificate_of, is_certified, is_entry, written


@pytest.mark.parametrize(
    ("address", "certificate", "peer", "name"),
    [
        ("192.0.2.1", "", "192.0.2.1", ""),
        ("192.0.2.1", "HBYS.example", "192.0.2.1 cert:HBYS.example", "hbys.example"),
        ("::1", "Işıl HBYS", "::1 cert:Işıl HBYS", "işıl hbys".replace("ş", "ş")),
        ("192.0.2.1", "a\nb cert:c", "192.0.2.1 cert:ab cert:c", "ab cert:c"),
    ],
)
def test_a_peer_is_an_address_and_perhaps_a_name(address: str, certificate: str, peer: str, name: str) -> None:
    assert written(address, certificate) == peer
    assert (address_of(peer), certificate_of(peer)) == (address, name)


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("192.0.2.0/24", True),
        ("2001:db8::1", True),
        ("cert:hbys.example", True),
        ("cert:Işıl HBYS", True),
        ("cert:", False),
        ("cert: a", False),
        ("cert:a\n", False),
        ("hbys.example", False),
    ],
)
def test_an_entry_is_an_address_a_network_or_a_certificates_name(text: str, good: bool) -> None:
    assert is_entry(text) is good


def test_a_name_is_certified_without_regard_to_case_and_no_name_never() -> None:
    assert is_certified(("192.0.2.1", "cert:HBYS.example"), "hbys.example")
    assert not is_certified(("cert:hbys.example",), "hbys.example.org")
    assert not is_certified(("cert:",), "")
