"""Writes the generated parts of the HL7 page anew: `python -m gecit.cli.hl7_page docs/conformance/hl7.md`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from gecit.settings import home

from .page import all_parts, generated

parts = all_parts(home(os.environ) / "rules")
for name in sys.argv[1:]:
    page = Path(name)
    page.write_text(generated(page.read_text(encoding="utf-8"), parts), encoding="utf-8")
