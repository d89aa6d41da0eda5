"""The software bill of materials: what is installed to run a node, as CycloneDX 1.6 JSON, made of the lock files alone.

The same locks give the same bytes: it holds no date and no random number, and a test compares it with the locks.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from .common import ROOT, RUN_LOCK, Fault, Pinned, debian_packages, npm_packages, pinned

FILE = ROOT / "sbom.cdx.json"
VERSION = re.compile(r'__version__ = "([^"]+)"')
NAMESPACE = uuid.UUID("5e0a3c1e-7d62-5c0f-9f0e-3a4b1f6f2b11")  # ours
MADE = datetime(2000, 1, 1, tzinfo=UTC)  # the schema wants a date; the locks' own stands in git


def faults() -> Iterator[Fault]:
    """Yield what is wrong with the committed bill: it is another than the locks say, or not as its schema wants it."""
    made = write()
    if not FILE.exists() or FILE.read_text(encoding="utf-8") != made:
        yield Fault("sbom", FILE.name, "is not what the lock files say: make sbom")
    wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(made)
    if wrong is not None:
        yield Fault("sbom", FILE.name, f"is no CycloneDX: {str(wrong)[:200]}")


def write() -> str:
    """Return the bill as JSON."""
    bom = Bom(components=list(_components()))
    bom.metadata.timestamp = MADE
    bom.metadata.component = _ourselves()
    bom.serial_number = uuid.uuid5(NAMESPACE, hashlib.sha256(_identity().encode()).hexdigest())
    return JsonV1Dot6(bom).output_as_string(indent=1) + "\n"


def _ourselves() -> Component:
    found = VERSION.search((ROOT / "plugins/gecit/__init__.py").read_text(encoding="utf-8"))
    version = found[1] if found else ""
    return Component(
        name="gecit",
        version=version,
        type=ComponentType.APPLICATION,
        bom_ref="gecit",
        licenses=[LicenseExpression("AGPL-3.0-or-later")],
    )


def _components() -> Iterator[Component]:
    for one in pinned(RUN_LOCK):
        yield _component(PackageURL("pypi", None, one.name, one.version), one)
    for one in npm_packages():
        group, _, name = one.name.rpartition("/")
        yield _component(PackageURL("npm", group or None, name, one.version), one)
    for name in debian_packages():  # of the version that the distribution has on that day
        yield _component(PackageURL("deb", "debian", name), Pinned(name, ""))


def _component(purl: PackageURL, one: Pinned) -> Component:
    marker = [Property(name="gecit:marker", value=one.marker)] if one.marker else []
    return Component(
        name=purl.name,
        group=purl.namespace,
        version=one.version or None,
        type=ComponentType.LIBRARY,
        scope=ComponentScope.REQUIRED,
        purl=purl,
        bom_ref=purl.to_string(),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest) for digest in one.hashes],
        properties=marker,
    )


def _identity() -> str:
    return "\n".join(map(str, (*pinned(RUN_LOCK), *npm_packages(), *debian_packages())))
