"""What the checks of one run share: where the site is, who asks, the exams that are sent, and the clients."""

from __future__ import annotations

import ssl
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from gecit.core.order import Control, ExamKey, Order, Patient, Person, Procedure
from gecit.core.report import Report, ReportPart, ReportStatus
from gecit.core.trials import accession_of, patient_of
from gecit.core.values import Value
from gecit.edges import hl7_build
from gecit.edges.mllp_hospital import read_acknowledgment
from gecit.ports import Institution
from gecit.ports.hospital import HospitalSaid
from gecit.sandbox.imaging import build_study
from gecit.web.selftest.wire import Facts

TIMEOUT = 30.0
RETRY = Retry(total=2, connect=0, status=0, backoff_factor=0.2, allowed_methods={"GET"})  # a kept connection that ended
CT = Procedure(sut="R100250", sut_name="BT, Mandibula", loinc="36938-9", loinc_name="CT Mandible")
TEXT = "Her iki mandibulada kemik yapılar doğaldır; kırık ya da yer kaplayan oluşum izlenmedi. Deneme raporudur."
SLICES = 24  # what the shipped rule of slices asks of a CT, and more
GOOD, BAD, REFUSED = 1, 2, 3  # numbers of the run's exams


class Endpoint(Value):
    """Where a door is."""

    host: str
    port: int


class Options(Value):
    """What whoever runs it chose."""

    target: str  # without a slash at its end
    token: str
    radiologist: str = ""  # TCKN of somebody whom the site's registry knows as one
    physician: str = "10000000382"
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    hl7: Endpoint | None = None  # None = as the site says
    dicom: Endpoint | None = None
    dicom_tls: bool = False
    aet: str = ""  # that we call ourselves; "" = the trial institution's first
    stranger: str = ""  # an own address that the site must not know
    patience: float = 240.0  # seconds, for what the site does by itself
    rulebook: str = ""  # the revision that is to be in force, or how it begins; "" = any


class Kit:
    """One run. `facts` is there once the site was asked."""

    def __init__(self, options: Options, run: str, patients: int, now: datetime, folder: Path) -> None:
        self.options, self.run, self.now, self.folder = options, run, now, folder
        self._patients = patients
        self.facts: Facts | None = None
        self.session = requests.Session()
        self.session.trust_env = False  # neither a proxy nor .netrc of the laptop has a say
        for scheme in ("http://", "https://"):
            self.session.mount(scheme, HTTPAdapter(max_retries=RETRY))
        self.session.verify = str(options.ca) if options.ca else True
        if options.certificate:
            self.session.cert = (str(options.certificate), str(options.key or options.certificate))
        self.sent: set[int] = set()  # numbers of exams whose pictures were taken
        self._files: dict[int, list[Path]] = {}

    @property
    def site(self) -> Facts:
        """How the site stands; the check `token` has asked for it."""
        if self.facts is None:
            raise LookupError("facts")
        return self.facts

    @property
    def loopback(self) -> bool:
        """Whether the site is on this computer."""
        return self.host in ("127.0.0.1", "localhost", "::1")

    @property
    def host(self) -> str:
        """The site's name."""
        return urlsplit(self.options.target).hostname or ""

    # HTTP

    def ask(
        self,
        method: str,
        path: str,
        *,
        token: str | None = "",
        headers: dict[str, str] | None = None,
        timeout: float = TIMEOUT,
        **more: Any,
    ) -> requests.Response:
        """Ask the site; `token`: "" = ours, None = none at all. Redirects are not followed."""
        shown = self.options.token if token == "" else token
        head = {**({"Authorization": f"Bearer {shown}"} if shown else {}), **(headers or {})}
        if method != "GET":
            self.session.close()  # the site may have closed the connection that was kept, and only a GET is repeated
        return self.session.request(
            method, self.options.target + path, headers=head, allow_redirects=False, timeout=timeout, **more
        )

    # HL7

    @property
    def mllp(self) -> Endpoint:
        """Where the HL7 door is."""
        return self.options.hl7 or Endpoint(host=self.host, port=self.site.site.mllp_port)

    def context(self, *, certificate: bool = True) -> ssl.SSLContext:
        """Return how we speak TLS; `certificate`: whether ours is shown."""
        made = ssl.create_default_context(cafile=str(self.options.ca) if self.options.ca else None)
        made.minimum_version = ssl.TLSVersion.TLSv1_2
        if certificate and self.options.certificate:
            made.load_cert_chain(self.options.certificate, self.options.key)
        return made

    def tell(self, message: bytes, control_id: str, *, source: str = "") -> HospitalSaid:
        """Send an HL7 message as the site wants it, and return how it was acknowledged."""
        secured = self.site.site.mllp_tls
        where = self.mllp
        [answer] = hl7_build.send(
            where.host,
            where.port,
            [message],
            TIMEOUT,
            context=self.context(certificate=not source) if secured else None,
            source=source,
        )
        return read_acknowledgment(answer, control_id)

    def envelope(self, control_id: str) -> hl7_build.Envelope:
        """Return the envelope of a message."""
        return hl7_build.Envelope(control_id=f"{self.run}{control_id}", application="GECITSELFTEST", facility="GECIT")

    # Exams

    @property
    def institution(self) -> Institution:
        """The trial institution."""
        mine = self.site.institution
        return Institution(skrs=mine.skrs, medula_code=mine.medula_code, name=mine.name, aets=mine.aets, trial=True)

    @property
    def aet(self) -> str:
        """What we call ourselves at the DICOM door."""
        return self.options.aet or next(iter(self.site.institution.aets), "")

    def accession(self, number: int) -> str:
        """Return an exam's accession number."""
        return accession_of(self.run, number)

    def order(self, number: int) -> Order:
        """Return an exam's order: a CT of a patient of its own, asked for now."""
        patient = Patient(
            tckn=patient_of(self._patients + number),
            file_number=f"GST-{self.run}{number}",
            family="SINAMA",
            given="Geçit",
            birth_date="19800101",
            sex="F",
        )
        return Order(
            key=ExamKey(institution=self.site.institution.skrs, accession=self.accession(number)),
            control=Control.NEW,
            patient=patient,
            procedures=(CT,),
            ordered_at=self.now,
            message_at=self.now,
            scheduled_at=self.now,
            modality="CT",
            physician=Person(identifier=self.options.physician, family="SINAMACI", given="Hekim"),
            admission=f"GST{self.run}",
        )

    def report(self, number: int, radiologist: str) -> Report:
        """Return a final report of an exam."""
        order = self.order(number)
        return Report(
            key=order.key,
            patient=order.patient,
            status=ReportStatus.FINAL,
            parts={ReportPart.FINDINGS: TEXT, ReportPart.CONCLUSION: "Olağan bulgular. Deneme raporudur."},
            radiologists=(Person(identifier=radiologist, family="SINAMACI", given="Radyolog"),),
            approved_at=self.now,
            message_at=self.now,
            procedures=(CT,),
            modality="CT",
        )

    def files(self, number: int) -> list[Path]:
        """Return an exam's DICOM files: slices, and a dose report for the good one."""
        if number not in self._files:
            self._files[number] = build_study(
                "CT",
                order=self.order(number),
                institution=self.institution,
                folder=self.folder / str(number),
                with_dose=number == GOOD,
                slices=SLICES,
            )
        return self._files[number]
