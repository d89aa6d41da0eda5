"""Writes the generated reference: `python -m gecit.settings docs/settings.md orthanc-config/gecit.json`."""

from __future__ import annotations

import sys
from pathlib import Path

from .reference import as_commented_json, as_markdown

for name in sys.argv[1:]:
    text = as_markdown() if name.endswith(".md") else as_commented_json()
    Path(name).write_text(text, encoding="utf-8")
