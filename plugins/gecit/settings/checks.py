"""What must hold between settings, and with the world outside them; each check answers with faults, never raises."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from ..core.duplicates import LEDGER
from ..core.values import Text
from ..core.webhook_urls import entry_ok
from . import tls
from .faults import Fault
from .reference import REFERENCE, Setting
from .sign_in import PROVIDERS

Place = tuple[str, ...]
"""Field names from `Settings`."""
_BY_PATH = {setting.path: setting for setting in REFERENCE}


class Given(Protocol):
    """Where a value was written."""

    @property
    def file(self) -> str:
        """File or environment variable."""
        ...


def each(values: Mapping[Place, Any], given: Mapping[Place, Given]) -> list[Fault]:
    """Check each value, of the right type, for itself: folders and files exist, addresses are complete."""
    return _faults(_each(values), given)


def together(values: Mapping[Place, Any], given: Mapping[Place, Given]) -> list[Fault]:
    """Check what values must be to each other: ports differ, a lease outlasts a delivery."""
    found = (_ports, _between, _development, _soap, _upstream, _providers, _tls, _alerts)
    return _faults((fault for check in found for fault in check(values)), given)


def _faults(found: Iterable[tuple[Place, Text]], given: Mapping[Place, Given]) -> list[Fault]:
    files = {path: value.file for path, value in given.items()}
    return [Fault(file=files.get(path, ""), key=_BY_PATH[path].key, text=text) for path, text in found]


def _each(values: Mapping[Place, Any]) -> Iterable[tuple[Place, Text]]:
    for setting in REFERENCE:
        value = values[setting.path]
        check = _CHECKS.get(setting.extra.get("check", ""))
        text = check(value) if check and value else None
        if text:
            yield setting.path, text
    data: Path = values[("data",)]
    if data.exists() and not data.is_dir():
        yield ("data",), _folder(data)
    if not _NAME.fullmatch(values[("name",)]):
        yield ("name",), _no_name(values[("name",)])


# It stands in labels of metrics, log lines, tables and messages, and is an argument of commands: it breaks none.
_NAME = re.compile(r"[^\W_][\w .-]{0,63}(?<! )")


def _no_name(name: str) -> Text:
    shown = repr(name[:40]) + ("..." if len(name) > 40 else "")
    return Text(
        tr=f"{shown} düğüm adı olamaz: harf, rakam, boşluk, '.', '_', '-' içeren 1-64 karakter yazın; harf ya da "
        "rakamla başlasın, boşlukla bitmesin (GECIT_NAME ya da Orthanc'ın Name anahtarı).",
        en=f"{shown} is no name of a node: write 1 to 64 letters, digits, spaces, '.', '_', '-'; it begins with a "
        "letter or digit, and does not end in a space (GECIT_NAME, or Orthanc's key Name).",
    )


def _folder(path: Path) -> Text:
    return Text(
        tr=f"{path} adlı klasör yok; oluşturun ya da yolu düzeltin.",
        en=f"No folder {path}; make it or correct the path.",
    )


def _check_folder(path: Path) -> Text | None:
    return None if path.is_dir() else _folder(path)


def _check_file(path: Path) -> Text | None:
    if path.is_file() and os.access(path, os.R_OK):
        return None
    return Text(
        tr=f"{path} dosyası yok ya da bu kullanıcı okuyamıyor; oluşturun veya izin verin.",
        en=f"No file {path}, or this user may not read it; make it or give permission.",
    )


def _check_program(path: Path) -> Text | None:
    if path.is_file() and os.access(path, os.X_OK):
        return None
    return Text(
        tr=f"{path} çalıştırılamıyor; scripts/setup.sh ile kurun ya da yolu düzeltin.",
        en=f"{path} cannot be run; set it up with scripts/setup.sh or correct the path.",
    )


def _check_url(text: str) -> Text | None:
    try:
        url = urlsplit(text)
        good = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        good = False
    if not good:
        return Text(
            tr="http:// ya da https:// ile başlayan tam adres olmalı (sunucu adıyla).",
            en="Must be a complete address that starts with http:// or https:// and names a host.",
        )
    if url.username or url.password or url.query or url.fragment:
        return Text(
            tr="Adreste kullanıcı adı, parola, ? ya da # olamaz; gizli bilgi TokenFile dosyasına yazılır.",
            en="The address may hold no user, password, ? or #; the secret belongs into TokenFile.",
        )
    return None


def _check_database(text: str) -> Text | None:
    # Several processes open the ledger, so it can be neither in memory nor relative to each one's folder.
    if text.startswith("sqlite:////") or text.startswith(("postgresql://", "postgresql+psycopg://")):
        return None
    return Text(
        tr="sqlite:////mutlak/yol ya da postgresql+psycopg://... olmalı.",
        en="Must be sqlite:////absolute/path or postgresql+psycopg://...",
    )


def _check_allow(entries: tuple[str, ...]) -> Text | None:
    wrong = next((one for one in entries if not entry_ok(one)), None)
    if wrong is None:
        return None
    return Text(
        tr=f"{wrong[:60]!r} ad ya da ağ değil; hbys.example, *.example ya da 10.1.0.0/16 gibi yazın.",
        en=f"{wrong[:60]!r} is no name or network; write hbys.example, *.example or 10.1.0.0/16.",
    )


def _check_email(addresses: tuple[str, ...]) -> Text | None:
    wrong = next((one for one in addresses if not _EMAIL.fullmatch(one)), None)
    if wrong is None:
        return None
    return Text(tr=f"{wrong[:60]!r} e-posta adresi değil.", en=f"{wrong[:60]!r} is no e-mail address.")


_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+")


def _check_paths(names: tuple[str, ...]) -> Text | None:
    """Files that are only watched: one that is not there is an incident, and keeps no process from starting."""
    wrong = next((one for one in names if not Path(one).is_absolute()), None)
    if wrong is None:
        return None
    return Text(tr=f"{wrong[:60]!r}: yol / ile başlamalı.", en=f"{wrong[:60]!r}: the path must start with /.")


def _check_critical_email(entries: tuple[str, ...]) -> Text | None:
    wrong = next((one for one in entries if not _OF_INSTITUTION.fullmatch(one.strip())), None)
    if wrong is None:
        return None
    return Text(
        tr=f"{wrong[:60]!r}: 'SKRS-kodu e-posta-adresi' olmalı.",
        en=f"{wrong[:60]!r}: must be 'SKRS-code e-mail-address'.",
    )


_OF_INSTITUTION = re.compile(r"\d{1,12} +[^@\s,;<>]+@[^@\s,;<>]+")


def _check_years(entries: tuple[str, ...]) -> Text | None:
    wrong = [one for one in entries if not re.fullmatch(r"[A-Z]{2,16}=[0-9]{1,3}", one, re.ASCII)]
    if not wrong:
        return None
    return Text(
        tr=f"{wrong[0]!r} olmaz: modalite=yıl yazın, MG=30 gibi.",
        en=f"{wrong[0]!r} will not do: write modality=years, MG=30 say.",
    )


_CHECKS: dict[str, Callable[[Any], Text | None]] = {
    "folder": _check_folder,
    "file": _check_file,
    "program": _check_program,
    "url": _check_url,
    "database": _check_database,
    "allow": _check_allow,
    "email": _check_email,
    "paths": _check_paths,
    "critical-email": _check_critical_email,
    "years": _check_years,
}


def _ports(values: Mapping[Place, Any]) -> Iterable[tuple[Place, Text]]:
    seen: dict[int, str] = {}
    for name in ("http_port", "dicom_port", "mllp_port", "web_port"):
        port = values[(name,)]
        if port > 65535:
            yield (
                (name,),
                Text(
                    tr="HttpPort + 1 geçerli bir kapı değil; WebPort yazın.", en="HttpPort + 1 is no port; set WebPort."
                ),
            )
        if port in seen:
            yield (
                (name,),
                Text(
                    tr=f"{port} kapısını {seen[port]} de kullanıyor; birini değiştirin.",
                    en=f"{seen[port]} uses port {port} too; change one.",
                ),
            )
        seen.setdefault(port, _BY_PATH[(name,)].key)


def _between(values: Mapping[Place, Any]) -> Iterable[tuple[Place, Text]]:
    if values[("outbox", "lease_seconds")] <= values[("medula", "timeout_seconds")]:
        yield (
            ("outbox", "lease_seconds"),
            Text(
                tr="Gecit.Medula.TimeoutSeconds değerinden büyük olmalı; yoksa bir bildirim iki kez gönderilebilir.",
                en="Must be longer than Gecit.Medula.TimeoutSeconds; otherwise a notification may be sent twice.",
            ),
        )
    if values[("outbox", "backoff_limit_seconds")] < values[("outbox", "backoff_seconds")]:
        yield (
            ("outbox", "backoff_limit_seconds"),
            Text(
                tr="Gecit.Outbox.BackoffSeconds değerinden küçük olamaz.",
                en="May not be shorter than Gecit.Outbox.BackoffSeconds.",
            ),
        )


def _development(values: Mapping[Place, Any]) -> Iterable[tuple[Place, Text]]:
    if not values[("development_open",)]:
        return
    if values[("remote_access_allowed",)]:
        yield (
            ("development_open",),
            Text(
                tr="Geliştirme anahtarı dışarıya açık bir düğümde olmaz: bunu ya da RemoteAccessAllowed'u false yapın.",
                en="Not on a node that is reached from outside: set this or RemoteAccessAllowed to false.",
            ),
        )
    if not values[("dicom_check_modality_host",)]:
        yield (
            ("development_open",),
            Text(
                tr="DicomCheckModalityHost true olmalı; GECIT_DEVELOPMENT_OPEN=true ikisini birden açar.",
                en="DicomCheckModalityHost must be true; GECIT_DEVELOPMENT_OPEN=true sets both.",
            ),
        )


def _soap(values: Mapping[Place, Any]) -> Iterable[tuple[Place, Text]]:
    if values[("medula", "protocol")] != "Soap" or not values[("medula", "url")]:
        return
    for name in ("user_file", "password_file", "hbys_code"):
        if not values[("medula", name)]:
            text = Text(tr="Protocol Soap ise bu da gerekir.", en="Needed wherever Protocol is Soap.")
            yield ("medula", name), text
    url = urlsplit(values[("medula", "url")])
    if url.scheme == "http" and url.hostname not in _OWN_COMPUTER:  # WS-Security's PasswordText is the password itself
        yield (
            ("medula", "url"),
            Text(
                tr="SOAP'ta parola açık gider; https yazın ya da bu bilgisayardaki bir vekil sunucuyu gösterin.",
                en="Over SOAP the password travels as it is; use https, or a proxy on this computer.",
            ),
        )


def _providers(values: Mapping[Place, Any]) -> Iterable[tuple[Place, Text]]:
    for name in PROVIDERS:
        issuer = values[(name, "issuer")]
        if not issuer:
            continue
        if not values[(name, "client_id")]:
            yield (name, "client_id"), Text(tr="Issuer yazılıysa bu da gerekir.", en="Needed wherever Issuer is set.")
        if "openid" not in values[(name, "scope")].split():
            yield (name, "scope"), Text(tr="İçinde openid olmalı.", en="Must hold openid.")
        url = urlsplit(issuer)
        if url.scheme == "http" and url.hostname not in _OWN_COMPUTER:
            text = Text(tr="https olmalı; kimlikler açık gidemez.", en="Must be https; identities never travel openly.")
            yield (name, "issuer"), text


_OWN_COMPUTER = ("localhost", "127.0.0.1", "::1")


_UPSTREAM = (
    "upstream_token_url",
    "upstream_client",
    "upstream_client_secret_file",
    "upstream_user",
    "upstream_password_file",
)


def _upstream(values: Mapping[Place, Any]) -> Iterable[tuple[Place, Text]]:
    if values[("duplicates", "upstream_name")] == LEDGER:
        yield (
            ("duplicates", "upstream_name"),
            Text(
                tr="Bu ad kendi kayıt defterimizindir; başka ad verin.", en="Our own ledger has this name; change it."
            ),
        )
    if not values[("duplicates", "upstream_url")]:
        return
    for name in _UPSTREAM:
        if not values[("duplicates", name)]:
            text = Text(tr="UpstreamUrl yazılıysa bu da gerekir.", en="Needed wherever UpstreamUrl is set.")
            yield ("duplicates", name), text


def _tls(values: Mapping[Place, Any]) -> Iterable[tuple[Place, Text]]:
    names = ("certificate", "key", "client_authorities", "client_required")
    found = tls.fault(tls.MllpTlsSettings(**{name: values[("mllp_tls", name)] for name in names}))
    if found:
        yield ("mllp_tls", found[0]), found[1]


_TOLD_BY_ALERTS: dict[Place, tuple[str, ...]] = {
    ("consultations", "email"): ("email_from", "smtp_host"),
    ("consultations", "webhook"): ("webhook_url", "webhook_secret_file"),
    ("citizens", "email_to"): ("email_from", "smtp_host"),
}


def _alerts(values: Mapping[Place, Any]) -> Iterable[tuple[Place, Text]]:
    needed = {"email_to": ("email_from", "smtp_host"), "webhook_url": ("webhook_secret_file",)}
    for name, others in needed.items():
        for other in others if values[("alerts", name)] else ():
            if not values[("alerts", other)]:
                key = _BY_PATH[("alerts", name)].key
                yield ("alerts", other), Text(tr=f"{key} yazılıysa bu da gerekir.", en=f"Needed wherever {key} is set.")
    for path, others in _TOLD_BY_ALERTS.items():
        for other in others if values[path] else ():
            if not values[("alerts", other)]:
                key = _BY_PATH[path].key
                yield ("alerts", other), Text(tr=f"{key} açıksa bu da gerekir.", en=f"Needed wherever {key} is on.")
    openly = values[("alerts", "smtp_user")] and values[("alerts", "smtp_security")] == "None"
    if openly and values[("alerts", "smtp_host")] not in _OWN_COMPUTER:
        text = Text(
            tr="Parola şifresiz gider; StartTls ya da Tls yazın.",
            en="The password would travel as it is; use StartTls or Tls.",
        )
        yield ("alerts", "smtp_security"), text


_LOOPBACK = Text(
    tr="Geçit süreçleri Orthanc'a 127.0.0.1 üzerinden düz HTTP ile bağlanır; TLS için önüne nginx koyun.",
    en="Geçit's processes reach Orthanc over plain HTTP on 127.0.0.1; for TLS put nginx in front.",
)
_DOORS = Text(
    tr="Girişi Geçit'in kendi süzgeci denetler; Orthanc'ın kullanıcı listesi süreçleri dışarıda bırakır. false yazın.",
    en="Geçit's own filter guards the door; Orthanc's list of users would lock its processes out. Write false.",
)
_LUA = Text(
    tr="Uzaktan Lua çalıştırmak bütün kuralları aşar. false yazın.",
    en="Running Lua from outside goes round every rule. Write false.",
)
# key: the value it must have, Orthanc's default (None: depends on RemoteAccessAllowed), why
_REQUIRED: dict[str, tuple[bool, bool | None, Text]] = {
    "HttpServerEnabled": (True, True, _LOOPBACK),
    "SslEnabled": (False, False, _LOOPBACK),
    "AuthenticationEnabled": (False, None, _DOORS),
    "ExecuteLuaEnabled": (False, False, _LUA),
    "RestApiWriteToFileSystemEnabled": (False, False, _LUA),
}


def orthanc_keys(
    configuration: Mapping[str, Any], environ: Mapping[str, str], origins: Mapping[str, str]
) -> list[Fault]:
    """Check what Geçit needs of Orthanc's own keys, and that the environment's ports reach Orthanc."""
    faults: list[Fault] = []
    for key, (needed, default, why) in _REQUIRED.items():
        default = bool(configuration.get("RemoteAccessAllowed")) if default is None else default
        if configuration.get(key, default) is not needed:
            faults.append(Fault(file=origins.get(key, ""), key=key, text=why))
    for variable, key, default_port in (("GECIT_HTTP_PORT", "HttpPort", 8042), ("GECIT_DICOM_PORT", "DicomPort", 4242)):
        asked, used = environ.get(variable, ""), configuration.get(key, default_port)
        if asked and asked != str(used):
            faults.append(Fault(file=variable, key=key, text=_port_ignored(asked, used, variable)))
    return [*faults, *_misspelt_section(configuration, origins), *_relative_data(environ)]


def _port_ignored(asked: str, used: object, variable: str) -> Text:
    return Text(
        tr=f'{asked} istendi ama Orthanc {used} kapısını dinler; yapılandırmaya "${{{variable}:-{used}}}" yazın.',
        en=f"{asked} was asked for, but Orthanc listens on {used}; put ${{{variable}:-{used}}} into the configuration.",
    )


def _misspelt_section(configuration: Mapping[str, Any], origins: Mapping[str, str]) -> Iterable[Fault]:
    for key in configuration:
        if key != "Gecit" and key.lower() in ("gecit", "geçit"):
            text = Text(tr='Bölümün adı "Gecit" olmalı.', en='The section must be called "Gecit".')
            yield Fault(file=origins.get(key, ""), key=key, text=text)


def _relative_data(environ: Mapping[str, str]) -> Iterable[Fault]:
    # Orthanc would start it in the configuration's folder, we in the installation's: two data folders.
    folder = environ.get("GECIT_DATA", "")
    if folder and not Path(folder).is_absolute():
        text = Text(tr="Mutlak yol olmalı (/ ile başlar).", en="Must be an absolute path (starting with /).")
        yield Fault(file="GECIT_DATA", key="Gecit.Data", text=text)


def unknown(file: str, key: str, name: str, known: Iterable[str]) -> Fault:
    """A key that does not exist, with the closest one that does."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    tr, en = "Böyle bir ayar yok.", "There is no such setting."
    if close:
        tr, en = f"{tr} {close[0]} mi demek istediniz?", f"{en} Did you mean {close[0]}?"
    return Fault(file=file, key=key, text=Text(tr=tr, en=en))


def wrong(file: str, setting: Setting, value: object) -> Fault:
    """A value of the wrong type or out of range; a database's address may hold a password and is not shown."""
    shown = "" if setting.path == ("database",) else repr(value)[:60]
    wanted = setting.expected
    text = Text(tr=f"{shown} olmaz; beklenen: {wanted.tr}.", en=f"{shown} will not do; expected: {wanted.en}.")
    return Fault(file=file, key=setting.key, text=text)


def no_section(file: str, key: str) -> Fault:
    """Something other than an object where a section must stand."""
    text = Text(tr="Burada bir JSON nesnesi { ... } olmalı.", en="A JSON object { ... } must stand here.")
    return Fault(file=file, key=key, text=text)
