"""Settings: read as Orthanc reads, every fault named at once, and every setting documented."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gecit.settings import REFERENCE, SettingsError, effective, from_orthanc, load, tls
from gecit.settings.files import substitute
from gecit.settings.reference import as_commented_json, as_markdown
from gecit.settings.tls import MllpTlsSettings
from tests.support.certificates import Authority

REPOSITORY = Path(__file__).parents[1]


def faults(configuration: Mapping[str, Any], **environ: str) -> dict[str, str]:
    """Return the faults of a configuration: key (or file) -> English text."""
    with pytest.raises(SettingsError) as caught:
        from_orthanc(dict(configuration), environ)
    return {fault.key or fault.file: fault.text.en for fault in caught.value.faults}


def folder(place: Path, **files: str) -> Path:
    for name, text in files.items():
        (place / f"{name}.json").write_text(text, encoding="utf-8")
    return place


def test_the_shipped_folder_gives_the_documented_defaults(tmp_path: Path) -> None:
    settings = load(None, {"GECIT_DATA": str(tmp_path)})
    assert (settings.http_port, settings.web_port, settings.dicom_port, settings.mllp_port) == (8042, 8043, 4242, 2575)
    assert (settings.dicom_aet, settings.name, settings.remote_access_allowed) == ("GECIT", "Gecit", False)
    assert settings.database == f"sqlite:///{tmp_path}/ledger.db"
    assert (settings.codes, settings.rules) == (tmp_path / "codes.db", REPOSITORY / "rules")
    assert settings.orthanc_url == "http://127.0.0.1:8042"
    assert (settings.medula.url, settings.medula.token_file, settings.site_rules) == ("", None, None)


def test_two_nodes_stand_side_by_side_by_their_environment(tmp_path: Path) -> None:
    ports = {"GECIT_HTTP_PORT": "18042", "GECIT_DICOM_PORT": "14242", "GECIT_MLLP_PORT": "12575"}
    settings = load(None, {**ports, "GECIT_DATA": str(tmp_path)})
    assert (settings.http_port, settings.dicom_port, settings.mllp_port, settings.web_port) == (
        18042,
        14242,
        12575,
        18043,
    )


def test_a_port_that_the_configuration_ignores_is_refused_rather_than_believed() -> None:
    found = faults({"HttpPort": 8042}, GECIT_HTTP_PORT="9000")
    assert "Orthanc listens on 8042" in found["HttpPort"]


def test_any_setting_can_be_overridden_by_its_variable() -> None:
    environ = {
        "ORTHANC__GECIT__MLLP_PORT": "12575",
        "ORTHANC__GECIT__MEDULA__TIMEOUT_SECONDS": "2.5",
        "ORTHANC__GECIT__REGISTRY__SNAPSHOT": "false",
        "ORTHANC__GECIT__IDENTIFIERS__NAMELESS_NUMBERS": "10000000000, 11111111111",
        "ORTHANC__GECIT__RULES": "rules",
    }
    settings = from_orthanc({"Gecit": {"MllpPort": 1}}, environ)
    assert (settings.mllp_port, settings.medula.timeout_seconds, settings.registry.snapshot) == (12575, 2.5, False)
    assert settings.identifiers.nameless_numbers == ("10000000000", "11111111111")
    assert settings.rules == REPOSITORY / "rules"


def test_the_short_variable_wins_over_the_long_one() -> None:
    settings = from_orthanc({}, {"GECIT_MLLP_PORT": "3001", "ORTHANC__GECIT__MLLP_PORT": "3002"})
    assert settings.mllp_port == 3001


def test_the_effective_configuration_gives_the_same_settings_to_a_child(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("x")
    section = {
        "MllpPort": 3000,
        "Role": "Preflight",
        "WebPort": 9999,
        "Medula": {"Url": "http://127.0.0.1:9/medula", "TokenFile": str(token)},
        "Identifiers": {"NamelessNumbers": []},
    }
    configuration = {"Gecit": section, "RemoteAccessAllowed": True, "AuthenticationEnabled": False, "HttpPort": 8050}
    settings = from_orthanc(configuration, {"GECIT_DATA": str(tmp_path)})
    file = tmp_path / "effective.json"
    file.write_text(json.dumps(effective(settings)), encoding="utf-8")
    assert load(None, {"GECIT_CONFIG": str(file)}) == settings
    assert settings.remote_access_allowed
    assert settings.medula.token_file == token


def test_all_faults_are_told_together() -> None:
    section = {
        "MlpPort": 1,
        "MllpPort": 70000,
        "Role": "node",
        "SettleSeconds": "60",
        "SiteRules": "/no/such/folder",
        "Medula": {"Url": "medula/notify", "Protokol": "json"},
        "Registry": [],
        "Identifiers": {"NamelessNumbers": ["123"]},
    }
    found = faults({"Gecit": section}, ORTHANC__GECIT__WEB_PROT="1", GECIT_DATA="relative")
    assert "Did you mean MllpPort?" in found["Gecit.MlpPort"]
    assert found["Gecit.MllpPort"] == "70000 will not do; expected: a whole number, >= 1 and <= 65535."
    assert "one of: Node, Preflight" in found["Gecit.Role"]
    assert "expected: a number" in found["Gecit.SettleSeconds"]
    assert "No folder /no/such/folder" in found["Gecit.SiteRules"]
    assert "complete address" in found["Gecit.Medula.Url"]
    assert "Did you mean Protocol?" in found["Gecit.Medula.Protokol"]
    assert "JSON object" in found["Gecit.Registry"]
    assert "11-digit" in found["Gecit.Identifiers.NamelessNumbers"]
    assert "ORTHANC__GECIT__WEB_PORT?" in found["ORTHANC__GECIT__WEB_PROT"]
    assert "absolute" in found["Gecit.Data"]
    assert len(found) == 11


def test_the_error_names_file_and_key_in_turkish_and_english(tmp_path: Path) -> None:
    folder(tmp_path, site='{"Gecit": {"MllpPort": 0}}')
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, {})
    text = str(caught.value)
    assert "1 hata var" in text
    assert "1 fault(s)" in text
    assert "site.json: Gecit.MllpPort: 0 olmaz; beklenen: tam sayı" in text
    assert "0 will not do" in text


def test_the_same_key_in_two_files_is_a_fault_as_it_is_for_orthanc(tmp_path: Path) -> None:
    folder(tmp_path, a='{"Name": "a"}', b='{"Name": "b"}')
    with pytest.raises(SettingsError, match=r"b\.json: Name: .*a\.json"):
        load(tmp_path, {})


@pytest.mark.parametrize("text", ['{"Name": "a", "Name": "b"}', '{"Name": ', "[]", '// x\n{"A": 1, "A": 2}'])
def test_a_file_that_is_no_sound_json_object_is_named(tmp_path: Path, text: str) -> None:
    folder(tmp_path, bad=text, good='{"DicomPort": 70000}')
    with pytest.raises(SettingsError, match=r"bad\.json") as caught:
        load(tmp_path, {})
    assert "DicomPort" in str(caught.value)  # the rest is still checked


def test_a_missing_configuration_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="GECIT_CONFIG"):
        load(None, {"GECIT_CONFIG": str(tmp_path / "nothing")})


def test_turkish_letters_in_a_configuration_survive(tmp_path: Path) -> None:
    folder(tmp_path, a='{"Name": "Çamlıca ŞİĞÜÖ"} // yorum')
    assert load(tmp_path, {}).name == "Çamlıca ŞİĞÜÖ"


@pytest.mark.parametrize(
    "name", ["Gecit", "MyOrthanc", "A", "1", "node-1", "Ankara-2", "bare", "İl.Sağlık_Md 2", "Αθήνα", "N" * 64]
)
def test_a_name_of_a_node_has_letters_of_any_alphabet_and_digits(name: str) -> None:
    assert from_orthanc({"Name": name}, {}).name == name


@pytest.mark.parametrize(
    "name",
    ["", " ", "-rf", ".", "_a", " A", "A ", "N" * 65, "N" * 300, "A\n", "A\nB", "A\tB", "A\x00", "a/b", "A\u200b",
     "Ankara 1/ü'<b>", "a,b", "a=b", "a\\b", 'a"b', "A\u2028B", "A\xa0B"],
)  # fmt: skip
def test_what_is_no_name_of_a_node_is_refused(name: str) -> None:
    said = faults({"Name": name})
    assert said.keys() == {"Name"}
    assert "1 to 64 letters, digits" in said["Name"] and "GECIT_NAME" in said["Name"] and len(said["Name"]) < 400
    assert "\n" not in said["Name"]


def test_a_name_out_of_the_environment_is_looked_at_too(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"orthanc\.json: Name: '-rf' düğüm adı olamaz: .* '-rf' is no name"):
        load(None, {"GECIT_DATA": str(tmp_path), "GECIT_NAME": "-rf"})


@pytest.mark.parametrize(
    ("text", "value"),
    [  # as observed of Orthanc 1.10.1
        ("${SET}", "s"),
        ("${SET:-d}", "s"),
        ("${EMPTY:-d}", ""),
        ("${NOPE}", ""),
        ("${NOPE:-d}", "d"),
        ("${NOPE:-'a:b'}", "a:b"),
        ('${NOPE:-"zz"}', "zz"),
        ("${NOPE:-a}b}", "ab}"),
        ("${NOPE:-../data}/orthanc", "../data/orthanc"),
    ],
)
def test_variables_are_put_in_as_orthanc_does(text: str, value: str) -> None:
    assert substitute(text, {"SET": "s", "EMPTY": ""}) == value


def test_ports_must_differ() -> None:
    assert "HttpPort uses port 8042 too" in faults({"Gecit": {"MllpPort": 8042}})["Gecit.MllpPort"]


def test_a_lease_must_outlast_a_delivery() -> None:
    section = {"Medula": {"TimeoutSeconds": 60}, "Outbox": {"LeaseSeconds": 60}}
    assert "sent twice" in faults({"Gecit": section})["Gecit.Outbox.LeaseSeconds"]


@pytest.mark.parametrize(
    "url", ["http://", "ftp://a/", "//a/b", "http://user:secret@a/", "https://a/?key=1", "http://a:x"]
)
def test_an_address_that_is_incomplete_or_holds_a_secret_is_refused(url: str) -> None:
    found = faults({"Gecit": {"Registry": {"Url": url}}})
    assert list(found) == ["Gecit.Registry.Url"]
    assert "secret@" not in found["Gecit.Registry.Url"]


@pytest.mark.parametrize("database", ["sqlite://", "sqlite:///ledger.db", "mysql://h/db", 5])
def test_a_ledger_that_several_processes_cannot_share_is_refused_without_showing_it(database: object) -> None:
    found = faults({"Gecit": {"Database": database}})
    assert list(found) == ["Gecit.Database"]


def test_a_password_in_a_wrong_ledger_address_is_not_shown() -> None:
    with pytest.raises(SettingsError) as caught:
        from_orthanc({"Gecit": {"Database": "mysql://u:hunter2@h/db"}}, {})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("configuration", "key"),
    [
        ({"SslEnabled": True}, "SslEnabled"),
        ({"HttpServerEnabled": False}, "HttpServerEnabled"),
        ({"ExecuteLuaEnabled": True}, "ExecuteLuaEnabled"),
        ({"RestApiWriteToFileSystemEnabled": True}, "RestApiWriteToFileSystemEnabled"),
        ({"RemoteAccessAllowed": True}, "AuthenticationEnabled"),  # Orthanc would switch it on by itself
        ({"gecit": {}}, "gecit"),
        ({"DicomAet": "LONGER THAN SIXTEEN"}, "DicomAet"),
        ({"Gecit": {"Medula": {"TokenFile": "/no/such/token"}}}, "Gecit.Medula.TokenFile"),
        ({"Gecit": {"Python": "/etc/passwd"}}, "Gecit.Python"),
        ({"Gecit": {"Data": "/etc/passwd"}}, "Gecit.Data"),
        ({"HttpPort": 65535}, "Gecit.WebPort"),
    ],
)
def test_what_would_break_the_node_later_stops_its_start(configuration: dict[str, Any], key: str) -> None:
    assert list(faults(configuration)) == [key]


def test_the_reference_names_every_setting_once_with_a_description() -> None:
    settings = from_orthanc({}, {})
    assert {setting.path[0] for setting in REFERENCE} == set(settings.__struct_fields__)
    assert len({setting.key for setting in REFERENCE}) == len(REFERENCE)
    assert all(setting.meta.description for setting in REFERENCE)


def test_a_default_that_is_worked_out_is_documented_in_words() -> None:
    bare = [setting.key for setting in REFERENCE if setting.default is msgspec.UNSET and "default" not in setting.extra]
    assert bare == []


@pytest.mark.parametrize(
    ("page", "made"), [("docs/settings.md", as_markdown), ("orthanc-config/gecit.json", as_commented_json)]
)
def test_the_generated_pages_are_current(page: str, made: Any) -> None:
    assert (REPOSITORY / page).read_text(encoding="utf-8") == made(), "run: make docs"


def test_the_commented_defaults_are_what_they_say_they_are(tmp_path: Path) -> None:
    text = as_commented_json()
    alive = re.sub(r'// (".*",)$', r"\1", text, flags=re.MULTILINE)
    (tmp_path / "gecit.json").write_text(alive, encoding="utf-8")
    assert alive != text
    assert load(tmp_path, {}) == from_orthanc({}, {})


def soap(folder: Path, **differs: str) -> dict[str, Any]:
    for name in ("user", "password"):
        (folder / name).write_text("x")
    given = {"UserFile": str(folder / "user"), "PasswordFile": str(folder / "password"), "HbysCode": "k", **differs}
    return {"Gecit": {"Medula": {"Url": "https://medula.example/soap", "Protocol": "Soap", **given}}}


@pytest.mark.parametrize("missing", ["UserFile", "PasswordFile", "HbysCode"])
def test_soap_needs_user_password_and_registration_code(tmp_path: Path, missing: str) -> None:
    found = faults(soap(tmp_path, **{missing: ""}))
    assert list(found) == [f"Gecit.Medula.{missing}"] and "Protocol is Soap" in found[f"Gecit.Medula.{missing}"]


def test_without_an_address_soap_needs_nothing(tmp_path: Path) -> None:
    section = soap(tmp_path, Url="", UserFile="", PasswordFile="", HbysCode="")
    assert from_orthanc(section, {}).medula.protocol == "Soap"


def test_a_wsdl_that_does_not_exist_is_a_fault(tmp_path: Path) -> None:
    assert "No file" in faults(soap(tmp_path, Wsdl="/no/such.wsdl"))["Gecit.Medula.Wsdl"]


def test_a_certificate_that_is_only_watched_keeps_no_node_from_starting(tmp_path: Path) -> None:
    """That it cannot be read is an incident; its path is looked at, since nobody knows where a relative one begins."""
    gone = str(tmp_path / "renewed.pem")
    section = {"Gecit": {"Alerts": {"CertificateFiles": [gone]}}}
    assert from_orthanc(section, {}).alerts.certificate_files == (gone,)
    found = faults({"Gecit": {"Alerts": {"CertificateFiles": [gone, "web.pem"]}}})
    assert found == {"Gecit.Alerts.CertificateFiles": "'web.pem': the path must start with /."}


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("http://medula.example/soap", False),
        ("http://127.0.0.1.example/soap", False),
        ("http://127.0.0.1:8080/soap", True),
        ("http://[::1]/soap", True),
    ],
)
def test_a_password_is_not_sent_in_clear_over_a_network(tmp_path: Path, url: str, good: bool) -> None:
    section = soap(tmp_path, Url=url)
    if good:
        assert from_orthanc(section, {}).medula.url == url
    else:
        assert "password" in faults(section)["Gecit.Medula.Url"]


def test_tls_that_would_not_work_stops_the_start(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    one, other = authority.sign("one.example"), authority.sign("other.example")
    rubbish = tmp_path / "rubbish.pem"
    rubbish.write_text("no certificate")
    for chosen, key in (
        (MllpTlsSettings(certificate=one.certificate, key=other.key), "certificate"),
        (MllpTlsSettings(certificate=rubbish), "certificate"),
        (MllpTlsSettings(certificate=one.certificate, key=one.key, client_authorities=rubbish), "certificate"),
        (MllpTlsSettings(certificate=one.certificate, key=one.key, client_required=True), "client_required"),
        (MllpTlsSettings(client_authorities=authority.certificate), "certificate"),
    ):
        found = tls.fault(chosen)
        assert found and found[0] == key and found[1].tr and found[1].en
    assert tls.fault(MllpTlsSettings(certificate=one.certificate, key=one.key)) is None
    assert tls.fault(MllpTlsSettings()) is None


def test_a_fault_of_tls_names_its_key(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority").certificate
    assert "Gecit.MllpTls.Certificate" in faults({}, ORTHANC__GECIT__MLLP_TLS__CLIENT_AUTHORITIES=str(authority))


def test_a_provider_of_identities_is_set_whole_and_over_tls() -> None:
    found = faults({"Gecit": {"EDevlet": {"Issuer": "http://kimlik.example", "Scope": "profile"}}})
    assert set(found) == {"Gecit.EDevlet.Issuer", "Gecit.EDevlet.ClientId", "Gecit.EDevlet.Scope"}
    assert "https" in found["Gecit.EDevlet.Issuer"]
    good = {"Issuer": "http://127.0.0.1:9000", "ClientId": "gecit"}
    assert from_orthanc({"Gecit": {"EDevlet": good}}, {}).e_devlet.client_id == "gecit"
    assert not from_orthanc({}, {}).ministry_account.issuer
