"""What OHIF's page may do, and its files: a worker goes by the policy of its script, not by that of its page."""

from __future__ import annotations

VIEWER = (
    "default-src 'none'; script-src 'self' 'unsafe-eval'; worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self' data:; connect-src 'self' blob: data:; "
    "object-src 'self' blob:; frame-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""Content-Security-Policy of the viewer: our origin only.

It styles by attributes, compiles its codecs (WebAssembly) and shows PDFs out of memory (blob:). The JPEG-LS codec and
its array kernels make functions out of text, hence 'unsafe-eval'; no script stands in a page.
"""


def policy_of(name: str) -> str | None:
    """Return the policy of a file among the assets, by its name; None = that of every page."""
    return VIEWER if name.startswith("ohif-") else None
