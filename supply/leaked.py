"""detect-secrets over all that is committed; what only looks like a secret is accepted by its digest, with a reason."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

from detect_secrets import SecretsCollection
from detect_secrets.settings import transient_settings

from .common import ROOT, Fault, accepted, settle

PLUGINS = (
    "AWSKeyDetector", "ArtifactoryDetector", "AzureStorageKeyDetector", "BasicAuthDetector", "CloudantDetector",
    "DiscordBotTokenDetector", "GitHubTokenDetector", "GitLabTokenDetector", "JwtTokenDetector", "KeywordDetector",
    "MailchimpDetector", "NpmDetector", "OpenAIDetector", "PrivateKeyDetector", "PypiTokenDetector",
    "SendGridDetector", "SlackDetector", "SoftlayerDetector", "SquareOAuthDetector", "StripeDetector",
    "TelegramBotTokenDetector", "TwilioKeyDetector",
)  # fmt: skip
ENTROPY = ({"name": "Base64HighEntropyString", "limit": 4.5}, {"name": "HexHighEntropyString", "limit": 3.0})
FILTERS = (
    "detect_secrets.filters.heuristic.is_sequential_string",
    "detect_secrets.filters.heuristic.is_potential_uuid",
    "detect_secrets.filters.heuristic.is_templated_secret",
    "detect_secrets.filters.heuristic.is_indirect_reference",
    "detect_secrets.filters.heuristic.is_prefixed_with_dollar_sign",
)
"""None of those that ask a service whether a secret is alive."""

HASHES = {
    "requirements.lock",
    "requirements-dev.lock",
    "requirements-fuzz.lock",
    "assets/package-lock.json",
    "tests/oidc/package-lock.json",
    "bench/anchors/node/package-lock.json",
    "sbom.cdx.json",
    "plugins/gecit/web/front/shipped.json",
}
"""Nothing but names, versions and hashes."""


def faults() -> Iterator[Fault]:
    """Yield what looks like a secret and nobody accepted; never the text itself."""
    try:
        files = _committed()
    except (OSError, subprocess.CalledProcessError):
        yield Fault("secrets", str(ROOT), "is no git checkout: nobody can say what would be committed")
        return
    found = [(f"{one.type}:{one.secret_hash[:12]}", name, f"line {one.line_number}") for name, one in _scan(files)]
    yield from settle("secrets", found, accepted("secrets"))


def _scan(files: list[str]):  # type: ignore[no-untyped-def] # detect-secrets has no types
    chosen = [{"name": one} for one in PLUGINS] + [dict(one) for one in ENTROPY]
    collection = SecretsCollection(root=str(ROOT))
    with transient_settings({"plugins_used": chosen, "filters_used": [{"path": one} for one in FILTERS]}):
        collection.scan_files(*files)
        return sorted(collection, key=lambda one: (one[0], one[1].line_number))


def _committed() -> list[str]:
    """Return what git knows of and what it would take in, text files alone."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    names = sorted({one for one in done.stdout.split("\0") if one} - HASHES)
    return [one for one in names if (ROOT / one).is_file() and not _is_binary(ROOT / one)]


def _is_binary(path: Path) -> bool:
    with path.open("rb") as file:
        return b"\0" in file.read(8192)
