"""Writes the generated parts of the page on sizes anew: `python -m gecit.cli.scale docs/scale.md`."""

from __future__ import annotations

import sys
from pathlib import Path

from gecit.cli.hl7_page.page import generated
from gecit.edges.scale_files import shipped

from .page import all_parts

parts = all_parts(shipped())
for name in sys.argv[1:]:
    page = Path(name)
    page.write_text(generated(page.read_text(encoding="utf-8"), parts), encoding="utf-8")
