"""The settings and their defaults; each description is the reference text of `docs/settings.md`.

A default that depends on another setting is given in `extra` as words and worked out in `read.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from ..core.values import Value
from .citizens import CitizenSettings
from .consulting import ConsultationSettings
from .critical import CriticalSettings
from .doors import ReceptionSettings, WorklistSettings
from .duplicates import DuplicateSettings
from .reading import HbysSettings, ReadingSettings
from .retention import RetentionSettings
from .sharing import SharingSettings
from .sign_in import ProviderSettings, SignInSettings
from .telling import AlertSettings, WebhookSettings
from .tls import MllpTlsSettings


class MedulaSettings(Value):
    """Whom MEDULA notifications are sent to."""

    url: Annotated[
        str,
        Meta(
            description="Address that notifications are posted to, http or https. Empty: nothing is sent, everything "
            "waits in the outbox.",
            extra={"check": "url"},
        ),
    ] = ""
    protocol: Annotated[
        Literal["Json", "Soap"],
        Meta(description="Wire format: the neutral JSON of the conformance page, or SOAP in SGK's public shape."),
    ] = "Json"
    timeout_seconds: Annotated[float, Meta(gt=0, le=600, description="How long one request may take.")] = 30
    token_file: Annotated[
        Path | None,
        Meta(description="JSON: file with the bearer token; read again for each delivery.", extra={"check": "file"}),
    ] = None
    wsdl: Annotated[
        Path | None,
        Meta(
            description="SOAP: the official WSDL file, with its schemas beside it. Empty: our reconstruction. Only "
            "local files are read, and the address in it is not used.",
            extra={"check": "file"},
        ),
    ] = None
    user_file: Annotated[
        Path | None,
        Meta(description="SOAP: file with the user of WS-Security; read for each delivery.", extra={"check": "file"}),
    ] = None
    password_file: Annotated[
        Path | None,
        Meta(description="SOAP: file with the password; read for each delivery.", extra={"check": "file"}),
    ] = None
    hbys_code: Annotated[
        str, Meta(max_length=100, description="SOAP: `ktsHbysKodu`, the code under which the software is registered.")
    ] = ""
    ca_file: Annotated[
        Path | None,
        Meta(
            description="PEM file of the authorities that the service's certificate is checked by. Empty: the "
            "system's own.",
            extra={"check": "file"},
        ),
    ] = None


class RegistrySettings(Value):
    """Where physicians are looked up (ÇKYS)."""

    url: Annotated[
        str,
        Meta(
            description="Address of the registry, http or https. Empty: the snapshot is used, if switched on.",
            extra={"check": "url"},
        ),
    ] = ""
    token_file: Annotated[Path | None, Meta(description="File with the bearer token.", extra={"check": "file"})] = None
    timeout_seconds: Annotated[float, Meta(gt=0, le=600, description="How long one look-up may take.")] = 5
    cache_minutes: Annotated[float, Meta(ge=0, le=10080, description="How long an answer is used again.")] = 60
    snapshot: Annotated[
        bool,
        Meta(description="Use the imported list of radiologists where `Url` is empty; off: nobody can be checked."),
    ] = True


class IdentifierSettings(Value):
    """Which patients without a valid TCKN are accepted; no public text settles it."""

    foreign_checksum: Annotated[
        bool, Meta(description="Numbers of foreigners (99...) must satisfy the checksum of the TCKN.")
    ] = True
    accept_newborn: Annotated[
        bool, Meta(description="A newborn without a number is accepted and matched by file number and institution.")
    ] = False
    accept_nameless: Annotated[
        bool, Meta(description="A patient without identity is accepted and matched by file number and institution.")
    ] = False
    nameless_numbers: Annotated[
        tuple[Annotated[str, Meta(pattern="^[0-9]{11}$")], ...],
        Meta(description="Numbers that senders write for a patient without identity, 11 digits each."),
    ] = ("10000000000",)


class OutboxSettings(Value):
    """How deliveries are repeated."""

    lease_seconds: Annotated[
        float,
        Meta(gt=0, le=3600, description="For how long a process owns a delivery; longer than `Medula.TimeoutSeconds`."),
    ] = 60
    backoff_seconds: Annotated[float, Meta(gt=0, le=3600, description="Wait before the second try, then doubled.")] = 5
    backoff_limit_seconds: Annotated[float, Meta(gt=0, le=86400, description="The longest wait between two tries.")] = (
        900
    )
    breaker_failures: Annotated[
        int, Meta(ge=1, le=1000, description="Failures in a row after which a destination is left alone for a while.")
    ] = 5
    breaker_seconds: Annotated[float, Meta(gt=0, le=86400, description="How long it is left alone.")] = 30


class Settings(Value, kw_only=True):
    """All settings of one node. Built by `load` or `from_orthanc`, which work out the fields without a default."""

    data: Annotated[
        Path,
        Meta(
            description="Folder of everything the node keeps: Orthanc's files, the ledger, run-time files. "
            "Give it by `GECIT_DATA` (absolute), since Orthanc's own folders follow that variable too.",
            extra={"default": "`data` in the installation folder"},
        ),
    ]
    database: Annotated[
        str,
        Meta(
            description="Ledger, an SQLAlchemy address: `sqlite:////absolute/path` or `postgresql+psycopg://...`. "
            "Keep a PostgreSQL password out of it: `?passfile=/path` names libpq's password file.",
            extra={"default": "`sqlite:///<Data>/ledger.db`", "check": "database"},
        ),
    ]
    database_connections: Annotated[
        int,
        Meta(
            ge=4,
            le=100,
            description="Connections to PostgreSQL that each process of the node (Orthanc, web, listen, work) opens at "
            "the most; five of them stay open once they were needed. Whoever finds none free waits up to 30 seconds.",
        ),
    ] = 15
    role: Annotated[
        Literal["Node", "Preflight"],
        Meta(description="`Node` judges and notifies; `Preflight` judges and explains, and never notifies."),
    ] = "Node"
    rules: Annotated[
        Path,
        Meta(
            description="The shipped rulebook.",
            extra={"default": "`rules` in the installation folder", "check": "folder"},
        ),
    ]
    site_rules: Annotated[
        Path | None, Meta(description="The site's own rules, laid over the shipped ones.", extra={"check": "folder"})
    ] = None
    front_page: Annotated[
        Path | None,
        Meta(
            description="TOML file with the installation's own texts of the public front page; a key of it replaces "
            "the shipped one of `plugins/gecit/web/front/front.toml`.",
            extra={"check": "file"},
        ),
    ] = None
    codes: Annotated[
        Path,
        Meta(description="Code lists, built by `gecit codes import`.", extra={"default": "`<Data>/codes.db`"}),
    ]
    assets: Annotated[
        Path,
        Meta(
            description="What browsers are given beside the pages: style sheets, scripts, the viewer; built by set-up.",
            extra={"default": "`build/assets` in the installation folder"},
        ),
    ]
    mllp_host: Annotated[
        str,
        Meta(
            min_length=1,
            description="Address the HL7 listener binds to. Other than loopback: only behind TLS or in a closed net.",
        ),
    ] = "127.0.0.1"
    mllp_port: Annotated[int, Meta(ge=1, le=65535, description="Port of the HL7 listener.")] = 2575
    mllp_max_message_bytes: Annotated[
        int, Meta(ge=1024, le=1 << 30, description="A longer frame is refused (reports carry base64). Bytes.")
    ] = 16 * 1024 * 1024
    mllp_idle_seconds: Annotated[
        float,
        Meta(
            gt=0,
            le=86400,
            description="A connection silent for so long is closed, and so is one whose message is not whole by then.",
        ),
    ] = 300
    mllp_max_connections: Annotated[
        int,
        Meta(
            ge=1,
            le=20000,
            description="Where so many are open, the sender with most of them loses a silent one to whoever comes.",
        ),
    ] = 500
    mllp_tls: Annotated[MllpTlsSettings, Meta(description="TLS of the HL7 port.")] = MllpTlsSettings()
    web_port: Annotated[
        int,
        Meta(
            ge=0,
            le=65535,
            description="Port of the web process on loopback; 0 = the HTTP port plus 1.",
            extra={"default": "`0`"},
        ),
    ]
    settle_seconds: Annotated[
        float, Meta(ge=0, le=86400, description="A study is judged when nothing arrived for so long.")
    ] = 60
    poll_milliseconds: Annotated[
        int, Meta(ge=10, le=60000, description="How often Orthanc's change log is asked for news.")
    ] = 250
    sweep_minutes: Annotated[
        float, Meta(gt=0, le=10080, description="How often Orthanc's inventory is compared with the ledger.")
    ] = 60
    pending_recheck_hours: Annotated[
        float, Meta(gt=0, le=8760, description="A pending exam is judged again after so long, whatever happens.")
    ] = 24
    acquisition_group_minutes: Annotated[
        float,
        Meta(
            ge=0,
            le=1440,
            description="Orders of one patient, physician and modality whose OBR-36 lie so close may share one study.",
        ),
    ] = 40
    transient_retry_seconds: Annotated[
        float,
        Meta(gt=0, le=86400, description="How soon a check is repeated whose service did not answer."),
    ] = 60
    default_institution: Annotated[
        str,
        Meta(
            max_length=64,
            description="SKRS code of the institution that a sender without its own mapping belongs to. "
            "Empty: an unknown sender is refused.",
        ),
    ] = ""
    python: Annotated[
        Path,
        Meta(
            description="Python that the web, HL7 and work processes run with.",
            extra={"default": "`.venv/bin/python` in the installation folder", "check": "program"},
        ),
    ]
    audit_key_file: Annotated[
        Path,
        Meta(
            description="Key of the audit's digests and seals, made at the first start. Nodes that share a ledger "
            "share it. Keep a copy apart from the ledger's: without it a patient's views can be listed no more.",
            extra={"default": "`<Data>/audit.key`"},
        ),
    ]
    development_open: Annotated[
        bool,
        Meta(
            description="For development only: a loopback node lets black-box test suites in. Orthanc itself answers "
            "C-FIND, C-GET and C-MOVE, and the usual AE titles of test programs are let in from this computer "
            "(`docs/howto/development.md`). HTTP needs an administrator's password as ever. Give it by "
            "`GECIT_DEVELOPMENT_OPEN=true`, since Orthanc must check hosts then. Refused with `RemoteAccessAllowed`.",
        ),
    ] = False
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"], Meta(description="What the node's own processes write.")
    ] = "INFO"
    medula: Annotated[MedulaSettings, Meta(description="Whom MEDULA notifications are sent to.")] = MedulaSettings()
    registry: Annotated[RegistrySettings, Meta(description="Where physicians are looked up.")] = RegistrySettings()
    identifiers: Annotated[IdentifierSettings, Meta(description="Patients without a valid TCKN.")] = (
        IdentifierSettings()
    )
    outbox: Annotated[OutboxSettings, Meta(description="How deliveries are repeated.")] = OutboxSettings()
    duplicates: Annotated[DuplicateSettings, Meta(description="The duplicate query.")] = DuplicateSettings()
    reading: Annotated[ReadingSettings, Meta(description="Reading and reporting.")] = ReadingSettings()
    critical: Annotated[CriticalSettings, Meta(description="Critical findings.")] = CriticalSettings()
    citizens: Annotated[CitizenSettings, Meta(description="The citizen's pages.")] = CitizenSettings()
    consultations: Annotated[ConsultationSettings, Meta(description="Teleconsultation.")] = ConsultationSettings()
    hbys: Annotated[HbysSettings, Meta(description="Reports to the hospitals' HBYS.")] = HbysSettings()
    retention: Annotated[RetentionSettings, Meta(description="For how long studies are kept.")] = RetentionSettings()
    sharing: Annotated[SharingSettings, Meta(description="Sharing by a link.")] = SharingSettings()
    worklist: Annotated[WorklistSettings, Meta(description="The modality worklist.")] = WorklistSettings()
    reception: Annotated[ReceptionSettings, Meta(description="What is refused at C-STORE.")] = ReceptionSettings()
    sign_in: Annotated[SignInSettings, Meta(description="Sessions of browsers.")] = SignInSettings()
    e_devlet: Annotated[ProviderSettings, Meta(description="Sign-in by e-Devlet.")] = ProviderSettings()
    ministry_account: Annotated[ProviderSettings, Meta(description="Sign-in by the Ministry's account.")] = (
        ProviderSettings()
    )
    hospital_account: Annotated[ProviderSettings, Meta(description="Sign-in by the hospital's own directory.")] = (
        ProviderSettings()
    )
    webhooks: Annotated[WebhookSettings, Meta(description="Where verdicts may be told to.")] = WebhookSettings()
    alerts: Annotated[AlertSettings, Meta(description="Who is told that the installation is not well.")] = (
        AlertSettings()
    )

    # Orthanc's own keys, at the top of its configuration; defaults are Orthanc's.
    name: Annotated[
        str,
        Meta(
            description="Name of the node: 1 to 64 letters, digits, spaces, `.`, `_`, `-`; it begins with a letter or "
            "digit, and does not end in a space.",
            extra={"orthanc": "Name"},
        ),
    ] = "MyOrthanc"
    http_port: Annotated[
        int, Meta(ge=1, le=65535, description="Port of Orthanc's HTTP server.", extra={"orthanc": "HttpPort"})
    ] = 8042
    dicom_port: Annotated[
        int, Meta(ge=1, le=65535, description="Port of Orthanc's DICOM server.", extra={"orthanc": "DicomPort"})
    ] = 4242
    dicom_aet: Annotated[
        str,
        # PS3.5 section 6.2, AE: 16 bytes at the most, no backslash
        Meta(
            pattern=r"^[\x21-\x5b\x5d-\x7e]([\x20-\x5b\x5d-\x7e]{0,15})$",
            description="Called AE title.",
            extra={"orthanc": "DicomAet"},
        ),
    ] = "ORTHANC"
    dicom_tls_enabled: Annotated[
        bool, Meta(description="Whether Orthanc's DICOM port speaks TLS.", extra={"orthanc": "DicomTlsEnabled"})
    ] = False
    dicom_tls_certificate: Annotated[
        str,
        Meta(
            description="PEM file of its certificate, whose end is watched where the path is absolute.",
            extra={"orthanc": "DicomTlsCertificate"},
        ),
    ] = ""
    dicom_check_modality_host: Annotated[
        bool,
        Meta(
            description="Whether an AE title is let in from its own address only.",
            extra={"orthanc": "DicomCheckModalityHost"},
        ),
    ] = False
    remote_access_allowed: Annotated[
        bool,
        Meta(
            description="Whether Orthanc's HTTP server listens beyond loopback.",
            extra={"orthanc": "RemoteAccessAllowed"},
        ),
    ] = False

    @property
    def orthanc_url(self) -> str:
        """Address of this node's Orthanc over loopback, without a slash at its end."""
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def run_folder(self) -> Path:
        """Folder of run-time files: the internal token, the effective configuration."""
        return self.data / "run"
